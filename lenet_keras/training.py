"""Train LeNet-5: one recipe a variant, and a training step that keeps two cores busy.

`train` does what `model.fit` does, with the same mathematics and the same callbacks,
faster. Three things make the difference on a CPU, where the kernels of so small a
network are too short to be worth splitting (`CoveringConv2D` and `fast` have the rest):

1. the loop over the batches of an epoch runs inside one `tf.function`;
2. the images stay bytes in memory, a batch is gathered from them by index;
3. each batch is split into parts whose gradients are independent branches of the graph,
   one a core, and averaged: the gradient of the whole batch, up to rounding.
"""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from lenet_keras.data import (
    DISTORTIONS,
    check_pairs,
    distort_by,
    draw_distortions,
    network_input,
)
from lenet_keras.data import distort as distort_images
from lenet_keras.fast import forward, fused_updates
from lenet_keras.losses import SmoothedCrossentropy
from lenet_keras.model import VARIANTS, Variant
from lenet_keras.optimizers import (
    CurvatureEstimator,
    StochasticDiagonalLevenbergMarquardt,
)

# Fewer images than this are not worth a branch of the graph of their own.
_SMALLEST_PART = 16


@dataclass(frozen=True)
class Recipe:
    """How to train a variant; chosen on the last 5,000 training images of MNIST.

    The learning rate rises linearly for a fifth of the steps, then falls as a cosine;
    the paper's optimiser has its own schedule.

    Args:
        optimizer: "sgd" (Nesterov momentum 0.9), "adamw", or the paper's, "sdlm"
            (`StochasticDiagonalLevenbergMarquardt`).
        learning_rate: float, the peak.
        epochs: int, passes over as many images as the training set has.
        batch_size: int, images a step.
        label_smoothing: float, the share of the target that all classes divide among
            them; the loss is then the cross-entropy to it, also for the RBF output.
        distort: whether each image is distorted anew in each epoch: False, True, or the
            ranges of `distort`, such as `OTHER_HANDS`.
        copies: int, distorted copies of each image that join the training set for
            good; an epoch then sees one image in `copies` + 1.
        shuffle: bool, whether each epoch has an order of its own, or all the same.
        average: bool, whether the weights end as their running mean over about the last
            tenth of the steps; the learning rate then stays above a fifth of the peak,
            for there must be a spread to average.
        loss: Keras loss instead of the variant's, or None.
    """

    optimizer: str = "sgd"
    learning_rate: float | None = 0.3
    epochs: int = 10
    batch_size: int = 64
    label_smoothing: float = 0.2
    distort: bool | Mapping = False
    copies: int = 0
    shuffle: bool = True
    average: bool = False
    loss: keras.losses.Loss | None = None


# Section III: one pattern at a time, in a constant random order, for 20 passes; with
# distortions, 540,000 more patterns and passes of the same length.
_PAPER = Recipe("sdlm", None, 20, batch_size=1, label_smoothing=0, shuffle=False)

# Today one turns the digits as well.
_TURNED = DISTORTIONS | {"rotation": (-7.0, 7.0)}

# The recipe of each variant, by its name; then the paper's own, and today's best.
RECIPES = {
    "classic": Recipe(),
    "dense": Recipe(),
    "sigmoid": Recipe("sgd", 5.0, epochs=12, batch_size=32, label_smoothing=0),
    "tanh": Recipe(),
    "1998": Recipe("adamw", 3e-3, epochs=12, label_smoothing=0, distort=True),
    "modern": Recipe("sgd", 0.08, label_smoothing=0, distort=True),
    "paper": _PAPER,
    "paper-distorted": replace(_PAPER, copies=9),
    "best": Recipe(
        "adamw", 3e-3, 100, label_smoothing=0.1, distort=_TURNED, average=True
    ),
}

# Ten epochs of the "1998" recipe, with no distortions: from its second rung on, the
# ladder changes the network only, then adds the distortions.
_TODAY = replace(RECIPES["1998"], epochs=10, distort=False)


class Rung(NamedTuple):
    """One step on the way from 1998 to today: a network, and how it is trained."""

    label: str
    variant: Variant
    recipe: Recipe


