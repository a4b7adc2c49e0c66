"""Pictures that move: a slide, and what becomes of it from frame to frame.

A film is a function, as a figure is one. It takes what it needs from the material and
returns a `Film`, whose words are in `words/`, as those of the figures.
"""

from collections.abc import Callable
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from lecture.inside import slopes_of
from lecture.measurements import inside, trained
from lecture.slides import add_caption, head_squares, panels
from lecture.unit import SEEN, unit_that_adds_up
from lenet_keras import paper, plots, to_input
from lenet_keras.evaluation import error_rate
from lenet_keras.images import transform
from lenet_keras.weights import card


class Film(NamedTuple):
    """A slide, the function that draws a frame on it, how many there are, and facts."""

    figure: plt.Figure
    draw: Callable[[int], None]
    frames: int
    facts: dict
    shown: float = 2 / 3  # how far it is where it stands still


def sliding(material):
    """The kernel of a map of C1 goes over a digit, and the map fills."""
    unit = unit_that_adds_up(material)
    side = len(unit.c1)
    places = [(y, x) for y in range(0, side, 2) for x in range(3, side, 6)]
    figure, axes = panels(1, 3, left=0.03, right=0.97, bottom=0.2, top=0.7)
    plots.plot_map(unit.kernel, axes[1], signed=True)
    head_squares(axes, ("the digit", "5x5 weights", f"map {unit.number} of C1"))
    caption = add_caption(figure, "")

    def draw(frame):
        row, column = places[frame]
        window = unit.digit[row : row + 5, column : column + 5]
        total, value = (window * unit.kernel).sum(), unit.c1[row, column]
        caption.set_text(
            f"sum of 25 products {total:.2f}, bias {unit.bias:+.2f}, "
            f"squashed {value:.2f}"
        )
        done = np.arange(side**2) <= row * side + column
        so_far = np.where(done, unit.c1.ravel(), np.nan).reshape(side, side)
        _wipe(axes[0], axes[2])
        plots.plot_map(unit.digit, axes[0], [(row, column, 5, SEEN)])
        look = {"signed": True, "limit": np.abs(unit.c1).max()}
        plots.plot_map(so_far, axes[2], [(row, column, 1, SEEN)], **look)

    return Film(figure, draw, len(places), {"units": side**2})


def learning(material):
    """The first epoch: kernels of C1, drawings of F6, and the error."""
    steps, weights = zip(*material.first_epoch, strict=True)
    model, number = material.learner, 1000
    within = inside(model)
    images = to_input(material.data.test_images[:number])
    labels = material.data.test_labels[:number]
    chosen = [int(np.argmax(labels == digit)) for digit in range(10)]
    codes = np.stack([paper.output_code(digit) for digit in "0123456789"])
    seen = []
    for state in weights:
        model.set_weights(state)
        values = within.predict_on_batch(images)
        drawn = values["f6"][chosen].reshape(10, 12, 7)
        pairs = np.concatenate([drawn[:5], codes[:5], drawn[5:], codes[5:]])
        kernels = np.moveaxis(model.get_layer("c1").kernel.numpy()[:, :, 0], -1, 0)
        seen.append((kernels, pairs, error_rate(labels, values["output"].argmax(-1))))
    errors = [100 * error for *_, error in seen]
    figure, axes = panels(
        1,
        3,
        left=0.04,
        right=0.96,
        bottom=0.16,
        top=0.74,
        wspace=0.3,
        width_ratios=(2.2, 3, 3.2),
    )

    def draw(frame):
        _wipe(*axes)
        kernels, pairs, _ = seen[frame]
        plots.plot_mosaic(kernels, 2, axes[0], signed=True, gap=1)
        plots.plot_mosaic(pairs, 5, axes[1], signed=True)
        axes[2].plot(steps[: frame + 1], errors[: frame + 1], color=plots.BLUE)
        axes[2].plot(steps[frame], errors[frame], "o", color=plots.BLUE)
        axes[2].set(xscale="symlog", yscale="log", xlim=(0, steps[-1]), ylim=(1, 100))
        axes[2].set_xlabel("batches of 64")
        axes[2].set_xticks((0, 1, 10, 100), (0, 1, 10, 100))
        axes[2].set_yticks((1, 10, 100), ("1%", "10%", "100%"))
        headings = "kernels of C1", "F6 over its codes", f"{errors[frame]:.1f}% wrong"
        for ax, heading in zip(axes, headings, strict=True):
            ax.set_title(heading, pad=14)

    halfway = np.sqrt(errors[0] * errors[-1])  # on the logarithmic scale
    there = int(np.argmax(np.array(errors) <= halfway))
    facts = {"steps": steps[-1], "last": errors[-1] / 100}
    facts |= {"batches": steps[there], "halfway": errors[there] / 100}
    return Film(figure, draw, len(steps), facts, shown=1)


