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
_FAINT = 20  # of 255: what differs less from its paper is no ink
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
        return self.box[0].stop - self.box[0].start

    @property
    def width(self):
        return self.box[1].stop - self.box[1].start

    @property
    def size(self):
        return max(self.height, self.width)

    @property
    def weight(self):
        return self.size * self.contrast**2


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
    """The steps to the one digit of a picture, and where it stands.

    Args:
        whole: float32 array (rows, columns), the picture in one channel.
        name: str, for messages.

    Returns:
        What `steps` returns, and top, left, bottom and right, in pixels.

    Raises:
        ValueError: as `read_digit`.
    """
    grey, corner = whole, np.zeros(2)
    while True:  # look again, nearer, until the digit is seen as large as can be
        small, sheets = _search(grey)
        if not sheets:
            raise ValueError(f"{name} {_why_nothing(whole)} {_ADVICE}")
        # Each time: from near, a second digit may be out of sight.
        scale = max(grey.shape) / max(small.shape)
        digit = _digit_of(sheets, name, scale)
        nearer = _around(_near(sheets[0]), small, grey)
        if nearer is None:
            break
        grey, corner = grey[nearer], corner + [part.start for part in nearer]
    box = np.array([(c.start, c.stop) for c in box_of(digit.strokes)]).T
    box = np.ravel(corner + scale * box).round().astype(int)
    shown = {
        "picture": shrunk(whole, 2 * _SIDE),
        "near": small,
        "ink": digit.sheet.ink,
        "strokes": digit.ink,
        "frame": frame(digit.ink),
    }
    return shown, tuple(box.tolist())


def picture_of(image):
    """Open a picture in the colours that it has, on white.

    Args:
        image: as for `read_digit`.

    Returns:
        PIL image, "RGB".

    Raises:
        ValueError, FileNotFoundError: as `read_digit`.
    """
    picture = open_picture(image, name_of(image)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def open_picture(image, name):
    """Open a picture upright, whatever it is given as, with an alpha channel or none.

    Args:
        image: as for `read_digit`.
        name: str, for messages.

    Returns:
        PIL image, "L", "RGB" or "RGBA".

    Raises:
        ValueError, FileNotFoundError: as `read_digit`.
    """
    if isinstance(image, dict):  # of Gradio
        image = next(
            (image[k] for k in ("composite", "background") if image.get(k) is not None),
            None,
        )
        return open_picture(image, name)
    if isinstance(image, np.ndarray):
        return _of_array(image)
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


def _of_array(image):
    is_picture = image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (3, 4))
    if image.dtype != np.uint8 or not is_picture or not image.size:
        raise ValueError(
            "image must be a uint8 array (rows, columns), or with 3 or 4 channels; "
            f"received {image.dtype} {image.shape}. Convert it first."
        )
    return _plain(Image.fromarray(image))


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


def name_of(image):
    """How messages call a picture: by the end of its path, as text."""
    image = getattr(image, "name", image) if hasattr(image, "read") else image
    if not isinstance(image, str | os.PathLike):
        return "the image"
    name = printable(os.fspath(image))
    return name if len(name) <= 60 else "..." + name[-57:]


def one_channel(picture):
    """Make one grey channel of a picture, in which ink differs from paper.

    Transparent paper is white, or black under light ink. Colours are seen along the one
    direction in which neighbours differ most: red on green has no contrast in grey.

    Args:
        picture: PIL image, as `open_picture` returns it.

    Returns:
        float32 array (rows, columns), 0 to 255.
    """
    if picture.mode == "RGBA":
        alpha = np.asarray(picture.getchannel("A"), np.float32) / 255
        light = np.asarray(picture.convert("RGB").convert("L"), np.float32)
        is_light_ink = alpha.mean() < 0.5 and (alpha * light).sum() > 150 * alpha.sum()
        ground = "black" if is_light_ink else "white"
        below = Image.new("RGBA", picture.size, ground)
        picture = Image.alpha_composite(below, picture).convert("RGB")
    if picture.mode == "L":
        return np.asarray(picture, np.float32)
    copy = picture.copy()
    copy.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=None)
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
    if max(grey.shape) <= side:
        return grey
    picture = Image.fromarray(np.float32(grey))
    ratio = side / max(grey.shape)
    size = [max(1, round(length * ratio)) for length in picture.size]
    return np.asarray(picture.resize(size, Image.Resampling.BOX))


