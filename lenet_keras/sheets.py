"""Sheets: what is ink in a picture, what paper, and what seems written.

The paper is found before the ink, lines before strokes, and the largest writing before
the rest.
"""

import itertools
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from lenet_keras.pictures import SIDE, shrunk

SCAN = 64  # up to this side a picture is a scan, cut out: all around it is paper
FAINT = 20  # of 255: what differs less from its paper is no ink
_AT_BORDER = 0.2  # what a piece of ink counts that reaches the border
_SQUARE = np.ones((3, 3))  # neighbours, the diagonal ones too


class Writing(NamedTuple):
    """A connected piece of ink in a searched copy of a picture."""

    box: tuple[slice, slice]  # its rows and columns
    strokes: np.ndarray  # bool (rows, columns), its pixels
    contrast: float  # 0 to 255, as if it were in full light
    at_border: bool

    @property
    def height(self):
        return sides(self.box)[0]

    @property
    def size(self):
        return max(sides(self.box))

    @property
    def weight(self):  # at the border, it may be a finger, or a table's edge
        return self.size * self.contrast**2 * (_AT_BORDER if self.at_border else 1)


class Sheet(NamedTuple):
    """Ink of one kind on its paper, and what may be written with it."""

    sign: int  # 1 for dark ink, -1 for light
    ink: np.ndarray  # float (rows, columns), paper 0
    pieces: np.ndarray  # int (rows, columns), 0 or the number of a connected piece
    writings: list[Writing]  # the digit first


