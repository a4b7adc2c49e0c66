"""C1 with S2 in one go, and fused updates, compute what Keras computes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from lenet_keras import VARIANTS, Subsampling, build_lenet5
from lenet_keras.fast import _convolve_and_subsample, forward, fused_updates


@pytest.fixture
def taken_together(monkeypatch):
    """Which convolutions were taken together with the average after them."""
    names = []

    def noted(c1, s2, x):
        names.append(c1.name)
        return _convolve_and_subsample(c1, s2, x)

    monkeypatch.setattr("lenet_keras.fast._convolve_and_subsample", noted)
    return names


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


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_has_the_values_and_gradients_of_its_model(
    variant, random_images, taken_together
):
    model = build_lenet5(variant)
    assert_same(model, random_images)
    # Max pooling is no average.
    assert taken_together == ([] if variant == "modern" else ["c1"])


def chain(*inner, shape=(32, 32, 1)):
    """A model of some layers with an answer of ten numbers."""
    stack = [*inner, layers.Flatten(), layers.Dense(10)]
    return keras.Sequential([keras.Input(shape), *stack])


def convolution(size=5, **options):
    return layers.Conv2D(3, size, activation="tanh", name="c1", **options)


@pytest.mark.parametrize(
    "model",
    [
        lambda: chain(convolution(3), layers.AveragePooling2D(2)),
        lambda: chain(layers.Rescaling(2.0), convolution(), Subsampling()),
        lambda: chain(convolution(), layers.AveragePooling2D(2), shape=(36, 40, 1)),
    ],
    ids=["a kernel of 3x3", "a layer before", "a larger input"],
)
def test_others_of_the_same_kind_are_taken_together_too(model, taken_together):
    model = model()
    generator = np.random.default_rng(0)
    assert_same(model, generator.random((4, *model.input_shape[1:]), np.float32))
    assert taken_together == ["c1"]


def with_a_bypass():
    """C1's maps go on beside S2: no chain."""
    x = keras.Input((32, 32, 1))
    c1 = convolution()(x)
    means = [layers.GlobalAveragePooling2D()(each) for each in (c1, _halved(c1))]
    return keras.Model(x, layers.Concatenate()(means))


def _halved(x):
    return layers.AveragePooling2D(2)(x)


@pytest.mark.parametrize(
    "model",
    [
        with_a_bypass,
        lambda: chain(convolution(4), layers.AveragePooling2D(2)),
        lambda: chain(convolution(strides=2), layers.AveragePooling2D(2)),
        lambda: chain(convolution(padding="same"), layers.AveragePooling2D(2)),
        lambda: chain(convolution(use_bias=False), layers.AveragePooling2D(2)),
        lambda: chain(convolution(), layers.AveragePooling2D(2, strides=1)),
        lambda: chain(convolution(), layers.BatchNormalization()),
        lambda: chain(
            convolution(), layers.AveragePooling2D(2), shape=(31, 31, 1)
        ),
    ],
    ids=[
        "a bypass",
        "an even kernel",
        "strides",
        "padding",
        "no bias",
        "overlapping windows",
        "no pooling",
        "odd length",
    ],
)  # fmt: skip
def test_other_models_run_as_they_are(model, taken_together):
    model = model()
    x = np.random.default_rng(0).random((4, *model.input_shape[1:]), np.float32)
    assert_same(model, x)
    assert taken_together == []


OPTIMIZERS = {
    "Adam": lambda: keras.optimizers.Adam(0.01),
    "AdamW": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1, clipnorm=0.5),
    "Nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "momentum": lambda: keras.optimizers.SGD(
        keras.optimizers.schedules.CosineDecay(0.1, 5), momentum=0.9
    ),
    "SGD": lambda: keras.optimizers.SGD(0.1),
    "AMSGrad": lambda: keras.optimizers.Adam(0.01, amsgrad=True),
    "RMSprop": lambda: keras.optimizers.RMSprop(0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_five_updates_are_those_of_keras(name):
    results = []
    for fused in (True, False):
        variable = keras.Variable(np.linspace(-1, 1, 7, dtype="float32"))
        optimizer = OPTIMIZERS[name]()
        optimizer.build([variable])
        own = optimizer.update_step
        for step in range(5):
            slope = tf.constant(np.cos(np.arange(7) * (step + 1)), tf.float32)
            if fused:
                with fused_updates(optimizer):
                    replaced = optimizer.update_step != own
                    optimizer.apply([slope], [variable])
            else:
                optimizer.apply([slope], [variable])
        assert optimizer.update_step == own
        results.append([v.numpy() for v in (variable, *optimizer.variables)])
    assert replaced == (name in ("Adam", "AdamW", "Nesterov", "momentum"))
    for mine, keras_own in zip(*results, strict=True):
        assert mine == pytest.approx(keras_own, rel=1e-5, abs=1e-7)
