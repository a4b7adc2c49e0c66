"""The six variants: shapes, saving, preprocessing, wide inputs, and errors."""

import copy
import pickle
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import ops

from lenet_keras import (
    VARIANTS,
    build_lenet5,
    load_model,
    loss_for,
    to_input,
    transform,
)
from lenet_keras.layers import FanInUniform
from lenet_keras.model import Variant
from lenet_keras.paper import C3_INPUTS

NAMES = ["c1", "s2", "c3", "s4", "c5", "f6", "output"]
FAN_INS_OF_C3 = [25 * len(maps) for maps in C3_INPUTS for _ in maps]


def answers(model, x):
    return ops.convert_to_numpy(model(x))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_has_the_papers_layers_in_order(variant):
    model = build_lenet5(variant)
    assert [layer.name for layer in model.layers if layer.name in NAMES] == NAMES
    assert model.output_shape == (None, 10)
    assert model.name == f"lenet5_{variant}"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_saved_model_answers_the_same_after_a_safe_load(
    variant, tmp_path, random_images
):
    model = build_lenet5(variant)
    model.compile("sgd", loss=loss_for(variant, VARIANTS[variant]))
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert np.array_equal(answers(again, random_images), answers(model, random_images))
    assert again.loss.get_config() == model.loss.get_config()


@pytest.mark.parametrize("variant", VARIANTS)
def test_weights_alone_can_be_saved_and_given_to_build(
    variant, tmp_path, random_images
):
    model = build_lenet5(variant)
    path = tmp_path / "my.weights.h5"
    model.save_weights(path)
    again = build_lenet5(variant, weights=path)
    assert np.array_equal(answers(again, random_images), answers(model, random_images))


def test_the_same_seed_builds_the_same_network():
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        weights.append(build_lenet5("1998").get_weights())
    assert all(map(np.array_equal, *weights))


def from_the_printed_start(model):
    """The model with 2.4 / fan-in, without the root, as Appendix A prints it."""
    for name, fan_in in {"c1": 25, "c3": FAN_INS_OF_C3, "c5": 400, "f6": 120}.items():
        kernel = model.get_layer(name).kernel
        kernel.assign(FanInUniform(fan_in, power=1, seed=0)(kernel.shape))
    return model


def test_every_penalty_is_near_84_from_the_printed_start(random_images):
    model = from_the_printed_start(build_lenet5("1998"))
    assert answers(model, random_images) == pytest.approx(-84, rel=0.05)


def test_1998_starts_within_2_4_over_the_root_of_each_fan_in_and_without_biases():
    model = build_lenet5("1998")
    fan_ins = {"c1": 25, "c3": np.array(FAN_INS_OF_C3), "c5": 400, "f6": 120}
    for name, fan_in in fan_ins.items():
        weights, bias = model.get_layer(name).get_weights()
        share = np.abs(weights) / (2.4 / np.sqrt(fan_in))
        assert 0.9 < share.max() <= 1 + 1e-6
        assert not bias.any()
    for name in ("s2", "s4"):
        coefficient, bias = model.get_layer(name).get_weights()
        assert (coefficient == 1 / 4).all()
        assert not bias.any()


def test_1998_reads_letters_when_told_their_names():
    model = build_lenet5("1998", classes="ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert model.output_shape == (None, 26)


def test_unread_weights_of_c3_do_not_exist():
    c3 = build_lenet5("1998").get_layer("c3")
    assert c3.kernel.shape == (5, 5, 60)
    read = ops.convert_to_numpy(c3.dense_kernel()).any(axis=(0, 1))
    assert read.sum() == 60


@pytest.mark.parametrize("variant", ["classic", "1998"])
def test_preprocessing_inside_the_model_equals_to_input_outside(variant):
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype="uint8")
    outside = build_lenet5(variant)
    inside = build_lenet5(variant, include_preprocessing=True)
    assert inside.count_params() == outside.count_params()
    inside.set_weights(outside.get_weights())
    raw = inside.predict(images, verbose=0)
    assert raw == pytest.approx(outside.predict(to_input(images), verbose=0), abs=1e-4)


def test_a_model_with_preprocessing_fits_mnist_as_it_comes(digits):
    model = build_lenet5(include_preprocessing=True)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(digits.train_images, digits.train_labels, epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]


