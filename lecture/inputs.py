"""Figures of what the network reads: digits, their numbers, their distortions.

A figure is a function. It takes from the material what it needs, draws it on a slide,
and returns the drawing with the facts that its words name. So no number is typed twice:
titles, alt texts and speaker notes are in `words/`, with placeholders for the facts.
"""

import numpy as np

from lecture.measurements import need_mistakes
from lecture.slides import fit, fit_numbers, panels, size_titles
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
    """Ten test digits, of which the network misreads one; it does not say which."""
    need_mistakes(material)
    data, wrong = material.data, material.mistakes
    trap = plainest_mistake(material)
    rest = [k for k in range(10) if k != trap.truth]
    shown = np.array([trap.index, *(_first_right(material, k) for k in rest)])
    shown = np.random.default_rng(trap.index).permutation(shown)
    letters = "ABCDEFGHIJ"
    figure = plots.plot_images(data.test_images[shown], letters, columns=5)
    place = int(np.flatnonzero(shown == trap.index)[0])
    facts = {"truth": trap.truth, "given": trap.answer, "place": letters[place]}
    facts |= {"wrong": len(wrong), "images": len(data.test_labels)}
    facts |= {"error": len(wrong) / len(data.test_labels)}
    return fit(figure, hspace=0.3), facts | {"variant": material.variant}


def plainest_mistake(material):
    """The mistake that another network reads rightly with most confidence."""
    truths = [m.truth for m in material.mistakes]
    seen = material.probabilities(material.other)[[m.index for m in material.mistakes]]
    return material.mistakes[int(seen[range(len(truths)), truths].argmax())]


def _first_right(material, label):
    """The place of the first test image of a class that is read rightly."""
    right = (material.data.test_labels == label) & (material.answers == label)
    return int(np.argmax(right))


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
    space = {"wspace": 0.1, "width_ratios": (3, 3, 5)}
    figure, axes = panels(1, 3, left=0.02, right=0.98, bottom=0.08, top=0.72, **space)
    frames = [(2, 2, 28, "#777777"), (top, left, 4, plots.MARK)]
    plots.plot_map(padded, axes[0], frames)
    plots.plot_numbers(padded[window], axes[1], "d")
    plots.plot_numbers(values[window], axes[2], ".3f")
    headings = "28x28 in 32x32", "bytes", "-0.1 + 0.005 · byte"
    for ax, heading in zip(axes, headings, strict=True):
        ax.set_title(heading, pad=14)
    for ax in axes[1:]:
        ax.set_box_aspect(axes[1].bbox.width / ax.bbox.width)  # all of one height
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
