"""Photographs that were read: the way to the frame, and the boxes of the digits."""

import matplotlib.pyplot as plt
import numpy as np

from lenet_keras.plots.style import BLUE, VERMILION, bare

# What each of `photograph.steps` shows, and whether its ink is the high end.
_STEPS = {
    "picture": ("the picture", False),
    "near": ("where the digit is", False),
    "ink": ("darker than its paper", True),
    "strokes": ("the digit alone", True),
    "frame": ("as MNIST has it", True),
}


def plot_steps(steps, size=2.2):
    """Draw the way from a photograph to the frame, one picture a step.

    Args:
        steps: dict of arrays (rows, columns), as `photograph.steps` returns it.
        size: float, inches a picture.

    Returns:
        The Figure.
    """
    figure, axes = plt.subplots(
        1, len(steps), figsize=(size * len(steps), size + 0.4), layout="constrained"
    )
    for ax, (name, values) in zip(axes, steps.items(), strict=True):
        title, is_ink = _STEPS[name]
        ax.imshow(values, cmap="binary" if is_ink else "gray", interpolation="nearest")
        ax.set_title(title)
        bare(ax)
    return figure


def plot_readings(readings, width=9):
    """Draw pictures with the boxes of their digits, and beside them what was seen.

    Args:
        readings: list of (picture, digits): an array (rows, columns) or (rows,
            columns, 3), and a list of `rows.Digit`.
        width: float, inches.

    Returns:
        The Figure.
    """
    figure = plt.figure(figsize=(width, 0.45 * width * len(readings)))
    parts = figure.subfigures(len(readings), 1, squeeze=False)[:, 0]
    for part, (picture, digits) in zip(parts, readings, strict=True):
        left, right = part.subfigures(1, 2)
        ax = left.subplots()
        ax.imshow(picture, cmap="gray")  # where it has no colours
        bare(ax)
        draw_boxes(ax, digits)
        _frames(right, digits)
    return figure


def draw_boxes(ax, digits, width=2):
    """Draw the box of each digit that was read, in another colour where it is doubtful.

    Args:
        ax: matplotlib Axes that show the picture.
        digits: list of `rows.Digit`.
        width: float, points of the lines.
    """
    for digit in digits:
        top, start, bottom, end = digit.box
        colour = VERMILION if digit.is_doubtful else BLUE
        box = plt.Rectangle((start, top), end - start, bottom - top, fill=False)
        ax.add_patch(box).set(edgecolor=colour, linewidth=width)


def _frames(figure, digits):
    """What the network saw of each digit, its answer above."""
    columns = max(3, int(np.ceil(np.sqrt(2 * len(digits)))))
    rows = -(-len(digits) // columns)
    axes = figure.subplots(max(rows, 2), columns, squeeze=False).ravel()
    for ax in axes[len(digits) :]:
        ax.remove()
    for ax, digit in zip(axes, digits, strict=False):
        ax.imshow(digit.input[..., 0], cmap="binary")
        mark = "?" if digit.is_doubtful else ""
        ax.set_title(
            f"{digit.answer}{mark}  {digit.certainty:.0%}",
            color=VERMILION if digit.is_doubtful else "black",
            fontsize="small",
        )
        bare(ax)
