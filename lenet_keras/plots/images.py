"""Pictures: digits with ink dark, maps and kernels on one scale that is white at 0."""

import matplotlib.pyplot as plt
import numpy as np

from lenet_keras.plots.style import MARK, SIGNED, bare, coloured, note


def plot_images(images, titles=None, columns=10, size=1.1):
    """Draw pictures in rows: ink dark, the same scale for all.

    Args:
        images: array (n, height, width) or (n, height, width, 1).
        titles: n texts to write above, or None.
        columns: int, pictures in a row.
        size: float, inches a picture.

    Returns:
        The Figure.
    """
    images = np.asarray(images)
    images = images.reshape(images.shape[:3])
    figure = _grid(images, titles, columns, size, _shades(images))
    figure.tight_layout(pad=0.3)
    return figure


def plot_mistakes(images, mistakes, columns=8, rows=4):
    """Draw misclassified images, "truth → answer" and the confidence above each.

    Args:
        images: array (n, height, width), the whole set that the mistakes index.
        mistakes: list of `evaluation.Mistake`; the first columns x rows are drawn.

    Returns:
        The Figure.
    """
    shown = mistakes[: columns * rows]
    if not shown:
        return plt.figure()
    titles = [f"{m.truth} → {m.answer}\n{m.confidence:.0%}" for m in shown]
    return plot_images(images[[m.index for m in shown]], titles, columns, size=1.4)


def plot_maps(maps, titles=None, columns=8, size=1.3):
    """Draw signed maps or kernels: one colour scale, centred on zero, for all.

    Args:
        maps: array (height, width, n), or a list of n arrays (height, width).
        titles: n texts to write above, or None.
        columns: int, maps in a row.
        size: float, inches a map.

    Returns:
        The Figure.
    """
    maps = np.moveaxis(maps, -1, 0) if isinstance(maps, np.ndarray) else maps
    look = _shades(_joined(maps), signed=True)
    figure = _grid(maps, titles, columns, size, look, room=0.9)
    bar = {"shrink": 0.9, "aspect": 12, "fraction": 0.05}
    figure.colorbar(figure.axes[0].images[0], ax=figure.axes, **bar)
    return figure


def plot_rows(rows, titles=None, size=1.1, signed=False):
    """Draw rows of pictures, the name of each row on its left.

    Args:
        rows: dict of a name and its list of arrays (height, width); None is a gap.
        titles: dict of the same names and their texts above the pictures, or None.
        size: float, inches a picture.
        signed: bool, one colour scale centred on zero, as `plot_maps` has it, instead
            of ink on paper.

    Returns:
        The Figure.
    """
    columns = max(map(len, rows.values()))
    width = size * columns + 0.1 * max(map(len, rows))  # pictures, and their names
    height = (size + (0.25 if titles else 0)) * len(rows)
    figure, grid = plt.subplots(
        len(rows), columns, figsize=(width, height), squeeze=False
    )
    shown = [each for row in rows.values() for each in row if each is not None]
    look = _shades(_joined(shown), signed=signed)
    beside = {"xycoords": "axes fraction", "ha": "right", "va": "center"}
    for axes, (name, row) in zip(grid, rows.items(), strict=True):
        note(axes[0], name, (0, 0.5), (-10, 0), **beside)
        for k, ax in enumerate(axes):
            if k >= len(row) or row[k] is None:
                ax.axis("off")
                continue
            _draw(ax, row[k], look)
            if titles:
                ax.set_title(titles[name][k], fontsize="small")
    figure.tight_layout(pad=0.3)
    return figure


def plot_walk(stages, width=11):
    """Draw what each layer makes of one image: a row a layer, one colour scale for all.

    Args:
        stages: dict of a name, written at the left, and its maps (height, width, n).
        width: float, inches.

    Returns:
        The Figure.
    """
    margin, gap = 1.4, 0.1
    room = {name: (width - margin) / maps.shape[-1] for name, maps in stages.items()}
    sides = {name: min(1.35, each) - gap for name, each in room.items()}
    height = sum(sides.values()) + 2 * gap * len(stages)
    look = _shades(_joined(stages.values()), signed=True)
    figure = plt.figure(figsize=(width, height))
    bottom = height
    for name, maps in stages.items():
        side = sides[name]
        bottom -= side + 2 * gap
        figure.text(0, (bottom + gap + side / 2) / height, name, va="center")
        for k, each in enumerate(np.moveaxis(maps, -1, 0)):
            left = margin + k * (side + gap)
            ax = figure.add_axes(
                (left / width, (bottom + gap) / height, side / width, side / height)
            )
            drawn = _draw(ax, each, look)
            ax.set_anchor("W")
    bar = figure.add_axes((1 - 3 / width, 1 - 0.6 / height, 2.8 / width, 0.15 / height))
    figure.colorbar(drawn, cax=bar, orientation="horizontal")
    return figure


