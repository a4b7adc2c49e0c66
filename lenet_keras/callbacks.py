"""Callbacks for `fit`: a line per epoch, a stop at NaN; and who needs every batch."""

import math
import time

import keras

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


class NaNGuard(keras.callbacks.Callback):
    """Stop a training whose loss has become NaN, before anything of it is saved.

    It is called once per execution, which may be of several steps.

    Raises:
        FloatingPointError: with the step, the learning rate, and what to try.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.first = epoch + 1, 1

    def on_train_batch_end(self, batch, logs=None):
        after = self.first + self.model.steps_per_execution
        if not math.isnan(logs.get("loss", 0)):
            self.first = after
            return
        last = min(after - 1, self.params["steps"] or after - 1)
        steps = (
            f"step {last}" if self.first == last else f"steps {self.first} to {last}"
        )
        raise FloatingPointError(
            f"the loss became NaN in {steps} of epoch {self.epoch}, at a learning rate "
            f"of {float(self.model.optimizer.learning_rate):g}; it is not saved. "
            "Try a smaller learning rate, or clipnorm=1 in the optimizer; and look for "
            "labels that are no class and for NaN among the images."
        )


class ProgressBar(keras.callbacks.ProgbarLogger):
    """Keras' own bar, for several steps at once: it counts no step beyond the last."""

    def on_train_batch_end(self, batch, logs=None):
        last = batch if self.target is None else self.target - 1
        super().on_train_batch_end(min(batch, last), logs)


class EpochLog(keras.callbacks.Callback):
    """Print one rounded line per epoch, without timings, so that a notebook repeats it.

    The error on the validation data, where `fit` has some, is called the test error: so
    the lessons use it, once, after everything is chosen.

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


class LiveLog(EpochLog):
    """An `EpochLog` for a terminal: until an epoch has its line, the step is there.

    It is called once per execution, which may be of several steps.
    """

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch)
        self._shown, self._length = 0, 0

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() - self._shown > 0.1:
            steps = self.params["steps"]
            done = f"{min(batch + 1, steps)} of {steps}" if steps else f"{batch + 1}"
            self._show(f"{self._epoch}, step {done}, loss: {logs['loss']:.4f}")
            self._shown = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        self._show("")
        super().on_epoch_end(epoch, logs)

    def _show(self, text):
        """Write over the line before; the cursor stays at its beginning."""
        print(f"\r{text:{self._length}}\r", end="", flush=True)
        self._length = len(text)


_BY_EPOCH[LiveLog] = lambda callback: True  # it shows a step now and then


def _describe(logs):
    """Loss and errors as text; Keras' logs hold accuracies."""
    text = f"loss: {logs['loss']:.4f}"
    for name, key in (("training error", "accuracy"), ("test error", "val_accuracy")):
        if key in logs:
            text += f", {name}: {100 * (1 - logs[key]):.2f}%"
    return text
