"""The training step of LeNet-5 on a CPU: Keras' mathematics in larger operations.

The kernels of so small a network take microseconds, so what costs is everything around
them. Three forms have the values and gradients of the layers, up to rounding:

1. a batch is split into parts whose gradients are branches of the graph that do not
   wait for each other, one per thread; their sum is the gradient of the batch;
2. C1 with S2 is one convolution: see `_convolve_and_subsample`;
3. on 32x32 images C5's kernels cover all of S4, and it is one matrix product.

`steps.obstacle` says where this would not be Keras' own mathematics.
"""

from functools import partial
from itertools import pairwise

import numpy as np
import tensorflow as tf
from keras import layers

from lenet_keras.layers import CoveringConv2D, Subsampling, chain
from lenet_keras.threads import threads

# Fewer images than this are not worth a branch of their own.
_SMALLEST_PART = 16
# A batch whose size is not known while tracing, as its last may be smaller.
_USUAL_BATCH = 64

_CONVOLUTIONS = layers.Conv2D, CoveringConv2D


def branches(size):
    """Into how many parts to split a batch: at most one per thread.

    Threads inside an operation bring nothing here, and take those of the branches.

    Args:
        size: int, images in a batch; None where it is not known while tracing.
    """
    within, across = threads()
    return max(1, min(across, (size or _USUAL_BATCH) // _SMALLEST_PART) * (within == 1))


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
    size = x.shape[0] or tf.shape(x)[0]
    number, answer = branches(x.shape[0]), forward(model)
    bounds = pairwise(size * part // number for part in range(number + 1))
    parts = [
        _part(model, answer, size, begin, end, (x, y, sample_weight))
        for begin, end in bounds
    ]
    losses, answers, gradients = zip(*parts, strict=True)
    weights = model.trainable_weights
    sums = [tf.add_n(same) for same in zip(*gradients, strict=True)]
    model.optimizer.apply_gradients(zip(sums, weights, strict=True))
    model.metrics[0].update_state(tf.add_n(losses), sample_weight=size)
    return model.compute_metrics(x, y, tf.concat(answers, 0), sample_weight)


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
    """The model as a function, with C1 and S2, and C5, in their fast forms.

    Args:
        model: `LeNet5`.

    Returns:
        Function of a tensor (batch, height, width, 1), with the values and gradients of
        `model(x, training=True)` up to rounding.
    """
    stack = chain(model)
    if any(layer.dtype_policy.name != "float32" for layer in (model, *stack)):
        return partial(model, training=True)
    calls = []
    while stack:
        if len(stack) > 1 and _go_together(*stack[:2]):
            calls.append(partial(_convolve_and_subsample, *stack[:2]))
            stack = stack[2:]
        else:
            layer, *stack = stack
            calls.append(partial(_multiply, layer) if _covers(layer) else layer)

    def answer(x):
        x = tf.cast(x if len(x.shape) == 4 else x[..., None], "float32")
        for call in calls:
            x = call(x)
        return x

    return answer


def _covers(layer):
    """Whether a convolution's kernels have one place only."""
    if type(layer) not in _CONVOLUTIONS or layer.data_format != "channels_last":
        return False
    covered = tuple(layer.input.shape[1:3]) == tuple(layer.kernel_size)
    return covered and layer.padding == "valid" and layer.groups == 1


def _multiply(layer, x):
    """A convolution whose kernels cover the input, as one matrix product."""
    kernel = tf.reshape(layer.kernel, (-1, layer.filters))
    sums = tf.matmul(tf.reshape(x, (-1, kernel.shape[0])), kernel)
    if layer.use_bias:
        sums = tf.nn.bias_add(sums, layer.bias)
    return tf.reshape(layer.activation(sums), (-1, 1, 1, layer.filters))


def _go_together(c1, s2):
    """Whether two layers are a convolution and an average that can be one."""
    if type(c1) not in _CONVOLUTIONS or c1.data_format != "channels_last":
        return False
    *lengths, maps = c1.input.shape[1:]
    size = c1.kernel_size[0]
    return (
        maps == 1
        and not any(length is None or length % 2 for length in lengths)
        and tuple(c1.kernel_size) == (size, size)
        and size % 2 == 1
        and c1.padding == "valid"
        and tuple(c1.strides) == tuple(c1.dilation_rate) == (1, 1)
        and c1.use_bias
        and _averages(s2)
    )


def _averages(s2):
    """Whether a layer begins with the average of each 2x2 window."""
    if type(s2) is not layers.AveragePooling2D:
        return type(s2) is Subsampling
    return tuple(s2.pool_size) == tuple(s2.strides) == (2, 2)


def _convolve_and_subsample(c1, s2, x):
    """C1, then S2: the average of each 2x2 window of its units, or their weighed sum.

    C1 reads one map and writes six, where a processor multiplies 8 or 16 numbers at
    once. The four units of a window of S2 read a square that is one pixel wider than
    the kernel. On 2x2 pixels taken as one of four channels, all four are one place of a
    convolution by kernels of about half the width, with four times the maps.
    """
    size, maps = c1.kernel_size[0], c1.filters
    half = (size + 1) // 2
    kernel = tf.matmul(_places(size), tf.reshape(c1.kernel, (size * size, maps)))
    kernel = tf.reshape(kernel, (half, half, 4, 4 * maps))
    height, width = x.shape[1] // 2, x.shape[2] // 2
    squares = tf.reshape(x, (-1, height, 2, width, 2))
    squares = tf.reshape(tf.transpose(squares, (0, 1, 3, 2, 4)), (-1, height, width, 4))
    sums = tf.nn.conv2d(squares, kernel, strides=1, padding="VALID")
    units = c1.activation(tf.nn.bias_add(sums, tf.tile(c1.bias, (4,))))
    # Sums of four units by a matrix product: faster both ways than pooling.
    fours = np.kron(np.ones((4, 1)), np.eye(maps)).astype("float32")
    if type(s2) is not Subsampling:
        return tf.tensordot(units, fours / 4, axes=1)
    sums = tf.tensordot(units, s2.coefficient * fours, axes=1)
    return s2.activation(tf.nn.bias_add(sums, s2.bias))


def _places(size):
    """Where each weight of a kernel stands in the kernel of all four units of a window.

    Returns:
        float32 array (rows, size * size) of zeros and ones: a row for each pixel of the
        wider square, in 2x2 pixels, and each unit of the window.
    """
    half = (size + 1) // 2
    # Row and pixel in it, column and pixel in it, then unit of the window, then weight.
    places = np.zeros((half, 2, half, 2, 2, 2, size, size), "float32")
    for down, right, row, column in np.ndindex(2, 2, size, size):
        y, x = divmod(down + row, 2), divmod(right + column, 2)
        places[*y, *x, down, right, row, column] = 1
    return places.transpose(0, 2, 1, 3, 4, 5, 6, 7).reshape(-1, size * size)
