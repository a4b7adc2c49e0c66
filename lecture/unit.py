"""Figures of one unit of C1, and of the unit of S2 above it, worked out in numbers.

The unit is searched for: the first whose sums come out with the numbers as they are
printed, so that a student with a calculator is right.
"""

import functools
from typing import NamedTuple

import keras
import numpy as np

from lecture.measurements import Unavailable
from lecture.slides import add_caption, fit_numbers, head_squares, panels
from lenet_keras import plots

SEEN = plots.MARK  # around what a unit sees, and around the unit
_DIGIT, _DIGITS, _BLOCKS = 2, 60, 80  # which are searched, and how many of each


class Unit(NamedTuple):
    """A unit of C1 at the edge of a stroke, what it reads, and what S2 makes of it."""

    digit: np.ndarray  # (32, 32), the input
    c1: np.ndarray  # (28, 28), the map of the unit
    s2: np.ndarray  # (14, 14)
    number: int  # of the map
    row: int
    column: int
    kernel: np.ndarray
    bias: float

    @property
    def window(self):
        """The 5x5 inputs."""
        return self.digit[self.row : self.row + 5, self.column : self.column + 5]

    @property
    def value(self):
        return self.c1[self.row, self.column]

    @property
    def four(self):
        """The 2x2 units of C1 that S2 reads together, this one among them."""
        top, left = self.row // 2 * 2, self.column // 2 * 2
        return self.c1[top : top + 2, left : left + 2]

    @property
    def halved(self):
        return self.s2[self.row // 2, self.column // 2]


def convolution(material):
    """What one unit of C1 reads, its weights, and what comes of them."""
    unit = unit_that_adds_up(material)
    space = {"wspace": 0.12, "hspace": 0.3, "width_ratios": (1, 2, 2)}
    figure, grid = panels(2, 3, left=0.03, right=0.98, bottom=0.16, top=0.74, **space)
    _draw_side(unit, grid[:, 0], f"map {unit.number} of C1")
    cells = _rounded(unit.window, 1), _rounded(unit.kernel, 1)
    for k, values, heading in zip(
        (1, 2), cells, ("5x5 inputs", "5x5 weights"), strict=True
    ):
        ax = _span(figure, grid[:, k])
        plots.plot_numbers(values, ax, ".1f", signed=k == 2)
        ax.set_title(heading, pad=12)
        fit_numbers(ax)
    total, bias, value = _worked_out(unit)
    add_caption(
        figure,
        f"sum of 25 products {total:.2f}, bias {bias:+.2f}, squashed {value:.2f}",
    )
    return figure, {"value": value, "sum": total + bias}


def _draw_side(unit, axes, heading):
    """The digit, and below it the map of C1, each with its mark."""
    above, below = axes
    plots.plot_map(unit.digit, above, [(unit.row, unit.column, 5, SEEN)])
    mark = unit.row - 1, unit.column - 1, 3, SEEN
    plots.plot_map(unit.c1, below, [mark], signed=True)
    above.set_title("the digit", pad=12)
    below.set_title(heading, pad=12)


def _span(figure, axes):
    """One panel in place of a column of them."""
    place = axes[0].get_gridspec()[:, axes[0].get_subplotspec().colspan.start]
    for ax in axes:
        ax.remove()
    return figure.add_subplot(place)


def weight_sharing(material):
    """One kernel on its way over a digit, and how much of the map there is by then."""
    unit = unit_that_adds_up(material)
    side = len(unit.c1)
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
    side = len(unit.c1)
    done = row * side + column + 1
    plots.plot_map(unit.digit, above, [(row, column, 5, SEEN)])
    above.set_title(f"unit {done}")
    so_far = np.where(np.arange(side**2) < done, unit.c1.ravel(), np.nan)
    mark = row, column, 1, SEEN
    look = {"signed": True, "limit": np.abs(unit.c1).max()}
    plots.plot_map(so_far.reshape(side, side), below, [mark], **look)


def subsampling(material):
    """How four units of C1 become one of S2."""
    unit = unit_that_adds_up(material)
    row, column = unit.row // 2, unit.column // 2
    figure, axes = panels(1, 3, left=0.04, right=0.96, bottom=0.2, top=0.72, wspace=0.2)
    look = {"signed": True, "limit": np.abs(unit.c1).max()}
    plots.plot_map(unit.c1, axes[0], [(2 * row, 2 * column, 2, SEEN)], **look)
    plots.plot_numbers(_rounded(unit.four, 2), axes[1], ".2f", signed=True)
    plots.plot_map(unit.s2, axes[2], [(row, column, 1, SEEN)], **look)
    headings = (
        f"map {unit.number} of C1, {len(unit.c1)}x{len(unit.c1)}",
        "2x2 units of C1",
        f"map {unit.number} of S2, {len(unit.s2)}x{len(unit.s2)}",
    )
    head_squares(axes, headings)
    fit_numbers(axes[1])
    add_caption(figure, _Halving(material, unit).words)
    s2 = next(row for row in material.counts.layers if row.name == "s2")
    facts = {"side": len(unit.c1), "half": len(unit.s2), "trained": s2.trainable}
    return figure, facts | {"value": unit.halved}


class _Halving:
    """How four units of C1 become one of S2 in a network: in numbers and in words."""

    def __init__(self, material, unit):
        self.kind = next(r.kind for r in material.counts.layers if r.name == "s2")
        four, value = _rounded(unit.four, 2), unit.halved
        squash = _squash_of_s2(material.model)
        if self.kind == "MaxPooling2D":
            inside, words = four.max(), "the largest of them {:.2f}"
        elif self.kind == "AveragePooling2D":
            inside, words = four.mean(), "their mean {:.2f}"
        else:
            coefficient, bias = (
                _rounded(w[unit.number], 2)
                for w in material.model.get_layer("s2").get_weights()
            )
            total = _rounded(four.sum(), 2)
            inside = total * coefficient + bias
            words = f"their sum {total:.2f}, times {coefficient:.2f}, bias {bias:+.2f}"
        self.words, result = words.format(_rounded(inside, 2)), inside
        if squash is not None:
            result = _applied(squash, inside)
            self.words += f", squashed {value:.2f}"
        self.adds_up = _rounded(result, 2) == _rounded(value, 2)


def _squash_of_s2(model):
    """What S2 squashes with, in the layer or behind it; None for nothing."""
    layers = {layer.name: layer for layer in model.layers}
    layer = layers.get("s2_squash", layers["s2"])
    return getattr(layer, "activation", None)


@functools.lru_cache(maxsize=2)
def unit_that_adds_up(material):
    """The first unit whose sums come out as they are printed."""
    for image in material.digits(_DIGIT)[:_DIGITS]:
        for unit in _candidates(material, image):
            if _adds_up(material, unit):
                return unit
    raise Unavailable("rounded to what a slide holds, no unit's sum comes out.")


def _candidates(material, image):
    """Units of C1, those of four that differ most first, the least saturated before."""
    maps = material.maps(image)
    digit, c1, s2 = maps["input"][..., 0], maps["c1"], maps["s2"]
    half = c1.shape[0] // 2
    blocks = c1.reshape(half, 2, half, 2, -1).swapaxes(1, 2).reshape(half, half, 4, -1)
    contrast = blocks.std(axis=2) * abs(blocks.mean(axis=2))
    kernels, biases = material.model.get_layer("c1").get_weights()
    for at in np.argsort(-contrast, axis=None)[:_BLOCKS]:
        top, left, number = map(int, np.unravel_index(at, contrast.shape))
        kernel, bias = kernels[:, :, 0, number], float(biases[number])
        for k in np.argsort(abs(blocks[top, left, :, number])):
            row, column = 2 * top + int(k) // 2, 2 * left + int(k) % 2
            place = number, row, column
            yield Unit(digit, c1[..., number], s2[..., number], *place, kernel, bias)


def _adds_up(material, unit):
    """Whether the sums come out, of C1 and of S2, from the numbers as printed."""
    total, bias, value = _worked_out(unit)
    squash = material.model.get_layer("c1").activation
    return (
        _rounded((unit.window * unit.kernel).sum(), 2) == total
        and _rounded(_applied(squash, total + bias), 2) == _rounded(value, 2)
        and abs(value) > 0.1
        and _Halving(material, unit).adds_up
    )


def _worked_out(unit):
    """The sum of the products as printed, the bias as printed, and the value."""
    products = _rounded(unit.window, 1) * _rounded(unit.kernel, 1)
    return _rounded(products.sum(), 2), _rounded(unit.bias, 2), float(unit.value)


def _rounded(values, digits):
    """As they are printed: rounded, and 0 without a sign."""
    return np.round(np.asarray(values, np.float64), digits) + 0.0


def _applied(squash, value):
    return float(squash(keras.ops.convert_to_tensor(float(value))))
