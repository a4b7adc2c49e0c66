"""One style for all figures: colours, sizes, and strokes that several of them draw."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.transforms import ScaledTranslation

# Colour-blind safe, from Okabe and Ito.
BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
COLOURS = (BLUE, VERMILION, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#000000")

# One colour language for slides, notebooks and page. What has a sign is purple above 0
# and orange below it, so that neither is the colour of a variant or of a layer.
SIGNED = "PuOr"  # matplotlib's map: orange, white at 0, purple
NEGATIVE, POSITIVE = "#B35806", "#542788"  # of that map
MARK = "#C2007A"  # a frame around what a unit sees; on no map is there such a colour

# A convolution and the subsampling behind it have one hue, dark and light.
LAYER_COLOURS = {
    "input": "#777777",
    "c1": BLUE,
    "s2": "#56B4E9",
    "c3": "#00755A",
    "s4": "#5FC3A4",
    "c5": "#882255",
    "f6": "#CC79A7",
    "output": "#000000",
}
VARIANT_COLOURS = {
    "1998": BLUE,
    "modern": GREEN,
    "classic": "#CC79A7",
    "dense": "#56B4E9",
    "sigmoid": "#8C8C26",
    "tanh": "#882255",
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
    """Yield the name, the values and the colour of each curve of a dict.

    A variant has its own colour in every figure, under its name or as "variant NAME",
    and so has a layer; the other curves share the colours that are left.
    """
    own = VARIANT_COLOURS | {name.upper(): c for name, c in LAYER_COLOURS.items()}
    known = {
        name: own[str(name).removeprefix("variant ")]
        for name in curves
        if str(name).removeprefix("variant ") in own
    }
    others = itertools.cycle([c for c in COLOURS if c not in known.values()])
    for name, values in curves.items():
        yield name, values, known.get(name) or next(others)


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


def name_ends(ax, ends):
    """Write (x, y, name, colour) at the right edge, at height y or where there is room.

    At the height of the data: a name stays with its curve when the limits change.
    """
    dpi = ax.figure.dpi
    line = max(17, plt.rcParams["font.size"] * dpi / 72)  # pixels
    places = np.array([ax.transData.transform(end[:2])[1] for end in ends])
    lifts = (apart(places, gap=line) - places) / dpi
    for lift, (_, height, name, colour) in zip(lifts, ends, strict=True):
        beside = ScaledTranslation(line / 2 / dpi, lift, ax.figure.dpi_scale_trans)
        place = ax.get_yaxis_transform() + beside
        ax.text(1, height, name, transform=place, color=colour, va="center")
