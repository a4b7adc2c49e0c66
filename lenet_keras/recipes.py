"""How each variant is trained: the recipes, and the ladder from 1998 to today.

A recipe is an optimizer with its learning rate, a loss, a number of epochs, and what an
epoch is: which images, in which order, distorted how.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import keras
import numpy as np

from lenet_keras.checks import check_count
from lenet_keras.hints import check_name
from lenet_keras.images import DISTORTIONS, ranges_of
from lenet_keras.losses import (
    MaximumAPosteriori,
    MaximumLikelihood,
    SmoothedCrossentropy,
    SoftTargetCrossentropy,
    SparseMeanSquaredError,
)
from lenet_keras.model import VARIANTS, Variant
from lenet_keras.optimizers import StochasticDiagonalLevenbergMarquardt

# By this name `train` knows an optimizer of its own again, also in a file.
_BY_RECIPE = "by_recipe"
# In fewer steps than these the learning rate of "sgd" does not rise to its peak.
_FULL_RISE = 30
_OPTIMIZERS = {
    "sgd": partial(keras.optimizers.SGD, momentum=0.9, nesterov=True),
    "adamw": partial(keras.optimizers.AdamW, weight_decay=0.01),
    "sdlm": StochasticDiagonalLevenbergMarquardt,
}


# What kind of output these losses read; of others the answers mean something else.
_READS = {
    MaximumLikelihood: "rbf",
    MaximumAPosteriori: "rbf",
    SparseMeanSquaredError: "softmax",
}


@dataclass(frozen=True)
class Recipe:
    """How to train a variant; chosen on the last 5,000 training images of MNIST.

    The learning rate rises linearly for a fifth of the steps, then falls as a cosine;
    the paper's optimizer has its own schedule. Where that fifth is short, as in one
    epoch of few images, "sgd" rises less high.

    Args:
        optimizer: "sgd" (Nesterov momentum 0.9), "adamw", or the paper's, "sdlm"
            (`StochasticDiagonalLevenbergMarquardt`).
        learning_rate: float, the peak; None for "sdlm".
        epochs: int, passes over as many images as the training set has.
        batch_size: int, images per step.
        label_smoothing: float, the share of the target that all classes divide among
            them, where the recipe has no loss of its own.
        distort: whether to distort each image, again in each epoch: False, True, or the
            ranges of `distort`, such as `OTHER_HANDS`.
        copies: int, distorted copies of each image that join the training set for
            good; an epoch then sees one image in `copies` + 1.
        shuffle: bool, whether each epoch has an order of its own, or all the same.
        average: bool, whether the weights end as their running mean over about the last
            tenth of the steps; the learning rate then stays above a fifth of the peak,
            for there must be a spread to average.
        loss: Keras loss; None for the cross-entropy that goes with the output.
        temperature: float, of a teacher's answers, probabilities (n, classes), which
            then stand in for the labels; None for labels.

    Raises:
        ValueError: for an unknown optimizer, numbers that make no sense, and what does
            not go together.
    """

    optimizer: str = "sgd"
    learning_rate: float | None = 0.3
    epochs: int = 10
    batch_size: int = 64
    label_smoothing: float = 0.2
    distort: bool | Mapping = False
    copies: int = 0
    shuffle: bool = True
    average: bool = False
    loss: keras.losses.Loss | None = None
    temperature: float | None = None

    def __post_init__(self):
        check_name("optimizer", self.optimizer, _OPTIMIZERS)
        if (self.learning_rate is None) != (self.optimizer == "sdlm"):
            raise ValueError(
                'optimizer="sdlm" has its own schedule, and goes with '
                "learning_rate=None; the others need a learning_rate. Received "
                f"{self.optimizer!r} and {self.learning_rate!r}."
            )
        if self.optimizer == "sdlm" and self.average:
            raise ValueError(
                'optimizer="sdlm" keeps no mean of the weights: leave out '
                "average=True, or take another optimizer."
            )
        ranges_of(self.distort)
        check_count("epochs", self.epochs)
        check_count("batch_size", self.batch_size)
        if self.copies:
            check_count("copies", self.copies)
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(
                "label_smoothing must be at least 0 and less than 1; received "
                f"{self.label_smoothing!r}."
            )
        for name in ("learning_rate", "temperature"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name} must be above 0; received {value!r}.")


# Section III: one pattern at a time, in a constant random order, for 20 passes; with
# distortions, 540,000 more patterns and passes of the same length.
_PAPER = Recipe(
    "sdlm", None, 20, batch_size=1, shuffle=False, loss=MaximumAPosteriori()
)

# Today one turns the digits as well.
_TURNED = DISTORTIONS | {"rotation": (-7.0, 7.0)}

# The recipe of each variant, by its name; then the paper's own, and today's best.
RECIPES = {
    "classic": Recipe(),
    "dense": Recipe(),
    "sigmoid": Recipe(
        "adamw", 3e-3, epochs=12, batch_size=32, loss=SparseMeanSquaredError()
    ),
    "tanh": Recipe(),
    "1998": Recipe("adamw", 3e-3, 12, distort=True, loss=MaximumAPosteriori()),
    "modern": Recipe("adamw", 3e-3, label_smoothing=0, distort=True),
    "paper": _PAPER,
    "paper-distorted": replace(_PAPER, copies=9),
    "best": Recipe(
        "adamw", 3e-3, 100, label_smoothing=0.1, distort=_TURNED, average=True
    ),
    # The images are distorted before the teacher sees them: benchmarks/taught.py.
    "taught": Recipe("adamw", 3e-3, 8, average=True, temperature=2.0),
}

# Ten epochs of the "1998" recipe, with no distortions: from its second rung on, the
# ladder changes the network only, then adds the distortions.
_TODAY = replace(RECIPES["1998"], epochs=10, label_smoothing=0, distort=False)
_CROSSENTROPY = replace(_TODAY, loss=None)


class Rung(NamedTuple):
    """One step on the way from 1998 to today: a network, and how it is trained."""

    label: str
    variant: Variant
    recipe: Recipe


def _ladder(lowest, *steps):
    """The rungs: each step is a label and what it changes on the rung below."""
    rungs = [lowest]
    for label, changes in steps:
        _, variant, recipe = rungs[-1]
        recipe = changes.pop("recipe", recipe)
        rungs.append(Rung(label, replace(variant, **changes), recipe))
    return tuple(rungs)


# From the paper's network and training to today's, one change a rung.
LADDER = _ladder(
    Rung("1998", VARIANTS["1998"], RECIPES["paper"]),
    ("AdamW, batches of 64", {"recipe": _TODAY}),
    ("C3 reads all maps", {"c3_table": None}),
    ("average pooling", {"subsampling": "average"}),
    ("no squashing after it", {"squash_subsampling": False}),
    ("softmax, cross-entropy", {"output": "softmax", "recipe": _CROSSENTROPY}),
    ("Glorot's start", {"initializer": keras.initializers.GlorotUniform}),
    ("ReLU", {"activation": "relu"}),
    ("max pooling", {"subsampling": "max"}),
    ("distortions", {"recipe": replace(_CROSSENTROPY, distort=True)}),
)


def compile_model(model, recipe, steps):
    """Compile a LeNet-5 with a recipe's optimizer and loss.

    Args:
        model: `LeNet5` from `build_lenet5`.
        recipe: `Recipe`, or a name in `RECIPES`.
        steps: int, steps of the whole training, over which the learning rate runs.

    Raises:
        ValueError: for an unknown recipe, or a model that does not say which variant it
            is.
    """
    recipe, variant = named_recipe(recipe), variant_of(model)
    optimizer = optimizer_for(recipe, steps, name=_BY_RECIPE)
    # By its name Keras would make the metric while it traces the first step, and then
    # trace it again.
    if recipe.temperature is None:
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    else:
        accuracy = keras.metrics.CategoricalAccuracy(name="accuracy")
    model.compile(optimizer, loss_for(recipe, variant), metrics=[accuracy])


def optimizer_for(recipe, steps, **named):
    """The optimizer of a recipe, with its learning rate over the steps of a training.

    Args:
        recipe: `Recipe`.
        steps: int.
        **named: `name`, where it is not to be Keras' own.
    """
    kind = _OPTIMIZERS[recipe.optimizer]
    if recipe.learning_rate is None:  # it has a schedule of its own
        return kind(**named)
    ema = {"use_ema": recipe.average, "ema_momentum": max(0.0, 1 - 10 / steps)}
    return kind(_one_cycle(recipe, steps), **ema, **named)


def is_by_recipe(model):
    """Whether `compile_model` compiled a model, also before it was saved."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    return optimizer.name == _BY_RECIPE


