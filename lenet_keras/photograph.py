"""A photographed or drawn digit, made into what MNIST would have made of it.

Section III-A of LeCun et al. (1998) tells how MNIST's digits were cut out and framed;
networks trained on them fail on digits that were not.
"""

import os
import warnings

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from lenet_keras.images import frame, to_input


def read_digit(image):
    """Make of a photographed or drawn digit what MNIST would have made of it.

    The paper is flattened, the ink turned up, specks dropped, a coarse scan smoothed;
    then Section III-A's frame: 20x20 with the aspect kept, the centre of mass in the
    middle of 28x28.

    Args:
        image: path of a PNG or JPEG, a PIL image, or a uint8 array (rows, columns),
            (rows, columns, 3) or (rows, columns, 4). Ink may be dark or light.

    Returns:
        float32 array (32, 32, 1), ready for the network as a batch of one.

    Raises:
        ValueError: if the picture cannot be read or shows no digit.
        FileNotFoundError: if there is no such file.
    """
    is_path = isinstance(image, str | os.PathLike)
    name = os.fspath(image) if is_path else "the image"
    grey = _grey(_open(image, name))
    ink = _find_ink(_flatten(grey))
    if ink is not None and _is_coarse(grey, ink):
        ink = _find_ink(_flatten(_enlarge(grey)))
    if ink is None:
        raise ValueError(
            f"{name} shows no digit: it has hardly any contrast. "
            "Write one digit with a thick dark pen on plain light paper."
        )
    return to_input(frame(ink))[0]


def _open(image, name):
    """Open a picture upright, whatever it is given as."""
    if isinstance(image, np.ndarray):
        is_picture = image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (3, 4))
        if image.dtype != np.uint8 or not is_picture or not image.size:
            raise ValueError(
                "image must be a uint8 array (rows, columns), or with 3 or 4 channels; "
                f"received {image.dtype} {image.shape}. Convert it first."
            )
        return Image.fromarray(image)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if isinstance(image, Image.Image):
                return ImageOps.exif_transpose(image)
            with Image.open(image, formats=("PNG", "JPEG")) as picture:
                return ImageOps.exif_transpose(picture)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{name} does not exist. Check the path.") from error
    except Exception as error:  # Pillow's decoders promise no particular type
        raise ValueError(
            f"{name} cannot be read as a picture ({error}). "
            "Save it again as PNG or JPEG, smaller than 80 million pixels."
        ) from error


def _grey(picture):
    """Lay the picture on white, make it grey and at most 280 pixels long."""
    if picture.mode.startswith("I"):  # 16 bits, which Pillow would clip, not scale
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    grey = Image.alpha_composite(white, picture).convert("L")
    grey.thumbnail((280, 280), Image.Resampling.BILINEAR)
    return np.asarray(grey, np.float64)


def _is_coarse(grey, ink):
    """Whether it is a scan of few pixels, its digit smaller than the frame's 20."""
    length = 1 + max(np.ptp(places) for places in np.nonzero(ink))
    return max(grey.shape) < 80 and length < 20


def _enlarge(grey):
    """Draw a scan four times as large, its outlines round.

    The frame enlarges in straight lines from pixel to pixel, which keeps the corners of
    a coarse scan, and they read as strokes.
    """
    picture = Image.fromarray(grey.astype(np.float32))
    return np.float64(ImageOps.scale(picture, 4, Image.Resampling.LANCZOS))


def _flatten(grey):
    """Subtract a plane fitted to the border: shaded paper becomes level, at 0."""
    planes = np.stack((*np.indices(grey.shape), np.ones_like(grey)), axis=-1)
    ring = np.ones(grey.shape, bool)
    width = max(1, min(grey.shape) // 16)
    ring[width:-width, width:-width] = False
    paper = ring
    for _ in range(5):  # ink may cross the border: refit to the half that fits best
        plane = np.linalg.lstsq(planes[paper], grey[paper], rcond=None)[0]
        error = np.abs(grey - planes @ plane)
        paper = ring & (error <= np.median(error[ring]))
    # Rounded, or clean paper would be off 0 by 1e-13 and count as ink in the frame.
    return np.round(grey - planes @ plane, 6)


def _find_ink(level):
    """Return the strokes, paper 0 and ink high, or None where there are none."""
    # Cubes, so that faint unevenness of the paper cannot outvote a few strong strokes.
    ink = np.clip(level if (level**3).sum() > 0 else -level, 0, None)
    peak = np.quantile(ink, 0.999)
    if peak < 0.1 * 255:
        return None
    # 0.3 of the peak clears the noise of cameras and the shadows a plane leaves; Otsu's
    # threshold, near half the peak, would break the thin strokes of MNIST itself.
    pieces, count = ndimage.label(ink > 0.3 * peak, np.ones((3, 3)))
    amounts = ndimage.sum_labels(ink, pieces, range(count + 1))
    amounts[0] = 0
    # A speck has under 2% of the ink of the largest piece; the bar of a 5 has far more.
    strokes = (amounts >= 0.02 * amounts.max())[pieces] & (pieces > 0)
    # One pixel around the strokes keeps its grey: it is their antialiased edge.
    return np.where(ndimage.binary_dilation(strokes, np.ones((3, 3))), ink, 0)
