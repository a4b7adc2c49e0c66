"""The notebooks as files: executed, quiet, portable, complete; nbval runs their cells.

Solutions of exercises are run here, after the cells tagged "setup" of their notebook.
"""

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

import lenet_keras

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
README = (ROOT / "README.md").read_text("utf-8")

sys.path.append(str(FOLDER))
import finish  # noqa: E402


class Notebook:
    """A notebook's JSON, with the few views that the tests need."""

    def __init__(self, path):
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.json = json.loads(self.text)
        self.cells = self.json["cells"]
        self.code = [cell for cell in self.cells if cell["cell_type"] == "code"]
        self.prose = "\n\n".join(
            "".join(cell["source"])
            for cell in self.cells
            if cell["cell_type"] == "markdown"
        )
        self.headings = re.findall(
            r"^(#+) (.+)$", re.sub(r"```.*?```", "", self.prose, flags=re.S), re.M
        )

    def tagged(self, tag):
        return [cell for cell in self.code if tag in tags(cell)]


def tags(cell):
    return cell["metadata"].get("tags", [])


def source(cell):
    return "".join(cell["source"])


def pictures(cell):
    return [o for o in cell["outputs"] if "image/png" in o.get("data", {})]


def solutions(notebook):
    """The Python code of each folded solution."""
    folded = re.findall(r"<details>.*?</details>", notebook.prose, re.S)
    return ["\n".join(re.findall(r"```python\n(.*?)```", s, re.S)) for s in folded]


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def notebook(request):
    return Notebook(request.param)


def test_ten_notebooks_are_numbered_from_one():
    numbers = [path.name[:3] for path in PATHS]
    assert numbers == [f"{number:02}_" for number in range(1, 11)]


def test_each_is_executed_from_top_to_bottom(notebook):
    executed = [cell for cell in notebook.code if "install" not in tags(cell)]
    counts = [cell["execution_count"] for cell in executed]
    assert counts == list(range(1, len(counts) + 1))


