"""What the callbacks print, and which of Keras' callbacks need every batch."""

import keras
import pytest

from lenet_keras import build_lenet5, train
from lenet_keras.callbacks import EpochLog, needs_every_batch


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
    assert needs_every_batch(EpochLog(every=3))
    assert not needs_every_batch(keras.callbacks.EarlyStopping())
    assert needs_every_batch(keras.callbacks.TerminateOnNaN())
    assert needs_every_batch(keras.callbacks.CallbackList())


def test_a_subclass_of_a_known_callback_may_need_every_batch():
    class Noted(keras.callbacks.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            print(batch)

    assert needs_every_batch(Noted("a.keras"))
