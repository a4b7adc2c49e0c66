"""Write files whole or not at all."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from lenet_keras.hints import printable


def write_whole(path, write):
    """Let `write(temporary_path)` write a file beside `path`, then put it in its place.

    Whatever interrupts the writing, `path` is then the old file or the new one, never
    half of it. The folder is made if it is missing. A link is followed; a device is
    written to, as it cannot be replaced.

    Args:
        path: str or Path; the temporary file has the same ending.
        write: function of one Path.

    Raises:
        OSError: where the folder cannot be made or written, or is full, or `write`
            cannot make such a file; it names the file.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            _write_to_device(path, write)
        else:
            _write_beside(Path(os.path.realpath(path)), write)
    except (OSError, ValueError) as error:  # Keras' zip has no years before 1980
        raise OSError(
            f"{printable(path)} could not be written: {printable(error)}"
        ) from error


def remove_unfinished(path):
    """Remove what killed processes left of the writing of a file.

    Args:
        path: str or Path, of the file; nobody may be writing it.
    """
    for left in Path(path).parent.glob("." + "[0-9a-f]" * 16 + f".{_end_of(path)}"):
        left.unlink(missing_ok=True)


def _write_to_device(path, write):
    if path.is_dir():
        raise OSError("it is a folder")
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / f"whole{path.suffix}"
        write(temporary)
        with open(temporary, "rb") as source, open(path, "wb") as device:
            shutil.copyfileobj(source, device)


def _write_beside(path, write):
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that nobody can know before, and that is no link to somewhere else.
    temporary = path.parent / f".{secrets.token_hex(8)}.{_end_of(path)}"
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        write(temporary)
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _end_of(path):
    """The end of a name, short enough to put something before it."""
    return Path(path).name[-40:]
