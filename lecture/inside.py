"""Figures of what happens inside: a step of training, gradients, classes, a cover."""

import functools

import keras
import numpy as np
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from lecture.inputs import plainest_mistake
from lecture.measurements import flat, need_mistakes
from lecture.slides import add_caption, panels
from lenet_keras import build_lenet5, plots, to_input
from lenet_keras.evaluation import margins
from lenet_keras.plots.style import name_ends, note

_RATE, _BATCH = 0.5, 64  # of the step of `gradient_step`


def gradient_step(material):
    """The loss along the gradient of a batch, beside what its slope promises."""
    data = material.data
    x, y = to_input(data.train_images[:_BATCH]), data.train_labels[:_BATCH]
    rates = np.linspace(0, 5, 51)
    losses, squared = _losses_along_the_gradient(x, y, rates)
    after = float(np.interp(_RATE, rates, losses))
    promised = losses[0] - squared * rates
    shown = promised > 0.8 * losses.min()
    figure, ax = panels(right=0.83, bottom=0.17)
    ax.plot(rates, losses, color=plots.BLUE)
    ax.plot(rates[shown], promised[shown], "--", color="#666666")
    beside = {"size": "small", "va": "center"}
    end = rates[shown][-1], promised[shown][-1]
    note(ax, "what the slope promises", end, (14, 4), color="#666666", **beside)
    name_ends(ax, [(rates[-1], losses[-1], "the loss", plots.BLUE)])
    for at, height in ((0, losses[0]), (_RATE, after)):
        ax.plot(at, height, "o", color=plots.MARK, ms=16, zorder=3)
    arrow = {"arrowstyle": "->", "color": plots.MARK, "lw": 3, "shrinkB": 10}
    ax.annotate("", (_RATE, after), (0, losses[0]), arrowprops=arrow | {"shrinkA": 10})
    ax.set(
        xlim=(-0.1, rates[-1]),
        xlabel="learning rate of one step",
        ylabel="loss of the 64 images",
    )
    facts = {"rate": _RATE, "before": losses[0], "after": after, "images": _BATCH}
    return figure, facts | {"slope": squared, "best": float(rates[losses.argmin()])}


@functools.cache
def _start():
    """An untrained network, the same each time."""
    keras.utils.set_random_seed(0)
    return build_lenet5("classic")


def _losses_along_the_gradient(x, y, rates):
    """The loss of a batch after a step of each rate, and the squared gradient."""
    model = _start()
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.train_on_batch(x, y)  # a rate of 1: the difference is the gradient
    gradient = [a - b for a, b in zip(before, model.get_weights(), strict=True)]
    losses = []
    for rate in rates:
        pairs = zip(before, gradient, strict=True)
        model.set_weights([weight - rate * step for weight, step in pairs])
        losses.append(model.evaluate(x, y, batch_size=len(y), verbose=0))
    model.set_weights(before)
    return np.array(losses), float(sum(np.sum(step**2) for step in gradient))


_SHAPES = {"c5": (12, 10), "f6": (12, 7), "output": (10, 1)}  # of units, as pictures


def back_propagation(material):
    """What each layer makes of a misread digit, and the slope of the loss in it."""
    need_mistakes(material)
    mistake = plainest_mistake(material)
    image = material.data.test_images[mistake.index]
    made, slopes = forward_and_backward(material, image, mistake.truth)
    space = {"wspace": 0.12, "hspace": 0.25}
    figure, axes = panels(
        2, len(made), left=0.12, right=0.99, bottom=0.02, top=0.72, **space
    )
    for (above, below), name in zip(axes.T, made, strict=True):
        values, slope = _strongest(name, made[name], slopes[name])
        plots.plot_map(values, above, signed=name != "input")
        plots.plot_map(slope, below, signed=True)
        above.set_title(name.title() if len(name) > 2 else name.upper(), pad=12)
    axes[0, 0].set_ylabel("forward →", labelpad=12)
    axes[1, 0].set_ylabel("← slopes", labelpad=12)
    return figure, {"truth": mistake.truth, "given": mistake.answer}


def forward_and_backward(material, image, truth):
    """Of each layer its outputs, and how the loss changes with each of them."""

    def loss_of(score):
        is_probability = bool(np.all(score >= 0))
        log = tf.math.log(score + 1e-7) if is_probability else tf.nn.log_softmax(score)
        return -log[0, truth]

    made, slopes, _ = slopes_of(material.inside, image, loss_of)
    return (
        {name: flat(each.numpy()[0]) for name, each in of.items()}
        for of in (made, slopes)
    )


