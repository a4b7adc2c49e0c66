"""Figures of the network: its layers, what a unit computes, its kernels and codes."""

import itertools
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from lecture.architecture import plot_architecture
from lecture.measurements import trained
from lecture.slides import (
    TOP,
    add_caption,
    fit,
    fit_numbers,
    head_squares,
    panels,
)
from lenet_keras import paper, plots

_SEEN = plots.MARK  # around what a unit sees, and around the unit


def architecture(material):
    """The whole network, in the manner of the paper's Figure 2."""
    figure, ax = panels(left=0, right=1, bottom=0.02, top=TOP)
    counts, shape = material.counts, material.model.input_shape[1:]
    plot_architecture(counts.layers, shape, ax)
    facts = {"layers": len(counts.layers), "variant": material.variant}
    return figure, facts | {"height": shape[0], "width": shape[1]}


def convolution(material):
    """What one unit of C1 reads, its weights, and what comes of them."""
    unit = _unit(material)
    figure, axes = panels(1, 4, left=0.02, right=0.98, bottom=0.2, top=0.7, wspace=0.16)
    plots.plot_map(unit.digit, axes[0], [(unit.row, unit.column, 5, _SEEN)])
    plots.plot_numbers(unit.window.round(1) + 0, axes[1], ".1f")
    plots.plot_numbers(unit.kernel.round(1) + 0, axes[2], ".1f", signed=True)
    mark = unit.row - 1, unit.column - 1, 3, _SEEN
    plots.plot_map(unit.map, axes[3], [mark], signed=True)
    map_name = f"map {unit.number} of C1"
    head_squares(axes, ("the digit", "5x5 inputs", "5x5 weights", map_name))
    for ax in axes[1:3]:
        fit_numbers(ax)
    total = float((unit.window * unit.kernel).sum())
    value = unit.map[unit.row, unit.column]
    add_caption(
        figure,
        f"sum of 25 products {total:.2f}, bias {unit.bias:+.2f}, squashed {value:.2f}",
    )
    return figure, {"value": value}


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


