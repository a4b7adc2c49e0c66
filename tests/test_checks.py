"""Labels and images that cannot be meant are refused, each with what would be."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lenet_keras import (
    MaximumLikelihood,
    SoftTargetCrossentropy,
    build_lenet5,
    evaluate,
    make_dataset,
    predict,
    second_derivatives,
    to_input,
    train,
)
from lenet_keras.checks import check_weights

N = 12
BYTES = np.random.default_rng(0).integers(0, 256, (N, 28, 28)).astype("uint8")
BYTES[0] = 0  # a black picture is no error, and says nothing of the others
LABELS = np.arange(N) % 10


def compiled(**options):
    model = build_lenet5(**options)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fitted(model, images, labels, **options):
    return model.fit(images, labels, epochs=1, verbose=0, **options)


def trained(model, images, labels, **options):
    return train(model, images, labels, epochs=1, **options)


TAKE_LABELS = {
    "train": lambda images, labels: trained(build_lenet5(), images, labels),
    "train as compiled": lambda images, labels: trained(compiled(), images, labels),
    "fit": lambda images, labels: fitted(compiled(), to_input(images), labels),
    "evaluate": lambda images, labels: evaluate(build_lenet5(), images, labels),
    "train, validation": lambda images, labels: trained(
        build_lenet5(), images, LABELS, validation_data=(images, labels)
    ),
    "fit, validation": lambda images, labels: fitted(
        compiled(), to_input(images), LABELS, validation_data=(to_input(images), labels)
    ),
}
everything_with_labels = pytest.mark.parametrize(
    "take", TAKE_LABELS.values(), ids=TAKE_LABELS.keys()
)


def changed(label):
    """The labels, the last one another."""
    labels = LABELS.astype(float)
    labels[-1] = label
    return labels


@everything_with_labels
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS.astype(str), "received text, such as '0'"),
        (LABELS.astype(str).astype(object), "received text, such as '0'"),
        (changed(2.97), "received 2.97 among them"),
        (changed(np.nan), "received nan among them"),
        (changed(np.inf), "received inf among them"),
        (changed(-1), "received -1 to .*Count the classes from 0"),
        (changed(10), "received 0 to 10.*classes=11"),
        (np.eye(10)[LABELS], "one-hot or soft targets"),
        (np.tile(LABELS[:, None], 3), r"received the shape \(12, 3\)"),
        (LABELS.astype(complex), "received text"),
    ],
    ids=[
        "text",
        "objects",
        "fraction",
        "nan",
        "inf",
        "below",
        "above",
        "one-hot",
        "wide",
        "i",
    ],
)
def test_labels_that_are_no_classes_are_refused(take, labels, message):
    with pytest.raises(ValueError, match=message):
        take(BYTES, labels)


FORMS_OF_LABELS = {
    "column of floats": LABELS[:, None].astype("float32"),
    "bytes": LABELS.astype("uint8"),
    "objects": LABELS.astype(object),
}


@pytest.mark.parametrize(
    ("take", "form"),
    [(name, "column of floats") for name in TAKE_LABELS]
    + [(name, form) for name in ("evaluate", "fit") for form in ("bytes", "objects")],
)
def test_labels_in_another_form_are_taken(take, form):
    TAKE_LABELS[take](BYTES, FORMS_OF_LABELS[form])


def test_a_column_of_labels_gives_the_same_error_rate(digits):
    model = build_lenet5(weights="mnist")
    images, labels = digits.test_images, digits.test_labels
    rate = evaluate(model, images, labels).error_rate
    assert rate < 0.2
    assert evaluate(model, images, labels[:, None]).error_rate == rate
    wide = build_lenet5(weights="mnist", input_shape=(None, None, 1))
    assert evaluate(wide, to_input(images), labels).error_rate == rate
    assert evaluate(wide, images, labels).error_rate == rate
    bytes_of_any_size = build_lenet5(
        weights="mnist", input_shape=(None, None, 1), include_preprocessing=True
    )
    with pytest.raises(ValueError, match="reads images of shape"):
        evaluate(bytes_of_any_size, images, labels)


def test_a_dataset_refuses_wrong_labels_too():
    with pytest.raises(ValueError, match="received text"):
        make_dataset(BYTES, LABELS.astype(str))
    with pytest.raises(ValueError, match="received 2.5 among them"):
        make_dataset(BYTES, changed(2.5))
    ready = make_dataset(BYTES, LABELS[:, None])
    assert next(iter(ready))[1].shape == (N,)


def test_soft_targets_are_taken_where_the_loss_wants_them():
    model = build_lenet5()
    model.compile("sgd", "categorical_crossentropy")
    fitted(model, to_input(BYTES), np.eye(10)[LABELS])
    trained(model, BYTES, np.eye(10)[LABELS])


def taught(images, answers):
    model = build_lenet5()
    model.compile("sgd", SoftTargetCrossentropy(2.0))
    model.fit(to_input(images), answers, verbose=0)


def taught_with_validation(images, answers):
    model = build_lenet5()
    model.compile("sgd", SoftTargetCrossentropy(2.0))
    pair = to_input(images), answers
    model.fit(pair[0], np.eye(10)[LABELS], validation_data=pair, verbose=0)


TAKE_ANSWERS = {
    "train": lambda *pair: train(
        build_lenet5("1998"), *pair, recipe="taught", epochs=1
    ),
    "fit": taught,
    "validation": taught_with_validation,
}
everything_with_answers = pytest.mark.parametrize(
    "take", TAKE_ANSWERS.values(), ids=TAKE_ANSWERS.keys()
)


def one_row(row):
    answers = np.eye(10)[LABELS]
    answers[-1] = row
    return answers


@everything_with_answers
@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (LABELS, r"of shape \(12, 10\); received int64 of shape \(12,\).*categorical"),
        (np.eye(11)[LABELS], r"received float64 of shape \(12, 11\)"),
        (np.eye(10)[LABELS].astype(str), "received <U"),
        (one_row(0.2), "whose sum is 2, among them"),
        (one_row([2.0, -1.0, *[0.0] * 8]), "whose sum is 1, among them"),
        (one_row(np.nan), "whose sum is nan, among them"),
    ],
    ids=["labels", "classes", "text", "logits", "negative", "nan"],
)
def test_answers_that_are_no_probabilities_are_refused(take, answers, message):
    with pytest.raises(ValueError, match=message):
        take(BYTES, answers)


@pytest.mark.parametrize(
    ("take", "kind"),
    [("train", "float16"), ("validation", "float16")]
    + [("fit", kind) for kind in ("float64", "float32", "float16", "int64")],
)
def test_answers_of_any_precision_are_taken(take, kind):
    TAKE_ANSWERS[take](BYTES, np.eye(10)[LABELS].astype(kind))


TAKE_BYTES = {
    "to_input": to_input,
    "make_dataset": lambda images: make_dataset(images, LABELS),
    "predict": lambda images: predict(build_lenet5(), images),
    "predict, preprocessing": lambda images: predict(
        build_lenet5(include_preprocessing=True), images
    ),
    "evaluate": lambda images: evaluate(build_lenet5(), images, LABELS),
    "second_derivatives": lambda images: second_derivatives(
        build_lenet5("1998"), MaximumLikelihood(), images
    ),
    "train": lambda images: trained(build_lenet5(), images, LABELS),
    "train, validation": lambda images: trained(
        build_lenet5(), BYTES, LABELS, validation_data=(images, LABELS)
    ),
    "fit, preprocessing": lambda images: fitted(
        compiled(include_preprocessing=True), images, LABELS
    ),
    "fit, validation": lambda images: fitted(
        compiled(include_preprocessing=True),
        BYTES,
        LABELS,
        validation_data=(images, LABELS),
    ),
}
everything_with_bytes = pytest.mark.parametrize(
    "take", TAKE_BYTES.values(), ids=TAKE_BYTES.keys()
)
WITH_NAN = np.where(np.arange(N)[:, None, None] == N - 1, np.nan, BYTES)


@everything_with_bytes
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (BYTES / 255, "Do not divide by 255"),
        ((BYTES / 255).astype("float16"), "Do not divide by 255"),
        (BYTES / 127.5, "Do not divide by 255"),
        (BYTES // 128, "up to 1. Do not divide"),
        (BYTES.astype("int8"), "received int8"),
        (BYTES.astype("uint16") * 257, "uint16 up to 65535"),
        (BYTES.astype("int32") - 1, "from -1 to 254"),
        (BYTES / 127.5 - 1, "from -1 to 1"),
        (WITH_NAN, "received NaN or infinity"),
        (np.full((N, 28, 28), -np.inf), "received NaN or infinity"),
    ],
    ids=["1", "half", "2", "0/1", "int8", "uint16", "below", "-1..1", "nan", "inf"],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_images_that_are_no_bytes_are_refused(take, images, message):
    with pytest.raises(ValueError, match=message):
        take(images)


def test_images_are_looked_at_as_tensors_too():
    with pytest.raises(ValueError, match="Do not divide by 255"):
        to_input(tf.constant(BYTES / 255, tf.float32))


FORMS_OF_BYTES = {
    "channel of floats": BYTES[..., None] * 1.0,
    "bytes": BYTES,
    "int64": BYTES.astype("int64"),
    "black": np.zeros_like(BYTES),
}
FITTED = [name for name in TAKE_BYTES if name.startswith(("train", "fit"))]


@pytest.mark.parametrize(
    ("take", "form"),
    [(name, "channel of floats") for name in TAKE_BYTES]
    + [
        (name, form)
        for name in TAKE_BYTES
        if name not in FITTED  # which would trace a step for each
        for form in ("bytes", "int64", "black")
    ],
)
def test_bytes_of_any_number_type_are_taken_and_black_pictures_too(take, form):
    TAKE_BYTES[take](FORMS_OF_BYTES[form])


def test_a_dataset_is_sent_to_fit():
    with pytest.raises(ValueError, match="_BatchDataset and NoneType.*model's own fit"):
        train(build_lenet5(), tf.data.Dataset.range(3).batch(2), None)


def own_model(*layers):
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), *layers, keras.layers.Flatten()]
        + [keras.layers.Dense(10, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    "scale, layer",
    [
        (lambda x: x / 255, []),
        (lambda x: x / 50 - 2, []),
        (lambda x: x / 255, [keras.layers.Rescaling(2.0, offset=-1.0)]),
    ],
    ids=["shares", "standardised", "shares, scaled again"],
)
def test_a_readers_own_network_gets_its_images_as_they_are(scale, layer):
    model, x = own_model(*layer), scale(BYTES[..., None].astype("float32"))
    np.testing.assert_allclose(
        predict(model, x), model.predict(x, verbose=0), atol=1e-6
    )
    assert evaluate(model, x, LABELS).probabilities.shape == (N, 10)
    train(model, x, LABELS)
    with pytest.raises(ValueError, match="reads images of shape .*28, 28"):
        predict(model, to_input(BYTES))
    with pytest.raises(ValueError, match="Pass distort=False"):
        train(model, x, LABELS, distort=True)


def test_a_network_that_rescales_takes_bytes_inside_of_another_too():
    inner = keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255)]
    )
    with pytest.raises(ValueError, match="Do not divide by 255"):
        predict(own_model(inner), BYTES / 255)


@pytest.mark.parametrize("size", [32, 40])
def test_larger_networks_with_preprocessing_take_bytes(size):
    model = compiled(include_preprocessing=True, input_shape=(size, size, 1))
    images = np.full((4, size, size, 1), 200, "uint8")
    assert np.isfinite(predict(model, images)).all()
    labels = np.zeros((4, *model.output_shape[1:-1]), int)
    fitted(model, images, labels)
    for take in (lambda x: predict(model, x), lambda x: fitted(model, x, labels)):
        with pytest.raises(ValueError, match="Do not divide by 255"):
            take(images / 255)


def test_a_model_of_unknown_shape_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    for model in (Own(), keras.Sequential([keras.layers.Dense(10)])):
        with pytest.raises(ValueError, match="does not say what it reads"):
            predict(model, BYTES)


def test_labels_that_a_loss_ignores_are_taken():
    labels = np.where(np.arange(N) % 2, LABELS, -1)
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    model = build_lenet5()
    model.compile("sgd", loss)
    fitted(model, to_input(BYTES), labels)
    trained(model, BYTES, labels)


def test_booleans_can_only_mean_ink_and_paper():
    ink = BYTES > 100
    np.testing.assert_array_equal(to_input(ink), to_input(np.uint8(255) * ink))
    model = build_lenet5(include_preprocessing=True, weights="mnist")
    np.testing.assert_array_equal(
        predict(model, ink), predict(model, np.uint8(255) * ink)
    )
    (of_graph,) = tf.data.Dataset.from_tensors(ink).map(to_input)
    np.testing.assert_array_equal(of_graph, to_input(ink))


TAKE_INPUTS = {
    "predict": lambda images: predict(build_lenet5(), images),
    "evaluate": lambda images: evaluate(build_lenet5(), images, LABELS),
    "train": lambda images: trained(build_lenet5(), images, LABELS),
    "fit": lambda images: fitted(compiled(), images, LABELS),
    "fit, validation": lambda images: fitted(
        compiled(), to_input(BYTES), LABELS, validation_data=(images, LABELS)
    ),
}
PADDED = np.pad(BYTES, ((0, 0), (2, 2), (2, 2)))[..., None]


@pytest.mark.parametrize("take", TAKE_INPUTS.values(), ids=TAKE_INPUTS.keys())
@pytest.mark.parametrize(
    "images", [PADDED, PADDED * 1.0, PADDED > 9], ids=["bytes", "floats", "bool"]
)
def test_bytes_for_a_network_that_reads_scaled_input_are_refused(take, images):
    with pytest.raises(ValueError, match=r"reads values from -0\.1"):
        take(images)


@pytest.mark.parametrize("name", ["predict", "evaluate"])
def test_a_trained_network_refuses_what_was_divided_by_255(name):
    with pytest.raises(ValueError, match="as if divided by 255"):
        TAKE_INPUTS[name](PADDED / 255)


@pytest.mark.parametrize("name", ["train", "fit", "fit, validation"])
def test_a_network_may_learn_from_other_scales(name):
    TAKE_INPUTS[name]((PADDED / 255).astype("float32"))


NO_IMAGES = {
    "predict": lambda x, y: predict(build_lenet5(), x),
    "evaluate": lambda x, y: evaluate(build_lenet5(), x, y),
    "train": lambda x, y: trained(build_lenet5(), x, y),
    "fit": lambda x, y: fitted(compiled(), to_input(x), y),
    "make_dataset": make_dataset,
}


@pytest.mark.parametrize("take", NO_IMAGES.values(), ids=NO_IMAGES.keys())
def test_no_image_at_all_is_said_to_be_none(take):
    with pytest.raises(ValueError, match="received no image. Pass at least one"):
        take(BYTES[:0], LABELS[:0])


def test_fit_leaves_other_data_alone():
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile("sgd", "sparse_categorical_crossentropy")
    trained(model, np.full((N, 4, 4, 1), 300.0), LABELS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["c1/kernel", "s2/coefficient", "f6/bias"])
def test_weights_that_are_no_numbers_are_named(value, place):
    model = build_lenet5("1998")
    check_weights(model)
    weight = next(w for w in model.weights if w.path.endswith(place))
    values = np.array(weight)
    values.flat[-1] = value
    weight.assign(values)
    with pytest.raises(ValueError, match=f"NaN or infinity .*{place}"):
        check_weights(model)


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16", "bfloat16"])
def test_weights_of_every_type_are_looked_at(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = build_lenet5("1998")
    finally:
        keras.config.set_dtype_policy("float32")
    check_weights(model)
    model.get_layer("c1").bias.assign(np.full(6, np.nan))
    with pytest.raises(ValueError, match="c1/bias"):
        check_weights(model)
