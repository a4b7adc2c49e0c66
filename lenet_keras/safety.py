"""What a file may be before Keras opens it: all of it within itself, of bounded size.

Keras' safe mode keeps out the code that a model's file can carry. These checks come
before, and also hold where a release of Keras has a hole: no function that a file names
is called, nothing is read from another file, no memory is taken for what it claims.
"""

import io
import json
import zipfile

import h5py

LARGEST = 256 * 2**20  # bytes of a file, unpacked; a LeNet-5 with its optimizer has 2 M
_LARGEST_TEXT = 16 * 2**20  # of them for JSON, which takes many times its size

# Of the names that a model's file may give to Keras, those that are no layers,
# losses, optimizers or the like, but tools.
_TOOLS = ("config", "datasets", "distribution", "export", "legacy", "saving", "utils")
_CODE = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")


def check_archive(path):
    """Refuse a `.keras` or `.npz` that reaches out of itself, or is too large.

    Args:
        path: Path of a zip file.

    Raises:
        ValueError: it says what is wrong with the file.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        check_size(sum(member.file_size for member in members), "the file")
        for member in members:
            name = member.filename.replace("\\", "/")
            if name.startswith("/") or ".." in name.split("/") or ":" in name:
                raise ValueError(f"{name!r} in it lies outside of it")
            if name.endswith(".json"):
                check_size(member.file_size, repr(name), _LARGEST_TEXT)
        files = (m for m in members if m.filename.endswith(".h5"))
        size = sum(check_hdf5(io.BytesIO(archive.read(file))) for file in files)
        if "config.json" in archive.namelist():
            _check_config(json.loads(archive.read("config.json")), size)


def check_hdf5(file):
    """Refuse an HDF5 file whose arrays lie elsewhere, or are too large for memory.

    Args:
        file: path, or a binary file object.

    Returns:
        Int, the bytes of all of its arrays.

    Raises:
        ValueError: for links to other files, external or virtual storage, and arrays
            of more than `LARGEST` bytes together.
    """
    with h5py.File(file) as whole:
        size, groups, seen = 0, [whole], set()
        while groups:
            group = groups.pop()
            for name in group:
                link = group.get(name, getlink=True)
                if isinstance(link, h5py.ExternalLink):
                    raise ValueError(f"{name!r} in it is a link to another file")
                if not isinstance(link, h5py.HardLink):
                    continue  # a soft link, to what is in the file anyway
                part = group[name]
                place = h5py.h5o.get_info(part.id).addr
                if place in seen:
                    continue
                seen.add(place)
                if isinstance(part, h5py.Group):
                    groups.append(part)
                elif isinstance(part, h5py.Dataset):
                    if part.external or part.is_virtual:
                        raise ValueError(f"{name!r} in it is stored in another file")
                    size += part.nbytes
    check_size(size, "its arrays")
    return size


def check_size(size, what, largest=LARGEST):
    """Refuse what is too large to be read into memory.

    Args:
        size: int, bytes.
        what: str, what has this size.
        largest: int, bytes.

    Raises:
        ValueError: it says the size and the limit.
    """
    if size > largest:
        raise ValueError(
            f"{what} would take {size / 2**20:,.0f} MB of memory, and more than "
            f"{largest / 2**20:,.0f} MB are not opened"
        )


def _check_config(config, size):
    """Refuse a configuration that names code, or layers too large for its weights."""
    left = [config]
    while left:
        part = left.pop()
        if isinstance(part, list):
            left += part
        elif isinstance(part, dict):
            left += part.values()
            kind, module = part.get("class_name"), part.get("module") or ""
            rooms = str(module).removeprefix("keras.src").removeprefix("keras")
            is_tool = rooms.lstrip(".").split(".")[0] in _TOOLS
            is_keras = str(module).split(".")[0] == "keras"
            if kind in (*_CODE, "__lambda__") or (kind and is_keras and is_tool):
                raise ValueError(f"it would run code, of {module or 'its own'} {kind}")
            for key in ("units", "filters"):
                number = part.get(key)
                if isinstance(number, int) and number > max(size, 2**20):
                    raise ValueError(
                        f"it announces a layer of {number:,} {key}, and holds {size:,} "
                        "bytes of weights"
                    )
