"""Pictures of any kind, opened: upright, 8 bits, in one channel."""

import io
import os

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from lenet_keras.hints import printable

LARGEST = 40_000_000  # pixels of a picture: above, it may be a bomb
SIDE = 256  # of the copy in which things are looked for
BOX = Image.Resampling.BOX  # each pixel the mean of those it covers
_FORMS = (
    "a path, bytes, an open file, a PIL image, a uint8 array (rows, columns) or with 3 "
    "or 4 channels, or the dictionary of a Gradio sketch pad"
)


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
    # A telephone's JPEG may hold a second picture, of depths or of light.
    if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
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
    copy.thumbnail((SIDE, SIDE), BOX, reducing_gap=None)
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
    picture.thumbnail((side, side), BOX, reducing_gap=None)
    return np.asarray(picture)
