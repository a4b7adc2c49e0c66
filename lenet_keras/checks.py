"""Labels and images told apart: what cannot be meant is refused, and why is said."""

import numbers

import numpy as np


def check_count(name, value):
    """Refuse what is no whole number of at least 1.

    Raises:
        ValueError: it names the argument.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(
            f"{name} must be a whole number of at least 1; received {value!r}."
        )


def check_pairs(images, labels, where=""):
    """Return images and labels as arrays, one label per image, at least one.

    Args:
        images: array of any shape, images along its first axis.
        labels: array of any shape, labels along its first axis.
        where: str, what to begin the message with.

    Raises:
        ValueError: if their numbers differ or are 0.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if len(images) != len(labels):
        raise ValueError(
            f"{where}there must be one label per image; received {len(images)} images "
            f"and {len(labels)} labels. Pair them up first."
        )
    if not images.size:
        raise ValueError(f"{where}received no image. Pass at least one.")
    return images, labels


def check_labels(labels, classes, name):
    """Refuse integer labels that have no output, before TensorFlow does, in a page.

    Args:
        labels: integers (n,), or anything else that a loss may take.
        classes: int, outputs of the model.
        name: str, of the model.

    Raises:
        ValueError: it says how many classes it would take.
    """
    if labels.ndim == 1 and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(
            f"labels must be 0 to {classes - 1}, one for each output of {name!r}; "
            f"received {labels.min()} to {labels.max()}. Build the model with "
            f"classes={labels.max() + 1}."
        )


def check_images(images):
    """Refuse images that are not bytes of 28x28 pixels.

    Args:
        images: array or tensor.

    Raises:
        ValueError: if the shape is another, or the values are scaled already.
    """
    shape = tuple(images.shape)
    if shape[-2:] != (28, 28) if len(shape) in (2, 3) else shape[1:] != (28, 28, 1):
        raise ValueError(
            f"images must have shape (n, 28, 28); received {shape}. Reshape them first."
        )
    if not (
        isinstance(images, np.ndarray) and images.dtype.kind == "f" and images.size
    ):
        return
    if images.max() <= 1:
        raise ValueError(
            "images must be bytes 0 to 255; received floats up to "
            f"{images.max():g}. Do not divide by 255: pass the bytes themselves."
        )
    if images.min() < 0:
        raise ValueError(
            "images must be bytes 0 to 255; received floats from "
            f"{images.min():g} to {images.max():g}. Do not scale them before: pass the "
            "bytes themselves, or what to_input makes of them, 32x32."
        )
