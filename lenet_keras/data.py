"""The digits, from files or the web to the batches that the network reads.

MNIST is the data set of Section III-A of LeCun et al. (1998): 60,000 digits to train on
and 10,000 to test on.
"""

import contextlib
import gzip
import http.client
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
from lenet_keras.hints import check_name, printable
from lenet_keras.images import distort as distort_images
from lenet_keras.images import frame, ranges_of, to_input

_VARIABLE = "LENET_KERAS_DATA"
_LARGEST = 2**30  # bytes of an IDX file, unpacked; the largest EMNIST has 550 million
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


def load(
    name: str = "auto",
    folder: str | Path | None = None,
    *,
    classes: int | None = None,
) -> Data:
    """Load handwritten digits: from a folder, else Keras' MNIST, else bundled ones.

    MNIST is the paper's own data set (Section III-A). Where it cannot be reached,
    "auto" takes scikit-learn's 1,797 smaller digits and says so; "mnist" never does.

    Args:
        name: "auto", "mnist" or "digits".
        folder: path of a folder with the four IDX files, gzipped or not, of MNIST or
            of sets in its form (EMNIST, QMNIST, Fashion-MNIST); also where PyTorch
            keeps them, MNIST/raw in it. Defaults to the environment variable
            LENET_KERAS_DATA, where set.
        classes: int, how many classes a folder's labels name, by default ten digits.
            Labels from 1 to `classes`, as EMNIST's 26 letters have them, are then
            counted from 0.

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
    if classes is not None:
        check_count("classes", classes)
    if folder is not None:
        return _read_folder(Path(folder), classes)
    if os.environ.get(_VARIABLE):
        return _read_folder_of_variable(classes)
    try:
        return _keras_mnist()
    except ConnectionError as error:
        if name == "mnist":
            raise
        print(f"{error} Using scikit-learn's 1,797 digits instead.", file=sys.stderr)
        return _digits()


def load_named(name, classes=None):
    """Load a data set by its name, as `load` does, or from a folder, for a command.

    Args:
        name: "auto", "mnist" or "digits", or the path of a folder.
        classes: int, as for `load`.
    """
    folder = None if name in _NAMES else name
    return load("mnist" if folder else name, folder, classes=classes)


def read_idx(path):
    """Read one file in MNIST's IDX format, gzipped or not.

    Args:
        path: path of the file; gzip is recognised by its content, not by its name.

    Returns:
        Array of the file's own shape: uint8 (n, rows, columns) or (n,), or int32 (n, 8)
        of QMNIST's labels.

    Raises:
        ValueError: if the file is damaged, holds something else, or announces more than
            a gigabyte.
    """
    with _idx_stream(path) as stream:
        return _read_body(stream, *_read_header(stream, path), path)


@contextlib.contextmanager
def _idx_stream(path):
    """The bytes of a file, unpacked."""
    with open(path, "rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            yield gzip.GzipFile(fileobj=file) if gzipped else file
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(
                f"{printable(path)} is a damaged gzip file ({error}). Fetch it again."
            ) from error


def make_dataset(
    images, labels, batch_size=64, *, training=False, distort=False, seed=0
) -> tf.data.Dataset:
    """Build the `tf.data` pipeline that feeds the network.

    For training the whole set is shuffled again in each epoch; for evaluation the order
    is kept and no image dropped. The same seed gives the same epochs, after the same
    `keras.utils.set_random_seed` or none.

    Args:
        images: bytes, (n, 28, 28) or (n, 28, 28, 1).
        labels: integers, (n,).
        batch_size: images in a batch; the last one may be smaller.
        training: whether to shuffle.
        distort: whether to distort every training image, each epoch differently: False,
            True, or the ranges of `distort`, such as `OTHER_HANDS`.
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
    batch = gatherer(
        (images, labels), lambda index, images, labels: (to_input(images), labels)
    )
    batches = indices.batch(batch_size)
    dataset = batches.map(batch, num_parallel_calls=tf.data.AUTOTUNE)
    if distort:
        dataset = _distort_batches(dataset, seed, ranges_of(distort))
    return dataset.prefetch(tf.data.AUTOTUNE)


