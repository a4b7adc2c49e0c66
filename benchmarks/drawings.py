"""Drawings that are no digits, framed as MNIST is: bytes (n, 28, 28), ink high."""

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


def printed(text, generator):
    """A character in one of matplotlib's fonts, some leaning or bold; (28, 28)."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(folder / f"{generator.choice(FONTS)}.ttf", 90)
    picture = Image.new("L", (2 * _SIDE, 2 * _SIDE))
    bold = int(generator.choice((0, 0, 0, 2, 4)))
    ImageDraw.Draw(picture).text((70, 60), text, 255, font, stroke_width=bold)
    return _framed(_leaning(picture, generator))


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