def coming_apart(material):
    """Ten classes come apart, layer by layer and batch by batch."""
    steps, weights = zip(*material.first_epoch, strict=True)
    layers = ("input", "s2", "s4", "f6")
    data, model = material.data, material.learner
    number = min(2000, len(data.train_labels))
    within = inside(model)
    learned = to_input(data.train_images[:number]), data.train_labels[:number]
    images, labels = to_input(data.test_images[:200]), data.test_labels[:200]
    model.set_weights(weights[-1])
    values = within.predict_on_batch(learned[0])
    # The two directions in which the classes lie best around a clock's face.
    angles = 2 * np.pi * learned[1] / 10
    face = np.stack([np.sin(angles), np.cos(angles)], 1)
    ways = {
        name: make_pipeline(PCA(40, random_state=0), Ridge()).fit(
            values[name].reshape(number, -1), face
        )
        for name in layers
    }
    points = []
    for state in weights:
        model.set_weights(state)
        values = within.predict_on_batch(images)
        flat = {name: values[name].reshape(len(images), -1) for name in layers}
        points.append([ways[name].predict(flat[name]) for name in layers])
    figure, axes = panels(1, 4, left=0.02, right=0.98, bottom=0.2, top=0.7)
    caption = add_caption(figure, "")

    def draw(frame):
        _wipe(*axes)
        for ax, where in zip(axes, points[frame], strict=True):
            plots.plot_classes(where, labels, ax, size=8)
            ax.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7))
        head_squares(axes, map(_title, layers))
        caption.set_text(f"after {steps[frame]} batches")

    facts = {"steps": steps[-1], "images": len(labels)}
    return Film(figure, draw, len(steps), facts, shown=1)


_LAYERS = ("input", "c1", "s2", "c3", "s4", "c5", "f6", "output")
_COLUMNS = {"c1": 2, "s2": 2, "c3": 4, "s4": 4}  # of the maps of a layer, side by side


