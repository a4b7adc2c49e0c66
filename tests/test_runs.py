"""A run's folder: its file's form, its lock, its data, and what resumes."""

import copy
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import python

from lenet_keras import Checkpoint, build_lenet5, cli, train
from lenet_keras.data import Data
from lenet_keras.runs import (
    alone_in,
    describe_data,
    load_for,
    model_of,
    read_run,
    read_settings,
    set_aside,
)

SETTINGS = {
    "variant": "classic",
    "recipe": None,
    "data": "digits",
    "epochs": 3,
    "batch_size": 32,
    "seed": 0,
    "threads": [1, 2],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, digits):
    """The folder of a run with one of three epochs behind it."""
    folder = tmp_path_factory.mktemp("run")
    settings = SETTINGS | {"found": describe_data(digits)}
    train(
        build_lenet5(),
        digits.train_images,
        digits.train_labels,
        epochs=1,
        batch_size=32,
        callbacks=[Checkpoint(folder, settings)],
    )
    return folder


def test_a_lock_that_cannot_be_removed_while_it_is_held_is_released(
    tmp_path, monkeypatch
):
    """As on Windows."""

    def in_use(path, missing_ok=False):
        raise PermissionError(f"{path} is in use")

    with monkeypatch.context() as patch, alone_in(tmp_path):
        patch.setattr(Path, "unlink", in_use)
    with alone_in(tmp_path):
        assert (tmp_path / ".lock").exists()


@pytest.fixture
def folder(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def edited(folder, change):
    """The text of the folder's run file, one thing in it another."""
    run = json.loads((folder / "run.json").read_text())
    changed = change(run)
    run = run if changed is None else changed
    (folder / "run.json").write_text(json.dumps(run))


def setting(**values):
    return lambda run: run["settings"].update(values)


def part(**values):
    return lambda run: run.update(values)


def without(*names):
    def change(run):
        run = copy.deepcopy(run)
        *path, last = names
        inner = run
        for name in path:
            inner = inner[name]
        del inner[last]
        return run

    return change


WRONG = [None, [], 7, "text", 1.5, -1, 0, True, {}]
DAMAGES = {
    **{f"settings are {value!r}": part(settings=value) for value in WRONG},
    **{f"steps are {value!r}": part(steps=value) for value in WRONG},
    **{f"history is {value!r}": part(history=value) for value in WRONG[:-1]},
    **{
        f"{name} is {value!r}": setting(**{name: value})
        for name, values in {
            "variant": [None, [], 7, "1998", "nothing"],
            "recipe": [[], 7, "nothing", "best"],
            "data": [None, 7, "mnist", "elsewhere"],
            "epochs": [[], "3", 0, -2, 2.5, True, 300],
            "batch_size": [[], "32", 0, -1, 64],
            "seed": [None, "0", -1, 1.5, 5],
            "found": [None, 7, {}],
        }.items()
        for value in values
    },
    **{
        f"no {' '.join(names)}": without(*names)
        for names in (
            ["settings"],
            ["steps"],
            ["history"],
            ["settings", "variant"],
            ["settings", "data"],
            ["settings", "seed"],
        )
    },
    "the whole is a list": lambda run: [run],
    "the whole is nothing": lambda run: [],
    "a history of text": part(history={"loss": ["low"]}),
    "a history of numbers": part(history={"loss": 0.5}),
    "histories of two lengths": part(history={"loss": [0.5], "accuracy": []}),
    "a longer history": part(history={"loss": [0.5] * 9}),
    "another seal": part(seal="0" * 16),
    "other steps": part(steps=44),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_an_edited_run_file_is_refused_in_one_line(name, folder, capsys):
    edited(folder, DAMAGES[name])
    before = (folder / "model.keras").read_bytes(), (folder / "run.json").read_bytes()
    assert cli.main(["train", "--resume", "--out", str(folder)]) == 2
    message = capsys.readouterr().err
    assert message.startswith("lenet5: error: ")
    assert message.count("\n") == 1
    assert "run.json is damaged or was edited" in message
    assert "without --resume" in message
    assert before == (
        (folder / "model.keras").read_bytes(),
        (folder / "run.json").read_bytes(),
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"NaN", b'{"settings": 1', b"null"],
)
def test_a_run_file_that_is_no_json_is_refused(content, folder):
    (folder / "run.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"run\.json is damaged"):
        read_run(folder)


def test_a_run_file_as_it_was_written_is_taken(folder):
    run = read_run(folder)
    assert run["settings"]["variant"] == "classic"
    assert len(run["history"]["loss"]) == 1


def test_control_characters_of_a_run_file_are_shown_as_text(folder):
    edited(folder, setting(variant="\x1b[2Jclassic"))
    with pytest.raises(ValueError, match="damaged") as error:
        read_settings(folder)
    assert "\x1b" not in str(error.value)


def test_a_model_of_another_run_is_refused(folder, tmp_path, digits):
    other = build_lenet5("dense")
    other.compile("sgd", "sparse_categorical_crossentropy")
    other.save(folder / "model.keras")
    checkpoint = Checkpoint(folder, read_run(folder)["settings"])
    with pytest.raises(ValueError, match="is not the model of its run.*'classic'"):
        model_of(checkpoint)
    later = build_lenet5()
    later.compile("sgd", "sparse_categorical_crossentropy")
    later.fit(np.zeros((10, 32, 32, 1)), np.zeros(10), batch_size=1, verbose=0)
    later.save(folder / "model.keras")
    with pytest.raises(ValueError, match="has 10 steps behind it, of 45 per epoch"):
        model_of(checkpoint)


@pytest.mark.parametrize("sums", [None, 3])
def test_a_run_that_validates_now_and_then_is_resumed(sums, digits, tmp_path):
    """Of 5 steps an epoch, three at a time are summed up."""
    images, labels = digits.train_images[:160], digits.train_labels[:160]
    model = build_lenet5()
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=sums)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    settings = {"batch_size": 32, "validation_freq": 2, "epochs": 3}
    settings |= {"validation_data": (images, labels)}
    train(model, images, labels, callbacks=[Checkpoint(tmp_path, {})], **settings)
    resumed = Checkpoint(tmp_path, {})
    assert resumed.restore(keras.models.load_model(tmp_path / "model.keras")) == 3
    validated = [value is not None for value in resumed.history["val_loss"]]
    assert validated == [False, True, False]


def test_an_earlier_run_is_set_aside_whole_and_none_is_lost(folder):
    (folder / "photograph.png").write_bytes(b"not ours")
    names = {"model.keras", "run.json"}
    first = (folder / "model.keras").read_bytes()
    set_aside(folder)
    assert {path.name for path in folder.iterdir()} == {"previous", "photograph.png"}
    assert {path.name for path in (folder / "previous" / "1").iterdir()} == names
    (folder / "model.keras").write_bytes(b"the second")
    set_aside(folder)
    set_aside(folder)  # nothing is there any more
    assert (folder / "previous" / "1" / "model.keras").read_bytes() == first
    assert (folder / "previous" / "2" / "model.keras").read_bytes() == b"the second"
    assert len(list((folder / "previous").iterdir())) == 2


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    left = tmp_path / ".0123456789abcdef.model.keras"
    for path in (left, tmp_path / ".notes.keras", tmp_path / "model.keras"):
        path.write_bytes(b"half")
    with alone_in(tmp_path):
        assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".notes.keras",
        "model.keras",
    ]


