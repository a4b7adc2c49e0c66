"""How good the answers are: error rate, confusions, and the mistakes themselves.

Arrays in, arrays out; scikit-learn does the counting. `predict` and `evaluate` take a
model, and nothing else here does. Truth, answer and index travel together in a
`Mistake`, so that no picture gets another picture's label.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import softmax
from sklearn.metrics import classification_report, confusion_matrix

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


def predict(model, images):
    """Return the probability of each class for each image.

    The negative distances of the RBF output are turned into probabilities as Section
    II-C reads them, exp(-y_i) over their sum, without the rubbish class; so are logits.

    Args:
        model: `keras.Model` from `build_lenet5`.
        images: bytes (n, 28, 28), or what the model takes, (n, 32, 32, 1); one image
            may come without its first axis.

    Returns:
        Float32 array (n, classes), rows sum to 1; (n, rows, columns, classes) for a
        model with a larger input.

    Raises:
        ValueError: for images that the model cannot read.
    """
    from lenet_keras.data import network_input

    images = np.asarray(images)
    if images.ndim == 2 or images.shape == model.input_shape[1:]:
        images = images[None]
    images = network_input(model, images)
    scores = np.concatenate(
        [
            model.predict_on_batch(images[start : start + _BATCH])
            for start in range(0, len(images), _BATCH)
        ]
    )
    activation = getattr(model.layers[-1], "activation", None)
    gives_probabilities = getattr(activation, "__name__", "") == "softmax"
    return scores if gives_probabilities else softmax(scores, axis=-1)


def evaluate(model, images, labels):
    """Answer a set of images and compare with the truth.

    Args:
        model: `keras.Model` from `build_lenet5`.
        images: as for `predict`, (n, ...).
        labels: integers (n,).

    Returns:
        `Evaluation`: the error rate, 0 to 1, and the probabilities (n, classes).

    Raises:
        ValueError: for images or labels that do not fit.
    """
    from lenet_keras.data import check_pairs

    images, labels = check_pairs(images, labels)
    probabilities = predict(model, images)
    return Evaluation(error_rate(labels, probabilities.argmax(-1)), probabilities)


def error_rate(labels, answers):
    """The share of answers that are wrong, 0 to 1; integers (n,) and (n,)."""
    return float(np.mean(np.asarray(labels) != np.asarray(answers)))


def confusion(labels, answers, classes=10):
    """Count who was taken for whom.

    Args:
        labels: integers (n,), the truth.
        answers: integers (n,).
        classes: int.

    Returns:
        Int array (classes, classes): rows are the truth, columns the answer.
    """
    return confusion_matrix(labels, answers, labels=range(classes))


def report(labels, answers):
    """Precision, recall and F1 of each class, as scikit-learn's text table."""
    return classification_report(labels, answers, digits=4, zero_division=0)


def most_confused(labels, answers, number=5):
    """Return the most frequent mistakes, as `Confusion` tuples, most frequent first."""
    counts = confusion(labels, answers, 1 + max(np.max(labels), np.max(answers)))
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:number]
    pairs = zip(*np.unravel_index(order, counts.shape), strict=True)
    return [
        Confusion(int(t), int(a), int(counts[t, a])) for t, a in pairs if counts[t, a]
    ]


def mistakes(labels, probabilities):
    """Return every wrong answer, as `Mistake` tuples, the most confident first.

    Args:
        labels: integers (n,).
        probabilities: floats (n, classes).
    """
    answers = np.argmax(probabilities, axis=-1)
    confidence = np.max(probabilities, axis=-1)
    wrong = np.flatnonzero(answers != np.asarray(labels))
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return [
        Mistake(int(i), int(labels[i]), int(answers[i]), float(confidence[i]))
        for i in wrong
    ]
