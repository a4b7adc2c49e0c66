"""The criteria, against their formulas in NumPy and finite differences."""

import keras
import numpy as np
import pytest
from keras import ops

from lenet_keras.losses import (
    MaximumAPosteriori,
    MaximumLikelihood,
    SmoothedCrossentropy,
    SoftTargetCrossentropy,
    SparseMeanSquaredError,
)

PENALTIES = np.random.default_rng(0).uniform(0, 100, (6, 10))
LABELS = np.array([0, 3, 9, 1, 1, 5])


def per_sample(loss, labels=LABELS, scores=-PENALTIES):
    return ops.convert_to_numpy(loss.call(ops.array(labels), ops.array(scores)))


def test_maximum_likelihood_is_the_penalty_of_the_right_class():
    expected = PENALTIES[np.arange(6), LABELS]
    assert per_sample(MaximumLikelihood()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("j", [1.0, 20.0, 100.0])
def test_map_is_equation_9(j):
    total = np.exp(-j) + np.exp(-PENALTIES).sum(-1)
    expected = PENALTIES[np.arange(6), LABELS] + np.log(total)
    assert per_sample(MaximumAPosteriori(j)) == pytest.approx(
        expected, rel=1e-5, abs=1e-5
    )


def test_map_is_finite_for_huge_penalties():
    loss = per_sample(MaximumAPosteriori(2e4), [0], np.full((1, 10), -1e4))
    assert loss == pytest.approx([np.log(10)], abs=1e-2)  # float32 at 1e4


def test_map_is_never_negative():
    assert (per_sample(MaximumAPosteriori(5.0)) >= 0).all()


def test_a_small_j_turns_map_into_maximum_likelihood_less_j():
    far = PENALTIES + 30
    likelihood = per_sample(MaximumLikelihood(), scores=-far)
    posterior = per_sample(MaximumAPosteriori(1.0), scores=-far)
    assert posterior == pytest.approx(likelihood - 1, rel=1e-5)


@pytest.mark.parametrize("j", [0, -1, float("nan")])
def test_map_refuses_a_rubbish_penalty_that_is_not_positive(j):
    with pytest.raises(ValueError, match="positive penalty; received j="):
        MaximumAPosteriori(j)


def test_mean_squared_error_takes_integer_labels():
    probabilities = np.array([[0.7, 0.2, 0.1]])
    loss = per_sample(SparseMeanSquaredError(), [1], probabilities)
    assert loss == pytest.approx([(0.49 + 0.64 + 0.01) / 3], rel=1e-6)


def test_smoothed_cross_entropy_leaves_every_class_its_share():
    probabilities = np.array([[0.7, 0.2, 0.1]])
    loss = per_sample(SmoothedCrossentropy(0.3), [0], probabilities)
    expected = -(0.8 * np.log(0.7) + 0.1 * np.log(0.2) + 0.1 * np.log(0.1))
    assert loss == pytest.approx([expected], rel=1e-5)
    logits = per_sample(SmoothedCrossentropy(0.3, True), [0], np.log(probabilities))
    assert logits == pytest.approx([expected], rel=1e-5)
    scores = 20 * np.log(probabilities)
    warm = per_sample(SmoothedCrossentropy(0.3, True, temperature=20), [0], scores)
    assert warm == pytest.approx([expected], rel=1e-5)


@pytest.mark.parametrize(("from_logits", "temperature"), [(True, 0), (False, 20)])
def test_smoothed_cross_entropy_refuses_a_temperature(from_logits, temperature):
    with pytest.raises(ValueError, match=f"received temperature={temperature}, from"):
        SmoothedCrossentropy(0.1, from_logits, temperature)


TARGETS = np.array([[0.6, 0.3, 0.1], [0.0, 0.5, 0.5]])


@pytest.mark.parametrize("temperature", [1.0, 2.0, 40.0])
def test_soft_targets_are_compared_at_their_temperature(temperature):
    logits = np.array([[3.0, 1.0, -2.0], [0.5, 40.0, 20.0]])
    warm = logits / temperature
    softened = warm - np.log(np.exp(warm).sum(-1, keepdims=True))
    expected = -(TARGETS * softened).sum(-1)
    loss = SoftTargetCrossentropy(temperature, from_logits=True)
    assert per_sample(loss, TARGETS, logits) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_soft_targets_read_probabilities_as_their_logits(temperature):
    logits = np.array([[3.0, 1.0, -2.0], [0.5, 4.0, 2.0]])
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    of_shares = per_sample(SoftTargetCrossentropy(temperature), TARGETS, shares)
    of_logits = per_sample(SoftTargetCrossentropy(temperature, True), TARGETS, logits)
    assert of_shares == pytest.approx(of_logits, rel=1e-4)


def test_soft_targets_are_finite_where_a_probability_is_zero():
    loss = per_sample(SoftTargetCrossentropy(2.0), TARGETS, np.eye(3)[:2])
    assert np.isfinite(loss).all()


@pytest.mark.parametrize("temperature", [0, -1.0, float("nan")])
def test_soft_targets_refuse_a_temperature(temperature):
    with pytest.raises(ValueError, match="temperature must be positive; received"):
        SoftTargetCrossentropy(temperature)


def test_soft_targets_come_back_from_their_configuration():
    loss = SoftTargetCrossentropy(3.0, from_logits=True)
    config = keras.saving.serialize_keras_object(loss)
    again = keras.saving.deserialize_keras_object(config)
    assert (again.temperature, again.from_logits) == (3.0, True)


LOSSES = [
    MaximumLikelihood(),
    MaximumAPosteriori(30.0),
    SparseMeanSquaredError(),
    SmoothedCrossentropy(0.2, from_logits=True, temperature=20.0),
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_a_loss_gives_one_value_a_sample_and_averages_them(loss):
    values = per_sample(loss)
    assert values.shape == (6,)
    assert float(loss(LABELS, -PENALTIES)) == pytest.approx(values.mean(), rel=1e-5)
    assert per_sample(loss, LABELS[:, None]) == pytest.approx(values)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_a_loss_comes_back_from_its_configuration(loss):
    config = keras.saving.serialize_keras_object(loss)
    again = keras.saving.deserialize_keras_object(config)
    assert per_sample(again) == pytest.approx(per_sample(loss))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="uses GradientTape")
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_a_gradient_agrees_with_finite_differences(loss):
    import tensorflow as tf

    keras.config.set_floatx("float64")
    try:
        loss = type(loss).from_config(loss.get_config())
        scores = tf.constant(-PENALTIES / 10)
        with tf.GradientTape() as tape:
            tape.watch(scores)
            total = tf.reduce_sum(loss.call(tf.constant(LABELS), scores))
        gradient = tape.gradient(total, scores).numpy()
        step = 1e-5
        for i, j in np.ndindex(PENALTIES.shape):
            nudge = np.zeros(PENALTIES.shape)
            nudge[i, j] = step
            up, down = (
                float(np.sum(per_sample(loss, scores=scores + sign * nudge)))
                for sign in (1, -1)
            )
            assert gradient[i, j] == pytest.approx((up - down) / (2 * step), abs=1e-6)
    finally:
        keras.config.set_floatx("float32")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("label", [-1, 3, 7, 1.5, np.nan])
@pytest.mark.parametrize("column", [False, True])
def test_a_label_that_is_no_class_gives_nan_for_its_sample_alone(loss, label, column):
    """A compiled graph cannot raise."""
    scores = np.log(np.full((2, 3), 1 / 3, "float32"))
    scores = np.exp(scores) if isinstance(loss, SparseMeanSquaredError) else scores
    labels = np.array([0, label], "float32")
    labels = labels[:, None] if column else labels
    values = np.asarray(loss.call(labels, keras.ops.convert_to_tensor(scores)))
    assert np.isfinite(values[0])
    assert np.isnan(values[1])
