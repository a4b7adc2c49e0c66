"""The README tells the truth: its results are the measured ones, its commands exist."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from lenet_keras import RECIPES, VARIANTS, build_lenet5, count

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_results_are_those_that_the_benchmark_measured():
    import accuracy

    results = json.loads(accuracy.RESULTS.read_text())
    assert accuracy.with_table(README, accuracy.table(results)) == README
    measured = {(row["variant"], row["epochs"]) for row in results.values()}
    assert {(variant, RECIPES[variant].epochs) for variant in VARIANTS} <= measured


def test_the_reproduction_is_what_was_recorded():
    import accuracy
    import reproduce

    runs = json.loads(reproduce.HISTORIES.read_text())
    assert accuracy.with_table(README, reproduce.table(runs), "reproduction") == README


def test_the_speed_is_what_the_benchmark_measured():
    import accuracy
    import speed

    results = json.loads(speed.RESULTS.read_text())
    page = speed.PAGE.read_text()
    for name, table in speed.TABLES.items():
        assert accuracy.with_table(page, table(results), name) == page
    assert speed.with_ratio(README, results) == README


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_table_of_variants_counts_as_the_models_do(variant):
    row = next(
        line for line in README.splitlines() if line.startswith(f"| `{variant}`")
    )
    assert f"{count(build_lenet5(variant)).trainable:,}" in row


def test_the_python_example_runs(digits, monkeypatch):
    monkeypatch.setattr("lenet_keras.data.load", lambda: digits)
    monkeypatch.setitem(RECIPES, "classic", type(RECIPES["classic"])(epochs=1))
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(example, {})


def test_every_make_target_that_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.M)) <= targets


def test_the_supported_versions_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    floor, ceiling = re.findall(r"3\.\d+", project["requires-python"])
    newest = f"3.{int(ceiling.removeprefix('3.')) - 1}"
    assert f"Python {floor}, 3.12 and {newest}" in README
    for package in ("tensorflow", "keras"):
        (needed,) = [d for d in project["dependencies"] if d.startswith(f"{package}>")]
        assert f"`{needed}`" in README


def test_every_link_in_the_readme_leads_somewhere():
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert all((ROOT / link).exists() for link in links), links
