"""Figures of the network: its layers, what a unit computes, its kernels and codes."""

import itertools

import matplotlib.pyplot as plt
import numpy as np

from lecture.architecture import plot_architecture
from lecture.measurements import Unavailable, trained
from lecture.slides import (
    TOP,
    add_caption,
    panels,
)
from lenet_keras import paper, plots


def architecture(material):
    """The whole network, with a digit on its way through it (the paper's Figure 2)."""
    figure, ax = panels(left=0, right=1, bottom=0.13, top=TOP)
    counts, shape = material.counts, material.model.input_shape[1:]
    maps = material.maps(material.digit(4))
    plot_architecture(counts.layers, shape, ax, maps)
    add_caption(figure, "C convolution, S subsampling, F full connection")
    facts = {"layers": len(counts.layers), "variant": material.variant}
    return figure, facts | {"height": shape[0], "width": shape[1]}


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
    """The codes of the ten digits, and what F6 makes of a digit of each."""
    if material.variant != "1998":
        raise Unavailable(f"no codes are compared with F6 in {material.variant!r}.")
    pictures = np.stack([paper.output_code(digit) for digit in "0123456789"])
    drawn = [material.maps(material.digit(k))["f6"] for k in range(10)]
    written = np.stack([np.pad(material.digit(k), 2) for k in range(10)])
    figure, axes = panels(3, 1, left=0.17, right=0.99, bottom=0.17, top=0.79)
    look = {"columns": 10, "gap": 3}
    plots.plot_mosaic(written, ax=axes[0], columns=10, gap=12, names=["written"])
    f6 = np.reshape(drawn, pictures.shape)
    plots.plot_mosaic(f6, ax=axes[1], signed=True, names=["F6 makes"], **look)
    plots.plot_mosaic(pictures, ax=axes[2], names=["the codes"], **look)
    add_caption(figure, "among the letters, the bar on top tells O from o")
    distances = {
        (a, b): int(((pictures[a].astype(int) - pictures[b]) ** 2).sum())
        for a, b in itertools.combinations(range(10), 2)
    }
    pair = min(distances, key=distances.get)
    facts = {"one": pair[0], "other": pair[1], "least": distances[pair]}
    facts |= {"most": max(distances.values()), "units": pictures[0].size}
    return figure, facts | {"alike": int((pictures == pictures[0]).all(0).sum())}


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
    names = [_size(row.name, row.shape) for row in rows]
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


_ROWS = {  # its height on the slide, and how many pictures are in it
    "input": (0.095, 1),
    "c1": (0.095, 6),
    "s2": (0.08, 6),
    "c3": (0.08, 16),
    "s4": (0.06, 16),
    "c5": (0.06, 1),
    "f6": (0.105, 1),
    "output": (0.08, 1),
}


def one_digit(material):
    """What each layer makes of one digit, from the input down to the answer."""
    maps = material.maps(material.digit(4))
    answer = int(maps["output"].argmax())
    figure, top = plt.figure(), 0.795
    for name, (height, columns) in _ROWS.items():
        top -= height + 0.006
        place = 0.25, top, 0.73, height - 0.006
        ax = figure.add_axes(place)
        middle = {"va": "center", "size": "small"}
        figure.text(0.03, top + height / 2, _size(name, maps[name].shape), **middle)
        if name == "output":
            _draw_output(ax, maps["output"], answer)
            continue
        shape = {"c5": (6, 20), "f6": (12, 7)}.get(name)
        pictures = (
            np.moveaxis(maps[name], -1, 0)
            if shape is None
            else (maps[name].reshape(1, *shape))
        )
        signed = name != "input"
        plots.plot_mosaic(pictures, columns, ax, signed=signed, gap=1)
        ax.set(xticks=[], yticks=[])
        ax.set_anchor("W")
        if name == "f6" and maps["output"].max() <= 0:  # compared with the codes
            _draw_code(figure, place, answer)
    return figure, {"answer": answer, "units": maps["f6"].size}


def _draw_code(figure, place, answer):
    """Beside F6 the code of the answer."""
    _, bottom, _, height = place
    ax = figure.add_axes((0.33, bottom, 0.1, height))
    plots.plot_map(paper.output_code(str(answer)), ax)
    ax.set_anchor("W")
    look = {"va": "center", "size": "small"}
    figure.text(0.39, bottom + height / 2, f"code of {answer}", **look)


def _draw_output(ax, output, answer):
    """The outputs as bars: probabilities, or squared distances to the codes."""
    is_distance = output.max() <= 0
    classes = range(len(output))
    colours = ["#999999"] * len(output)
    colours[answer] = plots.MARK
    ax.bar(classes, -output if is_distance else output, color=colours)
    ax.set(xticks=classes, yticks=[], xlim=(-0.6, 16))
    ax.spines["bottom"].set_bounds(-0.6, 9.6)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="x", length=0)
    ax.get_xticklabels()[answer].set(color=plots.MARK, fontweight="bold")
    heading = "the smallest wins" if is_distance else "the largest wins"
    ax.text(10, 0, heading, size="small")


def _size(name, shape):
    """A layer's name and how many units it has, and of what size its maps are."""
    if name == "input":
        return "Input"
    side = f"@{shape[0]}x{shape[1]}" if len(shape) == 3 and shape[0] > 1 else ""
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
    across, down = weights.sum(0).var(0), weights.sum(1).var(0)
    order = np.argsort(across / down)  # the first change from row to row alone
    facts = {"level": sorted(order[:2]), "upright": sorted(order[-2:])}
    return figure, facts | {"kernels": count}


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
