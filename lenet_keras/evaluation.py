"""How good the answers are: error rate, confusions, and the mistakes themselves.

What asks a model takes it first; the rest is arrays in, arrays out, and scikit-learn
does the counting. Truth, answer and index travel together in a `Mistake`, so that no
picture gets another picture's label.
"""

from typing import NamedTuple

import keras
import numpy as np
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import classification_report, confusion_matrix, recall_score

from lenet_keras.checks import check_pairs, integer_labels
from lenet_keras.images import network_input, readable, to_input, transform
from lenet_keras.layers import EuclideanRBF
from lenet_keras.model import VARIANTS
from lenet_keras.weights import card

_BATCH = 1000


class Mistake(NamedTuple):
    """One misclassified image: its index, its label, the answer, the confidence."""

    index: int
    truth: int
    answer: int
    confidence: float


class Confusion(NamedTuple):
    """A pair of classes that were taken for each other, and how often."""

    truth: int
    answer: int
    count: int


class Evaluation(NamedTuple):
    """The share of wrong answers, and the probabilities (n, classes)."""

    error_rate: float
    probabilities: np.ndarray


def predict(model: keras.Model, images) -> np.ndarray:
    """Return the probability of each class for each image.

    Where a model's answers are probabilities, they are returned as they are. Scores are
    turned into probabilities by softmax; for the negative distances of the RBF output
    that is how Section II-C reads them, exp(-y_i) over their sum, without the rubbish
    class.

    Args:
        model: `keras.Model`, such as `build_lenet5` returns.
        images: bytes (n, 28, 28), or what the model takes, (n, 32, 32, 1); one image
            may come without its first axis.

    Returns:
        Float32 array (n, classes), rows sum to 1; (n, rows, columns, classes) for a
        model with a larger input.

    Raises:
        ValueError: for images that the model cannot read.
    """
    return _probabilities(_scores(model, images))


def penalties(model, images):
    """How little each image is like what the model takes it for (Section II-C).

    Args:
        model, images: as for `predict`.

    Returns:
        Float array (n,): the squared distance of F6 to the nearest code, for an output
        of distances; for others minus the logarithm of the largest probability.

    Raises:
        ValueError: as `predict`.
    """
    return _penalties(model, _scores(model, images))


def doubtful(model, images, threshold=None):
    """Whether an answer is in doubt: an image may be like no class that was learned.

    Args:
        model, images: as for `predict`.
        threshold: float, the largest distance to a code, or the smallest probability,
            of an answer that is trusted. Default: that of the weights that ship with
            the model's variant, chosen on validation images and drawings of no digit.

    Returns:
        Bool array (n,).

    Raises:
        ValueError: without a threshold, for a model of no variant of ours.
    """
    limit = _limit(model, threshold)
    return penalties(model, images) > limit


def predict_with_doubt(model, images):
    """What `predict` and `doubtful` return, by one run of the network."""
    limit, scores = _limit(model), _scores(model, images)
    return _probabilities(scores), _penalties(model, scores) > limit


def _penalties(model, scores):
    if _gives_distances(model):
        return -scores.max(axis=-1)
    return -np.log(np.maximum(_probabilities(scores).max(axis=-1), 1e-30))


def _limit(model, threshold=None):
    """The penalty above which an answer is in doubt."""
    if threshold is None:
        variant = getattr(model, "variant", None)
        # A rung of the ladder bears the name of the network that it changes.
        is_shipped = variant in VARIANTS.values()
        entry = card().get(f"{variant.name}-mnist.weights.h5") if is_shipped else None
        if entry is None:
            raise ValueError(
                f"There is no threshold of doubt for {model.name!r}: it is no variant "
                "whose weights ship. Pass threshold to doubtful, or read with one."
            )
        threshold = entry["doubt"]["threshold"]
    return threshold if _gives_distances(model) else -np.log(threshold)


def _gives_distances(model):
    """Whether a model's scores are distances to codes, with the sign turned."""
    return isinstance(model.layers[-1], EuclideanRBF)


def _scores(model, images):
    """What a model answers to images, float32 (n, ..., classes)."""
    images = np.asarray(images)
    if images.ndim == 2 or images.shape == getattr(model, "input_shape", ())[1:]:
        images = images[None]
    if not len(images):
        raise ValueError("received no image. Pass at least one.")
    images = readable(model, images)

    batches = (
        images[start : start + _BATCH] for start in range(0, len(images), _BATCH)
    )
    scores = np.concatenate(
        [_answers(model, network_input(model, batch)) for batch in batches]
    )
    if not np.isfinite(scores).all():
        raise ValueError(
            f"{model.name!r} answers NaN: its weights are no numbers, as after a "
            "training that broke down. Train it again, or load other weights."
        )
    return scores


