"""Labels and images told apart: what cannot be meant is refused, with what would be.

All of an array is looked at, never its first image alone: a wrong answer without a word
is worse than a message.
"""

import numbers

import keras
import numpy as np

from lenet_keras.hints import printable

# A network's own input lies between -0.1 and 1.175; whatever is larger than this is
# not scaled to it. And bytes of any set of digits reach higher.
_BETWEEN = 16
# So far from 1 is the sum of ten probabilities in half precision, at most.
_ROUNDED = 1e-2


class BackendError(RuntimeError):
    """Keras runs on a backend that lacks what is asked of it."""


def check_count(name, value):
    """Refuse what is no whole number of at least 1.

    Raises:
        ValueError: it names the argument.
    """
    if not is_count(value):
        raise ValueError(
            f"{name} must be a whole number of at least 1; received {value!r}."
        )


def is_count(value):
    """Whether something is a whole number of at least 1; True and False are none."""
    is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return is_whole and value >= 1


def need_tensorflow(what):
    """Refuse to go on where Keras runs on another backend.

    Args:
        what: str, what needs TensorFlow.

    Raises:
        BackendError: it says how to change the backend.
    """
    if keras.backend.backend() != "tensorflow":
        raise BackendError(
            f"{what} needs the TensorFlow backend; received "
            f"{keras.backend.backend()!r}. Set KERAS_BACKEND=tensorflow."
        )


def check_weights(model):
    """Refuse a model with weights that are no numbers: it would answer all the same.

    Args:
        model: `keras.Model`.

    Raises:
        ValueError: for NaN or infinity among its weights; it names the first.
    """
    for weight in model.weights:
        values = np.asarray(keras.ops.convert_to_numpy(weight), "float64")
        if not np.isfinite(values).all():
            raise ValueError(
                f"the model {model.name!r} has NaN or infinity among its weights, in "
                f"{printable(weight.path)}, as after a training that broke down. Train "
                "it again, or load other weights."
            )