def find(grey):
    """The copy of a picture that was searched, and its likeliest `Sheet`, or None."""
    if max(grey.shape) <= SCAN:
        sheet = cut_out(grey)
        return grey, sheet if sheet.writings else None
    # First coarsely, then in a finer copy.
    for side, shares in ((SIDE, (8, 3)), (4 * SIDE, (24,))):
        small = shrunk(grey, side)
        widths = [max(3, max(small.shape) // share) for share in shares]
        sheets = outermost(sheets_of(small, widths))
        if sheets or side >= max(grey.shape):
            break
    first = max(sheets, key=lambda sheet: sheet.writings[0].weight, default=None)
    if first and not first.writings[0].at_border:
        return small, first
    # It may be cut out so tight that its strokes lie along the border.
    tight = cut_out(small)
    spans = tight.writings and tight.writings[0].size > 0.9 * max(small.shape)
    return small, tight if spans else first


def cut_out(grey):
    """The `Sheet` of a picture whose border is mostly paper, float (rows, columns)."""
    ring = np.ones(grey.shape, bool)
    width = max(1, min(grey.shape) // 16)
    ring[width:-width, width:-width] = False
    half = 0.5 * np.quantile(grey, (0.01, 0.99)).sum()
    is_dark = np.mean(grey[ring] >= half) >= 0.5
    paper = np.median(grey[ring & ((grey >= half) == is_dark)])
    ink = np.clip(paper - grey if is_dark else grey - paper, 0, None)
    peak = np.quantile(ink, 0.999)
    pieces, _ = ndimage.label((ink > 0.3 * peak) & (peak > FAINT), _SQUARE)
    found = [
        Writing(box, pieces == k, float(peak), True)
        for k, box in enumerate(ndimage.find_objects(pieces), 1)
    ]
    found.sort(key=lambda one: -one.strokes.sum())
    return Sheet(1 if is_dark else -1, ink, pieces, found)


def sheets_of(grey, widths, signs=(1, -1), number=16, longest=3):
    """Tell ink from paper: paper is where a square of some width fits.

    Args:
        grey: float32 array (rows, columns).
        widths: list of int, pixels, each more than the thickest stroke.
        signs: 1 for dark ink, -1 for light.
        number: int, the largest pieces to look at.
        longest: float, how many times its height a piece may be wide.

    Returns:
        List of `Sheet`: for each width, one of each sign.
    """
    soft = ndimage.gaussian_filter(grey, 1) if _is_fine(grey) else grey
    return [
        _sheet(grey, soft if sign > 0 else 255 - soft, width, sign, number, longest)
        for width in widths
        for sign in signs
    ]


def _sheet(grey, soft, width, sign, number, longest):
    """The `Sheet` of a picture in which ink of a sign is dark."""
    # Closing fills whatever is thinner, and leaves sheets, tables and shadows as they
    # are, with their borders; the picture goes on beyond its own.
    is_fine = _is_fine(grey)
    paper = closed(soft, width)
    ink = paper - soft
    if sign > 0:  # the share of the light that is left, alike in a shadow and beside it
        ink = ink * (255 / np.maximum(paper, 64))
    last = min(30, ink.size // 20 + 1)
    peak = np.partition(ink, -last, axis=None)[-last]
    is_line = np.zeros(ink.shape, bool)
    if is_fine:  # thin lines are paler than strokes
        thin = ink > max(0.6 * FAINT, 0.3 * peak)
        is_line = _lines(thin) | _lines(thin.T).T
    is_ink = (ink > 0.5 * max(FAINT, peak)) & ~is_line
    pieces, _ = ndimage.label(is_ink, _SQUARE)
    margin = 4 if is_fine else 2
    found = []
    boxes = enumerate(ndimage.find_objects(pieces), 1)
    for k, box in sorted(boxes, key=lambda pair: -max(sides(pair[1])))[:number]:
        height, across = sides(box)
        if height < 8 or across > longest * height:
            continue
        if _is_closed(pieces, k, box, is_line, grey, margin):
            strokes = pieces == k
            contrast = float(ink[strokes].mean())
            at_border = reaches_border(box, ink.shape)
            found.append(Writing(box, strokes, contrast, at_border))
    found = [one for one in found if not _is_frame(one, found)]
    return Sheet(sign, ink, pieces, sorted(found, key=lambda one: -one.weight))


def _is_fine(grey):
    """Whether a picture has pixels enough to be blurred and to show thin lines."""
    return min(grey.shape) > 48


def pieces_that(are_wanted, pieces):
    """The mask of those pieces of which a rule of area and box holds."""
    areas, boxes = np.bincount(pieces.ravel()), ndimage.find_objects(pieces)
    wanted = [are_wanted(*one) for one in zip(areas[1:], boxes, strict=True)]
    return np.array([False, *wanted])[pieces]


def closed(grey, width):
    """A grey closing by a square: whatever is thinner than its width is filled."""
    wide = np.pad(grey, width - 1, mode="edge")
    return -_highest(-_highest(wide, width), width)


def widened(is_ink, reach):
    """A mask and all within so many pixels, the diagonal ones too."""
    return _highest(np.pad(is_ink, reach), 2 * reach + 1)


def _highest(grey, width):
    """The highest grey of each square of some width that fits in.

    By doubling: the highest of two is that of four, two places on. The filters of scipy
    take four times as long, and with them a reading a quarter longer.
    """
    for _ in range(2):  # along the columns, then along the rows
        reach = 1
        while 2 * reach < width:
            grey = np.maximum(grey[:-reach], grey[reach:])
            reach *= 2
        grey = np.maximum(grey[: len(grey) - width + reach], grey[width - reach :]).T
    return grey


def reaches_border(box, shape):
    """Whether a box reaches the border of a picture, give or take a little."""
    rim = max(shape) // 80
    return any(
        cut.start <= rim or cut.stop >= length - rim
        for cut, length in zip(box, shape, strict=True)
    )


def _is_closed(pieces, k, box, is_line, grey, margin):
    """Whether grey changes all around a piece.

    A gap between two things, which a square does not fit in either, is open somewhere.
    """
    cut = tuple(slice(max(0, c.start - margin), c.stop + margin) for c in box)
    strokes, grey = pieces[cut] == k, grey[cut]
    near, ring = (widened(strokes, reach) for reach in (margin - 2, margin))
    ring &= ~near & ~widened(is_line[cut], 1)
    if not ring.any():
        return True
    inside, outside = np.median(grey[strokes]), grey[ring]
    step = abs(np.median(outside) - inside)
    is_around = np.mean(np.abs(outside - inside) > 0.35 * step) > 0.9
    return step > 0.6 * FAINT and is_around


def _is_frame(one, others):
    """Whether it is the thin box around another."""
    is_thin = one.strokes.sum() < 0.25 * np.prod(sides(one.box))
    return is_thin and any(
        _holds(one.box, other.box) and 0.25 * one.height < other.height < one.height
        for other in others
    )


def outermost(sheets):
    """The sheets with something written, without those of paper taken for ink.

    What a digit encloses is paper; but a full rectangle with writing on it is a sheet.
    """
    sheets = [sheet for sheet in sheets if sheet.writings]
    papers = set()
    for outside, inside in itertools.permutations(sheets, 2):
        outer, inner = outside.writings[0], inside.writings[0]
        if (
            outside.sign != inside.sign
            and _holds(outer.box, inner.box)
            and not _holds(inner.box, outer.box)
            and inner.size > 0.15 * outer.size
        ):
            papers.add(id(outside if _is_paper(outer) else inside))
    return [sheet for sheet in sheets if id(sheet) not in papers] or sheets


def _is_paper(writing):
    """Whether a piece is a sheet: full to the border, or a rectangle however turned."""
    area = np.prod(sides(writing.box))
    if writing.at_border and writing.strokes.sum() > 0.6 * area:
        return True
    full = ndimage.binary_fill_holes(writing.strokes[writing.box])
    outline = np.argwhere(full & ~ndimage.binary_erosion(full)) @ [1, 1j]
    turned = np.exp(1j * np.radians(np.arange(0, 90, 3)))[:, None] * outline
    areas = (1 + np.ptp(turned.real, axis=1)) * (1 + np.ptp(turned.imag, axis=1))
    is_solid = writing.strokes.sum() > 0.5 * full.sum()
    return is_solid and full.sum() > 0.87 * areas.min()


def _lines(is_ink):
    """Ruled lines: pixels that are thin, nearly level, through the whole picture."""
    thick, length = 2 + max(is_ink.shape) // 50, is_ink.shape[1]
    written = np.flatnonzero(is_ink.any(axis=0))
    if not (len(written) and _spans(written[0], written[-1], length)):
        return np.zeros_like(is_ink)
    lines = is_ink & ~ndimage.grey_opening(is_ink, (thick, 1))
    rows, columns = np.nonzero(lines)
    if len(rows) < 0.3 * length:
        return np.zeros_like(is_ink)
    # The slope at which most of them fall on few rows; a Hough transform by hand.
    slopes = np.linspace(-0.1, 0.1, 41)[:, None]
    places = np.rint(rows - slopes * columns).astype(int)
    places -= places.min()
    place = max(places, key=lambda p: (np.bincount(p) ** 2.0).sum())
    every = np.arange(place.max() + 1)
    first, last = (f(columns, place, every) for f in (ndimage.minimum, ndimage.maximum))
    is_long = np.bincount(place) > 0.35 * length
    is_line = _spans(first, last, length) & is_long
    lines[lines] = ndimage.maximum_filter1d(is_line, 5)[place]
    return lines


def _spans(first, last, length):
    """Whether it goes through a picture of some length, give or take a little."""
    return (first < 0.15 * length) & (last > 0.85 * length)


def box_of(strokes):
    """The rows and columns of a mask that hold all of it."""
    return ndimage.find_objects(strokes.astype(np.uint8))[0]


def sides(box):
    return [cut.stop - cut.start for cut in box]


def apart(one, other):
    """The gap between two ranges; negative where they overlap."""
    return max(one.start, other.start) - min(one.stop, other.stop)


def _holds(outer, inner):
    """Whether one box lies inside another, give or take a pixel."""
    return all(
        o.start - 1 <= i.start and i.stop <= o.stop + 1
        for o, i in zip(outer, inner, strict=True)
    )
