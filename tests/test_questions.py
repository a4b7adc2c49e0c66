"""docs/questions.md counts as the models do, and its links lead somewhere."""

import math
import re
from dataclasses import replace
from pathlib import Path

from lenet_keras import VARIANTS, build_lenet5, count, paper

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "questions.md").read_text("utf-8")


def test_the_counts_are_those_of_the_models():
    first = count(build_lenet5("1998"))
    layers = {layer.name: layer.trainable for layer in first.layers}
    usual = count(build_lenet5("classic")).trainable
    full = count(build_lenet5(replace(VARIANTS["1998"], c3_table=None)))
    all_maps = next(layer for layer in full.layers if layer.name == "c3").trainable
    counts = (first.trainable, usual, layers["c3"], layers["c5"], all_maps)
    colours, margin = usual + 6 * 2 * 25, usual - 120 * 16 * (5 * 5 - 4 * 4)
    caffe = 20 * 26 + 50 * (20 * 25 + 1) + 500 * (50 * 16 + 1) + 10 * 501
    for number in (*counts, colours, margin, caffe):
        assert f"{number:,}" in PAGE
    assert f"{85 * 10} parameters" in PAGE
    assert f"60 · 25 + 16 = {60 * 25 + 16:,}" in PAGE


def test_four_more_variants_count_as_the_usual_one():
    usual = [v for v in VARIANTS if count(build_lenet5(v)).trainable == 61_706]
    assert len(usual) == 1 + len(["dense", "sigmoid", "tanh", "modern"])


def test_the_deviation_of_a_test_error_is_that_of_a_sample():
    p = paper.PUBLISHED_TEST_ERROR / 100
    assert f"√({p:.4f} · {1 - p:.4f} / 10,000)" in PAGE
    assert f"{math.sqrt(p * (1 - p) / 10_000):.2%}" in PAGE


def test_the_links_lead_to_notebooks():
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert len(links) == PAGE.count("?**")
    names = {Path(link).name for link in links}
    assert all(re.fullmatch(r"(0[2-5]|10)_\w+\.ipynb", name) for name in names)
    assert all((DOCS / link).resolve().parent.name == "notebooks" for link in links)
