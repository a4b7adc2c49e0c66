"""Train LeNet-5: one recipe a variant, and a training step that keeps two cores busy.

`train` does what `model.fit` does, with the same mathematics and the same callbacks,
faster. Three things make the difference on a CPU, where the kernels of so small a
network are too short to be worth splitting (a fourth is `CoveringConv2D`):

1. the loop over the batches of an epoch runs inside one `tf.function`;
2. the images stay bytes in memory, a batch is gathered from them by index;
3. each batch is split into parts whose gradients are independent branches of the graph,
   one a core, and averaged: the gradient of the whole batch, up to rounding.
"""

import os
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from lenet_keras.data import check_pairs, network_input
from lenet_keras.data import distort as distort_images
from lenet_keras.losses import SmoothedCrossentropy
from lenet_keras.model import VARIANTS

# Fewer images than this are not worth a branch of the graph of their own.
_SMALLEST_PART = 16


@dataclass(frozen=True)
class Recipe:
    """How to train a variant; chosen on the last 5,000 training images of MNIST.

    The learning rate rises linearly for a fifth of the steps, then falls as a cosine.

    Args:
        optimizer: "sgd" (Nesterov momentum 0.9) or "adamw".
        learning_rate: float, the peak.
        epochs: int, passes over the training set.
        batch_size: int, images a step.
        label_smoothing: float, the share of the target that all classes divide among
            them, for variants trained with cross-entropy.
        distort: bool, whether each image is distorted anew in each epoch.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.2
    epochs: int = 10
    batch_size: int = 64
    label_smoothing: float = 0.1
    distort: bool = False


RECIPES = {
    "classic": Recipe(),
    "dense": Recipe(),
    "sigmoid": Recipe("sgd", 5.0, epochs=12, batch_size=32, label_smoothing=0),
    "tanh": Recipe(),
    "1998": Recipe("adamw", 3e-3, epochs=12, label_smoothing=0, distort=True),
    "modern": Recipe("sgd", 0.08, label_smoothing=0, distort=True),
}


def compile_model(model, recipe, steps):
    """Compile a LeNet-5 with its variant's loss and a recipe's optimiser.

    Args:
        model: `keras.Model` from `build_lenet5`.
        recipe: `Recipe`.
        steps: int, steps of the whole training, over which the learning rate runs.

    Raises:
        ValueError: if the model does not carry the name of one of the `VARIANTS`.
    """
    warm_up = steps // 5
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10,
        decay_steps=steps - warm_up,
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )
    optimizers = {
        "sgd": lambda: keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True),
        "adamw": lambda: keras.optimizers.AdamW(schedule, weight_decay=0.01),
    }
    variant = VARIANTS[_variant_name(model)]
    loss = variant.loss
    if recipe.label_smoothing:
        from_logits = variant.output == "logits"
        loss = SmoothedCrossentropy(recipe.label_smoothing, from_logits)
    model.compile(optimizers[recipe.optimizer](), loss, metrics=["accuracy"])


def train(
    model,
    images,
    labels,
    *,
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
    compiled gets its variant's recipe. The same seed on the same machine gives the same
    weights bit by bit, in one go or resumed at `initial_epoch`. A layer that averages
    over a batch, such as BatchNormalization, sees one part of it at a time.

    Args:
        model: `keras.Model`, from `build_lenet5` or of the same input.
        images: bytes (n, 28, 28), or whatever the model takes, (n, height, width, 1).
        labels: integers (n,).
        epochs: int, number of the last epoch; default the recipe's, or 1.
        batch_size: int; default the recipe's, or 64.
        distort: bool, whether to distort each image anew each epoch; default the
            recipe's, or False.
        validation_data: (images, labels) evaluated after each epoch, or None.
        callbacks: list of `keras.callbacks.Callback`, called as in `fit`, at the end
            of a batch only every `log_every` steps.
        initial_epoch: int, epochs already done.
        log_every: int, steps between two calls of the callbacks; default the epoch.
        seed: int, of the order of the images and of the distortions.

    Returns:
        `keras.callbacks.History`.

    Raises:
        ValueError: for images and labels that do not go with each other or the model.
    """
    recipe = Recipe(epochs=1, batch_size=64) if model.compiled else _recipe(model)
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

    run_steps = _make_run_steps(model, images, labels, batch_size, distort, seed)
    chunk = log_every or steps
    calls = keras.callbacks.CallbackList(
        callbacks, add_history=True, model=model, epochs=epochs, steps=steps, verbose=0
    )
    model.stop_training = False
    calls.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        model.reset_metrics()
        calls.on_epoch_begin(epoch)
        order = np.random.default_rng((seed, epoch)).permutation(len(images))
        for start in range(0, steps, chunk):
            stop = min(start + chunk, steps)
            calls.on_train_batch_begin(start)
            run_steps(*(tf.constant(n, tf.int64) for n in (order, epoch, start, stop)))
            calls.on_train_batch_end(stop - 1, _numbers(model.get_metrics_result()))
        logs = _numbers(model.get_metrics_result())
        if validation_data is not None:
            scores = model.evaluate(
                *validation_data, batch_size=500, verbose=0, return_dict=True
            )
            logs |= {f"val_{name}": score for name, score in scores.items()}
        calls.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    # As `fit` does, for an optimiser that averages the weights.
    model.optimizer.finalize_variable_values(model.trainable_weights)
    calls.on_train_end()
    return model.history


def _make_run_steps(model, images, labels, batch_size, distort, seed):
    """A `tf.function` that runs the steps `start` to `stop` of an epoch."""
    network_input(model, images[:1])  # complain before anything is built
    images, labels = tf.constant(images), tf.constant(labels.astype("int64"))
    full_steps, rest = divmod(len(images), batch_size)
    model.optimizer.build(model.trainable_variables)
    mean_loss = next(metric for metric in model.metrics if metric.name == "loss")

    def gradients(index, draw):
        x = network_input(model, tf.gather(images, index))
        x = distort_images(x, draw) if distort else tf.cast(x, tf.float32)
        y = tf.gather(labels, index)
        with tf.GradientTape() as tape:
            answers = model(x, training=True)
            loss = model.compute_loss(x, y, answers)
        return loss, tape.gradient(loss, model.trainable_variables), y, answers

    def train_step(batch, number, size):
        sizes = _part_sizes(size)
        parts = [
            gradients(index, (seed, number * len(sizes) + part))
            for part, index in enumerate(tf.split(batch, sizes))
        ]
        losses, slopes, truths, answers = zip(*parts, strict=True)
        shares = [part / size for part in sizes]
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

    number = tf.TensorSpec((), tf.int64)
    return run_steps.get_concrete_function(
        tf.TensorSpec((len(images),), tf.int64), number, number, number
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

    With a GPU its own defaults are left alone.
    """
    if not tf.config.list_physical_devices("GPU"):
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


def _recipe(model):
    return RECIPES[_variant_name(model)]
