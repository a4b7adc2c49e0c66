"""Counts, against the paper's printed numbers and Keras' own."""

import keras
import pytest

from lenet_keras import VARIANTS, build_lenet5, count
from lenet_keras.counting import published

ROWS_1998 = {  # trainable, fixed, connections, receptive field, stride
    "c1": (156, 0, 122_304, 5, 1),
    "s2": (12, 0, 5_880, 6, 2),
    "c3": (1_516, 0, 151_600, 14, 2),
    "s4": (32, 0, 2_000, 16, 4),
    "c5": (48_120, 0, 48_120, 32, 4),
    "f6": (10_164, 0, 10_164, 32, 4),
    "output": (0, 840, 840, 32, 4),
}


def test_the_1998_network_has_60000_trainable_parameters_and_340908_connections():
    counts = count(build_lenet5("1998"))
    assert (counts.trainable, counts.fixed) == (60_000, 840)
    assert counts.connections == 340_908


@pytest.mark.parametrize("name", ROWS_1998)
def test_each_layer_of_1998_has_the_published_counts(name):
    row = next(r for r in count(build_lenet5("1998")).layers if r.name == name)
    assert (
        row.trainable,
        row.fixed,
        row.connections,
        row.receptive_field,
        row.stride,
    ) == ROWS_1998[name]
    assert row.trainable == published(name).trainable
    assert published(name).connections in (None, row.connections)


def test_c3_splits_into_456_606_303_and_151_parameters():
    """Three, four contiguous, four not contiguous, and all six inputs."""
    table = build_lenet5("1998").get_layer("c3").table
    parameters = [25 * len(inputs) + 1 for inputs in table]
    groups = parameters[:6], parameters[6:12], parameters[12:15], parameters[15:]
    assert [sum(group) for group in groups] == [456, 606, 303, 151]
    assert sum(parameters) == 1_516


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v != "1998"])
def test_the_simplified_variants_have_61706_parameters(variant):
    counts = count(build_lenet5(variant))
    assert (counts.trainable, counts.fixed) == (61_706, 0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_our_counts_agree_with_keras(variant):
    model = build_lenet5(variant)
    counts = count(model)
    assert counts.trainable + counts.fixed == model.count_params()
    for row in counts.layers:
        layer = model.get_layer(row.name)
        assert row.trainable + row.fixed == layer.count_params()
        assert row.shape == layer.output.shape[1:]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_sees_the_whole_image_from_c5_on(variant):
    fields = {
        row.name: row.receptive_field for row in count(build_lenet5(variant)).layers
    }
    assert list(fields.values()) == [5, 6, 14, 16, 32, 32, 32]


def test_convolution_counts_multiply_adds_without_biases():
    row = count(build_lenet5()).layers[0]
    assert row.multiply_adds == 28 * 28 * 6 * 25
    assert row.connections == 28 * 28 * 6 * 26


def test_max_pooling_multiplies_and_adds_nothing():
    rows = {row.name: row for row in count(build_lenet5("modern")).layers}
    assert rows["s2"].multiply_adds == 0
    assert rows["s2"].connections == 14 * 14 * 6 * 4


def test_caffe_style_lenet_of_431080_parameters_is_counted_too():
    layers = keras.layers
    caffe = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(20, 5),
            layers.MaxPooling2D(2),
            layers.Conv2D(50, 5),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(500, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    assert count(caffe).trainable == 431_080


def test_a_free_input_length_cannot_be_counted():
    with pytest.raises(ValueError, match=r"fixed input shape.*received.*None"):
        count(build_lenet5(input_shape=(32, None, 1)))


def test_a_layer_of_another_kind_is_named():
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.BatchNormalization()]
    )
    with pytest.raises(ValueError, match="received a BatchNormalization"):
        count(model)
