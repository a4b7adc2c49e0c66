"""The same mathematics in fewer and larger steps, for `train` on a CPU.

C1 reads one map and writes six: too few for a processor that multiplies 8 or 16 numbers
at once. S2's gradient and Keras' optimisers are many small operations. `forward` and
`fused_updates` compute the same, up to rounding, in a form that suits the processor.
"""

import contextlib
from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf

from lenet_keras.layers import Subsampling


def forward(model):
    """The model as a function, with C1 and S2 in one go where they allow it.

    Args:
        model: `keras.Model`. C1 and S2 are a convolution of a single map by kernels of
            odd width and the average of 2x2 windows, in a chain of layers.

    Returns:
        Function of float32 (batch, height, width, 1), with the values and gradients of
        `model(x, training=True)` up to rounding; where the layers are others, that.
    """
    layers = _chain(model)
    place = next((i for i, pair in enumerate(pairwise(layers)) if _fits(*pair)), None)
    if place is None or tf.config.list_physical_devices("GPU"):
        return lambda x: model(x, training=True)
    c1, s2, *others = layers[place:]

    def call(x):
        for layer in layers[:place]:
            x = layer(x, training=True)
        x = _convolve_and_subsample(c1, s2, x)
        for layer in others:
            x = layer(x, training=True)
        return x

    return call


def _chain(model):
    """The layers of a model that is a plain chain of them, else nothing."""
    if type(model).__name__ not in ("Functional", "Sequential"):
        return []
    layers = [each for each in model.layers if type(each).__name__ != "InputLayer"]
    x = model.inputs[0]
    for layer in layers:
        if len(layer._inbound_nodes) != 1 or layer.input is not x:
            return []
        x = layer.output
    return layers


def _fits(c1, s2):
    """Whether the two are a convolution and an average that can be taken together."""
    if type(c1) is not keras.layers.Conv2D or c1.data_format != "channels_last":
        return False
    *lengths, maps = c1.input.shape[1:]
    size = c1.kernel_size[0]
    return (
        maps == 1
        and not any(length is None or length % 2 for length in lengths)
        and c1.kernel_size == (size, size)
        and size % 2 == 1
        and c1.padding == "valid"
        and c1.strides == c1.dilation_rate == (1, 1)
        and c1.use_bias
        and c1.compute_dtype == "float32"
        and _averages(s2)
    )


def _averages(s2):
    """Whether a layer begins with the average of each 2x2 window."""
    if type(s2) is not keras.layers.AveragePooling2D:
        return isinstance(s2, Subsampling)
    return tuple(s2.pool_size) == tuple(s2.strides) == (2, 2)


def _convolve_and_subsample(c1, s2, x):
    """C1, then S2: the average of each 2x2 window of its units, or their weighed sum.

    The four units of a window read a square that is one pixel wider than the kernel. On
    2x2 pixels taken as one of four channels, all four are one place of a convolution by
    kernels of about half the width, with four times the maps.
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
    if not isinstance(s2, Subsampling):
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


@contextlib.contextmanager
def fused_updates(optimizer):
    """Trace an optimiser with TensorFlow's one kernel a variable for its update.

    Keras writes the update of Adam as some ten operations, each a walk through memory.
    Everything else, such as the learning rate, clipping and weight decay, stays Keras'.

    Args:
        optimizer: built `keras.optimizers.Optimizer`; one that is neither Adam, AdamW
            nor SGD with momentum is left as it is.
    """
    update = _fused(optimizer)
    if update is None:
        yield
        return
    optimizer.update_step = lambda *arguments: update(optimizer, *arguments)
    try:
        yield
    finally:
        del optimizer.update_step


def _fused(optimizer):
    """The update of an optimiser by a kernel of TensorFlow's own; None without one."""
    kind = type(optimizer)
    if kind in (keras.optimizers.Adam, keras.optimizers.AdamW):
        return None if optimizer.amsgrad else _adam
    return _momentum if kind is keras.optimizers.SGD and optimizer.momentum else None


def _adam(optimizer, gradient, variable, learning_rate):
    step = tf.cast(optimizer.iterations + 1, variable.dtype)
    place = optimizer._get_variable_index(variable)
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=optimizer._momentums[place].value.handle,
        v=optimizer._velocities[place].value.handle,
        beta1_power=optimizer.beta_1**step,
        beta2_power=optimizer.beta_2**step,
        lr=learning_rate,
        beta1=optimizer.beta_1,
        beta2=optimizer.beta_2,
        epsilon=optimizer.epsilon,
        grad=gradient,
    )


def _momentum(optimizer, gradient, variable, learning_rate):
    place = optimizer._get_variable_index(variable)
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=optimizer.momentums[place].value.handle,
        lr=learning_rate,
        grad=gradient,
        momentum=optimizer.momentum,
        use_nesterov=optimizer.nesterov,
    )
