"""Figures of what the network reads: digits, their numbers, their distortions.

A figure is a function. It takes from the material what it needs, draws it on a slide,
and returns the drawing with the facts that its words name. So no number is typed twice:
titles, alt texts and speaker notes are in `words/`, with placeholders for the facts.
"""

import numpy as np

from lecture.slides import fit, fit_numbers, head_squares, panels, size_titles
from lenet_keras import distort, paper, plots, to_input
from lenet_keras.images import DISTORTIONS, distort_by

_DATA_NAMES = {"mnist": "MNIST", "digits": "scikit-learn's digits"}
_KINDS = {
    "shift_x": "shift across",
    "shift_y": "shift down",
    "scale": "scale",
    "squeeze": "squeeze",
    "shear": "shear",
}


def opening(material):
    """A test digit of each class, with the network's answer."""
    labels = material.data.test_labels
    chosen = [int(np.argmax(labels == digit)) for digit in range(10)]
    best = material.probabilities()[chosen]
    titles = [f"{row.argmax()}: {row.max():.0%}" for row in best]
    figure = plots.plot_images(material.data.test_images[chosen], titles, columns=5)
    wrong = len(material.mistakes)
    facts = {"wrong": wrong, "images": len(labels), "error": wrong / len(labels)}
    return fit(figure, hspace=0.3), facts | {"variant": material.variant}


def digits(material):
    """Training images of each class, and how many there are."""
    images, labels = material.data.train_images, material.data.train_labels
    columns = 13
    first = [np.flatnonzero(labels == digit)[:columns] for digit in range(10)]
    space = {"wspace": 0.02, "width_ratios": (7.4, 4)}
    figure, (left, right) = panels(
        1, 2, left=0.05, right=0.99, bottom=0.02, top=0.74, **space
    )
    plots.plot_mosaic(images[np.concatenate(first)], columns, left)
    left.set_title("training images")
    counts = np.bincount(labels, minlength=10)
    plots.plot_bars({k: int(n) for k, n in enumerate(counts)}, right)
    right.set_title("how many")
    right.set_ylim(9.5, -0.5)
    right.margins(x=0.45)
    name = _DATA_NAMES.get(material.data.name, material.data.name)
    facts = {"train": len(labels), "test": len(material.data.test_labels)}
    facts |= {"least": counts.min() / len(labels), "most": counts.max() / len(labels)}
    return figure, facts | {"data": name}


def input_values(material):
    """A digit in 32x32 pixels, and the bytes and inputs of a window of it."""
    image = material.digit(3)
    padded = np.pad(image, 2)
    values = to_input(image[None])[0, ..., 0]
    top, left = _edge(padded)
    window = np.s_[top : top + 4, left : left + 4]
    figure, axes = panels(1, 3, left=0.03, bottom=0.1, top=0.72, wspace=0.12)
    frames = [(2, 2, 28, "#777777"), (top, left, 4, plots.MARK)]
    plots.plot_map(padded, axes[0], frames)
    plots.plot_numbers(padded[window], axes[1], "d")
    plots.plot_numbers(values[window], axes[2], ".3f")
    head_squares(axes, ("32x32, the digit in 28x28", "bytes", "-0.1 + 0.005 · byte"))
    for ax in axes[1:]:
        fit_numbers(ax)
    return figure, {"paper": paper.BACKGROUND, "ink": paper.INK}


def _edge(image, size=4):
    """Top and left of the window with most different bytes."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    ordered = np.sort(windows.reshape(*windows.shape[:2], -1))
    different = np.count_nonzero(np.diff(ordered), axis=-1)
    top, left = np.unravel_index(different.argmax(), different.shape)
    return int(top), int(left)


def distortions(material):
    """One digit, distorted in each way by the least and the largest amount."""
    x = to_input(material.digit(3)[None])
    kinds = [name for name, ends in DISTORTIONS.items() if ends[0] != ends[1]]
    together = np.asarray(distort(x, (0, 4)))[0]
    pictures = [(x[0], "\noriginal"), *(_distorted(x, kind, 0) for kind in kinds)]
    pictures += [(together, "\nall at once"), *(_distorted(x, k, 1) for k in kinds)]
    images, titles = zip(*pictures, strict=True)
    figure = plots.plot_images(np.stack(images), titles, columns=len(kinds) + 1)
    size_titles(figure)
    return fit(figure, top=0.68, hspace=0.45, wspace=0.12), {"kinds": len(kinds)}


def _distorted(x, kind, end):
    """A digit distorted in one way by its least or largest amount, and a title."""
    still = {name: float(name in ("scale", "squeeze")) for name in DISTORTIONS}
    amount = DISTORTIONS[kind][end]
    amounts = list((still | {kind: amount}).values())
    picture = np.asarray(distort_by(x, np.float32([amounts])))[0]
    return picture, f"{_KINDS[kind]}\n{amount:g}"
