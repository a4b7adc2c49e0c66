"""After an execution: take this machine's folders out of the tracebacks, then save the
first picture of the cell tagged "cover" of each notebook for the README.
"""

import base64
import io
import json
import sysconfig
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
FOLDERS = (HERE.parent, Path(sysconfig.get_paths()["purelib"]))
WIDTH = 400


def without_folders(text):
    """The JSON of a notebook, files named from the package's own folder on."""
    for folder in FOLDERS:
        text = text.replace(json.dumps(f"{folder}/")[1:-1], "")
    return text


def cover(notebook):
    """The PNG bytes of the picture that stands for a notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return next(
        base64.b64decode(output["data"]["image/png"])
        for cell in cells
        if "cover" in cell["metadata"].get("tags", [])
        for output in cell["outputs"]
        if "image/png" in output.get("data", {})
    )


def main():
    (HERE / "images").mkdir(exist_ok=True)
    for notebook in sorted(HERE.glob("[0-9]*.ipynb")):
        text = notebook.read_text(encoding="utf-8")
        notebook.write_text(without_folders(text), encoding="utf-8")
        picture = Image.open(io.BytesIO(cover(notebook))).convert("RGB")
        picture.thumbnail((WIDTH, WIDTH))
        picture = picture.quantize(64)  # a few kilobytes each
        picture.save(HERE / "images" / f"{notebook.stem}.png", optimize=True)


if __name__ == "__main__":
    main()
