"""Several digits of one picture: a row, a form, a page, each digit with its box.

LeCun et al. (1998), Section V: where it is not clear where a digit ends, many cuts are
tried; each stretch between two of them is read, and the way from the first cut to the
last with the smallest sum of penalties is the answer.
"""

import functools
import itertools
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from lenet_keras.evaluation import doubtful, penalties, predict
from lenet_keras.images import frame, to_input
from lenet_keras.layers import EuclideanRBF
from lenet_keras.model import build_lenet5
from lenet_keras.photograph import (
    cut_out,
    find,
    located,
    name_of,
    one_channel,
    open_picture,
    outermost,
    sheet_of,
    shrunk,
)

_SIDE = 1024  # of the copy that is searched
_EVEN = 40  # between the darkest and the lightest grey of a border that is paper
_LONGEST = 7  # units that may make one digit
# What each digit costs beside its own penalty, below 0 since two in one are too few,
# and what an odd shape costs; chosen on rows of validation images.
_PER_DIGIT = -3.0
_PER_SHAPE = 40.0


class Digit(NamedTuple):
    """A digit that was read in a picture."""

    answer: str
    certainty: float  # the probability of the answer, 0 to 1
    is_doubtful: bool  # whether it is like no digit
    box: tuple[int, int, int, int]  # top, left, bottom, right, in pixels
    line: int  # which row of the picture it stands in, from 0
    input: np.ndarray  # float32 (32, 32, 1), what the network saw


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


def read_digits(image, model=None):
    """Read every digit of a picture, in reading order.

    Args:
        image: as for `read_digit`: a row of digits, a form, a page of practice. Digits
            may touch.
        model: `keras.Model`; default "1998" with its shipped weights.

    Returns:
        List of `Digit`, row after row, each from left to right.

    Raises:
        ValueError: if the picture cannot be read or shows no digit.
        FileNotFoundError: if there is no such file.
    """
    model = model or _shipped()
    name = name_of(image)
    grey = one_channel(open_picture(image, name))
    alone = _alone(grey, name, model)
    found = _every(grey, model)
    if not (alone or found):
        raise ValueError(
            f"{name} shows no digits. Write them with a thick dark pen on plain light "
            "paper."
        )
    return [alone] if _is_nearer(alone, found, model) else found


def _is_nearer(alone, found, model):
    """Whether a digit alone is like one, and more so than the worst of several."""
    if not (alone and found):
        return not found
    worst = penalties(model, np.stack([digit.input for digit in found])).max()
    return not alone.is_doubtful and penalties(model, alone.input[None])[0] <= worst


def _every(grey, model):
    """All that may be digits in a picture, line by line."""
    small, margin = _with_margin(shrunk(grey, _SIDE))
    sheet = _sheet(small)
    if sheet is None or all(one.at_border for one in sheet.writings):
        (small, sheet), margin = find(grey), 0  # one digit, perhaps, cut out tight
    lines = _lines(sheet) if sheet else []
    found = []
    for number, (units, height) in enumerate(lines):
        for group in _groups(units, height):
            found += _read(group, height, sheet.ink, model, number)
    scale = max(grey.shape) / (max(small.shape) - 2 * margin)
    return [digit._replace(box=_placed(digit.box, margin, scale)) for digit in found]


def _alone(grey, name, model):
    """The digit of a picture with only one, as `read_digit` finds it; or None."""
    try:
        shown, box = located(grey, name)
    except ValueError:
        return None
    return _digits(to_input(shown["frame"]), [box], model, line=0)[0]


def _with_margin(grey):
    """A picture with paper around it, where its border is paper; and how much of it.

    What touches the border of a picture is else taken for something beside the page.
    """
    low, middle, high = _border(grey, 0.3)
    margin = max(grey.shape) // 40 if high - low <= _EVEN else 0
    return np.pad(grey, margin, constant_values=middle), margin


def _placed(box, margin, scale):
    """A box of a picture with a margin, in the pixels of the picture itself."""
    return tuple(max(0, round(scale * (place - margin))) for place in box)


def by_line(digits):
    """The digits of each row of a picture: a list of lists of `Digit`."""
    rows = itertools.groupby(digits, key=lambda digit: digit.line)
    return [list(row) for _, row in rows]


def number_of(digits):
    """Digits as text: a question mark after those in doubt.

    Args:
        digits: list of `Digit`, as `read_digits` returns it.
    """
    return "".join(digit.answer + "?" * digit.is_doubtful for digit in digits)


