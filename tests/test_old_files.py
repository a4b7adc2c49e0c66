"""What version 0.1 wrote goes on opening, with the same answers: `fixtures/`."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from lenet_keras import (
    RECIPES,
    VARIANTS,
    LeNet5,
    build_lenet5,
    cli,
    load_model,
    to_input,
    train,
)
from lenet_keras.images import draw_distortions
from lenet_keras.recipes import epoch_order

pytestmark = pytest.mark.skipif(
    tuple(map(int, keras.__version__.split(".")[:2])) < (3, 15),
    reason="Keras 3.15 wrote the files, and an older Keras does not read them",
)
FIXTURES = Path(__file__).parent / "fixtures"
MODELS = json.loads((FIXTURES / "models.json").read_text())
ORDERS = json.loads((FIXTURES / "orders.json").read_text())


def scores(model, digits):
    return model.predict(to_input(digits.test_images[:5]), verbose=0)


@pytest.mark.parametrize("opened_by", [load_model, keras.models.load_model])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_opens_with_its_answers_its_optimizer_and_what_is_frozen(
    name, opened_by, digits
):
    then = MODELS[name]
    model = opened_by(FIXTURES / f"{name}.keras")
    assert scores(model, digits) == pytest.approx(np.array(then["scores"]), abs=1e-4)
    assert [layer.trainable for layer in model.layers] == then["trainable"]
    assert type(model.optimizer).__name__ == then["optimizer"]
    assert int(model.optimizer.iterations) == then["iterations"]
    assert type(model.loss).__name__ == then["loss"]
    sums = [np.abs(np.asarray(v)).sum() for v in model.optimizer.variables]
    assert sums == pytest.approx(then["optimizer_sums"], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_load_model_makes_a_lenet5_of_what_says_that_it_is_one(name, digits):
    then = MODELS[name]
    model = load_model(FIXTURES / f"{name}.keras")
    assert isinstance(model, LeNet5) == (name != "own-name")
    if name != "own-name":
        assert model.variant == VARIANTS[then["variant"]]


@pytest.mark.parametrize(
    "name", ["classic", "1998-paper", "frozen-c1", "own-name", "letters"]
)
def test_a_model_goes_on_to_learn(name, digits):
    model = load_model(FIXTURES / f"{name}.keras")
    iterations = int(model.optimizer.iterations)
    number = 4 if name == "1998-paper" else 64
    images, labels = digits.train_images[:number], digits.train_labels[:number]
    model.fit(to_input(images), labels, batch_size=32, verbose=0)
    assert int(model.optimizer.iterations) > iterations
    if isinstance(model, LeNet5):
        assert model.training_step.startswith("fused")


@pytest.mark.parametrize("variant", VARIANTS)
def test_weights_load_with_the_same_answers(variant, digits):
    model = build_lenet5(variant, weights=FIXTURES / f"{variant}.weights.h5")
    expected = np.array(MODELS[variant]["scores"])
    assert scores(model, digits) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("recipe", ORDERS["orders"])
def test_each_recipe_has_the_order_that_it_had(recipe):
    for seed, epochs in ORDERS["orders"][recipe].items():
        for epoch, then in enumerate(epochs):
            order = epoch_order(12, RECIPES[recipe], epoch, int(seed))
            assert order.tolist() == then


def test_distorted_copies_are_those_that_they_were():
    still, copies = np.split(np.array(ORDERS["copies"]), [4])
    assert (still == [0, 0, 1, 1, 0, 0, 0]).all()
    assert draw_distortions(8, (3, 2)).numpy() == pytest.approx(copies, abs=1e-5)


def test_an_interrupted_run_is_resumed_to_the_same_end(tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(FIXTURES / "interrupted-run", folder)
    whole = json.loads((folder / "whole-history.json").read_text())
    assert cli.main(["train", "--resume", "--out", str(folder)]) == 0
    assert "after epoch 2" in capsys.readouterr().out
    history = json.loads((folder / "run.json").read_text())["history"]
    for name, values in whole.items():
        # Sums in another order, for two epochs; one test image is 0.003.
        assert history[name] == pytest.approx(values, abs=0.004)


def test_a_frozen_layer_of_an_old_file_stays_as_it_is(digits):
    model = load_model(FIXTURES / "frozen-c1.keras")
    before = model.get_layer("c1").get_weights()
    train(model, digits.train_images[:64], digits.train_labels[:64], epochs=1)
    assert all(map(np.array_equal, before, model.get_layer("c1").get_weights()))
