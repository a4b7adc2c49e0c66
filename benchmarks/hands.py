"""Digits that MNIST lacks, and drawings that are none: made from strokes and fonts.

MNIST's writers are American. Here are the European 1 and 7, the open 4, the 9 with a
curled tail, the digits of matplotlib's fonts, and MNIST's own as a coarse scanner has
them, stretched to a square. All come as MNIST's do: bytes (n, 28, 28), ink high.
"""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from lenet_keras.images import frame

# Letters that no digit looks like, and signs.
LETTERS = "ACEFHJKLMNPRTUVWXYadefhkmnprtuvwxy?&%#@*+=<>$"
FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    *("cmr10", "cmb10", "cmss10", "cmtt10", "cmti10"),
)
_SIDE = 128


def _ring(x, y, across, down, start=0, end=360):
    """Points on an ellipse; degrees from the right, clockwise."""
    turn = np.radians(np.linspace(start, end, 13))
    return list(zip(x + across * np.cos(turn), y + down * np.sin(turn), strict=True))


# Strokes in a box of width 1 and height 1.5, x to the right and y down. A True before
# the strokes: a corner stays a corner; else the line through the points is rounded.
_HANDS = {
    0: [
        (False, [_ring(0.5, 0.75, 0.5, 0.75, -90, 270)]),
        (False, [_ring(0.5, 0.75, 0.4, 0.75, -60, 330)]),
    ],
    1: [
        (True, [[(0.5, 0), (0.5, 1.5)]]),
        (True, [[(0.05, 0.6), (0.65, 0), (0.65, 1.5)]]),
        (True, [[(0.2, 0.35), (0.6, 0), (0.6, 1.5)]]),
        (True, [[(0.0, 0.85), (0.7, 0), (0.6, 1.5)]]),
        (True, [[(0.2, 0.4), (0.55, 0), (0.55, 1.5)], [(0.2, 1.5), (0.9, 1.5)]]),
        (False, [[(0.0, 0.75), (0.35, 0.5), (0.7, 0), (0.66, 0.7), (0.6, 1.5)]]),
    ],
    2: [
        (
            False,
            [
                [
                    (0, 0.4),
                    (0.2, 0.05),
                    (0.7, 0),
                    (0.95, 0.35),
                    (0.7, 0.8),
                    (0, 1.5),
                    (0.5, 1.47),
                    (1, 1.5),
                ]
            ],
        ),
        (
            False,
            [
                [
                    (0, 0.3),
                    (0.4, 0),
                    (0.9, 0.25),
                    (0.7, 0.8),
                    (0.2, 1.4),
                    (0.05, 1.3),
                    (0.3, 1.2),
                    (0.6, 1.45),
                    (1, 1.4),
                ]
            ],
        ),
    ],
    3: [
        (
            False,
            [
                [
                    (0.1, 0.15),
                    (0.5, 0),
                    (0.9, 0.3),
                    (0.75, 0.6),
                    (0.4, 0.7),
                    (0.8, 0.8),
                    (1, 1.1),
                    (0.7, 1.45),
                    (0.3, 1.5),
                    (0, 1.3),
                ]
            ],
        ),
        (
            True,
            [
                [
                    (0.05, 0),
                    (0.9, 0),
                    (0.4, 0.6),
                    *_ring(0.45, 1.05, 0.5, 0.45, -80, 150),
                ]
            ],
        ),
    ],
    4: [
        (True, [[(0.1, 0), (0.05, 0.8), (0.85, 0.8), (0.85, 0.1), (0.8, 1.5)]]),
        (True, [[(0.35, 0), (0, 0.9), (1, 0.9)], [(0.7, 0.45), (0.65, 1.5)]]),
        (True, [[(0.1, 0), (0.1, 0.75), (0.95, 0.75)], [(0.75, 0), (0.75, 1.5)]]),
        (True, [[(0.7, 1.5), (0.7, 0), (0, 1), (1, 1)]]),
        (
            False,
            [
                [
                    (0.1, 0),
                    (0.02, 0.5),
                    (0.2, 0.8),
                    (0.6, 0.75),
                    (0.9, 0.2),
                    (0.85, 0.8),
                    (0.7, 1.5),
                ]
            ],
        ),
    ],
    5: [
        (
            True,
            [[(0.95, 0), (0.2, 0), (0.1, 0.65), *_ring(0.45, 1, 0.5, 0.48, -110, 150)]],
        ),
        (
            False,
            [
                [
                    (0.2, 0.05),
                    (0.15, 0.6),
                    (0.5, 0.55),
                    (0.95, 0.9),
                    (0.8, 1.35),
                    (0.4, 1.5),
                    (0, 1.35),
                ],
                [(0.2, 0.03), (0.55, 0.06), (1, 0)],
            ],
        ),
    ],
    6: [
        (False, [[(0.8, 0), (0.3, 0.4), *_ring(0.5, 1.05, 0.48, 0.45, 180, -175)]]),
        (
            False,
            [
                [
                    (0.6, 0),
                    (0.15, 0.6),
                    (0.05, 1.2),
                    (0.4, 1.5),
                    (0.85, 1.3),
                    (0.8, 0.95),
                    (0.4, 0.85),
                    (0.1, 1.15),
                ]
            ],
        ),
    ],
    7: [
        (True, [[(0, 0), (1, 0), (0.35, 1.5)]]),
        (True, [[(0, 0), (1, 0), (0.4, 1.5)], [(0.25, 0.75), (1, 0.7)]]),
        (
            True,
            [[(0, 0.25), (0.05, 0), (1, 0), (0.4, 1.5)], [(0.3, 0.8), (0.95, 0.75)]],
        ),
        (True, [[(0, 0.3), (0, 0), (0.95, 0.02), (0.5, 0.7), (0.4, 1.5)]]),
    ],
    8: [
        (
            False,
            [
                [
                    (0.85, 0.2),
                    (0.5, 0),
                    (0.15, 0.25),
                    (0.5, 0.7),
                    (0.95, 1.15),
                    (0.5, 1.5),
                    (0.05, 1.15),
                    (0.5, 0.7),
                    (0.85, 0.3),
                    (0.8, 0.15),
                ]
            ],
        ),
        (False, [_ring(0.5, 0.36, 0.38, 0.36), _ring(0.5, 1.1, 0.48, 0.4)]),
    ],
    9: [
        (
            False,
            [
                [
                    *_ring(0.5, 0.45, 0.45, 0.43, 0, -350),
                    (0.92, 0.8),
                    (0.8, 1.3),
                    (0.5, 1.5),
                    (0.15, 1.4),
                    (0.05, 1.2),
                ]
            ],
        ),
        (False, [[*_ring(0.5, 0.4, 0.45, 0.38, -10, -355), (0.9, 0.9), (0.8, 1.5)]]),
        (True, [[*_ring(0.45, 0.4, 0.42, 0.38, 0, -355), (0.9, 0.35), (0.8, 1.5)]]),
    ],
}


