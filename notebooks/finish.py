"""After an execution: make the notebooks, or those named, ready to be saved.

Take out the lines that TensorFlow logs while it starts, the libraries' part of a
traceback and this machine's folders; fold the cells tagged "check"; add the cell that
installs the package on Colab where the repository has an address; and save the first
picture of the cell tagged "cover" of each notebook for the README.
"""

import base64
import io
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
PACKAGES = Path(sysconfig.get_paths()["purelib"])
FOLDERS = {HERE.parent, HERE.parent.resolve(), PACKAGES, PACKAGES.resolve()}
WIDTH = 400

# A log line of TensorFlow's: a time or a letter and a number, then a source file; and
# the lines without a time that come with them.
LOGGED = re.compile(
    r"(\d{4}-\d\d-\d\d .*|[IWEF]\d{4} .*)\.cc:\d+\].*"
    r"|WARNING: All log messages before absl::InitializeLog.*"
    r"|To enable the following instructions: .*"
    r"|Skipping registering GPU devices.*"
)
INSTALL = """import importlib.util

if importlib.util.find_spec("lenet_keras") is None:  # on Colab, for instance
    %pip install --quiet git+{address}"""


def address():
    """Where the repository lives on the web, or None."""
    asked = ["git", "-C", str(HERE), "remote", "get-url", "origin"]
    answer = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    found = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(\.git)?$", answer)
    return f"https://github.com/{found[1]}" if found else None


def tags(cell):
    return cell["metadata"].get("tags", [])


def tidy(outputs):
    """A cell's outputs without the start of TensorFlow, each print in one piece."""
    kept = []
    for output in outputs:
        if output["output_type"] == "stream":
            text = "".join(output["text"]).splitlines(keepends=True)
            if output["name"] == "stderr":
                text = [
                    x for x in text if x.strip() and not LOGGED.fullmatch(x.strip())
                ]
            if kept and kept[-1].get("name") == output["name"]:
                kept[-1]["text"] += text
                continue
            output = output | {"text": text}
        if output["output_type"] == "error":
            output = output | {"traceback": shortened(output["traceback"])}
        if output.get("text") != []:
            kept.append(output)
    return kept


def shortened(traceback):
    """The frame of the cell and the message, without the libraries' frames between."""
    head = next((k for k, frame in enumerate(traceback) if "Cell" in frame), 0)
    return [*traceback[: head + 1], traceback[-1]]


def with_install(cells, address):
    """The cells, the one that installs the package first among the code, or nowhere."""
    cells = [
        cell for cell in cells if "install" not in cell["metadata"].get("tags", [])
    ]
    if address is None:
        return cells
    first = next(k for k, cell in enumerate(cells) if cell["cell_type"] == "code")
    install = {
        "cell_type": "code",
        "execution_count": None,
        "id": "install",
        "metadata": {"tags": ["install"]},
        "outputs": [],
        "source": INSTALL.format(address=address).splitlines(keepends=True),
    }
    return [*cells[:first], install, *cells[first:]]


def without_folders(text):
    """The JSON of a notebook, files named from the package's own folder on."""
    for folder in sorted(FOLDERS, reverse=True):  # a folder inside another goes first
        text = text.replace(json.dumps(f"{folder}/")[1:-1], "")
    return text


def finished(text, address):
    """The JSON of a notebook as it is saved."""
    notebook = json.loads(text)
    notebook["cells"] = with_install(notebook["cells"], address)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell in code:
        cell["outputs"] = tidy(cell["outputs"])
        if "check" in tags(cell):
            cell["metadata"]["jupyter"] = {"source_hidden": True}
    executed = [cell for cell in code if cell["execution_count"] is not None]
    for number, cell in enumerate(executed, start=1):
        cell["execution_count"] = number
        for output in cell["outputs"]:
            if "execution_count" in output:
                output["execution_count"] = number
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    return without_folders(text)


def cover(notebook):
    """The PNG bytes of the picture that stands for a notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return next(
        base64.b64decode(output["data"]["image/png"])
        for cell in cells
        if "cover" in tags(cell)
        for output in cell["outputs"]
        if "image/png" in output.get("data", {})
    )


def thumbnail(notebook):
    """The small picture of a notebook for the README, a few kilobytes."""
    picture = Image.open(io.BytesIO(cover(notebook))).convert("RGB")
    picture.thumbnail((WIDTH, WIDTH))
    return picture.quantize(64)


def main():
    (HERE / "images").mkdir(exist_ok=True)
    where = address()
    given = [Path(name) for name in sys.argv[1:]]
    for notebook in given or sorted(HERE.glob("[0-9]*.ipynb")):
        text = notebook.read_text(encoding="utf-8")
        notebook.write_text(finished(text, where), encoding="utf-8")
        file = HERE / "images" / f"{notebook.stem}.png"
        thumbnail(notebook).save(file, optimize=True)


if __name__ == "__main__":
    main()
