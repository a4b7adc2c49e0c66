"""What is done to a picture of a digit: scaled, framed, distorted (LeCun et al. 1998).

Section III-A tells how MNIST came to be: size normalised into 20x20 pixels, centred by
its centre of mass in 28x28. Section II-B sets the 32x32 input: paper -0.1, ink 1.175.
"""

import math
import types
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from keras import ops
from PIL import Image
from scipy import ndimage

from lenet_keras.checks import (
    check_byte_values,
    check_bytes,
    check_inputs,
    need_tensorflow,
    rescales,
)
from lenet_keras.hints import check_name
from lenet_keras.paper import BACKGROUND, INK, PER_BYTE

# Section III-B names these distortions but prints no ranges; ours keep every digit
# legible and inside the 32x32 field. Each is drawn uniformly between its two ends.
DISTORTIONS = types.MappingProxyType(
    {
        "shift_x": (-2.0, 2.0),  # pixels to the right
        "shift_y": (-2.0, 2.0),  # pixels down
        "scale": (0.85, 1.15),
        "squeeze": (0.85, 1.15),  # x is multiplied by it, y divided by it
        "shear": (-0.2, 0.2),  # pixels to the right per pixel down
        "rotation": (0.0, 0.0),  # degrees against the clock; not in the paper
        "stroke": (0.0, 0.0),  # pixels on each side of a stroke; not in the paper
    }
)
# What leaves an image as it is, in the same order.
STILL = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0)
# For other writers, pens and scanners than MNIST's.
OTHER_HANDS = types.MappingProxyType(
    DISTORTIONS
    | {
        "squeeze": (0.75, 1.35),
        "rotation": (-12.0, 12.0),
        "stroke": (-0.5, 0.8),
    }
)


def ranges_of(distort):
    """The ranges that the argument `distort` of `train` and others asks for.

    Args:
        distort: False, True, or a mapping of some of `DISTORTIONS` and the two ends of
            each; what is left out stays as it is.

    Returns:
        Mapping, of all of them, or of none.

    Raises:
        ValueError: for unknown names, and for what is no range.
    """
    if distort is None or isinstance(distort, bool):
        return DISTORTIONS if distort else {}
    if not isinstance(distort, Mapping):
        raise ValueError(
            "distort must be False, True or ranges such as OTHER_HANDS or "
            f'{{"rotation": (-7, 7)}}; received {distort!r}.'
        )
    ranges = {
        name: (still, still) for name, still in zip(DISTORTIONS, STILL, strict=True)
    }
    for name, ends in distort.items():
        check_name("a distortion", name, DISTORTIONS)
        ends = np.asarray(ends)
        if ends.shape != (2,) or ends.dtype.kind not in "iuf" or not ends[0] <= ends[1]:
            raise ValueError(
                f"{name} must be two numbers, the lower one first; received "
                f"{distort[name]!r}."
            )
        ranges[name] = tuple(map(float, ends))
    return ranges


# What `transform` can do to images; Fig. 13 shows the paper's network under each.
TRANSFORMS = ("shift_x", "shift_y", "scale", "rotation", "noise")


def to_input(images) -> np.ndarray | tf.Tensor:
    """Map bytes to the network's input: -0.1 + 0.005 byte, 2 pixels of paper around.

    Section II-B: paper is -0.1 and ink 1.175, and the field of 32x32 is larger than
    the largest digit so that strokes at its edge still reach the middle of C1's fields.

    Args:
        images: bytes 0 to 255 of any number type, (28, 28), (n, 28, 28) or
            (n, 28, 28, 1), or one image (28, 28, 1), as `tf.data` maps it; a NumPy
            array or a tensor, also inside a `tf.function`.

    Returns:
        float32 (n, 32, 32, 1), array or tensor as given; (32, 32, 1) of one image
        (28, 28, 1).

    Raises:
        ValueError: if the shape is another, or the values are no bytes.
    """
    images = images if tf.is_tensor(images) else np.asarray(images)
    if tuple(images.shape) == (28, 28, 1):
        return to_input(images[None])[0]
    return _scaled(check_bytes(images))


def _scaled(images):
    """The input that bytes of 28x28 pixels make."""
    if tf.is_tensor(images):
        if images.dtype == tf.bool:  # in a graph, where no values can be looked at
            images = tf.cast(images, tf.uint8) * 255
        # Padded while they are bytes, a quarter of the memory: paper is 0.
        x = tf.pad(tf.reshape(images, (-1, 28, 28)), ((0, 0), (2, 2), (2, 2)))
        return tf.cast(x[..., None], tf.float32) * PER_BYTE + BACKGROUND
    images = images.reshape(-1, 28, 28, 1)
    x = np.full((len(images), 32, 32, 1), BACKGROUND, np.float32)
    field = x[:, 2:30, 2:30]
    np.multiply(images, np.float32(PER_BYTE), out=field, casting="unsafe")
    field += np.float32(BACKGROUND)
    return x


