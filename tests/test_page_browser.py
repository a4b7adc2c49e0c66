"""The page in a browser: drawn on, asked, broken, taught, by every kind of hand."""

import shutil

import numpy as np
import pytest

from lenet_keras import VARIANTS, read_digit

NAMES = ("c1", "s2", "c3", "s4", "c5", "f6", "output")


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium: playwright's own, or one that is installed."""
    api = pytest.importorskip("playwright.sync_api", reason="make browser fetches it")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    installed = next(filter(None, map(shutil.which, names)), None)
    with api.sync_playwright() as playwright:
        for path in (None, installed):
            try:
                browser = playwright.chromium.launch(
                    executable_path=path, args=["--no-sandbox"]
                )
                break
            except api.Error as error:
                reason = str(error).splitlines()[0]
        else:
            pytest.skip(f"Chromium does not start: {reason}")
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, pages):
    """Open pages from disk, offline; fail on any console error, request or overflow."""
    troubles, contexts = [], []

    def open_(variant="1998", size=(1366, 768), **options):
        width, height = size
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            offline=True,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        tab = context.new_page()
        url = pages[variant].as_uri()
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("request", lambda r: r.url == url or troubles.append(r.url))
        tab.goto(url)
        settle(tab)
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert not troubles


def settle(tab):
    """Wait until the page has redrawn itself."""
    tab.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def answer(tab):
    settle(tab)
    return tab.inner_text("#answer")


def test_a_stroke_drawn_with_the_mouse_is_read_live(open_page):
    tab = open_page()
    box = tab.locator("#pad").bounding_box()
    middle = box["x"] + box["width"] / 2
    tab.mouse.move(middle, box["y"] + 0.15 * box["height"])
    tab.mouse.down()
    lengths = []
    for part in (0.3, 0.5, 0.7, 0.85):
        tab.mouse.move(middle, box["y"] + part * box["height"])
        settle(tab)
        lengths.append(
            tab.evaluate("drawInk(state.strokes, 20).filter(Boolean).length")
        )
    tab.mouse.up()
    assert lengths == sorted(set(lengths))  # the sample went, the stroke grew
    assert tab.evaluate("state.strokes.length") == 1
    probabilities = tab.evaluate("state.states.probabilities")
    assert answer(tab) == str(np.argmax(probabilities))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_click_on_a_unit_of_each_layer_works_out_its_sum(variant, open_page):
    tab = open_page(variant)
    for name in NAMES:
        tab.click(f"#{name}", position={"x": 6, "y": 6})
        settle(tab)
        assert tab.evaluate("state.unit.name") == name
        panel = tab.inner_text("#unit")
        shown = "Output" if name == "output" else name.upper()
        assert f"{shown}, " in panel and "It sees " in panel and "Sum " in panel
        if name == "c3" and variant == "1998":
            assert "S2 maps 0, 1, 2" in panel


def test_the_keyboard_alone_draws_reads_and_looks_inside(open_page):
    tab = open_page()
    tab.focus("#language")
    while tab.evaluate("document.activeElement.id") != "pad":
        tab.keyboard.press("Tab")
    for key in ("c", *["ArrowUp"] * 12, "Space", *["ArrowDown"] * 24, "Space"):
        tab.keyboard.press(key)
    assert answer(tab) in "0123456789"
    assert tab.evaluate("state.strokes[0].length") == 25
    tab.keyboard.press("Tab")
    for name in NAMES:
        tab.keyboard.press("PageDown")
        settle(tab)
        assert tab.evaluate("state.unit.name") == name
    while tab.evaluate("document.activeElement.id") != "c3":
        tab.keyboard.press("Tab")
    for key in ("Enter", "ArrowRight", "ArrowDown", "x"):
        tab.keyboard.press(key)
        settle(tab)
    assert tab.evaluate("state.off.size") == 1
    assert "switched off" in tab.inner_text("#unit")
    tab.keyboard.press("Escape")
    settle(tab)
    assert tab.evaluate("state.unit") is None


def test_the_keys_of_a_presenter(open_page):
    tab = open_page()
    for digit in "0123456789":
        tab.keyboard.press(digit)
        settle(tab)
        assert tab.evaluate("state.strokes.length") > 0
    tab.keyboard.press("l")
    assert tab.evaluate("document.documentElement.lang") == "zh"
    tab.keyboard.press("d")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
    tab.keyboard.press("t")
    assert tab.get_attribute("#large", "aria-pressed") == "true"
    tab.keyboard.press("?")
    assert tab.is_visible("#help")
    tab.keyboard.press("Escape")
    tab.keyboard.press("c")
    assert answer(tab) == "–"


def test_the_sliders_change_the_picture_or_break_the_network_and_reset(open_page):
    tab = open_page()
    for name in ("stroke", "shiftX", "rotation", "noise", "weightNoise"):
        before = tab.evaluate("Array.from(state.states.c1.values)")
        tab.locator(f"#{name}").press("End")
        settle(tab)
        assert tab.evaluate("Array.from(state.states.c1.values)") != before, name
    tab.keyboard.press("r")
    settle(tab)
    assert tab.evaluate("state.network === trained && state.settings.noise === 0")


def test_the_saved_picture_is_read_by_python_as_by_the_page(open_page, tmp_path):
    tab = open_page()
    tab.keyboard.press("7")
    settle(tab)
    with tab.expect_download() as download:
        tab.keyboard.press("s")
    download.value.save_as(tmp_path / "digit.png")
    seen = tab.evaluate("Array.from(state.states.input.values)")
    read = read_digit(tmp_path / "digit.png")
    np.testing.assert_allclose(np.ravel(read), seen, atol=0.00501)


@pytest.mark.parametrize("size", [(1920, 1080), (1366, 768), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_its_screen_and_follows_its_theme(open_page, size, scheme):
    tab = open_page(size=size, color_scheme=scheme)
    assert tab.evaluate("document.documentElement.dataset.theme") == scheme
    for name in NAMES:
        tab.keyboard.press("PageDown")
        settle(tab)
        width = tab.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0], name
    tab.keyboard.press("t")  # larger type must leave the maps their room
    settle(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert tab.locator("#c1").bounding_box()["width"] > 300


def test_every_control_has_a_name_for_a_screen_reader(open_page):
    tab = open_page()
    nameless = tab.evaluate(
        """[...document.querySelectorAll("button, input, canvas, [role]")].filter(
            (e) => !(e.textContent.trim() || e.getAttribute("aria-label") ||
                e.closest("label, [aria-hidden], [role=status], dialog"))
        ).map((e) => e.outerHTML)"""
    )
    assert nameless == []
    tab.wait_for_timeout(1000)  # it speaks once the page has been still
    assert "The answer is" in tab.inner_text("#live")
