"""What the callbacks print, and which of Keras' callbacks need every batch."""

import keras
import numpy as np
import pytest

from lenet_keras import Checkpoint, build_lenet5, load_model, to_input, train
from lenet_keras.callbacks import EpochLog, LiveLog, needs_every_batch


def test_an_epoch_log_prints_one_rounded_line_per_epoch(capsys, digits):
    images, labels = digits.train_images[:256], digits.train_labels[:256]
    log = EpochLog(every=2)
    train(build_lenet5(), images, labels, epochs=1, batch_size=64, callbacks=[log])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:27] for line in lines[:2]] == [
        "Epoch [1/1], Step [2/4], Lo",
        "Epoch [1/1], Step [4/4], Lo",
    ]
    assert lines[2].startswith("Epoch [1/1], loss: ")
    assert ", training error: " in lines[2]


@pytest.mark.parametrize("every", [0, -1])
def test_an_epoch_log_refuses_a_number_that_prints_nothing(every):
    with pytest.raises(ValueError, match=f"every .*at least 1.*received {every}"):
        EpochLog(every)


def test_who_needs_every_batch():
    assert not needs_every_batch(EpochLog())
    assert not needs_every_batch(LiveLog())
    assert needs_every_batch(EpochLog(every=3))
    assert not needs_every_batch(keras.callbacks.EarlyStopping())
    assert needs_every_batch(keras.callbacks.TerminateOnNaN())
    assert needs_every_batch(keras.callbacks.CallbackList())


def test_a_subclass_of_a_known_callback_may_need_every_batch():
    class Noted(keras.callbacks.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            print(batch)

    assert needs_every_batch(Noted("a.keras"))


def breaks_down(model, images, labels, **options):
    """Train with a rate that is no number: from the second step on the loss is none."""
    model.compile(keras.optimizers.SGD(float("nan")), "sparse_categorical_crossentropy")
    return model.fit(to_input(images), labels, batch_size=8, verbose=0, **options)


def test_fit_stops_at_nan_and_says_where_and_what_to_try(digits):
    pairs = digits.train_images[:64], digits.train_labels[:64]
    with pytest.raises(FloatingPointError) as error:
        breaks_down(build_lenet5(), *pairs, epochs=3)
    message = str(error.value)
    assert "became NaN in steps 1 to 8 of epoch 1" in message  # one execution
    assert "at a learning rate of nan" in message
    assert "clipnorm=1" in message
    with pytest.raises(FloatingPointError, match="in step 2 of epoch 1"):
        breaks_down(build_lenet5(), *pairs, callbacks=[EpochLog(every=100)])


def test_the_check_for_nan_does_not_force_executions_of_one_step(digits):
    seen = []

    class Once(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.steps_per_execution)

    model = build_lenet5()
    model.compile("sgd", "sparse_categorical_crossentropy")
    images, labels = to_input(digits.train_images[:64]), digits.train_labels[:64]
    model.fit(images, labels, verbose=0, callbacks=[Once()])
    assert seen == [100]


def test_keras_own_stop_at_nan_is_left_its_part(digits):
    pairs = digits.train_images[:64], digits.train_labels[:64]
    stop = keras.callbacks.TerminateOnNaN()
    history = breaks_down(build_lenet5(), *pairs, epochs=3, callbacks=[stop])
    assert len(history.epoch) == 1


def test_train_keeps_the_last_good_checkpoint_when_the_loss_breaks_down(
    digits, tmp_path
):
    class Break(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.model.optimizer.learning_rate = float("nan")

    model = build_lenet5()
    model.compile("sgd", "sparse_categorical_crossentropy")
    callbacks = [Checkpoint(tmp_path, {}), Break()]
    with pytest.raises(FloatingPointError, match="of epoch 2"):
        train(
            model,
            digits.train_images[:128],
            digits.train_labels[:128],
            epochs=3,
            callbacks=callbacks,
        )
    kept = load_model(tmp_path / "model.keras")
    assert int(kept.optimizer.iterations) == 2
    assert all(np.isfinite(weight).all() for weight in kept.get_weights())
