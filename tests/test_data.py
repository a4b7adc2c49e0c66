"""What `lenet_keras.data` promises: MNIST as the paper has it, and clear errors."""

import gzip
import os
import struct
import tempfile
import tracemalloc
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import moments
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from lenet_keras import data

MNIST = os.environ.get("LENET_KERAS_DATA")
needs_mnist = pytest.mark.skipif(
    not MNIST, reason="set LENET_KERAS_DATA to a folder with MNIST's four IDX files"
)
NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
OFFLINE = "URL fetch failure on https://example.org: None -- no network"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No test may see the network or the environment unless it asks for it."""

    def fail():
        raise Exception(OFFLINE)

    monkeypatch.delenv("LENET_KERAS_DATA", raising=False)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)


def idx(array):
    """The oracle of the format: 00 00 08 rank, big-endian dimensions, bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def arrays(count=6, shape=(28, 28), seed=0):
    """Random bytes in the roles of the four files."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (2, count, *shape), dtype=np.uint8)
    labels = rng.integers(0, 10, (2, count), dtype=np.uint8)
    return images[0], labels[0], images[1], labels[1]


def fill(folder, contents, names=NAMES):
    for name, array in zip(names, contents, strict=True):
        raw = idx(array)
        packed = gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw
        (folder / name).write_bytes(packed)
    return folder


def assert_holds(loaded, contents):
    for got, expected in zip(loaded[1:], contents, strict=True):
        np.testing.assert_array_equal(got, expected)


# Loading


def test_an_unknown_name_is_answered_with_the_allowed_ones_and_a_guess():
    with pytest.raises(ValueError, match="'mnist'.*received 'mnits'.*Did you mean"):
        data.load("mnits")


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_folder_is_read_raw_or_gzipped(tmp_path, ending):
    contents = arrays()
    loaded = data.load(folder=fill(tmp_path, contents, [n + ending for n in NAMES]))
    assert_holds(loaded, contents)
    assert loaded.name == tmp_path.name
    assert loaded.train_images.dtype == np.uint8
    assert loaded.train_labels.dtype == loaded.test_labels.dtype == np.int64


def test_the_environment_names_the_folder_where_no_argument_does(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_KERAS_DATA", str(fill(tmp_path, arrays())))
    assert_holds(data.load("mnist"), arrays())
    (tmp_path / "other").mkdir()
    other = fill(tmp_path / "other", arrays(seed=1))
    assert_holds(data.load(folder=other), arrays(seed=1))


def test_an_error_in_the_environments_folder_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_KERAS_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere.*set by LENET_KERAS_DATA"):
        data.load()
    assert data.load("digits").name == "digits"


def test_a_missing_file_is_answered_with_the_four_names_and_what_is_there(tmp_path):
    fill(tmp_path, arrays())
    (tmp_path / NAMES[3]).rename(tmp_path / "notes.txt")
    with pytest.raises(FileNotFoundError) as caught:
        data.load(folder=tmp_path)
    assert all(word in str(caught.value) for word in (*NAMES, "notes.txt"))


def test_other_spellings_of_the_names_are_found(tmp_path):
    names = [n.replace("-idx", ".idx").replace("t10k", "test") for n in NAMES]
    assert_holds(data.load(folder=fill(tmp_path, arrays(), names)), arrays())


def test_emnist_is_transposed_back(tmp_path):
    a, b, c, d = arrays()
    turned = a.transpose(0, 2, 1), b, c.transpose(0, 2, 1), d
    names = [f"emnist-digits-{n.replace('t10k', 'test')}.gz" for n in NAMES]
    assert_holds(data.load(folder=fill(tmp_path, turned, names)), (a, b, c, d))


def test_the_exact_name_wins_over_a_prefix_and_raw_over_its_gzipped_copy(tmp_path):
    fill(tmp_path, arrays(seed=1), [f"emnist-digits-{n}" for n in NAMES])
    fill(tmp_path, arrays(seed=2), [f"{n}.gz" for n in NAMES])
    fill(tmp_path, arrays(), NAMES)
    assert_holds(data.load(folder=tmp_path), arrays())


def test_several_candidates_are_listed(tmp_path):
    for prefix in ("emnist-digits", "emnist-mnist"):
        fill(tmp_path, arrays(), [f"{prefix}-{n}" for n in NAMES])
    with pytest.raises(ValueError, match="emnist-digits-.*emnist-mnist-.*Keep one"):
        data.load(folder=tmp_path)


def test_pictures_of_another_size_keep_their_aspect_and_are_centred(tmp_path):
    a, b, c, d = arrays(shape=(14, 7))
    loaded = data.load(folder=fill(tmp_path, (np.full_like(a, 255), b, c, d)))
    columns = loaded.train_images[0].max(axis=0)
    np.testing.assert_array_equal(np.flatnonzero(columns), np.arange(7, 21))
    assert loaded.test_images.shape == (6, 28, 28)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, b: (a, b + 17), "largest is 26"),
        (lambda a, b: (a, b[:4]), "6 images and 4 labels"),
        (lambda a, b: (a[:0], b[:0]), "no image"),
        (lambda a, b: (b, b), "3 dimensions; it has 1 .labels.*swapped"),
        (lambda a, b: (a, a), "1 dimensions; it has 3 .images.*swapped"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(tmp_path, change, message):
    images, _, c, d = arrays()
    first = change(images, np.full(6, 9, np.uint8))
    with pytest.raises(ValueError, match=message):
        data.load(folder=fill(tmp_path, (*first, c, d)))


def test_keras_mnist_is_taken_where_no_folder_is_given(monkeypatch):
    a, b, c, d = arrays()
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: ((a, b), (c, d)))
    loaded = data.load()
    assert loaded.name == "mnist" and loaded.train_labels.dtype == np.int64
    assert_holds(loaded, (a, b, c, d))


def test_auto_falls_back_to_the_digits_and_says_so_in_one_line(capsys):
    assert data.load().name == "digits"
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert "LENET_KERAS_DATA" in err and "1,797 digits" in err


def test_mnist_never_falls_back_and_tells_how_to_mend_it():
    with pytest.raises(ConnectionError, match="network.*LENET_KERAS_DATA.*digits"):
        data.load("mnist")


@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_a_damaged_cache_is_an_error_for_every_name(monkeypatch, name):
    def damaged():
        raise ValueError("Incomplete or corrupted file detected.")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", damaged)
    with pytest.raises(ValueError, match="damaged.*Delete datasets/mnist.npz"):
        data.load(name)


def test_the_bundled_digits_are_1437_and_360():
    digits = data.load("digits")
    assert digits.train_images.shape == (1437, 28, 28)
    assert digits.test_images.shape == (360, 28, 28)
    assert (digits.train_images.max(axis=(1, 2)) == 255).all()
    assert digits.train_labels[:10].tolist() == list(range(10))
    with pytest.raises(ValueError, match="leave out folder"):
        data.load("digits", folder=".")


@needs_mnist
def test_mnist_begins_with_a_5_and_has_70000_digits():
    mnist = data.load(folder=MNIST)
    assert mnist.train_images.shape == (60000, 28, 28)
    assert mnist.test_images.shape == (10000, 28, 28)
    assert mnist.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]


@needs_mnist
def test_mnist_is_not_as_centred_as_the_paper_says():
    """It says mean about 0 and variance about 1 (Section II-B); measured, it is not."""
    images = data.load(folder=MNIST).train_images
    x = data.to_input(images)
    fields = x, x[:, 2:30, 2:30], x[:, 6:26, 6:26]
    means = [float(field.mean(dtype="float64")) for field in fields]
    variances = [float(field.var(dtype="float64")) for field in fields]
    assert means == pytest.approx([0.0275, 0.0666, 0.216], abs=1e-3)
    assert variances == pytest.approx([0.123, 0.154, 0.246], abs=1e-3)


# The IDX format


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (0,), (0, 28, 28)])
def test_gzip_is_recognised_by_content_not_by_name(tmp_path, shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    (tmp_path / "raw.gz").write_bytes(idx(array))
    (tmp_path / "packed").write_bytes(gzip.compress(idx(array)))
    for name in ("raw.gz", "packed"):
        np.testing.assert_array_equal(data.read_idx(tmp_path / name), array)


GOOD = idx(np.arange(12).reshape(3, 2, 2))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file.*nothing"),
        (b"<html>", "not an IDX file.*3c 68 74 6d"),
        (b"\0\0\x0d" + GOOD[3:], "type 0d in 3 dimensions"),
        (b"\0\0\x08\0", "in 0 dimensions"),
        (GOOD[:9], "ends inside its header"),
        (GOOD[:-1], r"\(3, 2, 2\), 12 bytes, but holds only 11"),
        (GOOD + b"\0", "12 bytes, but holds more"),
        (gzip.compress(GOOD)[:-9], "damaged gzip"),
        (gzip.compress(GOOD)[:-8] + bytes(8), "damaged gzip"),
        (b"\x1f\x8b\x08", "damaged gzip"),
    ],
)
def test_a_damaged_file_is_named_with_what_it_has(tmp_path, content, message):
    path = tmp_path / "broken-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"broken-ubyte.*{message}"):
        data.read_idx(path)


headers = st.builds(
    lambda sizes, rest: (
        struct.pack(f">I{len(sizes)}I", 2048 + len(sizes), *sizes) + rest
    ),
    st.lists(st.one_of(st.integers(0, 4), st.integers(0, 2**32 - 1)), max_size=4),
    st.binary(max_size=70),
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.one_of(st.binary(), headers), st.integers(0, 3))
def test_any_bytes_give_an_array_or_a_value_error(content, packing):
    contents = content, gzip.compress(content), b"\x1f\x8b\x08\0" + content
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "any")
        path.write_bytes((*contents, gzip.compress(content)[:-5])[packing])
        try:
            array = data.read_idx(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert array.dtype == np.uint8 and idx(array) == content


def test_a_header_that_claims_2_gigabytes_costs_no_memory(tmp_path):
    path = tmp_path / "liar"
    path.write_bytes(struct.pack(">II", 2049, 2**31) + bytes(100))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="holds only 100"):
            data.read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20  # chunks of 1 MiB
    finally:
        tracemalloc.stop()


# The network's input


def test_input_has_2_pixels_of_paper_around_and_the_papers_extremes():
    images = np.full((3, 28, 28), 255, np.uint8)
    images[1] = 0
    x = data.to_input(images)
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
    graph = tf.function(data.to_input)(tf.constant(images))
    for x in (*map(data.to_input, forms), graph):
        np.testing.assert_allclose(x, expected, atol=1e-6)  # float32 rounding
    np.testing.assert_array_equal(data.to_input(images[0])[0], data.to_input(images)[0])
    assert tf.is_tensor(graph) and isinstance(data.to_input(images), np.ndarray)


@pytest.mark.parametrize("shape", [(10, 784), (28,), (3, 32, 32), (2, 28, 28, 3), ()])
@pytest.mark.parametrize("form", [np.zeros, tf.zeros])
def test_another_shape_is_named_with_the_one_expected(form, shape):
    with pytest.raises(ValueError, match=r"shape \(n, 28, 28\); received \(.*Reshape"):
        data.to_input(form(shape))


def test_floats_in_0_to_1_are_recognised_as_the_classic_mistake():
    with pytest.raises(ValueError, match="floats up to 1.*pass the bytes"):
        data.to_input(arrays()[0] / 255)


def test_images_that_were_scaled_before_are_refused():
    inner = data.to_input(np.full((1, 28, 28), 255, np.uint8))[:, 2:30, 2:30]
    inner[0, 0, 0] = -0.1
    with pytest.raises(ValueError, match="floats from -0.1 to 1.175.*the bytes"):
        data.to_input(inner)


# Pipelines


def numbered(count):
    """Images that carry their own number in one pixel, so that order can be seen."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 14, 14] = np.arange(count)
    return images, np.arange(count)