def find(grey):
    """Find what is written in a picture, first coarsely, then in a finer copy.

    Args:
        grey: float32 array (rows, columns).

    Returns:
        The copy that was searched, and its likeliest `Sheet`, or None.
    """
    small, sheets = _search(grey)
    return small, sheets[0] if sheets else None


def _search(grey):
    """The copy that was searched, and its sheets, the likeliest first."""
    if max(grey.shape) <= _SCAN:
        sheet = cut_out(grey)
        return grey, [sheet] if sheet.writings else []
    for side, shares in ((_SIDE, (8, 3)), (4 * _SIDE, (24,))):
        small = shrunk(grey, side)
        widths = [max(3, max(small.shape) // share) for share in shares]
        sheets = outermost(
            [sheet_of(small, width, sign) for width in widths for sign in (1, -1)]
        )
        firsts = [sheet.writings[0] for sheet in sheets]
        order = _order(firsts, 0.1)
        sheets = [sheets[k] for k in order]
        if sheets or side >= max(grey.shape):
            break
    if sheets and not sheets[0].writings[0].at_border:
        return small, sheets
    # It may be cut out so tight that its strokes lie along the border.
    tight = cut_out(small)
    spans = tight.writings and (
        tight.writings[0].size > 0.9 * max(small.shape)
        or (sheets and _holds(tight.writings[0].box, sheets[0].writings[0].box))
    )
    return small, [tight] if spans else sheets


def _order(writings, share):
    """The order of writings, the likeliest first.

    What touches the border is a finger, or a table's edge, if there is more.
    """
    least = share * max((one.weight for one in writings), default=0)
    ranks = [(one.weight > least, not one.at_border, one.weight) for one in writings]
    return sorted(range(len(writings)), key=ranks.__getitem__, reverse=True)


def cut_out(grey):
    """The sheet of a picture of few pixels, whose border is mostly paper.

    Args:
        grey: float32 array (rows, columns).

    Returns:
        `Sheet`.
    """
    ring = np.ones(grey.shape, bool)
    width = max(1, min(grey.shape) // 16)
    ring[width:-width, width:-width] = False
    half = 0.5 * np.quantile(grey, (0.01, 0.99)).sum()
    dark, light = (_pieces_of(side) for side in (grey < half, grey >= half))
    share = np.mean(grey[ring] >= half)
    if dark == light or not 0.2 < share < 0.8:
        sign = 1 if share >= 0.5 else -1
    else:  # a digit is in one piece, the paper around and inside it is in several
        sign = 1 if dark < light else -1
    paper = np.median(grey[ring & ((grey >= half) == (sign > 0))])
    ink = np.clip(sign * (paper - grey), 0, None)
    peak = np.quantile(ink, 0.999)
    pieces, _ = ndimage.label((ink > 0.3 * peak) & (peak > _FAINT), _SQUARE)
    found = [
        Writing(box, pieces == k, float(peak), True)
        for k, box in enumerate(ndimage.find_objects(pieces), 1)
    ]
    return Sheet(sign, ink, pieces, sorted(found, key=lambda one: -one.strokes.sum()))


def _pieces_of(mask):
    """How many pieces a mask has that are more than specks."""
    pieces, _ = ndimage.label(mask, _SQUARE)
    return int((np.bincount(pieces[mask]) > 0.02 * mask.size).sum())


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
    boxes = list(enumerate(ndimage.find_objects(pieces), 1))
    for k, box in sorted(boxes, key=lambda pair: -max(_sides(pair[1])))[:number]:
        height, across = _sides(box)
        if height < 8 or across > longest * height:
            continue
        if _is_closed(pieces, k, box, is_line, grey, margin):
            strokes = pieces == k
            contrast = float(ink[strokes].mean())
            found.append(
                Writing(box, strokes, contrast, reaches_border(box, ink.shape))
            )
    found = [one for one in found if not _is_frame(one, found)]
    return Sheet(sign, ink, pieces, [found[k] for k in _order(found, 0.35)])


def reaches_border(box, shape):
    """Whether a box reaches the border of a picture, give or take a little."""
    rim = max(shape) // 80
    return any(
        cut.start <= rim or cut.stop >= length - rim
        for cut, length in zip(box, shape, strict=True)
    )


def _sides(box):
    return [cut.stop - cut.start for cut in box]


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


def _holds(outer, inner):
    """Whether one box lies inside another, give or take a pixel."""
    return all(
        o.start - 1 <= i.start and i.stop <= o.stop + 1
        for o, i in zip(outer, inner, strict=True)
    )


def outermost(sheets):
    """The sheets with something written, without those of paper taken for ink.

    What a digit encloses is paper; but a full rectangle with writing on it is a sheet.

    Args:
        sheets: list of `Sheet`.

    Returns:
        List of `Sheet`.
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
            papers.add(id(outside if _is_paper(outer, inner) else inside))
    return [sheet for sheet in sheets if id(sheet) not in papers] or sheets


def _is_paper(outer, inner):
    """Whether a piece that encloses another is the sheet that this is written on."""
    return _is_rectangle(outer) or (
        outer.at_border
        and not inner.at_border
        and inner.contrast > 0.7 * outer.contrast
        and _thickness(outer) > 1.3 * _thickness(inner)
    )


def _thickness(writing):
    """The width of the thickest stroke to the size of the whole."""
    strokes = np.pad(writing.strokes[writing.box], 1)
    return ndimage.distance_transform_cdt(strokes).max() / writing.size


def _is_rectangle(writing):
    """Whether a piece fills a rectangle, whichever way that is turned."""
    strokes = ndimage.binary_fill_holes(writing.strokes[writing.box])
    if writing.strokes.sum() < 0.5 * strokes.sum():
        return False
    outline = np.argwhere(strokes & ~ndimage.binary_erosion(strokes))
    turns = np.radians(np.arange(0, 90, 3))
    axes = np.stack((np.cos(turns), np.sin(turns)))
    areas = np.prod(
        [1 + np.ptp(outline @ way, axis=0) for way in (axes, axes[::-1] * [[-1], [1]])],
        axis=0,
    )
    return strokes.sum() > 0.87 * areas.min()


def _lines(is_ink):
    """Ruled lines: pixels that are thin, nearly level, through the whole picture."""
    thick, length = 2 + max(is_ink.shape) // 50, is_ink.shape[1]
    thin = is_ink & ~ndimage.grey_opening(is_ink, (thick, 1))
    rows, columns = np.nonzero(thin)
    if len(rows) < 0.3 * length:
        return np.zeros_like(is_ink)
    # The slope at which most of them fall on few rows; a Hough transform by hand.
    places = [
        np.rint(rows - slope * columns).astype(int)
        for slope in np.linspace(-0.1, 0.1, 41)
    ]
    place = max(places, key=lambda p: (np.bincount(p - p.min()) ** 2.0).sum())
    place = place - place.min()
    hits = np.bincount(place)
    first, last = np.full(len(hits), length), np.zeros(len(hits))
    np.minimum.at(first, place, columns)
    np.maximum.at(last, place, columns)
    is_through = (first < 0.15 * length) & (last > 0.85 * length)
    found = ndimage.maximum_filter1d(is_through & (hits > 0.35 * length), 5)[place]
    lines = np.zeros_like(is_ink)
    lines[rows[found], columns[found]] = True
    return lines


def _digit_of(sheets, name, scale):
    """The one digit on some sheets, of all that may be it the nearest to a code.

    Args:
        sheets: list of `Sheet`, the likeliest first.
        name: str, for messages.
        scale: float, pixels of the picture to one of the sheets.

    Returns:
        `_Candidate`.

    Raises:
        ValueError: if there are two digits, or the one is too small.
    """
    first = sheets[0].writings[0]
    if max(sheets[0].ink.shape) > _SCAN and first.height * scale < 8:
        raise ValueError(
            f"{name} shows something {first.height * scale:.0f} pixels high, which is "
            "too small for a digit. Go nearer, or scan it finer."
        )
    # Other squares see other papers; and what is near may belong to it, or not.
    candidates = [
        candidate
        for sheet in sheets
        if sheet.sign == sheets[0].sign and _meet(sheet.writings[0].box, first.box)
        for candidate in _candidates(sheet)
    ]
    others = [
        _candidate(sheets[0], one.strokes)
        for one in sheets[0].writings[1:]
        if 0.55 < one.height / first.height < 1.8
        and one.contrast > 0.4 * first.contrast
        and not one.at_border
    ]
    number = len(candidates)
    halves = _halves(candidates[0])
    frames = [frame(each.ink) for each in (*candidates, *others, *halves)]
    costs = penalties(shipped(), to_input(np.stack(frames)))
    # The first is the likeliest: another must be clearly nearer.
    costs[:number] *= [
        1 if each.strokes is candidates[0].strokes else 1.5 for each in candidates
    ]
    digit = candidates[int(costs[:number].argmin())]
    if any(not (digit.strokes & other.strokes).any() for other in others) or (
        halves and costs[-2:].max() < costs[:number].min()
    ):
        raise ValueError(
            f"{name} shows two digits or more. Cut out one of them, or read them "
            "all with read_digits."
        )
    return digit


def _halves(digit):
    """The left and the right of what is too wide to be one digit."""
    rows, columns = box_of(digit.strokes)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if width < max(3, 1.2 * height):
        return []
    start = columns.start + width // 3
    ink = np.where(digit.strokes, digit.sheet.ink, 0)[:, start : start + width // 3]
    place = start + int(ink.sum(axis=0).argmin())
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


def _candidates(sheet):
    """What may be the digit of a sheet: its largest piece with more and less around."""
    found = [_candidate(sheet, _near(sheet, largest)) for largest in (0.8, np.inf)]
    if np.array_equal(found[0].strokes, found[1].strokes):
        del found[1]
    is_square = sheet.ink.shape[0] == sheet.ink.shape[1] <= _SCAN
    if is_square and tuple(_sides(box_of(found[0].strokes))) == sheet.ink.shape:
        # Some scanners stretched all to a square, also a 1.
        ink = found[0].ink
        width = max(1, round(_NARROWER * ink.shape[1]))
        narrow = Image.fromarray(ink).resize((width, len(ink)), Image.Resampling.BOX)
        found.append(found[0]._replace(ink=np.asarray(narrow)))
    return found


def _near(sheet, largest=np.inf):
    """The largest piece of a sheet, and what is near: the bar of a 5, but no speck."""
    first = sheet.writings[0]
    areas = np.bincount(sheet.pieces.ravel())
    kept = [
        areas[k] > 0.02 * first.strokes.sum()
        and max(map(apart, first.box, box)) < 0.3 * first.size
        and max(_sides(box)) < largest * first.size
        and (first.at_border or not reaches_border(box, sheet.ink.shape))
        for k, box in enumerate(ndimage.find_objects(sheet.pieces), 1)
    ]
    return np.array([False, *kept])[sheet.pieces] | first.strokes


def _candidate(sheet, strokes):
    strokes = strokes & (sheet.ink > 0.3 * sheet.writings[0].contrast)
    return _Candidate(sheet, strokes, strokes_alone(sheet.ink, strokes))


def apart(one, other):
    """The gap between two ranges; negative where they overlap."""
    return max(one.start, other.start) - min(one.stop, other.stop)


def _meet(one, other):
    """Whether two boxes overlap."""
    return max(map(apart, one, other)) < 0


def box_of(strokes):
    """The rows and columns of a mask that hold all of it."""
    return ndimage.find_objects(strokes.astype(np.uint8))[0]


def _around(strokes, small, grey):
    """Where to look nearer: the digit and as much around; None where it is near."""
    scale = max(grey.shape) / max(small.shape)
    box = box_of(strokes)
    margin = max(_sides(box))
    if scale == 1 or margin > 0.25 * max(small.shape):
        return None
    return tuple(
        slice(
            max(0, int((cut.start - margin) * scale)), int((cut.stop + margin) * scale)
        )
        for cut in box
    )


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
    return np.where(fine > 0.3 * ink.max(), fine, 0)


def _why_nothing(grey):
    """What to say of a picture without a digit."""
    if grey.max() < 40:
        return "is too dark: nothing can be seen."
    if np.ptp(shrunk(grey, _SIDE)) < 2 * _FAINT:
        return "shows no digit: it has hardly any contrast."
    return "shows no digit: nothing in it looks written."