def _ladder(lowest, *steps):
    """The rungs: each step is a label and what it changes on the rung below."""
    rungs = [lowest]
    for label, changes in steps:
        _, variant, recipe = rungs[-1]
        recipe = changes.pop("recipe", recipe)
        variant = replace(variant, **changes)
        rungs.append(Rung(label, variant, replace(recipe, loss=variant.loss)))
    return tuple(rungs)


LADDER = _ladder(
    Rung("1998", VARIANTS["1998"], RECIPES["paper"]),
    ("AdamW, batches of 64", {"recipe": _TODAY}),
    ("C3 reads all maps", {"c3_table": None}),
    ("average pooling", {"subsampling": "average"}),
    ("no squashing after it", {"squash_subsampling": False}),
    ("softmax, cross-entropy", {"output": "softmax", "loss": VARIANTS["modern"].loss}),
    ("Glorot's start", {"initializer": keras.initializers.GlorotUniform}),
    ("ReLU", {"activation": "relu"}),
    ("max pooling", {"subsampling": "max"}),
    ("distortions", {"recipe": replace(_TODAY, distort=True)}),
)


def named_recipe(name):
    """The recipe of a name.

    Raises:
        ValueError: for a name that is not in `RECIPES`.
    """
    if name not in RECIPES:
        raise ValueError(
            f"recipe must be one of {', '.join(RECIPES)}; received {name!r}."
        )
    return RECIPES[name]


def compile_model(model, recipe, steps):
    """Compile a LeNet-5 with its variant's loss and a recipe's optimiser.

    Args:
        model: `keras.Model` from `build_lenet5`.
        recipe: `Recipe`.
        steps: int, steps of the whole training, over which the learning rate runs.

    Raises:
        ValueError: if the model does not carry the name of one of the `VARIANTS`.
    """
    ema = {"use_ema": recipe.average, "ema_momentum": max(0.0, 1 - 10 / steps)}
    optimizers = {
        "sgd": lambda rate: keras.optimizers.SGD(
            rate, momentum=0.9, nesterov=True, **ema
        ),
        "adamw": lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.01, **ema),
        "sdlm": lambda rate: StochasticDiagonalLevenbergMarquardt(),
    }
    variant = VARIANTS[_variant_name(model)]
    loss = recipe.loss or variant.loss
    if recipe.label_smoothing:
        # Two digits' codes are at a squared distance of 124 on average. Over 20 it is a
        # lead of 6: near the 4.5 of the right class where targets are smoothed by 0.1.
        loss = SmoothedCrossentropy(
            recipe.label_smoothing,
            from_logits=variant.output != "softmax",
            temperature=20.0 if variant.output == "rbf" else 1.0,
        )
    optimizer = optimizers[recipe.optimizer](_one_cycle(recipe, steps))
    model.compile(optimizer, loss, metrics=["accuracy"])


def _one_cycle(recipe, steps):
    """The learning rate of each step: a linear rise, then half a cosine."""
    if recipe.learning_rate is None:
        return None
    warm_up = steps // 5
    return keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10,
        decay_steps=steps - warm_up,
        alpha=0.2 if recipe.average else 0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )


