"""The figures of a lecture on LeNet-5, one function each, in teaching order.

A function takes from the material what it needs, draws it through `plots` on a slide,
and returns the figure with the facts that its words name. So no number is typed twice:
titles, alt texts and speaker notes are in `words/`, with placeholders for the facts.
"""

import itertools
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from lenet_keras import plots
from lenet_keras.material import Unavailable, measured, trained
from lenet_keras.paper import (
    BACKGROUND,
    C3_INPUTS,
    CHARACTERS,
    INK,
    PUBLISHED_BY_IMAGES,
    PUBLISHED_METHODS,
    PUBLISHED_MISTAKES,
    PUBLISHED_REJECTION,
    PUBLISHED_TEST_CURVE,
    PUBLISHED_TEST_ERROR,
    PUBLISHED_TRAINING_CURVE,
    output_code,
)

TOP = 0.81  # of the slide: above it is the title, below it the picture

FIGURES = {}


def _figure(function):
    """Enter a function into the catalogue, under its name with hyphens."""
    FIGURES[function.__name__.replace("_", "-")] = function
    return function


def _panels(
    rows=1, columns=1, *, left=0.09, right=0.97, bottom=0.14, top=0.78, **space
):
    """A slide and its axes, below the title."""
    space |= {"left": left, "right": right, "bottom": bottom, "top": top}
    return plt.subplots(rows, columns, gridspec_kw=space)


def _fit(figure, *, left=0.04, right=0.96, bottom=0.03, top=0.74, **space):
    """Make a slide of a figure of many pictures."""
    figure.set_size_inches(plots.SLIDE["figure.figsize"])
    figure.subplots_adjust(left=left, right=right, bottom=bottom, top=top, **space)
    return figure


def _fit_numbers(ax, share=0.85, alike=True):
    """Make the numbers in the cells of a picture as large as fits, or all alike."""
    ax.apply_aspect()
    box, (left, right) = ax.get_window_extent(), ax.get_xlim()
    cell = box.width / abs(right - left) * 72 / ax.figure.dpi
    longest = max((len(text.get_text()) for text in ax.texts), default=1)
    for text in ax.texts:
        length = longest if alike else max(2, len(text.get_text()))
        text.set_fontsize(min(24.2, share * cell / (0.64 * length)))


def _name(layer):
    """A layer's name as the paper writes it."""
    return layer.title() if layer in ("input", "output") else layer.upper()


def _counted(material, name):
    return next(row for row in material.counts.layers if row.name == name)


_DATA_NAMES = {"mnist": "MNIST", "digits": "scikit-learn's digits"}


@_figure
def opening(material):
    labels = material.data.test_labels
    chosen = [int(np.argmax(labels == digit)) for digit in range(10)]
    best = material.probabilities()[chosen]
    titles = [f"{row.argmax()}: {row.max():.0%}" for row in best]
    figure = plots.plot_images(material.data.test_images[chosen], titles, columns=5)
    _fit(figure, hspace=0.3)
    wrong = len(material.mistakes)
    facts = {"wrong": wrong, "images": len(labels), "error": wrong / len(labels)}
    return figure, facts | {"variant": material.variant}


@_figure
def digits(material):
    images, labels = material.data.train_images, material.data.train_labels
    columns = 13
    first = [np.flatnonzero(labels == digit)[:columns] for digit in range(10)]
    figure, (left, right) = _panels(
        1, 2, left=0.05, right=0.99, bottom=0.02, top=0.74, wspace=0.02,
        width_ratios=(7.4, 4),
    )  # fmt: skip
    plots.plot_mosaic(images[np.concatenate(first)], columns, left)
    left.set_title("training images")
    counts = np.bincount(labels, minlength=10)
    plots.plot_bars({k: int(n) for k, n in enumerate(counts)}, right)
    right.set_title("how many")
    right.set_ylim(9.5, -0.5)
    right.margins(x=0.45)
    name = _DATA_NAMES.get(material.data.name, material.data.name)
    facts = {"train": len(labels), "test": len(material.data.test_labels)}
    facts |= {"least": counts.min() / len(labels), "most": counts.max() / len(labels)}
    return figure, facts | {"data": name}