def other_hands(images, labels, seed=0):
    """Digits to learn beside MNIST's: strokes, fonts, coarse scans.

    Args:
        images, labels: MNIST's training digits, bytes (n, 28, 28), integers (n,).
        seed: int.

    Returns:
        bytes (m, 28, 28) and integers (m,), m about n / 3.
    """
    generator = np.random.default_rng(seed)
    number = len(images) // 60
    shares = {0: 1, 1: 6, 2: 1, 3: 1, 4: 3, 5: 1, 6: 1, 7: 3, 8: 1, 9: 2}
    drawn = [
        (stroked(digit, generator), digit)
        for digit, share in shares.items()
        for _ in range(share * number // 4)
    ]
    drawn += [
        (printed(str(digit), generator), digit)
        for digit in range(10)
        for _ in range(number // 2)
    ]
    chosen = generator.choice(len(images), 10 * number, replace=False)
    drawn += [(scanned(images[k], generator), labels[k]) for k in chosen]
    pictures, classes = zip(*drawn, strict=True)
    return np.stack(pictures), np.array(classes, labels.dtype)


def stroked(digit, generator):
    """A digit drawn by one of the hands that write it, unsteadily; bytes (28, 28)."""
    hands = _HANDS[digit]
    is_angular, strokes = hands[generator.integers(len(hands))]
    stretch = generator.uniform(0.6, 1.2), 1.0
    moved = [
        (np.array(stroke) + generator.normal(0, 0.04, (len(stroke), 2))) * stretch
        for stroke in strokes
    ]
    width = np.exp(generator.uniform(np.log(5), np.log(24)))
    return _drawn(moved if is_angular else map(_rounded, moved), width, generator)


def printed(text, generator):
    """A character in one of matplotlib's fonts, some leaning or bold; (28, 28)."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(folder / f"{generator.choice(FONTS)}.ttf", 90)
    picture = Image.new("L", (2 * _SIDE, 2 * _SIDE))
    bold = int(generator.choice((0, 0, 0, 2, 4)))
    ImageDraw.Draw(picture).text((70, 60), text, 255, font, stroke_width=bold)
    return _framed(_leaning(picture, generator))


def scanned(image, generator, side=None):
    """A digit in black and white, cut tight and stretched to a square; (28, 28).

    Args:
        image: bytes (28, 28).
        generator: NumPy's.
        side: int, pixels of the square; default 16 or 32.
    """
    square = stretched(image, side or int(generator.choice((16, 32))))
    return _framed(Image.fromarray(square).resize((96, 96), Image.Resampling.LANCZOS))


def stretched(image, side):
    """What a scanner of old leaves of a digit: 0 or 255, all its square filled."""
    rows, columns = (np.flatnonzero((image > 127).any(axis)) for axis in (1, 0))
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    square = Image.fromarray(cut).resize((side, side), Image.Resampling.BILINEAR)
    return np.where(np.asarray(square) > 127, 255, 0).astype(np.uint8)


def non_digits(number, seed=0):
    """Letters and signs, scribbles, dots, lines, smileys: bytes (number, 28, 28)."""
    generator = np.random.default_rng(seed)
    kinds = (_letter, _scribble, _dot, _lines, _smiley)
    return np.stack([kinds[k % len(kinds)](generator) for k in range(number)])


def _letter(generator):
    return printed(str(generator.choice(list(LETTERS))), generator)


def _scribble(generator):
    points = generator.uniform(0, 1.2, (generator.integers(7, 16), 2))
    return _drawn([_rounded(points)], generator.uniform(4, 12), generator)


def _dot(generator):
    """One dot, or a few far apart."""
    places = generator.uniform(0, 1.2, (generator.integers(1, 5), 2))
    dots = [np.stack((place, place + 0.02)) for place in places]
    return _drawn(dots, generator.uniform(10, 30), generator)


def _lines(generator):
    """A level line, a cross, a star, a grid or a frame."""
    level = [(0, 0.6), (1.4, 0.6)]
    upright = [(0.6, 0), (0.6, 1.4)]
    box = [(0, 0), (1.1, 0), (1.1, 1.1), (0, 1.1), (0, 0)]
    kinds = (
        [level],
        [level, upright],
        [[(0, 0), (1, 1.2)], [(1, 0), (0, 1.2)]],
        [level, upright, [(0.2, 0.2), (1.1, 1.1)], [(1.1, 0.2), (0.2, 1.1)]],
        [box],
        [box, [(0, 0.55), (1.1, 0.55)], [(0.55, 0), (0.55, 1.1)]],
        [[(0, 0.4), (1.2, 0.4)], [(0, 0.9), (1.2, 0.9)]],
    )
    strokes = kinds[generator.integers(len(kinds))]
    return _drawn(map(np.array, strokes), generator.uniform(4, 14), generator)


def _smiley(generator):
    mouth = _ring(0.6, 0.65, 0.3, 0.3, 20, 160)
    eyes = [[(x, 0.4), (x + 0.02, 0.42)] for x in (0.4, 0.8)]
    strokes = [_ring(0.6, 0.6, 0.6, 0.6), mouth, *eyes]
    return _drawn(map(np.array, strokes), generator.uniform(4, 9), generator)


def _rounded(points):
    """A smooth line through points: a spline of Catmull and Rom."""
    before, after = points[:-1], points[1:]
    slope = np.gradient(points, axis=0)
    t = np.linspace(0, 1, 9)[:, None, None]
    line = (
        (2 * t**3 - 3 * t**2 + 1) * before
        + (t**3 - 2 * t**2 + t) * slope[:-1]
        + (3 * t**2 - 2 * t**3) * after
        + (t**3 - t**2) * slope[1:]
    )
    return line.swapaxes(0, 1).reshape(-1, 2)


def _drawn(strokes, width, generator):
    """Strokes in a box of about 1 by 1.5 as ink, with round ends; bytes (28, 28)."""
    picture = Image.new("L", (2 * _SIDE, 2 * _SIDE))
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        places = [tuple(place) for place in 75 + 70 * np.asarray(stroke)]
        pen.line(places, 255, round(width), joint="curve")
        for x, y in (places[0], places[-1]):
            pen.circle((x, y), width / 2, 255)
    return _framed(_leaning(picture, generator))


def _leaning(picture, generator):
    lean, half = generator.uniform(-0.25, 0.25), _SIDE
    map_ = (1, lean, -lean * half, 0, 1, 0)
    return picture.transform(
        picture.size, Image.Transform.AFFINE, map_, Image.Resampling.BILINEAR
    )


def _framed(picture):
    soft = picture.filter(ImageFilter.GaussianBlur(1.5))
    ink = np.asarray(soft, float)
    return frame(np.where(ink > 40, ink, 0))
