"""The page in a browser: drawn on, asked, broken, taught, by every kind of hand."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv, to_rgb

from lenet_keras import VARIANTS, build_lenet5, export_page, plots, predict, read_digit
from lenet_keras.page import WEB

NAMES = ("c1", "s2", "c3", "s4", "c5", "f6", "output")


@pytest.fixture
def open_page(chromium, pages):
    """Open pages from disk, offline; fail on any console error, request or overflow."""
    troubles, contexts = [], []

    def open_(variant="1998", size=(1366, 768), page=None, hash_="", **options):
        width, height = size
        url = (page or pages[variant]).as_uri()
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            offline=True,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: troubles.append(message.text))
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("request", lambda r: is_own(r.url, url) or troubles.append(r.url))
        tab.goto(url + hash_)
        settle(tab)
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert not troubles


def is_own(asked, url):
    """The page itself, or what it made for a download."""
    return asked.split("#")[0] == url or asked.startswith("blob:")


def settle(tab):
    """Wait until the page has redrawn itself."""
    tab.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def wait(tab, condition):
    """Wait for a condition of the page; its policy forbids playwright's own way."""
    for _ in range(900):
        if tab.evaluate(condition):
            return settle(tab)
        tab.wait_for_timeout(100)
    raise AssertionError(condition)


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
        lengths.append(tab.evaluate("state.ink.filter(Boolean).length"))
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
    for key in (*["ArrowUp"] * 12, "Space", *["ArrowDown"] * 24, "Space"):
        tab.keyboard.press(key)  # over the sample that the page opens with
    assert tab.evaluate("state.strokes.length") == 1
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
    assert "Switched off → 0.00" in tab.inner_text("#unit")
    tab.keyboard.press("x")
    tab.keyboard.press("Escape")
    settle(tab)
    assert tab.evaluate("state.unit") is None
    tab.keyboard.press("i")
    for place, running in (("labels", True), ("stop", False)):
        while not tab.evaluate(f"$('{place}').contains(document.activeElement)"):
            tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")
        assert tab.evaluate("lessons.running !== null") is running


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
    assert answer(tab) == tab.evaluate("say('none')")


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
    assert np.abs(np.ravel(read) - seen).mean() < 0.02  # but for the edges of strokes


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
    tab.keyboard.press("PageDown")
    tab.wait_for_timeout(1000)
    assert "C1, map " in tab.inner_text("#live")