def gatherer(arrays, ready):
    """Gather batches from arrays in memory by their indices.

    Args:
        arrays: the arrays (n, ...) to gather from.
        ready: function of the indices and of what was gathered: makes a batch of it.

    Returns:
        Function for `tf.data.Dataset.map`, of integers (batch,), to what `ready`
        returns; indices beyond the end of the arrays begin again.
    """
    with tf.device("CPU"):  # where tf.data runs, whatever else the machine has
        tensors = [tf.constant(array) for array in arrays]

    def batch(index):
        place = index % len(tensors[0])
        return ready(index, *(tf.gather(tensor, place) for tensor in tensors))

    return batch


def _read_folder_of_variable(classes):
    """Read the folder that the environment names, and let errors say that it does."""
    try:
        return _read_folder(Path(os.environ[_VARIABLE]), classes)
    except (ValueError, FileNotFoundError) as error:
        folder = printable(os.environ[_VARIABLE])
        message = f"{error} The folder is set by {_VARIABLE}={folder}."
        raise type(error)(message) from error


def _read_folder(folder, classes):
    folder = _folder_of_files(folder)
    splits = [_read_split(folder, split) for split in ("train", "t10k")]
    (train, train_labels), (test, test_labels) = splits
    labels = _class_numbers(folder, train_labels, test_labels, classes)
    name = folder.parent.name if folder.name == "raw" else folder.name
    return Data(name, train, labels[: len(train)], test, labels[len(train) :])


def _folder_of_files(folder):
    """The folder itself, or the one within it where PyTorch keeps the files."""
    try:
        folder = folder.expanduser().resolve()
    except (RuntimeError, OSError) as error:  # a user or a link that leads nowhere
        raise FileNotFoundError(
            f"{printable(folder)} leads to no folder ({printable(error)}). Name one "
            "with IDX files."
        ) from error
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{printable(folder)} is not a folder. Name one with IDX files."
        )
    inner = [folder, folder / "raw", folder / "MNIST" / "raw"]
    if not any(map(_holds_files, inner)):
        others = [raw for raw in sorted(folder.glob("*/raw")) if _holds_files(raw)]
        if len(others) > 1:
            names = ", ".join(printable(raw.parent.name) for raw in others)
            raise ValueError(
                f"{printable(folder)} has several data sets: {names}. Name the folder "
                "of one of them."
            )
        inner += others
    return next(filter(_holds_files, inner), folder)


def _holds_files(folder):
    return folder.is_dir() and any("-images" in path.name for path in folder.iterdir())


def _class_numbers(folder, train, test, classes):
    """Labels of both sets, counted from 0, or why they name other classes."""
    labels = np.concatenate((train, test)).astype(np.int64)
    low, high = labels.min(), labels.max()
    if low >= 0 and high < (classes or 10):
        return labels
    if (low, high) == (1, classes):
        return labels - 1
    many = high if low == 1 else high + 1
    raise ValueError(
        f"{printable(folder)} must hold labels 0 to {(classes or 10) - 1}; it has "
        f"{low} to {high}. Take another set, or pass classes={many} to load"
        f"{', which then counts them from 0' if low == 1 else ''}, and to build_lenet5."
    )


def _read_split(folder, split):
    """Read images and labels of "train" or "t10k" and check one against the other."""
    paths = [_find_idx(folder, name) for name in _FILES if name.startswith(split)]
    _compare_headers(*paths)
    images, labels = map(read_idx, paths)
    if labels.ndim == 2:
        labels = labels[:, 0]  # QMNIST: the class, then who wrote it, and where
    check_pairs(images, labels, f"{printable(paths[0])}: ")
    if paths[0].name.startswith("emnist"):
        images = images.transpose(0, 2, 1)  # EMNIST stores its pictures by columns
    if images.shape[1:] != (28, 28):
        pictures = map(Image.fromarray, images)
        method = Image.Resampling.BILINEAR
        images = np.stack([ImageOps.pad(each, (28, 28), method) for each in pictures])
    return np.ascontiguousarray(images), labels


