"""`fit` of a LeNet-5 is Keras' `fit`: the same numbers, callbacks and files, faster.

Each case trains two networks of the same layers, from the same start and in the same
order: ours, and a plain functional twin. Where a case counts as fused, the traced step
must hold both branches; else the model must say why it takes Keras' own step.
"""

import contextlib
import gc
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import operations, python
from keras import callbacks, optimizers

from lenet_keras import (
    VARIANTS,
    EuclideanRBF,
    LeNet5,
    MaximumAPosteriori,
    SmoothedCrossentropy,
    SoftTargetCrossentropy,
    build_lenet5,
    to_input,
    train,
)
from lenet_keras.recipes import RECIPES, compile_model
from lenet_keras.steps import number_at_once
from lenet_keras.threads import cores

SPARSE = keras.losses.SparseCategoricalCrossentropy
BOTH = pytest.mark.parametrize("variant", ["classic", "1998"])


@pytest.fixture
def data(digits):
    """70 images: two batches of 32, and a last one of 6."""
    return to_input(digits.train_images[:70]), digits.train_labels[:70]


def pair(variant, prepare=lambda model: None, kind=None, **build):
    """Ours and its plain twin, from the same start."""
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        models.append(build_lenet5(variant, **build))
    ours, other = models
    if kind is not None:
        ours = kind(ours.input, ours.output)
    twin = keras.Model(other.input, other.output)
    for model in (ours, twin):
        prepare(model)
    return ours, twin


def plain_loss(model):
    """The loss that goes with the output of a model."""
    output = model.layers[-1]
    if isinstance(output, EuclideanRBF):
        return MaximumAPosteriori()
    return SPARSE(from_logits=output.activation is keras.activations.linear)


def accuracy():
    return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]


def compiled(models, optimizer=None, **settings):
    """Compile each with an optimizer and metrics of its own.

    A step whose trace makes variables is traced again: here it has them before.
    """
    for model in models:
        is_rbf = isinstance(model.layers[-1], EuclideanRBF)
        rate = 5e-4 if is_rbf else 0.05
        made = optimizer(rate) if optimizer else optimizers.SGD(rate, momentum=0.9)
        chosen = {"loss": plain_loss(model), "metrics": accuracy} | settings
        model.compile(made, **chosen | {"metrics": chosen["metrics"]()})
        model.optimizer.build(model.trainable_variables)
    return models


def fitted(models, *arguments, making=lambda: [], **options):
    """Fit each in the same order; return both histories."""
    histories = []
    for model in models:
        # In another order a ReLU may come so near to 0 that rounding decides.
        keras.utils.set_random_seed(2)
        given = [
            argument() if callable(argument) else argument for argument in arguments
        ]
        defaults = {"batch_size": 32, "epochs": 2, "verbose": 0}
        history = model.fit(*given, callbacks=making(), **defaults | options)
        histories.append(history.history)
    return histories


def assert_alike(models, histories, tolerance=1e-4):
    """The same histories, weights and optimizer states, up to rounding."""
    ours, twin = models
    mine, theirs = histories
    assert mine.keys() == theirs.keys()
    for name in mine:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-4, atol=1e-5)
    numbers = zip(
        (*ours.weights, *ours.optimizer.variables),
        (*twin.weights, *twin.optimizer.variables),
        strict=True,
    )
    for a, b in numbers:
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=tolerance)


def convolutions(step, *arrays):
    """How many convolutions a traced step holds for a batch of 32."""
    batch = tuple(tf.constant(array[:32]) for array in arrays)
    return sum(operation.type == "Conv2D" for operation in operations(step, batch))


def assert_fused(model, x, y):
    assert model.training_step == f"fused, branches: {min(2, cores())}"
    # C1 and C3; C5 is a product, and the gradients are operations of other names.
    assert convolutions(model.train_step, x, y) == 2 * min(2, cores())


@pytest.mark.parametrize("variant", ["classic", "1998", "modern"])
def test_a_variant_trains_as_its_twin(variant, data):
    models = compiled(pair(variant), lambda rate: optimizers.Adam(1e-3))
    assert_alike(models, fitted(models, *data), tolerance=2e-4)
    assert_fused(models[0], *data)


