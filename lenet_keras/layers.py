"""The layers of LeNet-5 that Keras lacks (LeCun et al., 1998, Section II-B).

Subsampling with a trained coefficient, a convolution whose maps read only some of the
maps below, and an output layer of Euclidean radial basis functions, with the squashing
function and the initialisation of Appendix A. All of it is written with `keras.ops` and
runs on every Keras backend.
"""

import itertools
import math

import keras
import numpy as np
from keras import ops

from lenet_keras.paper import AMPLITUDE, INITIAL_RANGE, SLOPE, output_code

_register = keras.saving.register_keras_serializable("lenet_keras")


@_register
def scaled_tanh(a):
    """Squash a weighted sum to A tanh(S a), with A = 1.7159 and S = 2/3.

    The constants make f(1) = 1 and f(-1) = -1, where the curvature is largest
    (Section II-B, Appendix A).

    Args:
        a: float tensor of any shape.

    Returns:
        Float tensor of the same shape, in [-1.7159, 1.7159].
    """
    return AMPLITUDE * ops.tanh(SLOPE * a)


@_register
class FanInUniform(keras.initializers.RandomUniform):
    """Draw weights uniformly in +-2.4 / sqrt(fan-in).

    Appendix A prints 2.4 / fan-in, without the root: `power=1`. From there all sums of
    the "1998" network are near 0, so that its first steps are all of the largest size
    0.025, where the paper reports 7e-5 to 0.016, and its own optimizer does not bear
    them. With the root the sizes are those reported, and it learns as in Figure 5.

    Args:
        fan_in: number of inputs of a unit, without its bias; a list gives one for each
            entry of the last axis. By default the product of all axes but the last.
        power: float, of the fan-in: 0.5, or 1 for the rule as printed.
        seed: int, or None for a seed of its own.
    """

    def __init__(self, fan_in=None, power=0.5, seed=None):
        super().__init__(minval=-1.0, maxval=1.0, seed=seed)
        self.fan_in = fan_in
        self.power = power

    def __call__(self, shape, dtype=None):
        fan_in = math.prod(shape[:-1]) if self.fan_in is None else self.fan_in
        uniform = super().__call__(shape, dtype=dtype)
        half_width = INITIAL_RANGE / np.asarray(fan_in) ** self.power
        return uniform * ops.convert_to_tensor(half_width, dtype=uniform.dtype)

    def get_config(self):
        seed = super().get_config()["seed"]
        return {"fan_in": self.fan_in, "power": self.power, "seed": seed}


