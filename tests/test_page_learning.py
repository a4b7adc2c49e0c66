"""The page learns as Keras does: its gradients, its lessons, the weights it saves."""

import base64
import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import ask_page as ask

from lenet_keras import VARIANTS, build_lenet5, cli, to_input
from lenet_keras.losses import MaximumAPosteriori
from lenet_keras.page import export_page

FEW = {"learned": [300, 5], "heldOut": [60, 77]}  # strokes of the page, and their seeds


def arrays_of(answer):
    return np.load(io.BytesIO(base64.b64decode(answer)), allow_pickle=False)


def in_float64(model):
    """The same network, so that its gradients are exact beside the page's."""
    config = model.get_config()
    for layer in config["layers"]:
        layer["config"]["dtype"] = "float64"
    twin = type(model).from_config(config)
    twin.set_weights(model.get_weights())
    return twin


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_gradients_are_keras_own(variant, models, pages, digits):
    images, labels = to_input(digits.test_images[:6]), digits.test_labels[:6]
    asked = {"inputs": images.reshape(6, -1).tolist(), "labels": labels.tolist()}
    answer = ask(pages[variant], "gradients", **asked)
    model = in_float64(models[variant])
    criterion = {
        "1998": MaximumAPosteriori(reduction=None),
        "tanh": keras.losses.SparseCategoricalCrossentropy(True, reduction=None),
    }.get(variant, keras.losses.SparseCategoricalCrossentropy(reduction=None))
    with tf.GradientTape() as tape:
        losses = criterion(labels, model(tf.cast(images, tf.float64)))
    expected = tape.gradient(losses, [v.value for v in model.trainable_weights])
    np.testing.assert_allclose(answer["losses"], losses, rtol=1e-5, atol=1e-6)
    gradients = arrays_of(answer["npz"])
    for weight, gradient in zip(model.trainable_weights, expected, strict=True):
        largest = np.abs(gradient).max()
        difference = np.abs(gradients[weight.path] - gradient).max()
        assert difference <= 1e-5 * largest, weight.path


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_saved_weights_load_into_the_same_network(variant, models, pages, tmp_path):
    path = tmp_path / "page.npz"
    path.write_bytes(base64.b64decode(ask(pages[variant], "npz")))
    loaded = build_lenet5(variant, weights=path)
    for own, other in zip(models[variant].weights, loaded.weights, strict=True):
        assert own.path == other.path
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("variant", ["1998", "classic"])
def test_it_learns_from_random_weights(variant, pages):
    answer = ask(pages[variant], "learn", taught=[], stored=FEW, most=40)
    errors = [measure["strokes"] for measure in answer["measures"]]
    assert errors[0] > 0.7 and errors[-1] < 0.4


def test_it_learns_what_it_is_told_with_every_weight_and_forgets_little(tmp_path):
    # The shipped weights: a network that reads the strokes well has what to forget.
    model = build_lenet5("classic", weights="mnist")
    cross = [[[60, 60], [220, 220]], [[220, 60], [60, 220]]]
    taught = [{"strokes": cross, "label": 4}]
    page = export_page(model, tmp_path / "page.html").path
    answer = ask(page, "learn", taught=taught, stored=FEW, most=80)
    assert answer["before"] != [4] and answer["after"] == [4]
    assert not answer["inDoubt"] and answer["measures"][-1]["isLearned"]
    assert answer["measures"][-1]["strokes"] <= answer["measures"][0]["strokes"] + 0.1
    learned = arrays_of(answer["npz"])
    for weight in model.trainable_weights:
        assert not np.array_equal(learned[weight.path], weight), weight.path


def test_the_strokes_are_digits_in_their_frame_no_two_alike(pages):
    answer = ask(pages["classic"], "strokes", number=50)
    labels = [stroke["label"] for stroke in answer]
    assert labels == list(range(10)) * 5
    inputs = np.float32([stroke["input"] for stroke in answer])
    assert len(np.unique(inputs, axis=0)) == 50
    ink = inputs.reshape(-1, 32, 32) > 0
    for picture in ink:  # a frame of 20x20, as MNIST's digits have
        rows, columns = np.nonzero(picture)
        assert 18 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 22


@pytest.mark.parametrize("variant", ["1998", "dense"])
def test_what_lights_up_is_what_a_unit_depends_on(variant, pages):
    places = (("c1", 2, 13, 20), ("s2", 4, 7, 3), ("c3", 5, 4, 9), ("s4", 15, 2, 1))
    names = ("name", "map", "row", "column")
    # Noise, so that no saturated unit hides what it reads.
    generator = np.random.default_rng(1)
    asked = {
        "units": [dict(zip(names, place, strict=True)) for place in places],
        "input": generator.uniform(-0.1, 1.175, 1024).tolist(),
        "pixels": list(range(0, 1024, 5)),
    }
    for answer in ask(pages[variant], "reach", **asked):
        for name, changed in answer["changed"].items():
            assert set(changed) <= set(answer["said"][name])
            assert len(changed) >= 0.9 * len(answer["said"][name]) > 0, name


def test_a_network_with_nan_is_refused(models, tmp_path, capsys):
    broken = build_lenet5("classic")
    weights = broken.get_weights()
    weights[4][0, 0] = np.nan
    broken.set_weights(weights)
    broken.save(tmp_path / "broken.keras")
    out = tmp_path / "page.html"
    code = cli.main(["page", str(tmp_path / "broken.keras"), "--out", str(out)])
    assert code == 2 and not out.exists()
    assert "NaN or infinity among its weights" in capsys.readouterr().err


def one_missing(arrays):
    del arrays["f6/bias"]


def another_shape(arrays):
    arrays["c3/kernel"] = arrays["c3/kernel"][:, :, :5]


def not_a_number(arrays):
    arrays["c1/bias"][2] = np.nan


def pickled(arrays):
    arrays["c1/bias"] = np.array([{"a": 1}] * 6, dtype=object)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (one_missing, "f6/bias"),
        (another_shape, r"for c3/kernel it has \(5, 5, 5, 16\), and \(5, 5, 6, 16\)"),
        (not_a_number, "c1/bias has values that are not finite"),
        (pickled, "allow_pickle"),
    ],
)
def test_spoiled_npz_weights_are_refused_whole(spoil, said, models, tmp_path):
    model = models["classic"]
    arrays = {weight.path: np.array(weight) for weight in model.weights}
    spoil(arrays)
    np.savez(tmp_path / "spoiled.npz", **arrays)
    with pytest.raises(ValueError, match=said):
        build_lenet5("classic", weights=tmp_path / "spoiled.npz")
