"""A run's folder: what it was started with, how far it came, who is at work in it.

`run.json` holds the settings, the data and the history, `model.keras` the network and
its optimizer after the last finished epoch. Both are written whole, the model last, so
that a run can be killed at any moment and goes on from its last epoch.
"""

import contextlib
import hashlib
import itertools
import json
import numbers
from pathlib import Path

import filelock
import keras
import numpy as np

from lenet_keras.checks import is_count
from lenet_keras.data import load, load_named
from lenet_keras.files import remove_unfinished, write_whole
from lenet_keras.hints import printable
from lenet_keras.model import VARIANTS, load_model
from lenet_keras.recipes import RECIPES

MODEL, RUN = "model.keras", "run.json"
PICTURES = ("learning_curve.png", "confusion.png", "mistakes.png")


class Checkpoint(keras.callbacks.Callback):
    """Keep the model of the last finished epoch, its optimizer and its history.

    Writes `run.json` when training begins and after each epoch, then `model.keras`,
    each whole or not at all. An optimizer that averages the weights puts the average
    into the model at the very end.

    Args:
        folder: str or Path.
        settings: dict, what the run was started with; kept in `run.json`.

    Raises:
        OSError: when training begins, where the folder cannot be written.
    """

    def __init__(self, folder, settings):
        super().__init__()
        self.model_file = Path(folder) / MODEL
        self.run_file = Path(folder) / RUN
        self.settings = settings
        self.history = {}

    def on_train_begin(self, logs=None):
        self._write()

    def on_epoch_end(self, epoch, logs=None):
        done = max(map(len, self.history.values()), default=0)
        for name in dict.fromkeys((*self.history, *logs)):  # not all in every epoch
            values = self.history.setdefault(name, [None] * done)
            values.append(logs.get(name))
        self._write()
        write_whole(self.model_file, self.model.save)

    def on_train_end(self, logs=None):
        if self.model.optimizer.use_ema:
            write_whole(self.model_file, self.model.save)

    def restore(self, model):
        """Take up the history of an interrupted run.

        Args:
            model: the compiled `keras.Model` loaded from `model_file`.

        Returns:
            int, the epochs that this model has behind it.

        Raises:
            ValueError: for a run file that is damaged, or is not that of the model.
        """
        run = read_run(self.run_file.parent)
        # The model is written last, so that it alone knows how far it came. Where it
        # sums gradients up, those of the last steps may not have come to an iteration.
        summed = getattr(model.optimizer, "gradient_accumulation_steps", None) or 1
        least = summed * int(model.optimizer.iterations)
        epochs = -(-least // run["steps"])
        history = {name: values[:epochs] for name, values in run["history"].items()}
        rest = epochs * run["steps"] - least
        if rest >= summed or any(len(values) != epochs for values in history.values()):
            raise ValueError(
                f"{printable(self.model_file)} is not the model of the run in "
                f"{printable(self.run_file)}: it has {int(model.optimizer.iterations)} "
                f"steps behind it, of {run['steps']} per epoch. Train without --resume."
            )
        self.history = history
        return epochs

    def _write(self):
        run = {"settings": self.settings, "steps": self.params["steps"]}
        run |= {"seal": _seal(run), "history": self.history}
        text = json.dumps(run, indent=2) + "\n"
        write_whole(self.run_file, lambda path: path.write_text(text, "utf-8"))


@contextlib.contextmanager
def alone_in(folder):
    """Keep other trainings out of a folder, as long as this lasts; make it if needed.

    Raises:
        ValueError: if another training is at work in it.
        OSError: where it cannot be made or written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ValueError(
            f"another training is at work in {printable(folder)}. Wait for it, or name "
            "another folder with --out."
        ) from None
    for name in (RUN, MODEL, *PICTURES):
        remove_unfinished(folder / name)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows, where releasing it removes it
            (folder / ".lock").unlink()
        lock.release()


def set_aside(folder):
    """Move what an earlier run left in a folder into `previous/1`, the next into 2.

    So a model never lies beside the settings of another run.
    """
    # The run's file goes first: a model without one is nobody's.
    left = [Path(folder) / name for name in (RUN, MODEL, *PICTURES)]
    left = [path for path in left if path.is_file()]
    if not left:
        return
    places = (Path(folder) / "previous" / str(n) for n in itertools.count(1))
    previous = next(place for place in places if not place.exists())
    previous.mkdir(parents=True)
    for path in left:
        path.rename(previous / path.name)


def read_settings(folder):
    """Read with what settings `lenet5 train` began a run.

    Args:
        folder: str or Path.

    Returns:
        Dict.

    Raises:
        ValueError: as `read_run`; or if the settings are not those of the command.
    """
    return _read(folder, _what_is_wrong_with_settings)["settings"]


def read_run(folder):
    """Read the file of a run, all of it checked.

    Args:
        folder: str or Path.

    Returns:
        Dict: "settings", "steps" and "history".

    Raises:
        ValueError: if there is none, or it is damaged or was edited.
    """
    return _read(folder, lambda run: None)


def _read(folder, what_else_is_wrong):
    file = Path(folder) / RUN
    if not file.is_file():
        raise ValueError(
            f"{printable(folder)} holds no interrupted run to resume. Name its folder "
            "with --out, or train without --resume."
        )
    try:
        run = json.loads(file.read_text("utf-8"))
        wrong = _what_is_wrong(run) or what_else_is_wrong(run)
    except (ValueError, RecursionError) as error:
        wrong = f"it is no JSON ({error})"
    if wrong:
        raise ValueError(
            f"{printable(file)} is damaged or was edited: {printable(wrong)}. The run "
            "cannot go on; train without --resume, which sets it aside."
        )
    return run


def _what_is_wrong(run):
    """What keeps a run's file from being one, in words; None if nothing does."""
    if not isinstance(run, dict) or not isinstance(run.get("settings"), dict):
        return "it has no settings"
    if not is_count(run.get("steps")):
        return f"the steps of an epoch are {run.get('steps')!r}"
    if not _is_history(run.get("history")):
        return "its history is no lists of numbers"
    # Version 0.1 wrote none.
    if "seal" in run and run["seal"] != _seal(run):
        return "its settings are not those that it was written with"
    return None


def _what_is_wrong_with_settings(run):
    """What keeps settings from being those of `lenet5 train`; None if nothing does."""
    settings = run["settings"]
    if settings.get("variant") not in list(VARIANTS):
        return f"there is no variant {settings.get('variant')!r}"
    if settings.get("recipe") not in [None, *RECIPES]:
        return f"there is no recipe {settings.get('recipe')!r}"
    if not isinstance(settings.get("data"), str):
        return f"the data are {settings.get('data')!r}"
    for name in ("epochs", "batch_size"):
        if settings.get(name) is not None and not is_count(settings[name]):
            return f"{name} is {settings[name]!r}"
    seed = settings.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        return f"the seed is {seed!r}"
    done = max(map(len, run["history"].values()), default=0)
    recipe = RECIPES[settings.get("recipe") or settings["variant"]]
    if done > (settings.get("epochs") or recipe.epochs):
        return f"it has {done} epochs behind it, more than it was to have"
    return None


def _is_history(history):
    return (
        isinstance(history, dict)
        and all(isinstance(values, list) for values in history.values())
        and len({len(values) for values in history.values()}) <= 1
        and all(
            value is None or isinstance(value, numbers.Real)
            for values in history.values()
            for value in values
        )
    )


def _seal(run):
    """A checksum of what must not change between the parts of a run."""
    fixed = json.dumps([run["settings"], run["steps"]], sort_keys=True)
    return hashlib.sha256(fixed.encode()).hexdigest()[:16]


def describe_data(data):
    """What is noted of the data of a run: the name, how many images, a checksum."""
    checksum = hashlib.sha256()
    for array in (data.train_images, data.train_labels):
        checksum.update(np.ascontiguousarray(array).tobytes())
    return {
        "name": data.name,
        "images": len(data.train_images),
        "sha256": checksum.hexdigest(),
    }


def load_for(settings):
    """Load the data of a run; those of a resumed run must be what it began with.

    Args:
        settings: dict of the run's settings: "data", the name that was asked for, and
            for a resumed run "found", what `describe_data` said of it.

    Returns:
        `Data`, and what `describe_data` says of them.

    Raises:
        ValueError: if the data are others now.
    """
    then = settings.get("found")
    was_bundled = then is not None and then["name"] == "digits"
    data = load("digits") if was_bundled else load_named(settings["data"])
    now = describe_data(data)
    if then is not None and then != now:
        raise ValueError(
            f"the run was trained on {then['images']:,} images of {then['name']!r}; "
            f"{settings['data']!r} holds {now['images']:,} other images of "
            f"{now['name']!r} now. Resume it where its data are, or train without "
            "--resume."
        )
    return data, now


def model_of(checkpoint):
    """The model of an interrupted run, which must be that of its settings.

    Args:
        checkpoint: `Checkpoint`, of the run's folder and its settings.

    Returns:
        `LeNet5` and int, the epochs that it has behind it; None and 0 before the first.

    Raises:
        ValueError: for a model of another run, or a damaged one.
    """
    if not checkpoint.model_file.exists():
        return None, 0
    model, settings = load_model(checkpoint.model_file), checkpoint.settings
    is_ours = getattr(model, "variant", None) == VARIANTS[settings["variant"]]
    if not (is_ours and model.compiled):
        raise ValueError(
            f"{printable(checkpoint.model_file)} is not the model of its run, which is "
            f"a {settings['variant']!r}. Train without --resume, which sets both aside."
        )
    return model, checkpoint.restore(model)
