"""The site holds the whole course, asks nothing of elsewhere, and reads a digit."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parent.parent
SITE = ROOT / "site"
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").is_file(), reason="the site is not here: make site"
)


class Addresses(HTMLParser):
    """What a page links to, what it loads, and its places."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.places = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places |= {attributes.get("id"), attributes.get("name")}
        if "src" in attributes:
            self.loads.append(attributes["src"])
        if "href" in attributes:
            kept = self.links if tag == "a" else self.loads
            kept.append(attributes["href"])


def pages():
    return sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)


def test_every_notebook_has_its_page():
    assert {path.stem for path in (SITE / "notebooks").glob("*.html")} == {*NOTEBOOKS}


@pytest.mark.parametrize("first, second", [*pairwise(NOTEBOOKS)])
def test_notebooks_follow_each_other(first, second):
    text = (SITE / "notebooks" / f"{first}.html").read_text(encoding="utf-8")
    following = re.search(r'class="right-next"\s+href="([^"]+)"', text)
    assert following[1] == f"{second}.html"


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_what_is_for_the_machine_is_folded(stem):
    text = (SITE / "notebooks" / f"{stem}.html").read_text(encoding="utf-8")
    checks = re.findall(r'<div class="cell tag_check[^"]*', text)
    assert checks and all("tag_hide-cell" in check for check in checks)
    assert text.count('<details class="admonition hide') >= len(checks)


def test_no_link_is_broken():
    found = {path: Addresses(path) for path in pages()}
    broken = []
    for path, addresses in found.items():
        for link in addresses.links + addresses.loads:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (
                (path.parent / unquote(parts.path)).resolve() if parts.path else path
            )
            places = found[target].places if target in found else {parts.fragment}
            if not target.exists() or (parts.fragment and parts.fragment not in places):
                broken.append((path.name, link))
    assert broken == []


def test_nothing_is_loaded_from_elsewhere():
    for path in pages():
        foreign = [load for load in Addresses(path).loads if urlsplit(load).netloc]
        assert foreign == [], path.name


def test_every_page_has_a_title_and_each_text_a_description():
    for path in pages():
        text = path.read_text(encoding="utf-8")
        assert re.search(r"<title>\s*\S", text), path.name
        if path.parent.name in ("notebooks", "docs"):
            assert 'name="description"' in text, path.name


@pytest.fixture
def visit(chromium):
    """Open a page without a network; fail on any error in the console or request."""
    troubles, contexts = [], []

    def open_(name, width, height):
        size = {"width": width, "height": height}
        contexts.append(chromium.new_context(viewport=size, offline=True))
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("console", lambda m: m.type == "error" and troubles.append(m.text))
        tab.on(
            "request",
            lambda r: (
                r.url.startswith(("file:", "data:", "blob:")) or troubles.append(r.url)
            ),
        )
        tab.goto((SITE / name).as_uri())
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.mark.parametrize("name", [str(path.relative_to(SITE)) for path in pages()])
def test_a_page_fits_the_window(visit, name):
    tab = visit(name, 1366, 768)
    for width, height in ((1366, 768), (390, 844)):
        tab.set_viewport_size({"width": width, "height": height})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_no_table_of_an_output_is_left_as_text():
    for stem in NOTEBOOKS:
        text = (SITE / "notebooks" / f"{stem}.html").read_text(encoding="utf-8")
        assert "<p>| " not in text, stem


def test_the_gallery_has_every_figure_and_the_decks_in_both_languages():
    links = Addresses(SITE / "figures" / "README.html").links
    files = [Path(urlsplit(link).path).name for link in links]
    for path in (ROOT / "figures").glob("*.[sgm][vip][gf4]"):
        assert path.name in files
    assert [files.count(f"lenet5.{kind}") for kind in ("pdf", "pptx")] == [2, 2]


def test_the_page_opens_from_the_texts():
    for name in ("README.html", "README.zh.html", "docs/teaching.html"):
        links = [link for link in Addresses(SITE / name).links if "lenet5.html" in link]
        assert links and not any("_downloads" in link for link in links), name


def test_formulas_are_set(visit):
    stem = next(
        stem
        for stem in NOTEBOOKS
        if 'class="math' in (SITE / f"notebooks/{stem}.html").read_text("utf-8")
    )
    tab = visit(f"notebooks/{stem}.html", 1366, 768)
    tab.wait_for_selector("mjx-container")


def test_the_front_door_reads_a_drawn_digit(visit):
    tab = visit("index.html", 1366, 900)
    page = tab.frame_locator("iframe.page")
    page.locator("body").press("7")
    page.get_by_text("7", exact=True).first.wait_for()