def weight_sharing(material):
    """One kernel on its way over a digit, and how much of the map there is by then."""
    unit = _unit(material)
    side = len(unit.map)
    last = side - 1
    places = (
        (0, 0), (side // 3, side // 3), (2 * side // 3, side // 4), (last, last)
    )  # fmt: skip
    figure, axes = panels(2, 4, left=0.1, bottom=0.03, top=0.76, wspace=0.1, hspace=0.1)
    for (above, below), place in zip(axes.T, places, strict=True):
        _draw_step(unit, place, above, below)
    axes[0, 0].set_ylabel("input")
    axes[1, 0].set_ylabel("map of C1")
    return figure, {"units": side**2, "side": side, "weights": unit.kernel.size + 1}


def _draw_step(unit, place, above, below):
    """The window of one unit of C1, and the map as far as it is computed."""
    row, column = place
    side = len(unit.map)
    done = row * side + column + 1
    plots.plot_map(unit.digit, above, [(row, column, 5, _SEEN)])
    above.set_title(f"unit {done}")
    so_far = np.where(np.arange(side**2) < done, unit.map.ravel(), np.nan)
    mark = max(0, row - 2), max(0, column - 2), 3, _SEEN
    look = {"signed": True, "limit": np.abs(unit.map).max()}
    plots.plot_map(so_far.reshape(side, side), below, [mark], **look)


def subsampling(material):
    """How four units of C1 become one of S2."""
    unit = _unit(material)
    maps = material.maps(material.digit(2))
    row, column = unit.row // 2, unit.column // 2
    window = unit.map[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    halved = maps["s2"][..., unit.number]
    figure, axes = panels(1, 3, left=0.04, right=0.96, bottom=0.2, top=0.72, wspace=0.2)
    look = {"signed": True, "limit": np.abs(unit.map).max()}
    plots.plot_map(unit.map, axes[0], [(2 * row, 2 * column, 2, _SEEN)], **look)
    plots.plot_numbers(window, axes[1], ".2f", signed=True)
    plots.plot_map(halved, axes[2], [(row, column, 1, _SEEN)], **look)
    headings = (
        f"map {unit.number} of C1, {len(unit.map)}x{len(unit.map)}",
        "2x2 units of C1",
        f"map {unit.number} of S2, {len(halved)}x{len(halved)}",
    )
    head_squares(axes, headings)
    add_caption(figure, _halving(material, unit.number, window, halved[row, column]))
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


def squashing(material):
    """Three squashing functions, and their derivatives."""
    a = np.linspace(-4, 4, 401)
    tanh, logistic = np.tanh(paper.SLOPE * a), 1 / (1 + np.exp(-a))
    steepest = paper.AMPLITUDE * paper.SLOPE
    functions = {
        "scaled tanh": paper.AMPLITUDE * tanh,
        "sigmoid": logistic,
        "ReLU": np.maximum(a, 0),
    }
    derivatives = {
        "scaled tanh": steepest * (1 - tanh**2),
        "sigmoid": logistic * (1 - logistic),
        "ReLU": 1.0 * (a > 0),
    }
    styles = {"sigmoid": {"ls": "--"}, "ReLU": {"ls": "-."}}
    figure, (left, right) = panels(1, 2, left=0.07, right=0.985, top=0.745, wspace=0.95)
    left.set_ylim(-2.3, 4)
    plots.plot_curves(a, functions, left, styles)
    plots.plot_curves(a, derivatives, right, styles)
    for name in tuple(right.texts):
        name.remove()  # they stand beside the other panel
    left.set_title("function")
    right.set_title("derivative")
    for ax in (left, right):
        ax.set(xlabel="weighted sum a", xticks=(-4, 0, 4))
    facts = {"at_one": paper.AMPLITUDE * np.tanh(paper.SLOPE), "steepest": steepest}
    return figure, facts | {"sigmoid": 0.25}


def receptive_fields(material):
    """What one unit of each layer sees of a digit."""
    rows = [_counted(material, name) for name in ("c1", "s2", "c3", "s4", "c5")]
    digit = np.pad(material.digit(3), 2)
    figure, axes = panels(
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


def table_1(material):
    """The paper's Table I: which maps of S2 each map of C3 reads."""
    figure, ax = panels(left=0.08, right=0.98)
    plots.plot_table(paper.C3_INPUTS, ax=ax)
    pairs, maps = sum(map(len, paper.C3_INPUTS)), len(paper.C3_INPUTS)
    facts = {"pairs": pairs, "all": 6 * maps, "maps": maps}
    return figure, facts | {"weights": 25 * pairs + maps, "full": 25 * 6 * maps + maps}


def codes(material):
    """The codes of the ten digits."""
    pictures = np.stack([paper.output_code(digit) for digit in "0123456789"])
    figure = plots.plot_images(pictures, "0123456789", columns=5)
    distances = {
        (a, b): int(((pictures[a].astype(int) - pictures[b]) ** 2).sum())
        for a, b in itertools.combinations(range(10), 2)
    }
    pair = min(distances, key=distances.get)
    facts = {"one": pair[0], "other": pair[1], "least": distances[pair]}
    facts |= {"most": max(distances.values()), "units": pictures[0].size}
    return fit(figure, left=0.1, right=0.9, hspace=0.25), facts


def codes_96(material):
    """The codes of all characters that the paper draws."""
    pictures = np.stack([paper.output_code(each) for each in paper.CHARACTERS])
    figure, ax = panels(left=0.03, right=0.97, bottom=0.04, top=0.78)
    plots.plot_mosaic(pictures, 16, ax, gap=4)
    return figure, {"characters": len(pictures)}


def layers(material):
    """Parameters and connections of each layer."""
    counts, rows = material.counts, material.counts.layers
    figure, (left, right) = panels(1, 2, left=0.24, bottom=0.04, top=0.745, wspace=0.1)
    names = [f"{_name(row.name)}  {'x'.join(map(str, row.shape))}" for row in rows]
    colours = [plots.LAYER_COLOURS[row.name] for row in rows]
    for ax, values, heading in (
        (left, [row.trainable for row in rows], "trained parameters"),
        (right, [row.connections for row in rows], "connections"),
    ):
        plots.plot_bars(dict(zip(names, values, strict=True)), ax, colour=colours)
        ax.set_title(heading)
        ax.set_xlim(0, 1.6 * max(values))
    right.yaxis.set_visible(False)
    c1, c3, c5 = (_counted(material, name) for name in ("c1", "c3", "c5"))
    facts = {"trainable": counts.trainable, "connections": counts.connections}
    return figure, facts | {
        "c5_share": c5.trainable / counts.trainable,
        "c1_c3_share": (c1.connections + c3.connections) / counts.connections,
    }


_STRIPS = (  # left, bottom, width, height on the slide; pictures in a row
    ("input", (0.02, 0.57, 0.11, 0.16), 1),
    ("c1", (0.15, 0.57, 0.55, 0.16), 6),
    ("s2", (0.73, 0.57, 0.26, 0.16), 6),
    ("c3", (0.02, 0.395, 0.96, 0.115), 16),
    ("s4", (0.02, 0.25, 0.96, 0.085), 16),
)


def one_digit(material):
    """What each layer makes of one digit, from the input to the answer."""
    maps = material.maps(material.digit(4))
    figure = plt.figure()
    for name, place, columns in _STRIPS:
        pictures = np.moveaxis(maps[name], -1, 0)
        look = {"signed": name != "input", "gap": 1}
        ax = plots.plot_mosaic(pictures, columns, figure.add_axes(place), **look)
        ax.set(xticks=[], yticks=[])
        ax.set_title(_size(name, maps[name]), loc="left")
        ax.set_anchor("NW")
    for name, shape, left in (("c5", (8, 15), 0.02), ("f6", (12, 7), 0.3)):
        ax = _units(figure, left, maps[name].reshape(shape), signed=True)
        ax.set_title(_size(name, maps[name].ravel()), loc="left")
    answer = int(maps["output"].argmax())
    _draw_output(figure, maps["output"], answer)
    return figure, {"answer": answer, "units": maps["f6"].size}


def _units(figure, left, values, **look):
    """A small picture in the lowest row of a slide."""
    ax = plots.plot_map(values, figure.add_axes((left, 0.02, 0.2, 0.17)), **look)
    ax.set_anchor("SW")
    return ax


def _draw_output(figure, output, answer):
    """The outputs as bars, or the distances with the code of the nearest class."""
    heading = "Output: the largest wins"
    if output.max() <= 0:  # squared distances to the codes, the sign turned
        output, heading = -output, "Output: the least wins"
        ax = _units(figure, 0.46, paper.output_code(str(answer)))
        ax.set_title(f"code of {answer}", loc="left")
    ax = figure.add_axes((0.66, 0.065, 0.33, 0.125))
    classes = range(len(output))
    colours = ["#999999"] * len(output)
    colours[answer] = plots.VERMILION
    ax.bar(classes, output, color=colours)
    ax.set(xticks=classes, yticks=[])
    ax.tick_params(axis="x", length=0)
    ax.get_xticklabels()[answer].set(color=plots.VERMILION, fontweight="bold")
    ax.set_title(heading, loc="left")


def _size(name, values):
    """A layer's name and how many units it has, and of what size its maps are."""
    shape = values.shape
    if name == "input":
        return "Input"
    side = f"@{shape[0]}x{shape[1]}" if len(shape) == 3 else ""
    return f"{_name(name)}: {shape[-1]}{side}"


def kernels(material):
    """The kernels of C1, and the maps that they make of a digit."""
    weights = material.model.get_layer("c1").get_weights()[0][:, :, 0]
    maps = material.maps(material.digit(4))["c1"]
    count = weights.shape[-1]
    figure, axes = panels(
        2, count, left=0.1, bottom=0.13, top=0.73, wspace=0.08, hspace=0.08
    )
    for row, values, name in zip(
        axes, (weights, maps), ("weights", "map"), strict=True
    ):
        look = {"signed": True, "limit": np.abs(values).max()}
        for k, ax in enumerate(row):
            plots.plot_map(values[..., k], ax, **look)
        row[0].set_ylabel(name, labelpad=12)
    for k, ax in enumerate(axes[0]):
        ax.set_title(f"{k}", pad=12)
    add_caption(figure, "purple: positive, orange: negative")
    return figure, {"kernels": count}


def kernels_c3(material):
    """The kernels of C3, each in the place of its two maps in Table I."""
    layer = trained("1998").get_layer("c3")
    pairs = [(s2, c3) for c3, maps in enumerate(layer.table) for s2 in maps]
    weights = np.moveaxis(layer.get_weights()[0], -1, 0)
    sheet = np.full((6, len(layer.table), 5, 5), np.nan)
    for pair, kernel in zip(pairs, weights, strict=True):
        sheet[pair] = kernel
    figure, ax = panels(left=0.09, right=0.98, bottom=0.15, top=0.79)
    columns = len(layer.table)
    names = {"names": range(6), "heads": range(columns)}
    pictures = sheet.reshape(-1, 5, 5)
    plots.plot_mosaic(pictures, columns, ax, signed=True, gap=1, **names)
    ax.set(xlabel="map of C3", ylabel="map of S2")
    return figure, {"kernels": len(pairs), "weights": 25 * len(pairs)}


def _name(layer):
    """A layer's name as the paper writes it."""
    return layer.title() if layer in ("input", "output") else layer.upper()


def _counted(material, name):
    """The counts of one layer."""
    return next(row for row in material.counts.layers if row.name == name)
