"""Charts of any numbers: curves, bars, points, a table of connections."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn

from lenet_keras.plots.style import (
    BLUE,
    bare,
    coloured,
    line_width,
    name_ends,
)


def plot_curves(x, curves, ax=None, styles=None):
    """Draw curves with their names at their right ends instead of a legend.

    Args:
        x: array (n,), or a dict of name to array where the curves differ in it.
        curves: dict of name to array (n,).
        ax: matplotlib Axes, or None for new ones.
        styles: dict of name to matplotlib line properties, or None.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 4.5))[1]
    ends = []
    for name, y, colour in coloured(curves):
        own_x = x[name] if isinstance(x, dict) else x
        look = {"color": colour, "lw": line_width(2)} | (styles or {}).get(name, {})
        (line,) = ax.plot(own_x, y, **look)
        last = np.flatnonzero(np.isfinite(y))[-1]
        ends.append((own_x[last], y[last], name, line.get_color()))
    ax.margins(x=0.02)
    ax.autoscale_view()
    name_ends(ax, ends)
    return ax


def plot_bars(values, ax=None, fmt="{:,}", colour=BLUE):
    """Draw one horizontal bar a name, the first on top, its number at the end.

    Args:
        values: dict of name to number.
        ax: matplotlib Axes, or None for new ones.
        fmt: str, format of a number.
        colour: of the bars.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 0.42 * len(values) + 0.6))[1]
    bars = ax.barh(list(map(str, values)), list(values.values()), color=colour)
    ax.bar_label(bars, [fmt.format(value) for value in values.values()], padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)
    return ax


def plot_table(table, inputs=6, ax=None):
    """Draw which input maps (rows) each output map (columns) reads: Table I.

    Args:
        table: one tuple of input map indices for each output map.
        inputs: int, number of input maps.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 3.6))[1]
    read = np.array([[i in maps for maps in table] for i in range(inputs)])
    crosses = {"annot": np.where(read, "X", ""), "fmt": ""}
    cells = {"cmap": "Blues", "vmin": 0, "vmax": 1.6, "linewidths": 2, "cbar": False}
    white = {"annot_kws": {"color": "white"}, "linecolor": "white"}
    seaborn.heatmap(read.astype(int), square=True, ax=ax, **crosses, **cells, **white)
    ax.set(xlabel="map of C3", ylabel="map of S2")
    ax.tick_params(length=0, rotation=0)
    return ax


def plot_classes(points, labels, ax=None, size=4.7):
    """Draw points in the plane, each as the number of its class.

    Args:
        points: array (n, 2).
        labels: integers (n,), 0 to 9.
        ax: matplotlib Axes, or None for new ones.
        size: float, points, of a number; it grows with the style.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(6, 6))[1]
    for digit in np.unique(labels):
        x, y = points[labels == digit].T
        colour = plt.get_cmap("tab10")(digit % 10)
        ax.scatter(
            x, y, s=line_width(size) ** 2, marker=f"${digit}$", lw=0.2, color=colour
        )
    bare(ax)
    return ax
