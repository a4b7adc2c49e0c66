"""Parameters, connections, multiply-adds and receptive fields of a built model.

Section II-B of LeCun et al. (1998) counts, for LeNet-5, 60,000 trainable parameters
and 340,908 connections. A connection is one weight or bias at work at one position:
what a unit reads, its bias included, once for each unit of the layer.
"""

import math
from typing import NamedTuple

from lenet_keras.paper import PUBLISHED_LAYERS


class LayerCount(NamedTuple):
    """One layer, counted.

    `receptive_field` is the width of the input square that one unit sees, and `stride`
    the input pixels between two neighbouring units. `multiply_adds` are the connections
    without the biases; max pooling compares, so it has none.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    trainable: int
    fixed: int
    connections: int
    multiply_adds: int
    receptive_field: int
    stride: int


class ModelCount(NamedTuple):
    """The layers of a model, counted, and their totals."""

    layers: tuple[LayerCount, ...]
    trainable: int
    fixed: int
    connections: int
    multiply_adds: int


def count(model):
    """Count a built model layer by layer (Section II-B).

    Args:
        model: `keras.Model` made of the layers that `build_lenet5` uses, in one chain,
            with a fixed input shape. Layers that only reshape, pad, scale or squash
            are passed over.

    Returns:
        `ModelCount`: a `LayerCount` for each layer, and the totals.

    Raises:
        ValueError: for a free input length, or a layer with weights of another kind.
    """
    if None in model.input_shape[1:]:
        raise ValueError(
            "count needs a fixed input shape to count connections; received "
            f"input_shape={model.input_shape[1:]}. Build the model with, for instance, "
            "input_shape=(32, 32, 1)."
        )
    rows, field, stride = [], 1, 1
    for layer in model.layers:
        kind, window, step = _geometry(layer)
        if kind is None:
            continue
        field, stride = field + (window - 1) * stride, stride * step
        rows.append(_count_layer(layer, kind, field, stride))
    totals = (
        sum(getattr(row, total) for row in rows) for total in ModelCount._fields[1:]
    )
    return ModelCount(tuple(rows), *totals)


def published(name):
    """What Section II-B prints of a layer, as a `PublishedLayer`; None if nothing."""
    return next((row for row in PUBLISHED_LAYERS if row.name == name), None)


def _geometry(layer):
    """Kind, window width and step of a layer; no kind for those that only reshape."""
    kind = type(layer).__name__.removeprefix("Covering")  # C5 is a convolution
    if kind in ("Conv2D", "SparselyConnectedConv2D"):
        size = layer.kernel_size
        return kind, size if isinstance(size, int) else size[0], 1
    if kind in ("AveragePooling2D", "MaxPooling2D", "Subsampling"):
        return kind, 2, 2
    if kind in ("Dense", "EuclideanRBF"):
        return kind, _flattened_width(layer), 1
    if layer.weights:
        raise ValueError(
            "count knows Conv2D, SparselyConnectedConv2D, Subsampling, pooling, Dense "
            f"and EuclideanRBF layers; received a {kind} named {layer.name!r}."
        )
    return None, 1, 1


def _flattened_width(layer):
    """How many units wide the map is that a dense layer reads at once."""
    before = layer.input._keras_history.operation
    return before.input.shape[1] if type(before).__name__ == "Flatten" else 1


def _count_layer(layer, kind, field, stride):
    shape = tuple(layer.output.shape[1:])
    positions = math.prod(shape[:-1])
    trainable = sum(math.prod(w.shape) for w in layer.trainable_weights)
    fixed = sum(math.prod(w.shape) for w in layer.non_trainable_weights)
    biases = shape[-1] if getattr(layer, "bias", None) is not None else 0
    if kind in ("AveragePooling2D", "MaxPooling2D", "Subsampling"):
        connections = positions * (4 * shape[-1] + biases)
    else:
        connections = positions * (trainable + fixed)
    work = 0 if kind == "MaxPooling2D" else connections - positions * biases
    return LayerCount(
        layer.name, kind, shape, trainable, fixed, connections, work, field, stride
    )