def plot_map(values, ax=None, windows=(), *, signed=False, limit=None, dim=False):
    """Draw one picture or map, and square windows on it.

    Args:
        values: array (height, width); what is not a number stays white.
        ax: matplotlib Axes, or None for new ones.
        windows: list of (top, left, side, colour), in pixels.
        signed: bool, whether the colours are those of `plot_maps`, centred on zero;
            else ink is dark.
        limit: float, the value of the strongest colour; default the largest there is.
        dim: bool, whether to fade what lies outside the first window.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(4, 4))[1]
    values = np.asarray(values, float)
    _draw(ax, values, _shades(values, signed=signed, limit=limit))
    if dim:
        top, left, side, _ = windows[0]
        seen = np.zeros(values.shape, bool)
        seen[top : top + side, left : left + side] = True
        veil = np.dstack([np.ones((*values.shape, 3)), np.where(seen, 0, 0.75)])
        ax.imshow(veil, interpolation="nearest")
    for window in windows:
        width = 2 * plt.rcParams["lines.linewidth"]
        _frame(ax, *window, lw=width, clip_on=False)
    return ax


def plot_fields(image, fields, points=None, ax=None):
    """Draw squares on a picture: what one unit of each layer sees of it.

    Args:
        image: array (height, width).
        fields: dict of name to (top, left, width), in pixels.
        points: array (n, 2) of rows and columns to mark, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(6, 6))[1]
    _draw(ax, image, _shades(image) | {"alpha": 0.45})
    inside = {"ha": "right", "va": "bottom", "fontweight": "bold"}
    for name, (top, left, width), colour in coloured(fields):
        _frame(ax, top, left, width, colour, lw=2.5)
        corner = left - 0.5 + width, top - 0.5 + width
        note(ax, name, corner, (-4, 4), color=colour, **inside)
    if points is not None:
        rows, columns = np.transpose(points)
        ax.plot(columns, rows, ".", color=MARK, ms=5)
    return ax


def plot_mosaic(images, columns, ax=None, *, signed=False, gap=2, names=(), heads=()):
    """Draw many pictures of one size close together, row by row, as one picture.

    Args:
        images: array (n, height, width); what is not a number stays white.
        columns: int, pictures in a row.
        ax: matplotlib Axes, or None for new ones.
        signed: bool, whether the colours are those of `plot_maps`, centred on zero;
            else ink is dark.
        gap: int, white pixels between two pictures.
        names: texts to write beside the rows.
        heads: texts to write under the columns.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 5))[1]
    number, height, width = np.shape(images)
    rows = -(-number // columns)
    sheet = np.full((rows * columns, height + gap, width + gap), np.nan)
    sheet[:number, :height, :width] = images
    sheet = sheet.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    sheet = sheet.reshape(rows * (height + gap), columns * (width + gap))
    sheet = sheet[: len(sheet) - gap, : sheet.shape[1] - gap]
    ax.imshow(sheet, **_shades(sheet, signed=signed))
    middles = (width - 1) / 2 + (width + gap) * np.arange(len(heads))
    ax.set_xticks(middles, heads)
    middles = (height - 1) / 2 + (height + gap) * np.arange(len(names))
    ax.set_yticks(middles, names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def plot_numbers(values, ax=None, fmt="g", *, signed=False, limit=None):
    """Draw an array as a picture with each number written on its pixel.

    Args:
        values: array (rows, columns).
        ax: matplotlib Axes, or None for new ones.
        fmt: str, format of a number.
        signed: bool, whether the colours are those of `plot_maps`, centred on zero.
        limit: float, the value of the strongest colour, 0 being white; default from the
            smallest to the largest number.

    Returns:
        The Axes.
    """
    values = np.asarray(values)
    rows, columns = values.shape
    ax = ax or plt.subplots(figsize=(0.55 * columns, 0.5 * rows))[1]
    look = _shades(values, signed=signed, limit=limit)
    _draw(ax, values, look | {"aspect": "auto"})
    middle = (look["vmin"] + look["vmax"]) / 2
    dark = abs(values) > 0.6 * look["vmax"] if signed else values > middle
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if dark[row, column] else "black"
        place = {"ha": "center", "va": "center", "fontsize": "small"}
        ax.text(column, row, format(value, fmt), color=colour, **place)
    return ax


def _grid(pictures, titles, columns, size, look, room=0):
    """A figure of pictures in rows, with room at the right."""
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    titles = None if titles is None else list(map(str, titles))
    lines = 0 if titles is None else 1 + max(title.count("\n") for title in titles)
    height = size + 0.3 * lines
    figure, axes = plt.subplots(
        rows, columns, figsize=(size * columns + room, height * rows), squeeze=False
    )
    for ax in axes.flat[len(pictures) :]:
        ax.remove()
    for k, picture in enumerate(pictures):
        _draw(axes.flat[k], picture, look)
        if titles is not None:
            axes.flat[k].set_title(titles[k], fontsize="medium")
    return figure


def _draw(ax, picture, look):
    """One picture in a frame, and what is drawn."""
    drawn = ax.imshow(picture, **look)
    bare(ax)
    return drawn


def _shades(values, *, signed=False, limit=None):
    """How values are shown: white at zero and as strong on either side, or as ink."""
    if signed:
        high = limit or np.nanmax(np.abs(values)) or 1
        scale = {"cmap": SIGNED, "vmin": -high, "vmax": high}
    else:
        low, high = (0, limit) if limit else (np.nanmin(values), np.nanmax(values))
        scale = {"cmap": "binary", "vmin": low, "vmax": high}
    return scale | {"interpolation": "nearest"}


def _joined(arrays):
    """All numbers of arrays of any size, (n,)."""
    return np.concatenate([np.ravel(each) for each in arrays])


def _frame(ax, top, left, side, colour, **look):
    """A square around pixels."""
    corner = left - 0.5, top - 0.5
    ax.add_patch(plt.Rectangle(corner, side, side, fill=False, ec=colour, **look))
