"""How a model takes its steps: which are fused, and how many TensorFlow takes at once.

Whatever Keras' `fit`, `evaluate` and `predict` do, those of `LeNet5` do with the same
numbers. So everything here errs on the side of Keras: what is not known to be the same
takes Keras' own way.
"""

import contextlib
import math
import weakref

import keras
import numpy as np
import tensorflow as tf
from keras import activations, layers, losses

from lenet_keras.callbacks import NaNGuard, ProgressBar, needs_every_batch
from lenet_keras.checks import (
    check_byte_values,
    check_inputs,
    integer_labels,
    rescales,
    soft_targets,
)
from lenet_keras.layers import (
    CoveringConv2D,
    EuclideanRBF,
    SparselyConnectedConv2D,
    Subsampling,
    chain,
    scaled_tanh,
)
from lenet_keras.losses import (
    MaximumAPosteriori,
    MaximumLikelihood,
    SmoothedCrossentropy,
    SoftTargetCrossentropy,
    SparseMeanSquaredError,
    takes_integers,
)
from lenet_keras.threads import has_gpu

# On arrays of 60,000 images this takes a third off the time of an epoch; more gains
# nothing.
_AT_ONCE = 100

# Each of these answers an image by itself, whatever else is in the batch.
_LAYERS = (
    layers.Conv2D,
    CoveringConv2D,
    SparselyConnectedConv2D,
    Subsampling,
    layers.AveragePooling2D,
    layers.MaxPooling2D,
    layers.Activation,
    layers.Flatten,
    layers.Dense,
    EuclideanRBF,
    layers.ZeroPadding2D,
    layers.Rescaling,
)
_OUTPUTS = (layers.Dense, layers.Activation)
_ELEMENTWISE = (
    scaled_tanh,
    activations.linear,
    activations.tanh,
    activations.sigmoid,
    activations.relu,
    activations.leaky_relu,
    activations.elu,
    activations.gelu,
    activations.silu,
    activations.softplus,
)
# Means over the images: that of a batch is the weighted mean of those of its parts.
_LOSSES = (
    losses.SparseCategoricalCrossentropy,
    losses.CategoricalCrossentropy,
    losses.KLDivergence,
    losses.MeanSquaredError,
    losses.sparse_categorical_crossentropy,
    losses.categorical_crossentropy,
    losses.kl_divergence,
    losses.mean_squared_error,
    MaximumAPosteriori,
    MaximumLikelihood,
    SmoothedCrossentropy,
    SoftTargetCrossentropy,
    SparseMeanSquaredError,
)


def obstacle(model, x, y):
    """Say why the step cannot be taken for Keras' own: it would not be the same.

    Args:
        model: `LeNet5`, compiled, on TensorFlow.
        x, y: what `train_step` gets of a batch: tensors, or anything else.

    Returns:
        Str that follows "Keras' own, since", or None where there is no obstacle.
    """
    if not model.trainable_weights:
        return "nothing is trained"
    if not tf.is_tensor(y):
        return "its labels are no tensor"
    return obstacle_to_answers(model, x) or _obstacle_in_loss(model.loss)


def obstacle_to_answers(model, x):
    """The same of the way from a batch to the answers, in any step."""
    replaced = {"call", "compute_loss", "compute_metrics"} & vars(model).keys()
    if replaced:
        return f"its {replaced.pop()} was replaced"
    if model.run_eagerly:
        return "it runs eagerly"
    if model.jit_compile:
        return "XLA compiles it"
    if model.distribute_strategy.num_replicas_in_sync > 1 or has_gpu():
        return "it does not run on one CPU"
    if not (tf.is_tensor(x) and _fits(model, x)):
        return "the batch is not the images that it reads"
    return _obstacle_in_layers(model)


def _fits(model, x):
    """Whether images are of the model's shape; one channel may have no axis."""
    wanted = tf.TensorShape(model.input_shape)
    return wanted.is_compatible_with(x.shape) or wanted[:-1].is_compatible_with(x.shape)


def _obstacle_in_loss(loss):
    kind = keras.losses.get(loss) if isinstance(loss, str) else type(loss)
    if kind not in _LOSSES:
        return f"its loss is {loss if isinstance(loss, str) else type(loss).__name__}"
    if getattr(loss, "reduction", "mean") not in ("sum_over_batch_size", "mean"):
        return f"its loss has reduction={loss.reduction!r}"
    if getattr(loss, "ignore_class", None) is not None:
        return "its loss has an ignore_class"
    return None


def _obstacle_in_layers(model):
    try:
        stack = chain(model)
    except ValueError:
        return "its layers are no chain"
    for layer in stack:
        if type(layer) not in _LAYERS or "call" in vars(layer):
            return f"{layer.name!r} is a {type(layer).__name__} of its own kind"
        activation = getattr(layer, "activation", activations.linear)
        # Of a convolution it would see squares of places as one.
        is_output = layer is stack[-1] and isinstance(layer, _OUTPUTS)
        answers = is_output and activation is activations.softmax
        if activation not in _ELEMENTWISE and not answers:
            return f"{layer.name!r} has an activation of its own kind"
        if layer.activity_regularizer is not None:
            return f"{layer.name!r} has an activity_regularizer"
    return None


