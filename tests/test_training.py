"""`train`: the same mathematics as `fit`, resumable, repeatable, with clear errors."""

import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from lenet_keras import (
    LADDER,
    RECIPES,
    VARIANTS,
    Recipe,
    StochasticDiagonalLevenbergMarquardt,
    build_lenet5,
    compile_model,
    evaluate,
    train,
)
from lenet_keras.callbacks import Checkpoint, EpochLog
from lenet_keras.model import load_model


def few(digits, number=256):
    return digits.train_images[:number], digits.train_labels[:number]


def weights_after(digits, **options):
    keras.utils.set_random_seed(0)
    model = build_lenet5(options.pop("variant", "classic"))
    history = train(model, *few(digits), **({"epochs": 2} | options))
    return model.get_weights(), history.history


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loss_of_every_variant_falls(variant, digits):
    keras.utils.set_random_seed(0)
    history = train(
        build_lenet5(variant), *few(digits, 640), epochs=6, batch_size=32, distort=False
    )
    # Sigmoid with squared error starts on a plateau: it falls, but slowly.
    assert history.history["loss"][-1] < history.history["loss"][0] - 1e-3


def test_the_same_seed_gives_the_same_weights_bit_by_bit(digits):
    first, second = (weights_after(digits, distort=True)[0] for _ in range(2))
    assert all(map(np.array_equal, first, second))


def test_another_seed_gives_other_weights(digits):
    first, second = (weights_after(digits, seed=seed)[0] for seed in (0, 1))
    assert not all(map(np.array_equal, first, second))


@pytest.mark.parametrize(("number", "batch_size"), [(256, 64), (256, 100), (257, 64)])
def test_training_agrees_with_fit_within_rounding(number, batch_size, digits):
    """From the same start, in the same order; the last batch may be a single image."""
    from lenet_keras.data import to_input

    images, labels = few(digits, number)
    histories, weights = [], []
    for ours in (True, False):
        keras.utils.set_random_seed(0)
        model = build_lenet5()
        model.compile(
            keras.optimizers.Adam(1e-3),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        if ours:
            history = train(model, images, labels, batch_size=batch_size, seed=5)
        else:
            order = np.random.default_rng((5, 0)).permutation(len(images))
            history = model.fit(
                to_input(images[order]),
                labels[order],
                batch_size=batch_size,
                shuffle=False,
                verbose=0,
            )
        histories.append(history.history)
        weights.append(model.get_weights())
    assert histories[0].keys() == histories[1].keys()
    assert histories[0]["loss"] == pytest.approx(histories[1]["loss"], rel=1e-5)
    assert histories[0]["accuracy"] == pytest.approx(histories[1]["accuracy"])
    for mine, theirs in zip(*weights, strict=True):
        # Adam divides by tiny second moments, so rounding shows up at 1e-3 a step.
        assert mine == pytest.approx(theirs, abs=2e-4)


def test_history_and_callbacks_are_as_in_fit(digits):
    seen = []
    callback = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((epoch, set(logs))),
        on_train_batch_end=lambda batch, logs: seen.append(batch),
    )
    _, history = weights_after(
        digits,
        batch_size=64,
        validation_data=few(digits),
        callbacks=[callback],
        log_every=3,
    )
    keys = {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert set(history) == keys
    assert seen == [2, 3, (0, keys), 2, 3, (1, keys)]


def test_a_callback_can_stop_the_training(digits):
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=0, min_delta=1e9)
    _, history = weights_after(digits, epochs=5, callbacks=[stop])
    assert len(history["loss"]) == 2


def test_a_compiled_model_keeps_its_optimizer_and_loss(digits):
    model = build_lenet5()
    optimizer = keras.optimizers.Adam(1e-3)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    train(model, *few(digits, 64))
    assert model.optimizer is optimizer
    assert int(optimizer.iterations) == 1


def test_a_model_of_any_size_trains_on_ready_inputs():
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.random.default_rng(0).normal(size=(40, 8, 8)).astype("float32")
    history = train(model, images, np.arange(40) % 3, epochs=2)
    assert len(history.history["loss"]) == 2


def test_preprocessing_inside_the_model_trains_on_bytes(digits):
    model = build_lenet5(include_preprocessing=True)
    history = train(model, *few(digits), epochs=3)
    assert history.history["loss"][-1] < history.history["loss"][0]


