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


def plot_confusion(counts, ax=None, classes=None, *, colour="errors"):
    """Draw a confusion matrix: the mistakes coloured, right answers as plain numbers.

    At 99% the diagonal would drown everything, so that only the errors are coloured.

    Args:
        counts: integers (classes, classes), rows the truth, columns the answer.
        ax: matplotlib Axes, or None for new ones.
        classes: names of the classes; default their numbers.
        colour: "errors"; or "all", to see the diagonal drown everything.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 7))[1]
    right = np.eye(len(counts), dtype=bool) & (colour != "all")
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
        cbar_kws={"label": "images" if colour == "all" else "errors"},
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


def plot_confusion_shares(counts, by, ax=None):
    """Draw the mistakes of a confusion matrix in percent of its rows or columns.

    Args:
        counts: integers (classes, classes), rows the truth, columns the answer.
        by: "rows" (of each true class) or "columns" (of each answer).
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 7))[1]
    totals = counts.sum(axis=1 if by == "rows" else 0, keepdims=True)
    totals = totals if by == "rows" else totals.reshape(1, -1)
    percent = 100 * counts / np.maximum(totals, 1)
    right = np.eye(len(counts), dtype=bool)
    errors = np.where(right, 0, percent)
    label = "% of the row" if by == "rows" else "% of the column"
    seaborn.heatmap(
        errors,
        annot=np.where(right, percent, errors),
        fmt=".1f",
        cmap="Oranges",
        vmin=0,
        square=True,
        linewidths=0.5,
        linecolor="#dddddd",
        annot_kws={"fontsize": 10},
        cbar_kws={"label": label},
        ax=ax,
    )
    ax.set(xlabel="predicted", ylabel="true")
    ax.tick_params(length=0)
    return ax


def plot_error_by_class(errors, ax=None):
    """Draw the error of each class as a bar, in percent.

    Args:
        errors: dict of a name and its floats (classes,), 0 to 1; up to two.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(10, 4))[1]
    width = 0.8 / len(errors)
    colours = zip(errors.items(), (BLUE, VERMILION), strict=False)
    for place, ((name, values), colour) in enumerate(colours):
        classes = np.arange(len(values))
        left = classes - 0.4 + width * (place + 0.5)
        bars = ax.bar(left, 100 * np.asarray(values), width, color=colour, label=name)
        ax.bar_label(bars, fmt="%.1f", fontsize=9)
    ax.set(xlabel="true class", ylabel="error (%)", xticks=classes)
    if len(errors) > 1:
        ax.legend(frameon=False)
    return ax


def plot_panels(pictures, titles=(), columns=8, *, signed=False, size=1.3):
    """Draw small pictures side by side: digits, kernels, feature maps, codes.

    Args:
        pictures: sequence of arrays (height, width); None leaves a place empty.
        titles: sequence of str, one a picture.
        columns: int, pictures in a row.
        signed: bool, whether to draw red below zero and blue above, with one scale for
            all pictures; otherwise ink is dark, on the scale of the network's input or
            of bytes.
        size: float, inches of a picture.

    Returns:
        The Figure.
    """
    rows = -(-len(pictures) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(size * columns + signed, (size + 0.3 * bool(len(titles))) * rows),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.flat:
        ax.axis("off")
    drawn = [(a, np.squeeze(p)) for a, p in zip(axes.flat, pictures) if p is not None]  # noqa: B905
    limit = max(float(np.abs(picture).max()) for _, picture in drawn)
    low, high = (-limit, limit) if signed else (min(0, drawn[0][1].min()), limit)
    for ax, picture in drawn:
        shown = ax.imshow(
            picture,
            cmap="RdBu" if signed else "binary",
            vmin=low,
            vmax=high,
            interpolation="nearest",
        )
    for ax, title in zip(axes.flat, titles, strict=False):
        ax.set_title(title, fontsize=10)
    if signed:
        figure.colorbar(shown, ax=axes, fraction=0.03, pad=0.02)
    return figure


def plot_confidence(right, wrong, ax=None):
    """Draw how the confidence of right and of wrong answers is distributed.

    Args:
        right: floats, 0 to 1, the confidence of the right answers.
        wrong: floats, 0 to 1, of the wrong ones.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes; the images are on a logarithmic scale.
    """
    ax = ax or plt.subplots(figsize=(10, 4))[1]
    bins = np.linspace(0, 1, 21)
    ax.hist(right, bins, color=BLUE, alpha=0.35, label="right")
    ax.hist(wrong, bins, color=VERMILION, histtype="step", lw=2.5, label="wrong")
    ax.set(xlabel="confidence", ylabel="images", yscale="log", xlim=(0, 1))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend(frameon=False, loc="upper left")
    return ax


def plot_calibration(groups, ax=None):
    """Draw how often the answers of a confidence are right, beside the diagonal.

    Args:
        groups: `evaluation.Calibration`.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes; the number of images stands at each point.
    """
    ax = ax or plt.subplots(figsize=(6, 6))[1]
    ax.plot([0, 1], [0, 1], color="grey", lw=1)
    ax.plot(groups.confidence, groups.accuracy, "o-", color=BLUE)
    for x, y, number in zip(*groups, strict=True):
        offset = (-6, 6) if y >= x else (6, -12)
        ax.annotate(
            f"{number:,}",
            (x, y),
            xytext=offset,
            textcoords="offset points",
            ha="right" if y >= x else "left",
            fontsize=9,
        )
    ax.set(xlabel="confidence", ylabel="share of right answers")
    ax.set(xlim=(0, 1.03), ylim=(0, 1.08), aspect="equal")
    return ax


def plot_rejection(curves, target=0.5, published=None, ax=None):
    """Draw the error among the accepted answers against the share refused (Fig. 10).

    Args:
        curves: dict of a name and its `evaluation.Rejection`; up to two.
        target: float, percent, the error that the paper asks for.
        published: dict of a name and the percent to refuse for that error, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(10, 5))[1]
    ends = []
    for (name, curve), colour in zip(curves.items(), (BLUE, VERMILION), strict=False):
        refused, error = 100 * curve.rejected, 100 * curve.error_rate
        ax.plot(refused, error, color=colour, lw=2, label=name)
        ends.append(error[0])
    ax.axhline(target, color="grey", lw=1)
    ax.annotate(
        f"{target:g}% (Fig. 10)", (10, target), va="bottom", ha="right", color="grey"
    )
    for name, refused in (published or {}).items():
        ax.plot(refused, target, "x", color="black", ms=8, mew=2)
        ax.annotate(
            name,
            (refused, target),
            xytext=(4, 8),
            textcoords="offset points",
            rotation=50,
            fontsize=9,
        )
    ax.set(xlabel="refused (%)", ylabel="error of the others (%)")
    ax.set(xlim=(0, 10), ylim=(0, 1.15 * max(*ends, 2 * target)))
    ax.legend(frameon=False)
    return ax


