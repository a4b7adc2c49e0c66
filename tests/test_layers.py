"""The paper's layers, against slow NumPy versions of their formulas."""

import keras
import numpy as np
import pytest
from keras import ops

from lenet_keras.layers import (
    CoveringConv2D,
    EuclideanRBF,
    FanInUniform,
    SparselyConnectedConv2D,
    Subsampling,
    scaled_tanh,
)
from lenet_keras.paper import C3_INPUTS, output_code


def numpy_of(tensor):
    return ops.convert_to_numpy(tensor)


def test_scaled_tanh_passes_through_plus_and_minus_one():
    assert numpy_of(scaled_tanh(ops.array([-1.0, 0.0, 1.0]))) == pytest.approx(
        [-1, 0, 1], abs=3e-6
    )


def test_scaled_tanh_has_the_published_slopes_and_curvature():
    """f'(0) = 1.14393, f'(1) = 0.75541, the strongest curvature at +-0.98772."""
    keras.config.set_floatx("float64")
    points = np.arange(-3, 3, 1e-3)
    f = numpy_of(scaled_tanh(ops.array(points)))
    keras.config.set_floatx("float32")
    slope = np.gradient(f, points)
    at_0_and_1 = np.interp([0, 1, -1], points, slope)
    assert at_0_and_1 == pytest.approx([1.14393, 0.75541, 0.75541], abs=1e-5)
    from_output = 2 / 3 * (1.7159 - f**2 / 1.7159)  # f' = S (A - y^2 / A)
    assert slope[1:-1] == pytest.approx(from_output[1:-1], abs=1e-5)
    curvature = np.abs(np.gradient(slope, points))
    assert abs(points[curvature.argmax()]) == pytest.approx(0.98772, abs=2e-3)
    assert np.interp(1, points, f) == pytest.approx(0.9999973, abs=1e-6)


@pytest.mark.parametrize("options", [{}, {"padding": "same"}, {"groups": 2}])
@pytest.mark.parametrize("size", [5, 9])
def test_covering_convolution_equals_keras_convolution(size, options):
    x = np.random.default_rng(0).normal(size=(3, size, size, 4)).astype("float32")
    ours = CoveringConv2D(6, 5, activation="tanh", **options)
    theirs = keras.layers.Conv2D(6, 5, activation="tanh", **options)
    for layer in ours, theirs:
        layer.build(x.shape)
    theirs.set_weights([ours.kernel, np.linspace(-1, 1, 6)])
    ours.set_weights(theirs.get_weights())
    assert numpy_of(ours(x)) == pytest.approx(numpy_of(theirs(x)), abs=1e-5)


def test_subsampling_is_the_squashed_sum_times_coefficient_plus_bias():
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype("float32")
    layer = Subsampling()
    layer.build(x.shape)
    coefficient, bias = np.array([0.5, -0.2, 0.1]), np.array([0.1, 0.0, -0.3])
    layer.set_weights([coefficient, bias])
    expected = np.empty((2, 2, 3, 3))
    for row in range(2):
        for column in range(3):
            window = x[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            total = window.sum(axis=(1, 2)) * coefficient + bias
            expected[:, row, column] = 1.7159 * np.tanh(2 / 3 * total)
    # float32 sums of four
    assert numpy_of(layer(x)) == pytest.approx(expected, abs=1e-5)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_c3_convolves_each_map_with_its_own_inputs_only():
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 6)).astype("float32")
    layer = SparselyConnectedConv2D(C3_INPUTS, 5)
    layer.build(x.shape)
    bias = np.arange(16) / 10
    layer.bias.assign(bias)
    kernels = iter(np.moveaxis(numpy_of(layer.kernel), -1, 0))
    expected = np.zeros((2, 3, 2, 16)) + bias
    for target, sources in enumerate(C3_INPUTS):
        for source in sources:
            kernel = next(kernels)
            for row in range(3):
                for column in range(2):
                    window = x[:, row : row + 5, column : column + 5, source]
                    expected[:, row, column, target] += (window * kernel).sum((1, 2))
    assert numpy_of(layer(x)) == pytest.approx(
        expected, abs=1e-4
    )  # float32 sums of 150
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_c3_has_1516_parameters_all_trainable():
    layer = SparselyConnectedConv2D(C3_INPUTS, 5)
    layer.build((None, 14, 14, 6))
    assert layer.count_params() == 1_516
    assert not layer.non_trainable_weights


def test_c3_starts_each_map_within_its_own_fan_in():
    layer = SparselyConnectedConv2D(C3_INPUTS, 5)
    layer.build((None, 14, 14, 6))
    largest = np.abs(numpy_of(layer.dense_kernel())).max(axis=(0, 1, 2))
    limits = 2.4 / np.sqrt([25 * len(maps) for maps in C3_INPUTS])
    assert (largest <= limits).all()
    assert (largest > 0.8 * limits).all(), "75 or more draws reach near the limit"


def test_c3_refuses_a_table_that_the_input_cannot_serve():
    with pytest.raises(ValueError, match="input maps 0 to 2; received table"):
        SparselyConnectedConv2D(C3_INPUTS, 5).build((None, 14, 14, 3))


def test_rbf_returns_the_negative_squared_distance_to_each_code():
    x = np.random.default_rng(0).normal(size=(5, 84)).astype("float32")
    codes = np.stack([output_code(c).ravel() for c in "0123456789"])
    expected = -((x[:, None] - codes) ** 2).sum(-1)
    assert numpy_of(EuclideanRBF()(x)) == pytest.approx(expected, abs=1e-3)


def test_rbf_has_840_fixed_parameters():
    layer = EuclideanRBF()
    layer.build((None, 84))
    assert layer.count_params() == 840
    assert not layer.trainable_weights


def test_rbf_reads_letters_as_well():
    layer = EuclideanRBF("AB?")
    question_mark = output_code("?").ravel()[None].astype("float32")
    scores = numpy_of(layer(question_mark))
    assert scores.argmax() == 2
    assert scores[0, 2] == pytest.approx(0, abs=1e-4)


def test_rbf_refuses_an_input_that_is_not_84_wide():
    with pytest.raises(ValueError, match=r"84 components.*received.*100"):
        EuclideanRBF().build((None, 100))


@pytest.mark.parametrize("shape", [(5, 5, 1, 6), (120, 84)])
@pytest.mark.parametrize("power", [0.5, 1])
def test_weights_start_uniform_within_2_4_over_a_power_of_fan_in(shape, power):
    weights = numpy_of(FanInUniform(power=power, seed=0)(shape))
    limit = 2.4 / np.prod(shape[:-1]) ** power
    assert np.abs(weights).max() <= limit
    assert weights.std() == pytest.approx(limit / np.sqrt(3), rel=0.15)


@pytest.mark.parametrize(
    "layer",
    [
        Subsampling(name="s2"),
        SparselyConnectedConv2D(C3_INPUTS, 5, activation="relu", name="c3"),
        EuclideanRBF("ABC", name="output"),
    ],
    ids=lambda layer: layer.name,
)
def test_a_layer_comes_back_from_its_configuration(layer):
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config, safe_mode=True)
    assert again.get_config() == layer.get_config()


def test_an_initializer_comes_back_from_its_configuration():
    first = FanInUniform([4, 8], power=1, seed=3)
    config = keras.saving.serialize_keras_object(first)
    again = keras.saving.deserialize_keras_object(config)
    assert numpy_of(again((5, 2))) == pytest.approx(numpy_of(first((5, 2))))