def check_pairs(images, labels, where=""):
    """Return images and labels as arrays, one label per image, at least one.

    Args:
        images: array of any shape, images along its first axis.
        labels: array, labels along its first axis; one column is flattened.
        where: str, what to begin the message with.

    Raises:
        ValueError: if their numbers differ or are 0.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if not images.ndim and labels.dtype.kind == "O":  # a dataset, and no labels
        raise ValueError(
            f"{where}images and labels must be arrays; received "
            f"{type(images[()]).__name__} and {type(labels[()]).__name__}. Pass them "
            "apart, or give a dataset to the model's own fit or evaluate."
        )
    if not images.ndim or not labels.ndim or len(images) != len(labels):
        counts = [len(each) if each.ndim else 1 for each in (images, labels)]
        raise ValueError(
            f"{where}there must be one label per image; received {counts[0]} images "
            f"and {counts[1]} labels. Pair them up first."
        )
    if not images.size:
        raise ValueError(f"{where}received no image. Pass at least one.")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    return images, labels


def integer_labels(labels, answers, name):
    """Return labels as int64, one for each answer, or say what they are instead.

    Args:
        labels: array, of one axis less than the answers, or what was taken for it.
        answers: shape of a model's answers, (n, ..., classes); None classes for any.
        name: str, of the model.

    Raises:
        ValueError: for text, fractions, one-hot rows, NaN, a label without an output,
            or another shape.
    """
    *places, classes = answers
    last = "" if classes is None else f" to {classes - 1}"
    wanted = f"labels must be whole numbers from 0{last}"
    if labels.dtype.kind == "O":
        labels = _numbers_in(labels)
    if labels.dtype.kind not in "biuf":
        raise ValueError(
            f"{wanted}; received text, such as {str(labels.ravel()[0])!r}. Make "
            "numbers of it first, for instance by labels.astype(int)."
        )
    if labels.ndim == len(answers) and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.ndim == len(answers) and labels.shape[-1] == classes:
        raise ValueError(
            f"{wanted}; received rows of {classes}, shape {labels.shape}: one-hot or "
            "soft targets. Pass labels.argmax(-1), or train with a categorical loss."
        )
    if labels.ndim != len(places):
        raise ValueError(
            f"{wanted}, one for each answer of {name!r}, {tuple(places)}; received the "
            f"shape {labels.shape}."
        )
    is_whole = np.isfinite(labels) & (labels == np.floor(labels))
    if not is_whole.all():
        wrong = labels[~is_whole].ravel()[0]
        raise ValueError(
            f"{wanted}; received {wrong:g} among them. Leave such images out, or round "
            "the labels first."
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= (classes or np.inf):
        advice = (
            f"Build the model with classes={high + 1}, or count the classes from 0."
        )
        raise ValueError(
            f"{wanted}, one for each output of {name!r}; received {low} to {high}. "
            f"{'Count the classes from 0.' if low < 0 else advice}"
        )
    return labels.astype(np.int64)


def soft_targets(targets, answers, name):
    """Return a teacher's answers, or say why they are none.

    Args:
        targets: array, of the shape of the answers, or what was taken for it.
        answers: shape of a model's answers, (n, ..., classes); None classes for any.
        name: str, of the model.

    Raises:
        ValueError: for another shape, such as that of labels, or rows that are no
            probabilities.
    """
    wanted = f"a teacher's answers must be probabilities, a row for each of {name!r}"
    fits = targets.ndim == len(answers) and all(
        want in (None, got) for got, want in zip(targets.shape, answers, strict=True)
    )
    if not fits or targets.dtype.kind not in "biuf":
        raise ValueError(
            f"{wanted}, of shape {answers}; received {targets.dtype} of shape "
            f"{targets.shape}. Make rows of labels by keras.utils.to_categorical, or "
            "train by a recipe that takes labels."
        )
    sums = targets.sum(-1, dtype=float)
    wrong = ~(np.abs(sums - 1) < _ROUNDED) | ~(targets >= 0).all(-1)
    if wrong.any():
        raise ValueError(
            f"{wanted}; received {targets[wrong][0]}, whose sum is {sums[wrong][0]:g}, "
            "among them. Pass the softmax of a teacher's logits."
        )
    return targets


def _numbers_in(labels):
    """An array of objects as numbers, if all of them are."""
    if all(isinstance(label, numbers.Number) for label in labels.ravel()):
        return labels.astype(float)
    return labels.astype(str)


def check_bytes(images):
    """Return images that are bytes of 28x28 pixels, or say what they are instead.

    Args:
        images: array or tensor (28, 28), (n, 28, 28) or (n, 28, 28, 1).

    Returns:
        The images; booleans, which can mean nothing else, as 0 and 255.

    Raises:
        ValueError: if the shape is another, or the values are no bytes.
    """
    shape = tuple(images.shape)
    if shape[-2:] != (28, 28) if len(shape) in (2, 3) else shape[1:] != (28, 28, 1):
        raise ValueError(
            f"images must have shape (n, 28, 28); received {shape}. Reshape them first."
        )
    return check_byte_values(images)


def check_byte_values(images):
    """The same of images of any shape: their values alone are looked at."""
    values = _values(images)
    if values is None:
        return images
    if values.dtype.kind == "b":
        return np.uint8(255) * values
    kind, low, high = _range_of(values)
    wanted = "images must be bytes 0 to 255; received"
    if kind == "int8":
        raise ValueError(
            f"{wanted} int8, which holds no byte over 127. Read them as unsigned "
            "bytes: images.view('uint8')."
        )
    if low < 0:
        raise ValueError(
            f"{wanted} {kind} from {low:g} to {high:g}. Do not scale them before: pass "
            "the bytes themselves, or what to_input makes of them, 32x32."
        )
    if high > 255:
        factor = "images // 257" if high > 4095 else f"images * (255 / {high:g})"
        raise ValueError(f"{wanted} {kind} up to {high:g}. Scale them: {factor}.")
    is_fraction = values.dtype.kind == "f" and high < _BETWEEN
    if high and (high <= 1 or is_fraction):
        raise ValueError(
            f"{wanted} {kind} up to {high:g}. Do not divide by 255: pass the bytes "
            f"themselves, or images * (255 / {high:g})."
        )
    return images


def rescales(model):
    """Whether a model takes bytes and scales them itself, to a few units."""
    return any(
        255 * np.max(np.abs(layer.scale)) < _BETWEEN
        if isinstance(layer, keras.layers.Rescaling)
        else rescales(layer)
        for layer in getattr(model, "layers", ())
    )


def check_inputs(images, name, is_trained=True):
    """Refuse images that are not scaled as the network reads them, -0.1 to 1.175.

    Args:
        images: array or tensor of the network's own shape, such as (n, 32, 32, 1).
        name: str, of the model.
        is_trained: bool, whether the network has learnt that paper is -0.1. One that is
            still to be trained can learn from 0 to 1 as well.

    Raises:
        ValueError: for bytes, for images divided by 255, and for NaN.
    """
    values = _values(images)
    if values is None:
        return
    kind, low, high = _range_of(values)
    advice = (
        "Pass 28x28 bytes as they come from MNIST, or what to_input makes of them; or "
        "build the model with include_preprocessing=True."
    )
    if high > _BETWEEN or (values.dtype.kind in "biu" and high):
        raise ValueError(
            f"{name!r} reads values from -0.1 (paper) to 1.175 (ink); received {kind} "
            f"from {low:g} to {high:g}. {advice}"
        )
    if is_trained and low >= 0 and 0 < high <= 1:
        raise ValueError(
            f"{name!r} has learnt that paper is -0.1 and ink 1.175; received {kind} "
            f"from {low:g} to {high:g}, as if divided by 255. {advice}"
        )


def _values(images):
    """Images as an array, if there are any with values: those of a graph have none."""
    try:
        values = np.asarray(images)
    except (NotImplementedError, TypeError, ValueError):
        return None
    return values if values.size and values.dtype.kind in "biuf" else None


def _range_of(values):
    """The type of values, the least and the largest; NaN and infinity are refused."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low):
        raise ValueError(
            "images must be numbers; received NaN or infinity among them. Leave such "
            "images out, or find where they come from."
        )
    return values.dtype.name, low, high
