"""Figures of photographs: the way of one digit to its frame, and a row that is read.

The photographs are drawn: ink of test digits on ruled paper, in light that falls off to
one side and into a shadow. So they are the same on every machine.
"""

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy import ndimage

from lecture.slides import add_caption, fit, size_titles
from lecture.words import balanced
from lenet_keras import plots, predict, read_digits, to_input
from lenet_keras.photograph import steps
from lenet_keras.plots.readings import draw_boxes
from lenet_keras.rows import answers_of, number_of

_ROW = (1, 9, 9, 8)


def photograph(material):
    """What happens to a photographed digit before the network sees it."""
    picture = _photograph([material.digit(4)], (960, 960), (500, 480))
    seen = steps(picture)
    figure = plots.plot_steps(seen)
    figure.set_layout_engine(None)  # a slide has places of its own
    for ax in figure.axes:
        ax.set_title(balanced(ax.get_title(), 14), pad=14)
        ax.set_anchor("N")  # all headings on one line
    size_titles(figure)
    fit(figure, left=0.02, right=0.98, bottom=0.15, top=0.61, wspace=0.06)
    read, shrunk = _answers(material, seen["frame"], _shrunk(picture))
    add_caption(figure, f"read as {read}; without these steps, as {shrunk}")
    rows, columns = picture.shape
    facts = {"rows": rows, "columns": columns, "side": len(seen["frame"])}
    return figure, facts | {"read": read, "shrunk": shrunk}


def _answers(material, *frames):
    """What the network reads in pictures of 28x28 bytes."""
    names = answers_of(material.model)
    images = to_input(np.stack(frames))
    return [names[k] for k in predict(material.model, images).argmax(-1)]


def _shrunk(picture, side=28):
    """A photograph made small as it is, its ink high."""
    return 255 - np.asarray(Image.fromarray(picture).resize((side, side)))


def row_of_digits(material):
    """A row of digits, the box of each, what the network saw of it, and its answer."""
    digits = [material.digits(k)[_ROW[:place].count(k)] for place, k in enumerate(_ROW)]
    sideways = np.rot90(material.digit(2))
    picture = _photograph([*digits, sideways], (330, 1450), (45, 110))
    found = read_digits(picture, material.model)
    figure = plt.figure()
    look = {"left": 0.03, "right": 0.97, "bottom": 0.03, "top": 0.79, "hspace": 0.45}
    grid = figure.add_gridspec(2, len(found), height_ratios=(1.25, 1), **look)
    above = figure.add_subplot(grid[0, :])
    above.imshow(picture, cmap="gray", vmin=0, vmax=255)
    plots.style.bare(above)
    draw_boxes(above, found, width=4)
    for k, digit in enumerate(found):
        panel = figure.add_subplot(grid[1, k])
        plots.plot_map(digit.input[..., 0], panel)
        colour = plots.VERMILION if digit.is_doubtful else plots.BLUE
        panel.set_title(number_of([digit]), color=colour, weight="bold", pad=12)
    return figure, {"number": number_of(found), "boxes": len(found)}


def _photograph(digits, shape, corner):
    """Draw digits side by side on ruled paper, the light from the top left.

    Args:
        digits: list of uint8 arrays (28, 28), ink high.
        shape: rows and columns of the picture.
        corner: top and left of the first digit, which is 8 times as large there.

    Returns:
        uint8 array (rows, columns), ink dark.
    """
    rows, columns = np.indices(shape)
    ink = 0.15 * (rows % 96 < 3)  # the ruling
    row, column = corner
    for digit in digits:
        large = ndimage.zoom(digit / 255, 8, order=1)
        place = ink[row : row + len(large), column : column + len(large)]
        np.maximum(place, large, out=place)
        column += len(large) + 30
    down, across = rows / shape[0], columns / shape[1]
    light = 0.95 - 0.3 * down - 0.25 * across
    light *= np.where(across + 0.4 * down > 1.05, 0.75, 1)  # a shadow
    return (235 * light * (1 - 0.75 * ink)).round().astype(np.uint8)
