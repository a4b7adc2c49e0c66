"""The digits, from files or the web to LeNet-5's input (LeCun et al. 1998).

Section III-A tells how MNIST came to be: size normalised into 20x20 pixels, centred by
its centre of mass in 28x28. Section II-B sets the 32x32 input: paper -0.1, ink 1.175.
"""

import contextlib
import gzip
import math
import os
import re
import socket
import sys
import types
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps
from scipy import ndimage

from lenet_keras.hints import did_you_mean
from lenet_keras.paper import BACKGROUND

# Section III-A names these distortions but prints no ranges; ours keep every digit
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
# For other writers, pens and scanners than MNIST's.
OTHER_HANDS = types.MappingProxyType(
    DISTORTIONS
    | {
        "squeeze": (0.75, 1.35),
        "rotation": (-12.0, 12.0),
        "stroke": (-0.5, 0.8),
    }
)

_VARIABLE = "LENET_KERAS_DATA"
_NAMES = ("auto", "mnist", "digits")
_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


class Data(NamedTuple):
    """Images as bytes (0 paper, 255 ink) and their labels, for training and test."""

    name: str
    train_images: np.ndarray  # uint8 (n, 28, 28)
    train_labels: np.ndarray  # int64 (n,)
    test_images: np.ndarray
    test_labels: np.ndarray


def load(name="auto", folder=None):
    """Load handwritten digits: from a folder, else Keras' MNIST, else bundled ones.

    MNIST is the paper's own data set (Section III-A). Where it cannot be reached,
    "auto" takes scikit-learn's 1,797 smaller digits and says so; "mnist" never does.

    Args:
        name: "auto", "mnist" or "digits".
        folder: path of a folder with the four IDX files, gzipped or not. Defaults to
            the environment variable LENET_KERAS_DATA, where set.

    Returns:
        `Data`: uint8 images (n, 28, 28) and int64 labels (n,), training and test.

    Raises:
        ValueError: if the name is unknown or a file is not what it should be.
        FileNotFoundError: if the folder or one of its files is missing.
        ConnectionError: if "mnist" has no folder and cannot be downloaded.
    """
    if name not in _NAMES:
        hint = did_you_mean(name, _NAMES)
        raise ValueError(f"name must be one of {_NAMES}; received {name!r}.{hint}")
    if name == "digits":
        if folder is not None:
            raise ValueError('"digits" is bundled; leave out folder or pass "mnist".')
        return _digits()
    if folder is not None:
        return _read_folder(Path(folder))
    if os.environ.get(_VARIABLE):
        return _read_folder_of_variable()
    try:
        return _keras_mnist()
    except ConnectionError as error:
        if name == "mnist":
            raise
        print(f"{error} Using scikit-learn's 1,797 digits instead.", file=sys.stderr)
        return _digits()


def read_idx(path):
    """Read one file of unsigned bytes in MNIST's IDX format, gzipped or not.

    Args:
        path: path of the file; gzip is recognised by its content, not by its name.

    Returns:
        uint8 array of the file's own shape: (n, rows, columns) or (n,).

    Raises:
        ValueError: if the file is damaged or not an IDX file of bytes.
    """
    with open(path, "rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            return _parse_idx(gzip.GzipFile(fileobj=file) if gzipped else file, path)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path} is a damaged gzip file ({error}). Fetch it again."
            ) from error


def to_input(images):
    """Map bytes to the network's input: -0.1 + 0.005 byte, 2 pixels of paper around.

    Section II-B: paper is -0.1 and ink 1.175, and the field of 32x32 is larger than
    the largest digit so that strokes at its edge still reach the middle of C1's fields.

    Args:
        images: bytes 0 to 255 of any number type, (28, 28), (n, 28, 28) or
            (n, 28, 28, 1); a NumPy array or a tensor, also inside a `tf.function`.

    Returns:
        float32 (n, 32, 32, 1), array or tensor as given.

    Raises:
        ValueError: if the shape is another, or if the values are floats that are scaled
            already, to 0..1 or below 0.
    """
    is_tensor = tf.is_tensor(images)
    images = images if is_tensor else np.asarray(images)
    _check_images(images)
    if is_tensor:
        x = tf.cast(tf.reshape(images, (-1, 28, 28, 1)), tf.float32) * 0.005
        margins = ((0, 0), (2, 2), (2, 2), (0, 0))
        return tf.pad(x + BACKGROUND, margins, constant_values=BACKGROUND)
    images = images.reshape(-1, 28, 28, 1)
    x = np.full((len(images), 32, 32, 1), BACKGROUND, np.float32)
    field = x[:, 2:30, 2:30]
    np.multiply(images, np.float32(0.005), out=field, casting="unsafe")
    field += np.float32(BACKGROUND)
    return x


