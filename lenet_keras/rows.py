"""Several digits of one picture: a row, a form, a page, each digit with its box.

LeCun et al. (1998), Section VII: a convolutional network is laid over a whole row as
one larger network. It answers at each place which digit stands there, or none, since it
learned from rows what lies between two digits; dynamic programming makes a number of
these answers. No cut comes before the reading, where digits touch.
"""

import functools
import itertools
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from lenet_keras.evaluation import penalties, predict, predict_with_doubt
from lenet_keras.images import frame, to_input
from lenet_keras.layers import EuclideanRBF
from lenet_keras.model import build_lenet5
from lenet_keras.paper import BACKGROUND, INK
from lenet_keras.photograph import located, shipped, strokes_alone
from lenet_keras.pictures import name_of, one_channel, open_picture, shrunk
from lenet_keras.sheets import (
    Writing,
    apart,
    box_of,
    cut_out,
    find,
    outermost,
    pieces_that,
    reaches_border,
    sheets_of,
    sides,
    widened,
)
from lenet_keras.weights import FOLDER

_SIDE = 1024  # of the copy that is searched
_EVEN = 40  # between the darkest and the lightest grey of a border that is paper
_FIELD = 32  # pixels of the network's input
# A row is read in a copy with digits 20 pixels high, as in MNIST.
_HEIGHT = 20
_CLEAR = 5  # pixels between digits that do not touch
# A digit is what five places in a row say together, and the next one stands six on:
# chosen on rows of validation images.
_RUN, _APART = 5, 6


class Digit(NamedTuple):
    """A digit that was read in a picture."""

    answer: str
    certainty: float  # the probability of the answer, 0 to 1
    is_doubtful: bool  # whether it is like no digit
    box: tuple[int, int, int, int]  # top, left, bottom, right, in pixels
    line: int  # which row of the picture it stands in, from 0
    input: np.ndarray  # float32 (32, 32, 1), what the network saw


class _Line(NamedTuple):
    """A row of a sheet without all else, its digits 20 pixels high."""

    ink: np.ndarray  # float (rows, columns), 0 to 1
    pieces: np.ndarray  # int, numbered as on the sheet, in the sheet's pixels
    corner: tuple[int, int]  # its first row and column on the sheet
    scale: float  # its pixels to one of the sheet


class _Cut(NamedTuple):
    """What was cut out as a digit."""

    frame: np.ndarray  # bytes (28, 28)
    box: tuple[int, int, int, int]
    line: int
    chances: np.ndarray  # float (10,), of each digit, as the whole row was read
    touches: bool = False  # whether a neighbour's stroke had to be cut through


def read_digits(image, model=None):
    """Read every digit of a picture, in reading order.

    Args:
        image: as for `read_digit`: a row of digits, a form, a page of practice. Digits
            may touch.
        model: `keras.Model`; default "1998" with its shipped weights.

    Returns:
        List of `Digit`, row after row, each from left to right.

    Raises:
        ValueError: if the picture cannot be read or shows no digit, or for a model of
            no variant of ours, whose doubt is not known.
        FileNotFoundError: if there is no such file.
    """
    model = model or shipped()
    name = name_of(image)
    grey = one_channel(open_picture(image, name))
    alone, found = _alone(grey, name), _every(grey)
    if not (alone or found):
        raise ValueError(
            f"{name} shows no digits. Write them with a thick dark pen on plain light "
            "paper."
        )
    inputs = to_input(np.stack([cut.frame for cut in [*alone, *found]]))
    read = _read(inputs, [*alone, *found], model)
    several = [one for one in read[len(alone) :] if _is_like(one, read[0])]
    if alone and not read[0].is_doubtful and len(several) < 2:
        return read[:1]
    return read[len(alone) :] or read


def _is_like(one, other):
    """Whether a reading is a digit as high as another, give or take a third."""
    high, low = (each.box[2] - each.box[0] for each in (one, other))
    return not one.is_doubtful and 0.7 < high / low < 1.4


def _every(grey):
    """All that may be digits in a picture, line by line."""
    small, margin = _with_margin(shrunk(grey, _SIDE))
    sheet = _sheet(small)
    if sheet is None or all(one.at_border for one in sheet.writings):
        (small, sheet), margin = find(grey), 0  # one digit, perhaps, cut out tight
    if sheet is None:
        return []
    scale = max(grey.shape) / (max(small.shape) - 2 * margin)
    return [
        cut._replace(line=number, box=_placed(cut.box, margin, scale))
        for number, writings in enumerate(_lines(sheet))
        for cut in _cuts(_line_of(writings, sheet), sheet)
    ]


def _alone(grey, name):
    """The digit of a picture with only one, as `read_digit` finds it; or none."""
    try:
        shown, box = located(grey, name)
    except ValueError:
        return []
    return [_Cut(shown["frame"], box, 0, np.ones(10))]


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
def _row_reader():
    """The network that is laid over rows; its last class is none of the digits."""
    shape = (_FIELD, None, 1)
    return build_lenet5(
        "modern", classes=11, input_shape=shape, weights=FOLDER / "rows.npz"
    )


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