CROSS = [[[60, 60], [220, 220]], [[220, 60], [60, 220]]]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The page of trained weights that read well, and doubt."""
    model = build_lenet5("classic", weights="mnist")
    return export_page(model, tmp_path_factory.mktemp("shipped") / "page.html").path


def draw(tab, strokes):
    tab.evaluate(
        "strokes => {clear(); for (const s of strokes)"
        " {startStroke(s[0]); s.slice(1).forEach(extendStroke)}}",
        strokes,
    )
    settle(tab)


def test_one_colour_language_the_figures_colours_in_both_themes(open_page):
    light, dark = re.findall(
        r":root.*?\{(.*?)\}", (WEB / "page.css").read_text("utf-8"), re.S
    )
    figures = {"minus": plots.NEGATIVE, "plus": plots.POSITIVE, "frame": plots.MARK}
    for name, colour in figures.items():
        own, lighter = (re.search(f"--{name}: (#\\w+)", s)[1] for s in (light, dark))
        assert own == colour.lower()
        assert abs(hue(lighter) - hue(colour)) < 0.05, name
    tab = open_page()
    assert tab.evaluate("signedColour(1, 1)[2] > signedColour(1, 1)[1]")


def hue(colour):
    return rgb_to_hsv(to_rgb(colour))[0]


def test_doubt_is_the_cards_rule(open_page):
    tab = open_page()
    doubt = """([rule, y, p]) =>
        isDoubtful({output: {values: y}, probabilities: p}, rule)"""
    far = {"measure": "distance", "threshold": 10}
    assert tab.evaluate(doubt, [far, [32, 60], [1, 0]]) is True
    assert tab.evaluate(doubt, [far, [5, 60], [1, 0]]) is False
    unsure = {"measure": "probability", "threshold": 0.8}
    assert tab.evaluate(doubt, [unsure, [0, 0], [0.7, 0.3]]) is True
    assert tab.evaluate(doubt, [unsure, [0, 0], [0.9, 0.1]]) is False
    assert tab.evaluate(doubt, [None, [0, 0], [0.9, 0.1]]) is None
    # These weights are no shipped ones: the distance is shown, and not judged.
    assert tab.inner_text("#verdict").startswith("y = ")
    assert "like" not in tab.inner_text("#verdict")
    tab.evaluate("description.doubt = {measure: 'distance', threshold: 0.01}; update()")
    settle(tab)
    assert "like no digit" in tab.inner_text("#verdict")
    assert tab.get_attribute("#answer", "class") == "doubtful"


def test_pointing_lights_up_what_a_unit_reads_and_what_reads_it(open_page):
    tab = open_page()
    before = tab.evaluate("$('s2').toDataURL() + $('s4').toDataURL()")
    tab.hover("#c3", position={"x": 30, "y": 12})
    settle(tab)
    hover = tab.evaluate("state.hover")
    assert hover["name"] == "c3" and tab.evaluate("state.unit") is None
    assert tab.evaluate("$('s2').toDataURL() + $('s4').toDataURL()") != before
    place = (hover["map"] * 10 + hover["row"]) * 10 + hover["column"]
    value = tab.evaluate("place => show(state.states.c3.values[place])", place)
    assert tab.inner_text("#hint").endswith(f"gives {value}")
    assert f"gives {value}" in tab.inner_text("#unit")
    tab.hover("h1")
    settle(tab)
    assert tab.evaluate("state.hover") is None and not tab.is_visible("#hint")
    assert tab.evaluate("$('s2').toDataURL() + $('s4').toDataURL()") == before


def test_play_goes_over_each_unit_or_term_and_ends_at_the_sum(open_page):
    tab = open_page()
    lengths = {"c1": 784, "s2": 196, "c3": 100, "c5": 16, "f6": 120, "output": 84}
    for name, length in lengths.items():
        tab.evaluate("name => choose(strongest(name))", name)
        settle(tab)
        tab.evaluate("for (let i = 0; i < 7; i++) stepPlay()")
        settle(tab)
        assert tab.evaluate("[play.at, playLength(play.unit)]") == [7, length]
        if name in ("c1", "s2", "c3"):  # the seventh unit of the map's first row
            assert tab.evaluate("[state.unit.row, state.unit.column]") == [0, 6]
            assert tab.evaluate("name => unfilledIn(name).from", name) == 7
            continue
        assert "After 7 terms" in tab.inner_text("#unit")
        tab.evaluate("length => advance(length)", length)
        settle(tab)
        before, after = tab.inner_text("#unit").split(f"After {length} terms ")
        assert f"= {after.split()[0]}" in before
    tab.keyboard.press("p")  # and by itself, at the speed that is set
    assert tab.evaluate("play.isRunning")
    tab.keyboard.press("p")
    assert not tab.evaluate("play.isRunning")


def test_it_learns_what_it_is_told_and_undoes_it(open_page, shipped, tmp_path):
    tab = open_page(page=shipped)
    draw(tab, CROSS)
    assert answer(tab) != "4"
    before = tab.evaluate("Array.from(state.network.f6.kernels)")
    tab.click("#wrong")
    tab.click("#labels button:nth-child(5)")
    wait(tab, "!lessons.running && lessons.measures.length")
    assert answer(tab) == "4"
    assert tab.get_attribute("#answer", "class") == ""  # and not in doubt any more
    status = tab.inner_text("#learnStatus")
    assert "It has learned" in status and "of 200 other strokes" in status
    with tab.expect_download() as download:
        tab.click("#saveWeights")
    download.value.save_as(tmp_path / "learned.npz")
    learned = build_lenet5("classic", weights=tmp_path / "learned.npz")
    seen = np.float32(tab.evaluate("Array.from(state.states.input.values)"))
    expected = predict(learned, seen.reshape(1, 32, 32, 1))[0]
    shown = tab.evaluate("state.states.probabilities")
    np.testing.assert_allclose(shown, expected, atol=1e-4)
    tab.click("#undoLesson")
    assert answer(tab) != "4"
    assert tab.evaluate("Array.from(state.network.f6.kernels)") == before
    assert tab.is_disabled("#undoLesson")


def test_a_lesson_that_ends_in_doubt_says_so(open_page, shipped):
    ended = "howItEnded({isLearned: %s, isInDoubt: %s})"
    for page, doubtful in ((None, "learnedUnlike"), (shipped, "learnedUnsure")):
        tab = open_page(page=page)
        assert tab.evaluate(ended % ("true", "true")) == doubtful
        assert tab.evaluate(ended % ("true", "false")) == "learned"
        assert tab.evaluate(ended % ("false", "false")) == "notYet"  # from scratch
        tab.evaluate("lessons.digits = [0]")
        assert tab.evaluate(ended % ("false", "false")) == "notLearned"
        assert "one more lesson?" in tab.evaluate("key => say(key)", doubtful)


def test_it_learns_from_scratch_beside_the_page_and_can_be_stopped(open_page):
    tab = open_page()
    tab.evaluate("void (backward = lesson = () => {throw Error('it would wait')})")
    tab.keyboard.press("i")
    tab.click("#scratch")
    wait(tab, "lessons.measures.length > 0")
    assert tab.evaluate("lessons.measures[0].strokes") > 0.5
    draw(tab, CROSS)  # the pad answers while it learns
    assert tab.evaluate("state.strokes.length") == 2
    tab.click("#stop")
    settle(tab)
    assert tab.evaluate("lessons.running") is None
    tab.click("#forget")
    assert tab.evaluate("state.network === trained && lessons.past.length === 0")


def test_a_link_opens_the_same_picture(open_page):
    tab = open_page()
    draw(tab, CROSS)
    tab.locator("#rotation").press("End")
    tab.evaluate("choose({name: 'c3', map: 4, row: 2, column: 7})")
    for key in ("x", "l"):
        tab.keyboard.press(key)
    settle(tab)
    wait(tab, "location.hash.includes('off=c3.4')")
    twin = open_page(hash_=tab.evaluate("location.hash"))
    for what in (
        "[state.strokes, state.settings, [...state.off], state.unit, language]",
        "Array.from(state.states.output.values)",
        "$('pad').toDataURL()",
        "$('c3').toDataURL()",
    ):
        assert twin.evaluate(what) == tab.evaluate(what)


def test_a_spoiled_link_breaks_nothing(open_page):
    tab = open_page()
    for hash_ in (
        "#d=zz<b>&unit=c9.1.2.3&off=output.1_c1.99&rotation=NaN&lang=<script>",
        "#d=zzzz&unit=c3.-1.0.0&scale=1e99&noise=&lang=xx",
        "#%00%ff&&&==",
    ):
        tab.evaluate("text => {location.hash = text}", hash_)
        tab.wait_for_timeout(100)
        settle(tab)
        state = "[state.unit, state.off.size, state.settings.rotation]"
        assert tab.evaluate(state) == [None, 0, 0]
        assert tab.evaluate("state.settings.scale <= 1.6")
        assert len(answer(tab)) > 0


def test_the_link_is_copied(open_page):
    tab = open_page(permissions=["clipboard-read", "clipboard-write"])
    draw(tab, CROSS)
    tab.keyboard.press("k")
    wait(tab, "$('link').textContent === 'Copied'")
    assert "d=" in tab.evaluate("navigator.clipboard.readText()")


def test_the_walk_points_at_six_places_in_both_languages(open_page):
    tab = open_page()
    tab.keyboard.press("w")
    titles = []
    for number in range(6):
        settle(tab)
        titles.append(tab.inner_text("#cardTitle"))
        assert titles[-1].startswith(f"{number + 1}/6")
        box = tab.locator("#card").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 1366
        assert box["y"] >= 0 and box["y"] + box["height"] <= 768
        assert tab.locator(".pointed").count() == 1
        tab.keyboard.press("l")
        assert tab.inner_text("#cardTitle") not in titles
        tab.keyboard.press("l")
        tab.click("#cardNext")
    assert not tab.is_visible("#card") and tab.locator(".pointed").count() == 0
    tab.keyboard.press("w")
    tab.keyboard.press("Escape")
    assert not tab.is_visible("#card")


def test_the_challenges_check_themselves(open_page, shipped):
    tab = open_page(page=shipped)
    tab.click("#challenge1")
    settle(tab)
    for value in (-45, -60, 60, 75, 90):
        tab.evaluate("value => set('rotation', value)", value)
        settle(tab)
    share = tab.evaluate("challenges.broken.share")
    assert 0 < share <= 0.5
    assert "“Rotation”" in tab.inner_text("#challenges")
    tab.click("#challenge2")
    settle(tab)
    assert answer(tab) == "4" and not tab.evaluate("challenges.turned")
    tab.evaluate("startStroke([106, 40]); extendStroke([179, 56]); update()")
    assert answer(tab) == "4" and not tab.evaluate("challenges.turned")
    tab.click("#challenge2")
    # Across its top, in an arc.
    arc = "[95, 30], [105, 23], [118, 16], [130, 12], [142, 10], [155, 12], [167, 16]"
    tab.evaluate(
        f"startStroke([95, 30]); for (const p of [{arc}, [190, 40]]) "
        "extendStroke(p); update()"
    )
    settle(tab)
    assert tab.evaluate("state.strokes.length === SAMPLES[4].length + 1")
    assert answer(tab) == "9" and tab.evaluate("challenges.turned")
    draw(tab, CROSS)
    tab.evaluate("description.doubt = {measure: 'probability', threshold: 0.01}")
    tab.evaluate("noteFooled(ranking(state.states)[1])")
    assert tab.evaluate("challenges.fooled.length") == 2


def test_a_challenge_says_that_it_is_for_the_untaught_network(open_page):
    tab = open_page()
    draw(tab, CROSS)
    tab.evaluate("teach(4); stopLesson(); lessons.network = structuredClone(trained)")
    tab.evaluate("finish('stopped')")
    assert tab.inner_text("#challenges").count("press “Forget all”") == 2
    tab.evaluate("forgetAll()")
    assert "press “Forget all”" not in tab.inner_text("#challenges")


@pytest.mark.parametrize("broken", ["set('weightNoise', 1)", "state.off.add('c1/0')"])
def test_a_broken_network_is_repaired_before_it_learns(broken, open_page):
    tab = open_page()
    draw(tab, CROSS)
    tab.evaluate(f"showTab('learn'); {broken}")
    for begin in ("teach(4)", "learnFromScratch()"):
        tab.evaluate(begin)
        settle(tab)
        assert "repair it first" in tab.text_content("#learnStatus")
        assert tab.evaluate("lessons.running === null && !lessons.past.length")


def test_a_network_that_reads_no_digits_is_not_taught_any(open_page, tmp_path):
    letters = build_lenet5("1998", classes="ABCDEFGHIJ")
    tab = open_page(page=export_page(letters, tmp_path / "letters.html").path)
    draw(tab, CROSS)
    tab.evaluate("showTab('learn'); teach(4)")
    settle(tab)
    assert "read the digits 0 to 9" in tab.text_content("#learnStatus")
    assert tab.evaluate("lessons.running === null")
    assert tab.locator("#challenges button").count() == 0


def test_a_step_after_the_last_begins_again(open_page):
    tab = open_page()
    tab.evaluate("stepPlay(); play.at = playLength(play.unit); stepPlay()")
    assert tab.evaluate("play.at") == 1


def test_in_a_notebook_there_is_no_link_to_copy(open_page, pages):
    tab = open_page()
    tab.evaluate(
        """page => {
            const frame = document.createElement("iframe");
            Object.assign(frame, { id: "notebook", srcdoc: page });
            document.body.append(frame);
        }""",
        pages["1998"].read_text("utf-8"),
    )
    inside = tab.frame_locator("#notebook")
    inside.locator("#unit, #start").first.wait_for(state="attached")
    assert tab.is_visible("#link") and not inside.locator("#link").is_visible()


def test_the_cards_of_the_walk_are_spoken(open_page):
    tab = open_page()
    for number in (1, 2):
        tab.evaluate(f"openCard({number})")
        text = tab.inner_text("#cardText")
        wait(tab, f"$('live').textContent.endsWith({text!r})")


def test_the_ring_of_the_keys_shows_only_for_the_keys(open_page):
    tab = open_page()
    tab.keyboard.press("c")
    box = tab.locator("#pad").bounding_box()
    tab.mouse.click(box["x"] + 40, box["y"] + 40)
    settle(tab)
    assert not tab.evaluate("state.pen.isKeys")
    assert tab.evaluate("document.activeElement.id") == "pad"
    tab.keyboard.press("ArrowUp")
    settle(tab)
    assert tab.evaluate("state.pen.isKeys")


def test_the_heading_is_a_name_and_a_name_is_text(open_page, models, tmp_path):
    tab = open_page()
    assert "the network of 1998" in tab.inner_text("#about")
    assert "lenet5_" not in tab.inner_text("body")
    model = models["modern"]
    own = build_lenet5("modern", name="mine")
    own.set_weights(model.get_weights())
    own.name = "<img src=x onerror=alert(1)></script>"
    tab = open_page(page=export_page(own, tmp_path / "page.html").path)
    assert "<img src=x onerror=alert(1)></script>" in tab.inner_text("#about")
    assert tab.locator("img").count() == 0


def test_the_panel_of_a_unit_ends_above_the_fold(open_page):
    tab = open_page(size=(1366, 768))
    for name in NAMES:
        tab.evaluate("name => choose(strongest(name))", name)
        settle(tab)
        box = tab.locator("#unit").bounding_box()
        assert box["y"] + box["height"] <= 768, name
    tab.evaluate("choose({name: 'c3', map: 15, row: 3, column: 3})")  # it reads six
    settle(tab)
    box = tab.locator("#unit").bounding_box()
    assert box["y"] + box["height"] <= 768


def test_a_phone_shows_pad_and_layers_and_a_tap_moves_nothing(open_page):
    tab = open_page(size=(390, 844), has_touch=True, is_mobile=True)
    assert tab.locator("#pad").bounding_box()["y"] < 300
    assert tab.locator("#c1").bounding_box()["y"] < 844
    tab.evaluate("scrollTo(0, 300)")
    settle(tab)
    pad = tab.locator("#pad").bounding_box()
    assert 0 <= pad["y"] < 20 and tab.locator("#answer").is_visible()
    top = tab.evaluate("scrollY")
    box = tab.locator("#c3").bounding_box()
    assert pad["y"] + pad["height"] < box["y"] + box["height"] < 844
    tab.touchscreen.tap(box["x"] + 40, box["y"] + box["height"] - 10)
    settle(tab)
    assert tab.evaluate("state.unit.name") == "c3"
    assert tab.evaluate("scrollY") == top
    assert tab.is_visible("#unit")
    tab.tap("#fold")
    assert not tab.is_visible("#unit")
    tab.touchscreen.tap(pad["x"] + 50, pad["y"] + 50)
    settle(tab)
    assert tab.evaluate("state.strokes.length") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_check_finds_nothing_serious(scheme, open_page):
    name = "axe_playwright_python.sync_playwright"
    axe = pytest.importorskip(name, reason="make browser fetches it")
    tab = open_page(color_scheme=scheme)
    for show in (
        "showTab('start')",
        "choose(strongest('c3'))",
        "showTab('learn')",
        "openCard(1)",
        "$('help').showModal()",
        "clear()",
    ):
        tab.evaluate(show)
        settle(tab)
        found = axe.Axe().run(tab).response["violations"]
        serious = [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]])
            for violation in found
            if violation["impact"] in ("serious", "critical")
        ]
        assert serious == [], show


def test_firefox_opens_it_and_learns(shipped):
    """Debian's Firefox, driven by puppeteer-core: `make browser` fetches that."""
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    node = shutil.which("node")
    folder = Path(__file__).parent.parent / ".venv" / "node"
    modules = os.environ.get("NODE_PATH", folder / "node_modules")
    if not (firefox and node and (Path(modules) / "puppeteer-core").is_dir()):
        pytest.skip("Firefox, Node or puppeteer-core is not here")
    script = Path(__file__).with_name("run_firefox.js")
    run = subprocess.run(
        [node, script, firefox, shipped.as_uri()],
        capture_output=True,
        text=True,
        timeout=180,
        env=os.environ | {"NODE_PATH": str(modules)},
    )
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert seen["errors"] == []
    assert seen["answer"] in "0123456789" and seen["unit"] == "c3"
    assert seen["learned"] == "4" and seen["undone"] != "4"
    assert all(width <= size for size, width in seen["widths"])