def epoch(dataset):
    """Return one pass over a dataset as two arrays."""
    batches = [(x.numpy(), y.numpy()) for x, y in dataset]
    return tuple(map(np.concatenate, zip(*batches, strict=True)))


def test_evaluation_keeps_order_and_every_image():
    images, labels = numbered(150)
    dataset = data.make_dataset(images, labels, batch_size=64)
    assert [len(y) for _, y in dataset] == [64, 64, 22]
    x, y = epoch(dataset)
    np.testing.assert_array_equal(y, labels)
    np.testing.assert_array_equal(x, data.to_input(images))
    assert dataset.element_spec[0].shape[1:] == (32, 32, 1) and y.dtype == np.int64


def test_training_is_a_new_permutation_each_epoch_and_the_seed_repeats_it():
    images, labels = numbered(150)
    one, two, other = (
        data.make_dataset(images, labels, training=True, seed=seed)
        for seed in (3, 3, 4)
    )
    x, first = epoch(one)
    second = epoch(one)[1]
    np.testing.assert_array_equal(x, data.to_input(images[first]))
    assert sorted(first) == sorted(second) == labels.tolist()
    assert (first != second).any() and (first != epoch(other)[1]).any()
    np.testing.assert_array_equal(first, epoch(two)[1])
    np.testing.assert_array_equal(second, epoch(two)[1])