def _answers(model, x):
    """What a model answers to a batch: by its fastest way, where that is on one device.

    `predict_on_batch` would answer each image once per replica; and no replica must go
    without an image.
    """
    replicas = _replicas(model)
    if replicas == 1:
        return model.predict_on_batch(x)
    full = len(x) + -len(x) % replicas
    padded = x[np.minimum(np.arange(full), len(x) - 1)]
    return model.predict(padded, batch_size=full, verbose=0)[: len(x)]


def _replicas(model):
    strategy = getattr(model, "distribute_strategy", None)
    return strategy.num_replicas_in_sync if strategy else 1


def _probabilities(scores):
    """Scores as probabilities: as they are where they are some, else by softmax."""
    return scores if _are_probabilities(scores) else softmax(scores, axis=-1)


def _are_probabilities(scores):
    """Whether all rows are 0 or more and sum to 1."""
    sums = scores.sum(axis=-1, dtype=np.float64)
    return bool((scores >= 0).all() and np.allclose(sums, 1, atol=1e-2))


def evaluate(model: keras.Model, images, labels) -> Evaluation:
    """Answer a set of images and compare with the truth.

    Args:
        model: `keras.Model`, such as `build_lenet5` returns.
        images: as for `predict`, (n, ...).
        labels: integers (n,).

    Returns:
        `Evaluation`: the error rate, 0 to 1, and the probabilities (n, classes).

    Raises:
        ValueError: for images or labels that do not fit.
    """
    images, labels = check_pairs(images, labels)
    probabilities = predict(model, images)
    if probabilities.shape[1:-1] == (1, 1):  # of a network of free length
        probabilities = probabilities[:, 0, 0]
    labels = integer_labels(labels, probabilities.shape, model.name)
    return Evaluation(error_rate(labels, probabilities.argmax(-1)), probabilities)


def error_rate(labels, answers) -> float:
    """The share of answers that are wrong, 0 to 1.

    Args:
        labels: integers (n,), the truth.
        answers: integers (n,).

    Raises:
        ValueError: where there is not one answer per label.
    """
    _check_answers(labels, answers)
    return float(np.mean(np.asarray(labels) != np.asarray(answers)))


def _check_answers(labels, answers):
    """Refuse what is not one answer per label, such as probabilities."""
    if np.shape(labels) != np.shape(answers):
        raise ValueError(
            f"there must be one answer per label; received labels {np.shape(labels)} "
            f"and answers {np.shape(answers)}. Of probabilities, take the largest "
            "first: probabilities.argmax(axis=1)."
        )


def confusion(labels, answers, classes=10) -> np.ndarray:
    """Count who was taken for whom.

    Args:
        labels: integers (n,), the truth.
        answers: integers (n,).
        classes: int.

    Returns:
        Int array (classes, classes): rows are the truth, columns the answer.

    Raises:
        ValueError: where there is not one answer per label.
    """
    _check_answers(labels, answers)
    return confusion_matrix(labels, answers, labels=range(classes))


def report(labels, answers) -> str:
    """Precision, recall and F1 of each class, as scikit-learn's text table.

    Args:
        labels, answers: as for `error_rate`.

    Raises:
        ValueError: as `error_rate`.
    """
    _check_answers(labels, answers)
    return classification_report(labels, answers, digits=4, zero_division=0)


def most_confused(labels, answers, number=5) -> list[Confusion]:
    """Return the most frequent mistakes, as `Confusion` tuples, most frequent first.

    Args:
        labels, answers: as for `error_rate`.
        number: int, how many pairs of classes at most.

    Raises:
        ValueError: as `error_rate`.
    """
    counts = confusion(labels, answers, 1 + max(np.max(labels), np.max(answers)))
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:number]
    pairs = zip(*np.unravel_index(order, counts.shape), strict=True)
    return [
        Confusion(int(t), int(a), int(counts[t, a])) for t, a in pairs if counts[t, a]
    ]


