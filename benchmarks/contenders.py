"""The contenders of `speed.py`, each a process of its own that is told when to run.

    python benchmarks/contenders.py NAME [--batch-size 64] [--epochs 6] [--images N]

Each trains LeNet-5 by Adam 1e-3 on MNIST in memory. Before an epoch it waits for a line
on standard input, after it it prints the seconds that it took; last, a line of JSON.
"""

import argparse
import contextlib
import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LEARNING_RATE = 1e-3


def main():
    args = _arguments()
    sys.stdout, out = sys.stderr, sys.stdout  # only our lines may reach the other side
    result = CONTENDERS[args.name](args, lambda line: print(line, file=out, flush=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps((result or {}) | {"peak_memory_mb": round(peak)}), file=out)


def keras_fit(args, say):
    """What a Keras tutorial shows: `compile` and `fit` on arrays."""
    from lenet_keras import to_input

    images, labels = _mnist(args.images)
    options = {"batch_size": args.batch_size, "epochs": args.epochs, "verbose": 0}
    _plain_model().fit(to_input(images), labels, callbacks=[_turns(say)], **options)


def plain_steps(args, say, branches=True, covering=False):
    """`train` without its fast forms; without branches, on TensorFlow's own threads."""
    from lenet_keras import training

    training.forward = lambda model: lambda x: model(x, training=True)
    training.fused_updates = contextlib.nullcontext
    if not branches:
        training._SMALLEST_PART = args.batch_size
        training.use_all_cores = lambda: None
    ours(args, say, plain_model=not covering)


def updates_fused(args, say):
    """`train`, all but C1 and S2 in one go."""
    from lenet_keras import training

    training.forward = lambda model: lambda x: model(x, training=True)
    ours(args, say)


def ours(args, say, variant="classic", distort=False, plain_model=False):
    """What our commands run: `train`, one thread a core, and our model."""
    from lenet_keras import VARIANTS, build_lenet5, train, training

    training.use_all_cores()
    if plain_model:
        model = _plain_model()
    else:
        model = _compiled(build_lenet5(variant), VARIANTS[variant].loss)
    options = {"batch_size": args.batch_size, "epochs": args.epochs, "distort": distort}
    train(model, *_mnist(args.images), callbacks=[_turns(say)], **options)


def pytorch_eager(args, say):
    """What a PyTorch user would write: eager, the whole set in memory."""
    import torch
    from torch import nn

    from lenet_keras import to_input

    torch.manual_seed(0)
    images, labels = _mnist(args.images)
    x = torch.from_numpy(to_input(images)).movedim(-1, 1).contiguous()
    y = torch.from_numpy(labels)
    model = nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten()),
        *(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    for _ in range(args.epochs):
        start = _wait_for_turn()
        for batch in torch.randperm(len(x)).split(args.batch_size):
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        say(time.perf_counter() - start)


def to_target(args, say):
    """Our recipe for one epoch, from calling `train` on, compilation included."""
    import keras

    from lenet_keras import build_lenet5, evaluate, load, train, training

    training.use_all_cores()
    data = load("mnist")
    keras.utils.set_random_seed(args.seed)
    model = build_lenet5()
    start = _wait_for_turn()
    train(model, data.train_images, data.train_labels, epochs=1, seed=args.seed)
    say(time.perf_counter() - start)
    error, _ = evaluate(model, data.test_images, data.test_labels)
    return {"test_accuracy": 1 - error}


def latency(args, say):
    """Seconds of importing, building and answering, beside the plain model's."""
    start = time.perf_counter()
    import lenet_keras

    imported = time.perf_counter() - start
    import keras

    from lenet_keras import training

    training.use_all_cores()
    keras.ops.zeros(())
    start = time.perf_counter()
    model = lenet_keras.build_lenet5()
    built = time.perf_counter() - start
    data = lenet_keras.load("mnist")
    images, labels = data.test_images, data.test_labels
    plain, ready = _plain_model(), lenet_keras.to_input(images)
    return {
        "seconds": {
            "`import lenet_keras`": imported,
            "`build_lenet5()`": built,
            "`predict`, one digit": _timed(
                lambda: lenet_keras.predict(model, images[0])
            ),
            "`model.predict` of the plain model, one digit": _timed(
                lambda: plain.predict(ready[:1], verbose=0)
            ),
            "`evaluate`, 10,000 digits": _timed(
                lambda: lenet_keras.evaluate(model, images, labels), 5
            ),
            "`model.predict` of the plain model, 10,000 digits": _timed(
                lambda: plain.predict(ready, verbose=0), 5
            ),
        }
    }


def matrix_product(args, say):
    """Floating-point operations a second of a large float32 matrix product."""
    import tensorflow as tf

    size = 2048
    a = tf.random.normal((size, size))
    product = tf.function(lambda: tf.reduce_sum(a @ a))
    return {"flops": 2 * size**3 / _timed(lambda: product().numpy(), 9)}


CONTENDERS = {
    "keras fit": keras_fit,
    "pytorch eager": pytorch_eager,
    "one graph": lambda args, say: plain_steps(args, say, branches=False),
    "branches": plain_steps,
    "covering": lambda args, say: plain_steps(args, say, covering=True),
    "updates fused": updates_fused,
    "ours": ours,
    "ours, 1998": lambda args, say: ours(args, say, "1998"),
    "ours, distorted": lambda args, say: ours(args, say, distort=True),
    "to target": to_target,
    "latency": latency,
    "matrix product": matrix_product,
}


def _plain_model():
    """LeNet-5 with 61,706 parameters, of Keras' own layers."""
    import keras
    from keras import layers

    model = keras.Sequential(
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
    return _compiled(model, "sparse_categorical_crossentropy")


def _compiled(model, loss):
    import keras

    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss, metrics=["accuracy"])
    return model


def _mnist(number):
    """So many training images, repeated where MNIST has fewer, and their labels."""
    import numpy as np

    from lenet_keras import load

    data = load("mnist")
    index = np.arange(number) % len(data.train_images)
    return data.train_images[index], data.train_labels[index]


def _turns(say):
    """A callback that waits for its turn before an epoch and reports after it."""
    import keras

    class Turns(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = _wait_for_turn()

        def on_epoch_end(self, epoch, logs=None):
            say(time.perf_counter() - self.start)

    return Turns()


def _wait_for_turn():
    sys.stdin.readline()
    return time.perf_counter()


def _timed(call, times=50):
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
