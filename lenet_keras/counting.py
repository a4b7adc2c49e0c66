"""Parameters, connections, multiply-adds and receptive fields of a built model.

Section II-B of LeCun et al. (1998) counts, for LeNet-5, 60,000 trainable parameters
and 340,908 connections. A connection is one weight or bias at work at one position:
what a unit reads, its bias included, once for each unit of the layer.
"""

import math
from typing import NamedTuple

from keras import layers

from lenet_keras.layers import (
    CoveringConv2D,
    EuclideanRBF,
    SparselyConnectedConv2D,
    Subsampling,
    chain,
)
from lenet_keras.paper import PUBLISHED_LAYERS

_CONVOLUTIONS = layers.Conv2D, CoveringConv2D
_POOLING = layers.AveragePooling2D, layers.MaxPooling2D
_DENSE = layers.Dense, EuclideanRBF
_PASSED_OVER = (
    layers.Activation,
    layers.Dropout,
    layers.Flatten,
    layers.Rescaling,
    layers.ZeroPadding2D,
)


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


def count(model) -> ModelCount:
    """Count a built model layer by layer (Section II-B).

    Args:
        model: `keras.Model` with a fixed input shape: a chain of the layers that
            `build_lenet5` uses, of any number and size. Those that only reshape, pad,
            scale or squash are passed over.

    Returns:
        `ModelCount`: a `LayerCount` for each layer, and the totals.

    Raises:
        ValueError: for a free input length, or a layer of another kind.
    """
    stack = chain(model)
    if None in model.input_shape[1:]:
        raise ValueError(
            "count needs a fixed input shape to count connections; received "
            f"input_shape={model.input_shape[1:]}. Build the model with, for instance, "
            "input_shape=(32, 32, 1)."
        )
    rows, field, stride, width = [], 1, 1, 1
    for layer in stack:
        if isinstance(layer, layers.Flatten):
            width = layer.input.shape[1]  # of the map that the next layer reads at once
        if isinstance(layer, _PASSED_OVER):
            continue
        window, step = _window(layer, width)
        field, stride, width = field + (window - 1) * stride, stride * step, 1
        rows.append(_count_layer(layer, field, stride))
    totals = (
        sum(getattr(row, total) for row in rows) for total in ModelCount._fields[1:]
    )
    return ModelCount(tuple(rows), *totals)


def published(name):
    """What Section II-B prints of a layer, as a `PublishedLayer`; None if nothing."""
    return next((row for row in PUBLISHED_LAYERS if row.name == name), None)


def _window(layer, width):
    """How wide the window is that a unit of a layer reads, and its step to the next."""
    if type(layer) in _DENSE:
        return width, 1
    if type(layer) in (Subsampling, SparselyConnectedConv2D):
        return (2, 2) if type(layer) is Subsampling else (layer.kernel_size, 1)
    windows = getattr(layer, "kernel_size", getattr(layer, "pool_size", ()))
    if type(layer) in (*_CONVOLUTIONS, *_POOLING) and _is_plain(layer, windows):
        return windows[0], layer.strides[0]
    raise ValueError(
        "count knows Conv2D, SparselyConnectedConv2D, Subsampling, pooling, Dense and "
        "EuclideanRBF layers, with square windows without gaps, and those that only "
        f"reshape, pad, scale or squash; received a {type(layer).__name__} named "
        f"{layer.name!r}."
    )


def _is_plain(layer, windows):
    """Whether all units of a layer read alike: squares, all maps, without gaps.

    What a convolution pads counts as an input, as the margin of the 32x32 field does.
    """
    config = layer.get_config()
    return (
        len({*windows}) == len({*layer.strides}) == 1
        and {*config.get("dilation_rate", (1,)), config.get("groups", 1)} == {1}
        and (type(layer) in _CONVOLUTIONS or layer.padding == "valid")
    )


def _count_layer(layer, field, stride):
    kind = "Conv2D" if type(layer) is CoveringConv2D else type(layer).__name__
    shape = tuple(layer.output.shape[1:])
    positions = math.prod(shape[:-1])
    trainable = sum(math.prod(w.shape) for w in layer.trainable_weights)
    fixed = sum(math.prod(w.shape) for w in layer.non_trainable_weights)
    biases = shape[-1] if getattr(layer, "bias", None) is not None else 0
    if type(layer) in (*_POOLING, Subsampling):
        window = 4 if type(layer) is Subsampling else math.prod(layer.pool_size)
        connections = positions * (window * shape[-1] + biases)
    else:
        connections = positions * (trainable + fixed)
    is_maximum = type(layer) is layers.MaxPooling2D
    work = 0 if is_maximum else connections - positions * biases
    return LayerCount(
        layer.name, kind, shape, trainable, fixed, connections, work, field, stride
    )
