"""The figures: what is drawn, not which pixels."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lenet_keras import plots
from lenet_keras.evaluation import Mistake


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_learning_curve_draws_errors_in_percent():
    history = {"accuracy": [0.9, 0.95], "val_accuracy": [0.92, 0.97], "loss": [1, 0.5]}
    ax = plots.plot_learning_curve(history)
    training, test = (line.get_ydata() for line in ax.get_lines())
    assert training == pytest.approx([10, 5])
    assert test == pytest.approx([8, 3])
    assert [text.get_text() for text in ax.texts] == ["training 5.00%", "test 3.00%"]


def test_an_error_of_zero_is_drawn_on_a_linear_axis():
    ax = plots.plot_learning_curve({"accuracy": [0.5, 1.0]})
    assert ax.get_yscale() == "linear"
    assert ax.get_lines()[0].get_ydata()[-1] == 0


def test_the_confusion_matrix_names_its_axes_and_shows_every_count():
    counts = np.array([[5, 1, 0], [0, 7, 2], [3, 0, 4]])
    ax = plots.plot_confusion(counts, classes=list("abc"))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    shown = sorted(int(text.get_text()) for text in ax.texts if text.get_text())
    assert shown == sorted(counts.ravel().tolist())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]


def test_mistakes_are_drawn_with_their_own_image_truth_and_answer():
    images = np.zeros((5, 28, 28), "uint8")
    images[3] = 200
    figure = plots.plot_mistakes(images, [Mistake(3, 4, 9, 0.76)])
    drawn = [ax for ax in figure.axes if ax.images]
    assert len(drawn) == 1
    assert drawn[0].get_title() == "4 → 9\n76%"
    assert (drawn[0].images[0].get_array() == 200).all()


def test_a_figure_without_mistakes_is_empty_but_there():
    figure = plots.plot_mistakes(np.zeros((5, 28, 28)), [])
    assert not any(ax.images for ax in figure.axes)
