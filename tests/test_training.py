"""`train`: a recipe and `fit`, resumable, repeatable, with clear errors."""

import gc
import itertools
import signal
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import python

from lenet_keras import (
    VARIANTS,
    Recipe,
    StochasticDiagonalLevenbergMarquardt,
    build_lenet5,
    evaluate,
    fused,
    loss_for,
    to_input,
    train,
)
from lenet_keras.model import load_model
from lenet_keras.runs import Checkpoint


def few(digits, number=256):
    return digits.train_images[:number], digits.train_labels[:number]


def weights_after(digits, **options):
    keras.utils.set_random_seed(0)
    model = build_lenet5(options.pop("variant", "classic"))
    history = train(model, *few(digits), **({"epochs": 2} | options))
    return model.get_weights(), history.history


def test_the_same_seed_gives_the_same_weights_bit_by_bit(digits):
    first, second = (weights_after(digits, distort=True)[0] for _ in range(2))
    assert all(map(np.array_equal, first, second))


def test_trainings_at_once_give_the_weights_of_each_alone(digits):
    """Four, two of a kind: what one draws or traces is nothing to another."""

    def trained(seed):
        history = train(models.pop(), *few(digits), epochs=2, seed=seed)
        return history.model.get_weights()

    keras.utils.set_random_seed(0)
    model = build_lenet5()
    models = [keras.models.clone_model(model) for _ in range(6)]
    for each in models:
        each.set_weights(model.get_weights())
    alone = [trained(seed) for seed in (0, 1)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(trained, (0, 1, 0, 1)))
    for got, wanted in zip(together, alone * 2, strict=True):
        assert all(map(np.array_equal, got, wanted))


def test_another_seed_gives_other_weights(digits):
    first, second = (weights_after(digits, seed=seed)[0] for seed in (0, 1))
    assert not all(map(np.array_equal, first, second))