@pytest.mark.parametrize("recipe", ["classic", "best"])
def test_an_interrupted_run_resumes_to_the_same_weights_bit_by_bit(
    recipe, tmp_path, digits
):
    images, labels = few(digits)

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    options = {"recipe": recipe, "epochs": 4, "batch_size": 64, "distort": True}
    keras.utils.set_random_seed(0)
    whole = build_lenet5()
    history = train(whole, images, labels, **options)

    keras.utils.set_random_seed(0)
    checkpoint = Checkpoint(tmp_path, {})
    with pytest.raises(KeyboardInterrupt):
        train(
            build_lenet5(),
            images,
            labels,
            callbacks=[checkpoint, Interrupt()],
            **options,
        )
    again = Checkpoint(tmp_path, {})
    model = load_model(again.model_file)
    done = again.restore(model)
    assert done == 2
    train(model, images, labels, initial_epoch=done, callbacks=[again], **options)
    for ended in (model, load_model(again.model_file)):
        assert all(map(np.array_equal, ended.get_weights(), whole.get_weights()))
    assert again.history["loss"] == history.history["loss"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model.keras",
        "run.json",
    ]


def test_an_epoch_log_prints_one_rounded_line_an_epoch(capsys, digits):
    train(
        build_lenet5(),
        *few(digits),
        epochs=1,
        batch_size=64,
        log_every=2,
        callbacks=[EpochLog(every=2)],
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line[:27] for line in lines[:2]] == [
        "Epoch [1/1], Step [2/4], Lo",
        "Epoch [1/1], Step [4/4], Lo",
    ]
    assert lines[2].startswith("Epoch [1/1], loss: ")


def test_the_learning_rate_rises_for_a_fifth_of_the_steps_then_falls_to_nothing():
    model = build_lenet5()
    compile_model(model, RECIPES["classic"], steps=1000)
    rate = [float(model.optimizer._learning_rate(step)) for step in (0, 100, 200, 999)]
    peak = RECIPES["classic"].learning_rate
    assert rate[0] < rate[1] < rate[2] == pytest.approx(peak)
    assert rate[3] < peak / 1000


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_even_the_shortest_training_has_a_learning_rate(steps):
    model = build_lenet5()
    compile_model(model, RECIPES["classic"], steps)
    assert float(model.optimizer._learning_rate(0)) > 0


def losses_of_a_fixed_network(digits, recipe, epochs):
    """The loss of each pattern of each epoch, as a network that cannot learn has it."""
    images, labels = few(digits, 32)
    keras.utils.set_random_seed(0)
    model = build_lenet5()
    model.compile(keras.optimizers.SGD(0.0), VARIANTS["classic"].loss)
    losses = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: model.reset_metrics(),
        on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]),
    )
    options = {"batch_size": 1, "log_every": 1, "callbacks": [note]}
    train(model, images, labels, recipe=recipe, epochs=epochs, **options)
    return np.reshape(losses, (epochs, -1))


def test_a_recipe_without_shuffling_repeats_one_order(digits):
    first, second = losses_of_a_fixed_network(digits, Recipe(shuffle=False), 2)
    assert np.array_equal(first, second)
    one, other = losses_of_a_fixed_network(digits, Recipe(), 2)
    assert not np.array_equal(one, other)
    assert np.array_equal(np.sort(one), np.sort(other))


def test_distorted_copies_are_seen_once_before_any_is_seen_again(digits):
    """The paper's set: each image and its copies, in passes of as many as images."""
    passes = losses_of_a_fixed_network(digits, Recipe(copies=2, shuffle=False), 4)
    assert np.array_equal(passes[0], passes[3]), "the order goes round"
    (plain,) = losses_of_a_fixed_network(digits, Recipe(shuffle=False), 1)
    seen = passes[:3].ravel()
    assert len(np.unique(seen)) == 96, "no pattern comes twice"
    itself = np.isclose(seen, plain[:, None], rtol=0, atol=1e-6).any(axis=0)
    assert itself.sum() == 32, "a third are the images themselves"


def test_the_paper_recipe_trains_by_its_optimiser_one_pattern_at_a_time(digits):
    keras.utils.set_random_seed(0)
    model = build_lenet5("1998")
    history = train(model, *few(digits, 128), recipe="paper", epochs=3)
    assert type(model.optimizer) is StochasticDiagonalLevenbergMarquardt
    assert int(model.optimizer.iterations) == 3 * 128
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert max(h.max() for h in model.optimizer.curvatures) > 0


