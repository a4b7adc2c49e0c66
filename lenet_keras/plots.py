"""The figures: arrays in, a matplotlib Axes or Figure out, in one style."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn
from matplotlib.ticker import MaxNLocator

# Colour-blind safe, from Okabe and Ito.
BLUE, VERMILION = "#0072B2", "#D55E00"

STYLE = {
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "font.size": 12,
    "axes.titlesize": 14,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
}


def use_style():
    """Set the one style of all figures; once, before the first."""
    plt.rcParams.update(STYLE)


def plot_learning_curve(history, ax=None):
    """Draw training and test error, in percent, epoch by epoch.

    Args:
        history: dict of lists, one value an epoch: "accuracy", and "val_accuracy" where
            there is one, as in `keras.callbacks.History.history`.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 5))[1]
    curves = {"accuracy": ("training", BLUE), "val_accuracy": ("test", VERMILION)}
    errors = {
        key: 100 * (1 - np.asarray(history[key])) for key in curves if key in history
    }
    for key, error in errors.items():
        label, colour = curves[key]
        epochs = np.arange(1, len(error) + 1)
        ax.plot(epochs, error, "o-", color=colour)
        ax.annotate(
            f"{label} {error[-1]:.2f}%",
            (epochs[-1], error[-1]),
            xytext=(8, 0),
            textcoords="offset points",
            color=colour,
            va="center",
        )
    never_zero = all((error > 0).all() for error in errors.values())
    ax.set(xlabel="epoch", ylabel="error (%)")
    ax.set_yscale("log" if never_zero else "linear")  # no logarithm of 0
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:g}")
    ax.margins(x=0.2)
    return ax


def plot_confusion(counts, ax=None, classes=None):
    """Draw a confusion matrix: the mistakes coloured, right answers as plain numbers.

    At 99% the diagonal would drown everything, so that only the errors are coloured.

    Args:
        counts: integers (classes, classes), rows the truth, columns the answer.
        ax: matplotlib Axes, or None for new ones.
        classes: names of the classes; default their numbers.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 7))[1]
    right = np.eye(len(counts), dtype=bool)
    names = range(len(counts)) if classes is None else classes
    common = {
        "annot": counts,
        "fmt": "d",
        "square": True,
        "xticklabels": names,
        "yticklabels": names,
        "ax": ax,
        "linewidths": 0.5,
        "linecolor": "#dddddd",
    }
    seaborn.heatmap(
        counts,
        mask=right,
        cmap="Oranges",
        vmin=0,
        cbar_kws={"label": "errors"},
        **common,
    )
    seaborn.heatmap(
        np.zeros_like(counts), mask=~right, cmap="Greys", vmin=0, vmax=1, cbar=False,
        **common,
    )  # fmt: skip
    ax.set(xlabel="predicted", ylabel="true")
    ax.tick_params(length=0)
    return ax


def plot_mistakes(images, mistakes, columns=8, rows=4):
    """Draw misclassified images, "truth -> answer" and the confidence above each.

    Args:
        images: array (n, height, width), the whole set that the mistakes index.
        mistakes: list of `evaluation.Mistake`; the first columns x rows are drawn.

    Returns:
        The Figure.
    """
    shown = mistakes[: columns * rows]
    rows = max(1, -(-len(shown) // columns))
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.4 * columns, 1.8 * rows), squeeze=False
    )
    for ax in axes.flat:
        ax.axis("off")
    for ax, mistake in zip(axes.flat, shown, strict=False):
        ax.imshow(
            np.squeeze(images[mistake.index]), cmap="binary", interpolation="nearest"
        )
        ax.set_title(
            f"{mistake.truth} → {mistake.answer}\n{mistake.confidence:.0%}", fontsize=12
        )
    figure.tight_layout()
    return figure
