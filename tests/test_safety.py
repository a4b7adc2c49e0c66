"""Files that reach out of themselves: none is opened, none of their code runs."""

import io
import json
import struct
import zipfile

import h5py
import keras
import numpy as np
import pytest
from helpers import digit
from PIL import Image

from lenet_keras import build_lenet5, cli, load_model
from lenet_keras.photograph import steps
from lenet_keras.pictures import picture_of
from lenet_keras.safety import check_archive, check_hdf5

METADATA = json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"})


def part(kind, config, module="keras.layers"):
    """A piece of a model's configuration."""
    return {
        "module": module,
        "class_name": kind,
        "config": config,
        "registered_name": None,
    }


INPUT = part("InputLayer", {"batch_shape": [None, 4], "dtype": "float32", "name": "i"})
DENSE = part("Dense", {"name": "dense", "units": 2, "use_bias": False})
DENSE["build_config"] = {"input_shape": [None, 4]}


def sequential(*layers):
    return part("Sequential", {"name": "s", "layers": [INPUT, *layers]}, "keras")


def call(module, function, *args, **kwargs):
    """A model whose second layer is the call of a function."""
    layers = [
        INPUT | {"name": "i", "inbound_nodes": []},
        part("function", function, module)
        | {
            "registered_name": function,
            "name": "f",
            "inbound_nodes": [{"args": list(args), "kwargs": kwargs}],
        },
    ]
    ends = {"input_layers": [["i", 0, 0]], "output_layers": [["i", 0, 0]]}
    config = {"name": "m", "layers": layers} | ends
    return part("Functional", config, "keras.src.models.functional")


def hdf5(fill=None):
    file = io.BytesIO()
    with h5py.File(file, "w") as whole:
        group = whole.create_group("layers/dense/vars")
        if fill is not None:
            fill(group)
    return file.getvalue()


def archive(path, config, weights=None, **others):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", METADATA)
        text = config if isinstance(config, str) else json.dumps(config)
        file.writestr("config.json", text)
        file.writestr("model.weights.h5", hdf5() if weights is None else weights)
        for name, content in others.items():
            file.writestr(name, content)
    return path


def pickled_lambda(mark):
    """A Lambda layer that would write a file."""
    inputs = keras.Input((4,), name="i")
    function = eval(f"lambda x: (open({str(mark)!r}, 'w'), x)[1]")
    return keras.Sequential([inputs, keras.layers.Lambda(function, output_shape=(4,))])