def test_only_one_training_at_a_time_is_in_a_folder(tmp_path):
    with alone_in(tmp_path / "new"):
        with (
            pytest.raises(ValueError, match="another training is at work in"),
            alone_in(tmp_path / "new"),
        ):
            pass
        script = f"""
            from lenet_keras.runs import alone_in
            with alone_in({str(tmp_path / "new")!r}): pass
        """
        run = python(script)
        assert "another training is at work in" in run.stderr
    with alone_in(tmp_path / "new"):
        pass
    assert list((tmp_path / "new").iterdir()) == []


def test_the_data_of_a_run_are_noted_and_others_are_refused(digits, monkeypatch):
    settings = {"data": "auto", "found": describe_data(digits)}
    assert settings["found"]["images"] == 1437
    # Where MNIST has come to hand since, the digits are taken as then.
    monkeypatch.setattr("lenet_keras.runs.load_named", lambda name: pytest.fail(name))
    data, found = load_for(settings)
    assert data.name == "digits"
    assert found == settings["found"]


@pytest.mark.parametrize("change", ["images", "labels", "number"])
def test_data_that_changed_are_refused(change, digits, monkeypatch):
    images, labels = digits.train_images.copy(), digits.train_labels.copy()
    settings = {"data": "mnist", "found": describe_data(digits) | {"name": "mnist"}}
    if change == "images":
        images[-1, 14, 14] ^= 1
    elif change == "labels":
        labels[-1] = (labels[-1] + 1) % 10
    else:
        images, labels = images[:-1], labels[:-1]
    now = Data("mnist", images, labels, digits.test_images, digits.test_labels)
    monkeypatch.setattr("lenet_keras.runs.load_named", lambda name: now)
    with pytest.raises(ValueError, match="was trained on 1,437 images of 'mnist'"):
        load_for(settings)
