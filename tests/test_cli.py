"""The command `lenet5`: what it prints, what it writes, and how it fails."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet_keras import build_lenet5, cli, load_model
from lenet_keras.threads import threads


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
    picture = Image.new("L", (200, 200), 255)
    draw = ImageDraw.Draw(picture)
    draw.line(((60, 40), (140, 40), (90, 160)), fill=20, width=14, joint="curve")
    picture.save(path)
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


def test_summary_of_1998_prints_our_counts_beside_the_papers(capsys):
    assert cli.main(["summary", "--variant", "1998"]) == 0
    out = capsys.readouterr().out
    total = next(line for line in out.splitlines() if "total" in line)
    assert total.split()[1:] == [
        "60,000", "840", "340,908", "332,824", "60,000", "340,908",
    ]  # fmt: skip
    assert "SparselyConnectedConv2D" in out


def test_summary_of_classic_has_61706_parameters(capsys):
    assert cli.main(["summary"]) == 0
    assert "61,706" in capsys.readouterr().out


def test_training_prints_layers_epochs_errors_confusion_and_where_it_saved(
    log, run_folder
):
    assert "48,120" in log
    assert log.count("Epoch [") == 2
    assert "Epoch [2/2], loss: " in log
    assert "training error: " in log
    assert "Test error: " in log
    assert "Test accuracy of the model on the 360 test images: " in log
    assert "Most confused: " in log
    assert f"Saved {run_folder / 'model.keras'}" in log


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


def test_predict_prints_each_class_with_its_probability(capsys, run_folder, tmp_path):
    pictures = [digit_picture(tmp_path / name) for name in ("one.png", "two.png")]
    assert cli.main(["predict", str(run_folder / "model.keras"), *pictures]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "%" in line]
    assert len(rows) == 2
    assert all(row.count("%") == 10 for row in rows)


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
        ("train --recipe lush", "paper, paper-distorted, best; received 'lush'"),
        ("train --variant lenet", "classic, dense, sigmoid, tanh, 1998, modern"),
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


def test_ctrl_c_leaves_a_whole_model_and_no_traceback(tmp_path):
    def accept_ctrl_c():  # which a shell takes from what it runs in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    arguments = ["train", "--data", "digits", "--epochs", "5000", "--out", tmp_path]
    run = command(*arguments, preexec_fn=accept_ctrl_c)
    try:
        deadline = time.monotonic() + 100
        while not (tmp_path / "model.keras").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        _, message = run.communicate(timeout=60)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 130, message
    assert "Traceback" not in message
    assert "--resume" in message
    assert sorted(os.listdir(tmp_path)) == ["model.keras", "run.json"]


def test_ctrl_c_is_known_behind_the_error_that_a_library_makes_of_it(
    capsys, monkeypatch
):
    def interrupted(*_):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise RuntimeError("could not write") from error

    monkeypatch.setattr(cli, "build_lenet5", interrupted)
    assert cli.main(["train", "--out", "there"]) == 130
    assert "--resume --out there" in capsys.readouterr().err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    out = capsys.readouterr().out
    for name in ("summary", "train", "evaluate", "predict", "page"):
        assert name in out


def test_a_run_killed_at_any_moment_is_resumed_to_the_same_weights(tmp_path):
    """Twice: in its start or its first epochs, then later on."""
    arguments = ["train", "--data", "digits", "--epochs", "8", "--seed", "3", "--out"]
    whole = command(*arguments, tmp_path / "whole")
    whole.communicate(timeout=200)
    assert whole.returncode == 0
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
    resumed = command("train", "--resume", "--out", folder)
    said, message = resumed.communicate(timeout=200)
    assert resumed.returncode == 0, message
    assert "Resuming" in said
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
    file.write_text(json.dumps(run))
    assert cli.main(["train", "--resume", "--out", str(file.parent)]) == 0
    out = capsys.readouterr().out
    assert "began with 4 threads per operation and 4 operations at once" in out
    assert "the weights will differ by rounding" in out