def certainties_of(digits):
    """The certainty of each digit as text, in percent."""
    return " ".join(f"{digit.certainty:.1%}" for digit in digits)


@functools.cache
def _shipped():
    return build_lenet5("1998", weights="mnist")


def answers_of(model):
    """What the classes of a model are called: digits, or the characters of its codes.

    Args:
        model: `keras.Model`.

    Returns:
        List of str.
    """
    output = model.layers[-1]
    if isinstance(output, EuclideanRBF):
        return list(output.classes)
    return list(map(str, range(model.output_shape[-1])))


def _sheet(small):
    """The ink of a picture with many digits, or None."""
    if max(small.shape) <= 40:
        sheet = cut_out(small)
        return sheet if sheet.writings else None
    side = max(small.shape)
    widths = {max(3, side // share) for share in ((24, 8) if side > 256 else (8, 3))}
    sheets = [
        sheet_of(small, width, sign, number=400, longest=12)
        for width in sorted(widths)
        for sign in _signs(small)
    ]
    # Paper between digits and inside of them spans less than they do.
    return max(outermost(sheets), key=_spanned, default=None)


def _signs(grey):
    """Dark ink, light ink, or both to be tried where the border is not all paper."""
    low, middle, high = _border(grey, 0.05)
    if high - low > _EVEN:
        return 1, -1
    return (1,) if middle > (grey.min() + grey.max()) / 2 else (-1,)


def _border(grey, share):
    """The darkest grey at the border but for a share, the middle, and the lightest."""
    border = np.concatenate((grey[0], grey[-1], grey[:, 0], grey[:, -1]))
    return np.quantile(border, (share, 0.5, 1 - share))


def _spanned(sheet):
    """The area of the box around all that is written, then how much it is."""
    inside = [one for one in sheet.writings if not one.at_border]
    first = max((one.contrast for one in inside), default=0)
    boxes = [one.box for one in inside if one.contrast > 0.4 * first]
    if not boxes:
        return 0, 0
    sides = [
        max(box[k].stop for box in boxes) - min(box[k].start for box in boxes)
        for k in (0, 1)
    ]
    return round(np.log(sides[0] * sides[1]), 1), sum(one.weight for one in inside)


def _lines(sheet):
    """The rows of a sheet: each its units of ink and the height of its digits."""
    first = sheet.writings[0]
    strong = [
        one
        for one in sheet.writings
        if one.contrast > 0.4 * first.contrast
        and not (one.at_border and one is not first)
    ]
    tall = np.median([one.height for one in strong])
    strong = [one for one in strong if 0.4 * tall < one.height < 2.5 * tall]
    rows = []
    for one in sorted(strong, key=lambda one: one.box[0].start + one.box[0].stop):
        middle = (one.box[0].start + one.box[0].stop) / 2
        for row in rows:
            if abs(middle - np.mean(row["middles"])) < 0.6 * tall:
                break
        else:
            row = {"middles": [], "writings": []}
            rows.append(row)
        row["middles"].append(middle)
        row["writings"].append(one)
    return [_units_of(row["writings"], sheet) for row in rows]


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
        is_near = any(_is_near(box, one.box, 0.15 * height) for one in writings)
        if k not in taken and areas[k] > 0.04 * ink and is_near:
            mask = sheet.pieces[box] == k
            units.append(_Unit(box[0].start, box[1].start, mask))
    return sorted(units, key=lambda unit: unit.middle), height


def _is_near(box, other, gap):
    return all(
        max(one.start, two.start) - min(one.stop, two.stop) < gap
        for one, two in zip(box, other, strict=True)
    )


def _cut(writing, ink, height):
    """Cut a piece where it costs little ink: at seams from its top to its foot."""
    strokes = writing.strokes[writing.box]
    top, left = (cut.start for cut in writing.box)
    if writing.width < 0.7 * height:
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


def _read(units, height, ink, model, line):
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
    boxes = [_box(units[slice(*stretches[k])]) for k in path]
    return _digits(inputs[path], boxes, model, line)


def _digits(inputs, boxes, model, line):
    """What a model answers to some frames, as a list of `Digit`."""
    probabilities, doubt = predict(model, inputs), doubtful(model, inputs)
    names = answers_of(model)
    return [
        Digit(names[int(row.argmax())], float(row.max()), bool(in_doubt), box, line, x)
        for row, in_doubt, box, x in zip(
            probabilities, doubt, boxes, inputs, strict=True
        )
    ]


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
