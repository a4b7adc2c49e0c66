"""A photographed or drawn digit, made into what MNIST would have made of it.

Section III-A of LeCun et al. (1998) tells how MNIST's digits were cut out and framed;
networks trained on them fail on digits that were not. Where it is not clear what
belongs to the digit, the network is asked which of the frames it knows best.
"""

import functools
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from lenet_keras.evaluation import penalties
from lenet_keras.images import frame, to_input
from lenet_keras.model import build_lenet5
from lenet_keras.pictures import BOX, SIDE, name_of, one_channel, open_picture, shrunk
from lenet_keras.sheets import (
    FAINT,
    SCAN,
    Sheet,
    apart,
    box_of,
    find,
    pieces_that,
    sides,
    widened,
)

WIDEST = 1.2  # times its height: wider than this is no single digit
_NARROWER = 0.35  # a 1 that was stretched to a square has this width again
_ADVICE = "Write one digit with a thick dark pen on plain light paper."


class _Candidate(NamedTuple):
    """Strokes that may be the digit."""

    sheet: Sheet
    strokes: np.ndarray  # bool (rows, columns)
    ink: np.ndarray  # float (rows, columns), what is framed


def read_digit(image):
    """Make of a photographed or drawn digit what MNIST would have made of it.

    The sheet is told from the table, lines are taken off, the largest writing is cut
    out; then Section III-A's frame: 20x20 with the aspect kept, the centre of mass in
    the middle of 28x28. `steps` shows each of them.

    Args:
        image: path of a PNG or JPEG, its bytes, an open file, a PIL image, a uint8
            array (rows, columns), (rows, columns, 3) or (rows, columns, 4), or what
            Gradio's sketch pad sends. Ink may be dark or light, at most 40 million
            pixels.

    Returns:
        float32 array (32, 32, 1), ready for the network as a batch of one.

    Raises:
        ValueError: if the picture cannot be read, or shows no digit, or several; the
            message says what is wrong with it.
        FileNotFoundError: if there is no such file.
    """
    return to_input(steps(image)["frame"])[0]


def steps(image):
    """Return what `read_digit` sees on the way from a picture to the frame.

    Args:
        image: as for `read_digit`.

    Returns:
        Dict of arrays (rows, columns): "picture", in the channel where ink differs from
        paper, floats 0 to 255; "near", the part that was looked at; "ink", how far it
        is from its paper, 0 or more; "strokes", the ink of the digit alone; "frame",
        bytes (28, 28), ink high.

    Raises:
        ValueError, FileNotFoundError: as `read_digit`.
    """
    name = name_of(image)
    return located(one_channel(open_picture(image, name)), name)[0]


def located(whole, name):
    """What `steps` returns; and top, left, bottom and right of the digit, in pixels.

    Args:
        whole: float32 array (rows, columns), the picture in one channel.
        name: str, for messages.
    """
    grey, corner = whole, np.zeros(2)
    while True:  # look again, nearer, until the digit is seen as large as can be
        small, sheet = find(grey)
        if sheet is None:
            raise ValueError(f"{name} {_why_nothing(whole)} {_ADVICE}")
        # Each time: from near, a second digit may be out of sight.
        scale = max(grey.shape) / max(small.shape)
        digit = _digit_of(sheet, name, scale)
        box = box_of(digit.strokes)
        margin = max(sides(box))
        if scale == 1 or margin > 0.25 * max(small.shape):
            break
        nearer = tuple(
            slice(
                max(0, int(scale * (c.start - margin))), int(scale * (c.stop + margin))
            )
            for c in box
        )
        grey, corner = grey[nearer], corner + [part.start for part in nearer]
    edges = corner + scale * np.array([(c.start, c.stop) for c in box]).T
    shown = {
        "picture": shrunk(whole, 2 * SIDE),
        "near": small,
        "ink": digit.sheet.ink,
        "strokes": digit.ink,
        "frame": frame(digit.ink),
    }
    return shown, tuple(edges.ravel().round().astype(int).tolist())


def _why_nothing(grey):
    """What to say of a picture without a digit."""
    if grey.max() < 40:
        return "is too dark: nothing can be seen."
    if np.ptp(shrunk(grey, SIDE)) < 2 * FAINT:
        return "shows no digit: it has hardly any contrast."
    return "shows no digit: nothing in it looks written."


