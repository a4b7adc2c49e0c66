"""What `lenet_keras.data` promises: MNIST as the paper has it, and clear errors."""

import gzip
import http.client
import os
import struct
import sys
import tempfile
import tracemalloc
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import digit, python
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet_keras import data, to_input

MNIST = os.environ.get("LENET_KERAS_DATA")
needs_mnist = pytest.mark.skipif(
    not MNIST, reason="set LENET_KERAS_DATA to a folder with MNIST's four IDX files"
)
NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
OFFLINE = "URL fetch failure on https://example.org: None -- no network"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No test may see the network or the environment unless it asks for it."""

    def fail():
        raise Exception(OFFLINE)

    monkeypatch.delenv("LENET_KERAS_DATA", raising=False)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)


def idx(array):
    """The oracle of the format: 00 00 08 rank, big-endian dimensions, bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def arrays(count=6, shape=(28, 28), seed=0):
    """Random bytes in the roles of the four files."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (2, count, *shape), dtype=np.uint8)
    labels = rng.integers(0, 10, (2, count), dtype=np.uint8)
    return images[0], labels[0], images[1], labels[1]


def fill(folder, contents, names=NAMES):
    for name, array in zip(names, contents, strict=True):
        raw = idx(array)
        packed = gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw
        (folder / name).write_bytes(packed)
    return folder


def assert_holds(loaded, contents):
    for got, expected in zip(loaded[1:], contents, strict=True):
        np.testing.assert_array_equal(got, expected)


# Loading


def test_an_unknown_name_is_answered_with_the_allowed_ones_and_a_guess():
    with pytest.raises(ValueError, match="mnist, .*received 'mnits'.*Did you mean"):
        data.load("mnits")


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_folder_is_read_raw_or_gzipped(tmp_path, ending):
    contents = arrays()
    loaded = data.load(folder=fill(tmp_path, contents, [n + ending for n in NAMES]))
    assert_holds(loaded, contents)
    assert loaded.name == tmp_path.name
    assert loaded.train_images.dtype == np.uint8
    assert loaded.train_labels.dtype == loaded.test_labels.dtype == np.int64


def test_the_environment_names_the_folder_where_no_argument_does(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_KERAS_DATA", str(fill(tmp_path, arrays())))
    assert_holds(data.load("mnist"), arrays())
    (tmp_path / "other").mkdir()
    other = fill(tmp_path / "other", arrays(seed=1))
    assert_holds(data.load(folder=other), arrays(seed=1))


def test_an_error_in_the_environments_folder_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_KERAS_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere.*set by LENET_KERAS_DATA"):
        data.load()
    assert data.load("digits").name == "digits"


def test_a_missing_file_is_answered_with_the_four_names_and_what_is_there(tmp_path):
    fill(tmp_path, arrays())
    (tmp_path / NAMES[3]).rename(tmp_path / "notes.txt")
    with pytest.raises(FileNotFoundError) as caught:
        data.load(folder=tmp_path)
    assert all(word in str(caught.value) for word in (*NAMES, "notes.txt"))


def test_other_spellings_of_the_names_are_found(tmp_path):
    names = [n.replace("-idx", ".idx").replace("t10k", "test") for n in NAMES]
    assert_holds(data.load(folder=fill(tmp_path, arrays(), names)), arrays())


def test_emnist_is_transposed_back(tmp_path):
    a, b, c, d = arrays()
    turned = a.transpose(0, 2, 1), b, c.transpose(0, 2, 1), d
    names = [f"emnist-digits-{n.replace('t10k', 'test')}.gz" for n in NAMES]
    assert_holds(data.load(folder=fill(tmp_path, turned, names)), (a, b, c, d))


def test_the_exact_name_wins_over_a_prefix_and_raw_over_its_gzipped_copy(tmp_path):
    fill(tmp_path, arrays(seed=1), [f"emnist-digits-{n}" for n in NAMES])
    fill(tmp_path, arrays(seed=2), [f"{n}.gz" for n in NAMES])
    fill(tmp_path, arrays(), NAMES)
    assert_holds(data.load(folder=tmp_path), arrays())


@pytest.mark.parametrize("given", [".", "MNIST", "MNIST/raw"])
def test_a_folder_of_pytorch_is_read_from_every_height(tmp_path, given):
    for seed, name in enumerate(("MNIST", "FashionMNIST")):
        (tmp_path / name / "raw").mkdir(parents=True)
        fill(tmp_path / name / "raw", arrays(seed=seed))
    loaded = data.load(folder=tmp_path / given)
    assert_holds(loaded, arrays())
    assert loaded.name == "MNIST"


def test_of_several_sets_of_pytorch_one_must_be_named(tmp_path):
    for seed, name in enumerate(("KMNIST", "FashionMNIST")):
        (tmp_path / name / "raw").mkdir(parents=True)
        fill(tmp_path / name / "raw", arrays(seed=seed))
    with pytest.raises(ValueError, match="several data sets: FashionMNIST, KMNIST"):
        data.load(folder=tmp_path)
    assert data.load(folder=tmp_path / "KMNIST").name == "KMNIST"


def test_qmnist_is_read_by_its_own_names_and_labels(tmp_path):
    a, b, c, d = arrays()
    for split, images, labels in (("train", a, b), ("test", c, d)):
        wide = np.arange(8 * len(labels)).reshape(-1, 8)
        wide[:, 0] = labels
        raw = struct.pack(">III", 0x0C02, *wide.shape) + wide.astype(">i4").tobytes()
        name = f"qmnist-{split}-images-idx3-ubyte"
        (tmp_path / name).write_bytes(idx(images))
        name = f"qmnist-{split}-labels-idx2-int.gz"
        (tmp_path / name).write_bytes(gzip.compress(raw))
    assert_holds(data.load(folder=tmp_path), (a, b, c, d))


def test_letters_are_counted_from_0_where_their_number_is_given(tmp_path):
    a, _, c, _ = arrays(count=26)
    letters = np.arange(1, 27, dtype=np.uint8)
    names = [f"emnist-letters-{n.replace('t10k', 'test')}" for n in NAMES]
    fill(tmp_path, (a, letters, c, letters[::-1]), names)
    with pytest.raises(ValueError, match="1 to 26.*classes=26 .*counts them from 0"):
        data.load(folder=tmp_path)
    loaded = data.load(folder=tmp_path, classes=26)
    assert loaded.train_labels.tolist() == list(range(26))
    assert loaded.test_labels.tolist() == list(range(26))[::-1]


def test_labels_from_1_to_10_are_not_guessed_at(tmp_path):
    """Elsewhere the digit 0 has the label 10, and 1 is 1."""
    a, _, c, _ = arrays(count=10)
    labels = np.arange(1, 11, dtype=np.uint8)
    with pytest.raises(ValueError, match="it has 1 to 10"):
        data.load(folder=fill(tmp_path, (a, labels, c, labels)))


def test_other_numbers_of_classes_are_taken_when_asked_for(tmp_path):
    a, _, c, _ = arrays(count=47)
    labels = np.arange(47, dtype=np.uint8)
    fill(tmp_path, (a, labels, c, labels))
    assert data.load(folder=tmp_path, classes=47).train_labels.max() == 46
    with pytest.raises(ValueError, match="0 to 25; it has 0 to 46.*classes=47"):
        data.load(folder=tmp_path, classes=26)


@pytest.mark.parametrize("folder", ["~nobody-of-this-name", "loop", "file", "a\x1b[2J"])
def test_a_path_that_leads_to_no_folder_is_a_promised_error(folder, tmp_path):
    (tmp_path / "file").write_text("no folder")
    if folder == "loop":
        if sys.platform == "win32":
            pytest.skip("Windows lets not everybody make links")
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
    given = folder if folder.startswith("~") else tmp_path / folder
    with pytest.raises(FileNotFoundError, match="folder") as error:
        data.load(folder=given)
    assert "\x1b" not in str(error.value)


def test_a_gigabyte_of_labels_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    fill(tmp_path, arrays())
    with gzip.open(tmp_path / NAMES[1], "wb", compresslevel=1) as file:
        file.write(struct.pack(">II", 2049, 2**30))
        for _ in range(20):  # the rest would be unpacked as well
            file.write(bytes(2**20))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="6 images and 1073741824 labels"):
            data.load(folder=tmp_path)
        with pytest.raises(ValueError, match="holds only"):
            data.read_idx(tmp_path / NAMES[1])
        images = struct.pack(">IIII", 2051, 2**30, 28, 28)
        (tmp_path / NAMES[0]).write_bytes(images)
        with pytest.raises(ValueError, match="more than 1,073,741,824 are not read"):
            data.load(folder=tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("seed", range(300))
def test_a_changed_folder_gives_arrays_or_a_promised_error(tmp_path, seed):
    rng = np.random.default_rng(seed)
    contents = [bytearray(idx(array)) for array in arrays(count=3, shape=(4, 4))]
    for content in contents:
        for place in rng.integers(0, len(content), rng.integers(3)):
            content[place] = rng.integers(256)
        if rng.random() < 0.2:
            del content[rng.integers(len(content)) :]
    names = [n + rng.choice(["", ".gz"]) for n in rng.permutation(NAMES)]
    for name, content in zip(names, contents, strict=True):
        (tmp_path / name).write_bytes(
            gzip.compress(content) if rng.random() < 0.5 else content
        )
    try:
        loaded = data.load(folder=tmp_path)
    except (ValueError, FileNotFoundError) as error:
        assert str(tmp_path) in str(error)
    else:
        assert len(loaded.train_images) == len(loaded.train_labels)


def test_an_interrupted_download_is_a_promised_error(monkeypatch):
    def interrupted():
        raise http.client.IncompleteRead(b"half", 10)

    monkeypatch.setattr(keras.datasets.mnist, "load_data", interrupted)
    with pytest.raises(ConnectionError, match="cannot be downloaded"):
        data.load("mnist")
    assert data.load().name == "digits"


def test_several_candidates_are_listed(tmp_path):
    for prefix in ("emnist-digits", "emnist-mnist"):
        fill(tmp_path, arrays(), [f"{prefix}-{n}" for n in NAMES])
    with pytest.raises(ValueError, match="emnist-digits-.*emnist-mnist-.*Keep one"):
        data.load(folder=tmp_path)


def test_pictures_of_another_size_keep_their_aspect_and_are_centred(tmp_path):
    a, b, c, d = arrays(shape=(14, 7))
    loaded = data.load(folder=fill(tmp_path, (np.full_like(a, 255), b, c, d)))
    columns = loaded.train_images[0].max(axis=0)
    np.testing.assert_array_equal(np.flatnonzero(columns), np.arange(7, 21))
    assert loaded.test_images.shape == (6, 28, 28)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, b: (a, b + 17), "0 to 9; it has 6 to 26.*classes=27 to load"),
        (lambda a, b: (a, b[:4]), "6 images and 4 labels"),
        (lambda a, b: (a[:0], b[:0]), "no image"),
        (lambda a, b: (b, b), "3 dimensions; it has 1 .labels.*swapped"),
        (lambda a, b: (a, a), "1 dimensions; it has 3 .images.*swapped"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(tmp_path, change, message):
    images, _, c, d = arrays()
    first = change(images, np.full(6, 9, np.uint8))
    with pytest.raises(ValueError, match=message):
        data.load(folder=fill(tmp_path, (*first, c, d)))


def test_keras_mnist_is_taken_where_no_folder_is_given(monkeypatch):
    a, b, c, d = arrays()
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: ((a, b), (c, d)))
    loaded = data.load()
    assert loaded.name == "mnist" and loaded.train_labels.dtype == np.int64
    assert_holds(loaded, (a, b, c, d))


def test_auto_falls_back_to_the_digits_and_says_so_in_one_line(capsys):
    assert data.load().name == "digits"
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert "LENET_KERAS_DATA" in err and "1,797 digits" in err


def test_mnist_never_falls_back_and_tells_how_to_mend_it():
    with pytest.raises(ConnectionError, match="network.*LENET_KERAS_DATA.*digits"):
        data.load("mnist")


def test_wrong_bytes_in_the_cache_are_never_taken(tmp_path):
    """Keras would fetch the file again; offline there is none, not the wrong one."""
    a, b, c, d = arrays()
    (tmp_path / "datasets").mkdir()
    cache = tmp_path / "datasets" / "mnist.npz"
    np.savez(cache, x_train=a, y_train=b, x_test=c, y_test=d)
    nobody = {"https_proxy": "http://127.0.0.1:9"}  # where nobody listens
    run = python(
        f"""
        from pathlib import Path
        from lenet_keras import load
        cache = Path({str(cache)!r})
        whole = cache.read_bytes()
        for content in (whole, whole[:-100], b"", b"<html>"):
            cache.write_bytes(content)
            try:
                load("mnist")
            except ConnectionError as error:
                assert "cannot be downloaded" in str(error)
                print(load().name)
        """,
        KERAS_HOME=str(tmp_path),
        **nobody,
    )
    assert run.stdout.split() == ["digits"] * 4, run.stderr[-1000:]


@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_a_damaged_cache_is_an_error_for_every_name(monkeypatch, name):
    def damaged():
        raise ValueError("Incomplete or corrupted file detected.")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", damaged)
    with pytest.raises(ValueError, match="damaged.*Delete datasets/mnist.npz"):
        data.load(name)


def test_the_bundled_digits_are_1437_and_360():
    digits = data.load("digits")
    assert digits.train_images.shape == (1437, 28, 28)
    assert digits.test_images.shape == (360, 28, 28)
    assert (digits.train_images.max(axis=(1, 2)) == 255).all()
    assert digits.train_labels[:10].tolist() == list(range(10))
    with pytest.raises(ValueError, match="leave out folder"):
        data.load("digits", folder=".")


@needs_mnist
def test_mnist_begins_with_a_5_and_has_70000_digits():
    mnist = data.load(folder=MNIST)
    assert mnist.train_images.shape == (60000, 28, 28)
    assert mnist.test_images.shape == (10000, 28, 28)
    assert mnist.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]


@needs_mnist
def test_mnist_is_not_as_centred_as_the_paper_says():
    """It says mean about 0 and variance about 1 (Section II-B); measured, it is not."""
    images = data.load(folder=MNIST).train_images
    x = to_input(images)
    fields = x, x[:, 2:30, 2:30], x[:, 6:26, 6:26]
    means = [float(field.mean(dtype="float64")) for field in fields]
    variances = [float(field.var(dtype="float64")) for field in fields]
    assert means == pytest.approx([0.0275, 0.0666, 0.216], abs=1e-3)
    assert variances == pytest.approx([0.123, 0.154, 0.246], abs=1e-3)


# The IDX format


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (0,), (0, 28, 28)])
def test_gzip_is_recognised_by_content_not_by_name(tmp_path, shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    (tmp_path / "raw.gz").write_bytes(idx(array))
    (tmp_path / "packed").write_bytes(gzip.compress(idx(array)))
    for name in ("raw.gz", "packed"):
        np.testing.assert_array_equal(data.read_idx(tmp_path / name), array)


GOOD = idx(np.arange(12).reshape(3, 2, 2))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file.*nothing"),
        (b"<html>", "not an IDX file.*3c 68 74 6d"),
        (b"\0\0\x0d" + GOOD[3:], "type 0d in 3 dimensions"),
        (b"\0\0\x08\0", "in 0 dimensions"),
        (GOOD[:9], "ends inside its header"),
        (GOOD[:-1], r"\(3, 2, 2\), 12 bytes, but holds only 11"),
        (GOOD + b"\0", "12 bytes, but holds more"),
        (gzip.compress(GOOD, mtime=0)[:-9], "damaged gzip"),
        (gzip.compress(GOOD, mtime=0)[:-8] + bytes(8), "damaged gzip"),
        (b"\x1f\x8b\x08", "damaged gzip"),
    ],
)
def test_a_damaged_file_is_named_with_what_it_has(tmp_path, content, message):
    path = tmp_path / "broken-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"broken-ubyte.*{message}"):
        data.read_idx(path)


headers = st.builds(
    lambda sizes, rest: (
        struct.pack(f">I{len(sizes)}I", 2048 + len(sizes), *sizes) + rest
    ),
    st.lists(st.one_of(st.integers(0, 4), st.integers(0, 2**32 - 1)), max_size=4),
    st.binary(max_size=70),
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.one_of(st.binary(), headers), st.integers(0, 3))
def test_any_bytes_give_an_array_or_a_value_error(content, packing):
    contents = content, gzip.compress(content), b"\x1f\x8b\x08\0" + content
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "any")
        path.write_bytes((*contents, gzip.compress(content)[:-5])[packing])
        try:
            array = data.read_idx(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert array.dtype == np.uint8 and idx(array) == content


def test_a_header_that_claims_half_a_gigabyte_costs_no_memory(tmp_path):
    path = tmp_path / "liar"
    path.write_bytes(struct.pack(">II", 2049, 2**29) + bytes(100))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="holds only 100"):
            data.read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20  # chunks of 1 MiB
    finally:
        tracemalloc.stop()


# Pipelines


def numbered(count):
    """Images that carry their own number in one pixel, so that order can be seen."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 14, 14] = np.arange(count)
    return images, np.arange(count)