def make_dataset(
    images, labels, batch_size=64, *, training=False, distort=False, seed=0
):
    """Build the `tf.data` pipeline that feeds the network.

    For training the whole set is shuffled anew each epoch; for evaluation the order is
    kept and no image dropped. The same seed gives the same epochs.

    Args:
        images: bytes, (n, 28, 28) or (n, 28, 28, 1).
        labels: integers, (n,).
        batch_size: images in a batch; the last one may be smaller.
        training: whether to shuffle.
        distort: whether to distort every training image, each epoch differently.
        seed: integer that fixes the order and the distortions.

    Returns:
        `tf.data.Dataset` of float32 (batch, 32, 32, 1) and int64 (batch,).

    Raises:
        ValueError: if the lengths differ, or if test images were to be distorted.
    """
    images, labels = np.asarray(images), np.asarray(labels, np.int64)
    _check_images(images)
    _check_lengths(images, labels)
    if distort and not training:
        raise ValueError("distort=True needs training=True: test images stay as is.")
    # Shuffling indices and gathering whole batches is much faster than moving images.
    indices = tf.data.Dataset.range(len(images))
    if training:
        indices = indices.shuffle(len(images), seed, reshuffle_each_iteration=True)
    with tf.device("CPU"):  # where tf.data runs, whatever else the machine has
        images, labels = tf.constant(images), tf.constant(labels)
    dataset = indices.batch(batch_size).map(
        lambda batch: (to_input(tf.gather(images, batch)), tf.gather(labels, batch)),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    if distort:
        dataset = _distort_batches(dataset, seed)
    return dataset.prefetch(tf.data.AUTOTUNE)


def distort(images, seed, ranges=None):
    """Distort each image by its own random planar affine map (Section III-A).

    Args:
        images: float32 tensor (n, 32, 32, 1), as `to_input` returns it.
        seed: pair of integers; the same pair gives the same pictures.
        ranges: the two ends of each distortion: by default `DISTORTIONS`, those that
            the paper lists; or `OTHER_HANDS`, wider, with rotation and pens.

    Returns:
        float32 tensor (n, 32, 32, 1), -0.1 where the map reads outside the image.
    """
    ranges = ranges or DISTORTIONS
    drawn = draw_distortions(tf.shape(images)[0], seed, ranges)
    return distort_by(images, drawn, strokes=ranges["stroke"] != (0, 0))


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
    """Distort each image by given parameters, in a single bilinear interpolation.

    Args:
        images: float32 tensor (n, 32, 32, 1).
        parameters: float32 tensor (n, 7), in the order of `DISTORTIONS`.
        strokes: bool, whether to change the width of the strokes too.

    Returns:
        float32 tensor (n, 32, 32, 1), -0.1 where the map reads outside the image.
    """
    shift_x, shift_y, scale, squeeze, shear, rotation, stroke = tf.unstack(
        parameters, axis=1
    )
    # TensorFlow wants the map from the output back to the input: the inverse of
    # x' = squeeze scale x + shear y', y' = scale y / squeeze, then of the rotation,
    # about the centre.
    across, down = 1 / (scale * squeeze), squeeze / scale
    lean = -shear * across
    angle = rotation * (math.pi / 180)
    cos, sin = tf.cos(angle), tf.sin(angle)
    x_x, x_y = across * cos + lean * sin, lean * cos - across * sin
    y_x, y_y = down * sin, down * cos
    centre, zero = 15.5, tf.zeros_like(scale)
    x_1 = centre - x_x * (centre + shift_x) - x_y * (centre + shift_y)
    y_1 = centre - y_x * (centre + shift_x) - y_y * (centre + shift_y)
    images = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack((x_x, x_y, x_1, y_x, y_y, y_1, zero, zero), axis=1),
        output_shape=(32, 32),
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=BACKGROUND,
    )
    return _widen(images, stroke) if strokes else images


