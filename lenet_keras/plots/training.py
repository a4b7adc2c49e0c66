"""Training: errors pass by pass and seed by seed, step sizes, walks over a loss."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn
from matplotlib.ticker import MaxNLocator

from lenet_keras.plots.style import (
    BLUE,
    VERMILION,
    coloured,
    line_width,
    name_ends,
    note,
)

_COLOURS = {"training": BLUE, "test": VERMILION}  # of errors


def plot_learning_curve(history, ax=None):
    """Draw training and test error, in percent, epoch by epoch.

    Args:
        history: dict of lists, one value an epoch: "accuracy", and "val_accuracy" where
            there is one, as in `keras.callbacks.History.history`; one every few epochs
            with `validation_freq`, or None where there is none.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 5))[1]
    names = {"accuracy": "training", "val_accuracy": "test"}
    errors = {
        name: 100 * (1 - np.asarray(history[key], float))
        for key, name in names.items()
        if key in history
    }
    last = max(map(len, errors.values()))
    for name, error in errors.items():
        look = {"color": _COLOURS[name]}
        epochs = last // len(error) * np.arange(1, len(error) + 1)
        epochs, error = epochs[~np.isnan(error)], error[~np.isnan(error)]
        ax.plot(epochs, error, "o-", **look)
        end, text = (epochs[-1], error[-1]), f"{name} {error[-1]:.2f}%"
        note(ax, text, end, (8, 0), va="center", **look)
    never_zero = not any((error <= 0).any() for error in errors.values())
    ax.set(xlabel="epoch", ylabel="error (%)")
    ax.set_yscale("log" if never_zero else "linear")  # no logarithm of 0
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:g}")
    ax.set_xlim(0.8, last + max(1, last - 1) / 4)  # room for the numbers at the end
    return ax


