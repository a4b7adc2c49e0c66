"""What `read_digit` promises: pictures of digits become MNIST's."""

import io
import os
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import moments
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from lenet_keras import build_lenet5, data, predict
from lenet_keras.photograph import read_digit, steps

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


def test_two_digits_are_refused_with_what_reads_them():
    two = np.hstack([np.asarray(draw())] * 2)
    with pytest.raises(ValueError, match="two digits or more.*read_digits"):
        read_digit(two)


def test_digits_far_apart_are_refused_too_though_one_alone_fills_the_view():
    far = np.hstack([np.asarray(draw(size=(400, 200)))] * 4)
    with pytest.raises(ValueError, match="two digits or more"):
        read_digit(far)


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


def test_bytes_files_and_a_sketch_pad_read_alike(tmp_path):
    expected = read_digit(draw())
    file = io.BytesIO()
    draw().save(file, "PNG")
    np.testing.assert_array_equal(read_digit(file.getvalue()), expected)
    file.seek(0)
    np.testing.assert_array_equal(read_digit(file), expected)
    pad = {"background": None, "layers": [], "composite": np.asarray(draw())}
    np.testing.assert_array_equal(read_digit(pad), expected)


def test_nothing_is_no_picture():
    for nothing in (None, {"background": None, "layers": [], "composite": None}):
        with pytest.raises(ValueError, match="received NoneType, which is no picture"):
            read_digit(nothing)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    Image.new("1", (10_000, 5_000)).save(tmp_path / "large.png")
    with pytest.raises(ValueError, match="50,000,000|10000 x 5000.*40 million"):
        read_digit(tmp_path / "large.png")


def test_threads_leave_the_warning_filters_as_they_were():
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(read_digit, [draw()] * 32))
    assert warnings.filters == before
    assert all((one == read[0]).all() for one in read)


def test_a_long_name_is_shown_by_its_end_and_as_text(tmp_path):
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    path = folder / "a\x9b2Jb.png"  # a control that Windows, too, has in names
    path.write_bytes(b"")
    with pytest.raises(ValueError) as error:
        read_digit(path)
    assert str(error.value).startswith("...")
    assert "\\x9b2Jb.png cannot" in str(error.value)
    assert "\x9b" not in str(error.value)


def test_the_steps_lead_from_the_picture_to_the_frame():
    found = steps(table_around(draw()))
    assert list(found) == ["picture", "near", "ink", "strokes", "frame"]
    assert found["frame"].shape == (28, 28)
    np.testing.assert_array_equal(
        read_digit(table_around(draw())), data.to_input(found["frame"])[0]
    )


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


def test_a_picture_of_no_pixels_is_refused():
    with pytest.raises(ValueError, match="it has 0 x 8 pixels"):
        read_digit(Image.new("L", (0, 8)))


@pytest.mark.parametrize("shape", [(5,), (8, 8, 2), (0, 8), (1, 8, 8, 3)])
def test_arrays_that_are_no_picture_are_refused(shape):
    with pytest.raises(ValueError, match=r"uint8 array \(rows, columns\).*received"):
        read_digit(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="received float64"):
        read_digit(np.zeros((8, 8)))
