"""Callbacks for `fit`: a line per epoch, a checkpoint; and who needs every batch."""

import json
from pathlib import Path

import keras

from lenet_keras.files import write_whole

_BATCH_HOOKS = tuple(
    f"on_{kind}batch_{end}"
    for kind in ("", "train_", "test_")
    for end in ("begin", "end")
)
# Callbacks of Keras that are called for each batch and, so set, do nothing with it.
_BY_EPOCH = {
    keras.callbacks.ModelCheckpoint: lambda callback: callback.save_freq == "epoch",
    keras.callbacks.BackupAndRestore: lambda callback: callback.save_freq == "epoch",
    keras.callbacks.TensorBoard: lambda callback: callback.update_freq == "epoch",
}


def needs_every_batch(callback):
    """Whether a callback does something at each batch, not only at each epoch.

    Args:
        callback: `keras.callbacks.Callback`, or a `CallbackList`.
    """
    if type(callback) in _BY_EPOCH:
        return not _BY_EPOCH[type(callback)](callback)
    own = (getattr(getattr(callback, hook), "__func__", None) for hook in _BATCH_HOOKS)
    plain = (getattr(keras.callbacks.Callback, hook) for hook in _BATCH_HOOKS)
    return any(mine is not theirs for mine, theirs in zip(own, plain, strict=True))


class ProgressBar(keras.callbacks.ProgbarLogger):
    """Keras' own bar, for several steps at once: it counts no step beyond the last."""

    def on_train_batch_end(self, batch, logs=None):
        last = batch if self.target is None else self.target - 1
        super().on_train_batch_end(min(batch, last), logs)


class EpochLog(keras.callbacks.Callback):
    """Print one rounded line per epoch, without timings, so that a notebook repeats it.

    Args:
        every: int, also a line every so many steps; None for none.

    Raises:
        ValueError: if `every` is not positive.
    """

    def __init__(self, every=None):
        super().__init__()
        if every is not None and every < 1:
            raise ValueError(f"every must be at least 1 step; received {every}.")
        self.every = every
        if every is not None:
            self.on_train_batch_end = self._log_step

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = f"Epoch [{epoch + 1}/{self.params['epochs']}]"

    def on_epoch_end(self, epoch, logs=None):
        print(f"{self._epoch}, {_describe(logs)}", flush=True)

    def _log_step(self, batch, logs=None):
        if (batch + 1) % self.every == 0:
            step = f"Step [{batch + 1}/{self.params['steps']}]"
            print(f"{self._epoch}, {step}, Loss: {logs['loss']:.4f}", flush=True)


class Checkpoint(keras.callbacks.Callback):
    """Keep the model of the last finished epoch, its optimizer and its history.

    Writes `model.keras` and `run.json` after each epoch, each whole or not at all. An
    optimizer that averages the weights puts the average into the model at the very end.

    Args:
        folder: str or Path.
        settings: dict, what the run was started with; kept in `run.json`.

    Raises:
        OSError: at once, where the folder cannot be written.
    """

    def __init__(self, folder, settings):
        super().__init__()
        self.model_file = Path(folder) / "model.keras"
        self.run_file = Path(folder) / "run.json"
        self.settings = settings
        self.history = {}

    def on_train_begin(self, logs=None):
        self._write()

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
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
        """
        run = json.loads(self.run_file.read_text())
        # The model is written last, so that it alone knows how far it came.
        epochs = int(model.optimizer.iterations) // run["steps"]
        self.history = {
            name: values[:epochs] for name, values in run["history"].items()
        }
        return epochs

    def _write(self):
        run = {
            "settings": self.settings,
            "steps": self.params["steps"],
            "history": self.history,
        }
        text = json.dumps(run, indent=2) + "\n"
        write_whole(self.run_file, lambda path: path.write_text(text))


def _describe(logs):
    """Loss and errors as text; Keras' logs hold accuracies."""
    text = f"loss: {logs['loss']:.4f}"
    for name, key in (("training error", "accuracy"), ("test error", "val_accuracy")):
        if key in logs:
            text += f", {name}: {100 * (1 - logs[key]):.2f}%"
    return text
