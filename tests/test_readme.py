"""The README tells the truth, in both languages: its numbers are the measured ones."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from lenet_keras import RECIPES, VARIANTS

ROOT = Path(__file__).parent.parent
READMES = {"en": "README.md", "zh": "README.zh.md"}
README, CHINESE = ((ROOT / name).read_text("utf-8") for name in READMES.values())
DOCS = {path.name: path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")}


def test_the_results_are_those_that_the_benchmark_measured():
    import accuracy

    results, page = json.loads(accuracy.RESULTS.read_text("utf-8")), DOCS["results.md"]
    assert accuracy.with_table(page, accuracy.table(results)) == page
    measured = {(row["variant"], row["epochs"]) for row in results.values()}
    assert {(variant, RECIPES[variant].epochs) for variant in VARIANTS} <= measured


def test_the_reproduction_and_what_a_teacher_bought_are_as_recorded():
    import accuracy
    import reproduce
    import taught

    runs, page = json.loads(reproduce.HISTORIES.read_text("utf-8")), DOCS["1998.md"]
    assert accuracy.with_table(page, reproduce.table(runs), "reproduction") == page
    assert accuracy.with_table(page, taught.table(runs), "taught") == page


def test_the_speed_is_what_the_benchmark_measured():
    import accuracy
    import speed

    results = json.loads(speed.RESULTS.read_text("utf-8"))
    page = speed.PAGE.read_text("utf-8")
    for name, table in speed.TABLES.items():
        assert accuracy.with_table(page, table(results), name) == page


@pytest.mark.parametrize("language", READMES)
def test_the_numbers_of_the_readme_are_those_of_the_records(language):
    import readme

    text = readme.PAGES[language].read_text("utf-8")
    assert readme.filled(text, language) == text, "run benchmarks/readme.py"
    for variant in VARIANTS:
        assert f"| `{variant}` |" in text


def numbers(text):
    """All numbers that a reader sees, those of links left out."""
    seen = re.sub(r"\]\([^)]*\)|<!--.*?-->", "", text)
    return set(re.findall(r"\d+(?:[.,]\d+)*", seen))


def test_both_languages_have_the_same_numbers_links_and_commands():
    assert numbers(CHINESE) == numbers(README)
    link, code = r"\]\(([^)]+)\)", r"```sh\n(.*?)```"
    assert set(re.findall(link, CHINESE)) - {"README.md"} == (
        set(re.findall(link, README)) - {"README.zh.md"}
    )
    commands = [
        [line.split("#")[0] for line in block.splitlines()]
        for page in (README, CHINESE)
        for block in re.findall(code, page, re.S)
    ]
    assert commands[0] == commands[1]
    headings = [len(re.findall("^#", page, re.M)) for page in (README, CHINESE)]
    assert headings[0] == headings[1]


def test_the_readme_is_short_and_names_no_address_that_is_not_one():
    assert len(README.encode()) < 9000
    for text in (README, CHINESE, *DOCS.values()):
        assert "OWNER" not in text


def python_example(page):
    (example,) = re.findall(r"```python\n(.*?)```", page, re.S)
    return example


def test_the_python_example_runs(digits, monkeypatch):
    monkeypatch.setattr("lenet_keras.load", lambda: digits)
    example = python_example(README)
    assert example.splitlines()[3].startswith("lenet_keras.use_all_cores()")
    names = {}
    exec(example, names)
    assert names["data"] is digits


def test_both_languages_show_the_same_python():
    english, chinese = (
        re.sub(r"\s*#.*", "", python_example(page)) for page in (README, CHINESE)
    )
    assert english == chinese


def test_every_make_target_that_is_named_exists():
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    )
    for text in (README, CHINESE, *DOCS.values()):
        assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.M)) <= targets


def test_the_supported_versions_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    floor, ceiling = re.findall(r"3\.\d+", project["requires-python"])
    newest = f"3.{int(ceiling.removeprefix('3.')) - 1}"
    assert f"Python {floor}, 3.12 and {newest}" in DOCS["install.md"]
    assert f"Python {floor}, 3.12 or {newest}" in README
    for package in ("tensorflow", "keras"):
        (needed,) = [d for d in project["dependencies"] if d.startswith(f"{package}>")]
        assert f"`{needed}`" in DOCS["install.md"]


def links(text):
    return re.findall(r"\]\((?!https?:|#)([^)#]+)", text)


@pytest.mark.parametrize("name", [*READMES.values(), *(f"docs/{n}" for n in DOCS)])
def test_every_link_leads_somewhere(name):
    file = ROOT / name
    found = [
        link for link in links(file.read_text("utf-8")) if "notebooks/" not in link
    ]
    assert all((file.parent / link).exists() for link in found), found


@pytest.mark.parametrize("name", [*READMES.values(), *(f"docs/{n}" for n in DOCS)])
def test_the_site_has_what_a_text_links_to(name):
    copied = re.search(r"cp -R (.+) build/", (ROOT / "Makefile").read_text())[1].split()
    for link in links((ROOT / name).read_text("utf-8")):
        target = (ROOT / name).parent.joinpath(link).resolve().relative_to(ROOT)
        first = Path(target.parts[0])
        assert any(first.match(each) for each in copied), link


def test_every_notebook_is_listed_and_there_with_its_picture():
    listed = [link for link in links(README) if link.startswith("notebooks/")]
    assert all((ROOT / link).exists() for link in listed), listed
    there = {f"notebooks/{p.name}" for p in (ROOT / "notebooks").glob("*.ipynb")}
    assert there <= set(listed)