def test_distorted_training_differs_by_batch_and_epoch_and_the_seed_repeats_it():
    images, labels = np.repeat(digit("5")[None], 64, axis=0), np.zeros(64)
    one, two = (
        data.make_dataset(images, labels, 32, training=True, distort=True, seed=5)
        for _ in range(2)
    )
    first, second = epoch(one)[0], epoch(one)[0]
    assert one.cardinality() == 2
    assert (first[:32] != first[32:]).any(axis=(1, 2, 3)).all()
    assert (first != second).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(first, epoch(two)[0])
    np.testing.assert_array_equal(second, epoch(two)[0])


def test_pipelines_refuse_what_cannot_be_meant():
    images, labels = numbered(5)
    with pytest.raises(ValueError, match="5 images and 4 labels"):
        data.make_dataset(images, labels[:4])
    with pytest.raises(ValueError, match="no image"):
        data.make_dataset(images[:0], labels[:0])
    with pytest.raises(ValueError, match="training=True"):
        data.make_dataset(images, labels, distort=True)


# Distortions


def digit(text, size=28):
    """Draw a digit as MNIST would hold it: bytes, ink high."""
    picture = Image.new("L", (size, size))
    ImageDraw.Draw(picture).text((size * 0.3, 0), text, fill=255, font_size=size * 0.8)
    return np.asarray(picture)


