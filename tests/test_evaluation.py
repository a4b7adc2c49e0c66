"""Error rates and confusions, on answers small enough to count by hand."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf

from lenet_keras import LADDER, build_lenet5, doubtful, evaluate, predict, to_input
from lenet_keras.evaluation import (
    Confusion,
    Mistake,
    calibration,
    confusion,
    error_by_class,
    error_rate,
    margins,
    mistakes,
    most_confused,
    predict_with_doubt,
    rejected_for,
    rejection,
    report,
    robustness,
)

LABELS = [0, 1, 1, 2, 2, 2]
ANSWERS = [0, 1, 2, 2, 1, 1]


def test_error_rate_is_the_share_of_wrong_answers():
    assert error_rate(LABELS, ANSWERS) == pytest.approx(3 / 6)


def test_confusion_has_the_truth_in_rows():
    assert confusion(LABELS, ANSWERS, 3).tolist() == [[1, 0, 0], [0, 1, 1], [0, 2, 1]]


@pytest.mark.parametrize("count", [confusion, error_by_class, error_rate, report])
def test_probabilities_are_not_taken_for_answers(count):
    with pytest.raises(ValueError, match=r"labels \(3,\) .*argmax\(axis=1\)"):
        count(np.arange(3), np.eye(3))


@pytest.mark.parametrize("count", [mistakes, rejection, calibration])
def test_labels_of_another_number_than_the_answers_are_refused(count):
    """One label would be compared with all answers."""
    with pytest.raises(ValueError, match=r"labels \(1,\) and answers \(3,\)"):
        count([0], np.eye(3))


def test_confusion_rows_add_up_to_the_class_counts(digits):
    answers = np.random.default_rng(0).integers(0, 10, len(digits.test_labels))
    rows = confusion(digits.test_labels, answers).sum(axis=1)
    assert rows.tolist() == np.bincount(digits.test_labels, minlength=10).tolist()


def test_most_confused_lists_pairs_most_frequent_first():
    assert most_confused(LABELS, ANSWERS) == [Confusion(2, 1, 2), Confusion(1, 2, 1)]
    assert most_confused(LABELS, ANSWERS, 1) == [Confusion(2, 1, 2)]
    assert most_confused(LABELS, LABELS) == []


def test_a_mistake_carries_its_own_index_truth_answer_and_confidence():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
    assert mistakes([0, 1, 1, 0], probabilities) == [
        Mistake(1, truth=1, answer=0, confidence=0.8),
        Mistake(3, truth=0, answer=1, confidence=0.7),
    ]


def test_report_has_precision_recall_and_f1_of_each_class():
    lines = map(str.split, report(LABELS, ANSWERS).splitlines())
    rows = {line[0]: line[1:] for line in lines if line}
    assert rows["1"] == ["0.3333", "0.5000", "0.4000", "2"]


@pytest.mark.parametrize("variant", ["classic", "tanh", "1998"])
def test_predict_gives_probabilities_for_every_variant(variant, digits):
    probabilities = predict(build_lenet5(variant), digits.test_images)
    assert probabilities.shape == (360, 10)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(360), abs=1e-5)


def test_predict_answers_as_the_model_does(digits):
    model = build_lenet5("1998")
    images = digits.test_images[:20]
    scores = model.predict(to_input(images), verbose=0)
    assert (predict(model, images).argmax(1) == scores.argmax(1)).all()


def test_predict_takes_one_image_and_ready_inputs(digits):
    model = build_lenet5()
    image = digits.test_images[0]
    whole = predict(model, digits.test_images[:1])
    assert predict(model, image) == pytest.approx(whole, abs=1e-6)
    assert predict(model, to_input(image)) == pytest.approx(whole, abs=1e-6)
    assert predict(model, to_input(image)[0]) == pytest.approx(whole, abs=1e-6)


def test_predict_gives_a_model_with_preprocessing_its_bytes_back(digits):
    outside = build_lenet5()
    inside = build_lenet5(include_preprocessing=True)
    inside.set_weights(outside.get_weights())
    images = digits.test_images[:5]
    expected = predict(outside, images)
    assert predict(inside, images) == pytest.approx(expected, abs=1e-5)
    assert predict(inside, to_input(images)) == pytest.approx(expected, abs=1e-5)


def test_predict_keeps_the_order_over_several_batches():
    images = np.random.default_rng(0).integers(0, 256, (1003, 28, 28), dtype="uint8")
    model = build_lenet5()
    one_by_one = predict(model, images[[0, 999, 1000, 1002]])
    assert predict(model, images)[[0, 999, 1000, 1002]] == pytest.approx(
        one_by_one, abs=1e-5
    )


def test_evaluate_returns_the_error_rate_and_the_probabilities(digits):
    error, probabilities = evaluate(
        build_lenet5(), digits.test_images, digits.test_labels
    )
    assert error == error_rate(digits.test_labels, probabilities.argmax(1))


def test_evaluate_refuses_labels_that_do_not_pair_up(digits):
    with pytest.raises(ValueError, match="received 360 images and 359 labels"):
        evaluate(build_lenet5(), digits.test_images, digits.test_labels[1:])


def test_error_by_class_divides_by_the_images_of_each_class():
    assert error_by_class(LABELS, ANSWERS, 3) == pytest.approx([0, 1 / 2, 2 / 3])


def test_the_margin_is_the_difference_of_the_two_best_scores():
    assert margins([[0.1, 0.7, 0.2], [-9, -4, -5]]) == pytest.approx([0.5, 1])


def test_rejection_refuses_the_smallest_margins_first():
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.45, 0.55]])
    curve = rejection([0, 0, 0, 0], scores)  # wrong: the third and the fourth
    assert curve.rejected == pytest.approx([0, 0.25, 0.5, 0.75])
    assert curve.error_rate == pytest.approx([2 / 4, 1 / 3, 1 / 2, 0])
    assert curve.margin == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert rejected_for(curve, 0.34) == 0.25
    assert rejected_for(curve, 0.1) == 0.75


def test_an_error_that_refusing_cannot_reach_costs_everything():
    curve = rejection([1], np.array([[0.9, 0.1]]))
    assert rejected_for(curve) == 1


def test_calibration_groups_by_confidence_and_leaves_out_empty_groups():
    probabilities = np.array([[0.58, 0.42], [0.52, 0.48], [0.0, 1.0]])
    groups = calibration([0, 1, 1], probabilities)
    assert groups.confidence == pytest.approx([0.55, 1])
    assert groups.accuracy == pytest.approx([0.5, 1])
    assert groups.number.tolist() == [2, 1]


def test_robustness_without_a_change_is_the_error_rate(digits):
    model = build_lenet5()
    data = digits.test_images[:50], digits.test_labels[:50]
    error = evaluate(model, *data).error_rate
    assert robustness(model, *data, "shift_x", [0, 40])[0] == pytest.approx(error)


@pytest.mark.parametrize("variant", ["classic", "tanh", "1998"])
def test_probabilities_are_taken_as_they_are_whatever_makes_them(variant, digits):
    # Its scores are distances of up to some hundreds, and rounded as such.
    atol = 1e-5 if variant == "1998" else 1e-6
    images = digits.test_images[:50]
    model = build_lenet5(variant, weights="mnist")
    wanted = predict(model, images)
    outer = keras.Sequential([keras.Input((32, 32, 1)), model])
    if variant != "classic":
        outer.add(keras.layers.Softmax())
    np.testing.assert_allclose(predict(outer, images), wanted, atol=atol)
    functional = keras.Model(model.input, model.output)
    np.testing.assert_allclose(predict(functional, images), wanted, atol=atol)
    if variant == "tanh":
        softmax = keras.layers.Activation(tf.nn.softmax)
        again = keras.Model(model.input, softmax(model.output))
        np.testing.assert_allclose(predict(again, images), wanted, atol=atol)


def test_a_model_whose_weights_are_no_numbers_is_refused(digits):
    model = build_lenet5()
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    with pytest.raises(ValueError, match="answers NaN.*Train it again"):
        predict(model, digits.test_images[:3])


def test_threads_share_a_model_and_get_the_numbers_of_one(digits):
    model = build_lenet5("1998", weights="mnist")
    parts = np.array_split(digits.test_images[:80], 8)
    alone = [predict(model, part) for part in parts]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda part: predict(model, part), parts * 3))
    for got, wanted in zip(together, alone * 3, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_predictions_and_models_leave_nothing_behind(digits):
    model = build_lenet5(weights="mnist")
    for image in digits.test_images[:20]:
        predict(model, image)
    gc.collect()
    before = len(gc.get_objects())
    for image in digits.test_images[:200]:
        predict(model, image)
    gc.collect()
    assert len(gc.get_objects()) - before < 100
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_what_is_like_no_digit_is_in_doubt(digits):
    from lenet_keras import build_lenet5, doubtful, penalties

    images = digits.test_images[:50]
    noise = np.random.default_rng(0).integers(0, 256, (50, 28, 28)).astype(np.uint8)
    for variant in ("1998", "modern"):
        model = build_lenet5(variant, weights="mnist")
        assert doubtful(model, images).mean() < doubtful(model, noise).mean()
        assert penalties(model, images).shape == (50,)
        limit = 0.0 if variant == "1998" else 1.0
        assert doubtful(model, images, threshold=limit).mean() > 0.5


@pytest.mark.parametrize("variant", ["1998", "modern"])
def test_answers_and_doubt_come_from_one_run(digits, variant):
    from lenet_keras import doubtful

    model = build_lenet5(variant, weights="mnist")
    chances, doubt = predict_with_doubt(model, digits.test_images[:50])
    np.testing.assert_array_equal(chances, predict(model, digits.test_images[:50]))
    np.testing.assert_array_equal(doubt, doubtful(model, digits.test_images[:50]))


def test_doubt_needs_a_threshold_where_no_weights_ship():
    import keras

    from lenet_keras import doubtful

    layers = keras.Input((32, 32, 1)), keras.layers.Flatten(), keras.layers.Dense(3)
    model = keras.Sequential(layers)
    with pytest.raises(ValueError, match="no threshold of doubt.*Pass threshold"):
        doubtful(model, np.zeros((1, 32, 32, 1), "float32"))


def test_a_rung_of_the_ladder_has_no_threshold_of_the_network_that_it_changes():
    rung = next(rung for rung in LADDER if rung.variant.output == "softmax")
    with pytest.raises(ValueError, match="no threshold of doubt"):
        doubtful(build_lenet5(rung.variant), np.zeros((1, 32, 32, 1), "float32"))
