"""The shipped weights are those of the card, and answer as it says."""

import hashlib
import json

import pytest
from weights import recipe_of

from lenet_keras import (
    VARIANTS,
    MaximumAPosteriori,
    build_lenet5,
    evaluate,
    histories,
    ladder,
    load,
    loss_for,
    predict,
)
from lenet_keras.weights import FOLDER as WEIGHTS

CARD = json.loads((WEIGHTS / "card.json").read_text("utf-8"))


def network(file):
    variant, name = file.removesuffix(".weights.h5").split("-", 1)
    return build_lenet5(variant, weights=name)


def test_every_variant_has_weights_and_the_paper_recipe_has_its_own():
    shipped = {path.name for path in WEIGHTS.glob("*.weights.h5")}
    assert {f"{variant}-mnist.weights.h5" for variant in VARIANTS} < shipped
    assert "1998-mnist-1998.weights.h5" in shipped
    assert shipped == set(CARD)


@pytest.mark.parametrize("file", CARD)
def test_a_file_is_the_one_of_the_card(file):
    content = (WEIGHTS / file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == CARD[file]["sha256"]
    assert len(content) < 300_000


@pytest.mark.parametrize("file", CARD)
def test_it_answers_as_stored_for_five_digits(file):
    digits = load("digits").test_images[:5]
    for answer, stored in zip(
        predict(network(file), digits), CARD[file]["outputs"], strict=True
    ):
        assert answer == pytest.approx(stored, abs=1e-3)


@pytest.mark.parametrize("file", CARD)
def test_it_misreads_as_many_of_mnists_test_images_as_the_card_says(file, mnist):
    error, _ = evaluate(network(file), mnist.test_images, mnist.test_labels)
    assert round(error * len(mnist.test_images)) == CARD[file]["test_errors"]


@pytest.mark.parametrize("file", CARD)
def test_it_misreads_as_many_scans_of_other_hands_as_the_card_says(file):
    import weights

    misread = CARD[file]["scans_misread"]
    assert weights.scans_misread(network(file)) == pytest.approx(misread, abs=2)


def test_the_card_is_written_from_the_measured_figures():
    import accuracy
    import weights

    assert weights.card_text(CARD) == (WEIGHTS / "README.md").read_text("utf-8")
    page = weights.RESULTS.read_text("utf-8")
    assert accuracy.with_table(page, weights.card_table(CARD), "weights") == page


RUN = {"accuracy": [0.9], "loss": [1.0], "val_accuracy": [0.9], "val_loss": [1.0]}


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A folder of recorded trainings instead of the shipped one."""
    monkeypatch.setattr("lenet_keras.weights.FOLDER", tmp_path)

    def write(name, runs):
        (tmp_path / name).write_text(json.dumps([RUN | run for run in runs]))

    return write


def test_histories_are_chosen_by_variant_and_recipe(recorded):
    runs = [
        {"variant": "1998", "recipe": recipe, "images": 60_000, "seed": 0}
        for recipe in ("paper", "paper-distorted")
    ]
    recorded("histories.json", runs)
    assert len(histories()) == 2
    assert histories("1998", "paper") == [RUN | runs[0]]
    with pytest.raises(ValueError, match=r"there are .*paper-distorted"):
        histories("classic")


def test_missing_histories_say_how_to_get_them(recorded):
    with pytest.raises(FileNotFoundError, match="'histories.json'.*Install"):
        histories()


def test_the_ladder_stands_on_the_papers_own_training(recorded):
    paper = {"variant": "1998", "recipe": "paper", "seed": 0}
    recorded("histories.json", [paper | {"images": n} for n in (15_000, 60_000)])
    rungs = [{"rung": r, "order": n, "seed": 0} for r, n in (("b", 2), ("a", 1))]
    recorded("ladder.json", rungs)
    assert [(run["rung"], run["order"]) for run in ladder()] == [
        ("1998", 0),
        ("a", 1),
        ("b", 2),
    ]
    assert ladder()[0]["images"] == 60_000


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_is_trained_by_a_loss_that_reads_its_output(variant):
    loss = loss_for(recipe_of(variant), VARIANTS[variant])
    assert isinstance(loss, MaximumAPosteriori) == (variant == "1998")
