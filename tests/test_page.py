"""The page keeps its promises: one file, Keras' answers, every layer, every key."""

import base64
import json
import re
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

from lenet_keras import VARIANTS, build_lenet5, cli, predict, read_digit, to_input
from lenet_keras.images import distort_by
from lenet_keras.page import WEB, export_page
from lenet_keras.training import train

RUN_PAGE = __file__.replace("test_page.py", "run_page.js")
NAMES = ("c1", "s2", "c3", "s4", "c5", "f6", "output")


@pytest.fixture(scope="module")
def models(digits):
    """Each variant, trained a little: weights at their start hide rounding."""
    keras.utils.set_random_seed(0)
    models = {name: build_lenet5(name) for name in VARIANTS}
    for model in models.values():
        train(model, digits.train_images, digits.train_labels, epochs=2)
    return models


@pytest.fixture(scope="module")
def pages(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    return {
        name: export_page(model, folder / f"{name}.html").path
        for name, model in models.items()
    }


@pytest.fixture(scope="module")
def drawings(pages):
    """The samples, hard cases and scribbles, each also as the page frames it."""
    generator = np.random.default_rng(0)
    scribbles = [
        generator.uniform(5, 275, (strokes, 6, 2)).tolist() for strokes in (1, 1, 2, 3)
    ] * 5
    special = [
        [[[140, 140]]],  # one dot
        [[[140, 20], [140, 260]]],  # midway between two pixels of the frame
        [[[20, 140], [270, 150]]],
        [[[3, 3], [277, 277]]],  # across two corners
        [[[100, 100], [180, 100]], [[240, 240]]],  # two pieces
    ]
    strokes = ask(pages["classic"], "samples") + special + scribbles
    return [
        drawing
        for width in (12, 20, 34)
        for drawing in ask(pages["classic"], "drawings", drawings=strokes, width=width)
    ]


def ask(page, what, **request):
    """Let Node run the very scripts of a page."""
    if shutil.which("node") is None:
        pytest.skip("Node is not here: install it to run the page's scripts")
    run = subprocess.run(
        ["node", RUN_PAGE, str(page)],
        input=json.dumps({"what": what, **request}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def ink_of(drawing):
    return np.frombuffer(base64.b64decode(drawing["ink"]), np.uint8).reshape(280, 280)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_probabilities_are_keras_own(variant, models, pages, digits):
    images = to_input(digits.test_images[:120])
    answer = ask(pages[variant], "forward", inputs=images.reshape(120, -1).tolist())
    expected = predict(models[variant], images)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)
    assert (np.argmax(answer["probabilities"], -1) == expected.argmax(-1)).all()
    assert answer["milliseconds"] < 10


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_layer_is_keras_own(variant, models, pages, digits):
    image = to_input(digits.test_images[:1])
    layers = ask(pages[variant], "layers", input=image.ravel().tolist())
    model = models[variant]
    names = {"s2": "s2_squash", "s4": "s4_squash"} if variant == "tanh" else {}
    for name in NAMES[:-1]:  # the output is compared as probabilities
        layer = model.get_layer(names.get(name, name))
        maps = np.asarray(keras.Model(model.inputs, layer.output)(image))[0]
        expected = np.moveaxis(maps, -1, 0).ravel()
        np.testing.assert_allclose(layers[name], expected, atol=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_sum_of_any_unit_works_out_to_the_layers_own(variant, pages, digits):
    image = to_input(digits.test_images[1])
    errors = ask(pages[variant], "explain", input=image.ravel().tolist())
    assert tuple(errors) == NAMES
    assert max(errors.values()) < 1e-9


def test_a_drawing_is_framed_as_read_digit_frames_its_picture(drawings):
    for drawing in drawings:
        read = read_digit(255 - ink_of(drawing))[2:30, 2:30, 0]
        np.testing.assert_allclose(
            np.reshape(drawing["framed"], (28, 28)), (read + 0.1) / 0.005, atol=1.001
        )


def test_blank_and_full_drawings_show_no_digit_to_page_and_python(pages):
    full = [[[0, y], [280, y]] for y in range(0, 281, 20)]
    answers = ask(pages["classic"], "drawings", drawings=[[], full], width=40)
    for answer in answers:
        assert answer["framed"] is None
        with pytest.raises(ValueError, match="shows no digit"):
            read_digit(255 - ink_of(answer))


def test_the_sliders_distort_as_the_training_does(pages, digits):
    image = to_input(digits.test_images[2])
    chosen = [
        {"shiftX": 3.3, "shiftY": -2, "scale": 0.7, "squeeze": 1.3, "rotation": 25},
        {"rotation": -40},
        {"shiftX": -8},
    ]
    distorted = ask(
        pages["classic"], "distort", input=image.ravel().tolist(), distortions=chosen
    )
    for by, values in zip(chosen, distorted, strict=True):
        order = ("shiftX", "shiftY", "scale", "squeeze", "shear", "rotation", "stroke")
        rest = {"scale": 1, "squeeze": 1} | by
        parameters = np.float32([[rest.get(name, 0) for name in order]])
        expected = np.ravel(distort_by(image, parameters))
        np.testing.assert_allclose(values, expected, atol=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_page_is_one_small_file_that_refers_to_nothing_outside(variant, pages):
    page = pages[variant].read_text()
    assert pages[variant].stat().st_size < 500_000
    assert not re.search(r"https?:|//www|@import|url\(|fetch\(|XMLHttp", page)
    assert set(re.findall(r'(?:src|href)="([^"]*)"', page)) == {"data:,"}
    assert "<!-- network -->" not in page


def test_a_model_that_scales_bytes_itself_gives_the_same_page(models, tmp_path):
    twin = build_lenet5("classic", include_preprocessing=True, name="lenet5_classic")
    twin.set_weights(models["classic"].get_weights())
    pages = [
        export_page(model, tmp_path / "page.html").path.read_text()
        for model in (models["classic"], twin)
    ]
    assert pages[0] == pages[1]


def test_the_committed_page_is_that_of_the_shipped_weights(tmp_path):
    page = export_page(build_lenet5("1998", weights="mnist"), tmp_path / "again.html")
    committed = WEB.parent.parent / "figures" / "lenet5.html"
    assert page.path.read_text() == committed.read_text(), "run make page"


def test_a_name_cannot_break_out_of_its_script(tmp_path):
    model = build_lenet5()
    model._name = "</script><b>"
    page = export_page(model, tmp_path / "page.html").path.read_text()
    assert "</script><b>" not in page


def test_a_notebook_shows_the_page_inline(pages):
    from lenet_keras.page import Page

    frame = Page(pages["classic"])._repr_html_()
    assert frame.startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert re.fullmatch(r"<iframe( \w+=\"[^\"]*\")+></iframe>", frame)


def no_lenet():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="other")


def too_wide():
    return build_lenet5(input_shape=(32, 64, 1), name="other")


@pytest.mark.parametrize("build", [no_lenet, too_wide])
def test_another_model_is_refused_with_the_layers_expected(build, tmp_path):
    with pytest.raises(ValueError, match="(?s)c1 .*Conv2D 5x5.*received 'other'"):
        export_page(build(), tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_a_lenet_with_a_changed_layer_is_refused(tmp_path):
    layers = keras.layers
    x = inputs = keras.Input((32, 32, 1))
    x = layers.Conv2D(6, 5, activation="tanh", name="c1")(x)
    x = layers.AveragePooling2D(2, name="s2")(x)
    x = layers.Conv2D(16, 5, activation="relu", name="c3")(x)  # the others have tanh
    x = layers.AveragePooling2D(2, name="s4")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(120, activation="tanh", name="c5")(x)
    x = layers.Dense(84, activation="tanh", name="f6")(x)
    x = layers.Dense(10, activation="softmax", name="output")(x)
    with pytest.raises(ValueError, match="Build the model with build_lenet5"):
        export_page(keras.Model(inputs, x), tmp_path / "page.html")


def test_the_command_writes_the_page_of_a_saved_model(models, tmp_path):
    model, out = tmp_path / "model.keras", tmp_path / "new" / "page.html"
    models["1998"].save(model)
    command = [sys.executable, "-m", "lenet_keras", "page", model, "--out", out]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert f"Saved {out}" in run.stdout.replace("\n", "")
    assert "lenet5_1998" in out.read_text()


def test_the_command_takes_a_model_or_a_variant(capsys):
    assert cli.main(["page", "model.keras", "--variant", "1998"]) == 2
    assert "Leave one of them out" in capsys.readouterr().err


def test_both_languages_say_the_same_things():
    words = (WEB / "words.js").read_text()
    english, chinese = words.split("  zh: {")
    keys = [re.findall(r"^    (\w+):", half, re.M) for half in (english, chinese)]
    assert keys[0] == keys[1]


# In a browser


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
