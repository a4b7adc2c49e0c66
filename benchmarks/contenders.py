"""The contenders of `speed.py`, each a process of its own that is told when to run.

    python benchmarks/contenders.py NAME [--batch-size 64] [--epochs 6] [--images N]

Each trains LeNet-5 by Adam 1e-3 on MNIST in memory. Before an epoch it waits for a line
on standard input, after it it prints the seconds that it took; last, a line of JSON.
"""

import argparse
import gc
import json
import re
import resource
import sys
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from lenet_keras import (
    build_lenet5,
    evaluate,
    load,
    loss_for,
    predict,
    to_input,
    train,
    use_all_cores,
)

README = Path(__file__).parent.parent / "README.md"
LEARNING_RATE = 1e-3


def main():
    args = _arguments()
    sys.stdout, out = sys.stderr, sys.stdout  # only our lines may reach the other side
    result = CONTENDERS[args.name](args, lambda line: print(line, file=out, flush=True))
    peak = round(_peak_memory())
    print(json.dumps((result or {}) | {"peak_memory_mb": peak}), file=out)


def plain(args, say, steps=1, threads=False):
    """What a Keras tutorial shows: `compile` and `fit` on arrays."""
    if threads:
        use_all_cores()
    model = _compiled(_plain_model(), "sparse_categorical_crossentropy", steps)
    _fit(model, args, say)


def ours(args, say, threads=True):
    """The same with our model."""
    if threads:
        use_all_cores()
    _fit(_compiled(build_lenet5(), "sparse_categorical_crossentropy"), args, say)


def script(args, say):
    """The lines of the README; its `fit` waits for its turns."""
    (lines,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.S)
    names = {}
    exec(lines.split("model.fit(")[0], names)
    _fit(names["model"], args, say)


def trained(args, say, variant="classic", distort=False):
    """`train`, which keeps the images as bytes and distorts them."""
    use_all_cores()
    model = build_lenet5(variant)
    recipe = "1998" if variant == "1998" else "modern"  # for its loss alone
    model = _compiled(model, loss_for(recipe, model.variant))
    options = {"batch_size": args.batch_size, "epochs": args.epochs, "distort": distort}
    train(model, *_mnist(args.images), callbacks=[_Turns(say)], **options)


def one_by_one(args, say):
    """The paper's own training, one pattern at a time."""
    use_all_cores()
    model = build_lenet5("1998")
    options = {"recipe": "paper", "epochs": args.epochs, "callbacks": [_Turns(say)]}
    train(model, *_mnist(args.images), **options)