def mistakes(labels, probabilities) -> list[Mistake]:
    """Return every wrong answer, as `Mistake` tuples, the most confident first.

    Args:
        labels: integers (n,).
        probabilities: floats (n, classes).

    Raises:
        ValueError: as `error_rate`.
    """
    answers = np.argmax(probabilities, axis=-1)
    confidence = np.max(probabilities, axis=-1)
    _check_answers(labels, answers)
    wrong = np.flatnonzero(answers != np.asarray(labels))
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [
        Mistake(int(i), int(labels[i]), int(answers[i]), float(confidence[i]))
        for i in wrong
    ]


class Rejection(NamedTuple):
    """What is left when the least certain answers are refused: 0, 1, 2, ... of them."""

    rejected: np.ndarray  # float (n,), the share refused, from 0 upwards
    error_rate: np.ndarray  # float (n,), the share of wrong answers among the others
    margin: np.ndarray  # float (n,), the smallest margin that is still accepted


class Calibration(NamedTuple):
    """Images grouped by the confidence of their answers; empty groups are left out."""

    confidence: np.ndarray  # float (groups,), the mean confidence
    accuracy: np.ndarray  # float (groups,), the share of right answers
    number: np.ndarray  # int (groups,), images


def error_by_class(labels, answers, classes=10):
    """The share of each class's images that are answered wrongly, float (classes,).

    Args:
        labels, answers: as for `error_rate`.
        classes: int.

    Raises:
        ValueError: as `error_rate`.
    """
    _check_answers(labels, answers)
    right = recall_score(
        labels, answers, labels=range(classes), average=None, zero_division=1
    )
    return 1 - right


def margins(scores):
    """How far the best score lies above the second best (Section III-D).

    Args:
        scores: floats (..., classes), larger for likelier classes.

    Returns:
        Float array (...), 0 or more.
    """
    best = np.sort(scores, axis=-1)
    return best[..., -1] - best[..., -2]


def rejection(labels, scores) -> Rejection:
    """Refuse the answers with the smallest margins, one more each time (Fig. 10).

    Args:
        labels: integers (n,).
        scores: floats (n, classes), larger for likelier classes.

    Returns:
        `Rejection`, three arrays (n,).

    Raises:
        ValueError: as `error_rate`.
    """
    scores = np.asarray(scores)
    _check_answers(labels, scores.argmax(-1))
    margin, refused = margins(scores), np.arange(len(scores))
    order = np.argsort(margin, kind="stable")
    wrong = (scores.argmax(-1) != np.asarray(labels))[order]
    wrong_left = wrong[::-1].cumsum()[::-1]
    number = len(scores)
    return Rejection(refused / number, wrong_left / (number - refused), margin[order])


def rejected_for(curve, error_rate=0.005):
    """The smallest share to refuse for at most this error among the others (Fig. 10).

    Args:
        curve: `Rejection`.
        error_rate: float, 0 to 1; the paper's Fig. 10 takes 0.5%.

    Returns:
        Float, 0 to 1; 1 where not even the surest answers are that good.
    """
    good = curve.error_rate <= error_rate
    return float(curve.rejected[np.argmax(good)]) if good.any() else 1.0


def calibration(labels, probabilities, groups=10):
    """Compare the confidence of the answers with how often they are right.

    Args:
        labels: integers (n,).
        probabilities: floats (n, classes).
        groups: int, intervals of equal width between 0 and 1.

    Returns:
        `Calibration`, an entry a group that has images.

    Raises:
        ValueError: as `error_rate`.
    """
    answers = np.argmax(probabilities, axis=-1)
    confidence = np.max(probabilities, axis=-1)
    _check_answers(labels, answers)
    right = answers == np.asarray(labels)
    accuracy, mean = calibration_curve(right, confidence, n_bins=groups)
    ends = np.linspace(0, 1, groups + 1)[1:-1]
    number = np.bincount(np.searchsorted(ends, confidence))
    return Calibration(mean, accuracy, number[number > 0])


def robustness(model, images, labels, kind, amounts, seed=0):
    """The error rate on images that are moved, scaled, turned or noisy (Fig. 13).

    Args:
        model: `keras.Model` from `build_lenet5`.
        images: bytes (n, 28, 28).
        labels: integers (n,).
        kind: as for `transform`.
        amounts: list of floats.
        seed: int, for the noise.

    Returns:
        Float array, one error rate, 0 to 1, for each amount.

    Raises:
        ValueError: for another kind, and as `evaluate`.
    """
    inputs = to_input(images)
    changed = (transform(inputs, kind, amount, seed) for amount in amounts)
    return np.array([evaluate(model, each, labels).error_rate for each in changed])
