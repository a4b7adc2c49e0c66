"""The command `lenet5`: what it prints, what it writes, and how it fails."""

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import draw
from PIL import Image

from lenet_keras import RECIPES, build_lenet5, cli, load_model
from lenet_keras.runs import alone_in
from lenet_keras.threads import threads

DOCS = Path(__file__).parent.parent / "docs"

steering = pytest.mark.skipif(sys.platform == "win32", reason="has no such names")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A folder with a run of two epochs on the bundled digits."""
    out = tmp_path_factory.mktemp("runs") / "classic"
    arguments = ["train", "--data", "digits", "--epochs", "2", "--out", str(out)]
    with (
        open(out.parent / "log.txt", "w") as log,
        contextlib.redirect_stdout(log),
    ):
        assert cli.main(arguments) == 0
    return out


@pytest.fixture
def log(run_folder):
    return (run_folder.parent / "log.txt").read_text()


def digit_picture(path):
    draw().save(path)
    return str(path)


def failure(capsys, *arguments):
    """The message of a command that must end with status 2."""
    assert cli.main(list(map(str, arguments))) == 2
    message = capsys.readouterr().err
    assert message.startswith("lenet5: error: ")
    return message


def command(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "lenet_keras", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.parametrize("command", ["summary", "train", "evaluate", "predict", "page"])
def test_the_docs_name_every_option_of_a_command(command, capsys):
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    offered = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    _, usage, _ = (DOCS / "command.md").read_text("utf-8").split("```", 2)
    (entry,) = re.findall(rf"^lenet5 {command} (?:.|\n(?!lenet5))*", usage, re.M)
    assert set(re.findall(r"--[a-z-]+", entry)) == offered


def test_summary_of_1998_prints_our_counts_beside_the_papers(capsys):
    assert cli.main(["summary", "--variant", "1998"]) == 0
    out = capsys.readouterr().out
    total = next(line for line in out.splitlines() if "total" in line)
    assert total.split()[1:] == [
        "60,000", "60,000", "340,908", "340,908", "840", "332,824",
    ]  # fmt: skip
    assert "SparselyConnectedConv2D" in out


def test_summary_of_classic_has_61706_parameters(capsys):
    assert cli.main(["summary"]) == 0
    assert "61,706" in capsys.readouterr().out


def test_bare_lenet5_shows_its_help(capsys):
    assert cli.main([]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("usage: lenet5")
    for name in ("summary", "train", "evaluate", "predict", "page"):
        assert name in shown.out
    assert not shown.err


def terminal(folder, *arguments, columns=80):
    """What a command, run in a folder, writes on a terminal, and its status."""
    pty = pytest.importorskip("pty", reason="needs a POSIX system")
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "lenet_keras", *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"COLUMNS": str(columns), "TERM": "xterm"},
        cwd=folder,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux' way to say that it is closed
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    return shown.decode(), run.wait(timeout=120)


def lines_shown(text):
    """The lines that stay on a terminal: what a line begins again is written over."""
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text)
    return [line.rstrip("\r").split("\r")[-1] for line in plain.split("\n")]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_on_a_terminal_of_80_columns_a_training_shows_each_epoch_once(tmp_path):
    text, status = terminal(tmp_path, *["train", "--data", "digits", "--epochs", "2"])
    assert status == 0
    lines = lines_shown(text)
    (saved,) = (line for line in lines if line.startswith("Saved runs/classic/"))
    assert max(len(line) for line in lines if line != saved) <= 80
    assert "step 23 of 23" in text
    shown = [line for line in lines if "Epoch" in line]
    assert [line[:18] for line in shown] == ["Epoch [1/2], loss:", "Epoch [2/2], loss:"]
    assert "…" not in text


def test_training_prints_layers_epochs_errors_confusion_and_where_it_saved(
    log, run_folder
):
    assert "48,120" in log
    assert log.count("Epoch [") == 2
    assert "Epoch [2/2], loss: " in log
    assert "training error: " in log
    assert "Test error: " in log
    assert "Test accuracy of the model on the 360 test images: " in log
    assert re.search(r"Most confused: \d taken for \d \(\d+ times?\), \d", log)
    assert (
        f"Saved {run_folder / 'model.keras'}, and beside it learning_curve.png, "
        "confusion.png, mistakes.png\n"
    ) in log


def test_training_saves_the_model_its_history_and_three_pictures(run_folder):
    names = sorted(path.name for path in run_folder.iterdir())
    assert names == [
        "confusion.png",
        "learning_curve.png",
        "mistakes.png",
        "model.keras",
        "run.json",
    ]
    run = json.loads((run_folder / "run.json").read_text())
    assert run["settings"]["variant"] == "classic"
    assert len(run["history"]["val_accuracy"]) == 2
    for name in names[:3]:
        with Image.open(run_folder / name) as picture:
            assert min(picture.size) > 200


def test_a_line_every_so_many_steps_as_a_lecturer_shows_it(capsys, tmp_path):
    arguments = [
        "train",
        "--data",
        "digits",
        "--epochs",
        "1",
        "--log-every",
        "10",
        "--out",
    ]
    assert cli.main([*arguments, str(tmp_path)]) == 0
    assert "Epoch [1/1], Step [20/23], Loss: " in capsys.readouterr().out


def test_evaluate_repeats_what_training_found(capsys, run_folder, log):
    model = str(run_folder / "model.keras")
    assert cli.main(["evaluate", model, "--data", "digits"]) == 0
    found = capsys.readouterr().out.splitlines()[-1]
    assert found.startswith("Test accuracy")
    assert found in log


def test_predict_prints_each_digit_with_its_certainty(capsys, run_folder, tmp_path):
    pictures = [digit_picture(tmp_path / name) for name in ("one.png", "two.png")]
    assert cli.main(["predict", str(run_folder / "model.keras"), *pictures]) == 0
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if "%" in line]
    assert len(rows) == 2
    assert all(row.count("%") == 1 for row in rows)
    named = zip(rows, pictures, strict=True)
    assert all(row.startswith(picture) for row, picture in named), "whole, in a pipe"


def test_predict_takes_shipped_weights_where_no_model_is_named(capsys, tmp_path):
    picture = digit_picture(tmp_path / "one.png")
    assert cli.main(["predict", picture, "--variant", "classic"]) == 0
    assert "one.png" in capsys.readouterr().out
    assert "classic" in failure(capsys, "predict", "a.keras", "b", "--variant=classic")


def test_an_unreadable_picture_does_not_stop_the_others(capsys, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    good = digit_picture(tmp_path / "good.png")
    bad = str(tmp_path / "bad.png")
    assert cli.main(["predict", bad, good, str(tmp_path / "gone.png")]) == 2
    said = capsys.readouterr()
    assert "good.png" in said.out and "%" in said.out
    assert "bad.png cannot be read" in said.err
    assert "gone.png does not exist" in said.err


@pytest.fixture
def own_model(tmp_path):
    """A reader's own network in a file."""
    layers = [keras.Input((32, 32, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    keras.Sequential(layers, name="mine").save(tmp_path / "mine.keras")
    return tmp_path / "mine.keras"


def test_evaluate_tests_a_sequential_model_too(capsys, own_model):
    assert cli.main(["evaluate", str(own_model), "--data", "digits"]) == 0
    assert "Test accuracy" in capsys.readouterr().out


def test_what_is_wrong_with_the_model_is_said_once(capsys, own_model, tmp_path):
    pictures = [digit_picture(tmp_path / name) for name in ("one.png", "two.png")]
    said = failure(capsys, "predict", own_model, *pictures)
    assert said.count("no threshold of doubt for 'mine'") == 1


def test_a_pattern_that_the_shell_left_is_expanded(capsys, tmp_path):
    for name in ("one.png", "two.png"):
        digit_picture(tmp_path / name)
    assert cli.main(["predict", str(tmp_path / "*.png")]) == 0
    out = capsys.readouterr().out
    assert "one.png" in out and "two.png" in out


def test_predict_draws_boxes_and_frames(capsys, tmp_path):
    picture = digit_picture(tmp_path / "one.png")
    shown = tmp_path / "shown.png"
    assert cli.main(["predict", picture, "--show", str(shown)]) == 0
    with Image.open(shown) as drawn:
        assert drawn.width > 300
    assert "shown.png" in capsys.readouterr().out


def test_resume_goes_on_to_the_end_and_says_from_where(capsys, tmp_path, digits):
    from lenet_keras import Checkpoint, load_model, train

    settings = {"variant": "classic", "data": "digits", "seed": 0}
    settings |= {"epochs": 3, "batch_size": 32}
    pairs = digits.train_images, digits.train_labels
    model = build_lenet5()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    train(model, *pairs, batch_size=32, callbacks=[Checkpoint(tmp_path, settings)])
    assert cli.main(["train", "--resume", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "after epoch 1" in out
    assert [line[:11] for line in out.splitlines() if line.startswith("Epoch")] == [
        "Epoch [2/3]",
        "Epoch [3/3]",
    ]
    steps = int(load_model(tmp_path / "model.keras").optimizer.iterations)
    assert steps == 3 * 45


def test_the_paper_recipe_is_resumed_as_it_began(capsys, tmp_path, digits):
    from lenet_keras import Checkpoint, train

    settings = {"variant": "1998", "recipe": "paper", "data": "digits", "seed": 0}
    pairs, checkpoint = (digits.train_images, digits.train_labels), Checkpoint
    keras.utils.set_random_seed(0)
    callbacks = [checkpoint(tmp_path, settings | {"epochs": 2, "batch_size": None})]
    train(build_lenet5("1998"), *pairs, recipe="paper", epochs=1, callbacks=callbacks)
    assert cli.main(["train", "--resume", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "recipe paper, 2 epochs, batch size 1, seed 0" in out
    history = json.loads((tmp_path / "run.json").read_text())["history"]
    assert len(history["loss"]) == 2
    assert history["accuracy"][1] > history["accuracy"][0]


def test_a_resumed_run_keeps_its_settings(capsys, run_folder):
    message = failure(capsys, "train", "--resume", "--out", run_folder, "--epochs", 9)
    assert "began with epochs=2" in message


def test_there_must_be_a_run_to_resume(capsys, tmp_path):
    message = failure(capsys, "train", "--resume", "--out", tmp_path)
    assert "no interrupted run" in message


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("summary --variant clasic", "Did you mean 'classic'?"),
        (
            "train --recipe lush",
            "paper, paper-distorted, best, taught; received 'lush'",
        ),
        ("train --recipe taught", "a teacher's answers instead of labels. Run bench"),
        ("train --variant lenet", "variant must be one of classic, dense, sigmoid,"),
        ("train --data nowhere", "nowhere"),
        ("evaluate gone.keras", "no model 'gone.keras'"),
        ("predict gone.keras a.png", "no model 'gone.keras'"),
    ],
)
def test_a_wrong_argument_is_named_with_the_mend(
    capsys, arguments, expected, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert expected in failure(capsys, *arguments.split())


def test_an_empty_data_folder_is_told_which_files_it_lacks(capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    message = failure(
        capsys, "train", "--data", tmp_path / "empty", "--out", tmp_path / "out"
    )
    assert "train-images-idx3-ubyte" in message


def test_an_output_folder_that_cannot_be_made_is_named_before_training(
    capsys, tmp_path
):
    (tmp_path / "file").write_text("not a folder")
    start = time.perf_counter()
    message = failure(
        capsys, "train", "--data", "digits", "--out", tmp_path / "file" / "run"
    )
    assert "file" in message
    assert time.perf_counter() - start < 20


def test_a_full_disk_is_an_error_that_leaves_no_half_file(tmp_path):
    """A limit on the size of files stands in for the disk."""
    resource = pytest.importorskip("resource", reason="needs a POSIX system")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    run = command(
        *["train", "--data", "digits", "--epochs", "1", "--out"],
        tmp_path,
        preexec_fn=limit,
    )
    _, message = run.communicate(timeout=120)
    assert run.returncode == 2, message
    assert "Traceback" not in message
    assert message.splitlines()[-1].startswith("lenet5: error: ")
    assert f"{tmp_path / 'model.keras'} could not be written" in message
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("content", [b"", b"not a picture", None])
def test_a_blank_or_unreadable_image_is_named(capsys, run_folder, tmp_path, content):
    path = tmp_path / "digit.png"
    if content is None:
        Image.fromarray(np.full((50, 50), 255, "uint8")).save(path)
    else:
        path.write_bytes(content)
    message = failure(capsys, "predict", run_folder / "model.keras", path)
    assert "digit.png" in message


@pytest.mark.parametrize("arguments", [["--epochs", "0"], ["--batch-size", "-1"]])
def test_numbers_below_one_are_refused(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", *arguments])
    assert stop.value.code == 2
    assert "must be at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_leaves_a_whole_model_and_no_traceback(name, tmp_path):
    number = getattr(signal, name, None)
    if number is None or sys.platform == "win32":
        pytest.skip(f"there is no {name} here")

    def accept():  # which a shell takes from what it runs in the background
        signal.signal(number, signal.SIG_DFL)

    folder = tmp_path / "a folder of $HOME"
    arguments = ["train", "--data", "digits", "--epochs", "5000", "--out", folder]
    run = command(*arguments, preexec_fn=accept)
    try:
        deadline = time.monotonic() + 100
        while not (folder / "model.keras").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        run.send_signal(number)
        _, message = run.communicate(timeout=60)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 130, message
    assert "Traceback" not in message
    assert f"Go on with: lenet5 train --resume --out '{folder}'" in message
    assert sorted(os.listdir(folder)) == ["model.keras", "run.json"]


def test_an_interrupt_before_the_training_advises_what_works(
    capsys, tmp_path, monkeypatch, run_folder
):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "build_lenet5", interrupted)
    shutil.copytree(run_folder, tmp_path / "of an earlier run")
    for folder in ("new", "of an earlier run"):
        out = str(tmp_path / folder)
        assert cli.main(["train", "--data", "digits", "--out", out]) == 130
        message = capsys.readouterr().err
        assert "Go on with: the same command" in message
        assert "--resume" not in message


def test_ctrl_c_is_known_behind_the_error_that_a_library_makes_of_it(
    capsys, monkeypatch, tmp_path
):
    def interrupted(*_):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise RuntimeError("could not write") from error

    monkeypatch.setattr(cli, "build_lenet5", interrupted)
    arguments = ["train", "--data", "digits", "--out", str(tmp_path)]
    assert cli.main(arguments) == 130
    assert "nothing is half written" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", ["summary", "train", "evaluate a.keras", "predict a.png", "page"]
)
def test_every_command_needs_tensorflow_and_says_so(arguments, capsys, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    message = failure(capsys, *arguments.split())
    assert "lenet5 needs the TensorFlow backend; received 'torch'" in message
    assert message.count("\n") == 1


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    out = capsys.readouterr().out
    for name in ("summary", "train", "evaluate", "predict", "page"):
        assert name in out


def test_a_run_killed_at_any_moment_is_resumed_to_the_same_weights(tmp_path, capsys):
    """Twice: in its start or its first epochs, then later on."""
    arguments = ["train", "--data", "digits", "--epochs", "8", "--seed", "3", "--out"]
    assert cli.main([*arguments, str(tmp_path / "whole")]) == 0
    folder = tmp_path / "killed"
    for wanted in (1, 5):
        started = command(
            *(["train", "--resume", "--out"] if wanted > 1 else arguments), folder
        )
        deadline = time.monotonic() + 100
        while epochs_in(folder) < wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        started.kill()
        started.communicate()
    assert cli.main(["train", "--resume", "--out", str(folder)]) == 0
    assert "Resuming" in capsys.readouterr().out
    models = [load_model(path / "model.keras") for path in (tmp_path / "whole", folder)]
    for one, other in zip(*(model.weights for model in models), strict=True):
        np.testing.assert_array_equal(one, other)
    histories = [
        json.loads((path / "run.json").read_text())["history"]
        for path in (tmp_path / "whole", folder)
    ]
    assert histories[0] == histories[1]


def epochs_in(folder):
    """How many epochs the history of a run has; 0 where there is none yet."""
    try:
        run = json.loads((folder / "run.json").read_text())
        return len(run["history"].get("loss", ()))
    except (OSError, ValueError):
        return 0


def test_a_run_notes_its_threads_and_says_when_it_goes_on_with_others(
    capsys, tmp_path, run_folder
):
    shutil.copytree(run_folder, tmp_path / "run")
    file = tmp_path / "run" / "run.json"
    run = json.loads(file.read_text())
    assert run["settings"]["threads"] == list(threads())
    run["settings"] |= {"threads": [4, 4], "epochs": 3}
    del run["seal"]  # as version 0.1 wrote it
    file.write_text(json.dumps(run))
    assert cli.main(["train", "--resume", "--out", str(file.parent)]) == 0
    out = capsys.readouterr().out
    assert "began with 4 threads per operation and 4 operations at once" in out
    assert "the weights will differ by rounding" in out


def test_a_new_run_sets_the_old_one_aside_and_resumes_as_itself(
    capsys, run_folder, tmp_path
):
    """Killed in its first epoch, it does not go on with the model of the other."""
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    arguments = ["train", "--variant", "modern", "--data", "digits", "--seed", "7"]
    run = command(*arguments, "--epochs", "2", "--out", folder)
    old = (folder / "run.json").read_bytes()
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if (folder / "run.json").read_bytes() != old:
                break
        time.sleep(0.01)
    run.kill()
    run.communicate()
    assert (folder / "previous" / "1" / "model.keras").is_file()
    assert cli.main(["train", "--resume", "--out", str(folder)]) == 0
    assert "recipe modern, 2 epochs, batch size 64, seed 7" in capsys.readouterr().out
    assert load_model(folder / "model.keras").variant.name == "modern"


def test_a_second_training_into_a_folder_is_refused(capsys, tmp_path):
    with alone_in(tmp_path):
        message = failure(capsys, "train", "--data", "digits", "--out", tmp_path)
    assert "another training is at work" in message


def test_a_finished_run_can_be_resumed_and_says_that_nothing_is_left(
    capsys, run_folder, tmp_path
):
    shutil.copytree(run_folder, tmp_path / "run")
    assert cli.main(["train", "--resume", "--out", str(tmp_path / "run")]) == 0
    out = capsys.readouterr().out
    assert "after epoch 2" in out
    assert "none was left" in out


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_reader_that_goes_away_ends_the_training_with_the_usual_status(tmp_path):
    arguments = ["train", "--data", "digits", "--epochs", "50", "--out", tmp_path]
    run = command(*arguments)
    run.stdout.readline()
    run.stdout.close()
    assert run.wait(timeout=120) == 128 + signal.SIGPIPE
    assert run.stderr.read() == ""
    run.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_standard_error_that_takes_nothing_changes_no_status():
    line = f"{sys.executable} -m lenet_keras evaluate gone.keras 2>/dev/full"
    run = subprocess.run(["sh", "-c", line], stdout=subprocess.DEVNULL, timeout=120)
    assert run.returncode == 2


def test_a_chinese_name_is_written_out_where_the_output_is_cp1252(tmp_path):
    out = tmp_path / "数字.html"
    run = subprocess.run(
        [sys.executable, "-m", "lenet_keras", "page", "--out", str(out)],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert b"\\u6570\\u5b57.html" in run.stdout
    assert out.is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_closed_streams_are_no_crash_and_no_file_gets_their_lines(tmp_path):
    arguments = f"train --data digits --epochs 1 --out {tmp_path}/run"
    line = f"{sys.executable} -m lenet_keras {arguments} <&- >&- 2>&-"
    run = subprocess.run(["sh", "-c", line], stdout=subprocess.DEVNULL, timeout=120)
    assert run.returncode == 0
    assert load_model(tmp_path / "run" / "model.keras").variant.name == "classic"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_an_error_has_its_status_where_nothing_can_be_said():
    line = f"{sys.executable} -m lenet_keras evaluate gone.keras <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], stdout=subprocess.DEVNULL).returncode == 2


@steering
def test_control_characters_in_a_name_are_shown_as_text(
    capsys, run_folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    picture = digit_picture("a\x1b[2Jb.png")
    assert cli.main(["predict", str(run_folder / "model.keras"), picture]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\\x1b[2Jb.png" in out


def test_a_training_that_breaks_down_is_told_in_one_line(capsys, tmp_path, monkeypatch):
    wild = replace(RECIPES["modern"], learning_rate=1e30)
    monkeypatch.setattr(cli, "named_recipe", lambda name: wild)
    message = failure(
        capsys, "train", "--variant", "modern", "--data", "digits", "--out", tmp_path
    )
    assert "the loss became NaN in step" in message
    assert "Try a smaller learning rate" in message
    assert message.count("\n") == 1
    assert os.listdir(tmp_path) == ["run.json"]


def test_a_run_no_better_than_guessing_says_so(capsys, tmp_path, monkeypatch):
    still = replace(RECIPES["classic"], learning_rate=1e-9)
    monkeypatch.setattr(cli, "named_recipe", lambda name: still)
    arguments = ["train", "--data", "digits", "--epochs", "1", "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    assert "no better than guessing" in capsys.readouterr().out


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_device_is_named(capsys):
    message = failure(capsys, "page", "--out", "/dev/full")
    assert "/dev/full could not be written" in message


@pytest.mark.parametrize("name", ["evaluate", "predict", "page"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_model_whose_weights_are_no_numbers_is_refused(
    name, value, capsys, tmp_path, run_folder
):
    model = load_model(run_folder / "model.keras")
    model.get_layer("f6").bias.assign(np.full(84, value))
    model.save(tmp_path / "broken.keras")
    rest = {
        "evaluate": ["--data", "digits"],
        "predict": [digit_picture(tmp_path / "digit.png")],
        "page": ["--out", tmp_path / "page.html"],
    }
    message = failure(capsys, name, tmp_path / "broken.keras", *rest[name])
    assert "NaN or infinity among its weights, in f6/bias" in message
    assert not (tmp_path / "page.html").exists()


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BUILT = {
    "47 classes": {"classes": 47},
    "letters": {"variant": "1998", "classes": LETTERS},
    "two digits": {"variant": "1998", "classes": 2},
    "free length": {"input_shape": (None, None, 1)},
    "free width": {"input_shape": (32, None, 1), "variant": "modern"},
    "bytes": {"include_preprocessing": True},
    "wide": {"input_shape": (32, 48, 1)},
    "high and free": {"input_shape": (64, None, 1)},
}


@pytest.fixture(scope="module")
def letters_folder(tmp_path_factory):
    """Pictures of 26 classes in EMNIST's form."""
    folder = tmp_path_factory.mktemp("emnist-letters")
    labels = np.arange(1, 27, dtype="uint8")
    images = np.random.default_rng(0).integers(0, 256, (26, 28, 28)).astype("uint8")
    for split in ("train", "test"):
        for array, kind in ((images, "images-idx3"), (labels, "labels-idx1")):
            header = struct.pack(f">I{array.ndim}I", 2048 + array.ndim, *array.shape)
            name = f"emnist-letters-{split}-{kind}-ubyte"
            (folder / name).write_bytes(header + array.tobytes())
    return folder


@pytest.mark.parametrize("name", BUILT)
def test_every_command_takes_every_model_or_says_in_a_line_that_it_does_not(
    name, tmp_path, capsys, letters_folder
):
    model = build_lenet5(**BUILT[name])
    classes = model.output_shape[-1]
    model.save(tmp_path / "model.keras")
    picture = digit_picture(tmp_path / "digit.png")
    reads_one = name not in ("wide", "high and free")

    status = cli.main(["predict", str(tmp_path / "model.keras"), picture])
    out, err = capsys.readouterr()
    if reads_one:
        assert status == 0, err
        row = next(line for line in out.splitlines() if "%" in line)
        answer = row.split()[1].strip("?")
        assert set(answer) <= set(LETTERS if name == "letters" else "0123456789")
        assert answer and row.split()[-1].endswith("%")
    else:
        assert status == 2
        assert "at a time" in err and err.count("\n") == 1

    data = str(letters_folder) if name in ("47 classes", "letters") else "digits"
    status = cli.main(["evaluate", str(tmp_path / "model.keras"), "--data", data])
    out, err = capsys.readouterr()
    if name == "47 classes":
        assert status == 0 and "of 26 wrong" in out and "47 classes" in out
    elif name == "letters":
        assert status == 0 and "of 26 wrong" in out
    elif reads_one and classes == 10:
        assert status == 0, err
        rows = [line.split() for line in out.splitlines()]
        table = [list(map(int, row[1:])) for row in rows if "".join(row).isdigit()]
        assert np.sum(table) == 360
    else:
        assert status == 2 and err.count("\n") == 1


def several():
    x = keras.Input((32, 32, 1))
    flat = keras.layers.Flatten()(x)
    return keras.Model(x, {"digit": keras.layers.Dense(10)(flat), "ink": flat})


def coloured():
    return keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(10)]
    )


def unbuilt():
    return keras.Sequential([keras.layers.Dense(10)])


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet")
@pytest.mark.parametrize("build", [several, coloured, unbuilt])
def test_a_model_that_reads_no_digits_is_refused_in_a_line(build, tmp_path, capsys):
    build().save(tmp_path / "other.keras")
    picture = digit_picture(tmp_path / "digit.png")
    for name, rest in (
        ("predict", [picture]),
        ("evaluate", ["--data", "digits"]),
        ("page", ["--out", tmp_path / "page.html"]),
    ):
        message = failure(capsys, name, tmp_path / "other.keras", *rest)
        assert message.count("\n") == 1 and "build_lenet5" in message


def test_a_model_of_letters_is_not_tested_on_digits(tmp_path, capsys):
    build_lenet5("1998", classes=LETTERS).save(tmp_path / "letters.keras")
    message = failure(
        capsys, "evaluate", tmp_path / "letters.keras", "--data", "digits"
    )
    assert "the images of digits are digits" in message


@steering
def test_no_name_reaches_the_terminal_as_a_command(capsys, tmp_path, digits):
    """Names of models, layers, folders, pictures and what is mistyped."""
    name = "\x1b[2Jcleared\x07\r\x9b31m"
    folder = tmp_path / name
    folder.mkdir()
    build_lenet5(name=name).save(folder / "model.keras")
    picture = digit_picture(folder / f"{name}.png")
    np.zeros(3).tofile(folder / "train-images-idx3-ubyte")
    model = str(folder / "model.keras")
    for arguments in (
        ["predict", model, picture],
        ["predict", model, str(folder / "none.png")],
        ["evaluate", model, "--data", "digits"],
        ["evaluate", model, "--data", str(folder)],
        ["evaluate", picture],
        ["page", model, "--out", str(folder / "page.html")],
        ["page", model, "--out", str(folder)],
        ["train", "--data", str(folder), "--out", str(folder / "out")],
        ["train", "--resume", "--out", str(folder)],
        ["train", "--variant", name],
        ["summary", "--variant", name],
    ):
        cli.main(arguments)
        out, err = capsys.readouterr()
        assert out + err
        for steering in "\x1b\x07\r\x9b":
            assert steering not in out + err, arguments
    keras.utils.clear_session()  # TensorFlow leaves the scope of such a name open
    with pytest.raises(SystemExit):
        cli.main([name, f"--{name}"])
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["page", "train --data digits"])
def test_an_output_that_is_a_device_stays_one(arguments, capsys):
    device = os.stat("/dev/full")
    failure(capsys, *arguments.split(), "--out", "/dev/full")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    assert os.stat("/dev/full").st_rdev == device.st_rdev
    if arguments == "page":
        assert cli.main(["page", "--out", "/dev/null"]) == 0
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_training_runs_where_warnings_are_errors(tmp_path):
    strict = [sys.executable, "-W", "error"]
    others = subprocess.run([*strict, "-c", "import matplotlib"], capture_output=True)
    if others.returncode:  # matplotlib 3.9 beside pyparsing 3.3
        pytest.skip("matplotlib itself warns when imported")
    run = subprocess.run(
        [*strict, "-m", "lenet_keras"]
        + ["train", "--data", "digits", "--epochs", "1", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(Path(cli.__file__).parents[1]), "LC_ALL": "C"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "Saved" in run.stdout
