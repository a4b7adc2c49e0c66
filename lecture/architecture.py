"""The drawing of a network in the manner of the paper's Figure 2."""

import itertools
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from lenet_keras.plots import BLUE, LAYER_COLOURS, MARK, SIGNED

_WIDTH = 960  # of the drawing; on a slide one unit is one point
_LETTER = 15.5  # the width of one in the names below the layers


def plot_architecture(layers, input_shape=(32, 32, 1), ax=None, maps=None):
    """Draw a network in the manner of the paper's Figure 2.

    Maps are stacked squares and single units are bars. A small square on a map is what
    one unit of the next layer reads, and thin lines lead to that unit.

    Args:
        layers: the `layers` of `counting.count(model)`.
        input_shape: (height, width, 1).
        ax: matplotlib Axes, or None for new ones.
        maps: dict of a layer's name and what it makes of one image, (height, width,
            maps) or (units,), to fill the drawing with; or None.

    Returns:
        The Axes: above each layer its name; below it its size, and between two layers
        the size of the kernels.
    """
    ax = ax or plt.subplots(figsize=(12, 5))[1]
    boxes = _place_stacks(_stages(layers, input_shape))
    for box in boxes:
        _draw_stack(ax, box, (maps or {}).get(box.name))
    for reads, box in itertools.pairwise(boxes):
        _draw_reading(ax, reads, box)
    _write_names(ax, boxes)
    ax.axis("off")
    return ax


def _stages(layers, input_shape):
    """Name, kind, height, width and number of maps: of the input and of each layer."""
    stages = [("input", "Input", *input_shape)]
    for layer in layers:
        shape = layer.shape if len(layer.shape) == 3 else (1, 1, *layer.shape)
        stages.append((layer.name, layer.kind, *shape))
    return stages


class _Stack(NamedTuple):
    """One layer of the drawing: maps of one size, each a little off the one before."""

    name: str
    kind: str
    height: int
    width: int
    maps: int
    left: float
    scale: float  # units of the drawing a pixel
    step: float  # from one map to the next

    @property
    def is_bar(self):
        return self.height == self.width == 1

    @property
    def size(self):
        """Width and height of one map in the drawing, or of the bar."""
        if self.is_bar:
            return 18, max(36, 1.3 * self.maps)
        return self.width * self.scale, self.height * self.scale

    @property
    def depth(self):
        return 0 if self.is_bar else self.step * (min(self.maps, 16) - 1)

    @property
    def middle(self):
        return self.left + (self.size[0] + self.depth) / 2

    @property
    def top(self):
        return (self.size[1] + self.depth) / 2

    @property
    def bottom(self):
        return -self.top

    @property
    def title(self):
        """Its name as the paper writes it."""
        return self.name.title() if len(self.name) > 2 else self.name.upper()

    @property
    def label(self):
        """How many maps of what size it has, or how many units."""
        size = f"{self.height}x{self.width}"
        if self.name == "input":
            return size
        return f"{self.maps}" if self.is_bar else f"{self.maps}@{size}"

    def front(self):
        """Left and top of the map that lies in front, the last one drawn."""
        return self.left + self.depth, self.top - self.depth

    def window(self, reads):
        """How many pixels wide the square is that one unit reads; 0 for all."""
        if self.is_bar or reads.is_bar:
            return 0
        return 2 if reads.height == 2 * self.height else reads.height - self.height + 1

    def connection(self, reads):
        """The size of its kernels or windows; "full" or "RBF" where each reads all."""
        if self.kind == "EuclideanRBF":
            return "RBF"
        window = self.window(reads)
        if window:
            return f"{window}x{window}"
        is_dense = self.kind == "Dense" or reads.is_bar
        return "full" if is_dense else f"{reads.height}x{reads.width}"