def named_recipe(recipe):
    """The recipe itself, or the one of a name.

    Raises:
        ValueError: for a name that is not in `RECIPES`.
    """
    if isinstance(recipe, Recipe):
        return recipe
    check_name("recipe", recipe, RECIPES)
    return RECIPES[recipe]


def epoch_order(number, recipe, epoch, seed):
    """The patterns of an epoch; those beyond `number` are copies of the images.

    Without shuffling, the epochs go round and round one constant random order.

    Args:
        number: int, images in the training set.
        recipe: `Recipe`.
        epoch: int, counted from 0.
        seed: int.

    Returns:
        int64 array (number,): patterns, 0 to number * (1 + copies) - 1.
    """
    total = number * (1 + recipe.copies)
    if recipe.shuffle:
        return np.random.default_rng((seed, epoch)).permutation(total)[:number]
    order = np.random.default_rng(seed).permutation(total)
    return order.take(np.arange(epoch * number, (epoch + 1) * number), mode="wrap")


def variant_of(model):
    """The variant that a model says it is."""
    variant = getattr(model, "variant", None)
    if variant is None:
        raise ValueError(
            f"The model {model.name!r} does not say which variant it is, so that there "
            "is no recipe for it. Compile it before training, or build it with "
            "build_lenet5."
        )
    return variant