def _digit_of(sheet, name, scale):
    """The one digit of a sheet, of all that may be it the nearest to a code.

    `scale` is how many pixels of the picture one of the sheet covers.
    """
    first = sheet.writings[0]
    if max(sheet.ink.shape) > SCAN and first.height * scale < 8:
        raise ValueError(
            f"{name} shows something {first.height * scale:.0f} pixels high, which is "
            "too small for a digit. Go nearer, or scan it finer."
        )
    # The first is the likeliest: with more it must be clearly nearer.
    likely, more = (_candidate(sheet, _near(sheet, most)) for most in (0.8, np.inf))
    halves = _halves(likely)
    candidates = [more, likely, *_narrowed(likely), *halves]
    frames = np.stack([frame(each.ink) for each in candidates])
    costs = penalties(shipped(), to_input(frames))
    costs[0] *= 1.5
    number = len(candidates) - len(halves)
    digit = candidates[int(costs[:number].argmin())]
    is_second = halves and costs[number:].max() < costs[:number].min()
    if is_second or any(
        0.55 < one.height / first.height < 1.8
        and not one.at_border
        and not (digit.strokes & one.strokes).any()
        for one in sheet.writings[1:]
    ):
        raise ValueError(
            f"{name} shows two digits or more. Cut out one of them, or read them "
            "all with read_digits."
        )
    return digit


def _halves(digit):
    """The left and the right of what is too wide to be one digit."""
    rows, columns = box_of(digit.strokes)
    height, width = sides((rows, columns))
    if width < max(3, WIDEST * height):
        return []
    start = columns.start + width // 3
    place = start + digit.strokes[:, start : start + width // 3].sum(axis=0).argmin()
    is_left = np.arange(digit.strokes.shape[1]) < place
    halves = [
        _candidate(digit.sheet, digit.strokes & side) for side in (is_left, ~is_left)
    ]
    low, high = sorted(sides(box_of(half.strokes))[0] for half in halves)
    return halves if low > 0.55 * high else []


@functools.cache
def shipped():
    """The network that says which frame is nearest to a code, loaded once."""
    return build_lenet5("1998", weights="mnist")


def _narrowed(digit):
    """A digit that fills a square, as narrow as a 1: some scanners stretched all."""
    rows, columns = digit.sheet.ink.shape
    if rows != columns or rows > SCAN or sides(box_of(digit.strokes)) != [rows, rows]:
        return []
    width = max(1, round(_NARROWER * digit.ink.shape[1]))
    narrow = Image.fromarray(digit.ink).resize((width, len(digit.ink)), BOX)
    return [digit._replace(ink=np.asarray(narrow))]


def _near(sheet, largest):
    """The largest piece of a sheet, and what is near: the bar of a 5, but no speck."""
    first = sheet.writings[0]
    least = 0.02 * first.strokes.sum()

    def is_near(area, box):
        return (
            area > least
            and max(map(apart, first.box, box)) < 0.2 * first.size
            and max(sides(box)) < largest * first.size
        )

    return pieces_that(is_near, sheet.pieces) | first.strokes


def _candidate(sheet, strokes):
    strokes = strokes & (sheet.ink > 0.3 * sheet.writings[0].contrast)
    return _Candidate(sheet, strokes, strokes_alone(sheet.ink, strokes))


def strokes_alone(ink, strokes):
    """The ink of a digit, all else 0, with round outlines where a scan is coarse."""
    # One pixel around the strokes keeps its grey: it is their antialiased edge.
    ink = np.where(widened(strokes, 1), ink, 0).astype(np.float32)
    if max(sides(box_of(strokes))) >= 20:
        return ink
    # The frame enlarges in straight lines from pixel to pixel, which keeps the corners
    # of a coarse scan, and they read as strokes.
    picture = Image.fromarray(np.pad(ink, 1))
    fine = np.asarray(ImageOps.scale(picture, 4, Image.Resampling.LANCZOS))
    return np.where(fine > 0.3 * ink.max(), np.minimum(fine, ink.max()), 0)
