"""The recipes: learning rates, losses, orders, and the ladder from 1998 to today."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from ladder import climb

from lenet_keras import (
    LADDER,
    RECIPES,
    VARIANTS,
    MaximumAPosteriori,
    Recipe,
    SmoothedCrossentropy,
    SoftTargetCrossentropy,
    SparseMeanSquaredError,
    build_lenet5,
    compile_model,
    evaluate,
    loss_for,
    train,
)
from lenet_keras.recipes import epoch_order, is_by_recipe


def rate_at(model, step):
    """The learning rate of a step."""
    model.optimizer.iterations.assign(step)
    return float(model.optimizer.learning_rate)


def test_the_learning_rate_rises_for_a_fifth_of_the_steps_then_falls_to_nothing():
    model = build_lenet5()
    compile_model(model, RECIPES["classic"], steps=1000)
    rate = [rate_at(model, step) for step in (0, 100, 200, 999)]
    peak = RECIPES["classic"].learning_rate
    assert rate[0] < rate[1] < rate[2] == pytest.approx(peak)
    assert rate[3] < peak / 1000


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_even_the_shortest_training_has_a_learning_rate(steps):
    model = build_lenet5()
    compile_model(model, RECIPES["classic"], steps)
    assert rate_at(model, 0) > 0


def test_a_short_rise_of_gradient_descent_stays_below_the_peak():
    def highest(recipe, steps):
        model = build_lenet5()
        compile_model(model, recipe, steps)
        return max(rate_at(model, step) for step in range(steps))

    sgd, adamw = RECIPES["classic"], Recipe("adamw", 3e-3)
    assert highest(sgd, 150) == pytest.approx(sgd.learning_rate, rel=0.01)
    assert highest(sgd, 40) < 0.6 * sgd.learning_rate
    assert highest(sgd, 10) < highest(sgd, 40)
    assert highest(adamw, 40) == pytest.approx(adamw.learning_rate, rel=0.02)


@pytest.mark.parametrize(
    ("variant", "seed", "epochs"),
    [(name, 0, 1) for name in VARIANTS if name != "sigmoid"]
    + [("classic", 1, 1), ("1998", 0, 2)],
)
def test_a_recipe_holds_for_few_epochs_of_few_images(variant, seed, epochs, digits):
    """What a reader without a network trains on."""
    assert right_after(variant, seed, epochs, digits) > 0.3


def test_the_sigmoid_network_learns_the_bundled_digits_in_its_own_epochs(digits):
    assert right_after("sigmoid", 0, None, digits) > 0.8


def right_after(variant, seed, epochs, digits):
    """The share of right answers after so many epochs on the bundled digits."""
    keras.utils.set_random_seed(seed)
    model = build_lenet5(variant)
    pairs = digits.train_images, digits.train_labels
    train(model, *pairs, epochs=epochs, seed=seed)
    return 1 - evaluate(model, digits.test_images, digits.test_labels).error_rate


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("classic", SmoothedCrossentropy),
        ("sigmoid", SparseMeanSquaredError),
        ("tanh", SmoothedCrossentropy),
        ("1998", MaximumAPosteriori),
        ("modern", keras.losses.SparseCategoricalCrossentropy),
    ],
)
def test_a_recipe_has_its_loss_or_the_cross_entropy_of_the_output(name, kind):
    loss = loss_for(name, VARIANTS[name])
    assert type(loss) is kind
    if kind is SmoothedCrossentropy:
        assert loss.from_logits == (name == "tanh")


@pytest.mark.parametrize(
    ("variant", "temperature"), [("classic", 2.0), ("tanh", 2.0), ("1998", 40.0)]
)
def test_a_taught_network_reads_its_own_output_at_the_teachers_temperature(
    variant, temperature
):
    loss = loss_for("taught", VARIANTS[variant])
    assert type(loss) is SoftTargetCrossentropy
    assert loss.temperature == temperature
    assert loss.from_logits == (variant != "classic")


def test_a_variant_says_where_its_loss_went():
    with pytest.raises(AttributeError, match=r"belongs to the recipe.*RECIPES\['1998'"):
        VARIANTS["1998"].loss  # noqa: B018


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch_size": -1}, {"epochs": 1.5}])
def test_a_recipe_refuses_numbers_that_train_nothing(wrong):
    (name,) = wrong
    with pytest.raises(
        ValueError, match=f"{name} must be a whole number of at least 1"
    ):
        Recipe(**wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("copies", -1),
        ("label_smoothing", 1),
        ("label_smoothing", -0.1),
        ("label_smoothing", float("nan")),
        ("learning_rate", 0),
        ("learning_rate", float("inf")),
        ("temperature", -2.0),
    ],
)
def test_a_recipe_refuses_numbers_out_of_their_range(name, value):
    with pytest.raises(ValueError, match=f"{name} must be .*; received {value!r}"):
        Recipe(**{name: value})


def test_an_unknown_optimizer_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"one of sgd, adamw, sdlm; received 'adam'"):
        Recipe("adam", 1e-3)


@pytest.mark.parametrize(("optimizer", "rate"), [("sdlm", 0.1), ("adamw", None)])
def test_a_learning_rate_goes_with_the_optimizer_or_is_refused(optimizer, rate):
    with pytest.raises(ValueError, match=f"Received '{optimizer}' and {rate}"):
        Recipe(optimizer, rate)


def test_an_unknown_recipe_is_refused_with_the_known_ones_and_the_nearest():
    with pytest.raises(
        ValueError, match=r"one of .*paper-distorted.*received 'papre'.*mean 'paper'"
    ):
        compile_model(build_lenet5(), "papre", 10)


def test_a_model_compiled_by_a_recipe_is_known_again_also_from_a_file(tmp_path):
    model = build_lenet5()
    compile_model(model, "classic", 10)
    assert is_by_recipe(model)
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    assert is_by_recipe(keras.models.load_model(tmp_path / "model.keras"))
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert not is_by_recipe(model)


def test_an_order_depends_on_seed_and_epoch_alone():
    orders = [
        epoch_order(20, Recipe(), *place) for place in ((0, 0), (0, 0), (1, 0), (0, 1))
    ]
    assert (orders[0] == orders[1]).all()
    for other in orders[2:]:
        assert (orders[0] != other).any()
        assert sorted(other) == list(range(20))


def test_without_shuffling_one_order_goes_round():
    recipe = Recipe(shuffle=False)
    assert (epoch_order(20, recipe, 0, 3) == epoch_order(20, recipe, 5, 3)).all()


def test_copies_come_once_before_any_comes_again():
    recipe = Recipe(copies=2, shuffle=False)
    seen = np.concatenate([epoch_order(20, recipe, epoch, 3) for epoch in range(3)])
    assert sorted(seen) == list(range(60))
    assert (epoch_order(20, recipe, 3, 3) == seen[:20]).all()


def test_the_ladder_leads_from_the_paper_to_the_modern_variant():
    first, last = LADDER[0], LADDER[-1]
    assert (first.variant, first.recipe) == (VARIANTS["1998"], RECIPES["paper"])
    assert replace(last.variant, name="modern") == VARIANTS["modern"]
    assert last.recipe.distort


def test_the_rungs_are_judged_by_eq_9_until_the_output_is_softmax():
    for _, variant, recipe in LADDER:
        is_rbf = variant.output == "rbf"
        assert isinstance(loss_for(recipe, variant), MaximumAPosteriori) == is_rbf


@pytest.mark.parametrize("order", range(1, len(LADDER)))
def test_each_rung_changes_either_the_network_or_its_training(order):
    below, rung = LADDER[order - 1 : order + 1]
    new_network = below.variant != rung.variant
    new_training = replace(below.recipe, loss=None) != replace(rung.recipe, loss=None)
    assert new_network != new_training


def test_a_rung_trains_and_is_written_down_as_histories_are(digits):
    few_digits = digits._replace(
        test_images=digits.test_images[:20], test_labels=digits.test_labels[:20]
    )
    run = climb(LADDER[5], 5, few_digits, seed=1, images=128, epochs=2)
    assert (run["rung"], run["order"], run["seed"]) == (LADDER[5].label, 5, 1)
    assert run["images"] == 128
    for name in ("accuracy", "loss", "val_accuracy", "val_loss"):
        assert len(run[name]) == 2


@pytest.mark.parametrize(
    ("recipe", "variant"), [("1998", "modern"), ("sigmoid", "1998"), ("paper", "tanh")]
)
def test_a_loss_that_reads_another_kind_of_output_is_refused(recipe, variant):
    with pytest.raises(ValueError, match="reads an output of .*without a loss"):
        loss_for(recipe, VARIANTS[variant])


def test_the_papers_optimizer_keeps_no_mean_of_the_weights():
    with pytest.raises(ValueError, match="keeps no mean of the weights"):
        Recipe("sdlm", None, average=True)
