"""The fast forms of the layers have the values and the gradients of the layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import operations
from keras import layers

from lenet_keras import (
    VARIANTS,
    SparselyConnectedConv2D,
    Subsampling,
    build_lenet5,
    fused,
)
from lenet_keras.fused import branches, forward


def values_and_gradients(answer, model, x):
    with tf.GradientTape() as tape:
        y = answer(x)
        loss = tf.reduce_mean(tf.square(y))
    return y, tape.gradient(loss, model.trainable_variables)


def assert_same(model, x):
    fast = values_and_gradients(forward(model), model, x)
    plain = values_and_gradients(lambda x: model(x, training=True), model, x)
    for mine, keras_own in zip(*map(tf.nest.flatten, (fast, plain)), strict=True):
        # Long sums in float32, in another order.
        scale = float(np.abs(keras_own.numpy()).max())
        assert mine.numpy() == pytest.approx(keras_own.numpy(), abs=1e-5 * scale)


def kinds(model, x):
    """The kinds of operations that the forward pass takes."""
    return [operation.type for operation in operations(forward(model), x)]


def convolutions(model, x):
    """How many convolutions the forward pass takes."""
    return kinds(model, x).count("Conv2D")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_has_the_values_and_gradients_of_its_model(
    variant, random_images
):
    assert_same(build_lenet5(variant), random_images)


@pytest.mark.parametrize("variant", VARIANTS)
def test_averages_go_with_their_convolution_and_c5_is_none(variant, random_images):
    model = build_lenet5(variant)
    assert convolutions(model, random_images) == 2
    assert not pooled(model)
    # Max pooling is no average.
    assert ("MaxPool" in kinds(model, random_images)) == (variant == "modern")


def test_a_covering_convolution_of_a_wide_input_is_a_convolution():
    model = build_lenet5(input_shape=(32, 48, 1))
    x = np.random.default_rng(0).random((4, 32, 48, 1), np.float32)
    assert convolutions(model, x) == 3
    assert_same(model, x)


def chain(*inner, shape=(32, 32, 1)):
    """A model of some layers with an answer of ten numbers."""
    stack = [*inner, layers.Flatten(), layers.Dense(10)]
    return keras.Sequential([keras.Input(shape), *stack])


def convolution(size=5, **options):
    return layers.Conv2D(3, size, activation="tanh", name="c1", **options)


def pooled(model):
    """Whether the average is taken by pooling, not together with the convolution."""
    return "AvgPool" in kinds(model, tf.zeros((4, *model.input_shape[1:])))


@pytest.mark.parametrize(
    "model",
    [
        lambda: chain(convolution(3), layers.AveragePooling2D(2)),
        lambda: chain(layers.Rescaling(2.0), convolution(), Subsampling()),
        lambda: chain(convolution(), layers.AveragePooling2D(2), shape=(36, 40, 1)),
        lambda: chain(convolution(use_bias=False), layers.AveragePooling2D(2)),
    ],
    ids=["a kernel of 3x3", "a layer before", "a larger input", "no bias"],
)
def test_others_of_the_same_kind_are_taken_together_too(model):
    model = model()
    generator = np.random.default_rng(0)
    assert_same(model, generator.random((4, *model.input_shape[1:]), np.float32))
    assert not pooled(model)


@pytest.mark.parametrize(
    "model",
    [
        lambda: chain(convolution(4), layers.AveragePooling2D(2)),
        lambda: chain(convolution(strides=2), layers.AveragePooling2D(2)),
        lambda: chain(convolution(padding="same"), layers.AveragePooling2D(2)),
        lambda: chain(convolution(), layers.AveragePooling2D(2, strides=1)),
        lambda: chain(
            convolution(), layers.AveragePooling2D(2), shape=(31, 31, 1)
        ),
        lambda: chain(convolution(dtype="float64"), layers.AveragePooling2D(2)),
    ],
    ids=[
        "an even kernel",
        "strides",
        "padding",
        "overlapping windows",
        "odd length",
        "another precision",
    ],
)  # fmt: skip
def test_others_run_as_they_are(model):
    model = model()
    x = np.random.default_rng(0).random((4, *model.input_shape[1:]), np.float32)
    assert_same(model, x)
    assert pooled(model)


@pytest.mark.parametrize(
    "last",
    [
        lambda: [],
        lambda: [layers.AveragePooling2D(2)],
        lambda: [layers.AveragePooling2D(2), layers.Activation("softmax")],
        lambda: [layers.MaxPooling2D(2)],
        lambda: [layers.AveragePooling2D(2), layers.Activation("tanh"), convolution()],
        lambda: [convolution(), layers.AveragePooling2D(2), layers.Conv2D(2, 4)],
    ],
    ids=[
        *("convolution", "average", "softmax", "maximum", "activation on the way"),
        "two in squares, then one that is not",
    ],
)
def test_answers_are_pixels_whatever_comes_last(last):
    first = layers.Conv2D(4, 5, activation="relu")
    model = keras.Sequential([keras.Input((32, 40, 1)), first, *last()])
    assert_same(model, np.random.default_rng(0).random((4, 32, 40, 1), np.float32))


def in_squares(model):
    """Whether C3, of three maps, is a convolution of 2x2 pixels as one of twelve."""
    x = tf.zeros((4, *model.input_shape[1:]))
    traced = operations(lambda x: values_and_gradients(forward(model), model, x), x)
    return any(
        operation.type == "Conv2DBackpropInput" and operation.outputs[0].shape[-1] == 12
        for operation in traced
    )


TABLE = ((0, 1), (1, 2), (0, 1, 2), (2,))


@pytest.mark.parametrize(
    "c3",
    [
        lambda: convolution(3),
        lambda: convolution(5, use_bias=False),
        lambda: SparselyConnectedConv2D(TABLE, 5, activation="tanh"),
    ],
    ids=["a kernel of 3x3", "no bias", "some maps only"],
)
def test_a_convolution_of_few_maps_is_taken_in_squares(c3):
    inner = layers.Conv2D(3, 5, activation="tanh"), layers.AveragePooling2D(2)
    model = chain(*inner, c3(), shape=(32, 40, 1))
    assert_same(model, np.random.default_rng(0).random((4, 32, 40, 1), np.float32))
    assert in_squares(model)


@pytest.mark.parametrize(
    "c3",
    [
        lambda: convolution(4),
        lambda: convolution((3, 5)),
        lambda: convolution(strides=2),
        lambda: convolution(dilation_rate=2),
        lambda: convolution(groups=3),
        lambda: convolution(padding="same"),
        lambda: SparselyConnectedConv2D(TABLE, 4),
    ],
    ids=[
        *("even", "not square", "strides", "dilated", "groups", "padding"),
        "even, some maps only",
    ],
)
def test_other_convolutions_are_taken_as_they_are(c3):
    inner = layers.Conv2D(3, 5, activation="tanh"), layers.AveragePooling2D(2)
    model = chain(*inner, c3())
    assert_same(model, np.random.default_rng(0).random((4, 32, 32, 1), np.float32))
    assert not in_squares(model)


def test_a_frozen_c3_passes_on_the_gradients_of_its_model(random_images):
    model = build_lenet5()
    model.get_layer("c3").trainable = False
    assert_same(model, random_images)


@pytest.mark.parametrize(
    ("set_threads", "size", "number"),
    [
        ((1, 2), 64, 2),
        ((1, 2), None, 2),
        ((1, 8), 64, 4),
        ((1, 8), 256, 8),
        ((1, 8), 32, 2),
        ((1, 8), 16, 1),
        ((1, 8), 1, 1),
        ((2, 2), 64, 1),
        ((0, 0), 64, 1),
        ((1, 0), 64, 1),
        ((1, 1), 64, 1),
    ],
)
def test_there_is_a_branch_per_thread_of_16_images_at_least(
    set_threads, size, number, monkeypatch
):
    monkeypatch.setattr("lenet_keras.threads.threads", lambda: set_threads)
    assert branches(size) == number


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 17, 64])
def test_any_number_of_branches_gives_the_gradient_of_the_batch(
    size, monkeypatch, digits
):
    """Also where some have no image of their own."""
    from lenet_keras import to_input

    x, y = to_input(digits.train_images[:size]), digits.train_labels[:size]
    weights = []
    for number in (1, 4):
        monkeypatch.setattr(fused, "branches", lambda size, number=number: number)
        keras.utils.set_random_seed(0)
        model = build_lenet5()
        model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
        loss = model.train_on_batch(x, y)
        weights.append([loss, *model.get_weights()])
        assert model.training_step == f"fused, branches: {number}"
    for one, four in zip(*weights, strict=True):
        np.testing.assert_allclose(one, four, atol=1e-5)