@_register
class Subsampling(keras.layers.Layer):
    """Halve a map: the sum of each 2x2 window, times a coefficient, plus a bias.

    One trained coefficient and one trained bias a map, no overlap (Section II-B; II-A
    says "averaged", which differs by a factor of 4 in the coefficient). The squashing
    function follows inside the layer, as in the paper's S2 and S4.

    Args:
        activation: squashing function; default `scaled_tanh`.

    Input shape: (batch, height, width, maps), height and width even.
    Output shape: (batch, height // 2, width // 2, maps).
    """

    def __init__(self, activation=scaled_tanh, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        maps = input_shape[-1]
        # It starts as an average, the word of Section II-A.
        self.coefficient = self.add_weight(
            name="coefficient",
            shape=(maps,),
            initializer=keras.initializers.Constant(1 / 4),
        )
        self.bias = self.add_weight(name="bias", shape=(maps,), initializer="zeros")

    def call(self, inputs):
        # The sum is four times the average; the 4 goes to the few coefficients.
        average = ops.average_pool(inputs, 2, strides=2, data_format="channels_last")
        return self.activation(average * (4 * self.coefficient) + self.bias)

    def compute_output_shape(self, input_shape):
        batch, height, width, maps = input_shape
        return batch, _halve(height), _halve(width), maps

    def get_config(self):
        activation = keras.activations.serialize(self.activation)
        return super().get_config() | {"activation": activation}


@_register
class SparselyConnectedConv2D(keras.layers.Layer):
    """Convolve, each output map reading only the input maps that a table gives it.

    C3 of LeNet-5 (Section II-B, Table I). A kernel exists for each connected pair of
    maps and for no other, so unread weights neither count nor move.

    Args:
        table: one tuple of input map indices for each output map.
        kernel_size: int, height and width of the kernels.
        activation: squashing function; default none.
        kernel_initializer: of the kernels, (kernel_size, kernel_size, pairs); by
            default `FanInUniform`, with the fan-in that each output map has.

    Input shape: (batch, height, width, input maps).
    Output shape: (batch, height - kernel_size + 1, width - kernel_size + 1, output
    maps).

    Raises:
        ValueError: if the table names a map that the input lacks, or none at all.
    """

    def __init__(
        self, table, kernel_size, activation=None, kernel_initializer=None, **kwargs
    ):
        super().__init__(**kwargs)
        self.table = tuple(tuple(maps) for maps in table)
        self.kernel_size = kernel_size
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        maps = input_shape[-1]
        if not all(inputs and set(inputs) <= set(range(maps)) for inputs in self.table):
            raise ValueError(
                f"Each output map of {self.name!r} must read some of the input maps 0 "
                f"to {maps - 1}; received table={self.table}."
            )
        pairs = [
            (source, i) for i, inputs in enumerate(self.table) for source in inputs
        ]
        # One row a kernel: 1 at its (input map, output map), 0 elsewhere.
        self._places = np.zeros((len(pairs), maps, len(self.table)), "float32")
        for kernel, pair in enumerate(pairs):
            self._places[kernel, *pair] = 1
        size = self.kernel_size
        fan_in = [size * size * len(self.table[target]) for _, target in pairs]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, size, len(pairs)),
            initializer=self.kernel_initializer or FanInUniform(fan_in),
        )
        self.bias = self.add_weight(
            name="bias", shape=(len(self.table),), initializer="zeros"
        )

    def dense_kernel(self):
        """Return the kernels laid out as Conv2D has them, zero where not connected.

        Returns:
            Float tensor (kernel_size, kernel_size, input maps, output maps).
        """
        # A product with zeros and ones: its gradient is faster than that of a lookup.
        kernel = ops.convert_to_tensor(self.kernel)
        return ops.tensordot(kernel, ops.cast(self._places, kernel.dtype), axes=1)

    def call(self, inputs):
        sums = ops.conv(inputs, self.dense_kernel(), data_format="channels_last")
        return self.activation(sums + self.bias)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        lost = self.kernel_size - 1
        height = None if height is None else height - lost
        width = None if width is None else width - lost
        return batch, height, width, len(self.table)

    def get_config(self):
        return super().get_config() | {
            "table": self.table,
            "kernel_size": self.kernel_size,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


@_register
class CoveringConv2D(keras.layers.Conv2D):
    """C5 in files of version 0.1; today it is a `Conv2D`, which computes the same."""


@_register
class EuclideanRBF(keras.layers.Layer):
    """Score each class by the negative squared distance to its fixed 7x12 picture.

    The paper's output unit is y_i = sum_j (x_j - w_ij)^2, the smaller the better
    (eq. 7). We return -y_i, so that a larger output means a likelier class, as
    everywhere in Keras. The codes w_ij are +-1 and are not trained (Section II-B).

    Args:
        classes: str, one printable character for each class; default the ten digits.

    Input shape: (..., 84).
    Output shape: (..., number of classes), values <= 0 up to rounding.

    Raises:
        ValueError: if a character has no code, or the input has not 84 features.
    """

    def __init__(self, classes="0123456789", **kwargs):
        super().__init__(**kwargs)
        self.classes = classes
        self._codes = np.stack([output_code(c).ravel() for c in classes], axis=-1)

    def build(self, input_shape):
        if input_shape[-1] != len(self._codes):
            raise ValueError(
                f"The output codes have 7x12 = 84 components; {self.name!r} received "
                f"inputs of shape {tuple(input_shape)}. Put 84 units before it."
            )
        self.codes = self.add_weight(
            name="codes",
            shape=self._codes.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(self._codes, dtype),
            trainable=False,
        )

    def call(self, inputs):
        # -|x - w|^2 written out: one matrix product instead of a (batch, 84, 10) array.
        return (
            2 * ops.matmul(inputs, self.codes)
            - ops.sum(ops.square(inputs), axis=-1, keepdims=True)
            - ops.sum(ops.square(self.codes), axis=0)
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self.classes))

    def get_config(self):
        return super().get_config() | {"classes": self.classes}


def chain(model):
    """The layers of a model, without its input, each of which reads the one before.

    Args:
        model: `keras.Model`.

    Returns:
        List of `keras.layers.Layer`.

    Raises:
        ValueError: for a model of another form.
    """
    layers = [x for x in model.layers if not isinstance(x, keras.layers.InputLayer)]
    reads = [layer.input for layer in layers] + model.outputs
    gives = model.inputs + [layer.output for layer in layers]
    for read, given, reader in itertools.zip_longest(reads, gives, layers):
        if read is not given:
            raise ValueError(
                f"{model.name!r} must be a chain of layers, each reading the one "
                f"before; {(reader or model).name!r} does not. Build it with "
                "build_lenet5."
            )
    return layers


def _halve(length):
    return None if length is None else length // 2