CONFIGS = {
    "a shell": lambda mark: call("os", "system", f"touch {mark}"),
    "builtins": lambda mark: call("builtins", "exec", f"open({str(mark)!r}, 'w')"),
    "a download": lambda mark: call(
        "keras.utils", "get_file", fname=str(mark), origin=f"file://{__file__}"
    ),
    "a download, by its own module": lambda mark: call(
        "keras.src.utils.file_utils", "get_file", origin=f"file://{__file__}"
    ),
    "safe mode off": lambda mark: call("keras.config", "enable_unsafe_deserialization"),
    "another model's file": lambda mark: call(
        "keras.saving", "load_model", str(mark), safe_mode=False
    ),
    "an activation": lambda mark: sequential(
        part("Activation", {"activation": part("function", "system", "os")})
    ),
    "a tool in a lambda": lambda mark: sequential(
        part("Lambda", {"function": part("function", "get_file", "keras.utils")})
    ),
    "a SavedModel": lambda mark: sequential(
        part("TFSMLayer", {"filepath": str(mark), "call_endpoint": "serve"})
    ),
    "a SavedModel, called": lambda mark: call("keras.layers", "TFSMLayer", str(mark)),
    "a vocabulary": lambda mark: sequential(
        part("StringLookup", {"vocabulary": __file__})
    ),
    "a large layer": lambda mark: sequential(part("Dense", {"units": 10**9})),
    "a larger layer": lambda mark: sequential(part("Dense", {"units": 10**18})),
    "nested lists": lambda mark: "[" * 100_000,
    "no model": lambda mark: {"class_name": ["Dense"], "module": {}},
    "a number": lambda mark: 7,
    "much text": lambda mark: json.dumps("0" * (17 * 2**20)),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_model_that_names_code_is_not_opened(name, tmp_path):
    mark = tmp_path / "mark"
    path = archive(tmp_path / "model.keras", CONFIGS[name](mark))
    with pytest.raises(ValueError, match=r"not a readable \.keras model") as error:
        load_model(path)
    assert "\n" not in str(error.value)
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize("ending", [".keras", ".h5", ".hdf5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_code_of_a_lambda_never_runs(ending, tmp_path, capsys):
    mark = tmp_path / "mark"
    model = pickled_lambda(mark)
    path = tmp_path / f"model{ending}"
    model.save(path)
    mark.unlink(missing_ok=True)  # saving builds the layer, which runs it
    with pytest.raises(ValueError, match="code"):
        load_model(path)
    assert cli.main(["evaluate", str(path), "--data", "digits"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("lenet5: error: ")
    assert message.count("\n") == 1
    assert not mark.exists()


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
def test_only_keras_files_are_opened_whatever_their_name(tmp_path):
    model = build_lenet5()
    model.save(tmp_path / "model.h5")
    (tmp_path / "model.h5").rename(tmp_path / "named.keras")
    with pytest.raises(ValueError, match="it is an HDF5 file, which can carry code"):
        load_model(tmp_path / "named.keras")
    model.save(tmp_path / "model.keras")
    (tmp_path / "model.keras").rename(tmp_path / "model.zip")
    with pytest.raises(ValueError, match=r"does not end in \.keras"):
        load_model(tmp_path / "model.zip")


def external(group, elsewhere):
    storage = [(str(elsewhere), 0, 32)]
    group.create_dataset("0", (4, 2), "<f4", external=storage)


def linked(group, elsewhere):
    group["0"] = h5py.ExternalLink(str(elsewhere), "secret")


def linked_by_a_group(group, elsewhere):
    group["deeper"] = h5py.ExternalLink(str(elsewhere), "/")
    group["0"] = h5py.SoftLink("/layers/dense/vars/deeper/secret")


def virtual(group, elsewhere):
    layout = h5py.VirtualLayout((4, 2), "<f4")
    layout[:] = h5py.VirtualSource(str(elsewhere), "secret", (4, 2))
    group.create_virtual_dataset("0", layout)


def huge(group, elsewhere):
    group.create_dataset("0", (2**31, 8), "<f4", chunks=(1024, 8), compression="gzip")


@pytest.mark.parametrize("fill", [external, linked, linked_by_a_group, virtual, huge])
def test_weights_that_lie_in_another_file_are_not_read(fill, tmp_path):
    elsewhere = tmp_path / "elsewhere.h5"
    with h5py.File(elsewhere, "w") as file:
        file["secret"] = np.arange(8, dtype="<f4").reshape(4, 2)
    weights = hdf5(lambda group: fill(group, elsewhere))
    with pytest.raises(ValueError, match="another file|MB of memory"):
        check_hdf5(io.BytesIO(weights))
    path = archive(tmp_path / "model.keras", sequential(DENSE), weights)
    with pytest.raises(ValueError, match="another file|MB of memory"):
        load_model(path)
    for name in ("my.weights.h5", "my.h5", "my.keras"):
        (tmp_path / name).write_bytes(weights)
        given = path if name == "my.keras" else tmp_path / name
        with pytest.raises(ValueError, match="another file|MB of memory"):
            build_lenet5(weights=given)


def test_a_group_that_holds_itself_ends(tmp_path):
    def circle(group):
        group["again"] = group
        group["soft"] = h5py.SoftLink("/layers")
        group["0"] = np.zeros((4, 2), "<f4")

    assert check_hdf5(io.BytesIO(hdf5(circle))) == 32


@pytest.mark.parametrize(
    "name", ["../out.txt", "/tmp/out.txt", "assets/../../out.txt", "..\\out", "C:\\out"]
)
def test_nothing_is_written_outside(name, tmp_path):
    (tmp_path / "in").mkdir()
    path = archive(tmp_path / "in" / "m.keras", sequential(DENSE), **{name: b"out"})
    with pytest.raises(ValueError, match="lies outside of it"):
        load_model(path)
    assert [file.name for file in tmp_path.rglob("*")] == ["in", "m.keras"]


def test_an_archive_is_measured_before_it_is_unpacked(tmp_path):
    """300 MB of zeros, in 300 kB."""
    path = archive(tmp_path / "m.keras", sequential(DENSE), bytes(300 * 2**20))
    assert path.stat().st_size < 2**20
    with pytest.raises(ValueError, match=r"take 300 MB .* more than 256 MB"):
        check_archive(path)


def test_an_npz_is_measured_before_it_is_unpacked(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", bomb=np.zeros(300 * 2**20, np.uint8))
    with pytest.raises(ValueError, match=r"take 300 MB .* more than 256 MB"):
        build_lenet5(weights=tmp_path / "bomb.npz")


def test_shards_of_weights_lie_beside_their_list(tmp_path):
    model = build_lenet5()
    model.save_weights(tmp_path / "my.weights.json", max_shard_size=1.0)
    again = build_lenet5(weights=tmp_path / "my.weights.json")
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    shards = json.loads((tmp_path / "my.weights.json").read_text())
    text = json.dumps(shards).replace("my_00000", "../my_00000")
    (tmp_path / "my.weights.json").write_text(text)
    with pytest.raises(ValueError, match="does not lie beside it"):
        build_lenet5(weights=tmp_path / "my.weights.json")


def changed(content, rng, times):
    """Bytes changed, cut, doubled or made large at random places."""
    content = bytearray(content)
    for place in rng.integers(0, len(content), times):
        kind = rng.integers(4)
        if kind == 0:
            content[place : place + 1] = rng.bytes(1)
        elif kind == 1:
            del content[place : place + int(rng.integers(1, 50))]
        elif kind == 2:
            content[place : place + 4] = struct.pack("<I", 2**31 - 1)
        else:
            content[place:place] = content[place : place + 20]
    return bytes(content)


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_file_gives_a_model_or_a_value_error(seed, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    whole = folder / "whole.keras"
    if not whole.exists():
        build_lenet5().save(whole)
    content = changed(whole.read_bytes(), np.random.default_rng(seed), 8)
    (folder / "changed.keras").write_bytes(content)
    try:
        load_model(folder / "changed.keras")
    except ValueError as error:
        assert "changed.keras' is not a readable .keras model" in str(error)


def pictures():
    """A digit in every form that PNG and JPEG have for it."""
    grey = Image.fromarray(255 - digit("5"))
    deep = Image.fromarray(257 * np.asarray(grey, "uint16"))
    turned = Image.Exif()
    turned[0x0112] = 6
    yield from ((grey, "PNG", {}), (deep, "PNG", {}), (grey.convert("1"), "PNG", {}))
    yield from ((grey.convert(mode), "PNG", {}) for mode in ("LA", "RGB", "RGBA"))
    yield grey.convert("P"), "PNG", {"transparency": 255}
    yield grey, "JPEG", {"progressive": True}
    yield grey.convert("RGB"), "JPEG", {"exif": turned}
    yield grey.convert("CMYK"), "JPEG", {}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_changed_picture_gives_an_array_or_a_value_error():
    rng, opened, refused = np.random.default_rng(0), 0, 0
    for picture, kind, options in pictures():
        whole = io.BytesIO()
        picture.save(whole, kind, **options)
        for number in range(50):
            content = changed(whole.getvalue(), rng, 1 + number % 3)
            try:
                assert picture_of(content).mode == "RGB"
                opened += 1
                assert steps(content)["frame"].shape == (28, 28)
            except ValueError as error:
                assert "\n" not in str(error)
                assert str(error).startswith("the image ")
                refused += 1
    assert opened > 20 and refused > 200
