"""Ink is told from paper, whatever the sheet and whatever it lies on."""

import numpy as np
import pytest
from helpers import close, draw
from PIL import ImageDraw
from scipy import ndimage

from lenet_keras import read_digit
from lenet_keras.sheets import closed, widened


@pytest.mark.parametrize("width", [2, 3, 4, 5, 46, 93])
def test_closing_and_widening_are_those_of_scipy(width):
    grey = np.random.default_rng(0).uniform(0, 255, (64, 50)).astype("float32")
    padded = np.pad(grey, width, mode="edge")
    expected = ndimage.grey_closing(padded, (width, width), mode="nearest")
    np.testing.assert_array_equal(
        closed(grey, width), expected[width:-width, width:-width]
    )
    for is_ink in (grey > 250, np.ones((1, 1), bool), np.zeros((3, 7), bool)):
        expected = ndimage.maximum_filter(is_ink, 2 * width + 1)
        np.testing.assert_array_equal(widened(is_ink, width), expected)


def test_light_ink_on_dark_paper_reads_like_dark_on_light():
    picture = np.asarray(draw())
    np.testing.assert_allclose(
        read_digit(255 - picture), read_digit(picture), atol=0.006
    )  # one byte of rounding


def test_a_shaded_noisy_photograph_reads_like_a_clean_drawing():
    rows, columns = np.mgrid[0:1:200j, 0:1:200j]
    noise = np.random.default_rng(0).normal(0, 5, (200, 200))
    light = 0.8 - 0.3 * columns - 0.2 * rows
    photograph = np.clip(np.asarray(draw()) * light + noise, 0, 255).astype(np.uint8)
    assert close(read_digit(photograph), read_digit(draw()))


def test_a_digit_may_touch_the_border():
    cropped = draw().crop((60, 34, 147, 162))
    assert close(read_digit(cropped), read_digit(draw()))


@pytest.mark.parametrize("noise", [0, 8])
def test_blank_paper_is_refused_with_advice(noise):
    paper = np.random.default_rng(0).normal(200, noise, (280, 280)).astype(np.uint8)
    with pytest.raises(ValueError, match="the image shows no digit.*Write one digit"):
        read_digit(paper)


def table_around(picture, margin=40):
    return np.pad(np.asarray(picture), margin, constant_values=50)


def squared_paper(picture):
    lines = np.asarray(picture).copy()
    lines[7::25] = lines[8::25] = np.minimum(lines[7::25], 90)
    lines[:, 9::25] = np.minimum(lines[:, 9::25], 90)
    return lines


def in_a_box(picture):
    boxed = picture.copy()
    ImageDraw.Draw(boxed).rectangle((25, 15, 175, 185), outline=20, width=2)
    return boxed


def in_a_corner_of_a_large_one(picture):
    large = np.full((2400, 3200), 255, np.uint8)
    large[300:500, 2500:2700] = np.asarray(picture)
    return large


def half_in_a_shadow(picture):
    shaded = np.asarray(picture).copy()
    shaded[:, 90:] = shaded[:, 90:] // 2
    return shaded


def red_on_green(picture):
    ink = np.asarray(picture)[..., None] < 128
    return np.where(ink, [200, 60, 60], [30, 140, 60]).astype(np.uint8)


def white_on_transparency(picture):
    ink = 255 - np.asarray(picture)
    return np.dstack([np.full((*ink.shape, 3), 255, np.uint8), ink])


@pytest.mark.parametrize(
    "surroundings",
    [
        table_around,
        squared_paper,
        in_a_box,
        in_a_corner_of_a_large_one,
        half_in_a_shadow,
        red_on_green,
        white_on_transparency,
    ],
)
def test_a_digit_is_read_whatever_it_lies_on(surroundings):
    assert close(read_digit(surroundings(draw())), read_digit(draw()))
