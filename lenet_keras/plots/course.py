"""Drawings of the course: the network with a digit in it, and a chain of slopes."""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke

from lenet_keras.plots.style import BLUE, LAYER_COLOURS, bare

_FORWARD, _BACK = "black", BLUE


def plot_network(stages, answers, windows=None, width=12):
    """Draw a network from left to right, with what its layers make of one digit.

    Args:
        stages: dict of a layer's name and its values: maps (height, width, maps), or
            units (n,) or (1, 1, n), which are drawn as 12 rows. The first is the input,
            drawn as ink. The others are white at zero, with the strongest value of each
            layer as the strongest colour.
        answers: floats (classes,), the probabilities, drawn as bars behind the last.
        windows: dict of a layer's name and (top, left, side), a square to frame on its
            first map; or None.
        width: float, inches.

    Returns:
        The Figure: above each layer its name, below it how many maps or units it has.
    """
    blocks = {name: _block(values) for name, values in stages.items()}
    sizes = [_size(maps.shape) for maps in blocks.values()]
    gap, bars = 0.42, 1.0
    across = sum(columns * side for columns, _, side, _ in sizes) + bars
    scale = (width - gap * (len(sizes) + 2)) / across
    height = 1.7 + scale * max(rows * high for _, rows, _, high in sizes)
    figure = plt.figure(figsize=(width, height))
    middle, left = height / 2 - 0.05, gap / 2
    for (name, maps), size in zip(blocks.items(), sizes, strict=True):
        columns, _, side, high = size
        place = left, middle, scale * side, scale * high
        first = _draw_maps(
            figure, maps, columns, place, is_input=name == next(iter(blocks))
        )
        if name in (windows or {}):
            _frame(first, *windows[name])
        right = left + scale * columns * side
        _name(figure, name, np.shape(stages[name]), (left + right) / 2)
        _arrow(figure, right + 0.06, right + gap - 0.06, middle)
        left = right + gap
    place = left + 0.15, middle, scale * bars, height - 1.7
    _draw_answers(figure, np.asarray(answers), place)
    return figure


def plot_chain(values, wires, slopes=None, ax=None):
    """Draw a chain of computations: values on the way there, slopes on the way back.

    Args:
        values: dict of name to number, from the input to the loss.
        wires: dict of the name of a weight or a function to what is written above its
            wire, one between each two values.
        slopes: dict of the name of a value or a weight to the slope of the loss in it;
            or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: what goes forward above in black, what comes back below in colour.
    """
    slopes = slopes or {}
    low = -1.15 if slopes else -0.4
    ax = ax or plt.subplots(figsize=(11, 1.6 * (1 - low)))[1]
    ax.set(xlim=(-0.45, len(values) - 0.55), ylim=(low, 1.0))
    ax.axis("off")
    middle = {"ha": "center", "va": "center"}
    for k, (name, value) in enumerate(values.items()):
        ax.plot(k, 0, "o", ms=44, mfc="white", mec="#555555")
        ax.text(k, 0, f"{value:.3g}", fontsize=15, **middle)
        ax.text(k, 0.72, name, fontsize=15, fontweight="bold", **middle)
        if name in slopes:
            ax.text(k, -0.5, f"{slopes[name]:.2f}", fontsize=14, color=_BACK, **middle)
    for k, (name, text) in enumerate(wires.items()):
        _wire(ax, k + 0.27, k + 0.73, 0.12, _FORWARD)
        ax.text(k + 0.5, 0.34, text, fontsize=13, **middle)
        if slopes:
            _wire(ax, k + 0.73, k + 0.27 if k else 0.5, -0.3, _BACK)
        if name in slopes:
            note = f"{name}: {slopes[name]:.2f}"
            ax.text(k + 0.5, -0.78, note, fontsize=14, color=_BACK, **middle)
    if slopes:
        back = "below: the slope of the loss in each number, from right to left"
        ax.text(-0.4, -1.08, back, color=_BACK, va="center")
    return ax


