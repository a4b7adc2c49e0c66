"""Digits as people photograph, scan and draw them, all drawn by code from MNIST's.

`CONDITIONS` names them; `pictures(name, images, number, seed)` draws them. Seed 0, from
MNIST's last 5,000 training digits, may be looked at while something is tuned; seed 1,
from its test digits, is for the figures that are told.
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

# Pictures so large that fewer of them do.
LARGE = ("60 pixels in 3,000", "60 to 150 in 12 megapixels", "200 to 400 in 12 ...")


def pictures(name, images, number, seed):
    """Draw a condition.

    Args:
        name: str, one of `CONDITIONS`.
        images: bytes (n, 28, 28), the digits to draw from.
        number: int, pictures; a quarter of it where they are large.
        seed: int.

    Yields:
        A uint8 array, grey, RGB or RGBA, and the index of its image.
    """
    place = list(CONDITIONS).index(name)
    generator = np.random.default_rng((seed, place))
    chosen = generator.choice(len(images), number, replace=False)
    for k in chosen[: -(-number // 4) if name in LARGE else number]:
        yield CONDITIONS[name](images[k], generator), int(k)


def row(images, gap):
    """Digits in a row, light on dark, their boxes so many pixels apart.

    Args:
        images: bytes (n, 28, 28).
        gap: int, pixels between the ink of two digits; below 0 they overlap.

    Returns:
        bytes (28, columns).
    """
    cuts = [image[:, (image > 60).any(axis=0)] for image in images]
    width = 8 + sum(cut.shape[1] + max(gap, 0) for cut in cuts)
    picture = np.zeros((36, width), np.uint8)
    left = 4
    for cut in cuts:
        place = picture[4:32, left : left + cut.shape[1]]
        np.maximum(place, cut, out=place)
        left += cut.shape[1] + gap
    return picture[:, : left - gap + 4]


def mask(image, height, bold=0.0):
    """A digit's ink, 0 to 1, so many pixels high, with edges as a pen leaves them.

    Args:
        image: bytes (28, 28).
        height: int.
        bold: float, thicker strokes above 0, thinner below.
    """
    rows, columns = (np.flatnonzero((image > 60).any(axis)) for axis in (1, 0))
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    cut = np.pad(cut, 2)
    scale = height / (len(cut) - 4)
    size = tuple(max(3, round(side * scale)) for side in cut.shape[::-1])
    large = Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC)
    soft = np.asarray(large, float) / 255
    if scale > 2:
        soft = ndimage.gaussian_filter(soft, 0.4 * scale)
    steep = 4 * max(2.0, scale)
    ink, paper = (1 / (1 + np.exp(-(x - 0.42 + bold) * steep)) for x in (soft, 0))
    return np.clip((ink - paper) / (1 - paper), 0, 1)


def ink_on(canvas, image, generator, height=None, bold=0.0, where=None):
    """Where the ink of a digit lies on a canvas: floats 0 to 1 of its shape."""
    rows, columns = canvas
    height = height or generator.uniform(0.35, 0.65) * min(canvas)
    digit = mask(image, height, bold)[: rows - 2, : columns - 2]
    room = np.array(canvas) - digit.shape
    where = generator.uniform(0.3, 0.7, 2) if where is None else where
    top, left = np.int64(room * where)
    ink = np.zeros(canvas)
    ink[top : top + len(digit), left : left + digit.shape[1]] = digit
    return ink


def _bytes(values):
    return np.uint8(np.clip(np.rint(values), 0, 255))


def _blend(ink, dark=30.0, light=235.0):
    return light + (dark - light) * ink


def _noisy(values, generator, amount=3.0):
    return _bytes(values + generator.normal(0, amount, values.shape))


SIDE = (240, 240)


def _clean(image, generator):
    return _bytes(_blend(ink_on(SIDE, image, generator)))


def _light_on_dark(image, generator):
    return _bytes(_blend(ink_on(SIDE, image, generator), 235, 25))


def _sheet(image, generator):
    """A white sheet on a dark table, a little turned."""
    ink = ink_on(SIDE, image, generator, 0.35 * 240)
    sheet = np.zeros(SIDE)
    top, left, bottom, right = generator.integers(18, 45, 4)
    sheet[top : 240 - bottom, left : 240 - right] = 1
    both = _turned(np.dstack((ink, sheet)), generator.uniform(-8, 8))
    ink, sheet = both[..., 0], both[..., 1]
    table = generator.uniform(20, 90)
    return _noisy(table + (_blend(ink) - table) * sheet, generator)


def _turned(layers, degrees):
    return ndimage.rotate(layers, degrees, reshape=False, order=1, mode="constant")


def _screenshot(image, generator):
    """What `imshow` with a grey map shows: light on a black square, white around."""
    scale = int(generator.integers(4, 8))
    square = np.kron(image, np.ones((scale, scale)))
    margin = generator.integers(15, 60, (2, 2))
    return _bytes(np.pad(square, margin, constant_values=255))


def _table_along(image, generator):
    picture = _blend(ink_on(SIDE, image, generator, where=(0.5, 0.6)))
    rows, columns = np.indices(SIDE)
    edge = generator.uniform(15, 45) + generator.uniform(-0.1, 0.1) * rows
    if generator.random() < 0.5:
        columns = columns[:, ::-1]
    if generator.random() < 0.5:
        columns = columns[:, ::-1]
    picture[columns < edge] = generator.uniform(20, 110)
    return _noisy(picture, generator)


def _table_corner(image, generator):
    picture = _blend(ink_on(SIDE, image, generator, 95, where=(0.6, 0.6)))
    rows, columns = np.indices(SIDE)
    reach = generator.uniform(60, 110)
    picture[rows + generator.uniform(0.6, 1.6) * columns < reach] = generator.uniform(
        20, 110
    )
    return _noisy(picture, generator)


def _ruled_by(ink, generator, line, is_squared, width=2):
    spacing = int(generator.integers(22, 40))
    lines = np.zeros(ink.shape, bool)
    for k in range(width):
        lines[7 + k :: spacing] = True
        if is_squared:
            lines[:, 11 + k :: spacing] = True
    paper = np.where(lines, line, 235.0)
    return paper + (30 - paper) * ink


def _squared(image, generator):
    ink = ink_on(SIDE, image, generator)
    return _noisy(_ruled_by(ink, generator, 150, True), generator)


def _squared_dark(image, generator):
    ink = ink_on(SIDE, image, generator)
    return _noisy(_ruled_by(ink, generator, 70, True), generator)


def _squared_turned(image, generator):
    ink = ink_on((340, 340), image, generator, 110, where=(0.5, 0.5))
    picture = _ruled_by(ink, generator, 150, True)
    turned = _turned(picture, generator.uniform(-4, 4))
    return _noisy(turned[50:-50, 50:-50], generator)


def _ruled(image, generator):
    ink = ink_on(SIDE, image, generator)
    return _noisy(_ruled_by(ink, generator, 120, False), generator)


def _shadow(image, generator, soft=12):
    rows, columns = np.indices(SIDE)
    centre, radius = generator.uniform(60, 180, 2), generator.uniform(50, 90)
    distance = np.hypot(rows - centre[0], columns - centre[1])
    shade = 1 - 0.55 / (1 + np.exp((distance - radius) / soft))
    return _noisy(_blend(ink_on(SIDE, image, generator)) * shade, generator)


def _hard_shadow(image, generator):
    return _shadow(image, generator, soft=1.5)


def _cell(image, generator):
    """One cell of a form: a thin box around the digit."""
    picture = Image.fromarray(
        _bytes(_blend(ink_on(SIDE, image, generator, 100, where=(0.5, 0.5))))
    )
    low, high = generator.integers(22, 40), 240 - generator.integers(22, 40)
    pen = ImageDraw.Draw(picture)
    pen.rectangle(
        (low, low, high, high), outline=30, width=int(generator.integers(1, 4))
    )
    return _noisy(np.asarray(picture, float), generator)


def _box_at_border(image, generator):
    picture = _blend(ink_on(SIDE, image, generator, where=(0.5, 0.5)))
    width = int(generator.integers(2, 6))
    picture[:width] = picture[-width:] = 30
    picture[:, :width] = picture[:, -width:] = 30
    return _bytes(picture)


def _canvas(image, generator):
    side = int(generator.integers(80, 200))
    picture = _blend(ink_on((side, side), image, generator), 0, 255)
    picture[0] = picture[-1] = picture[:, 0] = picture[:, -1] = 120
    return _bytes(picture)


def _two(image, generator):
    wide = (200, 320)
    height = generator.uniform(80, 120)
    first = ink_on(wide, image, generator, height, where=(0.5, 0.2))
    second = ink_on(wide, image, generator, height * 0.95, where=(0.5, 0.8))
    return _noisy(_blend(np.maximum(first, second)), generator)


def _photograph(canvas, heights):
    """A digit somewhere in a large photograph, the light falling off to one side."""

    def draw(image, generator):
        height = generator.uniform(*heights)
        ink = ink_on(
            canvas, image, generator, height, where=generator.uniform(0.1, 0.9, 2)
        )
        light = np.linspace(1, generator.uniform(0.7, 1), canvas[1])
        tile = generator.normal(0, 3, (200, 200))
        noise = np.tile(tile, -(-np.array(canvas) // 200))[: canvas[0], : canvas[1]]
        return _bytes(_blend(ink, 40, 225) * light + noise)

    return draw


def _coloured(ink_colour, paper_colour):
    def draw(image, generator):
        ink = ink_on(SIDE, image, generator)[..., None]
        colours = (
            np.clip(np.array(c, float) + generator.uniform(-12, 12), 0, 255)
            for c in (ink_colour, paper_colour)
        )
        return _noisy(_blend(ink, *colours), generator, 2)

    return draw


def _transparent(colour):
    def draw(image, generator):
        ink = ink_on(SIDE, image, generator)
        flat = np.full((*SIDE, 3), float(colour))
        return _bytes(np.dstack((flat, 255 * ink)))

    return draw


def _stamp(image, generator):
    picture = Image.fromarray(
        _bytes(_blend(ink_on(SIDE, image, generator, 120, where=(0.6, 0.4))))
    )
    pen = ImageDraw.Draw(picture)
    x, y = generator.integers(185, 200), generator.integers(6, 20)
    pen.ellipse((x, y, x + 36, y + 36), outline=60, width=3)
    pen.line((x + 8, y + 18, x + 28, y + 18), fill=60, width=3)
    return _noisy(np.asarray(picture, float), generator)


def _finger(image, generator):
    picture = _blend(ink_on(SIDE, image, generator, 110, where=(0.35, 0.5)))
    rows, columns = np.indices(SIDE)
    centre = generator.uniform(40, 200)
    tip = generator.uniform(170, 195)
    finger = (np.abs(columns - centre) < 22) & (rows > tip)
    finger |= np.hypot(rows - tip, columns - centre) < 22
    skin = np.array([205, 150, 120.0])
    return _noisy(np.where(finger[..., None], skin, picture[..., None]), generator)


def _board(image, generator):
    """Chalk on a green board, badly wiped."""
    ink = ink_on(SIDE, image, generator)
    clouds = ndimage.gaussian_filter(generator.normal(0, 1, SIDE), 15)
    clouds *= 10 / clouds.std()
    chalk = np.clip(ink * generator.uniform(0.75, 1.1, SIDE), 0, 1)[..., None]
    board = np.array([40, 80, 60.0]) + clouds[..., None]
    return _noisy(board + (225 - board) * chalk, generator)


def _fold(image, generator):
    picture = _blend(ink_on(SIDE, image, generator, where=(0.5, 0.5)))
    columns = np.arange(240) - generator.uniform(30, 210)
    shade = np.where(columns < 0, 1.0, 0.82) - 0.2 * np.exp(-((columns / 3) ** 2))
    shade = shade[:, None] if generator.random() < 0.5 else shade
    return _noisy(picture * shade, generator)


def _jpeg(image, generator):
    file = io.BytesIO()
    picture = Image.fromarray(_clean(image, generator)).resize((120, 120))
    picture.save(file, "JPEG", quality=int(generator.integers(8, 25)))
    return np.asarray(Image.open(file))


def _noise(image, generator):
    return _noisy(_blend(ink_on(SIDE, image, generator)), generator, 30)


def _pepper(image, generator):
    picture = _clean(image, generator).copy()
    chosen = generator.random(SIDE)
    picture[chosen < 0.01] = 0
    picture[chosen > 0.99] = 255
    return picture


def _blurred(image, generator):
    picture = _blend(ink_on(SIDE, image, generator))
    return _noisy(ndimage.gaussian_filter(picture, generator.uniform(3, 6)), generator)


def _pencil(image, generator):
    ink = ink_on(SIDE, image, generator) * generator.uniform(0.7, 1.1, SIDE)
    return _noisy(_blend(np.clip(ink, 0, 1), 165, 225), generator, 3)


def _thin(image, generator):
    return _noisy(_blend(ink_on(SIDE, image, generator, bold=-0.15)), generator)


def _thick(image, generator):
    return _noisy(_blend(ink_on(SIDE, image, generator, bold=0.15)), generator)


def _tight(image, generator):
    return _bytes(_blend(mask(image, generator.uniform(60, 200))[6:-6, 6:-6]))


def _stretched(image, side):
    """What a scanner of old leaves of a digit: 0 or 255, all its square filled."""
    rows, columns = (np.flatnonzero((image > 127).any(axis)) for axis in (1, 0))
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    square = Image.fromarray(cut).resize((side, side), Image.Resampling.BILINEAR)
    return np.where(np.asarray(square) > 127, 255, 0).astype(np.uint8)


def _scan(side):
    def draw(image, generator):
        square = _stretched(image, side)
        return square if generator.random() < 0.5 else 255 - square

    return draw


def _upright_scan(image, generator):
    """What a scanner made of forms in 1994: 0 or 255, 32 high, as wide as it may be."""
    ink = mask(image, 32)
    rows, columns = (np.flatnonzero((ink > 0.5).any(axis)) for axis in (1, 0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = (min(24, max(4, cut.shape[1])), 32)
    fitted = Image.fromarray(np.float32(cut)).resize(size, Image.Resampling.BILINEAR)
    square = np.zeros((32, 32), np.uint8)
    left = (32 - size[0]) // 2
    square[:, left : left + size[0]] = np.where(np.asarray(fitted) > 0.5, 255, 0)
    return square if generator.random() < 0.5 else 255 - square


def _gradient(image, generator):
    rows, columns = np.mgrid[-1:1:240j, -1:1:240j]
    slope = generator.uniform(-0.3, 0.3, 2)
    light = 0.65 + slope[0] * rows + slope[1] * columns
    return _noisy(_blend(ink_on(SIDE, image, generator)) * light, generator)


def _vignette(image, generator):
    rows, columns = np.mgrid[-1:1:240j, -1:1:240j]
    light = 1 - 0.4 * (rows**2 + columns**2)
    return _noisy(_blend(ink_on(SIDE, image, generator)) * light, generator)


def _crumpled(image, generator):
    clouds = ndimage.gaussian_filter(generator.normal(0, 1, SIDE), 8)
    light = 0.85 + 0.06 * clouds / clouds.std()
    return _noisy(_blend(ink_on(SIDE, image, generator)) * light, generator)


def _wood(image, generator):
    """A sheet on a table with a grain."""
    ink = ink_on(SIDE, image, generator, 80, where=(0.5, 0.5))
    grain = ndimage.gaussian_filter(generator.normal(0, 1, SIDE), (1.5, 30))
    table = 105 + 18 * grain / grain.std()
    sheet = np.zeros(SIDE)
    sheet[25:-25, 30:-30] = 1
    both = _turned(np.dstack((ink, sheet)), generator.uniform(-10, 10))
    return _noisy(table + (_blend(both[..., 0]) - table) * both[..., 1], generator)


def _glare(image, generator):
    """A whiteboard, blue ink, the lamp in it."""
    ink = ink_on(SIDE, image, generator)[..., None]
    rows, columns = np.indices(SIDE)
    place = generator.uniform(0, 240, 2)
    lamp = np.exp(-((rows - place[0]) ** 2 + (columns - place[1]) ** 2) / 900)
    board = _blend(ink, np.array([30, 50, 150.0]), 195.0)
    return _noisy(board + 45 * lamp[..., None], generator)


def _dotted(image, generator):
    picture = np.full(SIDE, 235.0)
    picture[6::16, 6::16] = picture[7::16, 6::16] = 120
    picture[6::16, 7::16] = picture[7::16, 7::16] = 120
    ink = ink_on(SIDE, image, generator)
    return _noisy(picture + (30 - picture) * ink, generator)


def _binder(image, generator):
    """The holes of a ring binder along one side."""
    picture = _blend(ink_on(SIDE, image, generator, where=(0.5, 0.65)))
    rows, columns = np.indices(SIDE)
    for row in (50, 190):
        picture[np.hypot(rows - row, columns - 18) < 9] = 60
    return _noisy(picture, generator)


def _turned_digit(image, generator):
    ink = ink_on(SIDE, image, generator, where=(0.5, 0.5))
    return _noisy(_blend(_turned(ink, generator.uniform(-12, 12))), generator)


def _off_centre(image, generator):
    where = generator.uniform(0.02, 0.98, 2)
    return _noisy(_blend(ink_on(SIDE, image, generator, 80, where=where)), generator)


def _cut(image, generator):
    """The digit just touches one border of the picture."""
    picture = _blend(ink_on(SIDE, image, generator, 130, where=(0.5, 0.5)))
    first = np.flatnonzero((picture < 120).any(axis=1))[0]
    return _noisy(picture[first + 1 :], generator)


def _screen(image, generator):
    """Photographed from a screen: stripes of light."""
    rows, columns = np.indices(SIDE)
    waves = np.sin(rows / generator.uniform(1.5, 4) + columns / generator.uniform(3, 9))
    return _noisy(_blend(ink_on(SIDE, image, generator)) + 12 * waves, generator)


def _speckled(image, generator):
    """Crumbs and drops on the sheet."""
    picture = Image.fromarray(_bytes(_blend(ink_on(SIDE, image, generator, 120))))
    pen = ImageDraw.Draw(picture)
    for x, y in generator.uniform(5, 235, (6, 2)):
        pen.circle((x, y), generator.uniform(1, 4), 60)
    return _noisy(np.asarray(picture, float), generator)


def _small(image, generator):
    """A picture of few pixels: a thumbnail."""
    side = int(generator.integers(36, 64))
    return _bytes(_blend(ink_on((side, side), image, generator)))


def _small_thin(image, generator):
    side = int(generator.integers(70, 110))
    ink = ink_on((side, side), image, generator, bold=-0.15)
    return _noisy(_blend(ink, 60, 215), generator)


def _wide(image, generator):
    return _noisy(_blend(ink_on((120, 600), image, generator, 80)), generator)


def _soft_paper(image, generator):
    """Recycled paper: fibres and grain."""
    grain = ndimage.gaussian_filter(generator.normal(0, 1, SIDE), 1)
    paper = 190 + 10 * grain / grain.std()
    ink = ink_on(SIDE, image, generator)
    return _bytes(paper + (50 - paper) * ink)


def _shaken(image, generator):
    picture = Image.fromarray(_bytes(_blend(ink_on(SIDE, image, generator))))
    smeared = np.asarray(picture.filter(ImageFilter.GaussianBlur(1)), float)
    smeared = ndimage.uniform_filter1d(smeared, int(generator.integers(6, 14)), axis=1)
    return _noisy(smeared, generator)


CONDITIONS = {
    "clean": _clean,
    "light on dark": _light_on_dark,
    "MNIST as it is": lambda image, generator: image,
    "white sheet on a dark table": _sheet,
    "imshow screenshot": _screenshot,
    "table along one side": _table_along,
    "table in one corner": _table_corner,
    "sheet on wood": _wood,
    "squared paper, grey": _squared,
    "squared paper, dark": _squared_dark,
    "squared paper, turned": _squared_turned,
    "ruled paper": _ruled,
    "dotted paper": _dotted,
    "round shadow": _shadow,
    "hard shadow": _hard_shadow,
    "light from one side": _gradient,
    "dark corners": _vignette,
    "cell of a form": _cell,
    "box at the border": _box_at_border,
    "canvas with a border": _canvas,
    "two digits": _two,
    "60 pixels in 800": _photograph((800, 800), (55, 65)),
    "60 pixels in 3,000": _photograph((2250, 3000), (55, 65)),
    "60 to 150 in 12 megapixels": _photograph((3000, 4000), (60, 150)),
    "200 to 400 in 12 ...": _photograph((3000, 4000), (200, 400)),
    "red on green, equal grey": _coloured((200, 60, 60), (30, 140, 60)),
    "blue on yellow": _coloured((40, 50, 160), (240, 220, 130)),
    "yellow on white": _coloured((225, 205, 40), (250, 250, 245)),
    "white on transparency": _transparent(255),
    "black on transparency": _transparent(0),
    "green board": _board,
    "whiteboard with a lamp": _glare,
    "stamp in the corner": _stamp,
    "finger at the edge": _finger,
    "holes of a binder": _binder,
    "crumbs": _speckled,
    "fold": _fold,
    "crumpled": _crumpled,
    "recycled paper": _soft_paper,
    "JPEG": _jpeg,
    "noise": _noise,
    "salt and pepper": _pepper,
    "blurred": _blurred,
    "shaken": _shaken,
    "stripes of a screen": _screen,
    "pencil": _pencil,
    "thin pen": _thin,
    "thick pen": _thick,
    "turned by 12 degrees": _turned_digit,
    "off the centre": _off_centre,
    "touching the border": _cut,
    "tight cut-out": _tight,
    "thumbnail": _small,
    "wide picture": _wide,
    "scan 16x16, stretched": _scan(16),
    "scan 32x32, stretched": _scan(32),
    "scan 32x32, upright": _upright_scan,
    "thin pen, few pixels": _small_thin,
}
