"""The page for lecturers names slides and notebooks that there are."""

import re
from pathlib import Path

import pytest

from lecture.catalogue import FIGURES, slide_numbers

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")


def test_every_slide_is_a_figure_of_the_lecture():
    named = set(re.findall(r"`([a-z0-9-]+)`", PAGE))
    assert len(named) > 20
    assert named <= set(FIGURES)


def test_the_number_of_a_slide_is_its_page_in_the_deck():
    pages = slide_numbers(FIGURES)
    numbered = re.findall(r"`([a-z0-9-]+)` (\d+)", PAGE)
    assert len(numbered) > 40
    for name, page in numbered:
        assert pages[name] == int(page), name


def test_every_lecture_takes_90_minutes():
    tables = re.split(r"\| minutes .*", PAGE)[1:]
    minutes = [sum(map(int, re.findall(r"(?m)^\| (\d+) ", each))) for each in tables]
    assert minutes == [90] * 5


@pytest.mark.parametrize("number", sorted(set(re.findall(r"\b(?:0\d|10)\b", PAGE))))
def test_every_notebook_is_there(number):
    assert list((ROOT / "notebooks").glob(f"{number}_*.ipynb"))


def test_every_link_leads_somewhere():
    for link in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
