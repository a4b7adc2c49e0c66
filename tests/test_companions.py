"""What LeNet-5 is used together with: `make companions` installs it and runs this.

Elsewhere a test is skipped where its package is missing; there, that is a failure.
Tolerances are relative: the outputs of "1998" go to 257. Of quantised networks the
answers are compared, not the numbers.
"""

import os
from importlib.util import find_spec

import keras
import numpy as np
import pytest
from helpers import python
from sklearn.model_selection import cross_val_score

from lenet_keras import VARIANTS, build_lenet5, evaluate, to_input, train

# Their warnings are theirs.
pytestmark = pytest.mark.filterwarnings("ignore")


def needs(name):
    """Skip where a package is missing, or fail where all of them have to be there."""
    if find_spec(name) is None:
        missing = f"{name} is not installed"
        if os.environ.get("LENET_KERAS_COMPANIONS"):
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture(scope="module")
def images(digits):
    return to_input(digits.test_images[:40])


def compiled(variant="classic", rate=1e-3):
    model = build_lenet5(variant)
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def assert_near(got, wanted):
    """Equal to 2e-5 of the largest."""
    np.testing.assert_allclose(got, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("variant", VARIANTS)
def test_onnx_answers_the_same(variant, images, tmp_path):
    needs("tf2onnx")
    needs("onnxruntime")
    import onnxruntime

    model = build_lenet5(variant, weights="mnist")
    wanted = model.predict(images, verbose=0)
    model.export(tmp_path / "lenet5.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "lenet5.onnx")
    (got,) = session.run(None, {session.get_inputs()[0].name: images})
    assert_near(got, wanted)


@pytest.mark.parametrize("variant", VARIANTS)
def test_litert_answers_the_same(variant, images, tmp_path):
    needs("ai_edge_litert")
    from ai_edge_litert.interpreter import Interpreter

    model = build_lenet5(variant, weights="mnist")
    model.export(tmp_path / "lenet5.tflite", format="litert", verbose=False)
    interpreter = Interpreter(str(tmp_path / "lenet5.tflite"))
    (read,), (written,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    interpreter.resize_tensor_input(read["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(read["index"], images)
    interpreter.invoke()
    got = interpreter.get_tensor(written["index"])
    assert_near(got, model.predict(images, verbose=0))


def test_tensorboard_sees_every_batch_of_train_as_of_fit(digits, tmp_path):
    needs("tensorboard")
    from tensorboard.backend.event_processing import event_accumulator

    pairs = digits.train_images[:320], digits.train_labels[:320]
    for name, run in (
        ("train", lambda c: train(compiled(), *pairs, batch_size=32, callbacks=c)),
        (
            "fit",
            lambda c: compiled().fit(
                to_input(pairs[0]), pairs[1], batch_size=32, callbacks=c, verbose=0
            ),
        ),
    ):
        run([keras.callbacks.TensorBoard(tmp_path / name, update_freq=2)])
        events = event_accumulator.EventAccumulator(str(tmp_path / name / "train"))
        events.Reload()
        assert len(events.Tensors("batch_loss")) == 5, name
        assert len(events.Tensors("epoch_loss")) == 1, name


def test_keras_tuner_searches_variants_and_rates(digits, images, tmp_path):
    needs("keras_tuner")
    import keras_tuner

    def build(choose):
        variant = choose.Choice("variant", ["classic", "modern"])
        return compiled(variant, choose.Float("rate", 1e-4, 1e-2, sampling="log"))

    search = keras_tuner.RandomSearch(
        build, "val_accuracy", max_trials=2, directory=tmp_path, seed=0
    )
    labels = digits.test_labels[:40]
    pairs = images, labels
    search.search(*pairs, validation_data=pairs, epochs=1, verbose=0)
    (best,) = search.get_best_models()
    assert best.variant.name == search.get_best_hyperparameters()[0]["variant"]


def test_scikeras_makes_an_estimator_of_it(digits):
    needs("scikeras")
    from scikeras.wrappers import KerasClassifier

    classifier = KerasClassifier(compiled, epochs=2, verbose=0)
    pairs = to_input(digits.train_images[:300]), digits.train_labels[:300]
    scores = cross_val_score(classifier, *pairs, cv=2, error_score="raise")
    assert scores.min() > 0.3


def test_hugging_face_data_sets_are_read_as_bytes(digits):
    needs("datasets")
    import datasets
    from PIL import Image

    pictures = [Image.fromarray(image) for image in digits.test_images[:50]]
    labels = digits.test_labels[:50]
    rows = datasets.Dataset.from_dict({"image": pictures, "label": labels})
    rows = rows.with_format("numpy")[:]
    model = build_lenet5(weights="mnist")
    wanted = evaluate(model, digits.test_images[:50], labels).error_rate
    assert evaluate(model, rows["image"], rows["label"]).error_rate == wanted


# What Keras itself brings along


@pytest.mark.parametrize("variant", ["classic", "1998"])
def test_a_savedmodel_answers_the_same(variant, images, tmp_path):
    model = build_lenet5(variant, weights="mnist")
    model.export(tmp_path / "lenet5", verbose=False)
    layer = keras.layers.TFSMLayer(tmp_path / "lenet5", call_endpoint="serve")
    assert_near(layer(images), model.predict(images, verbose=0))


@pytest.mark.parametrize("variant", ["classic", "1998", "modern"])
def test_int8_keeps_the_answers(variant, images):
    model = build_lenet5(variant, weights="mnist")
    wanted = model.predict(images, verbose=0).argmax(-1)
    model.quantize("int8")
    got = model.predict(images, verbose=0).argmax(-1)
    assert np.mean(got == wanted) >= 0.95


def test_another_process_takes_a_pickled_model_as_joblib_hands_it_over(tmp_path):
    """Two fresh ones, since importing scikeras replaces how Keras pickles."""
    file = str(tmp_path / "model.pickle")
    made = python(f"""
        import pickle
        from lenet_keras import build_lenet5
        model = build_lenet5("1998", weights="mnist")
        print(float(abs(model.get_weights()[0]).sum()))
        pickle.dump(model, open({file!r}, "wb"))
    """)
    taken = python(f"""
        import pickle
        model = pickle.load(open({file!r}, "rb"))
        print(float(abs(model.get_weights()[0]).sum()))
    """)
    assert taken.returncode == 0, taken.stderr[-1000:]
    assert taken.stdout == made.stdout != ""


def test_scikit_learns_own_wrapper_takes_it_with_a_categorical_loss(digits):
    """It passes rows of numbers, and one-hot labels."""

    def build(X, y):
        rows = [keras.Input((1024,)), keras.layers.Reshape((32, 32, 1))]
        model = keras.Sequential([*rows, build_lenet5()])
        model.compile("adam", "categorical_crossentropy")
        return model

    classifier = keras.wrappers.SKLearnClassifier(
        build, fit_kwargs={"epochs": 1, "verbose": 0}
    )
    x = to_input(digits.train_images[:200]).reshape(200, -1)
    classifier.fit(x, digits.train_labels[:200])
    assert classifier.predict(x[:3]).shape == (3,)