def _place_stacks(stages):
    """Set the layers side by side over the whole width, with room for their names."""
    widest = max(stage[3] for stage in stages)
    scale = 118 / max(32, widest)
    boxes = []
    for stage in stages:
        step = 5 if stage[4] <= 6 else 4
        boxes.append(_Stack(*stage, left=0, scale=scale, step=step))
    slots = [
        max(box.size[0] + box.depth, _LETTER * max(len(box.label), len(box.title)))
        for box in boxes
    ]
    gap = (_WIDTH - 36 - sum(slots)) / (len(slots) - 1)
    left, placed = 18, []
    for box, slot in zip(boxes, slots, strict=True):
        inside = (slot - box.size[0] - box.depth) / 2
        placed.append(box._replace(left=left + inside))
        left += slot + gap
    return placed


def _draw_stack(ax, box, maps):
    """The maps of one layer, the first at the back; in them what they hold."""
    colour = LAYER_COLOURS.get(box.name, BLUE)
    width, height = box.size
    for k in range(1 if box.is_bar else min(box.maps, 16)):
        left, bottom = box.left + k * box.step, box.top - k * box.step - height
        above = {"zorder": 1 + k / 100}  # the one before
        ax.add_patch(plt.Rectangle((left, bottom), width, height, fc="white", **above))
        if maps is None:
            face = {"fc": colour, "alpha": 0.3, "ec": "none"}
            ax.add_patch(plt.Rectangle((left, bottom), width, height, **face, **above))
        else:
            place = left, left + width, bottom, bottom + height
            values = maps.reshape(-1, 1) if box.is_bar else maps[..., k]
            ax.imshow(values, extent=place, **_shades(box, maps), **above)
        edge = {"fill": False, "ec": colour, "lw": 1.5, "gid": f"{box.name}-{k}"}
        ax.add_patch(plt.Rectangle((left, bottom), width, height, **edge, **above))


def _shades(box, values):
    """Ink dark in the input and for the likeliest class; signed values in between."""
    look = {"interpolation": "nearest", "aspect": "auto"}
    if box.name in ("input", "output"):
        return look | {"cmap": "binary", "vmin": values.min(), "vmax": values.max()}
    most = np.abs(values).max() or 1
    return look | {"cmap": SIGNED, "vmin": -most, "vmax": most}


def _write_names(ax, boxes):
    """Above each layer its name, below it its size, and under these the kernels."""
    top, bottom = max(box.top for box in boxes), min(box.bottom for box in boxes)
    look = {"ha": "center", "size": "small"}
    for box in boxes:
        ax.text(box.middle, top + 16, box.title, va="bottom", weight="bold", **look)
        ax.text(box.middle, bottom - 16, box.label, va="top", **look)
    for reads, box in itertools.pairwise(boxes):
        middle = (reads.left + reads.size[0] + reads.depth + box.left) / 2
        words = box.connection(reads)
        ax.text(middle, bottom - 66, words, va="top", color=MARK, **look)
    ax.set(xlim=(0, _WIDTH), ylim=(bottom - 130, top + 60), aspect="equal")


_LINE = {"color": "black", "lw": 1, "solid_capstyle": "round", "zorder": 3}


def _draw_reading(ax, reads, box):
    """Lines from what one unit reads, all or a square of it, to the unit."""
    window = box.window(reads)
    if window:
        _draw_window(ax, reads, box, window)
        return
    left, top = reads.front()
    right, bottom = left + reads.size[0], top - reads.size[1]
    ax.plot([right, box.left], [top, box.top], **_LINE)
    ax.plot([right, box.left], [bottom, box.bottom], **_LINE)


def _draw_window(ax, reads, box, window):
    """The square that one unit reads, and the lines that lead from it to the unit."""
    left, top = reads.front()
    pixel = reads.scale
    row, column = (max(0, (n - window) * 2 // 3) for n in (reads.height, reads.width))
    left, top, side = left + column * pixel, top - row * pixel, window * pixel
    unit_left, unit_top = box.front()
    step = 2 if reads.height == 2 * box.height else 1
    x = unit_left + (column // step + 0.5) * pixel
    y = unit_top - (row // step + 0.5) * pixel
    look = {"fill": False, "ec": MARK, "lw": 2, "zorder": 3}
    ax.add_patch(plt.Rectangle((left, top - side), side, side, **look))
    for height in (top, top - side):
        ax.plot([left + side, x], [height, y], **_LINE)
    ax.plot(x, y, ".", color=MARK, ms=6, zorder=4)
