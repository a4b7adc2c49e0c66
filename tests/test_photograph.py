"""What `read_digit` promises: pictures of digits become MNIST's."""

import os

import numpy as np
import pytest
from helpers import close, draw, moments
from PIL import ImageDraw

from lenet_keras import build_lenet5, data, predict
from lenet_keras.photograph import read_digit, steps

MNIST = os.environ.get("LENET_KERAS_DATA")
needs_mnist = pytest.mark.skipif(
    not MNIST, reason="set LENET_KERAS_DATA to a folder with MNIST's four IDX files"
)


def test_a_digit_is_framed_as_mnist_frames_it():
    x = read_digit(draw())
    assert x.shape == (32, 32, 1) and x.dtype == np.float32
    assert np.isclose(x.max(), 1.175)
    ink = x[..., 0] > -0.1
    rows, columns = (np.ptp(np.flatnonzero(ink.any(k))) + 1 for k in (1, 0))
    assert rows == 20 and columns in (13, 14)  # the strokes' box is 128 by 87
    middle = moments(x[None])[0]
    assert (np.abs(middle - 16) <= 0.5).all()  # pixel 14 of 28, behind 2 of margin


def test_a_speck_is_dropped_and_a_detached_stroke_kept():
    five = draw(((75, 60), (75, 100), (120, 110), (115, 150), (70, 155)))
    alone = read_digit(five)
    specked = five.copy()
    ImageDraw.Draw(specked).ellipse((180, 10, 183, 13), fill=0)
    np.testing.assert_array_equal(read_digit(specked), alone)
    barred = five.copy()
    ImageDraw.Draw(barred).line(((90, 40), (130, 38)), fill=20, width=10)
    assert not close(read_digit(barred), alone)


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


def test_two_digits_are_refused_with_what_reads_them():
    two = np.hstack([np.asarray(draw())] * 2)
    with pytest.raises(ValueError, match="two digits or more.*read_digits"):
        read_digit(two)


def test_digits_far_apart_are_refused_too_though_one_alone_fills_the_view():
    far = np.hstack([np.asarray(draw(size=(400, 200)))] * 4)
    with pytest.raises(ValueError, match="two digits or more"):
        read_digit(far)


def test_a_paler_second_digit_is_refused_too():
    two = draw(((20, 40), (60, 40), (30, 160)), width=10)
    paler = ((120, 40), (160, 40), (130, 160))
    ImageDraw.Draw(two).line(paler, fill=115, width=10)
    with pytest.raises(ValueError, match="two digits or more"):
        read_digit(two)


def test_two_digits_that_touch_are_refused_too():
    two = draw(((20, 40), (60, 40), (30, 160)), width=10)
    ImageDraw.Draw(two).line(((60, 40), (180, 40), (140, 160)), fill=20, width=10)
    with pytest.raises(ValueError, match="two digits or more"):
        read_digit(two)


def test_the_inside_of_a_stroke_on_a_coarse_scan_is_as_dark_as_its_edge():
    scan = np.full((16, 16), 255, np.uint8)
    scan[1:15, 4:12] = 0
    found = steps(scan)["frame"]
    assert found[14, 14] == found.max()


def test_a_digit_in_two_strokes_is_one_digit():
    strokes = ((70, 50), (75, 100), (120, 110), (115, 150), (70, 155))
    five = draw(strokes, size=(240, 200))
    ImageDraw.Draw(five).line(((95, 45), (190, 35)), fill=20, width=14)
    answer = predict(build_lenet5("1998", weights="mnist"), read_digit(five)[None])
    assert answer.argmax() == 5


@pytest.mark.parametrize("side", [16, 32])
def test_a_one_that_a_scanner_stretched_to_its_square_is_a_one(side):
    rows, columns = np.indices((side, side))
    slanted = np.abs(rows + columns - side + 1) < 0.4 * side
    scan = np.where(slanted, 0, 255).astype(np.uint8)
    answer = predict(build_lenet5("1998", weights="mnist"), read_digit(scan)[None])
    assert answer.argmax() == 1


def test_the_steps_lead_from_the_picture_to_the_frame():
    found = steps(draw())
    assert list(found) == ["picture", "near", "ink", "strokes", "frame"]
    assert found["frame"].shape == (28, 28)
    np.testing.assert_array_equal(read_digit(draw()), data.to_input(found["frame"])[0])