def _widen(images, pixels):
    """Widen the strokes by so many pixels on each side, or thin them."""
    pixels = pixels[:, None, None, None]
    wide = tf.nn.max_pool2d(images, 3, 1, "SAME")
    thin = -tf.nn.max_pool2d(-images, 3, 1, "SAME")
    return (
        images
        + tf.nn.relu(pixels) * (wide - images)
        + tf.nn.relu(-pixels) * (thin - images)
    )


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


def network_input(model, images):
    """Bring images to the form that a model reads.

    Args:
        model: `keras.Model`.
        images: array or tensor (n, 28, 28) of bytes, or as the model takes them,
            (n, height, width, 1).

    Returns:
        The images, padded and scaled by `to_input` where the model asks for 32x32 and
        the images are 28x28; back to bytes where it is the other way round.

    Raises:
        ValueError: for images that the model cannot read.
    """
    wanted = model.input_shape[1:]
    shape = tuple(images.shape[1:])
    if wanted[:2] == (32, 32) and shape in ((28, 28), (28, 28, 1)):
        return to_input(images)
    if wanted[:2] == (28, 28) and shape == (32, 32, 1):  # the model pads and scales
        return (images[:, 2:30, 2:30] - BACKGROUND) / 0.005
    if len(shape) == 2:
        images, shape = images[..., None], (*shape, 1)
    fits = len(shape) == 3 and all(
        want in (None, got) for want, got in zip(wanted, shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"The model {model.name!r} reads images of shape {wanted}; received "
            f"{shape}. Pass 28x28 bytes as they come from MNIST, pad them with "
            "to_input, or build the model with include_preprocessing=True."
        )
    return images


def check_pairs(images, labels):
    """Return images and labels as arrays, one label an image, at least one.

    Raises:
        ValueError: if their numbers differ or are 0.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    _check_lengths(images, labels)
    return images, labels


def _read_folder_of_variable():
    """Read the folder that the environment names, and let errors say that it does."""
    try:
        return _read_folder(Path(os.environ[_VARIABLE]))
    except (ValueError, FileNotFoundError) as error:
        message = f"{error} The folder is set by {_VARIABLE}={os.environ[_VARIABLE]}."
        raise type(error)(message) from error


def _read_folder(folder):
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder. Name one with IDX files.")
    train, test = (_read_split(folder, split) for split in ("train", "t10k"))
    return Data(folder.name, *train, *test)


def _read_split(folder, split):
    """Read images and labels of "train" or "t10k" and check one against the other."""
    paths = [_find_idx(folder, name) for name in _FILES if name.startswith(split)]
    images, labels = map(read_idx, paths)
    for path, array, ndim in zip(paths, (images, labels), (3, 1), strict=True):
        if array.ndim != ndim:
            kind = {1: "labels", 3: "images"}.get(array.ndim, "neither kind")
            raise ValueError(
                f"{path} must have {ndim} dimensions; it has {array.ndim} ({kind}). "
                "Are images and labels swapped?"
            )
    _check_lengths(images, labels, f"{paths[0]}: ")
    if labels.max() > 9:
        raise ValueError(
            f"{paths[1]} must hold labels 0 to 9; its largest is {labels.max()}. "
            "Take a set of ten classes."
        )
    if paths[0].name.startswith("emnist"):
        images = images.transpose(0, 2, 1)  # EMNIST stores its pictures by columns
    if images.shape[1:] != (28, 28):
        pictures = map(Image.fromarray, images)
        method = Image.Resampling.BILINEAR
        images = np.stack([ImageOps.pad(each, (28, 28), method) for each in pictures])
    return np.ascontiguousarray(images), labels.astype(np.int64)


def _find_idx(folder, name):
    """Find the file that plays the role of, say, t10k-images-idx3-ubyte."""
    split, kind, idx = name.removesuffix("-ubyte").split("-")
    split = "(t10k|test)" if split == "t10k" else split
    pattern = re.compile(rf"(.*-)?{split}-{kind}[-.]{idx}-ubyte(\.gz)?")
    files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    found = {file for file in files if pattern.fullmatch(file)}
    # Of a file and its gzipped copy, the copy is left aside.
    found = {file for file in found if file.removesuffix(".gz") not in found - {file}}
    exact = found & {name, f"{name}.gz"} or found
    if len(exact) == 1:
        return files[exact.pop()]
    if exact:
        raise ValueError(
            f"{folder} has several files for {name}: {', '.join(sorted(exact))}. "
            "Keep one of them."
        )
    raise FileNotFoundError(
        f"{folder} has no {name}. It must hold {', '.join(_FILES)}, gzipped or not; "
        f"found {', '.join(list(files)[:8]) or 'no file'}."
    )


def _parse_idx(stream, path):
    """Parse 00 00, type, rank, the dimensions (32 bits, big-endian), then the bytes."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(
            f"{path} is not an IDX file: it must begin with 00 00 08 and the number of "
            f"dimensions; it begins with {magic.hex(' ') or 'nothing'}. Fetch it again."
        )
    if magic[2] != 8 or not 1 <= magic[3] <= 3:
        raise ValueError(
            f"{path} must hold unsigned bytes (type 08) in 1 to 3 dimensions; it has "
            f"type {magic[2]:02x} in {magic[3]} dimensions. Convert it first."
        )
    header = stream.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise ValueError(f"{path} ends inside its header. Fetch it again.")
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    data, size = bytearray(), math.prod(shape)
    # In chunks, and one byte too many: a header may lie, in either direction.
    while chunk := stream.read(min(2**20, size + 1 - len(data))):
        data += chunk
    if len(data) != size:
        has = f"only {len(data)}" if len(data) < size else "more"
        raise ValueError(
            f"{path} announces {shape}, {size} bytes, but holds {has}. Fetch it again."
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _keras_mnist():
    """Take MNIST from Keras' cache or its checksummed download."""
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(15)
    try:
        # Keras' progress bar would otherwise end up in the caller's piped output.
        with contextlib.redirect_stdout(sys.stderr):
            train, test = keras.datasets.mnist.load_data()
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"Keras' copy of MNIST is damaged ({error}). Delete datasets/mnist.npz in "
            "Keras' folder (usually ~/.keras) and load again."
        ) from error
    except Exception as error:  # Keras raises a bare Exception where a fetch fails
        if not isinstance(error, OSError) and "URL fetch failure" not in str(error):
            raise
        raise ConnectionError(
            f"MNIST is not on this machine and cannot be downloaded ({error}). Connect "
            f"to the network, set {_VARIABLE} to a folder with its four IDX files, or "
            'load("digits").'
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)
    (train_images, train_labels), (test_images, test_labels) = train, test
    train_labels, test_labels = np.int64(train_labels), np.int64(test_labels)
    return Data("mnist", train_images, train_labels, test_images, test_labels)