def _compare_headers(images, labels):
    """Hold what two files announce against each other, before any of it is read."""
    shapes = []
    for path in (images, labels):
        with _idx_stream(path) as stream:
            shapes.append(_read_header(stream, path)[1])
    is_qmnist = len(shapes[1]) == 2 and shapes[1][1] == 8
    for path, shape, ndim in ((images, shapes[0], 3), (labels, shapes[1], 1)):
        if len(shape) != ndim and not (ndim == 1 and is_qmnist):
            kind = {1: "labels", 3: "images"}.get(len(shape), "neither kind")
            raise ValueError(
                f"{printable(path)} must have {ndim} dimensions; it has {len(shape)} "
                f"({kind}). Are images and labels swapped?"
            )
    if shapes[0][0] != shapes[1][0]:
        raise ValueError(
            f"{printable(images)}: there must be one label per image; received "
            f"{shapes[0][0]} images and {shapes[1][0]} labels. Pair them up first."
        )


def _find_idx(folder, name):
    """Find the file that plays the role of, say, t10k-images-idx3-ubyte."""
    split, kind, idx = name.removesuffix("-ubyte").split("-")
    split = "(t10k|test)" if split == "t10k" else split
    idx = f"({idx}-ubyte|idx2-int)" if kind == "labels" else f"{idx}-ubyte"
    pattern = re.compile(rf"(.*-)?{split}-{kind}[-.]{idx}(\.gz)?")
    files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    found = {file for file in files if pattern.fullmatch(file)}
    # Of a file and its gzipped copy, the copy is left aside.
    found = {file for file in found if file.removesuffix(".gz") not in found - {file}}
    exact = found & {name, f"{name}.gz"} or found
    if len(exact) == 1:
        return files[exact.pop()]
    if exact:
        raise ValueError(
            f"{printable(folder)} has several files for {name}: "
            f"{printable(', '.join(sorted(exact)))}. "
            "Keep one of them."
        )
    raise FileNotFoundError(
        f"{printable(folder)} has no {name}. It must hold {', '.join(_FILES)}, gzipped "
        f"or not; found {printable(', '.join(list(files)[:8])) or 'no file'}."
    )


def _read_header(stream, path):
    """Read 00 00, the type, the rank, and the dimensions (32 bits, big-endian)."""
    path = printable(path)
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(
            f"{path} is not an IDX file: it must begin with 00 00 08 and the number of "
            f"dimensions; it begins with {magic.hex(' ') or 'nothing'}. Fetch it again."
        )
    kind, rank = magic[2:]
    if (kind, rank) != (12, 2) and not (kind == 8 and 1 <= rank <= 3):
        raise ValueError(
            f"{path} must hold unsigned bytes (type 08) in 1 to 3 dimensions; it has "
            f"type {kind:02x} in {rank} dimensions. Convert it first."
        )
    header = stream.read(4 * rank)
    if len(header) < 4 * rank:
        raise ValueError(f"{path} ends inside its header. Fetch it again.")
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    dtype = np.dtype(np.uint8 if kind == 8 else ">i4")
    size = math.prod(shape) * dtype.itemsize
    if size > _LARGEST:
        raise ValueError(
            f"{path} announces {shape}, {size:,} bytes; more than {_LARGEST:,} are not "
            "read. Take a part of it."
        )
    return dtype, shape


def _read_body(stream, dtype, shape, path):
    """Read the array that a header announced."""
    data, size = bytearray(), math.prod(shape) * dtype.itemsize
    # In chunks, and one byte too many: a header may lie, in either direction.
    while chunk := stream.read(min(2**20, size + 1 - len(data))):
        data += chunk
    if len(data) != size:
        has = f"only {len(data)}" if len(data) < size else "more"
        raise ValueError(
            f"{printable(path)} announces {shape}, {size} bytes, but holds {has}. "
            "Fetch it again."
        )
    array = np.frombuffer(data, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


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
        is_network = isinstance(error, OSError | http.client.HTTPException)
        if not is_network and "URL fetch failure" not in str(error):
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


def _distort_batches(dataset, seed, ranges):
    """Distort every batch with two fresh random numbers, other ones each epoch."""
    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)
    return tf.data.Dataset.zip(dataset, seeds).map(
        lambda batch, pair: (distort_images(batch[0], pair, ranges), batch[1]),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
