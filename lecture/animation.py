"""How a film becomes a GIF, which plays in slides and on a README, and an MP4."""

import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from lecture.measurements import Unavailable
from lecture.slides import TOP, add_title, style
from lecture.words import translate_figure, words
from lenet_keras.files import write_whole

try:
    import imageio_ffmpeg
except ImportError:  # optional: GIFs are written without it
    imageio_ffmpeg = None

SECONDS = 10
_DPI = 72  # a slide of 960x540 pixels
_FADE = 6  # frames from the last picture to the first, so that nothing jumps
_COLOURS = 64


def pictures(film, name, language="en"):
    """Draw all frames of a film.

    Args:
        film: `moving.Film`.
        name: str, under which its words stand.
        language: "en" or "zh".

    Returns:
        List of PIL pictures of 960x540 pixels; after the last the first may follow.
    """
    figure, seen = film.figure, []
    figure.set_dpi(_DPI)
    add_title(figure, words(language)[name]["title"].format(**film.facts))
    for frame in range(film.frames):
        film.draw(frame)
        translate_figure(figure, language)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
        seen.append(Image.fromarray(pixels.copy()))
    held = seen + [seen[-1]] * _FADE
    shares = np.linspace(0, 1, _FADE, endpoint=False)[1:]
    return held + [Image.blend(seen[-1], seen[0], share) for share in shares]


def write_films(films, material, out, language="en"):
    """Write films into a folder, as GIF and, where there is an encoder, as MP4.

    Args:
        films: dict of a name and its function, as `moving.FILMS`.
        material: `measurements.Material`.
        out: str or Path, the folder.
        language: "en" or "zh".

    Yields:
        The path of each file that was written.
    """
    out = Path(out)
    if films and not imageio_ffmpeg:
        yield Unavailable(
            "MP4 files are left out: they need imageio-ffmpeg. Install it: "
            "pip install imageio-ffmpeg."
        )
    for name, film in films.items():
        frames = drawn(name, film, material, language)
        write_whole(out / f"{name}.gif", lambda path, f=frames: _gif(path, f))
        yield out / f"{name}.gif"
        if imageio_ffmpeg:
            write_whole(out / f"{name}.mp4", lambda path, f=frames: _mp4(path, f))
            yield out / f"{name}.mp4"


def drawn(name, film, material, language="en"):
    """All frames of one film, in its style, as `pictures` has them."""
    with style(language):
        made = film(material)
        frames = pictures(made, name, language)
        plt.close(made.figure)
    return frames


def without_title(frames):
    """A GIF without the title on top, as bytes: a deck has titles of its own."""
    width, height = frames[0].size
    box, cropped = (0, round((1 - TOP) * height), width, height), io.BytesIO()
    _gif(cropped, [frame.crop(box) for frame in frames])
    return cropped.getvalue()


def _gif(path, frames):
    """One palette for all frames, so that what stays the same is not written again."""
    sheet = np.concatenate([np.asarray(f) for f in frames[:: len(frames) // 6]])
    palette = Image.fromarray(sheet).quantize(
        _COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    colours = np.reshape(palette.getpalette(), (-1, 3))
    colours[colours.min(1) > 245] = 255  # the paper stays white
    palette.putpalette(colours.ravel().tolist())
    ends = np.linspace(0, 100 * SECONDS, len(frames) + 1).round()  # as a GIF counts
    first, *rest = (
        frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames
    )
    first.save(
        path,
        format="GIF",
        save_all=True,
        append_images=rest,
        duration=(10 * np.diff(ends)).astype(int).tolist(),
        loop=0,
        optimize=False,
    )


def _mp4(path, frames):
    """H.264, as browsers and slides play it; no dates, so the same bytes each time."""
    writer = imageio_ffmpeg.write_frames(
        str(path),
        frames[0].size,
        fps=len(frames) / SECONDS,
        codec="libx264",
        macro_block_size=2,
        output_params=["-crf", "26", "-fflags", "+bitexact", "-flags:v", "+bitexact"],
    )
    writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame))
    writer.close()