def train(
    model,
    images,
    labels,
    *,
    recipe=None,
    epochs=None,
    batch_size=None,
    distort=None,
    validation_data=None,
    callbacks=None,
    initial_epoch=0,
    log_every=None,
    seed=0,
):
    """Train a model on images in memory: `model.fit`, faster.

    A compiled model keeps its optimiser, loss and metrics, as in `fit`. One that is not
    compiled gets a recipe, by default its variant's. The same seed on the same machine
    gives the same weights bit by bit, in one go or resumed at `initial_epoch`. A layer
    that averages over a batch, such as BatchNormalization, sees one part of it at a
    time.

    The paper's optimiser gets a `CurvatureEstimator`, unless the callbacks hold one.

    Args:
        model: `keras.Model`, from `build_lenet5` or of the same input.
        images: bytes (n, 28, 28), or whatever the model takes, (n, height, width, 1).
        labels: integers (n,).
        recipe: `Recipe`, or a name in `RECIPES`; default the variant's for a model that
            is not compiled, else one epoch in batches of 64 without distortions.
        epochs: int, number of the last epoch, instead of the recipe's.
        batch_size: int, instead of the recipe's.
        distort: False, True or the ranges of `distort`, instead of the recipe's.
        validation_data: (images, labels) evaluated after each epoch, or None.
        callbacks: list of `keras.callbacks.Callback`, called as in `fit`, at the end
            of a batch only every `log_every` steps.
        initial_epoch: int, epochs already done.
        log_every: int, steps between two calls of the callbacks; default the epoch.
        seed: int, of the order of the images and of the distortions.

    Returns:
        `keras.callbacks.History`.

    Raises:
        ValueError: for images and labels that do not go with each other or the model,
            or an unknown recipe.
    """
    recipe = _recipe(model, recipe)
    epochs = recipe.epochs if epochs is None else epochs
    batch_size = recipe.batch_size if batch_size is None else batch_size
    distort = recipe.distort if distort is None else distort
    images, labels = check_pairs(images, labels)
    _check_labels(model, labels)
    steps = -(-len(images) // batch_size)
    if not model.compiled:
        compile_model(model, recipe, steps * epochs)
    if validation_data is not None:
        validation_images, validation_labels = check_pairs(*validation_data)
        validation_data = network_input(model, validation_images), validation_labels

    maps = _copies(len(images), recipe.copies, seed) if recipe.copies else None
    run_steps = _make_run_steps(model, images, labels, batch_size, maps, distort, seed)
    chunk = log_every or steps
    callbacks = list(callbacks or [])
    if _lacks_curvature(model, callbacks):
        callbacks.insert(0, CurvatureEstimator(images, seed=seed))
    # What is tested is the average of the weights, where the optimiser keeps one.
    averaging = [keras.callbacks.SwapEMAWeights()] if model.optimizer.use_ema else None
    calls = keras.callbacks.CallbackList(
        callbacks, add_history=True, model=model, epochs=epochs, steps=steps, verbose=0
    )
    model.stop_training = False
    calls.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        model.reset_metrics()
        calls.on_epoch_begin(epoch)
        order = _order(len(images), recipe, epoch, seed)
        for start in range(0, steps, chunk):
            stop = min(start + chunk, steps)
            calls.on_train_batch_begin(start)
            run_steps(*(tf.constant(n, tf.int64) for n in (order, epoch, start, stop)))
            calls.on_train_batch_end(stop - 1, _numbers(model.get_metrics_result()))
        logs = _numbers(model.get_metrics_result())
        if validation_data is not None:
            scores = model.evaluate(
                *validation_data,
                batch_size=500,
                verbose=0,
                return_dict=True,
                callbacks=averaging,
            )
            logs |= {f"val_{name}": score for name, score in scores.items()}
        calls.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    # As `fit` does, for an optimiser that averages the weights.
    model.optimizer.finalize_variable_values(model.trainable_weights)
    calls.on_train_end()
    return model.history


def _lacks_curvature(model, callbacks):
    """Whether the optimiser needs second derivatives that nobody is to estimate."""
    needed = isinstance(model.optimizer, StochasticDiagonalLevenbergMarquardt)
    return needed and not any(isinstance(c, CurvatureEstimator) for c in callbacks)


def _order(number, recipe, epoch, seed):
    """The patterns of an epoch; those beyond `number` are copies of the images.

    Without shuffling, the epochs go round and round one constant random order.
    """
    total = number * (1 + recipe.copies)
    if recipe.shuffle:
        return np.random.default_rng((seed, epoch)).permutation(total)[:number]
    order = np.random.default_rng(seed).permutation(total)
    return order.take(np.arange(epoch * number, (epoch + 1) * number), mode="wrap")


def _copies(number, copies, seed):
    """The map of each pattern: nothing for the images, then distorted copies."""
    nothing = [[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]] * number
    return tf.concat([nothing, draw_distortions(number * copies, (seed, copies))], 0)


def _make_run_steps(model, images, labels, batch_size, maps, distort, seed):
    """A `tf.function` that runs the steps `start` to `stop` of an epoch."""
    network_input(model, images[:1])  # complain before anything is built
    number, answer = len(images), forward(model)
    images, labels = tf.constant(images), tf.constant(labels.astype("int64"))
    full_steps, rest = divmod(number, batch_size)
    model.optimizer.build(model.trainable_variables)
    mean_loss = next(metric for metric in model.metrics if metric.name == "loss")

    def gradients(index, draw):
        x = tf.cast(network_input(model, tf.gather(images, index % number)), tf.float32)
        y = tf.gather(labels, index % number)
        if maps is not None:
            x = distort_by(x, tf.gather(maps, index))
        if distort:
            x = distort_images(x, draw, None if distort is True else distort)
        with tf.GradientTape() as tape:
            answers = answer(x)
            loss = model.compute_loss(x, y, answers)
        return loss, tape.gradient(loss, model.trainable_variables), y, answers

    def train_step(batch, number, size):
        sizes = _part_sizes(size)
        parts = [
            gradients(index, (seed, number * len(sizes) + part))
            for part, index in enumerate(tf.split(batch, sizes))
        ]
        if len(parts) > 1:
            # Updates and metrics wait for the first part, or they delay the last.
            with tf.control_dependencies(parts[0][1]):
                parts[-1] = tf.nest.map_structure(tf.identity, parts[-1])
        losses, slopes, truths, answers = zip(*parts, strict=True)
        shares = [part / size for part in sizes]
        with fused_updates(model.optimizer):
            model.optimizer.apply(
                [_weighted_sum(shares, slope) for slope in zip(*slopes, strict=True)],
                model.trainable_variables,
            )
        mean_loss.update_state(_weighted_sum(shares, losses), sample_weight=size)
        model.compute_metrics(None, tf.concat(truths, 0), tf.concat(answers, 0))

    @tf.function
    def run_steps(order, epoch, start, stop):
        first = epoch * (full_steps + 1)
        for step in tf.range(start, tf.minimum(stop, full_steps)):
            batch = order[step * batch_size : (step + 1) * batch_size]
            train_step(batch, first + step, batch_size)
        if rest and stop > full_steps:  # the last batch of an epoch is smaller
            train_step(order[-rest:], first + full_steps, rest)

    scalar = tf.TensorSpec((), tf.int64)
    return run_steps.get_concrete_function(
        tf.TensorSpec((number,), tf.int64), scalar, scalar, scalar
    )


def _check_labels(model, labels):
    """Complain of a label that has no output before TensorFlow does, in a page."""
    classes = model.output_shape[-1]
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels must be 0 to {classes - 1}, one for each output of {model.name!r};"
            f" received {labels.min()} to {labels.max()}. Build the model with "
            f"classes={labels.max() + 1}."
        )