def from_input(images):
    """The bytes of 28x28 that `to_input` would map to images, before rounding.

    Args:
        images: float array or tensor (n, 32, 32, 1).

    Returns:
        The same kind, (n, 28, 28, 1).
    """
    return (images[:, 2:30, 2:30] - BACKGROUND) / PER_BYTE


def readable(model, images, is_trained=True):
    """Return images that a model can read, or say why it cannot; all are looked at.

    Args:
        model: `keras.Model`.
        images: array or tensor (n, 28, 28) of bytes, or as the model takes them,
            (n, height, width, 1).
        is_trained: bool, as for `check_inputs`.

    Returns:
        The images; booleans as bytes.

    Raises:
        ValueError: for images of another shape, or scaled otherwise.
    """
    if not isinstance(getattr(model, "input_shape", None), tuple):
        raise ValueError(
            f"the model {model.name!r} does not say what it reads: it must have one "
            "input, of a known shape. Build it with build_lenet5, or begin it with "
            "keras.Input."
        )
    wanted, shape = model.input_shape[1:], tuple(images.shape[1:])
    takes_bytes = rescales(model)
    if shape in ((28, 28), (28, 28, 1)) and _pads_to_32(model):
        return check_bytes(images)
    if takes_bytes and wanted[:2] == (28, 28) and shape == (32, 32, 1):
        check_inputs(images, model.name, is_trained)
        return images
    shape = (*shape, 1) if len(shape) == 2 else shape
    fits = len(shape) == len(wanted) == 3 and all(
        got >= 32 if want is None else want == got
        for want, got in zip(wanted, shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"The model {model.name!r} reads images of shape {wanted}; received "
            f"{shape}. Pass 28x28 bytes as they come from MNIST, pad them with "
            "to_input, or build the model with include_preprocessing=True."
        )
    if takes_bytes:
        images = check_byte_values(images)
    elif min(shape[:2]) >= 32:  # a LeNet-5's own input, not that of some other model
        check_inputs(images, model.name, is_trained)
    return images[..., None] if len(images.shape) == 3 else images


def _pads_to_32(model):
    """Whether 28x28 images are to be padded and scaled before a model reads them."""
    lengths = model.input_shape[1:3]
    return not rescales(model) and all(length in (32, None) for length in lengths)


def network_input(model, images):
    """Bring images to the form that a model reads.

    Args:
        model: `keras.Model`.
        images: array or tensor, as `readable` returns them.

    Returns:
        The images, padded and scaled as `to_input` does where the model takes 32x32
        and the images are 28x28; back to bytes where it is the other way round.
    """
    wanted, shape = model.input_shape[1:], tuple(images.shape[1:])
    if shape in ((28, 28), (28, 28, 1)) and _pads_to_32(model):
        return _scaled(images)
    if wanted[:2] == (28, 28) and shape == (32, 32, 1):  # the model pads and scales
        return from_input(images)
    return images[..., None] if len(shape) == 2 else images


def distort(images, seed, ranges=None):
    """Distort each image by its own random planar affine map (Section III-B).

    Args:
        images: float32 tensor (n, 32, 32, 1), as `to_input` returns it.
        seed: pair of integers; the same pair gives the same pictures.
        ranges: the two ends of each distortion: by default `DISTORTIONS`, those that
            the paper lists; or `OTHER_HANDS`, wider, with rotation and pens; or some of
            them, where the others stay as they are.

    Returns:
        float32 tensor (n, 32, 32, 1), -0.1 where the map reads outside the image.

    Raises:
        ValueError: for other images, unknown names, and for what is no range.
        RuntimeError: on a Keras backend other than TensorFlow.
    """
    need_tensorflow("distort")
    _check_ready("distort", images)
    ranges = ranges_of(True if ranges is None else ranges)
    drawn = draw_distortions(tf.shape(images)[0], seed, ranges)
    return distort_by(images, drawn, strokes=ranges["stroke"] != (0, 0))


def _check_ready(what, images):
    """Refuse images that are not as `to_input` makes them."""
    if len(images.shape) != 4 or images.shape[-1] != 1:
        raise ValueError(
            f"{what} takes images of shape (n, 32, 32, 1), as to_input makes them; "
            f"received {tuple(images.shape)}."
        )
    check_inputs(images, what)


def draw_distortions(number, seed, ranges=DISTORTIONS):
    """Draw the parameters of random distortions, uniformly from their ranges.

    Args:
        number: int, how many.
        seed: pair of integers.
        ranges: as for `distort`.

    Returns:
        float32 tensor (number, 7), in the order of `DISTORTIONS`.
    """
    low, high = zip(*(ranges[name] for name in DISTORTIONS), strict=True)
    return tf.random.stateless_uniform((number, len(low)), seed, low, high)


def distort_by(images, parameters, strokes=False):
    """Distort each image by given parameters.

    Args:
        images: float32 tensor (n, height, width, 1).
        parameters: float32 tensor (n, 7), in the order of `DISTORTIONS`.
        strokes: bool, whether to change the width of the strokes too.

    Returns:
        float32 tensor of the same shape, -0.1 where the map reads outside the image.
    """
    images = warp(images, affine_maps(parameters, *images.shape[1:3]))
    return widen(images, parameters[:, -1]) if strokes else images


def affine_maps(parameters, height=32, width=32):
    """The affine maps of distortions, from a pixel of the result to where it is read.

    Args:
        parameters: float32 tensor (n, 7), in the order of `DISTORTIONS`; the strokes
            have no part in it.
        height, width: int, of the images: the maps scale and turn about their centre.

    Returns:
        float32 tensor (n, 8), as `keras.ops.image.affine_transform` takes them.
    """
    shift_x, shift_y, scale, squeeze, shear, rotation, _ = ops.unstack(
        parameters, 7, axis=1
    )
    # The inverse of x' = squeeze scale x + shear y', y' = scale y / squeeze, then of
    # the rotation, about the centre.
    across, down = 1 / (scale * squeeze), squeeze / scale
    lean = -shear * across
    angle = rotation * (math.pi / 180)
    cos, sin = ops.cos(angle), ops.sin(angle)
    x_x, x_y = across * cos + lean * sin, lean * cos - across * sin
    y_x, y_y = down * sin, down * cos
    y_0, x_0 = (height - 1) / 2, (width - 1) / 2
    x_1 = x_0 - x_x * (x_0 + shift_x) - x_y * (y_0 + shift_y)
    y_1 = y_0 - y_x * (x_0 + shift_x) - y_y * (y_0 + shift_y)
    zero = ops.zeros_like(scale)
    return ops.stack((x_x, x_y, x_1, y_x, y_y, y_1, zero, zero), axis=1)


def warp(images, maps):
    """Read each pixel where its image's map says, between pixels in straight lines.

    Args:
        images: float32 tensor (n, height, width, 1).
        maps: float32 tensor (n, 8), from `affine_maps`.

    Returns:
        float32 tensor of the same shape, -0.1 where a map reads outside the image.
    """
    return ops.image.affine_transform(
        images, maps, fill_value=BACKGROUND, data_format="channels_last"
    )


def widen(images, pixels):
    """Widen the strokes by so many pixels on each side, or thin them.

    Args:
        images: float32 tensor (n, height, width, 1).
        pixels: float32 tensor (n,), negative to thin.

    Returns:
        float32 tensor of the same shape.
    """
    pixels = pixels[:, None, None, None]
    window = {"pool_size": 3, "strides": 1, "padding": "same"}
    window |= {"data_format": "channels_last"}
    wide = ops.max_pool(images, **window)
    thin = -ops.max_pool(-images, **window)
    return (
        images
        + ops.relu(pixels) * (wide - images)
        + ops.relu(-pixels) * (thin - images)
    )


def transform(images, kind, amount, seed=0):
    """Move, scale or turn all images alike, or invert some of their pixels.

    Args:
        images: floats (n, 32, 32, 1), as `to_input` returns them.
        kind: "shift_x" (pixels to the right), "shift_y" (pixels down), "scale" (factor
            about the centre), "rotation" (degrees, counter-clockwise) or "noise" (the
            share of pixels whose ink and paper are exchanged, Fig. 13).
        amount: float.
        seed: int, for the pixels of the noise.

    Returns:
        Float32 array (n, 32, 32, 1), -0.1 where the map reads outside the image.

    Raises:
        ValueError: for an unknown kind, and for other images.
    """
    check_name("kind", kind, TRANSFORMS)
    _check_ready("transform", images)
    images = np.asarray(images, np.float32)
    if kind == "noise":
        chosen = np.random.default_rng(seed).random(images.shape) < amount
        return np.where(chosen, np.float32(BACKGROUND + INK) - images, images)
    parameters = [
        amount if name == kind else still
        for name, still in zip(DISTORTIONS, STILL, strict=True)
    ]
    parameters = np.tile(np.float32(parameters), (len(images), 1))
    images, parameters = map(ops.convert_to_tensor, (images, parameters))
    return ops.convert_to_numpy(distort_by(images, parameters))


def frame(ink):
    """Frame a digit as MNIST does: its box fills 20x20, its mass is centred.

    Section III-A: the aspect is kept, the grey levels come from the resizing.

    Args:
        ink: float array (rows, columns), 0 for paper, higher for ink, not all 0.

    Returns:
        uint8 array (28, 28), the strongest ink 255.
    """
    box = ndimage.find_objects((ink > 0).astype(int))[0]
    ink = ink[box].astype(np.float32)
    height, width = (max(1, round(20 * side / max(ink.shape))) for side in ink.shape)
    digit = Image.fromarray(ink).resize((width, height), Image.Resampling.BILINEAR)
    digit = np.asarray(digit) * (255 / np.max(digit))
    # In MNIST's files the centre of mass lies on pixel 14, give or take half a pixel.
    # Rounded: where a 1 is centred midway between two pixels, no noise may decide.
    centre = np.round(ndimage.center_of_mass(digit), 3)
    top, left = np.clip(np.rint(14 - centre), 0, 28 - np.array(digit.shape)).astype(int)
    frame = np.zeros((28, 28), np.uint8)
    frame[top : top + height, left : left + width] = np.rint(digit)
    return frame
