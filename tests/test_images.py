"""What is done to a picture: the network's input, distortions, changes."""

import re

import numpy as np
import pytest
import tensorflow as tf
from helpers import digit, moments

from lenet_keras import Recipe, distort, make_dataset, to_input, transform
from lenet_keras.images import DISTORTIONS, OTHER_HANDS, ranges_of


def arrays(count=6, shape=(28, 28), seed=0):
    """Random bytes in the roles of the four files."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (2, count, *shape), dtype=np.uint8)
    labels = rng.integers(0, 10, (2, count), dtype=np.uint8)
    return images[0], labels[0], images[1], labels[1]


# The network's input


def test_input_has_2_pixels_of_paper_around_and_the_papers_extremes():
    images = np.full((3, 28, 28), 255, np.uint8)
    images[1] = 0
    x = to_input(images)
    assert x.shape == (3, 32, 32, 1) and x.dtype == np.float32
    assert (x[1] == np.float32(-0.1)).all()
    assert (x[0, 2:30, 2:30] == np.float32(1.175)).all()
    x[:, 2:30, 2:30] = -0.1
    assert (x == np.float32(-0.1)).all()
    assert (images[0] == 255).all()


def test_input_is_the_same_for_arrays_tensors_graphs_and_floats():
    images = arrays()[0]
    expected = -0.1 + 0.005 * np.pad(images, ((0, 0), (2, 2), (2, 2)))[..., None]
    forms = images, images[..., None], images.astype(float), tf.constant(images)
    graph = tf.function(to_input)(tf.constant(images))
    for x in (*map(to_input, forms), graph):
        np.testing.assert_allclose(x, expected, atol=1e-6)  # float32 rounding
    np.testing.assert_array_equal(to_input(images[0])[0], to_input(images)[0])
    assert tf.is_tensor(graph) and isinstance(to_input(images), np.ndarray)


@pytest.mark.parametrize("shape", [(10, 784), (28,), (3, 32, 32), (2, 28, 28, 3), ()])
@pytest.mark.parametrize("form", [np.zeros, tf.zeros])
def test_another_shape_is_named_with_the_one_expected(form, shape):
    with pytest.raises(ValueError, match=r"shape \(n, 28, 28\); received \(.*Reshape"):
        to_input(form(shape))


def test_one_image_is_mapped_to_one_input_as_tfds_has_it():
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), "uint8")
    pairs = tf.data.Dataset.from_tensor_slices((images, np.arange(5)))
    x, y = next(iter(pairs.map(lambda x, y: (to_input(x), y)).batch(5)))
    np.testing.assert_array_equal(x, to_input(images))
    np.testing.assert_array_equal(to_input(images[0]), to_input(images)[0])


def test_floats_in_0_to_1_are_recognised_as_the_classic_mistake():
    with pytest.raises(ValueError, match="float.* up to 1.*pass the bytes"):
        to_input(arrays()[0] / 255)


def test_images_that_were_scaled_before_are_refused():
    inner = to_input(np.full((1, 28, 28), 255, np.uint8))[:, 2:30, 2:30]
    inner[0, 0, 0] = -0.1
    with pytest.raises(ValueError, match="float.* from -0.1 to 1.175.*the bytes"):
        to_input(inner)


# Distortions


def only(**fixed):
    """Ranges that leave an image as it is, but for what is given."""
    still = dict.fromkeys(DISTORTIONS, 0) | {"scale": 1, "squeeze": 1} | fixed
    return {name: (float(value), float(value)) for name, value in still.items()}


def square():
    """A square of 9x9 pixels whose middle is the pixel (16, 14)."""
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 10:19, 8:17] = 255
    return to_input(image)


def test_no_distortion_is_the_identity():
    x = to_input(arrays()[0])
    np.testing.assert_allclose(distort(x, (1, 2), only()), x, atol=1e-6)


@pytest.mark.parametrize(
    ("fixed", "centre", "spread"),
    [
        ({"shift_x": 2}, (16, 16), (1, 1)),
        ({"shift_y": 2}, (18, 14), (1, 1)),
        ({"scale": 1.2}, (16.1, 13.7), (1.2, 1.2)),
        ({"squeeze": 1.25}, (15.9, 13.625), (0.8, 1.25)),
    ],
)
def test_each_distortion_moves_and_stretches_as_it_says(fixed, centre, spread):
    moved, stretched = moments(distort(square(), (0, 0), only(**fixed)))
    before = moments(square())[1]
    np.testing.assert_allclose(moved, centre, atol=0.06)  # pixels, after interpolation
    np.testing.assert_allclose(stretched / before, spread, atol=0.05)


def test_shear_leans_and_does_not_rotate():
    x = np.asarray(distort(square(), (0, 0), only(shear=0.2)))[0, ..., 0] + 0.1
    centres = [(row * np.arange(32)).sum() / row.sum() for row in x[12:21]]
    np.testing.assert_allclose(np.diff(centres), 0.2, atol=0.02)
    np.testing.assert_allclose(
        x.sum(axis=1), (square()[0] + 0.1).sum((1, 2)), atol=1e-5
    )


def test_rotation_turns_about_the_centre():
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[0, 13:15, 4:24] = 255  # lies along the middle row
    x = np.asarray(distort(to_input(bar), (0, 0), only(rotation=90)))
    standing = to_input(bar.transpose(0, 2, 1))
    np.testing.assert_allclose(x, standing, atol=1e-3)


@pytest.mark.parametrize(("stroke", "width"), [(1, 11), (0.5, 10), (-1, 7)])
def test_strokes_grow_by_so_many_pixels_on_each_side(stroke, width):
    x = np.asarray(distort(square(), (0, 0), only(stroke=stroke)))[0, 16, :, 0]
    assert (x + 0.1).sum() / 1.275 == pytest.approx(width, abs=0.01)


def test_distortions_depend_on_the_seed_alone_and_stay_within_bounds():
    x = tf.constant(np.repeat(to_input(digit("5")), 50, axis=0))
    one, same = (
        distort(x, (1, 2)),
        tf.function(distort)(x, tf.constant((1, 2))),
    )
    np.testing.assert_allclose(one, same, atol=1e-5)  # fused operations round otherwise
    assert one.shape == (50, 32, 32, 1) and one.dtype == tf.float32
    assert len(np.unique(one.numpy().reshape(50, -1), axis=0)) == 50
    assert (one.numpy() != distort(x, (1, 3)).numpy()).any()
    low, high = np.float32(-0.1), np.float32(1.175)
    assert low - 1e-6 <= one.numpy().min() and one.numpy().max() <= high + 1e-6


def test_distorted_paper_stays_paper():
    x = distort(np.repeat(square(), 50, axis=0), (0, 1)).numpy()
    corners = x[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_allclose(corners, -0.1, atol=1e-6)


# Changes of all images alike


@pytest.fixture
def stroke():
    """A vertical stroke right of the centre, ink 1.175 on paper -0.1."""
    image = np.full((1, 32, 32, 1), -0.1, "float32")
    image[0, 10:22, 20:22] = 1.175
    return image


@pytest.mark.parametrize(
    ("kind", "amount", "centre", "height"),
    [
        ("shift_x", 3, (15.5, 23.5), 3.45),
        ("shift_y", -2, (13.5, 20.5), 3.45),
        ("scale", 1.5, (15.5, 23), 5.18),
        ("rotation", 90, (10.5, 15.5), 0.5),  # counter-clockwise: right goes up
    ],
)
def test_transform_moves_scales_and_turns(kind, amount, centre, height, stroke):
    where, spread = moments(transform(stroke, kind, amount))
    assert where == pytest.approx(centre, abs=0.05)
    assert spread[0] == pytest.approx(height, abs=0.1)


@pytest.mark.parametrize(
    ("kind", "amount"),
    [("shift_x", 0), ("shift_y", 0), ("scale", 1), ("rotation", 0), ("noise", 0)],
)
def test_transform_by_nothing_changes_nothing(kind, amount, random_images):
    changed = transform(random_images, kind, amount)
    assert changed.dtype == np.float32
    assert changed == pytest.approx(random_images, abs=1e-5)


def test_noise_exchanges_ink_and_paper_in_that_share_of_the_pixels(stroke):
    noisy = transform(np.repeat(stroke, 50, axis=0), "noise", 0.1)
    assert np.unique(noisy.round(5)) == pytest.approx([-0.1, 1.175], abs=1e-6)
    assert np.mean(np.abs(noisy - stroke) > 1) == pytest.approx(0.1, abs=0.005)


def test_transform_names_its_kinds():
    with pytest.raises(ValueError, match="rotation.*received 'tilt'"):
        transform(np.zeros((1, 32, 32, 1)), "tilt", 1)


# What is asked of distortions


def test_ranges_that_are_left_out_leave_images_as_they_are():
    x = tf.constant(to_input(arrays()[0]))
    assert ranges_of(True) == DISTORTIONS and not ranges_of(False)
    assert ranges_of(OTHER_HANDS) == OTHER_HANDS
    np.testing.assert_allclose(distort(x, (0, 1), {"shift_x": (0, 0)}), x, atol=1e-6)
    moved = distort(x, (0, 1), {"shift_x": (3, 3)})
    np.testing.assert_allclose(moved[:, :, 3:], x[:, :, :-3], atol=1e-5)


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"rotate": (-7, 7)}, "received 'rotate'. Did you mean 'rotation'?"),
        ({"rotation": 7}, "rotation must be two numbers"),
        ({"rotation": (7, -7)}, "the lower one first"),
        ({"rotation": (float("nan"), 7)}, "rotation must be two numbers"),
        ("other_hands", "must be False, True or ranges"),
    ],
)
def test_ranges_that_are_none_are_refused_wherever_they_are_given(ranges, message):
    images, labels, *_ = arrays()
    for take in (
        lambda: distort(to_input(images), (0, 1), ranges),
        lambda: make_dataset(images, labels, training=True, distort=ranges),
        lambda: Recipe(distort=ranges),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            take()


@pytest.mark.parametrize("images", [arrays()[0], arrays()[0][..., None]])
@pytest.mark.parametrize(
    "change",
    [lambda x: transform(x, "noise", 0.1), lambda x: distort(x, (0, 1))],
    ids=["transform", "distort"],
)
def test_bytes_are_not_changed_as_if_they_were_inputs(change, images):
    with pytest.raises(ValueError, match="shape \\(n, 32, 32, 1\\)|-0.1 .paper"):
        change(images)