@pytest.mark.parametrize("variant", ["classic", "tanh", "1998", "modern"])
def test_a_crop_answers_in_the_wide_network_as_it_does_alone(variant):
    generator = np.random.default_rng(0)
    strip = generator.uniform(-0.1, 1.175, (1, 32, 48, 1)).astype("float32")
    alone = build_lenet5(variant)
    wide = build_lenet5(variant, input_shape=(32, None, 1))
    wide.set_weights(alone.get_weights())
    answer = answers(wide, strip)
    assert answer.shape == (1, 1, 5, 10), "one answer every 4 pixels"
    crops = np.concatenate([strip[:, :, x : x + 32] for x in range(0, 17, 4)])
    assert answer[0, 0] == pytest.approx(answers(alone, crops), abs=2e-4)  # float32


def test_replacing_one_field_of_a_variant_builds_another_network():
    full = replace(VARIANTS["1998"], c3_table=None)
    model = build_lenet5(full)
    assert sum(w.shape.num_elements() for w in model.trainable_weights) == 60_900


def test_an_unknown_variant_is_told_the_six_and_the_nearest():
    with pytest.raises(ValueError, match=r"classic, dense.*'clasic'.*mean 'classic'"):
        build_lenet5("clasic")


@pytest.mark.parametrize("classes", [1, 0, -3, 2.5, True, "A", "AA", None])
def test_a_class_count_that_makes_no_sense_is_refused(classes):
    with pytest.raises(ValueError, match="classes .*received"):
        build_lenet5(classes=classes)


def test_1998_refuses_more_classes_than_it_has_pictures_for():
    with pytest.raises(ValueError, match=r"classes=26.*Pass the characters"):
        build_lenet5("1998", classes=26)


def test_a_28x28_input_is_told_both_mends():
    with pytest.raises(ValueError, match=r"to_input.*include_preprocessing=True"):
        build_lenet5(input_shape=(28, 28, 1))


@pytest.mark.parametrize("method", ["predict", "fit", "__call__"])
def test_28x28_images_are_told_both_mends_by_the_model_itself(method):
    model = build_lenet5()
    model.compile("sgd", "sparse_categorical_crossentropy")
    arguments = [np.zeros((4, 28, 28, 1), "float32")]
    if method == "fit":
        arguments.append(np.zeros(4))
    with pytest.raises(ValueError, match="incompatible with the layer") as refusal:
        getattr(model, method)(*arguments)
    if "with name" not in str(refusal.value):
        pytest.skip("this Keras does not print the name of an input")
    assert "to_input" in str(refusal.value)
    assert "include_preprocessing=True" in str(refusal.value)


def saved(model, path):
    model.save(path / "model.keras")
    return path / "model.keras"


AGAIN = {
    "clone_model": lambda model, path: keras.models.clone_model(model),
    "JSON": lambda model, path: keras.models.model_from_json(model.to_json()),
    "Keras": lambda model, path: keras.models.load_model(saved(model, path)),
    "load_model": lambda model, path: load_model(saved(model, path)),
    "deepcopy": lambda model, path: copy.deepcopy(model),
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
}


@pytest.mark.parametrize("how", AGAIN)
def test_a_model_that_was_made_again_still_tells_the_fixes(how, tmp_path):
    model = AGAIN[how](build_lenet5(), tmp_path)
    with pytest.raises(ValueError, match="incompatible with the layer") as refusal:
        model.predict(np.zeros((4, 28, 28, 1), "float32"), verbose=0)
    if "with name" not in str(refusal.value):
        pytest.skip("this Keras does not print the name of an input")
    assert "to_input" in str(refusal.value)


@pytest.mark.parametrize("variant", ["classic", "1998"])
def test_a_copy_of_every_kind_answers_the_same(variant, tmp_path, random_images):
    model = build_lenet5(variant)
    wanted = answers(model, random_images)
    for how, again in AGAIN.items():
        other = again(model, tmp_path)
        if how in ("clone_model", "JSON"):
            other.set_weights(model.get_weights())
        np.testing.assert_array_equal(answers(other, random_images), wanted)


@pytest.mark.parametrize("shape", [(32, 32), (32, 32, 3), (20, 20, 1), (32, 16, 1)])
def test_an_input_shape_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="input_shape must be .*received"):
        build_lenet5(input_shape=shape)


def test_a_dense_c5_cannot_be_wide():
    with pytest.raises(ValueError, match=r"dense C5.*received.*'classic'"):
        build_lenet5("dense", input_shape=(32, None, 1))


def test_an_unknown_weights_name_is_told_what_is_allowed():
    with pytest.raises(ValueError, match=r"weights must be None.*received 'mnits'"):
        build_lenet5(weights="mnits")


def test_a_missing_weights_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"no weights file 'gone.weights.h5'"):
        build_lenet5(weights="gone.weights.h5")


