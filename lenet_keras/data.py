"""The digits, from files or the web to the batches that the network reads.

MNIST is the data set of Section III-A of LeCun et al. (1998): 60,000 digits to train on
and 10,000 to test on.
"""

import contextlib
import gzip
import math
import os
import re
import socket
import sys
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps
from sklearn.datasets import load_digits

from lenet_keras.checks import (
    check_bytes,
    check_count,
    check_pairs,
    integer_labels,
    need_tensorflow,
)
from lenet_keras.hints import check_name
from lenet_keras.images import distort as distort_images
from lenet_keras.images import frame, to_input

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
    check_name("name", name, _NAMES)
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


def load_named(name):
    """Load a data set by its name, as `load` does, or from a folder, for a command.

    Args:
        name: "auto", "mnist" or "digits", or the path of a folder.
    """
    return load(name) if name in _NAMES else load("mnist", folder=name)


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


def make_dataset(
    images, labels, batch_size=64, *, training=False, distort=False, seed=0
):
    """Build the `tf.data` pipeline that feeds the network.

    For training the whole set is shuffled again in each epoch; for evaluation the order
    is kept and no image dropped. The same seed gives the same epochs.

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
        ValueError: for images and labels that do not go with each other, or if test
            images were to be distorted.
        RuntimeError: for distortions on a Keras backend other than TensorFlow.
    """
    images, labels = check_pairs(images, labels)
    images = check_bytes(images)
    labels = integer_labels(labels, (len(labels), None), "the network")
    check_count("batch_size", batch_size)
    if distort:
        need_tensorflow("distort=True")
    if distort and not training:
        raise ValueError("distort=True needs training=True: test images stay as is.")
    # Shuffling indices and gathering whole batches is much faster than moving images.
    indices = tf.data.Dataset.range(len(images))
    if training:
        indices = indices.shuffle(len(images), seed, reshuffle_each_iteration=True)
    dataset = gather_batches(
        indices.batch(batch_size),
        (images, labels),
        lambda index, images, labels: (to_input(images), labels),
    )
    if distort:
        dataset = _distort_batches(dataset, seed)
    return dataset.prefetch(tf.data.AUTOTUNE)


def gather_batches(indices, arrays, ready):
    """Gather batches from arrays in memory by their indices.

    Args:
        indices: `tf.data.Dataset` of integers (batch,); beyond the end of the arrays
            they begin again.
        arrays: the arrays (n, ...) to gather from.
        ready: function of the indices and of what was gathered: makes a batch of it.

    Returns:
        `tf.data.Dataset` of what `ready` returns.
    """
    with tf.device("CPU"):  # where tf.data runs, whatever else the machine has
        tensors = [tf.constant(array) for array in arrays]

    def batch(index):
        place = index % len(tensors[0])
        return ready(index, *(tf.gather(tensor, place) for tensor in tensors))

    return indices.map(batch, num_parallel_calls=tf.data.AUTOTUNE)


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
    check_pairs(images, labels, f"{paths[0]}: ")
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
    digits = load_digits()
    images = np.stack([frame(image) for image in digits.images])
    labels = digits.target.astype(np.int64)
    return Data("digits", images[:1437], labels[:1437], images[1437:], labels[1437:])


def _distort_batches(dataset, seed):
    """Distort every batch with two fresh random numbers, other ones each epoch."""
    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)
    return tf.data.Dataset.zip(dataset, seeds).map(
        lambda batch, pair: (distort_images(batch[0], pair), batch[1]),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