def _weighted_sum(shares, values):
    """Sum the parts of a batch, each weighted by its share of the images."""
    pairs = zip(shares, values, strict=True)
    return tf.add_n([share * value for share, value in pairs])


def _part_sizes(batch_size):
    """How to split a batch into branches: one a core, a single one on a GPU."""
    parts = max(1, min(_cores(), batch_size // _SMALLEST_PART))
    if tf.config.list_physical_devices("GPU"):
        parts = 1
    return [len(part) for part in np.array_split(range(batch_size), parts)]


def _cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def use_all_cores():
    """Give TensorFlow one thread a branch: for commands, before TensorFlow starts.

    Once it has started it keeps the threads it has; with a GPU, its own defaults.
    """
    if tf.config.list_physical_devices("GPU"):
        return
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(_cores())


def _numbers(logs):
    return {name: float(value) for name, value in logs.items()}


def _variant_name(model):
    """The variant that a model was built as, from its name."""
    name = model.name.removeprefix("lenet5_")
    if name not in VARIANTS:
        raise ValueError(
            f"The model {model.name!r} does not say which variant it is. Compile it "
            "before training, or build it under its own name, one of "
            + ", ".join(f"lenet5_{variant}" for variant in VARIANTS)
            + "."
        )
    return name


def _recipe(model, recipe):
    """The recipe itself, from its name or from what the model is."""
    if isinstance(recipe, Recipe):
        return recipe
    if recipe is None and model.compiled:
        return Recipe(epochs=1)
    return named_recipe(recipe or _variant_name(model))