def test_each_runs_on_any_python3_kernel(notebook):
    assert notebook.json["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook.json["nbformat"] == 4


def test_no_metadata_but_tags_alternative_texts_and_folds(notebook):
    assert set(notebook.json["metadata"]) == {"kernelspec"}
    for cell in notebook.cells:
        assert set(cell["metadata"]) <= {"tags", "alt", "jupyter"}, source(cell)[:80]


def test_what_is_asserted_stands_in_folded_cells(notebook):
    for cell in notebook.code:
        is_folded = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
        assert is_folded == ("check" in tags(cell))
        assert is_folded or not re.search(r"^ *assert\b", source(cell), re.M)


def test_checks_stand_before_the_exercises_and_say_that_they_may_be_skipped(notebook):
    """Code hosts do not fold them."""
    checks = notebook.tagged("check")
    for check in checks:
        assert "you can skip this cell" in source(check).splitlines()[0]
    after = notebook.cells[notebook.cells.index(checks[-1]) + 1]
    assert source(after).startswith("## Exercises")
    first = notebook.cells.index(checks[0])
    assert notebook.cells[first : first + len(checks)] == checks


def test_no_cell_is_longer_than_fifteen_lines(notebook):
    for cell in notebook.code:
        assert len(source(cell).splitlines()) <= 15, source(cell)


def test_nothing_is_written_to_standard_error(notebook):
    outputs = [output for cell in notebook.code for output in cell["outputs"]]
    assert not [o for o in outputs if o.get("name") == "stderr"]


def test_only_the_deliberate_mistake_fails_and_its_message_is_checked(notebook):
    failing = [
        cell
        for cell in notebook.code
        if any(output["output_type"] == "error" for output in cell["outputs"])
    ]
    assert failing == notebook.tagged("raises-exception")
    assert notebook.code[-1] not in failing
    for cell in failing:
        assert "nbval-check-output" in tags(cell)


def test_a_message_stands_without_the_frames_of_the_libraries(notebook):
    outputs = (output for cell in notebook.code for output in cell["outputs"])
    for output in outputs:
        if output["output_type"] == "error":
            assert len(output["traceback"]) <= 4


def test_facts_are_checked_by_nbval(notebook):
    checked = notebook.tagged("nbval-check-output")
    assert checked
    assert all(cell["outputs"] for cell in checked)


def test_only_known_tags(notebook):
    known = {"nbval-check-output", "raises-exception", "setup", "cover"}
    known |= {"check", "install"}
    assert {tag for cell in notebook.cells for tag in tags(cell)} <= known


def test_no_output_names_a_folder_of_the_machine(notebook):
    outputs = json.dumps([cell["outputs"] for cell in notebook.code])
    outputs = re.sub(r"\\u001b\[[\d;]*m", "", outputs)  # the colours of a traceback
    assert not re.search(r"(?<![\w.])/(?:home|root|Users|tmp|work|usr|opt)/", outputs)


def test_no_progress_bar_and_no_timing_is_left(notebook):
    text = json.dumps(
        [
            output.get("text", "") or output.get("data", {}).get("text/plain", "")
            for cell in notebook.code
            for output in cell["outputs"]
        ]
    )
    assert not re.search(r"\\b|\\r|ms/step|\d+s/epoch|0x[0-9a-f]{6}", text)


def test_each_is_smaller_than_a_megabyte(notebook):
    assert notebook.path.stat().st_size < 1_000_000


def test_headings_form_a_tree_under_one_title(notebook):
    levels = [len(hashes) for hashes, _ in notebook.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    names = [name for _, name in notebook.headings]
    assert len(set(names)) == len(names)
    sections = [name for hashes, name in notebook.headings if len(hashes) == 2]
    assert sections[-2:] == ["What you now know", "Exercises"]


def test_each_opens_with_what_the_reader_will_do_learn_and_need(notebook):
    opening = source(notebook.cells[0]) + source(notebook.cells[1])
    assert notebook.cells[0]["cell_type"] == "markdown"
    for promise in ("**You will**", "**You will learn**", "**You need**"):
        assert promise in opening


def test_each_has_prose_around_its_code(notebook):
    kinds = [
        cell["cell_type"]
        for cell in notebook.cells
        if not {"check", "install"} & set(tags(cell))
    ]
    assert kinds[0] == kinds[-1] == "markdown"
    runs = re.findall(r"c+", "".join(kind[0] for kind in kinds))
    assert max(map(len, runs)) <= 4  # define, compute, draw, print


def test_every_picture_has_a_text_for_who_cannot_see_it(notebook):
    for cell in notebook.code:
        for output in pictures(cell):
            alt = output["metadata"].get("image/png", {}).get("alt")
            alt = alt or cell["metadata"].get("alt", "")
            assert len(alt) > 20, source(cell)
    for alt, _ in re.findall(r"!\[([^]]*)\]\(([^)]*)\)", notebook.prose):
        assert alt


def test_links_lead_somewhere(notebook):
    for link in re.findall(r"\]\(([^)\s]+)\)", notebook.prose):
        if link.startswith("#"):
            anchors = {name.replace(" ", "-") for _, name in notebook.headings}
            assert unquote(link[1:]) in anchors, link
        elif not link.startswith(("https://", "http://")):
            assert (FOLDER / link.split("#")[0]).exists(), link


def test_each_leads_to_the_next(notebook):
    later = PATHS[PATHS.index(notebook.path) + 1 :]
    last = [c for c in notebook.cells if c["cell_type"] == "markdown"][-1]
    if later:
        assert f"]({later[0].name})" in source(last)


def test_no_placeholder_of_an_address_is_shown(notebook):
    assert "OWNER" not in notebook.text
    for cell in notebook.tagged("install"):
        assert cell == notebook.code[0]
        assert re.search(r"git\+https://github\.com/[\w.-]+/[\w.-]+$", source(cell))


def test_the_first_cell_is_what_a_reader_would_write(notebook):
    cells = [cell for cell in notebook.code if "install" not in tags(cell)]
    first = source(cells[0])
    assert first.startswith("import keras\n")
    assert "\nimport lenet_keras\nfrom lenet_keras import " in first
    assert "\nlenet_keras.use_all_cores()\n" in first
    assert not [c for c in cells if re.search("^ *[%!]", source(c), re.M)]
    assert "LENET_KERAS_VERBOSE" not in notebook.text


def test_only_public_names_are_imported_from_the_package(notebook):
    modules = {"plots", "paper", "counting", "evaluation"}
    code = "\n".join(map(source, notebook.code)) + "\n".join(solutions(notebook))
    for names in re.findall(r"^from lenet_keras import (\([^)]*\)|.+)$", code, re.M):
        imported = set(re.findall(r"\w+", names.split("#")[0]))
        assert imported <= {*lenet_keras.__all__, *modules}
    for module in re.findall(r"from lenet_keras\.(\w+) import", code):
        assert module in modules


def test_each_has_exercises_with_folded_solutions(notebook):
    exercises = [name for _, name in notebook.headings if name.startswith("Exercise ")]
    assert len(exercises) >= 3
    assert len(solutions(notebook)) == len(exercises)
    assert all(solutions(notebook))
    assert all("assert" in solution for solution in solutions(notebook))


def test_the_readme_lists_each_with_its_picture(notebook):
    stem = notebook.path.stem
    rows = README.splitlines()
    (row,) = [row for row in rows if f"](notebooks/{stem}.ipynb)" in row]
    assert f"](notebooks/images/{stem}.png)" in row
    assert (FOLDER / "images" / f"{stem}.png").stat().st_size < 60_000


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def ready(request, digits):
    """The names that the set-up cells of a notebook define."""
    transform = pytest.importorskip(
        "IPython.core.inputtransformer2"
    ).TransformerManager()
    notebook = Notebook(request.param)
    cells = [notebook.code[0], *notebook.tagged("setup")]
    names = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch, plt.rc_context():
        patch.setattr("lenet_keras.load", lambda name="auto": digits)
        seen = []
        for cell in cells:
            if cell not in seen:
                seen.append(cell)
                exec(transform.transform_cell(source(cell)), names)
        yield notebook, names
    plt.close("all")


def test_every_solution_runs_on_the_bundled_digits(ready, capsys):
    notebook, names = ready
    for number, solution in enumerate(solutions(notebook), start=1):
        try:
            exec(solution, dict(names))
        except Exception as error:
            raise AssertionError(f"solution {number}:\n{solution}") from error


class TestSanitiser:
    """nbval reads the sanitiser file as it is meant, and nothing loses its facts."""

    @pytest.fixture
    def patterns(self):
        nbval = pytest.importorskip("nbval.plugin")
        text = (FOLDER / "nbval_sanitize.cfg").read_text("utf-8")
        return nbval.get_sanitize_patterns(text)

    def clean(self, patterns, text):
        for pattern, replacement in patterns:
            text = re.sub(pattern, replacement, text)
        return text

    @pytest.mark.parametrize(
        ("text", "clean"),
        [
            ("<keras.layers.Dense object at 0x7f12ab>", "OBJECT-ADDRESS"),
            ("<Figure size 640x480 with 1 Axes>", "<FIGURE-SIZE with 1 Axes>"),
            ("/tmp/ipykernel_12/345.py", "CELL-FILE"),
        ],
    )
    def test_masks_what_differs(self, patterns, text, clean):
        assert self.clean(patterns, text) == clean

    def test_leaves_numbers_alone(self, patterns):
        assert len(patterns) == 3
        fact = "60,000 parameters, 340,908 connections, 28x28, (32, 32, 1), -0.1"
        assert self.clean(patterns, fact) == fact


def test_the_covers_of_the_readme_are_those_of_the_notebooks(notebook):
    file = FOLDER / "images" / f"{notebook.path.stem}.png"
    shown, wanted = (
        np.float32(picture.convert("RGB"))
        for picture in (Image.open(file), finish.thumbnail(notebook.path))
    )
    assert np.abs(shown - wanted).mean() < 2


class TestFinish:
    """What the script does to a notebook after its execution."""

    def test_takes_out_how_tensorflow_starts_and_keeps_every_other_warning(self):
        lines = [
            "WARNING: All log messages before absl::InitializeLog() is called are\n",
            "I0000 00:00:1795739.29 9434 port.cc:153] oneDNN operations are on.\n",
            "2026-01-01 09:00:00.5: I core/cpu_feature_guard.cc:210] This binary\n",
            "To enable the following instructions: AVX2, rebuild TensorFlow.\n",
            "\n",
        ]
        stream = {"output_type": "stream", "name": "stderr", "text": lines}
        assert finish.tidy([stream]) == []
        warning = "UserWarning: something is wrong\n"
        (kept,) = finish.tidy([stream | {"text": [*lines, warning]}])
        assert kept["text"] == [warning]

    def test_joins_what_was_printed_in_pieces(self):
        def printed(text, name="stdout"):
            return {"output_type": "stream", "name": name, "text": [text]}

        picture = {"output_type": "display_data", "data": {}, "metadata": {}}
        outputs = [printed("1\n"), printed("2\n"), picture, printed("3\n")]
        joined = printed("1\n") | {"text": ["1\n", "2\n"]}
        assert finish.tidy(outputs) == [joined, picture, printed("3\n")]

    def test_leaves_of_a_traceback_the_cell_and_the_message(self):
        frames = ["---", "ValueError", "Cell In[3]", "File a.py", "ValueError: no"]
        assert finish.shortened(frames) == [*frames[:3], frames[-1]]

    def test_installs_only_where_there_is_an_address(self):
        code = {"cell_type": "code", "metadata": {}, "source": "import keras"}
        cells = [{"cell_type": "markdown", "metadata": {}}, code]
        installing = finish.with_install(cells, "https://github.com/we/lenet_keras")
        assert "git+https://github.com/we/lenet_keras" in source(installing[1])
        assert [installing[0], installing[2]] == cells
        assert finish.with_install(installing, None) == cells

    def test_is_done_once(self, notebook):
        assert finish.finished(notebook.text, address=None) == finish.finished(
            finish.finished(notebook.text, address=None), address=None
        )

    def test_was_run_on_what_is_saved(self, notebook):
        has_address = bool(notebook.tagged("install"))
        assert has_address or finish.finished(notebook.text, None) == notebook.text