def _digits():
    """Take scikit-learn's digits, split by writers: the last 360 are the test set."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.stack([frame(image) for image in digits.images])
    labels = digits.target.astype(np.int64)
    return Data("digits", images[:1437], labels[:1437], images[1437:], labels[1437:])


def _check_images(images):
    shape = tuple(images.shape)
    if shape[-2:] != (28, 28) if len(shape) in (2, 3) else shape[1:] != (28, 28, 1):
        raise ValueError(
            f"images must have shape (n, 28, 28); received {shape}. Reshape them first."
        )
    if not (
        isinstance(images, np.ndarray) and images.dtype.kind == "f" and images.size
    ):
        return
    if images.max() <= 1:
        raise ValueError(
            "images must be bytes 0 to 255; received floats up to "
            f"{images.max():g}. Do not divide by 255: pass the bytes themselves."
        )
    if images.min() < 0:
        raise ValueError(
            "images must be bytes 0 to 255; received floats from "
            f"{images.min():g} to {images.max():g}. Do not scale them before: pass the "
            "bytes themselves, or what to_input makes of them, 32x32."
        )


def _check_lengths(images, labels, where=""):
    if len(images) != len(labels):
        raise ValueError(
            f"{where}there must be one label an image; received {len(images)} images "
            f"and {len(labels)} labels. Pair them up first."
        )
    if not images.size:
        raise ValueError(f"{where}received no image. Pass at least one.")


def _distort_batches(dataset, seed):
    """Distort every batch with two fresh random numbers, other ones each epoch."""
    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)
    return tf.data.Dataset.zip(dataset, seeds).map(
        lambda batch, pair: (distort(batch[0], pair), batch[1]),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
