"""What `read_digits` promises: every digit of a picture, in reading order."""

import numpy as np
import pytest
from corpus import row
from helpers import digit
from PIL import Image

from lenet_keras import build_lenet5, read_digits
from lenet_keras.photograph import shipped
from lenet_keras.rows import (
    _best_path,
    _chances,
    answers_of,
    by_line,
    certainties_of,
    number_of,
)


def page(*lines, gap=12):
    """Rows of digits, light on dark, each 28 pixels high."""
    rows = [np.hstack([np.pad(digit(c), gap // 2) for c in line]) for line in lines]
    width = max(row.shape[1] for row in rows)
    rows = [np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in rows]
    return np.pad(np.vstack(rows), 8)


def test_a_row_is_read_from_left_to_right():
    found = read_digits(page("2473"))
    assert number_of(found).replace("?", "") == "2473"
    lefts = [one.box[1] for one in found]
    assert lefts == sorted(lefts)
    assert all(one.input.shape == (32, 32, 1) for one in found)


def test_a_page_is_read_line_by_line():
    found = read_digits(255 - page("25", "74"))
    lines = ["".join(one.answer for one in line) for line in by_line(found)]
    assert lines == ["25", "74"]


def test_boxes_are_in_the_pixels_of_the_picture():
    picture = page("24")
    large = np.asarray(Image.fromarray(picture).resize((2000, 1000)))
    for small_one, one in zip(read_digits(picture), read_digits(large), strict=True):
        scale = np.array([1000, 2000] * 2) / (list(picture.shape) * 2)
        np.testing.assert_allclose(one.box, small_one.box * scale, atol=60)


def touching():
    """A 2 and a 4 whose strokes meet."""
    picture = page("24")
    columns = np.flatnonzero(picture.any(axis=0))
    gap = np.flatnonzero(np.diff(columns) > 1)[0]
    left, right = columns[gap], columns[gap + 1]
    return np.hstack((picture[:, : left + 1], picture[:, right - 1 :]))


def test_touching_digits_are_told_apart():
    assert [one.answer for one in read_digits(touching())] == ["2", "4"]


def test_the_cuts_that_it_is_compared_with_read_rows_too():
    from cuts import read_by_cuts

    assert read_by_cuts(page("2473"), shipped()) == [2, 4, 7, 3]
    assert read_by_cuts(touching(), shipped()) == [2, 4]


def test_one_digit_is_a_row_of_one():
    (found,) = read_digits(np.pad(digit("3"), 20))
    assert found.answer == "3"
    assert certainties_of([found]).endswith("%")


def test_a_blank_page_is_refused():
    with pytest.raises(ValueError, match="shows no digits.*dark pen"):
        read_digits(np.full((300, 300), 200, np.uint8))


def test_a_model_of_letters_answers_with_letters():
    model = build_lenet5("1998", classes="ABC")
    assert answers_of(model) == ["A", "B", "C"]
    assert answers_of(build_lenet5()) == list("0123456789")


def test_digits_that_touch_the_border_of_a_picture_are_read():
    row = page("2473")
    rows, columns = (np.flatnonzero(row.any(axis)) for axis in (1, 0))
    tight = row[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    found = read_digits(255 - tight)
    assert number_of(found).replace("?", "") == "2473"
    height, width = tight.shape
    for top, left, bottom, right in (one.box for one in found):
        assert 0 <= top < bottom <= height + 1 and 0 <= left < right <= width + 1


def test_a_digit_is_named_once_and_the_next_one_stands_apart():
    chances = np.full((30, 11), 0.01)
    chances[:, 10] = 0.9
    for middle, answer in ((8, 3), (16, 7)):
        chances[middle - 2 : middle + 3] = 0.01
        chances[middle - 2 : middle + 3, answer] = 0.9
    assert _best_path(chances) == [8, 16]
    assert _best_path(np.full((30, 11), 1 / 11)) == []


def test_a_network_laid_over_a_row_answers_once_a_column():
    chances = _chances(np.pad(digit("2") / 255, ((2, 2), (10, 11))))
    assert chances.shape == (49, 11)
    assert chances[0].argmax() == chances[-1].argmax() == 10  # none
    assert 2 in chances.argmax(axis=1)


@pytest.mark.parametrize(("number", "answer"), [(694, "5"), (1253, "4"), (1733, "6")])
def test_a_wide_digit_that_stands_clear_is_not_read_as_two(number, answer, mnist):
    wide = np.pad(mnist.test_images[number], ((8, 20), (8, 8)))
    row = np.hstack([page("2"), wide, page("7")])
    assert [one.answer for one in read_digits(row)] == ["2", answer, "7"]


def test_a_five_whose_bar_stands_apart_is_no_speck_beside_a_row(mnist):
    """Neither its body nor its bar is half as high as the digits beside it."""
    images = mnist.train_images[[57143, 56813, 57481, 55059, 57759]]
    assert number_of(read_digits(row(images, gap=6))).replace("?", "") == "65879"


def test_a_network_of_free_length_reads_as_one_of_fixed_length_does():
    free = build_lenet5("1998", weights="mnist", input_shape=(None, None, 1))
    fixed = build_lenet5("1998", weights="mnist")
    pairs = zip(*(read_digits(page("2473"), m) for m in (free, fixed)), strict=True)
    for one, other in pairs:
        assert one.answer == other.answer
        assert one.certainty == pytest.approx(other.certainty, abs=1e-4)
        assert one.is_doubtful == other.is_doubtful