def test_an_average_of_the_weights_is_tested_and_is_what_remains(digits):
    tests = digits.test_images, digits.test_labels
    recipe = Recipe("adamw", 3e-3, epochs=8, label_smoothing=0, average=True)
    last = []

    class Last(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            last[:] = self.model.get_weights()

    keras.utils.set_random_seed(0)
    model = build_lenet5()
    history = train(
        model,
        *few(digits, 640),
        recipe=recipe,
        validation_data=tests,
        callbacks=[Last()],
    ).history
    averages = model.optimizer._model_variables_moving_average
    for weight, average, raw in zip(model.weights, averages, last, strict=True):
        np.testing.assert_array_equal(weight, average)
        assert (np.asarray(weight) != raw).any()
    error, _ = evaluate(model, *tests)
    assert error == pytest.approx(1 - history["val_accuracy"][-1], abs=1e-6)
    assert error < 0.15


@pytest.mark.parametrize("variant", ["classic", "tanh", "1998"])
def test_smoothed_targets_are_learnt_from_every_kind_of_output(variant, digits):
    """Probabilities, logits and squared distances to the codes."""
    keras.utils.set_random_seed(0)
    recipe = Recipe("adamw", 3e-3, epochs=8, label_smoothing=0.1)
    history = train(build_lenet5(variant), *few(digits, 640), recipe=recipe)
    assert history.history["accuracy"][-1] > 0.9


def test_an_unknown_recipe_is_refused_with_the_known_ones(digits):
    with pytest.raises(ValueError, match=r"one of .*paper-distorted.*received 'lush'"):
        train(build_lenet5(), *few(digits), recipe="lush")


def test_images_and_labels_must_pair_up(digits):
    with pytest.raises(ValueError, match="received 10 images and 9 labels"):
        train(build_lenet5(), digits.train_images[:10], digits.train_labels[:9])


@pytest.mark.parametrize("shape", [(4, 784), (4, 20, 20), (4, 32, 32, 3)])
def test_images_that_the_model_cannot_read_are_refused(shape):
    with pytest.raises(
        ValueError, match=r"reads images of shape .*received .*to_input"
    ):
        train(build_lenet5(), np.zeros(shape), np.zeros(4))


def test_labels_beyond_the_classes_are_refused(digits):
    with pytest.raises(ValueError, match=r"labels .*0 to 4.*received .*9"):
        train(build_lenet5(classes=5), digits.train_images, digits.train_labels)


def test_a_model_without_a_variants_name_must_be_compiled_first(digits):
    with pytest.raises(ValueError, match="'mine' does not say.*Compile it"):
        train(build_lenet5(name="mine"), *few(digits))


def test_mirrored_strategy_on_two_devices_trains_like_one():
    """In its own process: logical devices are set before TensorFlow starts."""
    script = """
        import keras, numpy as np, tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        device = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(cpu, [device, device])
        from lenet_keras import VARIANTS, build_lenet5, load, to_input
        digits = load("digits")
        x, y = to_input(digits.train_images[:128]), digits.train_labels[:128]
        def fitted(strategy):
            keras.utils.set_random_seed(0)
            with strategy.scope():
                model = build_lenet5("1998")
                model.compile(keras.optimizers.SGD(1e-3), VARIANTS["1998"].loss)
            history = model.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0)
            return history.history["loss"], model.get_weights()
        one = fitted(tf.distribute.OneDeviceStrategy("CPU:0"))
        two = fitted(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
        np.testing.assert_allclose(one[0], two[0], rtol=1e-4)
        for a, b in zip(one[1], two[1]):
            np.testing.assert_allclose(a, b, atol=1e-4)
        print("agree")
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.stdout.strip() == "agree", run.stderr[-2000:]


def test_the_ladder_leads_from_the_paper_to_the_modern_variant():
    first, last = LADDER[0], LADDER[-1]
    assert (first.variant, first.recipe) == (VARIANTS["1998"], RECIPES["paper"])
    assert replace(last.variant, name="modern", loss=None) == replace(
        VARIANTS["modern"], loss=None
    )
    assert last.recipe.distort
    assert [rung.recipe.loss is rung.variant.loss for rung in LADDER[1:]] == [True] * 9


@pytest.mark.parametrize("order", range(1, len(LADDER)))
def test_each_rung_changes_either_the_network_or_its_training(order):
    below, rung = LADDER[order - 1 : order + 1]
    new_network = below.variant != rung.variant
    new_training = replace(below.recipe, loss=None) != replace(rung.recipe, loss=None)
    assert new_network != new_training


def test_a_rung_trains_and_is_written_down_as_histories_are(digits):
    sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
    from ladder import climb

    few_digits = digits._replace(
        test_images=digits.test_images[:20], test_labels=digits.test_labels[:20]
    )
    run = climb(LADDER[5], 5, few_digits, seed=1, images=128, epochs=2)
    assert (run["rung"], run["order"], run["seed"]) == (LADDER[5].label, 5, 1)
    assert run["images"] == 128
    for name in ("accuracy", "loss", "val_accuracy", "val_loss"):
        assert len(run[name]) == 2