def loss_for(recipe, variant):
    """The loss of a recipe, or the cross-entropy that reads a variant's kind of output.

    Args:
        recipe: `Recipe`, or a name in `RECIPES`.
        variant: `Variant`.

    Returns:
        `keras.losses.Loss` on integer labels, or on a teacher's answers.

    Raises:
        ValueError: for an unknown name, or a loss that reads another kind of output.
    """
    recipe = named_recipe(recipe)
    if recipe.loss is not None:
        for kind, output in _READS.items():
            if isinstance(recipe.loss, kind) and variant.output != output:
                raise ValueError(
                    f"The recipe's loss, {type(recipe.loss).__name__}, reads an output "
                    f"of {output!r}; received a variant with output="
                    f"{variant.output!r}. Name a recipe without a loss of its own, "
                    "such as 'best'."
                )
        return recipe.loss
    from_logits = variant.output != "softmax"
    # Two digits' codes are at a squared distance of 124 on average. Over 20 it is a
    # lead of 6: near the 4.5 of the right class where targets are smoothed by 0.1.
    unit = 20.0 if variant.output == "rbf" else 1.0
    if recipe.temperature is not None:
        return SoftTargetCrossentropy(recipe.temperature * unit, from_logits)
    if not recipe.label_smoothing:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    return SmoothedCrossentropy(recipe.label_smoothing, from_logits, unit)


def _one_cycle(recipe, steps):
    """The learning rate of each step: a linear rise, then half a cosine."""
    warm_up = steps // 5
    peak = recipe.learning_rate
    if recipe.optimizer == "sgd":  # after a steep rise a network answers one class
        peak *= min(1.0, (max(warm_up, 1) / _FULL_RISE) ** 0.5)
    return keras.optimizers.schedules.CosineDecay(
        peak / 10,
        decay_steps=steps - warm_up,
        alpha=0.2 if recipe.average else 0.0,
        warmup_target=peak,
        warmup_steps=warm_up,
    )
