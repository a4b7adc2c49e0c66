"""A photographed or drawn digit, made into what MNIST would have made of it.

Section III-A of LeCun et al. (1998) tells how MNIST's digits were cut out and framed;
networks trained on them fail on digits that were not. The paper is found before the
ink, lines before strokes, and the largest writing before the rest; where it is not
clear what belongs to the digit, the network is asked which of the frames it knows best.
"""

import functools
import io
import itertools
import os
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from lenet_keras.evaluation import penalties
from lenet_keras.hints import printable
from lenet_keras.images import frame, to_input
from lenet_keras.model import build_lenet5

LARGEST = 40_000_000  # pixels of a picture: above, it may be a bomb
_SIDE = 256  # of the copy in which a digit is looked for
_SCAN = 64  # up to this side a picture is a scan, cut out: all around it is paper
_NARROWER = 0.35  # a 1 that was stretched to a square has this width again
_AT_BORDER = 0.2  # what a piece of ink counts that reaches the border
_FAINT = 20  # of 255: what differs less from its paper is no ink
_BOX = Image.Resampling.BOX  # each pixel the mean of those it covers
_SQUARE = np.ones((3, 3))  # neighbours, the diagonal ones too
_ADVICE = "Write one digit with a thick dark pen on plain light paper."
_FORMS = (
    "a path, bytes, an open file, a PIL image, a uint8 array (rows, columns) or with 3 "
    "or 4 channels, or the dictionary of a Gradio sketch pad"
)


class Writing(NamedTuple):
    """A connected piece of ink in a searched copy of a picture."""

    box: tuple[slice, slice]  # its rows and columns
    strokes: np.ndarray  # bool (rows, columns), its pixels
    contrast: float  # 0 to 255, as if it were in full light
    at_border: bool

    @property
    def height(self):
        return _sides(self.box)[0]

    @property
    def size(self):
        return max(_sides(self.box))

    @property
    def weight(self):  # at the border, it may be a finger, or a table's edge
        return self.size * self.contrast**2 * (_AT_BORDER if self.at_border else 1)


class Sheet(NamedTuple):
    """Ink of one kind on its paper, and what may be written with it."""

    sign: int  # 1 for dark ink, -1 for light
    ink: np.ndarray  # float (rows, columns), paper 0
    pieces: np.ndarray  # int (rows, columns), 0 or the number of a connected piece
    writings: list[Writing]  # the digit first


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
        margin = max(_sides(box))
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
        "picture": shrunk(whole, 2 * _SIDE),
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
    if np.ptp(shrunk(grey, _SIDE)) < 2 * _FAINT:
        return "shows no digit: it has hardly any contrast."
    return "shows no digit: nothing in it looks written."


def picture_of(image):
    """A picture in the colours that it has, on white: a PIL image, "RGB"."""
    return _on("white", open_picture(image, name_of(image)))


def _on(ground, picture):
    """A picture as it looks on a ground of one colour."""
    picture = picture.convert("RGBA")
    ground = Image.new("RGBA", picture.size, ground)
    return Image.alpha_composite(ground, picture).convert("RGB")


def name_of(image):
    """How messages call a picture: by the end of its path, as text."""
    image = getattr(image, "name", image) if hasattr(image, "read") else image
    if not isinstance(image, str | os.PathLike):
        return "the image"
    name = printable(os.fspath(image))
    return name if len(name) <= 60 else "..." + name[-57:]


def open_picture(image, name):
    """Whatever a picture is given as: a PIL image, upright, "L", "RGB" or "RGBA"."""
    if isinstance(image, dict):  # of Gradio
        composite = image.get("composite")
        image = image.get("background") if composite is None else composite
    if isinstance(image, np.ndarray):
        is_picture = image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (3, 4))
        if image.dtype != np.uint8 or not is_picture or not image.size:
            raise ValueError(
                "image must be a uint8 array (rows, columns), or with 3 or 4 channels; "
                f"received {image.dtype} {image.shape}. Convert it first."
            )
        image = Image.fromarray(image)
    is_file = hasattr(image, "read")
    if not (is_file or isinstance(image, str | os.PathLike | bytes | Image.Image)):
        raise ValueError(
            f"image must be {_FORMS}; received {type(image).__name__}"
            + (", which is no picture." if image is None else ".")
        )
    try:
        if isinstance(image, Image.Image):
            return _plain(image)
        source = io.BytesIO(image) if isinstance(image, bytes) else image
        with Image.open(source, formats=("PNG", "JPEG")) as picture:
            return _plain(picture)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{name} does not exist. Check the path.") from error
    except Exception as error:  # Pillow's decoders promise no particular type
        raise ValueError(
            f"{name} cannot be read as a picture ({printable(error)}). Save it again "
            f"as PNG or JPEG, of at most {LARGEST // 10**6} million pixels."
        ) from error