def test_what_a_script_names_trains_as_in_its_twin(data):
    models = pair("classic")
    for model in models:
        model.compile("adam", plain_loss(model), metrics=["accuracy"])
    assert_alike(models, fitted(models, *data), tolerance=2e-4)
    assert_fused(models[0], *data)


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_step_and_its_gradient_are_the_twins(variant, data):
    """Gradient descent at rate 1: what a weight moved by is its gradient."""
    models = pair(variant)
    before = models[0].get_weights()
    moves = []
    for model in compiled(models, lambda rate: optimizers.SGD(1.0)):
        model.train_on_batch(data[0][:48], data[1][:48])
        after = model.get_weights()
        moves.append([b - a for a, b in zip(before, after, strict=True)])
    assert models[0].training_step.startswith("fused")
    for mine, theirs in zip(*moves, strict=True):
        scale = np.abs(theirs).max() + 1e-6
        np.testing.assert_allclose(mine, theirs, atol=2e-5 * scale)


def weighed(y):
    return np.linspace(0, 2, len(y)).astype("float32")


# An optimizer, settings of `compile` and options of `fit`, several of them at a time.
FUSED = {
    "AdamW with decay, sample weights": (
        lambda rate: optimizers.AdamW(1e-3, weight_decay=0.1),
        {}, {"sample_weight": weighed},
    ),
    "clipping by norm, class weights": (
        lambda rate: optimizers.SGD(rate, clipnorm=0.1),
        {}, {"class_weight": {0: 2.0, 3: 0.5}},
    ),
    "clipping by global norm, a validation split": (
        lambda rate: optimizers.SGD(rate, global_clipnorm=0.1),
        {}, {"validation_split": 0.3},
    ),
    "accumulation, no shuffling": (
        lambda rate: optimizers.SGD(rate, gradient_accumulation_steps=2),
        {}, {"shuffle": False},
    ),
    "a mean of the weights, one batch": (
        lambda rate: optimizers.SGD(rate, use_ema=True, ema_momentum=0.5),
        {}, {"batch_size": 70},
    ),
    "a loss scale, loss weights": (
        lambda rate: optimizers.LossScaleOptimizer(optimizers.SGD(rate)),
        {"loss_weights": 0.5}, {},
    ),
    "a loss scale factor, weighted metrics": (
        lambda rate: optimizers.SGD(rate, loss_scale_factor=64.0),
        {"weighted_metrics": ["accuracy"]}, {"sample_weight": weighed},
    ),
    "a schedule, several metrics": (
        lambda rate: optimizers.SGD(optimizers.schedules.CosineDecay(rate, 5)),
        {"metrics": lambda: ["accuracy", keras.metrics.SparseCategoricalAccuracy()]},
        {},
    ),
    "a last batch of one image": (None, {}, {"batch_size": 69}),
    "batches of one image": (
        lambda rate: optimizers.SGD(rate / 100),
        {}, {"batch_size": 1, "epochs": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FUSED)
def test_whatever_is_asked_of_fit_is_fused_and_alike(case, data):
    optimizer, settings, options = FUSED[case]
    models = compiled(pair("classic"), optimizer, **settings)
    weights = options.get("sample_weight")
    options = options | ({"sample_weight": weights(data[1])} if weights else {})
    # Adam divides by tiny second moments, so that rounding shows.
    tolerance = 2e-4 if case.startswith("Adam") else 1e-4
    assert_alike(models, fitted(models, *data, **options), tolerance)
    alone = case == "batches of one image"
    expected = 1 if alone else min(2, cores())
    assert models[0].training_step == f"fused, branches: {expected}"


@BOTH
def test_frozen_layers_stay_and_the_rest_trains_alike(variant, data):
    def freeze(model):
        model.get_layer("c1").trainable = False
        model.get_layer("f6").trainable = False

    models = compiled(pair(variant, freeze))
    frozen = models[0].get_layer("c1").get_weights()
    assert_alike(models, fitted(models, *data))
    assert all(map(np.array_equal, frozen, models[0].get_layer("c1").get_weights()))
    assert models[0].training_step.startswith("fused")


@BOTH
def test_regularizers_and_constraints_of_weights_count(variant, data):
    def weigh(model):
        model.get_layer("c5").kernel_regularizer = keras.regularizers.L2(0.01)
        model.get_layer("c5").kernel.regularizer = keras.regularizers.L2(0.01)
        model.get_layer("f6").kernel.constraint = keras.constraints.MaxNorm(0.5)

    models = compiled(pair(variant, weigh))
    assert_alike(models, fitted(models, *data))
    assert models[0].training_step.startswith("fused")


LOSSES = {
    "by name": ("categorical_crossentropy", True),
    "divergence": (keras.losses.KLDivergence(), True),
    "a teacher's answers": (SoftTargetCrossentropy(2.0), True),
    "squared error": ("mse", True),
    "smoothed": (SmoothedCrossentropy(0.1), False),
}


@pytest.mark.parametrize("case", LOSSES)
def test_soft_targets_and_other_losses_are_taken_as_they_are(case, data):
    loss, is_soft = LOSSES[case]
    x, y = data
    if is_soft:  # mixup: each image half of the next one's class
        one_hot = np.eye(10, dtype="float32")[y]
        y = 0.5 * one_hot + 0.5 * np.roll(one_hot, 1, axis=0)
    models = compiled(pair("classic"), loss=loss, metrics=lambda: ["accuracy"])
    histories = fitted(models, x, y)
    assert_alike(models, histories)
    assert histories[0]["loss"][0] > 0
    assert models[0].training_step.startswith("fused")


def with_activity_regularizer(name):
    def prepare(model):
        regularizer = keras.regularizers.L2(0.01)
        model.get_layer(name).activity_regularizer = regularizer

    return prepare


def with_softmax(model):
    model.get_layer("c1").activation = keras.activations.softmax


def over_the_batch(x):
    return keras.ops.tanh(x - keras.ops.mean(x, axis=0))


def with_own_activation(model):
    model.get_layer("f6").activation = over_the_batch


OWN = {
    "a sum": ({"loss": SPARSE(reduction="sum")}, None, "reduction='sum'"),
    "a mean by weights": (
        {"loss": SPARSE(reduction="mean_with_sample_weight")}, None, "reduction",
    ),
    "an ignored class": ({"loss": SPARSE(ignore_class=3)}, None, "ignore_class"),
    "a function": (
        {"loss": lambda y, p: keras.losses.sparse_categorical_crossentropy(y, p)},
        None,
        "its loss is",
    ),
    "an activity regularizer on C1": (
        {}, with_activity_regularizer("c1"), "'c1' has an activity_regularizer",
    ),
    "an activity regularizer on S2": (
        {}, with_activity_regularizer("s2"), "'s2' has an activity_regularizer",
    ),
    "softmax in C1": ({}, with_softmax, "'c1' has an activation"),
    "an activation of its own": ({}, with_own_activation, "'f6' has an activation"),
    "eager": ({"run_eagerly": True}, None, "eagerly"),
    "XLA": ({"jit_compile": True}, None, "XLA"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*XLA:UserWarning")
@pytest.mark.parametrize("case", OWN)
def test_what_is_not_known_to_be_the_same_takes_keras_own_step(case, data):
    settings, prepare, reason = OWN[case]
    models = compiled(pair("classic", prepare or (lambda model: None)), **settings)
    if case == "a sum":
        for model in models:
            model.optimizer.learning_rate = 1e-3
    assert_alike(models, fitted(models, *data))
    assert models[0].training_step.startswith("Keras' own, since ")
    assert reason in models[0].training_step


def test_the_1998_network_takes_keras_own_step_where_it_must(data):
    models = compiled(pair("1998"), loss=MaximumAPosteriori(reduction="sum"))
    for model in models:
        model.optimizer.learning_rate = 1e-5
    assert_alike(models, fitted(models, *data))
    assert "reduction='sum'" in models[0].training_step


def test_an_own_train_step_is_called(data):
    class Counting(LeNet5):
        calls = 0

        def train_step(self, data):
            Counting.calls += 1
            return super().train_step(data)

    ours, twin = compiled(pair("classic", kind=Counting))
    assert_alike((ours, twin), fitted((ours, twin), *data))
    assert Counting.calls > 0
    assert "Counting is another class" in ours.training_step


def test_a_replaced_compute_loss_is_called(data):
    ours, twin = compiled(pair("classic"))
    for model in (ours, twin):
        plain = model.compute_loss
        model.compute_loss = lambda *a, plain=plain, **k: plain(*a, **k) ** 2
    assert_alike((ours, twin), fitted((ours, twin), *data))
    assert "compute_loss was replaced" in ours.training_step


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_other_precisions_train_as_in_keras(policy, data):
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
        models = compiled(pair("classic"), lambda rate: optimizers.Adam(1e-3))
    finally:
        keras.config.set_dtype_policy(before)
    histories = fitted(models, *data, epochs=4)
    tolerance = 1e-6 if policy == "float64" else 2e-2
    np.testing.assert_allclose(*(h["loss"] for h in histories), rtol=tolerance)
    assert models[0].training_step.startswith("fused")


def test_a_batch_metric_per_class_is_reported_as_it_is(data):
    x, y = data
    settings = {"metrics": lambda: [keras.metrics.F1Score(average=None)]}
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    models = compiled(pair("1998"), loss=loss, **settings)
    histories = fitted(models, x, np.eye(10, dtype="float32")[y])
    assert_alike(models, histories)
    assert np.shape(histories[0]["f1_score"]) == (2, 10)


def test_bytes_with_preprocessing_inside_are_fused(digits):
    models = compiled(pair("classic", include_preprocessing=True))
    images = digits.train_images[:70], digits.train_labels[:70]
    assert_alike(models, fitted(models, *images))
    assert models[0].training_step.startswith("fused")


def test_a_wide_input_is_fused(data):
    x = np.concatenate([data[0], data[0][:, :, :16]], axis=2)
    y = np.broadcast_to(data[1][:, None, None], (70, 1, 5))
    models = compiled(pair("classic", input_shape=(32, 48, 1)))
    assert_alike(models, fitted(models, x, y))
    assert models[0].training_step.startswith("fused")


class TestData:
    """Whatever form the data have."""

    def dataset(self, x, y):
        return lambda: tf.data.Dataset.from_tensor_slices((x, y)).batch(32)

    @BOTH
    def test_a_dataset(self, variant, data):
        models = compiled(pair(variant))
        validation = self.dataset(*data)()
        options = {"batch_size": None, "shuffle": False, "validation_data": validation}
        assert_alike(models, fitted(models, self.dataset(*data), **options))
        assert_fused(models[0], *data)

    def test_validation_with_weights(self, data):
        models = compiled(pair("1998"))
        triple = (*data, weighed(data[1]))
        assert_alike(models, fitted(models, *data, validation_data=triple))

    @pytest.mark.filterwarnings("ignore:Your input ran out of data")
    def test_a_generator(self, data):
        x, y = data

        def batches():
            for start in itertools.cycle(range(0, 64, 32)):
                yield x[start : start + 32], y[start : start + 32]

        models = compiled(pair("classic"))
        options = {"batch_size": None, "shuffle": False, "steps_per_epoch": 3}
        assert_alike(models, fitted(models, batches, **options))
        assert int(models[0].optimizer.iterations) == 6

    def test_steps_of_an_epoch_and_of_validation_are_counted(self, data):
        models = compiled(pair("classic"))
        repeated = self.dataset(*data)().repeat()
        options = {
            "batch_size": None,
            "shuffle": False,
            "steps_per_epoch": 7,
            "validation_data": repeated,
            "validation_steps": 2,
        }
        histories = fitted(models, lambda: repeated, **options)
        assert_alike(models, histories)
        assert int(models[0].optimizer.iterations) == 14

    def test_a_keras_dataset_of_python(self, data):
        class Batches(keras.utils.PyDataset):
            def __len__(self):
                return 2

            def __getitem__(self, index):
                return tuple(part[32 * index : 32 * index + 32] for part in data)

        models = compiled(pair("classic"))
        options = {"batch_size": None, "shuffle": False}
        assert_alike(models, fitted(models, Batches, **options))


class TestTuner:
    """No pipeline tunes itself: an epoch would end only when its tuner wakes up."""

    @pytest.fixture
    def tuned(self, monkeypatch):
        """Whether each dataset that was iterated tunes itself, as its options say."""
        found, begin = [], tf.data.Dataset.__iter__

        def noted(dataset):
            found.append(dataset.options().autotune.enabled)
            return begin(dataset)

        monkeypatch.setattr("tensorflow.data.Dataset.__iter__", noted)
        yield found
        gc.collect()  # whoever lets go of one later waits as long again for its tuner

    def test_on_arrays(self, data, tuned):
        (model, _) = compiled(pair("classic"))
        model.fit(*data, validation_data=data, verbose=0)
        model.evaluate(*data, verbose=0)
        model.predict(data[0], verbose=0)
        assert len(tuned) > 3
        assert set(tuned) == {False}

    def test_in_train(self, digits, tuned):
        images, labels = digits.train_images[:70], digits.train_labels[:70]
        train(build_lenet5(), images, labels, epochs=1, distort=True, verbose=0)
        assert set(tuned) == {False}

    @pytest.mark.parametrize("wanted", [None, True, False])
    def test_a_dataset_that_says_so_does(self, wanted, data, tuned):
        options = tf.data.Options()
        if wanted is not None:
            options.autotune.enabled = wanted
        dataset = tf.data.Dataset.from_tensor_slices(data).batch(32)
        (model, _) = compiled(pair("classic"))
        model.fit(dataset.with_options(options), shuffle=False, verbose=0)
        assert set(tuned) == {bool(wanted)}


class Diary(callbacks.Callback):
    """Notes every call, with the names of what it is told."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __getattribute__(self, name):
        if not name.startswith("on_") or "batch" in name:
            return super().__getattribute__(name)

        def note(*arguments, logs=None):
            *numbers, told = (
                (*arguments, logs) if logs is not None else arguments or (None,)
            )
            names = sorted(told) if isinstance(told, dict) else told
            self.calls.append((name, *numbers, names))

        return note


class Batches(callbacks.Callback):
    """Notes every batch with its loss."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((batch, round(float(logs["loss"]), 4)))

    def on_test_batch_begin(self, batch, logs=None):
        self.seen.append(batch)


class TestCallbacks:
    """They see what they see in Keras, and what they do has the same effect."""

    def both(self, data, make, **options):
        models, made = compiled(pair("classic")), []

        def making():
            made.append(make())
            return [made[-1]]

        options = {"validation_data": data, "epochs": 3} | options
        histories = fitted(models, *data, making=making, **options)
        assert_alike(models, histories)
        return models, made, histories

    def test_all_hooks_of_epochs_tests_and_training(self, data):
        models, (mine, theirs), _ = self.both(data, Diary)
        assert mine.calls == theirs.calls
        names = {call[0] for call in mine.calls}
        assert {"on_train_begin", "on_train_end", "on_epoch_end"} <= names
        assert {"on_test_begin", "on_test_end"} <= names
        assert number_at_once(models[0], {"callbacks": [Diary()]}) == 100

    def test_every_batch(self, data):
        _, (mine, theirs), _ = self.both(data, Batches)
        assert mine.seen == theirs.seen
        assert [seen[0] for seen in mine.seen if isinstance(seen, tuple)][:3] == [
            0,
            1,
            2,
        ]

    @pytest.mark.parametrize("hook", ["on_train_batch_end", "on_batch_end"])
    def test_a_stop_inside_an_epoch(self, hook, data):
        class Stop(callbacks.Callback):
            pass

        def stop(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

        setattr(Stop, hook, stop)
        models, _, histories = self.both(data, Stop)
        assert len(histories[0]["loss"]) == 1
        assert int(models[0].optimizer.iterations) == 2

    def test_a_learning_rate_by_epoch(self, data):
        self.both(
            data,
            lambda: callbacks.LearningRateScheduler(lambda e, rate: rate / (e + 1)),
        )

    def test_a_learning_rate_by_batch(self, data):
        class WarmUp(callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                rate = 1e-4 * (1 + int(self.model.optimizer.iterations))
                self.model.optimizer.learning_rate = rate

        models, _, _ = self.both(data, WarmUp)
        assert float(models[0].optimizer.learning_rate) == pytest.approx(9e-4)

    def test_a_learning_rate_that_waits_for_a_plateau(self, data):
        self.both(
            data,
            lambda: callbacks.ReduceLROnPlateau(patience=1, min_delta=9.0),
        )

    def test_early_stopping_with_the_best_weights_restored(self, data):
        def stop():
            return callbacks.EarlyStopping(
                "val_loss", min_delta=9e9, patience=1, restore_best_weights=True
            )

        _, _, histories = self.both(data, stop, epochs=5)
        assert len(histories[0]["loss"]) == 2

    @pytest.mark.parametrize("every", ["epoch", 2])
    def test_checkpoints_by_epoch_and_by_batch(self, every, data, tmp_path):
        folders = iter([tmp_path / "ours", tmp_path / "twin"])

        def checkpoint():
            file = str(next(folders) / "{epoch}-{batch}.weights.h5")
            file = file if every != "epoch" else file.replace("-{batch}", "")
            return callbacks.ModelCheckpoint(
                file, save_weights_only=True, save_freq=every
            )

        self.both(data, checkpoint, validation_data=None)
        names = [
            sorted(path.name for path in (tmp_path / model).iterdir())
            for model in ("ours", "twin")
        ]
        assert names[0] == names[1]
        assert len(names[0]) == (3 if every == "epoch" else 4)

    @pytest.mark.parametrize("every", ["epoch", 1])
    def test_tensorboard_by_epoch_and_by_batch(self, every, data, tmp_path):
        pytest.importorskip("tensorboard")
        folders = iter([tmp_path / "ours", tmp_path / "twin"])

        def board():
            return callbacks.TensorBoard(next(folders), update_freq=every)

        self.both(data, board, validation_data=None)
        written = []
        for model in ("ours", "twin"):
            (file,) = (tmp_path / model / "train").glob("events*")
            records = tf.data.TFRecordDataset(str(file))
            events = [tf.compat.v1.Event.FromString(r.numpy()) for r in records]
            # Of the twin, whose class is Keras' own, some versions draw the layers too.
            tags = [(e.step, v.tag) for e in events for v in e.summary.value]
            written.append([each for each in tags if each[1] != "keras"])
        assert written[0] == written[1] != []

    def test_a_backup_goes_on_where_it_was(self, data, tmp_path):
        class Fall(callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == 2:
                    raise RuntimeError("the power failed")

        whole = compiled(pair("classic"))[0]
        keras.utils.set_random_seed(1)
        options = {"epochs": 4, "batch_size": 32, "shuffle": False, "verbose": 0}
        expected = whole.fit(*data, **options).history

        (model,) = compiled(pair("classic")[:1])
        folder = str(tmp_path / "backup")

        def backup():
            return callbacks.BackupAndRestore(folder)

        with pytest.raises(RuntimeError, match="power"):
            model.fit(*data, callbacks=[backup(), Fall()], **options)
        (again,) = compiled(pair("classic")[:1])
        history = again.fit(*data, callbacks=[backup()], **options).history
        assert history["loss"] == expected["loss"][2:]
        assert int(again.optimizer.iterations) == 12
        for a, b in zip(whole.weights, again.weights, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_predictions_inside_of_fit_are_whole(self, data):
        """Keras predicts several steps at once in another way, and caches it."""

        class Predict(callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                self.answers = self.model.predict(data[0], batch_size=16, verbose=0)

        (model,) = compiled(pair("classic")[:1])
        model.predict(data[0], verbose=0)
        predict = Predict()
        model.fit(*data, callbacks=[predict], verbose=0)
        assert predict.answers.shape == (70, 10)
        expected = model.predict(data[0], verbose=0)
        np.testing.assert_allclose(predict.answers, expected, atol=1e-5)

    def test_a_bar_counts_no_step_beyond_the_last(self, data, capsys):
        (model,) = compiled(pair("classic")[:1])
        model.fit(*data, batch_size=32, verbose=1)
        out = capsys.readouterr().out
        assert "3/3" in out
        assert "100/3" not in out


def test_a_convolution_that_ends_in_a_softmax_is_answered_by_keras(data):
    """In squares of places the softmax would see them all as one."""

    def maps(kind):
        x = keras.Input((32, 32, 1))
        return kind(x, keras.layers.Conv2D(10, 5, activation="softmax")(x))

    ours, twin = maps(LeNet5), maps(keras.Model)
    ours.compile("sgd", "mse")
    twin.set_weights(ours.get_weights())
    answers = ours.predict(data[0][:2], verbose=0)
    np.testing.assert_allclose(answers, twin.predict(data[0][:2], verbose=0), atol=1e-5)


class TestAnswers:
    """`evaluate` and `predict` answer in branches, by the fast forms, alike."""

    def assert_alike(self, models, x, y, **options):
        mine, theirs = (
            (
                model.evaluate(x, y, batch_size=32, verbose=0, **options),
                model.predict(x, batch_size=32, verbose=0),
            )
            for model in models
        )
        np.testing.assert_allclose(mine[0], theirs[0], rtol=1e-4)
        scale = np.abs(theirs[1]).max()
        np.testing.assert_allclose(mine[1], theirs[1], atol=1e-5 * scale)

    @pytest.mark.parametrize("variant", VARIANTS)
    def test_every_variant_answers_as_its_twin(self, variant, data):
        models = compiled(pair(variant))
        self.assert_alike(models, *data)
        # C1 and C3; C5 is a product.
        assert convolutions(models[0].predict_step, data[0]) == 2 * min(2, cores())

    @BOTH
    def test_whatever_is_measured_is_measured_alike(self, variant, data):
        def prepare(model):
            model.get_layer("f6").kernel_regularizer = keras.regularizers.L2(0.1)

        def loss(y_true, y_pred):
            return keras.ops.abs(keras.ops.max(y_pred, -1) - y_true)

        def counted():
            return [keras.metrics.SparseCategoricalAccuracy()]

        settings = {"loss": loss, "weighted_metrics": ["accuracy"]}
        models = compiled(pair(variant, prepare), **settings, metrics=counted)
        self.assert_alike(models, *data, sample_weight=weighed(data[1]))

    @pytest.mark.parametrize("number", [1, 3, 33])
    def test_a_few_images_are_enough(self, number, data, monkeypatch):
        monkeypatch.setattr("lenet_keras.fused.branches", lambda size: 4)
        models = compiled(pair("classic"))
        self.assert_alike(models, data[0][:number], data[1][:number])

    @pytest.mark.filterwarnings("ignore:.*XLA:UserWarning")
    @pytest.mark.parametrize(
        "case", ["softmax in C1", "an activation of its own", "eager", "XLA"]
    )
    def test_what_is_not_known_to_be_the_same_is_answered_by_keras(self, case, data):
        settings, prepare, _ = OWN[case]
        models = compiled(pair("classic", prepare or (lambda model: None)), **settings)
        self.assert_alike(models, *data)
        assert convolutions(models[0].predict_step, data[0]) == 3

    def test_steps_of_another_class_are_its_own(self, data):
        class Loud(LeNet5):
            def call(self, inputs, training=None, mask=None):
                return 2 * super().call(inputs, training, mask)

        ours, twin = pair("classic", kind=Loud)
        answers = ours.predict(data[0], verbose=0)
        np.testing.assert_allclose(
            answers, 2 * twin.predict(data[0], verbose=0), atol=1e-5
        )


class TestStepsAtOnce:
    """A hundred steps at once, where nobody can notice; afterwards all is as before."""

    @pytest.mark.parametrize(
        ("given", "number"),
        [
            ({}, 100),
            ({"callbacks": [callbacks.CSVLogger("log")]}, 100),
            ({"callbacks": [callbacks.ModelCheckpoint("a.keras")]}, 100),
            ({"callbacks": [callbacks.BackupAndRestore("a")]}, 100),
            ({"callbacks": [callbacks.TensorBoard("a")]}, 100),
            ({"callbacks": [callbacks.TerminateOnNaN()]}, 1),
            ({"callbacks": callbacks.TerminateOnNaN()}, 1),
            ({"callbacks": [callbacks.TensorBoard("a", update_freq=10)]}, 1),
            ({"callbacks": [Batches()]}, 1),
            ({"callbacks": [callbacks.LambdaCallback(on_epoch_end=print)]}, 100),
            ({"callbacks": [callbacks.LambdaCallback(on_train_batch_end=print)]}, 1),
            ({"steps_per_epoch": 7}, 7),
            ({"steps_per_epoch": 1000, "validation_steps": 60}, 20),
            ({"steps_per_epoch": 101}, 1),
        ],
    )  # fmt: skip
    def test_how_many(self, given, number):
        (model,) = compiled(pair("classic")[:1])
        assert number_at_once(model, given) == number

    def test_a_number_that_the_user_chose_stays(self, data):
        (model,) = compiled(pair("classic")[:1], steps_per_execution=2)
        assert number_at_once(model, {}) == 2
        model.fit(*data, verbose=0)
        assert model.steps_per_execution == 2

    def test_afterwards_the_model_evaluates_and_trains_step_by_step(self, data):
        models = compiled(pair("classic"))
        results = []
        for model in models:
            keras.utils.set_random_seed(1)
            model.fit(*data, validation_data=data, verbose=0)
            results.append(model.evaluate(*data, batch_size=16, verbose=0))
            results.append(model.train_on_batch(data[0][:8], data[1][:8]))
            assert model.steps_per_execution == 1
            model.fit(*data, verbose=0)
        np.testing.assert_allclose(results[:2], results[2:], rtol=1e-4)

    def test_what_a_callback_asks_of_the_model_takes_the_steps_it_asks_for(self, data):
        """`fit` takes a hundred at once; `evaluate` of two is of two."""
        found = []

        class Asks(callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                dataset = tf.data.Dataset.from_tensor_slices(data).batch(8)
                model, once = self.model, {"steps": 2, "verbose": 0}
                found.append(model.evaluate(dataset.repeat(), **once))
                found.append(model.evaluate(*data, batch_size=8, verbose=0))
                found.append(model.predict(dataset.repeat(), **once).sum())
                before = int(model.optimizer.iterations)
                steps = {"steps_per_epoch": 3, "shuffle": False}
                model.fit(dataset.repeat(), **steps, verbose=0)
                assert int(model.optimizer.iterations) == before + 3

        models = compiled(pair("classic"))
        for model in models:
            keras.utils.set_random_seed(1)
            model.fit(*data, callbacks=[Asks()], verbose=0)
            assert model.steps_per_execution == 1
        assert number_at_once(models[0], {"callbacks": [Asks()]}) > 1
        for mine, theirs in zip(found[:3], found[3:], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-4)

    def test_a_step_that_is_asked_for_again_is_traced_again(self, data):
        (model,) = compiled(pair("classic")[:1])
        model.fit(*data, verbose=0)
        f6 = model.get_layer("f6")
        f6.trainable = False
        before = f6.get_weights()
        model.make_train_function(force=True)
        model.fit(*data, verbose=0)
        assert all(map(np.array_equal, before, f6.get_weights()))

    def test_a_second_fit_traces_nothing_again(self, data):
        (model,) = compiled(pair("classic")[:1])
        model.fit(*data, verbose=0)
        model.training_step = "not traced"
        model.fit(*data, verbose=0)
        assert model.training_step == "not traced"
        compiled([model])
        model.fit(*data, verbose=0)
        assert model.training_step.startswith("fused")


def test_a_model_that_was_only_fitted_can_be_exported(data, tmp_path):
    """Keras asks whether it was ever called before it asks for tf2onnx."""
    (model,) = compiled([build_lenet5()])
    fitted([model], *data)
    with contextlib.suppress(ImportError):
        model.export(tmp_path / "lenet5.onnx", format="onnx", verbose=False)


def test_a_clone_is_fused_too(data):
    ours, twin = pair("classic")
    clone = keras.models.clone_model(ours)
    clone.set_weights(ours.get_weights())
    models = compiled((clone, twin))
    assert_alike(models, fitted(models, *data))
    assert clone.training_step.startswith("fused")


def test_training_twice_goes_on_as_in_keras(data):
    models = compiled(pair("classic"))
    fitted(models, *data)
    assert_alike(models, fitted(models, *data))


def test_a_recipe_compiles_both_alike(data):
    ours, twin = pair("1998")
    compile_model(ours, RECIPES["1998"], 6)
    optimizer = type(ours.optimizer).from_config(ours.optimizer.get_config())
    twin.compile(optimizer, ours.loss, metrics=["accuracy"])
    assert_alike((ours, twin), fitted((ours, twin), *data), tolerance=2e-4)


def test_two_replicas_train_as_one_device():
    """In its own process: logical devices are set before TensorFlow starts."""
    run = python("""
        import keras, numpy as np, tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        device = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(cpu, [device, device])
        from lenet_keras import build_lenet5, load, loss_for, to_input
        digits = load("digits")
        x, y = to_input(digits.train_images[:128]), digits.train_labels[:128]
        def fitted(variant, strategy):
            keras.utils.set_random_seed(0)
            with strategy.scope():
                model = build_lenet5(variant)
                loss = loss_for(variant, model.variant)
                model.compile(keras.optimizers.SGD(1e-3), loss)
            history = model.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0)
            return history.history["loss"], model.get_weights(), model.training_step
        alone = tf.distribute.OneDeviceStrategy("CPU:0")
        both = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        for variant in ("classic", "1998"):
            one, two = fitted(variant, alone), fitted(variant, both)
            np.testing.assert_allclose(one[0], two[0], rtol=1e-4)
            for a, b in zip(one[1], two[1]):
                np.testing.assert_allclose(a, b, atol=1e-4)
            print(two[2])
    """)
    assert run.stdout.count("not run on one CPU") == 2, run.stderr[-2000:]