def _read(inputs, cuts, model):
    """What a model answers to some frames, as a list of `Digit`."""
    names = answers_of(model)
    chances, doubt = predict_with_doubt(model, inputs)
    # A network of free length answers at one place of each frame.
    chances, doubt = chances.reshape(len(cuts), -1), doubt.reshape(len(cuts))
    if names == list("0123456789"):
        # What was cut through counts as the network of rows saw it, whole.
        touches = np.array([[cut.touches] for cut in cuts])
        chances = np.where(touches, 1, chances) * [cut.chances for cut in cuts]
        chances /= chances.sum(axis=1, keepdims=True)
    return [
        Digit(names[row.argmax()], float(row.max()), bool(in_doubt), *cut[1:3], x)
        for row, in_doubt, cut, x in zip(chances, doubt, cuts, inputs, strict=True)
    ]


def _sheet(small):
    """The ink of a picture with many digits, or None."""
    if max(small.shape) <= 40:
        sheet = cut_out(small)
        return sheet if sheet.writings else None
    side = max(small.shape)
    widths = {max(3, side // share) for share in ((24, 8) if side > 256 else (8, 3))}
    sheets = sheets_of(small, sorted(widths), _signs(small), number=400, longest=12)
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
    """The rows of a sheet: lists of its `Writing`."""
    first = sheet.writings[0]
    strong = [
        one
        for one in sheet.writings
        if one.contrast > 0.4 * first.contrast
        and not (one.at_border and one is not first)
    ]
    tall = np.median([one.height for one in strong])
    rows = []
    for one in sorted([*strong, *_broken(sheet, tall)], key=_middle):
        if not 0.35 * tall < one.height < 2.5 * tall:
            continue
        if rows and _middle(one) - np.mean([*map(_middle, rows[-1])]) < 0.6 * tall:
            rows[-1].append(one)
        else:
            rows.append([one])
    return rows


def _broken(sheet, tall):
    """Digits in two pieces, neither of which is as high as a digit: a 5 and its bar."""
    least = 0.1 * np.median([one.strokes.sum() for one in sheet.writings])

    def is_part(area, box):
        return area > least and sides(box)[0] < 0.5 * tall

    parts = pieces_that(is_part, sheet.pieces)
    near, _ = ndimage.label(widened(parts, max(1, int(tall / 13))))
    near[~parts] = 0
    for k, box in enumerate(ndimage.find_objects(near), 1):
        strokes = near == k
        is_pair = len(np.unique(sheet.pieces[strokes])) == 2
        if is_pair and not reaches_border(box, strokes.shape):
            yield Writing(box, strokes, float(sheet.ink[strokes].mean()), False)


def _middle(writing):
    return (writing.box[0].start + writing.box[0].stop) / 2


def _line_of(writings, sheet):
    """The row of some writings, with what is near and too small: the bar of a 5."""
    tall = np.median([one.height for one in writings])
    least = 0.04 * np.mean([one.strokes.sum() for one in writings])
    own = [one.box for one in writings]

    def is_kept(area, box):
        return box in own or (
            area > least
            and any(max(map(apart, box, other)) < 0.15 * tall for other in own)
            and not reaches_border(box, sheet.ink.shape)
        )

    pieces = np.where(pieces_that(is_kept, sheet.pieces), sheet.pieces, 0)
    rows, columns = box_of(pieces > 0)
    pieces = np.pad(pieces[rows, columns], 1)
    height, width = pieces.shape
    ink = np.pad(sheet.ink, 1)[rows.start :, columns.start :][:height, :width]
    is_edge = ndimage.binary_dilation(pieces > 0, np.ones((3, 3)))
    strong = np.quantile(ink[pieces > 0], 0.8)
    ink = np.float32(np.where(is_edge, np.minimum(ink / strong, 1), 0))
    scale = _HEIGHT / _height(pieces > 0, max(1, round(tall / 2)))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    ink = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BILINEAR))
    return _Line(ink, pieces, (rows.start - 1, columns.start - 1), scale)


def _height(is_ink, width):
    """How high ink is within so many columns: that of digits which touch, too."""
    written = is_ink.any(axis=0)
    tops = np.where(written, is_ink.argmax(axis=0), len(is_ink))
    bottoms = np.where(written, len(is_ink) - is_ink[::-1].argmax(axis=0), 0)
    tops = ndimage.minimum_filter1d(tops, width)
    return np.median((ndimage.maximum_filter1d(bottoms, width) - tops)[written])