def test_weights_of_another_variant_are_refused(tmp_path):
    path = tmp_path / "classic.weights.h5"
    build_lenet5("classic").save_weights(path)
    with pytest.raises(
        ValueError,
        match=r"classic.weights.h5' do not fit the '1998' .*'s2' expected 2 variables",
    ):
        build_lenet5("1998", weights=path)


@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".hdf5", ".keras"])
def test_weights_of_every_kind_that_keras_opens_are_taken(ending, tmp_path):
    model = build_lenet5("dense")
    path = str(tmp_path / f"elsewhere{ending}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # .h5 of a whole model is an old form
        (model.save_weights if ending == ".weights.h5" else model.save)(path)
    for given in (path, Path(path)):
        again = build_lenet5("dense", weights=given)
        for ours, theirs in zip(again.weights, model.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    wrong = r"do not fit the 'dense' .* for output it has \(84, 10\), and \(84, 7\) is"
    with pytest.raises(ValueError, match=wrong) as error:
        build_lenet5("dense", weights=path, classes=7)
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)


def test_weights_that_keras_2_wrote_are_taken(tmp_path):
    """Its form: a group per layer in their order, whatever their names."""
    model, path = build_lenet5(), tmp_path / "lenet.h5"
    with h5py.File(path, "w") as file:
        names = []
        for n, layer in enumerate(layer for layer in model.layers if layer.weights):
            name = f"{type(layer).__name__.lower()}_{n + 1}"
            names.append(name.encode())
            group = file.create_group(name)
            parts = [f"{name}/{kind}:0" for kind in ("kernel", "bias")]
            group.attrs["weight_names"] = [part.encode() for part in parts]
            for part, weight in zip(parts, layer.get_weights(), strict=True):
                group[part] = weight
        file.attrs["layer_names"] = names
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.2.4"
    for ours, theirs in zip(
        build_lenet5(weights=path).weights, model.weights, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no model .*gone.keras"):
        load_model(tmp_path / "gone.keras")


@pytest.mark.parametrize("damage", ["empty", "cut", "zip", "text"])
def test_a_corrupt_model_is_named_with_the_fix(damage, tmp_path):
    path = tmp_path / "model.keras"
    build_lenet5().save(path)
    whole = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "cut": whole[:5000], "text": b"hello"}.get(damage, b"")
    )
    if damage == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", "{}")
    what = {"zip": "", "text": "of another kind"}.get(damage, "cut short")
    message = rf"model.keras' is not a readable .*{what}.*save it"
    with pytest.raises(ValueError, match=message):
        load_model(path)


@pytest.mark.parametrize(
    ("variant", "policy"),
    [
        ("1998", "mixed_float16"),
        ("modern", "mixed_float16"),
        ("1998", "mixed_bfloat16"),
        ("1998", "float64"),
    ],
)
def test_it_trains_under_every_type_of_numbers(variant, policy, random_images):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = build_lenet5(variant)
        model.compile("adam", loss_for(variant, model.variant), metrics=["accuracy"])
        labels = np.arange(8)
        history = model.fit(random_images, labels, epochs=2, verbose=0).history
        answers = model.predict(random_images, verbose=0)
    finally:
        keras.config.set_dtype_policy(before)
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(answers.astype("float32")).all()
    assert model.layers[1].compute_dtype == keras.DTypePolicy(policy).compute_dtype


@pytest.mark.parametrize(
    ("name", "value"), [("subsampling", "avg"), ("c5", "Dense"), ("output", "sigmoid")]
)
def test_a_variant_of_unknown_parts_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be one of .*received '{value}'"):
        Variant("mine", **{name: value})


@pytest.mark.parametrize("variant", VARIANTS)
def test_layers_are_channels_last_whatever_keras_is_set_to(variant, random_images):
    wanted = build_lenet5(variant, weights="mnist").predict(random_images, verbose=0)
    keras.config.set_image_data_format("channels_first")
    try:
        model = build_lenet5(variant, weights="mnist")
        answers = model.predict(random_images, verbose=0)
        small = build_lenet5(variant, include_preprocessing=True)
        moved = transform(random_images, "shift_x", 2.0)
    finally:
        keras.config.set_image_data_format("channels_last")
    np.testing.assert_allclose(answers, wanted, rtol=1e-5, atol=1e-5)
    assert small.input_shape == (None, 28, 28, 1)
    np.testing.assert_allclose(moved[:, :, 3:], random_images[:, :, 1:-2], atol=1e-5)


def test_a_number_of_classes_may_be_numpys():
    assert build_lenet5(classes=np.int64(7)).output_shape == (None, 7)