def plot_robustness(amounts, errors, *, xlabel, limits=(), ax=None):
    """Draw the error on changed images, and the paper's estimate of what is survived.

    Args:
        amounts: floats, how much the images are changed.
        errors: dict of a name and its floats, 0 to 1, one an amount; up to two.
        xlabel: str, what is changed, with its unit.
        limits: (low, high), what the paper estimates to be survived, or ().
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(6, 4))[1]
    if len(limits):
        ax.axvspan(*limits, color="#eeeeee", zorder=0, label="survived, says the paper")
    for (name, values), colour in zip(errors.items(), (BLUE, VERMILION), strict=False):
        ax.plot(amounts, 100 * np.asarray(values), "o-", ms=4, color=colour, label=name)
    ax.set(xlabel=xlabel, ylabel="error (%)", ylim=(0, 100))
    ax.legend(frameon=False, fontsize=10)
    return ax


def plot_runs(curves, published=None, ax=None):
    """Draw the error of several seeds, pass by pass, beside the paper's (Fig. 5).

    Args:
        curves: dict of a name and its floats (seeds, passes), percent; up to two.
        published: dict of the same names and the paper's floats, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: a faint line a seed, a bold median, dots for the paper.
    """
    ax = ax or plt.subplots(figsize=(10, 5))[1]
    for (name, runs), colour in zip(curves.items(), (BLUE, VERMILION), strict=False):
        runs = np.atleast_2d(runs)
        passes = np.arange(1, runs.shape[1] + 1)
        ax.plot(passes, runs.T, color=colour, alpha=0.3, lw=1)
        ax.plot(passes, np.median(runs, axis=0), color=colour, lw=2.5, label=name)
        if published:
            points = published[name]
            ax.plot(
                np.arange(1, len(points) + 1),
                points,
                "o",
                mfc="none",
                color=colour,
                label=f"{name}, paper",
            )
    ax.set(xlabel="pass", ylabel="error (%)", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False)
    return ax


def plot_by_images(errors, published=None, ax=None):
    """Draw the test error against the size of the training set (Fig. 6).

    Args:
        errors: dict of a number of images and the test errors of its seeds, percent.
        published: dict of a number of images and the paper's error, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: a dot a seed, a line through the medians, crosses for the paper.
    """
    ax = ax or plt.subplots(figsize=(7, 5))[1]
    sizes = sorted(errors)
    for size in sizes:
        dots = ax.plot([size] * len(errors[size]), errors[size], "o", color=BLUE)
        dots[0].set_alpha(0.5)
    medians = [np.median(errors[size]) for size in sizes]
    ax.plot(sizes, medians, color=BLUE, lw=2, label="here, a dot a seed")
    if published:
        ax.plot(*zip(*published.items(), strict=True), "x--", color="black", ms=9)
        ax.lines[-1].set_label("paper, Fig. 6")
    ax.set(xlabel="training images", ylabel="test error (%)", ylim=(0, None))
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.legend(frameon=False)
    return ax


def plot_ladder(labels, errors, published=None, ax=None):
    """Draw the errors of each rung, the lowest at the bottom.

    Args:
        labels: list of str, one a rung, from below.
        errors: dict of a name and its list of floats, percent: for each rung the
            errors of its seeds; up to two.
        published: float, percent, drawn as a line, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: a dot a seed, a stroke at the median.
    """
    ax = ax or plt.subplots(figsize=(10, 0.5 * len(labels) + 1.5))[1]
    for (name, rungs), colour in zip(errors.items(), (VERMILION, BLUE), strict=False):
        for height, seeds in enumerate(rungs):
            ax.plot(seeds, [height] * len(seeds), "o", color=colour, alpha=0.35)
            ax.plot(np.median(seeds), height, "|", color=colour, ms=18, mew=3)
        ax.plot([], [], "o", color=colour, label=name)
    if published is not None:
        ax.axvline(published, color="grey", lw=1)
        top = len(labels) - 0.4
        ax.annotate(f" {published:g}%, paper", (published, top), color="grey")
    ax.set_yticks(range(len(labels)), labels)
    ax.set(xlabel="error (%)", xlim=(0, None), ylim=(-0.6, len(labels) + 0.1))
    ax.legend(frameon=False, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.15))
    return ax
