"""Write files whole or not at all."""

from pathlib import Path


def write_whole(path, write):
    """Let `write(temporary_path)` write a file beside `path`, then put it in its place.

    Whatever interrupts the writing, `path` is then the old file or the new one, never
    half of it. The folder is made if it is missing.

    Args:
        path: str or Path; the temporary file has the same ending.
        write: function of one Path.

    Raises:
        OSError: where the folder cannot be made or written, or is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".partial.{path.name}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