def pytorch(args, say, is_compiled=False):
    """What a PyTorch user would write: the whole set in memory."""
    import torch  # here: it may not be installed

    torch.manual_seed(0)
    images, labels = _mnist(args.images)
    x, y = _torch_input(images), torch.from_numpy(labels)
    model = _torch_model()
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE)

    def loss_of(x, y):
        return torch.nn.functional.cross_entropy(model(x), y)

    if is_compiled:
        loss_of = torch.compile(loss_of)
    for _ in range(args.epochs):
        start = _wait_for_turn()
        for batch in torch.randperm(len(x)).split(args.batch_size):
            loss = loss_of(x[batch], y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        say(time.perf_counter() - start)


def to_target(args, say):
    """Our recipe for one epoch, from calling `train` on, compilation included."""
    use_all_cores()
    data = load("mnist")
    keras.utils.set_random_seed(args.seed)
    model = build_lenet5()
    start = _wait_for_turn()
    train(model, data.train_images, data.train_labels, epochs=1, seed=args.seed)
    say(time.perf_counter() - start)
    error, _ = evaluate(model, data.test_images, data.test_labels)
    return {"test_accuracy": 1 - error}


def latency(args, say):
    """Seconds of building and answering, beside the plain model's."""
    use_all_cores()
    keras.ops.zeros(())
    start = time.perf_counter()
    model = build_lenet5()
    built = time.perf_counter() - start
    data = load("mnist")
    images, labels = data.test_images, data.test_labels
    simple, ready = _plain_model(), to_input(images)
    calls = {
        "`predict`, one digit": (lambda: predict(model, images[0]), 50),
        "`model.predict` of the plain model, one digit": (
            lambda: simple.predict(ready[:1], verbose=0),
            50,
        ),
        "`evaluate`, 10,000 digits": (lambda: evaluate(model, images, labels), 5),
        "`model.predict` of the plain model, 10,000 digits": (
            lambda: simple.predict(ready, verbose=0),
            5,
        ),
    }
    seconds = {what: _timed(call, times) for what, (call, times) in calls.items()}
    return {"seconds": {"`build_lenet5()`": built} | seconds}


def pytorch_latency(args, say):
    """Seconds of answering in PyTorch's inference mode, from bytes to answers."""
    import torch

    model = _torch_model().eval()
    data = load("mnist")

    def answer(images):
        with torch.inference_mode():
            return torch.softmax(model(_torch_input(images)), dim=1).numpy()

    def errors():
        batches = range(0, len(data.test_images), 1000)
        answers = [answer(data.test_images[start : start + 1000]) for start in batches]
        return np.mean(np.concatenate(answers).argmax(axis=1) != data.test_labels)

    seconds = {
        "PyTorch in inference mode, one digit": _timed(
            lambda: answer(data.test_images[:1]), 50
        ),
        "PyTorch in inference mode, 10,000 digits": _timed(errors, 5),
    }
    return {"seconds": seconds}


def growth(args, say, build=build_lenet5):
    """Megabytes that a process keeps of each training: what TensorFlow traced."""
    use_all_cores()
    images, labels = _mnist(3_000)
    x, peaks = to_input(images), []
    for _ in range(12):
        model = _compiled(build(), "sparse_categorical_crossentropy")
        model.fit(x, labels, batch_size=args.batch_size, verbose=0)
        gc.collect()
        peaks.append(_peak_memory())
    first, last = peaks[3], peaks[-1]  # at first it only fills what it has
    return {"megabytes": round((last - first) / (len(peaks) - 4), 1)}


def matrix_product(args, say):
    """Floating-point operations a second of a large float32 matrix product."""
    size = 2048
    a = tf.random.normal((size, size))
    product = tf.function(lambda: tf.reduce_sum(a @ a))
    return {"flops": 2 * size**3 / _timed(lambda: product().numpy(), 9)}


CONTENDERS = {
    "keras fit": plain,
    "keras fit, 100 steps": lambda args, say: plain(args, say, 100),
    "keras fit, threads": lambda args, say: plain(args, say, 100, threads=True),
    "fit, no threads": lambda args, say: ours(args, say, threads=False),
    "fit": ours,
    "script": script,
    "train": trained,
    "train, 1998": lambda args, say: trained(args, say, "1998"),
    "train, distorted": lambda args, say: trained(args, say, distort=True),
    "train, paper": one_by_one,
    "pytorch eager": pytorch,
    "pytorch compiled": lambda args, say: pytorch(args, say, is_compiled=True),
    "to target": to_target,
    "latency": latency,
    "pytorch latency": pytorch_latency,
    "growth": growth,
    "growth, plain": lambda args, say: growth(args, say, _plain_model),
    "matrix product": matrix_product,
}


def _plain_model():
    """LeNet-5 with 61,706 parameters, of Keras' own layers."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(6, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(120, 5, activation="tanh"),
            layers.Flatten(),
            layers.Dense(84, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _torch_model():
    """The same layers in PyTorch."""
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten()),
        *(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )


def _torch_input(images):
    import torch

    return torch.from_numpy(to_input(images)).movedim(-1, 1).contiguous()


def _peak_memory():
    """The most memory that this process has held so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _compiled(model, loss, steps=1):
    adam = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(adam, loss, metrics=["accuracy"], steps_per_execution=steps)
    return model


def _fit(model, args, say):
    images, labels = _mnist(args.images)
    options = {"batch_size": args.batch_size, "epochs": args.epochs, "verbose": 0}
    model.fit(to_input(images), labels, callbacks=[_Turns(say)], **options)


def _mnist(number):
    """So many training images, repeated where MNIST has fewer, and their labels."""
    data = load("mnist")
    index = np.arange(number) % len(data.train_images)
    return data.train_images[index], data.train_labels[index]


class _Turns(keras.callbacks.Callback):
    """Waits for its turn before an epoch and reports after it."""

    def __init__(self, say):
        super().__init__()
        self.say = say

    def on_epoch_begin(self, epoch, logs=None):
        self.start = _wait_for_turn()

    def on_epoch_end(self, epoch, logs=None):
        self.say(time.perf_counter() - self.start)


def _wait_for_turn():
    sys.stdin.readline()
    return time.perf_counter()


def _timed(call, times):
    """Median seconds of a call, after one that does not count."""
    call()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[times // 2]


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