def slopes_of(within, image, loss_of):
    """Walk an image up through a network, and the gradient of a loss down again.

    Args:
        within: the network with all its layers as outputs, as `measurements.inside`.
        image: bytes (28, 28).
        loss_of: function of the output layer's tensor, that returns the loss.

    Returns:
        Dict of each layer's output, the input first; of the slope of the loss in each;
        and the loss.
    """
    with tf.GradientTape() as tape:
        x = tf.constant(to_input(image[None]))
        tape.watch(x)
        made = within([x])
        loss = loss_of(made["output"])
    made = {"input": x} | {k: v for k, v in made.items() if k != "input"}
    return made, tape.gradient(loss, made), loss


def _strongest(name, values, slopes):
    """Of a layer the map in which the loss is steepest; units as a picture."""
    if values.ndim == 1:
        shape = _SHAPES[name]
        return values.reshape(shape), slopes.reshape(shape)
    k = int(np.square(slopes).sum(axis=(0, 1)).argmax())
    return values[..., k], slopes[..., k]


_LAYERS = {"input": "Input", "s2": "S2", "s4": "S4", "f6": "F6"}
_SHOWN = 250  # digits, few enough to be read


def classes_apart(material):
    """Test digits in the plane that shows most of them, layer by layer."""
    images, labels = material.data.test_images[:1000], material.data.test_labels[:1000]
    made = material.inside([to_input(images)])
    figure, axes = panels(
        1, 4, left=0.01, right=0.99, bottom=0.14, top=0.73, wspace=0.05
    )
    agree = {}
    for ax, (layer, heading) in zip(axes, _LAYERS.items(), strict=True):
        values = np.asarray(made[layer]).reshape(len(labels), -1)
        points = PCA(2, svd_solver="full").fit_transform(values)
        plots.plot_classes(points[:_SHOWN], labels[:_SHOWN], ax, size=9)
        ax.set_title(heading, weight="bold", pad=12)
        ax.set_box_aspect(1.25)
        agree[layer] = _share_beside_its_own(values, labels)
        ax.set_xlabel(f"{agree[layer]:.1%}", labelpad=12)
    facts = {"images": len(labels), "shown": min(_SHOWN, len(labels))}
    return figure, facts | {"first": agree["input"], "last": agree["f6"]}


def _share_beside_its_own(values, labels):
    """How many digits have one of their own class as the nearest other."""
    nearest = NearestNeighbors(n_neighbors=2).fit(values).kneighbors(values)[1][:, 1]
    return float(np.mean(labels[nearest] == labels))


_COVER = 7  # pixels


def occlusion(material):
    """How sure the answer is while a patch of paper covers each place of a digit."""
    label = 4
    image = material.digit(label)
    places = [
        (row, column) for row in range(29 - _COVER) for column in range(29 - _COVER)
    ]
    covered = np.repeat(image[None], len(places), axis=0)
    for picture, (row, column) in zip(covered, places, strict=True):
        picture[row : row + _COVER, column : column + _COVER] = 0
    scores = material.model.predict_on_batch(to_input(covered))
    answers = scores.argmax(-1)
    sure = np.where(answers == label, 1, -1) * margins(scores)
    worst = int(sure.argmin())
    figure, axes = panels(
        1, 3, left=0.03, right=0.97, bottom=0.17, top=0.73, wspace=0.15
    )
    frame = [(*places[worst], _COVER, plots.MARK)]
    plots.plot_map(image, axes[0], frame)
    plots.plot_map(covered[worst], axes[1], frame)
    side = 29 - _COVER
    around = np.full(image.shape, np.nan)
    half = _COVER // 2
    around[half : half + side, half : half + side] = sure.reshape(side, side)
    plots.plot_map(around, axes[2], signed=True)
    read = int(answers[worst])
    for ax, heading in zip(
        axes,
        (f"read as {label}", f"covered: {read}", f"{len(places)} places of the cover"),
        strict=True,
    ):
        ax.set_title(heading, pad=14)
    add_caption(figure, f"purple: still read as {label}; orange: as another digit")
    facts = {"digit": label, "side": _COVER, "read": read, "places": len(places)}
    return figure, facts | {"wrong": int(np.sum(answers != label))}