def plot_runs(curves, published=None, ax=None, *, band=False):
    """Draw the error of several seeds, pass by pass, beside the paper's (Fig. 5).

    Args:
        curves: dict of a name and its floats (seeds, passes), percent.
        published: dict of the same names and the paper's floats, or None.
        ax: matplotlib Axes, or None for new ones.
        band: bool, whether to fill what lies between the seeds.

    Returns:
        The Axes: a faint line a seed, a bold median, circles for the paper.
    """
    ax = ax or plt.subplots(figsize=(10, 5))[1]
    ends = []
    for name, runs, colour in coloured(curves):
        runs = np.atleast_2d(runs)
        passes = np.arange(1, runs.shape[1] + 1)
        ax.plot(passes, runs.T, color=colour, alpha=0.3, lw=line_width(1))
        seaborn.lineplot(
            x=np.tile(passes, len(runs)),
            y=runs.ravel(),
            estimator="median",
            errorbar=("pi", 100) if band else None,  # from the lowest to the highest
            err_kws={"alpha": 0.2, "lw": 0},
            color=colour,
            lw=line_width(2.5),
            ax=ax,
        )
        ends.append((passes[-1], np.median(runs, axis=0)[-1], name, colour))
        if published:
            points = np.arange(1, len(published[name]) + 1), published[name]
            ax.plot(*points, "o", mfc="none", color=colour)
    ax.set(xlabel="pass", ylabel="error (%)", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(x=0.02)
    name_ends(ax, ends)
    if published:
        highest = max(values[0] for values in published.values())
        note(ax, "circles: the paper", (1, highest), (14, 0), va="center")
    return ax


def plot_by_images(errors, published=None, ax=None):
    """Draw the test error against the size of the training set (Fig. 6).

    Args:
        errors: dict of a number of images and the test errors of its seeds, percent.
        published: dict of a number of images and the paper's error, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: one dot per seed, a line through the medians, crosses for the paper.
    """
    ax = ax or plt.subplots(figsize=(7, 5))[1]
    sizes, colour = sorted(errors), _COLOURS["test"]
    for size in sizes:
        seeds = errors[size]
        ax.plot([size] * len(seeds), seeds, "o", color=colour, alpha=0.5)
    medians = [np.median(errors[size]) for size in sizes]
    ax.plot(sizes, medians, color=colour, lw=line_width(2))
    ends = [(sizes[-1], medians[-1], "here, one dot per seed", colour)]
    if published:
        ax.plot(*zip(*published.items(), strict=True), "x--", color="black", ms=9)
        ends.append((sizes[-1], published[max(published)], "paper, Fig. 6", "black"))
    ax.set(xlabel="training images", ylabel="test error (%)", ylim=(0, None))
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    name_ends(ax, ends)
    return ax


def plot_ladder(labels, errors, published=None, ax=None):
    """Draw the errors of each rung, the lowest at the bottom.

    Args:
        labels: list of str, one a rung, from below.
        errors: dict of "test" or "training" and a list of floats, percent: for each
            rung the errors of its seeds.
        published: float, percent, drawn as a line, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: one dot per seed, a stroke at the median; below the first rung the
        names.
    """
    ax = ax or plt.subplots(figsize=(10, 0.5 * len(labels) + 1.5))[1]
    top = len(labels) - 0.4
    for name, rungs in errors.items():
        colour = _COLOURS[name]
        for height, seeds in enumerate(rungs):
            ax.plot(seeds, [height] * len(seeds), "o", color=colour, alpha=0.35)
            ax.plot(np.median(seeds), height, "|", color=colour, ms=18, mew=3)
        below = {"ha": "center", "va": "top"}
        ax.text(np.median(rungs[0]), -0.45, name, color=colour, **below)
    if published is not None:
        ax.axvline(published, color="grey", lw=1)
        note(ax, f"{published:g}%, paper", (published, top), (4, 0), color="grey")
    ax.set_yticks(range(len(labels)), labels)
    ax.set(xlabel="error (%)", xlim=(0, None), ylim=(-1.3, len(labels) + 0.1))
    return ax


def plot_step_sizes(sizes, published, ceiling, ax=None):
    """Draw how the step sizes of all weights are distributed, on logarithmic axes.

    Args:
        sizes: dict of a name and its floats, one a weight.
        published: (low, high), the range that the paper reports.
        ceiling: float, the largest size that there can be, eta / mu.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(10, 4.5))[1]
    smallest = min(np.min(each) for each in sizes.values())
    bins = np.geomspace(min(smallest, *published) / 1.2, 1.2 * ceiling, 60)
    paper = {"color": "#eeeeee", "zorder": 0, "label": "first pass, says the paper"}
    ax.axvspan(*published, **paper)
    ax.axvline(ceiling, color="grey", lw=1, label=f"{ceiling:g}, the largest possible")
    for name, each, colour in coloured(sizes):
        ax.hist(np.ravel(each), bins, color=colour, alpha=0.6, label=name)
    ax.set(xlabel="step size", ylabel="weights", xscale="log", yscale="log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_major_formatter("{x:,g}")
    ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    return ax


def plot_paths(loss, paths, ax=None):
    """Draw a loss of two weights as a map of its heights, and walks over it.

    Args:
        loss: function of two arrays, the weights, that returns their loss.
        paths: dict of a name and its floats (points, 2), where a walk came by.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: a line a walk, with a dot at each of its points.
    """
    ax = ax or plt.subplots(figsize=(9, 4.5))[1]
    for name, path, colour in coloured(paths):
        ax.plot(*np.transpose(path), "o-", color=colour, ms=4, label=name)
    ax.margins(0.15)
    ax.autoscale_view()
    across, up = (np.linspace(*ends, 200) for ends in (ax.get_xlim(), ax.get_ylim()))
    heights = loss(*np.meshgrid(across, up))
    levels = heights.max() * np.linspace(0, 1, 12) ** 2
    ax.contour(across, up, heights, levels, colors="#bbbbbb", linewidths=1, zorder=0)
    ax.set(xlabel="$w_1$", ylabel="$w_2$")
    ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    return ax