@_figure
def input_values(material):
    from lenet_keras.data import to_input

    image = material.digit(3)
    padded = np.pad(image, 2)
    values = to_input(image[None])[0, ..., 0]
    top, left = _edge(padded)
    figure, axes = _panels(1, 3, left=0.03, bottom=0.1, top=0.72, wspace=0.12)
    frames = [(2, 2, 28, "#777777"), (top, left, 4, plots.VERMILION)]
    plots.plot_map(padded, axes[0], frames)
    plots.plot_numbers(padded[top : top + 4, left : left + 4], axes[1], "d")
    plots.plot_numbers(values[top : top + 4, left : left + 4], axes[2], ".3f")
    headings = "32x32, the digit in 28x28", "bytes", "-0.1 + 0.005 · byte"
    for ax, heading in zip(axes, headings, strict=True):
        ax.set_title(heading, pad=14)
        ax.set_box_aspect(1)
        _fit_numbers(ax)
    return figure, {"paper": BACKGROUND, "ink": INK}


def _edge(image, size=4):
    """Top and left of the window with most different bytes."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    ordered = np.sort(windows.reshape(*windows.shape[:2], -1))
    different = np.count_nonzero(np.diff(ordered), axis=-1)
    top, left = np.unravel_index(different.argmax(), different.shape)
    return int(top), int(left)


@_figure
def distortions(material):
    from lenet_keras.data import DISTORTIONS, distort, distort_by, to_input

    x = to_input(material.digit(3)[None])
    kinds = [name for name, ends in DISTORTIONS.items() if ends[0] != ends[1]]
    still = {name: float(name in ("scale", "squeeze")) for name in DISTORTIONS}
    images, titles = [], []
    for end, first in ((0, "original"), (1, "all at once")):
        images.append(x[0] if end == 0 else np.asarray(distort(x, (0, 4)))[0])
        titles.append(f"\n{first}")
        for kind in kinds:
            amounts = still | {kind: DISTORTIONS[kind][end]}
            changed = distort_by(x, np.float32([list(amounts.values())]))
            images.append(np.asarray(changed)[0])
            titles.append(f"{_KINDS[kind]}\n{amounts[kind]:g}")
    figure = plots.plot_images(np.stack(images), titles, columns=6)
    _small_titles(figure, 24.2)
    return _fit(figure, top=0.68, hspace=0.45, wspace=0.12), {"kinds": len(kinds)}


_KINDS = {
    "shift_x": "shift across",
    "shift_y": "shift down",
    "scale": "scale",
    "squeeze": "squeeze",
    "shear": "shear",
    "rotation": "rotation",
    "noise": "noise",
}


def _small_titles(figure, size):
    for ax in figure.axes:
        ax.title.set_fontsize(size)


@_figure
def architecture(material):
    figure, ax = _panels(left=0, right=1, bottom=0.02, top=TOP)
    counts, shape = material.counts, material.model.input_shape[1:]
    plots.plot_architecture(counts.layers, shape, ax)
    facts = {"layers": len(counts.layers), "variant": material.variant}
    return figure, facts | {"height": shape[0], "width": shape[1]}


@_figure
def convolution(material):
    unit = _unit(material)
    figure, axes = _panels(
        1, 4, left=0.02, right=0.98, bottom=0.2, top=0.7, wspace=0.16
    )
    seen = plots.VERMILION
    plots.plot_map(unit.digit, axes[0], [(unit.row, unit.column, 5, seen)])
    plots.plot_numbers(unit.window.round(1) + 0, axes[1], ".1f")
    plots.plot_numbers(unit.kernel.round(1) + 0, axes[2], ".1f", signed=True)
    mark = unit.row - 1, unit.column - 1, 3, seen
    plots.plot_map(unit.map, axes[3], [mark], signed=True)
    headings = "the digit", "5x5 inputs", "5x5 weights", f"map {unit.number} of C1"
    for ax, heading in zip(axes, headings, strict=True):
        ax.set_title(heading, pad=14)
        ax.set_box_aspect(1)
        _fit_numbers(ax)
    total = float((unit.window * unit.kernel).sum())
    plots.add_caption(
        figure,
        f"sum of 25 products {total:.2f}, bias {unit.bias:+.2f}, "
        f"squashed {unit.map[unit.row, unit.column]:.2f}",
    )
    return figure, {"value": unit.map[unit.row, unit.column]}


class _Unit(NamedTuple):
    """A unit of C1 at the edge of a stroke, and what it computes from."""

    digit: np.ndarray
    map: np.ndarray
    number: int
    row: int
    column: int
    window: np.ndarray
    kernel: np.ndarray
    bias: float


def _unit(material):
    """One of the 2x2 units of C1 that differ most, the one that is least saturated."""
    maps = material.maps(material.digit(2))
    digit, c1 = maps["input"][..., 0], maps["c1"]
    half = c1.shape[0] // 2
    blocks = c1.reshape(half, 2, half, 2, -1).swapaxes(1, 2).reshape(half, half, 4, -1)
    top, left, number = np.unravel_index(
        (blocks.std(axis=2) * abs(blocks.mean(axis=2))).argmax(), maps["s2"].shape
    )
    down, right = divmod(int(abs(blocks[top, left, :, number]).argmin()), 2)
    row, column, number = int(2 * top + down), int(2 * left + right), int(number)
    kernels, biases = material.model.get_layer("c1").get_weights()
    window = digit[row : row + 5, column : column + 5]
    kernel, bias = kernels[:, :, 0, number], float(biases[number])
    return _Unit(digit, c1[..., number], number, row, column, window, kernel, bias)


@_figure
def weight_sharing(material):
    unit = _unit(material)
    side = len(unit.map)
    places = [
        (0, 0),
        (side // 3, side // 3),
        (2 * side // 3, side // 4),
        (side - 1,) * 2,
    ]
    figure, axes = _panels(
        2, 4, left=0.1, bottom=0.03, top=0.76, wspace=0.1, hspace=0.1
    )
    for (above, below), (row, column) in zip(axes.T, places, strict=True):
        plots.plot_map(unit.digit, above, [(row, column, 5, plots.VERMILION)])
        above.set_title(f"unit {row * side + column + 1}")
        so_far = np.where(
            np.arange(side**2) <= row * side + column, unit.map.ravel(), np.nan
        )
        mark = max(0, row - 2), max(0, column - 2), 3, plots.VERMILION
        limit = np.abs(unit.map).max()
        plots.plot_map(
            so_far.reshape(side, side), below, [mark], signed=True, limit=limit
        )
    axes[0, 0].set_ylabel("input")
    axes[1, 0].set_ylabel("map of C1")
    return figure, {"units": side**2, "side": side, "weights": unit.kernel.size + 1}


@_figure
def subsampling(material):
    unit = _unit(material)
    maps = material.maps(material.digit(2))
    row, column = unit.row // 2, unit.column // 2
    window = unit.map[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    halved = maps["s2"][..., unit.number]
    figure, axes = _panels(
        1, 3, left=0.04, right=0.96, bottom=0.2, top=0.72, wspace=0.2
    )
    seen = plots.VERMILION
    limit = np.abs(unit.map).max()
    plots.plot_map(unit.map, axes[0], [(2 * row, 2 * column, 2, seen)], signed=True)
    plots.plot_numbers(window, axes[1], ".2f", signed=True)
    plots.plot_map(halved, axes[2], [(row, column, 1, seen)], signed=True, limit=limit)
    headings = (
        f"map {unit.number} of C1, {len(unit.map)}x{len(unit.map)}",
        "2x2 units of C1",
        f"map {unit.number} of S2, {len(halved)}x{len(halved)}",
    )
    for ax, heading in zip(axes, headings, strict=True):
        ax.set_title(heading, pad=14)
        ax.set_box_aspect(1)
    plots.add_caption(
        figure, _halving(material, unit.number, window, halved[row, column])
    )
    s2 = _counted(material, "s2")
    return figure, {"side": len(unit.map), "half": len(halved), "trained": s2.trainable}


def _halving(material, number, window, value):
    """In words, how four units become one in this network."""
    kind = _counted(material, "s2").kind
    if kind == "MaxPooling2D":
        return f"the largest of them: {value:.2f}"
    if kind == "AveragePooling2D":
        return f"their mean: {value:.2f}"
    coefficient, bias = (
        w[number] for w in material.model.get_layer("s2").get_weights()
    )
    return (
        f"their sum {window.sum():.2f}, times {coefficient:.2f}, "
        f"bias {bias:+.2f}, squashed {value:.2f}"
    )


@_figure
def squashing(material):
    from lenet_keras.paper import AMPLITUDE, SLOPE

    a = np.linspace(-4, 4, 401)
    tanh, logistic = np.tanh(SLOPE * a), 1 / (1 + np.exp(-a))
    curves = {
        "scaled tanh": AMPLITUDE * tanh,
        "sigmoid": logistic,
        "ReLU": np.maximum(a, 0),
    }
    slopes = AMPLITUDE * SLOPE * (1 - tanh**2), logistic * (1 - logistic), 1.0 * (a > 0)
    styles = {"sigmoid": {"ls": "--"}, "ReLU": {"ls": "-."}}
    figure, (left, right) = _panels(
        1, 2, left=0.07, right=0.985, top=0.745, wspace=0.95
    )
    left.set_ylim(-2.3, 4)
    plots.plot_curves(a, curves, left, styles)
    plots.plot_curves(a, dict(zip(curves, slopes, strict=True)), right, styles)
    for name in tuple(right.texts):
        name.remove()  # they stand beside the other panel
    left.set_title("function")
    right.set_title("derivative")
    for ax in (left, right):
        ax.set(xlabel="weighted sum a", xticks=(-4, 0, 4))
    facts = {"at_one": AMPLITUDE * np.tanh(SLOPE), "steepest": AMPLITUDE * SLOPE}
    return figure, facts | {"sigmoid": 0.25}


@_figure
def receptive_fields(material):
    rows = [_counted(material, name) for name in ("c1", "s2", "c3", "s4", "c5")]
    digit = np.pad(material.digit(3), 2)
    figure, axes = _panels(
        1, 5, left=0.02, right=0.98, bottom=0.16, top=0.76, wspace=0.08
    )
    for ax, row in zip(axes, rows, strict=True):
        field = row.receptive_field
        start = (len(digit) - field) // 2 // row.stride * row.stride
        colour = plots.LAYER_COLOURS[row.name]
        plots.plot_map(digit, ax, [(start, start, field, colour)], dim=True)
        ax.set_title(_name(row.name), weight="bold", pad=14)
        ax.set_xlabel(f"{field}x{field} pixels\nstep {row.stride}", labelpad=14)
    fields = {row.name: row.receptive_field for row in rows}
    return figure, fields | {"side": len(digit)}


@_figure
def table_1(material):
    figure, ax = _panels(left=0.08, right=0.98)
    plots.plot_table(C3_INPUTS, ax=ax)
    pairs, maps = sum(map(len, C3_INPUTS)), len(C3_INPUTS)
    facts = {"pairs": pairs, "all": 6 * maps, "maps": maps}
    return figure, facts | {"weights": 25 * pairs + maps, "full": 25 * 6 * maps + maps}


@_figure
def codes(material):
    pictures = np.stack([output_code(digit) for digit in "0123456789"])
    figure = plots.plot_images(pictures, "0123456789", columns=5)
    distances = {
        (a, b): int(((pictures[a].astype(int) - pictures[b]) ** 2).sum())
        for a, b in itertools.combinations(range(10), 2)
    }
    pair = min(distances, key=distances.get)
    facts = {"one": pair[0], "other": pair[1], "least": distances[pair]}
    facts |= {"most": max(distances.values()), "units": pictures[0].size}
    return _fit(figure, left=0.1, right=0.9, hspace=0.25), facts


@_figure
def codes_96(material):
    pictures = np.stack([output_code(character) for character in CHARACTERS])
    figure, ax = _panels(left=0.03, right=0.97, bottom=0.04, top=0.78)
    plots.plot_mosaic(pictures, 16, ax, gap=4)
    return figure, {"characters": len(pictures)}


@_figure
def layers(material):
    figure, (parameters, connections) = _panels(
        1, 2, left=0.24, bottom=0.04, top=0.745, wspace=0.1
    )
    rows = material.counts.layers
    names = [f"{_name(row.name)}  {'x'.join(map(str, row.shape))}" for row in rows]
    colours = [plots.LAYER_COLOURS[row.name] for row in rows]
    for ax, field, heading in (
        (parameters, "trainable", "trained parameters"),
        (connections, "connections", "connections"),
    ):
        values = [getattr(row, field) for row in rows]
        plots.plot_bars(dict(zip(names, values, strict=True)), ax, colour=colours)
        ax.set_title(heading)
        ax.set_xlim(0, 1.6 * max(values))
    connections.yaxis.set_visible(False)
    by_name = {row.name: row for row in rows}
    counts = material.counts
    convolutions = by_name["c1"].connections + by_name["c3"].connections
    return figure, {
        "trainable": counts.trainable,
        "connections": counts.connections,
        "c5_share": by_name["c5"].trainable / counts.trainable,
        "c1_c3_share": convolutions / counts.connections,
    }


@_figure
def one_digit(material):
    maps = material.maps(material.digit(4))
    figure = plt.figure()
    strips = (  # name, left, bottom, width, height, pictures in a row
        ("input", 0.02, 0.57, 0.11, 0.16, 1),
        ("c1", 0.15, 0.57, 0.55, 0.16, 6),
        ("s2", 0.73, 0.57, 0.26, 0.16, 6),
        ("c3", 0.02, 0.395, 0.96, 0.115, 16),
        ("s4", 0.02, 0.25, 0.96, 0.085, 16),
    )
    for name, *place, columns in strips:
        stack = np.moveaxis(maps[name], -1, 0)
        look = {"signed": name != "input", "gap": 1}
        ax = plots.plot_mosaic(stack, columns, figure.add_axes(place), **look)
        ax.set(xticks=[], yticks=[])
        ax.set_title(_size(name, maps[name]), loc="left")
        ax.set_anchor("NW")
    for name, shape, left in (("c5", (8, 15), 0.02), ("f6", (12, 7), 0.3)):
        values = maps[name].reshape(shape)
        ax = figure.add_axes((left, 0.02, 0.2, 0.17))
        plots.plot_map(values, ax, signed=True).set_anchor("SW")
        ax.set_title(_size(name, maps[name].ravel()), loc="left")
    answer = int(maps["output"].argmax())
    scores, heading = maps["output"], "Output: the largest wins"
    if scores.max() <= 0:  # squared distances to the codes, the sign turned
        scores, heading = -scores, "Output: the least wins"
        ax = figure.add_axes((0.46, 0.02, 0.2, 0.17))
        plots.plot_map(output_code(str(answer)), ax).set_anchor("SW")
        ax.set_title(f"code of {answer}", loc="left")
    ax = plots.plot_scores(scores, figure.add_axes((0.66, 0.065, 0.33, 0.125)), answer)
    ax.set(yticks=[])
    ax.set_title(heading, loc="left")
    return figure, {"answer": answer, "units": maps["f6"].size}


def _size(name, values):
    shape = values.shape
    if name == "input":
        return "Input"
    side = f"@{shape[0]}x{shape[1]}" if len(shape) == 3 else ""
    return f"{_name(name)}: {shape[-1]}{side}"


@_figure
def kernels(material):
    weights = material.model.get_layer("c1").get_weights()[0][:, :, 0]
    maps = material.maps(material.digit(4))["c1"]
    count = weights.shape[-1]
    figure, axes = _panels(
        2, count, left=0.1, bottom=0.13, top=0.73, wspace=0.08, hspace=0.08
    )
    for row, values, name in zip(
        axes, (weights, maps), ("weights", "map"), strict=True
    ):
        for k, ax in enumerate(row):
            limit = np.abs(values).max()
            plots.plot_map(values[..., k], ax, signed=True, limit=limit)
        row[0].set_ylabel(name, labelpad=12)
    for k, ax in enumerate(axes[0]):
        ax.set_title(f"{k}", pad=12)
    plots.add_caption(figure, "purple: positive, orange: negative")
    return figure, {"kernels": count}


@_figure
def kernels_c3(material):
    layer = trained("1998").get_layer("c3")
    pairs = [(s2, c3) for c3, maps in enumerate(layer.table) for s2 in maps]
    sheet = np.full((6, len(layer.table), 5, 5), np.nan)
    for (s2, c3), kernel in zip(
        pairs, np.moveaxis(layer.get_weights()[0], -1, 0), strict=True
    ):
        sheet[s2, c3] = kernel
    figure, ax = _panels(left=0.09, right=0.98, bottom=0.15, top=0.79)
    pictures, columns = sheet.reshape(-1, 5, 5), len(layer.table)
    names = {"names": range(6), "heads": range(columns)}
    plots.plot_mosaic(pictures, columns, ax, signed=True, gap=1, **names)
    ax.set(xlabel="map of C3", ylabel="map of S2")
    return figure, {"kernels": len(pairs), "weights": 25 * len(pairs)}


@_figure
def learning_curves(material):
    from lenet_keras.evaluation import histories

    runs = _of_60_000(histories("1998", "paper"))
    curves = {
        "training": _errors(runs, "accuracy"),
        "test": _errors(runs, "val_accuracy"),
    }
    published = {"training": PUBLISHED_TRAINING_CURVE, "test": PUBLISHED_TEST_CURVE}
    figure, ax = _panels(bottom=0.17)
    plots.plot_runs(curves, published, ax, band=True)
    final = curves["test"][:, -1]
    facts = {"seeds": len(runs), "passes": curves["test"].shape[1]}
    facts |= {"median": np.median(final), "low": final.min(), "high": final.max()}
    return figure, facts | {"paper": PUBLISHED_TEST_ERROR}


def _of_60_000(runs):
    return [run for run in runs if run["images"] == 60_000]


def _errors(runs, key):
    """Errors in percent, (runs, passes)."""
    return 100 * (1 - np.array([run[key] for run in runs]))


@_figure
def training_set_size(material):
    from lenet_keras.evaluation import histories

    errors = {}
    for run in histories("1998", "paper"):
        error = 100 * (1 - run["val_accuracy"][-1])
        errors.setdefault(run["images"], []).append(error)
    figure, ax = _panels(bottom=0.17)
    plots.plot_by_images(errors, PUBLISHED_BY_IMAGES, ax)
    ax.margins(x=0.1)
    least, most = min(errors), max(errors)
    facts = {"least": least, "most": most, "seeds": len(errors[most])}
    facts |= {"before": np.median(errors[least]), "after": np.median(errors[most])}
    return figure, facts


@_figure
def confusion(material):
    return _matrix(material, "all")


@_figure
def confusion_errors(material):
    return _matrix(material, "errors")


def _need_mistakes(material):
    if not material.mistakes:
        raise Unavailable("no digit is misread, so there is no mistake to show.")


def _matrix(material, colour):
    """The confusion matrix, everything coloured or only the errors."""
    from lenet_keras.evaluation import most_confused

    _need_mistakes(material)
    figure, ax = _panels(left=0.08, right=0.95, bottom=0.13, top=0.795)
    plots.plot_confusion(material.confusion, ax, colour=colour)
    ax.tick_params(axis="y", rotation=0)
    if colour == "errors":
        for text in ax.texts:
            column, row = (int(at) for at in text.get_position())
            if row == column or text.get_text() == "0":
                text.set_text("")
    _fit_numbers(ax, share=0.95, alike=False)
    (worst,) = most_confused(material.data.test_labels, material.answers, 1)
    right = int(np.trace(material.confusion))
    facts = worst._asdict() | {"right": right, "images": len(material.answers)}
    cells = len({(m.truth, m.answer) for m in material.mistakes})
    return figure, facts | {"wrong": len(material.mistakes), "cells": cells}


@_figure
def mistakes(material):
    _need_mistakes(material)
    wrong = sorted(material.mistakes, key=lambda m: (m.truth, m.answer, m.index))
    columns = max(1, int(np.ceil(np.sqrt(2.6 * len(wrong)))))
    titles = [f"{m.truth} → {m.answer}" for m in wrong]
    images = material.data.test_images[[m.index for m in wrong]]
    figure = plots.plot_images(images, titles, columns)
    _small_titles(figure, min(24.2, 220 / columns))
    facts = {"wrong": len(wrong), "images": len(material.data.test_labels)}
    facts |= {"paper": len(PUBLISHED_MISTAKES), "variant": material.variant}
    return _fit(figure, left=0.02, right=0.98, bottom=0.01, top=0.77, hspace=0.6), facts


@_figure
def confused_pairs(material):
    from lenet_keras.evaluation import most_confused

    _need_mistakes(material)
    pairs = most_confused(material.data.test_labels, material.answers, number=5)
    columns, images, names = min(9, pairs[0].count), [], []
    for pair in pairs:
        own = [m.index for m in material.mistakes if (m.truth, m.answer) == pair[:2]]
        pictures = material.data.test_images[own[:columns]].astype(float)
        rest = np.full((columns - len(pictures), *pictures.shape[1:]), np.nan)
        images += [pictures, rest]
        names.append(f"{pair.truth} → {pair.answer}, {pair.count} times")
    figure, ax = _panels(left=0.28, right=0.97, bottom=0.03, top=0.78)
    plots.plot_mosaic(np.concatenate(images), columns, ax, names=names)
    ax.set_anchor("W")
    facts = pairs[0]._asdict() | {"pairs": len(pairs), "wrong": len(material.mistakes)}
    return figure, facts | {"together": sum(pair.count for pair in pairs)}


@_figure
def error_by_class(material):
    from lenet_keras.evaluation import error_by_class

    errors = error_by_class(material.data.test_labels, material.answers)
    figure, ax = _panels(left=0.12, bottom=0.17)
    plots.plot_error_by_class({material.variant: errors}, ax)
    facts = {"hardest": int(errors.argmax()), "easiest": int(errors.argmin())}
    return figure, facts | {"most": errors.max(), "least": errors.min()}


@_figure
def confidence(material):
    _need_mistakes(material)
    labels = material.data.test_labels
    figure, axes = _panels(1, 2, left=0.13, bottom=0.17, top=0.74, wspace=0.2)
    sure = {}
    variants = material.variant, material.other
    for ax, variant in zip(axes, variants, strict=True):
        best = material.probabilities(variant).max(-1)
        right = material.probabilities(variant).argmax(-1) == labels
        plots.plot_confidence(best[right], best[~right], ax)
        ax.set(title=f"variant {variant}", xlim=(0, 1.01), xticks=(0, 0.5, 1))
        sure[variant] = np.mean(best[~right] > 0.95)
    axes[1].set_ylabel("")
    axes[1].get_legend().remove()
    own, others = (sure[variant] for variant in variants)
    facts = {"own": own, "others": others, "other": material.other}
    return figure, facts | {"variant": material.variant}


@_figure
def rejection(material):
    from lenet_keras.evaluation import rejected_for, rejection

    curves = {
        f"variant {variant}": rejection(
            material.data.test_labels, material.scores(variant)
        )
        for variant in (material.variant, material.other)
    }
    figure, ax = _panels(bottom=0.17)
    named = "boosted LeNet-4", "LeNet-4", "20x20-300-10"
    published = {name: PUBLISHED_REJECTION[name] for name in named}
    plots.plot_rejection(curves, published=published, ax=ax)
    own = curves[f"variant {material.variant}"]
    facts = {"refused": rejected_for(own), "error": own.error_rate[0], "target": 0.5}
    return figure, facts | {
        "others": rejected_for(curves[f"variant {material.other}"]),
        "other": material.other,
    }


_CHANGES = {  # amounts, and how one is written
    "shift_y": ((0, 2, 4, 6, 8, 10), "{:g} px"),
    "scale": ((1, 1.3, 0.8, 0.7, 0.6, 0.5), "× {:g}"),
    "rotation": ((0, 10, 20, 30, 45, 60), "{:g}°"),
    "noise": ((0, 0.05, 0.1, 0.15, 0.2, 0.3), "{:.0%}"),
}


@_figure
def changed_digits(material):
    from lenet_keras.data import to_input
    from lenet_keras.evaluation import predict, transform

    label = 4
    x = to_input(material.digit(label)[None])
    images, titles, wrong = [], [], []
    for kind, (amounts, form) in _CHANGES.items():
        changed = np.concatenate([transform(x, kind, amount) for amount in amounts])
        answers = predict(material.model, changed).argmax(-1)
        answered = zip(amounts, answers, strict=True)
        texts = [f"{form.format(amount)}: {answer}" for amount, answer in answered]
        titles += [_KINDS[kind], *texts[1:]]
        wrong += (answers != label).tolist()
        images.append(changed)
    figure = plots.plot_images(np.concatenate(images), titles, columns=6)
    _small_titles(figure, 24.2)
    for ax, is_wrong in zip(figure.axes, wrong, strict=True):
        if is_wrong:
            ax.title.set(color=plots.VERMILION, fontweight="bold")
    _fit(figure, bottom=0.015, top=0.755, hspace=0.5)
    return figure, {"digit": label, "wrong": sum(wrong), "pictures": len(wrong) - 4}


@_figure
def robustness(material):
    from lenet_keras.evaluation import robustness

    images, labels = material.data.test_images, material.data.test_labels
    variants = material.variant, material.other
    figure, axes = _panels(
        2, 2, left=0.11, bottom=0.14, top=0.7, wspace=0.2, hspace=0.7
    )
    errors = {}
    for ax, (kind, (amounts, limits, xlabel)) in zip(
        axes.flat, _AMOUNTS.items(), strict=True
    ):
        errors[kind] = {
            f"variant {v}": robustness(trained(v), images, labels, kind, amounts)
            for v in variants
        }
        plots.plot_robustness(
            amounts, errors[kind], xlabel=xlabel, limits=limits, ax=ax
        )
        ax.get_legend().remove()
        ax.set(ylabel="", yticks=(0, 50, 100))
    handles = axes[0, 0].get_legend_handles_labels()
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.82), "frameon": False}
    figure.legend(*handles, **place, ncols=3)
    figure.supylabel("error (%)", x=0.01, fontsize="small")
    turned = errors["rotation"][f"variant {material.variant}"]
    at = dict(zip(_AMOUNTS["rotation"][0], turned, strict=True))
    return figure, {"images": len(labels), "at_30": (at[-30] + at[30]) / 2}


_AMOUNTS = {  # amounts, what the paper estimates beside its Fig. 13, the label
    "shift_y": (range(-10, 11, 2), (-10, 10), "shift down (pixels)"),
    "scale": (np.arange(0.4, 1.61, 0.1).round(1), (), "scale (factor)"),
    "rotation": (range(-60, 61, 10), (-30, 30), "rotation (degrees)"),
    "noise": (np.arange(0, 0.31, 0.05).round(2), (), "noise (share of pixels)"),
}


@_figure
def ladder(material):
    from lenet_keras.evaluation import ladder

    rungs = {}
    for run in ladder():
        rungs.setdefault(run["rung"], []).append(run)
    errors = {
        name: [_errors(runs, key)[:, -1].tolist() for runs in rungs.values()]
        for name, key in (("test", "val_accuracy"), ("training", "accuracy"))
    }
    figure, ax = _panels(left=0.34, bottom=0.22, top=0.77)
    plots.plot_ladder(list(rungs), errors, PUBLISHED_TEST_ERROR, ax)
    first, last = (np.median(errors["test"][k]) for k in (0, -1))
    facts = {"rungs": len(rungs), "first": first, "last": last}
    return figure, facts | {"seeds": len(rungs["1998"])}


@_figure
def peers(material):
    speed, accuracy = measured("results.json"), measured("accuracy.json")
    names = {
        "ours": "lenet_keras",
        "keras fit": "Keras fit",
        "pytorch eager": "PyTorch",
    }
    rates = speed["images_per_second_of_all"]
    rates = {name: rates[key] for key, name in names.items() if rates.get(key)}
    errors = {"paper": PUBLISHED_TEST_ERROR}
    for row in accuracy.values():
        if row["data"] == "mnist" and row["epochs"] > 1:
            errors[row["variant"]] = float(np.median(row["test_error_percent"]))
    figure, axes = _panels(
        1, 2, left=0.2, right=0.98, bottom=0.04, top=0.745, wspace=0.32
    )
    for ax, values, theirs, heading, fmt in (
        (axes[0], rates, ("Keras fit", "PyTorch"), "images a second", "{:,}"),
        (axes[1], errors, ("paper",), "test error (%)", "{:.2f}"),
    ):
        colours = ["#999999" if name in theirs else plots.BLUE for name in values]
        plots.plot_bars(values, ax, fmt, colour=colours)
        ax.set(title=heading, xlim=(0, 1.45 * max(values.values())))
    facts = {"ratio": speed["ratio_to_keras_fit"], "machine": speed["machine"]}
    facts |= {"seconds": speed["time_to_98_34_seconds"], "paper": PUBLISHED_TEST_ERROR}
    return figure, facts | {"worst": max(v for k, v in errors.items() if k != "paper")}


_FAMILIES = {
    "linear": "linear, quadratic",
    "memory": "examples kept",
    "dense": "fully connected",
    "convolutional": "convolutional",
}


@_figure
def methods(material):
    from lenet_keras.evaluation import histories, ladder

    families = {name: [] for name in _FAMILIES.values()}
    for row in PUBLISHED_METHODS:
        if row.variables is not None:
            point = row.name, 1000 * row.variables, row.error
            families[_FAMILIES[row.family]].append(point)
    paper = _errors(_of_60_000(histories("1998", "paper")), "val_accuracy")
    climbed = ladder()
    top = [run for run in climbed if run["rung"] == climbed[-1]["rung"]]
    then, today = (
        float(np.median(errors[:, -1]))
        for errors in (paper, _errors(top, "val_accuracy"))
    )
    ours = {"here, 1998": (60_000, then), "here, today": (61_706, today)}
    names = {"linear": "right", "pairwise linear": "right", "LeNet-1, 16x16": "right"}
    names |= {
        "K-NN, deslanted": "left",
        "1000 hidden units": "left",
        "LeNet-5": "left",
    }
    figure, ax = _panels(bottom=0.17)
    plots.plot_methods(families, ours, names, ax)
    ax.set(xlim=(2e3, 5e7), ylim=(0.5, 15))
    number = sum(map(len, families.values()))
    return figure, {"then": then, "today": today, "methods": number}