def _block(values):
    """Maps as they are; single units as one map of 12 rows."""
    values = np.asarray(values)
    if values.ndim == 3 and values.shape[:2] != (1, 1):
        return values
    return values.reshape(12, -1, 1)


def _size(shape):
    """Columns and rows of a layer's maps, and the width and height of one."""
    height, width, maps = shape
    columns = {1: 1, 6: 2}.get(maps) or math.isqrt(maps - 1) + 1
    side = (0.5 + 0.075 * max(height, width)) / (1 + 0.7 * math.log2(columns))
    return columns, -(-maps // columns), side * width / max(height, width), side


def _draw_maps(figure, maps, columns, place, is_input):
    """The maps of one layer as a block, centred on a height; the first one's Axes."""
    left, middle, side, high = place
    strongest = np.abs(maps).max() or 1
    signed = {"cmap": "PuOr", "vmin": -strongest, "vmax": strongest}
    look = {"cmap": "binary"} if is_input else signed
    rows = -(-maps.shape[-1] // columns)
    across, up = figure.get_size_inches()
    drawn = []
    for k, each in enumerate(np.moveaxis(maps, -1, 0)):
        row, column = divmod(k, columns)
        corner = left + column * side, middle + (rows / 2 - row - 1) * high
        inner = 0.94 * side, 0.94 * high
        ax = figure.add_axes(
            (corner[0] / across, corner[1] / up, inner[0] / across, inner[1] / up)
        )
        ax.imshow(each, aspect="auto", interpolation="nearest", **look)
        bare(ax)
        drawn.append(ax)
    return drawn[0]


def _frame(ax, top, left, side):
    """A square around pixels, to be seen on any colour."""
    look = {"fill": False, "ec": "black", "lw": 2, "clip_on": False}
    halo = [withStroke(linewidth=4.5, foreground="white")]
    corner = left - 0.5, top - 0.5
    ax.add_patch(plt.Rectangle(corner, side, side, path_effects=halo, **look))


def _name(figure, name, shape, centre):
    """What stands above and below a layer."""
    units = shape[-1]
    if len(shape) == 1 or shape[:2] == (1, 1):
        below = f"{units}\nunits"
    elif units == 1:
        below = f"{shape[0]}x{shape[1]}\npixels"
    else:
        below = f"{units} maps\nof {shape[0]}x{shape[1]}"
    colour = LAYER_COLOURS.get(name, "black")
    _write(figure, centre, name if name == "input" else name.upper(), below, colour)


def _draw_answers(figure, answers, place):
    """A bar for each class."""
    left, middle, wide, high = place
    across, up = figure.get_size_inches()
    ax = figure.add_axes(
        (left / across, (middle - high / 2) / up, wide / across, high / up)
    )
    colours = np.where(answers == answers.max(), LAYER_COLOURS["output"], "#bbbbbb")
    ax.barh(list(map(str, range(len(answers)))), answers, color=colours)
    ax.set(xlim=(0, 1), xticks=[])
    ax.invert_yaxis()
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(length=0, labelsize=12)
    _write(figure, left + wide / 2, "output", f"it reads\n{answers.argmax()}", "black")


def _write(figure, centre, above, below, colour):
    """A name at the top of a figure and some words at its bottom."""
    across, up = figure.get_size_inches()
    text = {"ha": "center", "va": "center"}
    heading = {"fontsize": 17, "fontweight": "bold", "color": colour}
    figure.text(centre / across, 1 - 0.25 / up, above, **heading, **text)
    figure.text(centre / across, 0.35 / up, below, fontsize=12, **text)


def _arrow(figure, start, end, height):
    """A short arrow between two layers, in inches."""
    across, up = figure.get_size_inches()
    ax = figure.add_axes((0, 0, 1, 1), zorder=-1)
    ax.set(xlim=(0, across), ylim=(0, up))
    ax.axis("off")
    _wire(ax, start, end, height, "#777777")


def _wire(ax, start, end, height, colour):
    """A horizontal arrow."""
    look = {"arrowstyle": "-|>", "color": colour, "lw": 1.5, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (end, height), (start, height), arrowprops=look)
