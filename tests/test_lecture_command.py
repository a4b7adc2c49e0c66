"""`python -m lecture`: what it prints, what it writes, and how it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lecture import __main__ as command
from lecture.catalogue import FIGURES

ROOT = Path(__file__).parent.parent


def failure(capsys, *arguments):
    """The message of a command that must end with status 2."""
    assert command.main(list(map(str, arguments))) == 2
    message = capsys.readouterr().err
    assert message.startswith("lecture: error: ")
    assert message.count("\n") == 1
    return message


def test_figures_are_drawn_by_name_where_they_are_wanted(capsys, tmp_path):
    arguments = ["codes", "table-1", "--data", "digits", "--format", "svg"]
    assert command.main([*arguments, "--out", str(tmp_path)]) == 0
    files = [tmp_path / "codes.svg", tmp_path / "table-1.svg"]
    assert capsys.readouterr().out.splitlines() == [f"Saved {file}" for file in files]
    assert sorted(tmp_path.iterdir()) == files


@pytest.mark.parametrize("language, folder", [("en", "."), ("zh", "zh")])
def test_each_language_has_a_folder_of_its_own(language, folder, monkeypatch):
    """So Chinese figures never take the place of the English ones."""
    folders = []
    for name in ("write_figures", "write_films"):
        monkeypatch.setattr(
            command, name, lambda *given, **_: folders.append(given[2]) or ()
        )
    monkeypatch.setattr(command, "font_family", lambda language: None)
    assert command.main(["codes", "--data", "digits", "--lang", language]) == 0
    assert folders == [Path("figures") / folder] * 2


@pytest.mark.parametrize("name", ["codes", "confidence"])
def test_what_is_true_of_other_variants_only_is_left_out(name, capsys, tmp_path):
    arguments = [name, "--data", "digits", "--format", "svg", "--variant", "tanh"]
    assert command.main([*arguments, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(f"{name} is left out: ")
    assert not list(tmp_path.iterdir())


def test_without_names_all_are_drawn_with_a_page(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "FIGURES", {"codes": FIGURES["codes"]})
    arguments = ["--data", "digits", "--format", "png", "--out", str(tmp_path)]
    assert command.main(arguments) == 0
    files = [tmp_path / "codes.png", tmp_path / "README.md"]
    assert capsys.readouterr().out.splitlines() == [f"Saved {file}" for file in files]


def test_a_deck_is_a_pdf_and_says_what_else_it_needs(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "FIGURES", {"codes": FIGURES["codes"]})
    monkeypatch.setattr("lecture.deck.pptx", None)
    arguments = ["--deck", "--data", "digits", "--out", str(tmp_path)]
    assert command.main(arguments) == 0
    saved, left_out = capsys.readouterr().out.splitlines()
    assert saved == f"Saved {tmp_path / 'lenet5.pdf'}"
    assert left_out.startswith("lenet5.pptx is left out: it needs python-pptx.")


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["tabel-1"], "Did you mean 'table-1'?"),
        (
            ["--format", "svg,jpng"],
            "format must be one of svg, png, pdf; received 'jpng'",
        ),
        (
            ["--lang", "zg"],
            "lang must be one of en, zh; received 'zg'. Did you mean 'zh'?",
        ),
        (["--variant", "modren"], "Did you mean 'modern'?"),
        (["--deck", "codes"], "Leave out the names or --deck"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_drawn(
    capsys, tmp_path, arguments, advice
):
    options = ["--data", "digits", "--out", tmp_path]
    assert advice in failure(capsys, *options, *arguments)
    assert not list(tmp_path.iterdir())


def test_ctrl_c_is_no_traceback(capsys, monkeypatch, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "load_named", interrupted)
    assert command.main(["--out", str(tmp_path)]) == 130
    assert "nothing is half written" in capsys.readouterr().err


def test_from_the_repository_it_says_in_one_line_what_is_wrong():
    run = subprocess.run(
        [sys.executable, "-m", "lecture", "tabel-1"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"},
        timeout=120,
    )
    assert run.returncode == 2
    assert not run.stdout
    assert run.stderr.startswith("lecture: error: ")
    assert run.stderr.count("\n") == 1
