"""The shipped weights are those of the card, and answer as it says."""

import hashlib
import json

import pytest

from lenet_keras import VARIANTS, build_lenet5, evaluate, load, predict
from lenet_keras.model import WEIGHTS

CARD = json.loads((WEIGHTS / "card.json").read_text())


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
    import weights

    assert weights.card_text(CARD) == (WEIGHTS / "README.md").read_text()
    readme = weights.README.read_text()
    assert weights.with_table(readme, weights.card_table(CARD), "weights") == readme
