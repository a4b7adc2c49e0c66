"""The house: which file may import which, and nothing hidden inside a function."""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lenet_keras"
FILES = sorted(PACKAGE.rglob("*.py"))

# From the ground up; a file imports from floors below its own, never from its own.
FLOORS = (
    {"paper", "quiet", "hints"},
    {"files", "checks", "safety", "threads", "layers", "losses", "plots"},
    {"images", "callbacks", "counting", "weights", "pictures"},
    {"data", "fused", "steps", "sheets"},
    {"model"},
    {"optimizers", "evaluation", "tables"},
    {"recipes", "page", "photograph"},
    {"training", "runs", "rows"},
    {"cli"},
)
NEVER = {
    "data": {"model", "recipes", "training", "evaluation"},
    "images": {"model", "recipes", "training", "evaluation"},
    "evaluation": {"plots", "recipes", "training"},
    "counting": {"plots", "recipes", "training"},
    **dict.fromkeys(
        ("paper", "layers", "losses", "model"),
        {"data", "images", "recipes", "training", "evaluation", "plots", "page", "cli"},
    ),
    **dict.fromkeys(("hints", "quiet", "paper"), set().union(*FLOORS)),
    **dict.fromkeys(("checks", "files", "safety"), set().union(*FLOORS) - {"hints"}),
}


def room(path):
    """The room that a file belongs to: its own name, or that of its folder."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.cache
def trees():
    return {path: ast.parse(path.read_text("utf-8")) for path in FILES}


def imported(tree):
    """The rooms of our package that a file imports."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").split(".")[0] == "lenet_keras"
        ):
            if node.module == "lenet_keras":
                yield from (alias.name for alias in node.names)
            else:
                yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            yield from (
                name[1] for name in names if name[0] == "lenet_keras" and name[1:]
            )


def floor(name):
    return next(n for n, names in enumerate(FLOORS) if name in names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_floors_below(path):
    own = room(path)
    if own in ("__init__", "__main__"):
        return
    rooms = set().union(*FLOORS)
    used = {name for name in imported(trees()[path]) if name in rooms and name != own}
    above = {name for name in used if floor(name) >= floor(own)}
    assert not above, f"{own} imports {above}"
    assert not used & NEVER.get(own, set())


def test_every_room_stands_on_a_floor():
    rooms = {room(path) for path in FILES} - {"__init__", "__main__"}
    assert rooms == set().union(*FLOORS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_stand_at_the_top(path):
    """But for `IPython`, which only notebooks have."""
    functions = (
        node
        for node in ast.walk(trees()[path])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    )
    inside = [
        ast.unparse(node)
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert [line for line in inside if "IPython" not in line] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_package_imports_nothing_that_is_not_installed_with_it(path):
    names = set()
    for node in ast.walk(trees()[path]):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert not names & {"lecture", "benchmarks", "notebooks", "tests"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_private_attribute_of_a_library_is_used(path):
    """Ours begin with an underscore too; they are those of our own classes."""
    ours = {
        node.attr
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    ours |= {
        node.name
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    used = {
        node.attr
        for node in ast.walk(trees()[path])
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
    }
    public = {"_fields", "_asdict", "_replace"}  # of a NamedTuple
    public |= {"_get_variable_index"}  # how an optimizer's class finds its state
    assert used - ours <= public


def without_encoding(tree):
    """The calls that write or read text in whatever encoding the machine has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            given = len(node.args), {keyword.arg for keyword in node.keywords}
            mode = ast.unparse(node.args[1]) if len(node.args) > 1 else "r"
            wanted = {"read_text": 1, "write_text": 2}.get(name, 3)
            is_text = name in ("read_text", "write_text") or (
                name == "open" and isinstance(node.func, ast.Name) and "b" not in mode
            )
            if is_text and given[0] < wanted and "encoding" not in given[1]:
                yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("folder", ["lenet_keras", "lecture"])
def test_text_is_utf_8_on_every_machine(folder):
    files = sorted((ROOT / folder).rglob("*.py"))
    trees = {path.name: ast.parse(path.read_text("utf-8")) for path in files}
    found = {name: [*without_encoding(tree)] for name, tree in trees.items()}
    assert {name: calls for name, calls in found.items() if calls} == {}