def epoch(dataset):
    """Return one pass over a dataset as two arrays."""
    batches = [(x.numpy(), y.numpy()) for x, y in dataset]
    return tuple(map(np.concatenate, zip(*batches, strict=True)))


def test_evaluation_keeps_order_and_every_image():
    images, labels = numbered(150)
    dataset = data.make_dataset(images, labels, batch_size=64)
    assert [len(y) for _, y in dataset] == [64, 64, 22]
    x, y = epoch(dataset)
    np.testing.assert_array_equal(y, labels)
    np.testing.assert_array_equal(x, to_input(images))
    assert dataset.element_spec[0].shape[1:] == (32, 32, 1) and y.dtype == np.int64


def test_training_is_a_new_permutation_each_epoch_and_the_seed_repeats_it():
    images, labels = numbered(150)
    one, two, other = (
        data.make_dataset(images, labels, training=True, seed=seed)
        for seed in (3, 3, 4)
    )
    x, first = epoch(one)
    second = epoch(one)[1]
    np.testing.assert_array_equal(x, to_input(images[first]))
    assert sorted(first) == sorted(second) == labels.tolist()
    assert (first != second).any() and (first != epoch(other)[1]).any()
    np.testing.assert_array_equal(first, epoch(two)[1])
    np.testing.assert_array_equal(second, epoch(two)[1])


def test_distorted_training_differs_by_batch_and_epoch_and_the_seed_repeats_it():
    images, labels = np.repeat(digit("5")[None], 64, axis=0), np.zeros(64)
    one, two = (
        data.make_dataset(images, labels, 32, training=True, distort=True, seed=5)
        for _ in range(2)
    )
    first, second = epoch(one)[0], epoch(one)[0]
    assert one.cardinality() == 2
    assert (first[:32] != first[32:]).any(axis=(1, 2, 3)).all()
    assert (first != second).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(first, epoch(two)[0])
    np.testing.assert_array_equal(second, epoch(two)[0])


def test_pipelines_refuse_what_cannot_be_meant():
    images, labels = numbered(5)
    with pytest.raises(ValueError, match="5 images and 4 labels"):
        data.make_dataset(images, labels[:4])
    with pytest.raises(ValueError, match="no image"):
        data.make_dataset(images[:0], labels[:0])
    with pytest.raises(ValueError, match="training=True"):
        data.make_dataset(images, labels, distort=True)
