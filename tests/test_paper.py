"""The facts of the 1998 paper, against independent sums and checksums."""

import hashlib
import itertools
from collections import Counter

import numpy as np
import pytest

from lenet_keras import paper

DIGITS = np.stack([paper.output_code(c) for c in "0123456789"])


def test_table_1_connects_60_pairs_of_maps():
    assert len(paper.C3_INPUTS) == 16
    assert sum(map(len, paper.C3_INPUTS)) == 60
    assert [len(maps) for maps in paper.C3_INPUTS] == [3] * 6 + [4] * 9 + [6]


def test_table_1_lets_each_s2_map_feed_ten_c3_maps():
    fed = list(itertools.chain(*paper.C3_INPUTS))
    assert [fed.count(s2) for s2 in range(6)] == [10] * 6


def test_table_1_has_no_two_equal_columns():
    assert len(set(paper.C3_INPUTS)) == 16


def test_the_digit_codes_have_the_published_checksum():
    bits = "".join("1" if pixel > 0 else "0" for pixel in DIGITS.ravel())
    assert hashlib.sha256(bits.encode()).hexdigest() == (
        "8437a8e0d44d9c3f5ba09489c1f8d950aefec5da185dd91f0b121390747ddf8b"
    )


def test_the_digit_codes_have_their_counts_of_black_pixels():
    black = (DIGITS > 0).sum(axis=(1, 2)).tolist()
    assert black == [35, 27, 33, 32, 41, 35, 39, 25, 43, 39]


def test_6_and_8_have_the_nearest_codes_at_squared_distance_48():
    distance = {
        (a, b): int(((DIGITS[a].astype(int) - DIGITS[b]) ** 2).sum())
        for a, b in itertools.combinations(range(10), 2)
    }
    assert min(distance, key=distance.get) == (6, 8)
    assert distance[6, 8] == 48
    assert sorted(distance.values())[1:3] == [72, 72]
    assert distance[0, 4] == distance[8, 9] == 72
    largest = [pair for pair, d in distance.items() if d == max(distance.values())]
    assert largest == [(1, 4), (1, 8), (4, 7)]
    assert distance[1, 4] == 200
    assert round(np.mean(list(distance.values()))) == 124


def test_14_of_the_84_components_are_the_same_for_all_digits():
    assert (DIGITS[0] == DIGITS).all(axis=0).sum() == 14


def test_a_one_is_drawn_upright():
    rows = ["".join(".#"[int(p > 0)] for p in row) for row in paper.output_code("1")]
    assert rows[:3] == ["...##..", "..###..", ".####.."]
    assert rows[9] == ".######"


def test_all_96_characters_have_codes_of_plus_and_minus_one():
    codes = np.stack([paper.output_code(c) for c in paper.CHARACTERS])
    assert codes.shape == (96, 12, 7)
    assert set(np.unique(codes)) == {-1, 1}
    assert (codes[0] == -1).all(), "the space is all white"


@pytest.mark.parametrize("wrong", ["", "ab", "é", "\n"])
def test_a_character_without_a_code_is_refused(wrong):
    with pytest.raises(ValueError, match=r"received .*Choose classes among them"):
        paper.output_code(wrong)


def test_published_parameters_add_up_to_60000():
    assert sum(row.trainable for row in paper.PUBLISHED_LAYERS) == 60_000


def test_figure_8_shows_82_mistakes_most_often_a_9_taken_for_a_4():
    assert len(paper.PUBLISHED_MISTAKES) == 82
    assert all(truth != answer for truth, answer in paper.PUBLISHED_MISTAKES)
    assert Counter(paper.PUBLISHED_MISTAKES).most_common(1)[0][0] == (9, 4)


def test_figure_5_ends_at_the_published_errors():
    assert len(paper.PUBLISHED_TEST_CURVE) == len(paper.PUBLISHED_TRAINING_CURVE) == 21
    assert paper.PUBLISHED_TEST_CURVE[-1] == paper.PUBLISHED_TEST_ERROR


def test_figure_9_has_27_methods_and_boosted_lenet_4_errs_least():
    methods = {row.name: row for row in paper.PUBLISHED_METHODS}
    assert len(methods) == len(paper.PUBLISHED_METHODS) == 27
    assert min(methods.values(), key=lambda row: row.error).error == 0.7
    assert sum(row.error for row in methods.values()) == pytest.approx(82.9)


def test_figures_11_and_12_have_19_of_them():
    rows = [row for row in paper.PUBLISHED_METHODS if row.variables is not None]
    assert len(rows) == 19
    assert all(row.multiply_adds for row in rows)
    assert all(
        row.multiply_adds is None
        for row in paper.PUBLISHED_METHODS
        if row.variables is None
    )


def test_lenet_5_has_the_same_error_and_size_wherever_the_paper_names_them():
    methods = {row.name: row for row in paper.PUBLISHED_METHODS}
    assert methods["LeNet-5"].error == paper.PUBLISHED_TEST_ERROR
    assert methods["LeNet-5, distorted"].error == paper.PUBLISHED_TEST_ERROR_DISTORTED
    assert methods["LeNet-5"].variables * 1000 == paper.PUBLISHED_TRAINABLE
    assert methods["LeNet-5"].multiply_adds == 401
