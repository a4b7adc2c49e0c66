"""What `read_digit` promises: pictures of digits become MNIST's."""

import os
import struct

import numpy as np
import pytest
from helpers import moments
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from lenet_keras import data
from lenet_keras.photograph import read_digit

MNIST = os.environ.get("LENET_KERAS_DATA")
needs_mnist = pytest.mark.skipif(
    not MNIST, reason="set LENET_KERAS_DATA to a folder with MNIST's four IDX files"
)


def draw(strokes=((60, 40), (140, 40), (90, 160)), size=(200, 200), width=14):
    """Ink on paper as a grey picture, dark on light: a 7 unless told otherwise."""
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).line(strokes, fill=20, width=width, joint="curve")
    return picture


def close(a, b):
    """Whether two inputs look the same: slightly blurred, they correlate by 0.95.

    The blur forgives the one pixel by which whole-pixel sizes and shifts may jump.
    """
    pair = [gaussian_filter(np.asarray(x)[..., 0], 1).ravel() for x in (a, b)]
    return np.corrcoef(pair)[0, 1] > 0.95


def test_a_digit_is_framed_as_mnist_frames_it():
    x = read_digit(draw())
    assert x.shape == (32, 32, 1) and x.dtype == np.float32
    assert np.isclose(x.max(), 1.175)
    ink = x[..., 0] > -0.1
    rows, columns = (np.ptp(np.flatnonzero(ink.any(k))) + 1 for k in (1, 0))
    assert rows == 20 and columns in (13, 14)  # the strokes' box is 128 by 87
    middle = moments(x[None])[0]
    assert (np.abs(middle - 16) <= 0.5).all()  # pixel 14 of 28, behind 2 of margin


def test_light_ink_on_dark_paper_reads_like_dark_on_light():
    picture = np.asarray(draw())
    np.testing.assert_allclose(
        read_digit(255 - picture), read_digit(picture), atol=0.006
    )  # one byte of rounding


def test_a_path_a_picture_and_an_array_read_alike(tmp_path):
    expected = read_digit(draw())
    draw().save(tmp_path / "seven.png")
    rgb = np.stack([np.asarray(draw())] * 3, axis=-1)
    forms = tmp_path / "seven.png", str(tmp_path / "seven.png"), np.asarray(draw()), rgb
    for form in forms:
        np.testing.assert_array_equal(read_digit(form), expected)
    draw().save(tmp_path / "seven.jpg", quality=95)
    assert close(read_digit(tmp_path / "seven.jpg"), expected)
    sixteen = Image.fromarray(np.asarray(draw()).astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_digit(sixteen), expected)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90)],
)
def test_a_photograph_turned_by_exif_reads_like_the_upright_one(
    tmp_path, orientation, turn
):
    exif = Image.Exif()
    exif[0x0112] = orientation
    draw().transpose(turn).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(
        read_digit(tmp_path / "turned.png"), read_digit(draw())
    )


def test_transparent_paper_is_white():
    alpha = 255 - np.asarray(draw())
    picture = np.zeros((*alpha.shape, 4), np.uint8)
    picture[..., 3] = alpha
    np.testing.assert_array_equal(read_digit(picture), read_digit(draw()))


def test_blue_ink_on_yellow_paper_reads_like_black_on_white():
    mask = draw().point(lambda value: 255 * (value < 128))
    picture = Image.new("RGB", mask.size, (250, 240, 190))
    picture.paste((30, 40, 160), mask=mask)
    assert close(read_digit(picture), read_digit(draw()))


def test_a_shaded_noisy_photograph_reads_like_a_clean_drawing():
    rows, columns = np.mgrid[0:1:200j, 0:1:200j]
    noise = np.random.default_rng(0).normal(0, 5, (200, 200))
    light = 0.8 - 0.3 * columns - 0.2 * rows
    photograph = np.clip(np.asarray(draw()) * light + noise, 0, 255).astype(np.uint8)
    assert close(read_digit(photograph), read_digit(draw()))


def test_a_speck_is_dropped_and_a_detached_stroke_kept():
    five = draw(((75, 60), (75, 100), (120, 110), (115, 150), (70, 155)))
    alone = read_digit(five)
    specked = five.copy()
    ImageDraw.Draw(specked).ellipse((180, 10, 183, 13), fill=0)
    np.testing.assert_array_equal(read_digit(specked), alone)
    barred = five.copy()
    ImageDraw.Draw(barred).line(((90, 40), (130, 38)), fill=20, width=10)
    assert not close(read_digit(barred), alone)


def test_a_digit_may_touch_the_border():
    cropped = draw().crop((60, 34, 147, 162))
    assert close(read_digit(cropped), read_digit(draw()))


def test_tiny_wide_and_huge_pictures_are_read():
    from sklearn.datasets import load_digits

    tiny = (load_digits().images[0] * 15).astype(np.uint8)
    expected = data.to_input(data.load("digits").train_images[0])[0]
    assert close(read_digit(tiny), expected)
    wide = draw(size=(900, 200))
    assert close(read_digit(wide), read_digit(draw()))
    huge = draw().resize((3000, 3000))
    assert close(read_digit(huge), read_digit(draw()))


@needs_mnist
def test_mnist_itself_passes_almost_unchanged():
    images = data.load(folder=MNIST).test_images[:200]
    read = np.stack([read_digit(image) for image in images])
    error = np.abs(read - data.to_input(images))
    assert np.median(error.max(axis=(1, 2, 3))) < 0.006  # one byte of rounding
    assert error.mean() < 0.001


@pytest.mark.parametrize("noise", [0, 8])
def test_blank_paper_is_refused_with_advice(noise):
    paper = np.random.default_rng(0).normal(200, noise, (280, 280)).astype(np.uint8)
    with pytest.raises(ValueError, match="the image shows no digit.*Write one digit"):
        read_digit(paper)


def test_unreadable_files_are_named_with_what_to_do(tmp_path):
    draw().save(tmp_path / "good.png")
    content = (tmp_path / "good.png").read_bytes()
    for name, bad in (
        ("text.png", b"not a picture"),
        ("empty.png", b""),
        ("cut.png", content[:120]),
        ("bomb.png", content[:16] + struct.pack(">II", 2**15, 2**15) + content[24:]),
    ):
        (tmp_path / name).write_bytes(bad)
        with pytest.raises(ValueError, match=f"{name} cannot be read.*PNG or JPEG"):
            read_digit(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="nowhere.png does not exist"):
        read_digit(tmp_path / "nowhere.png")


@pytest.mark.parametrize("shape", [(5,), (8, 8, 2), (0, 8), (1, 8, 8, 3)])
def test_arrays_that_are_no_picture_are_refused(shape):
    with pytest.raises(ValueError, match=r"uint8 array \(rows, columns\).*received"):
        read_digit(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="received float64"):
        read_digit(np.zeros((8, 8)))
