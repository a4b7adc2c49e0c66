"""Read a row by cuts (Section V), to be compared with `read_digits` (Section VII).

A piece of ink is cut at seams that cost little ink; each segment between two cuts is
framed and read by a network that knows single digits; the path over segments with the
smallest sum of penalties is the answer. `readers.py --rows` tells both.
"""

import itertools
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from lenet_keras import predict, to_input
from lenet_keras.evaluation import penalties
from lenet_keras.images import frame
from lenet_keras.sheets import apart, sheets_of

_LONGEST = 7  # units that may make one digit
# What each digit costs beside its own penalty, below 0 since two in one are too few,
# and what an odd shape costs; chosen on rows of validation images.
_PER_DIGIT = -3.0
_PER_SHAPE = 40.0


def read_by_cuts(picture, model):
    """The digits of one row.

    Args:
        picture: bytes (rows, columns), light ink on dark paper.
        model: `keras.Model`.

    Returns:
        List of int.
    """
    grey = np.pad(np.float32(picture), 4)
    (sheet,) = sheets_of(grey, [max(grey.shape) // 3], [-1], number=400, longest=12)
    tall = np.median([one.height for one in sheet.writings])
    row = [one for one in sheet.writings if 0.4 * tall < one.height < 2.5 * tall]
    units, height = _units_of(row, sheet)
    groups = _groups(units, height)
    return [k for group in groups for k in _read(group, height, sheet.ink, model)]


class _Unit(NamedTuple):
    """A piece of ink that is not cut further."""

    top: int
    left: int
    mask: np.ndarray  # bool (rows, columns)

    @property
    def bottom(self):
        return self.top + self.mask.shape[0]

    @property
    def right(self):
        return self.left + self.mask.shape[1]

    @property
    def middle(self):
        return self.left + np.nonzero(self.mask)[1].mean()


def _units_of(writings, sheet):
    """The units of a row, from left to right, and how high its digits are."""
    height = float(np.median([one.height for one in writings]))
    units = []
    for one in writings:
        units += _cut(one, sheet.ink, height)
    # What is near and was too small to be a digit: the bar of a 5.
    taken = {int(sheet.pieces[one.strokes][0]) for one in writings}
    areas = np.bincount(sheet.pieces.ravel())
    ink = np.mean([one.strokes.sum() for one in writings])
    for k, box in enumerate(ndimage.find_objects(sheet.pieces), 1):
        gap = min(max(map(apart, box, one.box)) for one in writings)
        if k not in taken and areas[k] > 0.04 * ink and gap < 0.15 * height:
            mask = sheet.pieces[box] == k
            units.append(_Unit(box[0].start, box[1].start, mask))
    return sorted(units, key=lambda unit: unit.middle), height


def _cut(writing, ink, height):
    """Cut a piece where it costs little ink: at seams from its top to its foot."""
    strokes = writing.strokes[writing.box]
    top, left = (cut.start for cut in writing.box)
    if strokes.shape[1] < 0.7 * height:
        return [_Unit(top, left, strokes)]
    cost = np.where(strokes, ink[writing.box] / writing.contrast, 0) + 0.02
    up, down = _seams(cost), _seams(cost[::-1])
    seams = np.concatenate((up[0], down[0][:, ::-1]))
    lengths = np.concatenate((up[1], down[1]))
    # The cheapest seams that are no near copies of one another.
    chosen = []
    for k in np.argsort(lengths, kind="stable"):
        apart = [np.abs(seams[k] - seams[other]).mean() for other in chosen]
        inside = 0.15 * height < seams[k].mean() < len(up[1]) - 0.15 * height
        if (
            lengths[k] < 0.5 * height
            and inside
            and min(apart, default=height) > (0.15 * height)
        ):
            chosen.append(k)
    edges = sorted((seams[k] for k in chosen), key=np.mean)
    columns = np.arange(strokes.shape[1])
    side = sum((columns >= edge[:, None]).astype(int) for edge in edges)
    units = []
    for k in range(len(edges) + 1):
        mask = strokes & (side == k)
        if mask.sum() > 0.02 * strokes.sum():
            rows, cols = ndimage.find_objects(mask.astype(np.uint8))[0]
            units.append(_Unit(top + rows.start, left + cols.start, mask[rows, cols]))
    return units


def _seams(cost):
    """For each column of the foot, the cheapest way up to the top, a step aside a row.

    Args:
        cost: float array (rows, columns).

    Returns:
        int (columns, rows), the column of each seam in each row; float (columns,), what
        each costs.
    """
    rows, columns = cost.shape
    total, steps = cost[0], []
    for row in cost[1:]:
        padded = np.pad(total, 1, constant_values=np.inf)
        ways = np.stack((padded[1:-1], padded[:-2] + 0.05, padded[2:] + 0.05))
        steps.append(np.array((0, -1, 1))[ways.argmin(axis=0)])
        total = row + ways.min(axis=0)
    place = np.arange(columns)
    seam = [place]
    for step in reversed(steps):
        place = place + step[place]
        seam.append(place)
    return np.stack(seam[::-1], axis=1), total


def _groups(units, height):
    """Units between clear gaps; what is far apart belongs to no common digit."""
    group, reach = [], -np.inf
    for unit in units:
        if group and unit.left - reach > 0.25 * height:
            yield group
            group, reach = [], -np.inf
        group.append(unit)
        reach = max(reach, unit.right)
    yield group


def _read(units, height, ink, model):
    """The digits of a group: the cheapest way over its cuts (Section V)."""
    stretches = [
        (start, stop)
        for start, stop in itertools.combinations(range(len(units) + 1), 2)
        if stop - start <= _LONGEST and _may_be_digit(units[start:stop], height)
    ]
    if not stretches:
        return []
    inputs = to_input(
        np.stack([frame(_ink_of(units[start:stop], ink)) for start, stop in stretches])
    )
    shapes = [_odd_shape(units[a:b], height) for a, b in stretches]
    costs = penalties(model, inputs) + _PER_DIGIT + _PER_SHAPE * np.array(shapes)
    path = _shortest(len(units), stretches, costs)
    return predict(model, inputs[path]).argmax(axis=1).tolist()


def _may_be_digit(units, height):
    """Whether some units have the size of one digit."""
    top, left, bottom, right = _box(units)
    return bottom - top > 0.4 * height and right - left < 1.4 * max(
        height, bottom - top
    )


def _odd_shape(units, height):
    """How far units are wider than digits are, or lower than those of their row."""
    top, left, bottom, right = _box(units)
    wide = (right - left) / max(height, bottom - top)
    return max(0.0, wide - 0.9) + max(0.0, 0.8 - (bottom - top) / height)


def _box(units):
    """Top, left, bottom and right of units."""
    return (
        min(unit.top for unit in units),
        min(unit.left for unit in units),
        max(unit.bottom for unit in units),
        max(unit.right for unit in units),
    )


def _ink_of(units, ink):
    """The ink of units alone, cut to their box with a pixel around."""
    top, left, bottom, right = _box(units)
    alone = np.zeros((bottom - top + 2, right - left + 2))
    for unit in units:
        rows = slice(unit.top - top + 1, unit.bottom - top + 1)
        columns = slice(unit.left - left + 1, unit.right - left + 1)
        alone[rows, columns] += unit.mask
    edge = ndimage.binary_dilation(alone, np.ones((3, 3)))
    around = np.pad(ink, 1)[top : bottom + 2, left : right + 2]
    # Its antialiased edge belongs to it, but not where the next unit was cut off.
    return np.where(edge, around, 0) if len(units) else alone


def _shortest(number, stretches, costs):
    """The stretches on the cheapest way from the first cut to the last.

    Args:
        number: int, units; a unit may be left out, at the price of the dearest stretch.
        stretches: list of (start, stop).
        costs: float array, one for each stretch.

    Returns:
        List of int, indices of stretches, from left to right.
    """
    skip = costs.max() + 1
    best = [(0.0, [])]
    for stop in range(1, number + 1):
        ways = [(best[stop - 1][0] + skip, best[stop - 1][1])]
        ways += [
            (best[start][0] + costs[k], [*best[start][1], k])
            for k, (start, end) in enumerate(stretches)
            if end == stop
        ]
        best.append(min(ways, key=lambda way: way[0]))
    return best[-1][1]
