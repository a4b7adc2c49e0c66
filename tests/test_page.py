"""The page keeps its promises: one file, Keras' answers, every layer, every key."""

import base64
import json
import re
from dataclasses import replace

import keras
import numpy as np
import pytest
from helpers import ask_page as ask

from lenet_keras import VARIANTS, build_lenet5, cli, predict, read_digit, to_input
from lenet_keras.evaluation import doubtful
from lenet_keras.images import distort_by
from lenet_keras.page import WEB, export_page

NAMES = ("c1", "s2", "c3", "s4", "c5", "f6", "output")


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


def ink_of(drawing):
    return np.frombuffer(base64.b64decode(drawing["ink"]), np.uint8).reshape(280, 280)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_probabilities_are_keras_own(variant, models, pages, digits):
    images = to_input(digits.test_images[:120])
    answer = ask(pages[variant], "forward", inputs=images.reshape(120, -1).tolist())
    expected = predict(models[variant], images)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-4)
    assert (np.argmax(answer["probabilities"], -1) == expected.argmax(-1)).all()


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
    apart = []
    for drawing in drawings:
        try:
            read = (read_digit(255 - ink_of(drawing))[2:30, 2:30, 0] + 0.1) / 0.005
        except ValueError as refusal:  # it is no single digit: two pieces far apart
            assert "two digits" in str(refusal)
            continue
        framed = np.reshape(drawing["framed"], (28, 28))
        apart.append(np.abs(framed - read).mean())
    # Bytes of 255: the edges of strokes are a little softer on one side.
    assert len(apart) > 0.6 * len(drawings)
    assert np.median(apart) < 3 and np.mean(np.array(apart) < 4) > 0.8


def test_blank_and_full_drawings_show_no_digit_to_page_and_python(pages):
    full = [[[0, y], [280, y]] for y in range(0, 281, 20)]
    answers = ask(pages["classic"], "drawings", drawings=[[], full], width=40)
    for answer in answers:
        assert answer["framed"] is None
        with pytest.raises(ValueError, match="no digit|too dark"):
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
    page = pages[variant].read_text("utf-8")
    assert pages[variant].stat().st_size < 600_000
    assert not re.search(r"https?:|//www|@import|url\(|fetch\(|XMLHttp", page)
    assert set(re.findall(r'(?:src|href)="([^"]*)"', page)) == {"data:,"}
    assert "<!-- network -->" not in page


def test_a_model_that_scales_bytes_itself_gives_the_same_page(models, tmp_path):
    twin = build_lenet5("classic", include_preprocessing=True, name="lenet5_classic")
    twin.set_weights(models["classic"].get_weights())
    pages = [
        export_page(model, tmp_path / "page.html").path.read_text("utf-8")
        for model in (models["classic"], twin)
    ]
    assert pages[0] == pages[1]


def test_the_committed_page_is_that_of_the_shipped_weights(tmp_path):
    page = export_page(build_lenet5("1998", weights="mnist"), tmp_path / "again.html")
    committed = WEB.parent.parent / "figures" / "lenet5.html"
    assert page.path.read_text("utf-8") == committed.read_text("utf-8"), "run make page"


def test_the_doubt_of_the_card_goes_with_its_own_weights(models, tmp_path, monkeypatch):
    rule = {"measure": "probability", "threshold": 0.8}
    card = {"classic-mnist.weights.h5": {"doubt": rule | {"digits_refused": 0.01}}}
    monkeypatch.setattr("lenet_keras.page.card", lambda: card)
    for model, expected in ((models["classic"], rule), (build_lenet5(), None)):
        page = export_page(model, tmp_path / "page.html").path.read_text("utf-8")
        network = re.search(r'id="network"[^>]*>(.*?)</script>', page, re.S)[1]
        assert json.loads(network)["doubt"] == expected


@pytest.mark.parametrize("variant", ["1998", "classic"])
def test_page_and_python_doubt_the_same_readings(variant, digits, tmp_path):
    model = build_lenet5(variant, weights="mnist")
    images = to_input(digits.test_images[:150])
    images = np.concatenate([images, images[:, ::-1], np.roll(images, 9, axis=2)])
    page = export_page(model, tmp_path / "page.html").path
    answer = ask(page, "doubtful", inputs=images.reshape(len(images), -1).tolist())
    expected = doubtful(model, images)
    assert answer == expected.tolist()
    assert 0.1 < expected.mean() < 0.9


def test_a_name_cannot_break_out_of_its_script(tmp_path):
    model = build_lenet5()
    model.name = "</script><b>"
    page = export_page(model, tmp_path / "page.html").path.read_text("utf-8")
    assert "</script><b>" not in page and r"\u003c/script>\u003cb>" in page


def test_its_own_code_stays_small():
    files = [file for file in WEB.iterdir() if file.is_file()]
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    assert max(map(len, lines)) < 300
    assert len(lines) < 3000


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
def test_another_model_is_refused_in_a_line(build, tmp_path):
    said = "32x32 images.*received 'other', which .*Build it with build_lenet5"
    with pytest.raises(ValueError, match=said) as error:
        export_page(build(), tmp_path / "page.html")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_an_activation_that_the_page_lacks_is_named(tmp_path):
    gelu = replace(VARIANTS["classic"], activation="gelu")
    with pytest.raises(ValueError, match="tanh, sigmoid.* has the activation 'gelu'"):
        export_page(build_lenet5(gelu), tmp_path / "page.html")


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
    with pytest.raises(ValueError, match="has other layers"):
        export_page(keras.Model(inputs, x), tmp_path / "page.html")


def test_the_command_writes_the_page_of_a_saved_model(models, tmp_path, capsys):
    model, out = tmp_path / "model.keras", tmp_path / "new" / "page.html"
    models["1998"].save(model)
    assert cli.main(["page", str(model), "--out", str(out)]) == 0
    assert f"Saved {out}" in capsys.readouterr().out.replace("\n", "")
    assert "lenet5_1998" in out.read_text("utf-8")


def test_the_command_takes_a_model_or_a_variant(capsys):
    assert cli.main(["page", "model.keras", "--variant", "1998"]) == 2
    assert "Leave one of them out" in capsys.readouterr().err


def test_both_languages_say_all_that_is_said():
    words = (
        (WEB / "words.js")
        .read_text("utf-8")
        .split("const WORDS = {")[1]
        .split("\n};")[0]
    )
    keys = re.findall(r"^  (\w+): \[", words, re.M)
    assert len(keys) > 100 and len(keys) == len(re.findall(r"^  \w", words, re.M))
    scripts = "".join(file.read_text("utf-8") for file in WEB.glob("*.js"))
    said = set(re.findall(r'say\("(\w+)"', scripts))
    said |= set(
        re.findall(
            r'data-(?:word|label)="(\w+)"', (WEB / "page.html").read_text("utf-8")
        )
    )
    assert said <= set(keys)