@pytest.mark.parametrize(("number", "batch_size"), [(256, 100), (257, 64)])
def test_training_agrees_with_fit_within_rounding(number, batch_size, digits):
    """From the same start, in the same order; the last batch may be a single image."""
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
        digits, batch_size=128, validation_data=few(digits), callbacks=[callback]
    )
    keys = {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert set(history) == keys
    assert seen == [0, 1, (0, keys), 0, 1, (1, keys)]


def plain_history(images, labels, seed=0, **options):
    """What `fit` itself does, in the order of the first epoch of `train`."""
    keras.utils.set_random_seed(0)
    model = build_lenet5()
    model.compile("sgd", options.pop("loss"), metrics=["accuracy"])
    number = len(images)
    kept = int(number * (1 - options.get("validation_split", 0)))
    order = np.random.default_rng((seed, 0)).permutation(kept)
    order = np.concatenate([order, np.arange(kept, number)])
    weights = options.pop("sample_weight", None)
    return model.fit(
        to_input(images[order]),
        labels[order],
        sample_weight=weights if weights is None else weights[order],
        shuffle=False,
        batch_size=64,
        verbose=0,
        **options,
    ).history


@pytest.mark.parametrize(
    "options",
    [
        {"sample_weight": np.linspace(0, 2, 256, dtype="float32")},
        {"validation_split": 0.3, "class_weight": {1: 3.0}},
        {"validation_split": 0.3, "sample_weight": np.linspace(0, 2, 256)},
    ],
)
def test_the_keywords_of_fit_mean_what_they_mean_there(options, digits):
    images, labels = few(digits)
    loss = "sparse_categorical_crossentropy"
    expected = plain_history(images, labels, loss=loss, **options)
    keras.utils.set_random_seed(0)
    model = build_lenet5()
    model.compile("sgd", loss, metrics=["accuracy"])
    history = train(model, images, labels, **options).history
    assert history.keys() == expected.keys()
    for name in expected:
        assert history[name] == pytest.approx(expected[name], rel=1e-4)


def test_soft_targets_are_taken_as_they_are(digits):
    images, labels = few(digits)
    soft = 0.5 * np.eye(10)[labels] + 0.5 * np.eye(10)[np.roll(labels, 1)]
    loss = "categorical_crossentropy"
    expected = plain_history(images, soft, loss=loss)
    keras.utils.set_random_seed(0)
    model = build_lenet5()
    model.compile("sgd", loss, metrics=["accuracy"])
    history = train(model, images, soft).history
    assert history["loss"] == pytest.approx(expected["loss"], rel=1e-4)


@pytest.mark.parametrize("form", ["triple", "dataset"])
def test_validation_data_come_in_any_form_of_fit(form, digits):
    images, labels = few(digits, 64)
    x = to_input(images)
    data = {
        "triple": (images, labels, np.ones(64)),
        "dataset": tf.data.Dataset.from_tensor_slices((x, labels)).batch(32),
    }[form]
    _, history = weights_after(digits, validation_data=data)
    _, plain = weights_after(digits, validation_data=(images, labels))
    assert history["val_loss"] == pytest.approx(plain["val_loss"], rel=1e-5)


def test_training_twice_does_not_go_on_at_a_rate_of_nothing(digits):
    keras.utils.set_random_seed(0)
    model = build_lenet5()
    first = train(model, *few(digits, 640), epochs=2).history
    assert float(model.optimizer.learning_rate) < 1e-6
    second = train(model, *few(digits, 640), epochs=2).history
    assert second["loss"][-1] < first["loss"][-1] - 0.01


def test_training_lets_go_of_its_images(digits):
    images = digits.train_images[:256].copy()
    gone = weakref.ref(images)
    model = build_lenet5()
    train(model, images, digits.train_labels[:256], epochs=1)
    del images
    gc.collect()
    assert gone() is None
    held = [
        v
        for v in gc.get_objects()
        if isinstance(v, tf.Tensor) and v.shape == (256, 28, 28)
    ]
    assert not held


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


@pytest.fixture
def interruptible():
    """SIGINT raises, also where tests that run side by side ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("recipe", ["classic", "best"])
def test_an_interrupted_run_resumes_to_the_same_weights_bit_by_bit(
    recipe, tmp_path, digits, monkeypatch, interruptible
):
    images, labels = few(digits)

    class Interrupt(keras.callbacks.Callback):
        """As Ctrl-C and Jupyter do it: anywhere in an epoch, and the process stays."""

        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if (self.epoch, batch) == (2, 1):
                signal.raise_signal(signal.SIGINT)

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
    clock = itertools.count(time.time() - 86_400, -60)  # set back, and running back
    monkeypatch.setattr(time, "time", lambda: next(clock))
    train(model, images, labels, initial_epoch=done, callbacks=[again], **options)
    for ended in (model, load_model(again.model_file)):
        assert all(map(np.array_equal, ended.get_weights(), whole.get_weights()))
    assert again.history["loss"] == history.history["loss"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model.keras",
        "run.json",
    ]


def losses_of_a_fixed_network(digits, recipe, epochs):
    """The loss of each pattern of each epoch, as a network that cannot learn has it."""
    images, labels = few(digits, 32)
    keras.utils.set_random_seed(0)
    model = build_lenet5()
    model.compile(keras.optimizers.SGD(0.0), loss_for("modern", VARIANTS["classic"]))
    losses = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: model.reset_metrics(),
        on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]),
    )
    options = {"batch_size": 1, "callbacks": [note]}
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


def test_the_paper_recipe_trains_by_its_optimizer_one_pattern_at_a_time(digits):
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
    for weight, raw in zip(model.weights, last, strict=True):
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


def test_distortions_belong_to_the_image_and_the_epoch_not_to_the_batch(digits):
    """Whatever the batches, the same images are seen."""
    seen = []
    for batch_size in (256, 100):
        keras.utils.set_random_seed(0)
        model = build_lenet5()
        model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
        options = {"distort": True, "epochs": 2, "batch_size": batch_size}
        seen.append(train(model, *few(digits), **options).history["loss"])
    assert seen[0] == pytest.approx(seen[1], rel=1e-5)
    assert seen[0][0] != pytest.approx(seen[0][1], rel=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"recipe": "lush"}, r"one of .*paper-distorted.*received 'lush'"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1; received 0"),
        ({"batch_size": -1}, "batch_size must be .*received -1"),
        ({"validation_split": 1.5}, "validation_split=1.5 leaves no image"),
        ({"log_every": 10}, r"no argument log_every: pass callbacks=\[EpochLog"),
        ({"shuffle": False}, "no argument shuffle: the recipe"),
        ({"steps_per_epoch": 3}, "no argument steps_per_epoch"),
        (
            {"class_weight": {0: 2.0}, "sample_weight": np.ones(256)},
            "cannot be given together",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(wrong, message, digits):
    with pytest.raises(ValueError, match=message):
        train(build_lenet5(), *few(digits), **wrong)


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


@pytest.mark.parametrize("number", [63, 65])
def test_there_is_one_sample_weight_for_each_image(number, digits):
    with pytest.raises(ValueError, match=f"one number for each image, 64.*{number}"):
        train(build_lenet5(), *few(digits, 64), sample_weight=np.ones(number))


def test_a_model_of_any_name_knows_its_recipe(digits):
    model = build_lenet5("modern", name="mine")
    train(model, *few(digits, 64), epochs=1)
    assert type(model.loss) is keras.losses.SparseCategoricalCrossentropy


def test_a_model_that_is_no_variant_must_be_compiled_first(digits):
    other = keras.Sequential([keras.Input((32, 32, 1)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="does not say which variant.*Compile it"):
        train(other, *few(digits))


SCRIPT_FOR_REPLICAS = """
    import keras, numpy as np, tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    device = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [device, device])
    from lenet_keras import build_lenet5, evaluate, load, loss_for, predict, train
    data = load("digits")
    x, y = data.train_images[:128], data.train_labels[:128]
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

    def trained(strategy, variant, optimizer, is_inside):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            model = build_lenet5(variant)
            if optimizer:
                loss = loss_for(variant, model.variant)
                model.compile(getattr(keras.optimizers, optimizer)(1e-3), loss)
            if is_inside:
                history = train(model, x, y, epochs=2, batch_size=32, distort=True)
        if not is_inside:
            history = train(model, x, y, epochs=2, batch_size=32, distort=True)
        return model, history.history["loss"]

    cases = ("classic", None, False), ("1998", "AdamW", True)
    for variant, optimizer, is_inside in cases:
        model, loss = trained(
            tf.distribute.get_strategy(), variant, optimizer, False)
        again, loss_again = trained(two, variant, optimizer, is_inside)
        np.testing.assert_allclose(loss, loss_again, rtol=1e-3)
        for a, b in zip(model.get_weights(), again.get_weights()):
            np.testing.assert_allclose(a, b, atol=2e-3)
        for n in (1, 7, 100):
            ours, theirs = predict(model, x[:n]), predict(again, x[:n])
            assert theirs.shape == (n, 10), theirs.shape
            np.testing.assert_allclose(ours, theirs, atol=2e-2)
        with two.scope():
            inside = predict(again, x[:100])
        np.testing.assert_allclose(inside, theirs, atol=1e-6)
        rate = evaluate(again, x, y).error_rate
        assert abs(evaluate(model, x, y).error_rate - rate) < 0.02
        print(variant, optimizer, "the same")
    try:
        train(again, x[:97], y[:97], batch_size=32)
    except ValueError as error:
        assert "on 2 replicas" in str(error)
        print("refused")
"""


def test_several_replicas_give_the_numbers_of_one_device():
    """In its own process: logical devices are set before TensorFlow starts."""
    run = python(SCRIPT_FOR_REPLICAS)
    assert run.stdout.count("the same") == 2, run.stderr[-2000:]
    assert "refused" in run.stdout


@pytest.mark.parametrize("variant", ["classic", "1998"])
def test_the_step_is_traced_once(variant, digits, monkeypatch):
    """TensorFlow traces again where the first trace made variables: seconds each."""
    traced = []
    step = fused.train_step

    def traced_step(*arguments):
        traced.append(arguments)
        return step(*arguments)

    monkeypatch.setattr(fused, "train_step", traced_step)
    train(build_lenet5(variant), *few(digits, 128), epochs=1)
    assert len(traced) == 1


def test_a_recipe_without_a_teacher_takes_labels_whatever_its_loss(digits):
    images, labels = few(digits)
    recipe = Recipe(epochs=1, loss=keras.losses.CategoricalCrossentropy())
    with pytest.raises(ValueError, match="one-hot or soft targets"):
        train(build_lenet5(), images, np.eye(10)[labels], recipe=recipe)