def walking_back(material):
    """One step of back-propagation: values go forward, slopes come back."""
    model = material.learner
    step, state = material.first_epoch[len(material.first_epoch) // 2]
    model.set_weights(state)
    label = np.array([4])
    made, slopes, loss = slopes_of(
        inside(model),
        material.digit(4),
        lambda output: model.compute_loss(None, label, output),
    )
    values = {name: _sheet(name, made[name]) for name in _LAYERS}
    slopes = {name: _sheet(name, slopes[name]) for name in _LAYERS}
    figure, axes = panels(
        2, len(_LAYERS), left=0.07, right=0.99, bottom=0.16, top=0.72, hspace=0.08
    )
    caption = add_caption(figure, "")
    each, last = 4, len(_LAYERS) - 1

    def draw(frame):
        place = frame // each
        lit = place if place <= last else 2 * last + 1 - place
        _wipe(*axes.flat)
        for k, name in enumerate(_LAYERS):
            above, below = axes[:, k]
            above.set_title(_title(name), pad=10)
            for ax in (above, below):
                plots.style.bare(ax)
                ax.set_box_aspect(1)
            if k <= place:
                _light(above, values[name], name != "input", place == k)
            if place > last and k >= lit:
                _light(below, slopes[name], True, lit == k)
        axes[0, 0].set_ylabel("value")
        axes[1, 0].set_ylabel("slope")
        forward = f"forward: what each layer makes of it, loss {float(loss):.1f}"
        back = "backward: orange, more of it lowers the loss"
        caption.set_text(forward if place <= last else back)

    facts = {"loss": float(loss), "step": step, "layers": last}
    return Film(figure, draw, (2 * last + 2) * each, facts)


def _title(name):
    return name.upper() if name[-1].isdigit() else name


def _sheet(name, values):
    """What a layer holds for one image, as one picture scaled to its largest value."""
    values = np.asarray(values)[0]
    if values.ndim == 1 or values.shape[:2] == (1, 1):
        values = values.ravel()
        width = {84: 7, 120: 12}.get(values.size, 1)
        sheet = values.reshape(-1, width)
    else:
        maps = np.moveaxis(values, -1, 0)
        columns = _COLUMNS.get(name, 1)
        rows = maps.reshape(-1, columns, *maps.shape[1:])
        sheet = np.block([[each for each in row] for row in rows])
    return sheet / (np.abs(sheet).max() or 1)


def _light(ax, sheet, signed, lit):
    """Show what a layer holds, in a frame where the walk has come to it."""
    plots.plot_map(sheet, ax, signed=signed, limit=1)
    ax.set_aspect("auto")
    if lit:
        ax.spines[:].set(color=SEEN, linewidth=5)


_WAVE = np.array([*range(6), *range(6, -6, -1), *range(-6, 0)])  # there and back
_AMOUNTS = {
    "rotation": 10 * _WAVE,  # degrees
    "scale": 1 - 0.1 * np.abs(_WAVE),
    "shift_x": 1.5 * _WAVE,  # pixels
}


def turning(material):
    """A digit turns, shrinks and shifts: the answer, and the distance to its code."""
    label = 4
    x = to_input(material.digit(label)[None])
    changes = [(kind, amount) for kind, each in _AMOUNTS.items() for amount in each]
    pictures = np.concatenate([transform(x, *change) for change in changes])
    distances = -trained("1998").predict_on_batch(pictures)
    answers = distances.argmin(1)
    turns = _AMOUNTS["rotation"]
    misread = turns[answers[: len(turns)] != label]
    farthest = 1.6 * distances.min(1).max()
    limit = card()["1998-mnist.weights.h5"]["doubt"]["threshold"]
    figure, (left, right) = panels(
        1, 2, left=0.05, right=0.96, bottom=0.19, top=0.76, width_ratios=(1, 1.3)
    )

    def draw(frame):
        _wipe(left, right)
        plots.plot_map(pictures[frame, ..., 0], left)
        left.set_title(_change(*changes[frame]))
        colours = np.where(np.arange(10) == answers[frame], plots.BLUE, "#bbbbbb")
        right.barh(range(10), np.minimum(distances[frame], farthest), color=colours)
        right.set(xlim=(0, farthest), ylim=(9.6, -1.5), yticks=range(10))
        right.axvline(limit, color="black", lw=2)
        right.text(limit + 1, -1, "doubt →", va="center", size="small")
        right.set_xlabel("distance to the code")
        nearest = distances[frame].min()
        is_near = nearest <= limit
        verdict = f"near the code of {answers[frame]}" if is_near else "like no digit"
        right.set_title(f"y = {nearest:.0f}: {verdict}")

    facts = {"step": turns[1], "limit": limit}
    facts |= {"against": misread[misread > 0].min()}
    facts |= {"clockwise": -misread[misread < 0].max()}
    return Film(figure, draw, len(pictures), facts, shown=0.07)  # turned, in doubt


def _change(kind, amount):
    """How a digit is changed, in words."""
    if amount == (kind == "scale"):  # a factor of 1, or 0
        return "as written"
    if kind == "scale":
        return f"× {amount:.1f}"
    if kind == "rotation":
        return f"{abs(amount):g}° {'clockwise' if amount < 0 else 'against the clock'}"
    return f"{abs(amount):g} px to the {'left' if amount < 0 else 'right'}"


def _wipe(*panels):
    """Empty panels, but not of their titles."""
    for ax in panels:
        title = ax.get_title()
        ax.clear()
        ax.set_title(title, pad=14)


def still(film):
    """A film as a figure."""

    def draw(material):
        made = film(material)
        made.draw(min(int(made.shown * made.frames), made.frames - 1))
        return made.figure, made.facts

    draw.__doc__ = film.__doc__
    return draw
