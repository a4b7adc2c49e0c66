"""The figures of a lecture on LeNet-5, one function each, in teaching order.

A function takes from the material what it needs, draws it through `plots` on a slide,
and returns the figure with the facts that its words name. So no number is typed twice:
titles, alt texts and speaker notes are in `words/`, with placeholders for the facts.
"""

import difflib
import functools
from typing import NamedTuple

import matplotlib.pyplot as plt

from lenet_keras import plots
from lenet_keras.language import font_family, translate_figure, words
from lenet_keras.paper import C3_INPUTS

TOP = 0.81  # of the slide: above it is the title, below it the picture

FIGURES = {}


class Slide(NamedTuple):
    """One figure and its words, in one language.

    `title` says what to see; `note` is what to say, then comes a question to the room.
    """

    name: str
    figure: plt.Figure
    title: str
    alt: str
    note: str
    question: str
    answer: str


class Unavailable(Exception):
    """A figure cannot be drawn here, for what it shows is not on this machine."""


class Material:
    """What the figures are drawn from; each thing is computed once, when first needed.

    Args:
        data: `data.Data`; None for what `load()` finds.
        variant: str, the network to draw; its shipped weights are taken.
    """

    def __init__(self, data=None, variant="1998"):
        self._data = data
        self.variant = variant

    @functools.cached_property
    def data(self):
        from lenet_keras.data import load

        return self._data or load()

    @functools.cached_property
    def model(self):
        return trained(self.variant)

    @functools.cached_property
    def counts(self):
        from lenet_keras.counting import count

        return count(self.model)


@functools.cache
def trained(variant, weights="mnist"):
    """A variant with shipped weights."""
    from lenet_keras.model import build_lenet5

    return build_lenet5(variant, weights=weights)


def draw(name, material, language="en"):
    """Draw one figure.

    Args:
        name: str, one of `FIGURES`.
        material: `Material`.
        language: "en" or "zh".

    Returns:
        `Slide`; its figure is 13.333 x 7.5 inches, the title on top.

    Raises:
        ValueError: for an unknown name or language, or a missing font. Unavailable: if
            what it shows is not on this machine.
    """
    check_names([name])
    with style(language):
        figure, facts = FIGURES[name](material)
        translate_figure(figure, language)
        said = {
            key: text.format(**facts) for key, text in words(language)[name].items()
        }
        plots.add_title(figure, said["title"], TOP)
    return Slide(name, figure, **said)


def style(language="en"):
    """The style of slides, and the fonts of a language, as a context."""
    return plt.rc_context(plots.SLIDE | {"font.family": font_family(language)})


def check_names(names):
    """Raise a ValueError for the first name that is not in `FIGURES`."""
    for name in names:
        if name not in FIGURES:
            close = difflib.get_close_matches(str(name), FIGURES, n=1)
            raise ValueError(
                f"a figure must be one of {', '.join(FIGURES)}; received {name!r}."
                + (f" Did you mean {close[0]!r}?" if close else "")
            )


def _figure(function):
    """Enter a function into the catalogue, under its name with hyphens."""
    FIGURES[function.__name__.replace("_", "-")] = function
    return function


def _axes(rows=1, columns=1, *, left=0.09, right=0.97, bottom=0.14, top=0.78, **space):
    """A slide and its axes, below the title."""
    figure, axes = plt.subplots(rows, columns)
    figure.subplots_adjust(left=left, right=right, bottom=bottom, top=top, **space)
    return figure, axes


@_figure
def architecture(material):
    figure, ax = _axes(left=0, right=1, bottom=0.02, top=TOP)
    counts, shape = material.counts, material.model.input_shape[1:]
    plots.plot_architecture(counts.layers, shape, ax)
    facts = {"layers": len(counts.layers), "variant": material.variant}
    return figure, facts | {"height": shape[0], "width": shape[1]}


@_figure
def layers(material):
    figure, (parameters, connections) = _axes(1, 2, left=0.24, wspace=0.08)
    rows = material.counts.layers
    names = [f"{_title(row.name)}  {'x'.join(map(str, row.shape))}" for row in rows]
    colours = [plots.LAYER_COLOURS[row.name] for row in rows]
    for ax, field, heading in (
        (parameters, "trainable", "trained parameters"),
        (connections, "connections", "connections"),
    ):
        values = [getattr(row, field) for row in rows]
        plots.plot_bars(dict(zip(names, values, strict=True)), ax, colour=colours)
        ax.set_title(heading)
        ax.margins(x=0.35)
    connections.yaxis.set_visible(False)
    return figure, _shares(material.counts)


@_figure
def table_1(material):
    figure, ax = _axes(left=0.08, right=0.98)
    plots.plot_table(C3_INPUTS, ax=ax)
    pairs = sum(map(len, C3_INPUTS))
    return figure, {"pairs": pairs, "all": 6 * len(C3_INPUTS)}


def _title(name):
    """A layer's name as the paper writes it."""
    return name.title() if name in ("input", "output") else name.upper()


def _shares(counts):
    """Totals, and the shares of C5 and of C1 with C3, in percent."""
    by_name = {row.name: row for row in counts.layers}
    convolutions = by_name["c1"].connections + by_name["c3"].connections
    return {
        "trainable": counts.trainable,
        "connections": counts.connections,
        "c5_share": by_name["c5"].trainable / counts.trainable,
        "c1_c3_share": convolutions / counts.connections,
    }
