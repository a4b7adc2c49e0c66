"""Results: confusions, confidence, refusals, robustness, a row of digits read."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn
from matplotlib.ticker import MaxNLocator

from lenet_keras.plots.style import (
    BLUE,
    VERMILION,
    apart,
    coloured,
    line_width,
    name_ends,
    note,
)


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
    label = "images" if colour == "all" else "errors"
    ax = _heat(counts, ax, colour=colour, fmt="d", cbar_kws={"label": label})
    if classes is not None:
        ax.set(xticklabels=classes, yticklabels=classes)
    return ax


def plot_confusion_shares(counts, by, ax=None):
    """Draw the mistakes of a confusion matrix in percent of its rows or columns.

    Args:
        counts: integers (classes, classes), rows the truth, columns the answer.
        by: "rows" (of each true class) or "columns" (of each answer).
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    totals = counts.sum(axis=1 if by == "rows" else 0, keepdims=True)
    percent = 100 * counts / np.maximum(totals, 1)
    label = "% of the row" if by == "rows" else "% of the column"
    look = {"annot_kws": {"fontsize": "small"}, "cbar_kws": {"label": label}}
    return _heat(percent, ax, fmt=".1f", **look)


def _heat(values, ax, colour="errors", **look):
    """A square of numbers by truth and answer; the diagonal white but for "all"."""
    ax = ax or plt.subplots(figsize=(8, 7))[1]
    right = np.eye(len(values), dtype=bool) & (colour != "all")
    shades = plt.get_cmap("Oranges").with_extremes(under="white")
    lines = {"linewidths": 0.5, "linecolor": "#dddddd"}
    seaborn.heatmap(
        np.where(right, -1, values),  # under the scale
        annot=values, cmap=shades, vmin=0, square=True, ax=ax, **lines, **look,
    )  # fmt: skip
    ax.set(xlabel="predicted", ylabel="true")
    ax.tick_params(length=0, rotation=0)
    return ax


def plot_error_by_class(errors, ax=None):
    """Draw the error of each class as a bar, in percent.

    Args:
        errors: dict of a name and its floats (classes,), 0 to 1.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(10, 4))[1]
    percent = 100 * np.array(list(errors.values()))
    names, classes = percent.shape
    seaborn.barplot(
        x=np.tile(np.arange(classes), names),
        y=percent.ravel(),
        hue=np.repeat(list(errors), classes),
        palette=[colour for _, _, colour in coloured(errors)],
        saturation=1,
        errorbar=None,
        legend=names > 1,
        ax=ax,
    )
    for bars in ax.containers:
        ax.bar_label(bars, fmt="%.1f", fontsize="small")
    ax.set(xlabel="true class", ylabel="error (%)")
    if names > 1:
        ax.legend(frameon=False)
    return ax


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
    outline = {"color": VERMILION, "histtype": "step", "lw": line_width(2.5)}
    ax.hist(wrong, bins, label="wrong", **outline)
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
        above = y >= x or y < 0.1  # never on the numbers of the axis
        offset, side = ((-6, 6), "right") if above else ((6, -12), "left")
        note(ax, f"{number:,}", (x, y), offset, ha=side, fontsize="small")
    ax.set(xlabel="confidence", ylabel="share of right answers")
    ax.set(xlim=(0, 1.03), ylim=(0, 1.08), aspect="equal")
    return ax


def plot_rejection(curves, target=0.5, published=None, ax=None):
    """Draw the error among the accepted answers against the share refused (Fig. 10).

    Args:
        curves: dict of a name and its `evaluation.Rejection`.
        target: float, percent, the error that the paper asks for.
        published: dict of a name and the percent to refuse for that error, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(10, 5))[1]
    ends = []
    for name, curve, colour in coloured(curves):
        look = {"color": colour, "lw": line_width(2)}
        ax.plot(100 * curve.rejected, 100 * curve.error_rate, **look)
        last = np.searchsorted(curve.rejected, 0.1, side="right") - 1
        ends.append((10, 100 * curve.error_rate[last], name, colour))
    ax.axhline(target, color="grey", lw=1)
    below = {"va": "top", "ha": "right", "color": "grey"}
    note(ax, f"{target:g}% (Fig. 10)", (10, target), (0, -4), **below)
    highest = max(2 * target, *(100 * each.error_rate[0] for each in curves.values()))
    ax.set(xlabel="refused (%)", ylabel="error of the others (%)")
    ax.set(xlim=(0, 10), ylim=(0, 1.15 * highest))
    _name_points(ax, published or {}, target)
    name_ends(ax, ends)
    return ax


