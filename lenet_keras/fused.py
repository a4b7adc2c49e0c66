"""The steps of LeNet-5 on a CPU: Keras' mathematics in larger operations.

The kernels of so small a network take microseconds, so what costs is everything around
them. Four forms have the values and gradients of the layers, up to rounding:

1. a batch is split into parts whose answers and gradients are branches of the graph
   that do not wait for each other, one per thread; the gradients' sum is the batch's;
2. C1 and C3 are convolutions of fewer places and more maps: `_convolve`;
3. the averages of S2 and S4 are matrix products within those places: `_subsample`;
4. on 32x32 images C5's kernels cover all of S4, and it is one matrix product.

`steps.obstacle` says where this would not be Keras' own mathematics.
"""

import math
from functools import partial
from itertools import pairwise

import numpy as np
import tensorflow as tf
from keras import layers

from lenet_keras.layers import (
    CoveringConv2D,
    SparselyConnectedConv2D,
    Subsampling,
    chain,
)
from lenet_keras.threads import operations_at_once

# Fewer images than this are not worth a branch of their own.
_SMALLEST_PART = 16
# A batch whose size is not known while tracing, as its last may be smaller.
_USUAL_BATCH = 64

# So many numbers a processor multiplies at once.
_LANES = 16


def branches(size):
    """Into how many parts to split a batch: at most one per thread.

    Threads inside an operation bring nothing here, and take those of the branches.

    Args:
        size: int, images in a batch; None where it is not known while tracing.
    """
    return max(1, min(operations_at_once(), (size or _USUAL_BATCH) // _SMALLEST_PART))


def train_step(model, x, y, sample_weight):
    """Train a model on a batch: `keras.Model.train_step`, in branches.

    Args:
        model: `LeNet5`, compiled, one without an `obstacle`.
        x: tensor (batch, ...), the images.
        y: tensor (batch, ...), their labels or targets.
        sample_weight: tensor (batch, ...), or None.

    Returns:
        Dict of the metrics.
    """
    size, answer = x.shape[0] or tf.shape(x)[0], forward(model)
    parts = [
        _part(model, answer, size, begin, end, (x, y, sample_weight))
        for begin, end in _bounds(x, size)
    ]
    losses, found, gradients = zip(*parts, strict=True)
    weights = model.trainable_weights
    sums = [tf.add_n(same) for same in zip(*gradients, strict=True)]
    model.optimizer.apply_gradients(zip(sums, weights, strict=True))
    model.metrics[0].update_state(tf.add_n(losses), sample_weight=size)
    return model.compute_metrics(x, y, tf.concat(found, 0), sample_weight)


def test_step(model, x, y, sample_weight):
    """Test a model on a batch: `keras.Model.test_step`, with the answers in branches.

    Args, returns: as for `train_step`; labels and loss may be of any kind.
    """
    found = answers(model, x)
    loss = model.compute_loss(x, y, found, sample_weight, training=False)
    model.metrics[0].update_state(loss, sample_weight=tf.shape(x)[0])
    return model.compute_metrics(x, y, found, sample_weight)


def answers(model, x):
    """What a model answers to a batch, in branches.

    Args:
        model: `LeNet5`, without an `obstacle_to_answers`.
        x: tensor (batch, ...), the images.

    Returns:
        Tensor (batch, ...).
    """
    size, answer = x.shape[0] or tf.shape(x)[0], forward(model)
    return tf.concat([answer(x[begin:end]) for begin, end in _bounds(x, size)], 0)


def _bounds(x, size):
    """Where the parts of a batch begin and end."""
    number = branches(x.shape[0])
    return pairwise(size * part // number for part in range(number + 1))


def _part(model, answer, size, begin, end, batch):
    """A part of a batch: its answers, and its shares in the loss and the gradient."""
    # Where there are fewer images than parts, a part without any takes one for nothing:
    # the gradient of a convolution cannot be computed from none.
    rows = slice(begin, tf.maximum(end, begin + 1))
    x, y, sample_weight = (each if each is None else each[rows] for each in batch)
    with tf.GradientTape() as tape:
        answers = answer(x)
        loss = model.compute_loss(x, y, answers, sample_weight, training=True)
        loss *= tf.cast((end - begin) / size, loss.dtype)
        scaled = model.optimizer.scale_loss(loss)
    gradient = tape.gradient(scaled, model.trainable_weights)
    return loss, answers[: end - begin], gradient


def forward(model):
    """The model as a function, with its convolutions in their fast forms.

    Args:
        model: `LeNet5`.

    Returns:
        Function of a tensor (batch, height, width, 1), with the values and gradients of
        `model(x, training=True)` up to rounding.
    """
    stack = chain(model)
    if any(layer.dtype_policy.name != "float32" for layer in (model, *stack)):
        return partial(model, training=True)
    calls, side = [], 1
    while stack:
        layer, *stack = stack
        in_squares = _is_plain(layer) and _has_squares(layer, 2)
        # A last one may be a softmax, which looks at all maps of a place.
        is_elementwise = type(layer) is layers.Activation and bool(stack)
        if side > 1 and not (in_squares or is_elementwise):
            calls.append(partial(tf.nn.depth_to_space, block_size=side))
            side = 1
        if not in_squares:
            calls.append(partial(_multiply, layer) if _covers(layer) else layer)
            continue
        averages = bool(stack) and _averages(stack[0])
        if side == 1:
            # What S2 makes of C1's squares of 4x4 are those of 2x2 that C3 reads.
            is_wide = layer.input.shape[-1] == 1 and averages
            side = 4 if is_wide and _has_squares(layer, 4) else 2
            calls.append(partial(_squares, side))
        calls.append(partial(_convolve, layer, side))
        if averages:
            calls.append(partial(_subsample, stack.pop(0), side))
            side //= 2
    if side > 1:
        calls.append(partial(tf.nn.depth_to_space, block_size=side))

    def answer(x):
        x = tf.cast(x if len(x.shape) == 4 else x[..., None], "float32")
        for call in calls:
            x = call(x)
        return x

    return answer


def _is_plain(layer):
    """Whether a layer is a convolution pixel by pixel, without margins."""
    if type(layer) not in (layers.Conv2D, CoveringConv2D):
        return type(layer) is SparselyConnectedConv2D
    steps = *layer.strides, *layer.dilation_rate, layer.groups
    kinds = layer.data_format, layer.padding
    return set(steps) == {1} and kinds == ("channels_last", "valid")


def _covers(layer):
    """Whether the kernels of a convolution cover all that it reads."""
    return _is_plain(layer) and layer.input.shape[1:3] == layer.kernel.shape[:2]


def _has_squares(layer, side):
    """Whether a convolution of few maps reads and makes whole squares of pixels."""
    height, width = layer.kernel.shape[:2]
    if height != width or layer.input.shape[-1] >= _LANES:
        return False
    lengths = (*layer.input.shape[1:3], height - 1)
    return all(n is not None and n % side == 0 for n in lengths)


def _averages(s2):
    """Whether a layer begins with the average of each 2x2 window."""
    if type(s2) is not layers.AveragePooling2D:
        return type(s2) is Subsampling
    return tuple(s2.pool_size) == tuple(s2.strides) == (2, 2)


def _kernel(layer):
    is_sparse = type(layer) is SparselyConnectedConv2D
    return layer.dense_kernel() if is_sparse else tf.convert_to_tensor(layer.kernel)


def _units(layer, sums, times=1):
    """The units of a convolution, from their sums; of each map so many."""
    if layer.bias is not None:
        sums = tf.nn.bias_add(sums, tf.tile(layer.bias, (times,)))
    return layer.activation(sums)


def _multiply(layer, x):
    """A convolution whose kernels cover the input, as one matrix product."""
    kernel = _kernel(layer)
    size, maps = math.prod(kernel.shape[:3]), kernel.shape[3]
    sums = tf.matmul(tf.reshape(x, (-1, size)), tf.reshape(kernel, (size, maps)))
    return tf.reshape(_units(layer, sums), (-1, 1, 1, maps))


def _squares(side, x):
    """Squares of pixels as one place each: `space_to_depth`, in less time."""
    height, width, maps = x.shape[1] // side, x.shape[2] // side, x.shape[3]
    x = tf.reshape(x, (-1, side, width, side * maps))
    x = tf.transpose(x, (0, 2, 1, 3))
    return tf.reshape(x, (-1, height, width, side**2 * maps))


def _convolve(layer, side, x):
    """A convolution that reads few maps, on squares of pixels taken as one place each.

    C1 reads one map and writes six; C3 reads six. A processor multiplies 8 or 16
    numbers at once, and takes as long for one. The units of a square of pixels read a
    square that is wider than it by the kernel less one. On squares taken as places,
    they are one place of a convolution by smaller kernels, with more maps.
    """
    wide = _kernel_of_squares(_kernel(layer), side)
    return _units(layer, tf.nn.conv2d(x, wide, strides=1, padding="VALID"), side**2)


def _subsample(layer, side, x):
    """The average of each 2x2 window of units, or their weighed sum, in squares.

    Those of a square are a matrix product: faster both ways than pooling.
    """
    windows, maps = side**2 // 4, x.shape[-1] // side**2
    line = np.kron(np.eye(side // 2), np.ones((2, 1)))
    sums = np.kron(np.kron(line, line), np.eye(maps)).astype("float32")
    if type(layer) is not Subsampling:
        return tf.tensordot(x, sums / 4, axes=1)
    coefficient, bias = (
        tf.tile(weight, (windows,)) for weight in (layer.coefficient, layer.bias)
    )
    x = tf.tensordot(x, coefficient * sums, axes=1)
    return layer.activation(tf.nn.bias_add(x, bias))


def _kernel_of_squares(kernel, side):
    """The kernels that do to squares taken as one place what these do to pixels.

    Each weight stands at many places, one for each unit of a square.
    """
    size, _, maps, filters = kernel.shape
    wide = (size - 1) // side + 1
    # Row and pixel in it, column and pixel in it, then unit of the square, then weight.
    places = np.zeros((wide, side, wide, side, side, side, size, size), "float32")
    for down, right, row, column in np.ndindex(side, side, size, size):
        y, x = divmod(down + row, side), divmod(right + column, side)
        places[*y, *x, down, right, row, column] = 1
    places = places.transpose(0, 2, 1, 3, 4, 5, 6, 7).reshape(-1, size * size)
    kernel = tf.matmul(places, tf.reshape(kernel, (size * size, -1)))
    kernel = tf.reshape(kernel, (wide, wide, side**2, side**2, maps, filters))
    kernel = tf.transpose(kernel, (0, 1, 2, 4, 3, 5))
    return tf.reshape(kernel, (wide, wide, side**2 * maps, side**2 * filters))
