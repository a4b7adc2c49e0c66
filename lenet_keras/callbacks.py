"""Callbacks for `train` and `fit`: a line an epoch, a progress bar, a checkpoint."""

import json
from pathlib import Path

import keras

from lenet_keras.files import write_whole


class EpochLog(keras.callbacks.Callback):
    """Print one rounded line an epoch, without timings, so that a notebook repeats it.

    Args:
        every: int, also a line every so many steps; None for none.
    """

    def __init__(self, every=None):
        super().__init__()
        self.every = every

    def close(self):
        """Nothing to give back; for a caller that closes a `ProgressBar` or this."""

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = f"Epoch [{epoch + 1}/{self.params['epochs']}]"

    def on_train_batch_end(self, batch, logs=None):
        if self.every and (batch + 1) % self.every == 0:
            step = f"Step [{batch + 1}/{self.params['steps']}]"
            print(f"{self._epoch}, {step}, Loss: {logs['loss']:.4f}", flush=True)

    def on_epoch_end(self, epoch, logs=None):
        print(f"{self._epoch}, {_describe(logs)}", flush=True)


class ProgressBar(keras.callbacks.Callback):
    """Show a bar with the time left, the loss and the errors, on a rich console."""

    def __init__(self, console):
        super().__init__()
        self.console = console
        self._progress = None

    def on_train_begin(self, logs=None):
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=self.console,
        )
        self._task = self._progress.add_task(
            "training", total=self.params["epochs"] * self.params["steps"]
        )
        self._progress.start()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = f"Epoch [{epoch + 1}/{self.params['epochs']}]"
        self._done = epoch * self.params["steps"]

    def on_train_batch_end(self, batch, logs=None):
        self._progress.update(
            self._task,
            completed=self._done + batch + 1,
            description=f"{self._epoch} loss {logs['loss']:.4f}",
        )

    def on_epoch_end(self, epoch, logs=None):
        self._progress.print(f"{self._epoch}, {_describe(logs)}")

    def on_train_end(self, logs=None):
        self.close()

    def close(self):
        """Give the cursor back; Keras says nothing of an interruption."""
        if self._progress is not None:
            self._progress.stop()


class Checkpoint(keras.callbacks.Callback):
    """Keep the model of the last finished epoch, its optimiser and its history.

    Writes `model.keras` and `run.json` after each epoch, each whole or not at all. An
    optimiser that averages the weights puts the average into the model at the very end.

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