def only(**fixed):
    """Ranges that leave an image as it is, but for what is given."""
    still = dict.fromkeys(data.DISTORTIONS, 0) | {"scale": 1, "squeeze": 1} | fixed
    return {name: (float(value), float(value)) for name, value in still.items()}


def square():
    """A square of 9x9 pixels whose middle is the pixel (16, 14)."""
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 10:19, 8:17] = 255
    return data.to_input(image)


def test_no_distortion_is_the_identity():
    x = data.to_input(arrays()[0])
    np.testing.assert_allclose(data.distort(x, (1, 2), only()), x, atol=1e-6)


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
    moved, stretched = moments(data.distort(square(), (0, 0), only(**fixed)))
    before = moments(square())[1]
    np.testing.assert_allclose(moved, centre, atol=0.06)  # pixels, after interpolation
    np.testing.assert_allclose(stretched / before, spread, atol=0.05)


def test_shear_leans_and_does_not_rotate():
    x = np.asarray(data.distort(square(), (0, 0), only(shear=0.2)))[0, ..., 0] + 0.1
    centres = [(row * np.arange(32)).sum() / row.sum() for row in x[12:21]]
    np.testing.assert_allclose(np.diff(centres), 0.2, atol=0.02)
    np.testing.assert_allclose(
        x.sum(axis=1), (square()[0] + 0.1).sum((1, 2)), atol=1e-5
    )


def test_rotation_turns_about_the_centre():
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[0, 13:15, 4:24] = 255  # lies along the middle row
    x = np.asarray(data.distort(data.to_input(bar), (0, 0), only(rotation=90)))
    standing = data.to_input(bar.transpose(0, 2, 1))
    np.testing.assert_allclose(x, standing, atol=1e-3)


@pytest.mark.parametrize(("stroke", "width"), [(1, 11), (0.5, 10), (-1, 7)])
def test_strokes_grow_by_so_many_pixels_on_each_side(stroke, width):
    x = np.asarray(data.distort(square(), (0, 0), only(stroke=stroke)))[0, 16, :, 0]
    assert (x + 0.1).sum() / 1.275 == pytest.approx(width, abs=0.01)


def test_distortions_depend_on_the_seed_alone_and_stay_within_bounds():
    x = tf.constant(np.repeat(data.to_input(digit("5")), 50, axis=0))
    one, same = (
        data.distort(x, (1, 2)),
        tf.function(data.distort)(x, tf.constant((1, 2))),
    )
    np.testing.assert_allclose(one, same, atol=1e-5)  # fused operations round otherwise
    assert one.shape == (50, 32, 32, 1) and one.dtype == tf.float32
    assert len(np.unique(one.numpy().reshape(50, -1), axis=0)) == 50
    assert (one.numpy() != data.distort(x, (1, 3)).numpy()).any()
    low, high = np.float32(-0.1), np.float32(1.175)
    assert low - 1e-6 <= one.numpy().min() and one.numpy().max() <= high + 1e-6


def test_distorted_paper_stays_paper():
    x = data.distort(np.repeat(square(), 50, axis=0), (0, 1)).numpy()
    corners = x[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_allclose(corners, -0.1, atol=1e-6)
