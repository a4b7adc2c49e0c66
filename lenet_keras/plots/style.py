"""One style for all figures: colours, sizes, and strokes that several of them draw."""

import matplotlib.pyplot as plt
import numpy as np

# Colour-blind safe, from Okabe and Ito.
BLUE, VERMILION = "#0072B2", "#D55E00"
COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# A layer has the same colour in every figure.
LAYER_COLOURS = {
    "input": "#777777",
    "c1": BLUE,
    "s2": "#56B4E9",
    "c3": VERMILION,
    "s4": "#E69F00",
    "c5": "#009E73",
    "f6": "#CC79A7",
    "output": "#000000",
}

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


def show(alt, figure=None):
    """Display a figure in a notebook, with words for those who cannot see it.

    Args:
        alt: str, what the picture shows, in one sentence; kept with the output.
        figure: matplotlib Figure; default the current one. It is closed.
    """
    from IPython.display import display  # only notebooks have it

    figure = figure or plt.gcf()
    display(figure, metadata={"image/png": {"alt": alt}})
    plt.close(figure)


def coloured(curves):
    """Yield the name, the values and the colour of each curve of a dict."""
    for (name, values), colour in zip(curves.items(), COLOURS, strict=False):
        yield name, values, colour


def line_width(width):
    """A width that grows with the style; in notebooks it is the width itself."""
    return width * plt.rcParams["lines.linewidth"] / 1.5


def note(ax, text, place, offset, **look):
    """Write a text some points to the right of and above a place in the data."""
    ax.annotate(text, place, xytext=offset, textcoords="offset points", **look)


def bare(ax):
    """Leave a frame, and neither ticks nor numbers."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("#bbbbbb")


def apart(heights, gap):
    """Push heights up, in their order, until no two are nearer than the gap."""
    moved = np.array(heights, float)
    order = np.argsort(moved, kind="stable")
    for below, above in zip(order[:-1], order[1:], strict=True):
        moved[above] = max(moved[above], moved[below] + gap)
    return moved