def _name_points(ax, points, height):
    """Crosses at one height, and their names above, slanted, where they find room."""
    names = sorted(points, key=points.get)
    places = [ax.transData.transform((points[name], height))[0] for name in names]
    points_a_pixel = 72 / ax.figure.dpi
    gap = 1.2 * plt.rcParams["font.size"] / points_a_pixel
    arrow = {"arrowstyle": "-", "lw": 0.6, "relpos": (0, 0), "shrinkB": 6}
    look = {"rotation": 50, "fontsize": "small", "arrowprops": arrow}
    for name, place, moved in zip(names, places, apart(places, gap), strict=True):
        ax.plot(points[name], height, "x", color="black", ms=8, mew=2)
        offset = (moved - place) * points_a_pixel, 22
        note(ax, name, (points[name], height), offset, **look)


def plot_robustness(amounts, errors, *, xlabel, limits=(), ax=None):
    """Draw the error on changed images, and the paper's estimate of what is survived.

    Args:
        amounts: floats, how much the images are changed.
        errors: dict of a name and its floats, 0 to 1, one an amount.
        xlabel: str, what is changed, with its unit.
        limits: (low, high), what the paper estimates to be survived, or ().
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(6, 4))[1]
    if len(limits):
        look = {"facecolor": "#eeeeee", "edgecolor": "grey", "ls": "--", "zorder": 0}
        ax.axvspan(*limits, **look, label="survived, says the paper")
    for name, values, colour in coloured(errors):
        ax.plot(amounts, 100 * np.asarray(values), "o-", ms=4, color=colour, label=name)
    ax.set(xlabel=xlabel, ylabel="error (%)", ylim=(0, 100))
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
    ax.legend(framealpha=1, edgecolor="none", fontsize="small")
    return ax


def plot_reading(image, answers, distances, limit=10):
    """Draw a row of digits, and below it the answer of each place (Section VII).

    Args:
        image: array (32, width).
        answers: integers (n,), one every 4 pixels, the first in the middle of the
            first 32.
        distances: floats (n,), of the answers to their codes; the height of a number.
        limit: float, answers with a smaller distance are drawn bold and blue.

    Returns:
        The Figure.
    """
    heights = 11 * len(image) / np.shape(image)[1], 2.2  # inches
    figure, (above, below) = plt.subplots(
        2, 1, sharex=True, figsize=(12, 0.5 + sum(heights)), height_ratios=heights
    )
    above.imshow(image, cmap="binary", interpolation="nearest", aspect="auto")
    above.set(yticks=[])
    above.tick_params(bottom=False)
    places = 15.5 + 4 * np.arange(len(answers))
    for place, answer, distance in zip(places, answers, distances, strict=True):
        near = distance < limit
        look = {"color": BLUE, "weight": "bold"} if near else {"color": "grey"}
        below.text(place, distance, str(answer), ha="center", va="center", **look)
    below.axhline(limit, color="grey", lw=1)
    below.set(yscale="log", ylim=(0.7 * min(distances), 1.5 * max(distances)))
    below.set(xlabel="pixel", ylabel="distance")
    below.yaxis.set_major_formatter("{x:g}")
    below.yaxis.set_minor_formatter("")
    figure.tight_layout()
    return figure
