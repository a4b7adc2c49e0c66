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
    """Draw pictures with the boxes of their digits, and what the network saw of each.

    That stands beside a picture, and below one that is wide.

    Args:
        readings: list of (picture, digits): an array (rows, columns) or (rows,
            columns, 3), and a list of `rows.Digit`.
        width: float, inches.

    Returns:
        The Figure.
    """
    wide = [picture.shape[1] > 3 * picture.shape[0] for picture, _ in readings]
    heights = [width * (0.3 if is_wide else 0.45) for is_wide in wide]
    figure = plt.figure(figsize=(width, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(wide), 1, height_ratios=heights, squeeze=False)
    for part, is_wide, (picture, digits) in zip(
        parts[:, 0], wide, readings, strict=True
    ):
        first, second = part.subfigures(*((2, 1) if is_wide else (1, 2)))
        ax = first.subplots()
        ax.imshow(picture, cmap="gray")  # where it has no colours
        bare(ax)
        draw_boxes(ax, digits)
        _frames(second, digits, 1 if is_wide else 2)
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


def _frames(figure, digits, least):
    """What the network saw of each digit, its answer above, in so many rows or more."""
    columns = 10 if least == 1 else max(3, int(np.ceil(np.sqrt(2 * len(digits)))))
    rows = max(-(-len(digits) // columns), least)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
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