def _plain(picture):
    """Upright, 8 bits, in one of three modes; nothing is decoded above the limit."""
    if not 0 < picture.width * picture.height <= LARGEST:
        raise ValueError(f"it has {picture.width} x {picture.height} pixels")
    if getattr(picture, "n_frames", 1) > 1:
        raise ValueError(f"it is an animation of {picture.n_frames} pictures")
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):  # 16 bits, which Pillow would clip, not scale
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode in ("1", "L", "F") else "RGB")


def one_channel(picture):
    """The channel in which ink differs from paper: float32 (rows, columns), 0 to 255.

    Transparent paper is white, or black under light ink. Colours are seen along the one
    direction in which neighbours differ most: red on green has no contrast in grey.
    """
    if picture.mode == "RGBA":
        alpha = np.asarray(picture.getchannel("A"), np.float32) / 255
        light = np.asarray(picture.convert("RGB").convert("L"), np.float32)
        is_light_ink = alpha.mean() < 0.5 and (alpha * light).sum() > 150 * alpha.sum()
        picture = _on("black" if is_light_ink else "white", picture)
    if picture.mode == "L":
        return np.asarray(picture, np.float32)
    copy = picture.copy()
    copy.thumbnail((_SIDE, _SIDE), _BOX, reducing_gap=None)
    colours = np.asarray(copy, np.float32)
    width = max(3, max(copy.size) // 8)
    differences = colours - ndimage.uniform_filter(colours, (width, width, 1))
    differences = differences.reshape(-1, 3)
    weights = np.linalg.eigh(differences.T @ differences)[1][:, -1]
    weights *= np.sign(weights.sum()) or 1
    # Grey pictures keep their numbers, as does grey of any picture.
    if np.ptp(weights) < 0.25 or not differences.any():
        return np.asarray(picture.convert("L"), np.float32)
    level = np.asarray(picture, np.float32) @ np.float32(weights / 3**0.5)
    return level - np.minimum(level.min(), 0)


def shrunk(grey, side):
    """A copy with sides of at most so many pixels, each the mean of those it covers."""
    picture = Image.fromarray(np.float32(grey))
    picture.thumbnail((side, side), _BOX, reducing_gap=None)
    return np.asarray(picture)


def find(grey):
    """The copy of a picture that was searched, and its likeliest `Sheet`, or None."""
    if max(grey.shape) <= _SCAN:
        sheet = cut_out(grey)
        return grey, sheet if sheet.writings else None
    # First coarsely, then in a finer copy.
    for side, shares in ((_SIDE, (8, 3)), (4 * _SIDE, (24,))):
        small = shrunk(grey, side)
        widths = [max(3, max(small.shape) // share) for share in shares]
        sheets = outermost(
            [sheet_of(small, width, sign) for width in widths for sign in (1, -1)]
        )
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
    pieces, _ = ndimage.label((ink > 0.3 * peak) & (peak > _FAINT), _SQUARE)
    found = [
        Writing(box, pieces == k, float(peak), True)
        for k, box in enumerate(ndimage.find_objects(pieces), 1)
    ]
    found.sort(key=lambda one: -one.strokes.sum())
    return Sheet(1 if is_dark else -1, ink, pieces, found)


def sheet_of(grey, width, sign, number=16, longest=3):
    """Tell ink from paper: paper is where a square of some width fits.

    Args:
        grey: float32 array (rows, columns).
        width: int, pixels, more than the thickest stroke.
        sign: 1 for dark ink, -1 for light.
        number: int, the largest pieces to look at.
        longest: float, how many times its height a piece may be wide.

    Returns:
        `Sheet`.
    """
    # Closing fills whatever is thinner, and leaves sheets, tables and shadows as they
    # are, with their borders; the picture goes on beyond its own.
    level = grey if sign > 0 else 255 - grey
    is_fine = min(grey.shape) > 48
    soft = ndimage.gaussian_filter(level, 1) if is_fine else level
    half = width // 2 + 1
    padded = np.pad(soft, half, mode="edge")
    paper = ndimage.grey_closing(padded, (width, width), mode="nearest")
    paper = paper[half:-half, half:-half]
    ink = paper - soft
    if sign > 0:  # the share of the light that is left, alike in a shadow and beside it
        ink = ink * (255 / np.maximum(paper, 64))
    last = min(30, ink.size // 20 + 1)
    peak = np.partition(ink, -last, axis=None)[-last]
    is_line = np.zeros(ink.shape, bool)
    if is_fine:  # thin lines are paler than strokes
        thin = ink > max(0.6 * _FAINT, 0.3 * peak)
        is_line = _lines(thin) | _lines(thin.T).T
    is_ink = (ink > 0.5 * max(_FAINT, peak)) & ~is_line
    pieces, _ = ndimage.label(is_ink, _SQUARE)
    margin = 4 if is_fine else 2
    found = []
    boxes = enumerate(ndimage.find_objects(pieces), 1)
    for k, box in sorted(boxes, key=lambda pair: -max(_sides(pair[1])))[:number]:
        height, across = _sides(box)
        if height < 8 or across > longest * height:
            continue
        if _is_closed(pieces, k, box, is_line, grey, margin):
            strokes = pieces == k
            contrast = float(ink[strokes].mean())
            at_border = reaches_border(box, ink.shape)
            found.append(Writing(box, strokes, contrast, at_border))
    found = [one for one in found if not _is_frame(one, found)]
    return Sheet(sign, ink, pieces, sorted(found, key=lambda one: -one.weight))


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
    near, ring = (
        ndimage.maximum_filter(strokes, 2 * reach + 1) for reach in (margin - 2, margin)
    )
    ring &= ~near & ~ndimage.maximum_filter(is_line[cut], 3)
    if not ring.any():
        return True
    inside, outside = np.median(grey[strokes]), grey[ring]
    step = abs(np.median(outside) - inside)
    is_around = np.mean(np.abs(outside - inside) > 0.35 * step) > 0.9
    return step > 0.6 * _FAINT and is_around


def _is_frame(one, others):
    """Whether it is the thin box around another."""
    is_thin = one.strokes.sum() < 0.25 * np.prod(_sides(one.box))
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
    area = np.prod(_sides(writing.box))
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
    is_through = (first < 0.15 * length) & (last > 0.85 * length)
    is_long = np.bincount(place) > 0.35 * length
    lines[lines] = ndimage.maximum_filter1d(is_through & is_long, 5)[place]
    return lines


def _digit_of(sheet, name, scale):
    """The one digit of a sheet, of all that may be it the nearest to a code.

    `scale` is how many pixels of the picture one of the sheet covers.
    """
    first = sheet.writings[0]
    if max(sheet.ink.shape) > _SCAN and first.height * scale < 8:
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
        and one.contrast > 0.7 * first.contrast
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
    height, width = _sides((rows, columns))
    if width < max(3, 1.2 * height):
        return []
    start = columns.start + width // 3
    place = start + digit.strokes[:, start : start + width // 3].sum(axis=0).argmin()
    is_left = np.arange(digit.strokes.shape[1]) < place
    halves = [
        _candidate(digit.sheet, digit.strokes & side) for side in (is_left, ~is_left)
    ]
    low, high = sorted(_sides(box_of(half.strokes))[0] for half in halves)
    return halves if low > 0.55 * high else []


@functools.cache
def shipped():
    """The network that says which frame is nearest to a code, loaded once."""
    return build_lenet5("1998", weights="mnist")


def _narrowed(digit):
    """A digit that fills a square, as narrow as a 1: some scanners stretched all."""
    rows, columns = digit.sheet.ink.shape
    if rows != columns or rows > _SCAN or _sides(box_of(digit.strokes)) != [rows, rows]:
        return []
    width = max(1, round(_NARROWER * digit.ink.shape[1]))
    narrow = Image.fromarray(digit.ink).resize((width, len(digit.ink)), _BOX)
    return [digit._replace(ink=np.asarray(narrow))]


def _near(sheet, largest):
    """The largest piece of a sheet, and what is near: the bar of a 5, but no speck."""
    first = sheet.writings[0]
    areas = np.bincount(sheet.pieces.ravel())
    kept = [
        area > 0.02 * first.strokes.sum()
        and max(map(apart, first.box, box)) < 0.2 * first.size
        and max(_sides(box)) < largest * first.size
        for area, box in zip(areas[1:], ndimage.find_objects(sheet.pieces), strict=True)
    ]
    return np.array([False, *kept])[sheet.pieces] | first.strokes


def _candidate(sheet, strokes):
    strokes = strokes & (sheet.ink > 0.3 * sheet.writings[0].contrast)
    return _Candidate(sheet, strokes, strokes_alone(sheet.ink, strokes))


def strokes_alone(ink, strokes):
    """The ink of a digit, all else 0, with round outlines where a scan is coarse."""
    # One pixel around the strokes keeps its grey: it is their antialiased edge.
    ink = np.where(ndimage.maximum_filter(strokes, 3), ink, 0).astype(np.float32)
    if max(_sides(box_of(strokes))) >= 20:
        return ink
    # The frame enlarges in straight lines from pixel to pixel, which keeps the corners
    # of a coarse scan, and they read as strokes.
    picture = Image.fromarray(np.pad(ink, 1))
    fine = np.asarray(ImageOps.scale(picture, 4, Image.Resampling.LANCZOS))
    return np.where(fine > 0.3 * ink.max(), np.minimum(fine, ink.max()), 0)


def box_of(strokes):
    """The rows and columns of a mask that hold all of it."""
    return ndimage.find_objects(strokes.astype(np.uint8))[0]


def _sides(box):
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