def _cuts(line, sheet):
    """The digits of a row, from left to right."""
    groups = _groups(line.ink)
    chances = _chances(_level(line.ink, groups))
    path = _best_path(chances)
    ink = line.ink.sum(axis=0)
    cuts = []
    for group in groups:
        # What stands clear of others is one digit, if it is none in a row.
        middle = (group.start + group.stop) // 2
        places = [k for k in path if group.start <= k < group.stop] or [middle]
        between = [_least_between(ink, *pair) for pair in itertools.pairwise(places)]
        edges = itertools.pairwise([group.start, *between, group.stop])
        found = []
        for place, (start, stop) in zip(places, edges, strict=True):
            run = chances[max(0, place - _RUN // 2) : place + _RUN // 2 + 1, :10]
            mean = np.exp(np.log(run).mean(axis=0))
            found.append(_cut(line, sheet, start, stop, mean / mean.sum()))
        if len(found) == 2:
            whole = _cut(line, sheet, group.start, group.stop, np.ones(10))
            found = _one_or_two(whole, *found)
        cuts += found
    return [cut for cut in cuts if cut]


def _one_or_two(whole, *halves):
    """A digit or the two halves of it: the network is asked which are digits."""
    top, left, bottom, right = whole.box
    # A low 5 with a long bar is twice as wide as high; wider is no single digit.
    if not all(halves) or right - left > 2 * (bottom - top):
        return halves
    frames = np.stack([cut.frame for cut in (whole, *halves)])
    costs = penalties(shipped(), to_input(frames))
    return [whole] if costs[0] < costs[1:].max() else halves


def _least_between(ink, left, right):
    """The column with least ink in the middle half between two places."""
    quarter = (right - left) // 4
    return left + quarter + int(ink[left + quarter : right - quarter].argmin())


def _groups(ink):
    """The columns of digits that touch, or nearly do: slices between clear gaps."""
    written = np.pad((ink > 0.2).any(axis=0), _CLEAR)
    joined, _ = ndimage.label(ndimage.binary_closing(written, np.ones(_CLEAR)))
    return [
        slice(columns.start - _CLEAR, columns.stop - _CLEAR)
        for (columns,) in ndimage.find_objects(joined)
    ]


def _level(ink, groups):
    """A row in the field of the network: each group in the middle of 32 rows."""
    level = np.zeros((_FIELD, ink.shape[1]), np.float32)
    padded = np.pad(ink, ((_FIELD, _FIELD), (0, 0)))
    for group in groups:
        written = np.flatnonzero((ink[:, group] > 0.2).any(axis=1))
        top = (written[0] + written[-1] + 1) // 2 + _FIELD // 2
        level[:, group] = padded[top : top + _FIELD, group]
    return level


def _chances(level):
    """What stands in the middle of each window of a row, one a column (Section VII).

    Args:
        level: float array (32, columns), paper 0 and ink 1.

    Returns:
        float array (columns, 11): each digit, and none.
    """
    width = level.shape[1]
    # An answer comes every 4 pixels: four copies, each a pixel on, give one a pixel.
    x = np.pad(level, ((0, 0), (_FIELD // 2, _FIELD // 2 + 8)))
    length = _FIELD + 4 * (width // 4 + 1)
    x = np.stack([x[:, k : k + length] for k in range(4)])[..., None]
    answers = predict(_row_reader(), BACKGROUND + (INK - BACKGROUND) * x)[:, 0]
    return np.maximum(answers.swapaxes(0, 1).reshape(-1, 11)[:width], 1e-6)


def _best_path(chances):
    """Where digits stand in a row: the likeliest sequence of digits and of none.

    Args:
        chances: float array (columns, 11).

    Returns:
        List of int, the column in the middle of each digit, from left to right.
    """
    gains = np.log(chances[:, :10] / chances[:, 10:])
    gains = ndimage.convolve1d(gains, np.ones(_RUN), axis=0, mode="nearest").max(axis=1)
    best = np.zeros(len(gains) + _APART)  # up to each column; none before the first
    for k, gain in enumerate(gains):
        best[k + _APART] = max(best[k + _APART - 1], best[k] + gain)
    path, k = [], len(gains) - 1
    while k >= 0:
        is_digit = best[k + _APART] > best[k + _APART - 1]
        path += [k] if is_digit else []
        k -= _APART if is_digit else 1
    return path[::-1]


def _cut(line, sheet, start, stop, chances):
    """Cut columns out of a row, with what leans out, without what leans in; or None."""
    start, stop = int(start / line.scale), int(np.ceil(stop / line.scale))
    areas = np.bincount(line.pieces.ravel())
    inside = np.bincount(line.pieces[:, start:stop].ravel(), minlength=len(areas))
    inside[0] = 0  # paper
    is_own = inside > 0.8 * areas
    is_shared = (
        ~is_own & (inside > 0) & (inside >= min(0.3 * inside.sum(), inside.max()))
    )
    strokes = is_own[line.pieces]
    strokes[:, start:stop] |= is_shared[line.pieces[:, start:stop]]
    if not strokes.any():
        return None
    rows, columns = box_of(strokes)
    strokes = np.pad(strokes[rows, columns], 1)
    top, left = line.corner[0] + rows.start, line.corner[1] + columns.start
    height, width = strokes.shape
    ink = np.pad(sheet.ink, 1)[top : top + height, left : left + width]
    box = top, left, top + height - 2, left + width - 2
    digit = frame(strokes_alone(ink, strokes))
    return _Cut(digit, box, 0, chances, bool(is_shared.any()))