class Untuned:
    """A distribution strategy whose datasets do not tune themselves.

    TensorFlow stops the tuner of `tf.data` as an epoch ends, but wakes it a moment
    before it counts as stopped. A tuner that looks too early sleeps on, at most for a
    minute, and the epoch ends only then. So a dataset whose options leave the tuner
    alone has none; its numbers are the same.

    Args:
        strategy: `tf.distribute.Strategy`, of one replica.
    """

    def __init__(self, strategy):
        self._strategy = strategy

    def __getattr__(self, name):
        return getattr(self._strategy, name)

    def experimental_distribute_dataset(self, dataset, options=None):
        """The dataset, ready for `fit`, `evaluate` and `predict`."""
        if dataset.options().autotune.enabled is None:
            untuned = tf.data.Options()
            untuned.autotune.enabled = False
            dataset = dataset.with_options(untuned)
        return self._strategy.experimental_distribute_dataset(dataset, options)


def checked(model, given):
    """Look at all of the arrays that `fit` is given; say what is wrong with them.

    Args:
        model: `LeNet5`.
        given: dict of the arguments of `fit`.

    Returns:
        Dict of those that are to be given instead, such as booleans as bytes.

    Raises:
        ValueError: for images and labels that cannot be meant.
    """
    instead = {}
    if not model.compiled:
        return instead
    if hasattr(given.get("x"), "shape"):
        if 0 in given["x"].shape:
            raise ValueError("received no image. Pass at least one.")
        instead["x"] = _checked_images(model, given["x"])
        instead["y"] = _checked_labels(model, given.get("y"))
    validation = given.get("validation_data")
    if isinstance(validation, tuple | list) and len(validation) > 1:
        x, y, *rest = validation
        if hasattr(x, "shape"):
            x, y = _checked_images(model, x), _checked_labels(model, y)
            instead["validation_data"] = (x, y, *rest)
    return instead


def _checked_images(model, x):
    shape = tuple(x.shape[1:])
    if rescales(model):
        return check_byte_values(x)
    if len(shape) > 1 and min(shape[:2]) >= 32:
        check_inputs(x, model.name, is_trained=False)
    return x


def _checked_labels(model, y):
    check = label_check(model.loss)
    if y is None or check is None:
        return y
    labels = np.asarray(y)
    checked = check(labels, (len(labels), *model.output_shape[1:]), model.name)
    return checked if labels.dtype.kind == "O" else y


def label_check(loss):
    """What looks at all labels that a loss takes: a function, or None if not known.

    Args:
        loss: `keras.losses.Loss`, or whatever else was given to `compile`.
    """
    if isinstance(loss, SoftTargetCrossentropy):
        return soft_targets
    ignores = getattr(loss, "ignore_class", None) is not None  # which may be any label
    return integer_labels if takes_integers(loss) and not ignores else None


def guarded(given, number):
    """The callbacks of `fit`, with one that stops at NaN, and the bar for many steps.

    Args:
        given: dict of the arguments of `fit`.
        number: int, steps at once.
    """
    callbacks = given.get("callbacks")
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks  # Keras' own, which is complete
    callbacks = keras.tree.flatten(callbacks or [])
    if not any(isinstance(c, keras.callbacks.TerminateOnNaN) for c in callbacks):
        callbacks.insert(0, NaNGuard())
    if number > 1 and given.get("verbose", "auto") != 0:
        callbacks.append(ProgressBar())
    return callbacks


def number_at_once(model, given):
    """How many steps TensorFlow may take at once, with nobody to notice.

    More than one only where the user asked for one, Keras' default.

    Args:
        model: `LeNet5`.
        given: dict of the arguments of `fit`.
    """
    if (
        keras.backend.backend() != "tensorflow"
        or not model.compiled
        or model.steps_per_execution != 1
        or model.run_eagerly
        or model.distribute_strategy.num_replicas_in_sync > 1
        or any(map(needs_every_batch, keras.tree.flatten(given.get("callbacks") or ())))
    ):
        return model.steps_per_execution
    # An execution must not run on beyond the last step that is wanted of an epoch.
    ends = given.get("steps_per_epoch"), given.get("validation_steps")
    whole = math.gcd(*filter(None, (*ends, keras.config.max_steps_per_epoch())))
    steps = range(1, _AT_ONCE + 1)
    return max(number for number in steps if whole % number == 0)


@contextlib.contextmanager
def at_once(model, number):
    """Let TensorFlow take so many steps of a model at once, as long as this lasts.

    Args:
        model: `LeNet5`, compiled.
        number: int.
    """
    before = model.steps_per_execution, model._hurries
    _switch(model, number)
    model._hurries = number > 1
    try:
        yield
    finally:
        _switch(model, before[0])
        model._hurries = before[1]


def _switch(model, number):
    """Take up what Keras traced for so many steps, if that was since `compile`."""
    compiled = model.metrics[0]  # each time a new one
    if model._traced.get("since", lambda: None)() is not compiled:
        model._traced = {"since": weakref.ref(compiled)}
    model._traced[model.steps_per_execution] = model.train_function, model.test_function
    functions = model._traced.get(number, (None, None))
    model.train_function, model.test_function = functions
    model.steps_per_execution = number
