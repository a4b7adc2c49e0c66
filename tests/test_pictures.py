"""Pictures of any kind are opened alike, or refused in one line."""

import io
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import close, draw
from PIL import Image

from lenet_keras import read_digit


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


def test_a_telephones_jpeg_of_two_pictures_is_read_as_the_first(tmp_path):
    draw().save(tmp_path / "one.jpg", quality=95)
    second = Image.new("L", draw().size, 255)
    file = tmp_path / "two.jpg"
    draw().save(file, "MPO", save_all=True, append_images=[second], quality=95)
    expected = read_digit(tmp_path / "one.jpg")
    np.testing.assert_array_equal(read_digit(file), expected)


def test_bytes_files_and_a_sketch_pad_read_alike(tmp_path):
    expected = read_digit(draw())
    file = io.BytesIO()
    draw().save(file, "PNG")
    np.testing.assert_array_equal(read_digit(file.getvalue()), expected)
    file.seek(0)
    np.testing.assert_array_equal(read_digit(file), expected)
    pad = {"background": None, "layers": [], "composite": np.asarray(draw())}
    np.testing.assert_array_equal(read_digit(pad), expected)


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
