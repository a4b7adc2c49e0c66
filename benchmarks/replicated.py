"""Train the network that finds and reads the digits of a row (Section VII).

    python benchmarks/replicated.py [--epochs 50] [--rate 0.004] [--seed 0]

The "modern" network of 11 classes, the last for "no digit here", learns from rows that
are drawn from MNIST's training images but the last 5,000: digits of other hands and
pens, 6 pixels apart to 6 pixels into one another. Each window of a row, one every 4
pixels, is to name the digit in its middle, or none. Writes
`lenet_keras/weights/rows.npz`, as `build_lenet5(weights=PATH)` reads it.

The file that ships was stopped after 30 of the 50 epochs, went on from there with
`--start rows.npz --epochs 6 --rate 0.0014 --seed 1`, down to a rate of 0, and once more
with `--epochs 70 --rate 0.002 --seed 2`.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage

from lenet_keras import build_lenet5, load, to_input, use_all_cores
from lenet_keras.files import write_whole
from lenet_keras.images import OTHER_HANDS, distort
from lenet_keras.paper import BACKGROUND, INK

WEIGHTS = Path(__file__).parent.parent / "lenet_keras" / "weights" / "rows.npz"
NONE = 10  # the class of a window without a digit in its middle
WIDTH = 160  # pixels of a row
HEIGHT = 32
DIGITS = 14_000  # of an epoch
NEAR = 2.5  # pixels from the middle of a window to that of its digit


def main():
    args = _arguments()
    use_all_cores()
    keras.utils.set_random_seed(args.seed)
    data = load("mnist")
    images, labels = data.train_images[:-5000], data.train_labels[:-5000]
    model = build_lenet5(
        "modern", classes=11, input_shape=(HEIGHT, None, 1), weights=args.start
    )
    steps = args.epochs * len(rows(images, labels, (args.seed, 0))[0]) // 16
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=args.rate, warmup_steps=300
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    for epoch in range(args.epochs):
        x, y = rows(images, labels, (args.seed, epoch))
        history = model.fit(x, y, batch_size=16, verbose=0).history
        print(epoch, {k: round(v[0], 4) for k, v in history.items()}, flush=True)
        if epoch % 10 == 9:
            save(model)
    save(model)


def save(model):
    arrays = {w.path: np.asarray(w).astype(np.float16) for w in model.weights}
    write_whole(WEIGHTS, lambda path: np.savez_compressed(path, **arrays))


def rows(images, labels, seed):
    """Draw the rows of an epoch, and what each window of them is to answer.

    Args:
        images, labels: bytes (n, 28, 28), integers (n,).
        seed: pair of integers.

    Returns:
        float32 array (rows, 32, 160, 1), as the network takes them; int array (rows, 1,
        windows).
    """
    generator = np.random.default_rng(seed)
    chosen = generator.choice(len(images), DIGITS, replace=False)
    digits = of_other_hands(images[chosen], seed)
    x, y, start = [], [], 0
    while start < DIGITS:
        number = generator.integers(1, 9)
        drawn, middles = row(digits[start : start + number], generator)
        answers = labels[chosen[start : start + len(middles)]]
        x.append(drawn)
        y.append(answers_of(middles, answers))
        start += len(middles)
    x = np.stack(x)[..., None] * (INK - BACKGROUND) + BACKGROUND
    return np.float32(x), np.stack(y)[:, None]


def of_other_hands(images, seed):
    """Distorted digits, float (n, 32, 32), paper 0 and ink 1."""
    x = distort(tf.convert_to_tensor(to_input(images)), seed, OTHER_HANDS)
    return np.clip((x.numpy()[..., 0] - BACKGROUND) / (INK - BACKGROUND), 0, 1)


def row(digits, generator):
    """Put digits into a row, as many as fit.

    Args:
        digits: float array (n, 32, 32), paper 0 and ink 1.
        generator: `numpy.random.Generator`.

    Returns:
        float array (32, 160); floats, the middle of each digit.
    """
    cuts = [digit[:, (digit > 0.24).any(axis=0)] for digit in digits]
    between = generator.uniform(-6, 6)  # alike in a row, give or take a pixel
    gaps = np.rint(between + generator.normal(0, 1, len(cuts))).astype(int)
    drops = np.rint(generator.normal(0, 1, len(cuts))).clip(-2, 2).astype(int)
    steps = [max(1, cut.shape[1] + gap) for cut, gap in zip(cuts, gaps, strict=True)]
    lefts = np.r_[0, np.cumsum(steps)[:-1]]
    rights = lefts + [cut.shape[1] for cut in cuts]
    number = max(1, int(np.searchsorted(np.maximum.accumulate(rights), WIDTH - 40)))
    margin = generator.integers(16, WIDTH - rights[:number].max() - 15)
    drawn = np.zeros((HEIGHT, WIDTH))
    for cut, left, drop in zip(cuts[:number], lefts + margin, drops, strict=False):
        place = drawn[:, left : left + cut.shape[1]]
        np.maximum(place, ndimage.shift(cut, (drop, 0), order=0), out=place)
    if generator.random() < 0.3:
        drawn = ndimage.gaussian_filter(drawn, generator.uniform(0.3, 0.8))
        drawn /= max(drawn.max(), 0.1)
    return drawn, margin + (lefts + rights)[:number] / 2


def answers_of(middles, labels):
    """What the windows of a row are to answer: the digit in the middle, or none."""
    at = np.arange((WIDTH - HEIGHT) // 4 + 1) * 4 + HEIGHT // 2
    far = np.abs(middles - at[:, None])
    return np.where(far.min(axis=1) <= NEAR, labels[far.argmin(axis=1)], NONE)


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
