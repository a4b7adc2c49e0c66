"""Train LeNet-5: compile it by a recipe, then `fit`, on images that stay bytes.

What `fit` lacks is epochs that can be repeated: here their order and their distortions
depend on the seed, the epoch and the image alone, so that a resumed training sees the
same.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from lenet_keras.checks import (
    check_pairs,
    integer_labels,
    need_tensorflow,
    rescales,
    soft_targets,
)
from lenet_keras.data import gatherer
from lenet_keras.images import (
    STILL,
    affine_maps,
    draw_distortions,
    network_input,
    ranges_of,
    readable,
    to_input,
    warp,
    widen,
)
from lenet_keras.optimizers import (
    CurvatureEstimator,
    StochasticDiagonalLevenbergMarquardt,
)
from lenet_keras.recipes import (
    Recipe,
    compile_model,
    epoch_order,
    is_by_recipe,
    named_recipe,
    variant_of,
)
from lenet_keras.steps import label_check

# Batches of fewer images are gathered many at a time, and parted again.
_FEW = 8

_NOT_OF_FIT = {
    "log_every": "pass callbacks=[EpochLog(every=...)]",
    "shuffle": "the recipe has the order; pass recipe=Recipe(shuffle=...), or use fit",
    "steps_per_epoch": "an epoch is all images; use fit, or pass fewer images",
}


def train(
    model,
    images,
    labels,
    *,
    recipe=None,
    epochs=None,
    batch_size=None,
    distort=None,
    validation_data=None,
    validation_split=0.0,
    sample_weight=None,
    class_weight=None,
    callbacks=None,
    initial_epoch=0,
    seed=0,
    verbose=0,
    **fit_arguments,
) -> keras.callbacks.History:
    """Train a model on images in memory: compile it by a recipe, then `fit`.

    A model that you compiled keeps its optimizer, loss and metrics, and takes the rest
    from the recipe: epochs, batches, order and distortions. One that `train` compiled
    is compiled again, unless it resumes. The same seed, versions, cores and threads
    give the same weights bit by bit, in one go or resumed at `initial_epoch`.

    The paper's optimizer gets a `CurvatureEstimator`, unless the callbacks hold one.

    Args:
        model: `LeNet5` from `build_lenet5`, or any compiled model of such images.
        images: bytes (n, 28, 28), or whatever the model takes, (n, height, width, 1).
        labels: integers (n,), or what the loss takes of n images; for the recipe
            "taught" a teacher's answers, (n, classes).
        recipe: `Recipe`, or a name in `RECIPES`; by default that of the model's
            variant, or, for a model that you compiled, one epoch in batches of 64
            without distortions.
        epochs: int, number of the last epoch, instead of the recipe's.
        batch_size: int, instead of the recipe's.
        distort: False, True or the ranges of `distort`, instead of the recipe's.
        validation_data: as for `fit`; images in a tuple may be bytes, as above.
        validation_split: float, the share of the images to validate on, the last ones.
        sample_weight: floats (n,), what each image counts in the loss; or None.
        class_weight: dict of classes and what their images count; or None.
        callbacks: list of `keras.callbacks.Callback`.
        initial_epoch: int, epochs already done.
        seed: int; with the epoch and the image it decides on order and distortions.
        verbose: as for `fit`, by default silent.
        **fit_arguments: whatever else `fit` takes, such as `validation_freq`.

    Returns:
        `keras.callbacks.History`.

    Raises:
        ValueError: for images and labels that do not go with each other or the model,
            an unknown recipe, or numbers that make no sense.
        RuntimeError: on a Keras backend other than TensorFlow.
    """
    _check_fit_arguments(fit_arguments)
    recipe = _recipe(model, recipe, initial_epoch)
    asked = {"epochs": epochs, "batch_size": batch_size, "distort": distort}
    recipe = replace(recipe, **{k: v for k, v in asked.items() if v is not None})
    is_users = model.compiled and not is_by_recipe(model)
    of_recipe = integer_labels if recipe.temperature is None else soft_targets
    check = label_check(model.loss) if is_users else of_recipe
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight)
    arrays = (*_checked(model, check, images, labels), sample_weight)
    if sample_weight is not None and len(sample_weight) != len(labels):
        raise ValueError(
            "sample_weight must have one number for each image, "
            f"{len(labels):,}; received {len(sample_weight):,}."
        )
    if validation_data is None and validation_split:
        arrays, validation_data = _hold_out(arrays, validation_split)
    images, labels, sample_weight = arrays
    if class_weight is not None:
        sample_weight = _weights_of_classes(labels, class_weight, sample_weight)
    _check_replicas(model, len(images), recipe.batch_size)
    with model.distribute_strategy.scope():
        if not model.compiled or not (is_users or initial_epoch):
            steps = -(-len(images) // recipe.batch_size)
            compile_model(model, recipe, steps * recipe.epochs)
        if not model.optimizer.built:  # else Keras does, and traces the step twice
            model.optimizer.build(model.trainable_weights)
    epoch = _Epoch(len(images), recipe, seed)
    return model.fit(
        epoch.batches(model, images, labels, sample_weight),
        epochs=recipe.epochs,
        validation_data=_ready(model, check, validation_data),
        callbacks=[epoch, *_callbacks(model, images, recipe, callbacks, seed)],
        initial_epoch=initial_epoch,
        shuffle=False,
        verbose=verbose,
        **{"validation_batch_size": 500} | fit_arguments,
    )


class _Epoch(keras.callbacks.Callback):
    """Lay out the order and the distortions of each epoch, where batches read them."""

    def __init__(self, number, recipe, seed):
        super().__init__()
        self.number, self.recipe, self.seed = number, recipe, seed
        self.ranges = ranges_of(recipe.distort)
        # A distribution strategy, which would copy them to each replica, is a matter of
        # the thread.
        with ThreadPoolExecutor(1) as outside:
            outside.submit(self._make_variables).result()

    def _make_variables(self):
        with tf.device("CPU"):  # where tf.data runs
            still = tf.constant([STILL] * self.number)
            self.order = tf.Variable(tf.zeros(self.number, tf.int64))
            self.maps = tf.Variable(affine_maps(still))
            self.strokes = tf.Variable(tf.zeros(self.number))
            copies = self.recipe.copies
            drawn = draw_distortions(self.number * copies, (self.seed, copies))
            self.copies = affine_maps(tf.concat([still, drawn], 0))

    def on_epoch_begin(self, epoch, logs=None):
        self.order.assign(epoch_order(self.number, self.recipe, epoch, self.seed))
        if self.ranges:
            drawn = draw_distortions(self.number, (self.seed, epoch), self.ranges)
            self.maps.assign(affine_maps(drawn))
            self.strokes.assign(drawn[:, -1])

    def batches(self, model, images, labels, sample_weight):
        """The epoch at hand as a `tf.data.Dataset`, for `fit`."""
        size = self.recipe.batch_size
        number_over = self.number % size  # of images; without any, all batches are full
        is_distorted = bool(self.recipe.copies or self.ranges)
        size_read = images.shape[1:3]
        is_own = model.input_shape[1:3] == (28, 28) and not rescales(model)
        if is_distorted and (is_own or size_read not in ((28, 28), (32, 32))):
            raise ValueError(
                "only digits of 28x28 bytes, or what to_input makes of them, can be "
                f"distorted; received images of shape {images.shape[1:]}. Pass "
                "distort=False."
            )

        def ready(pattern, image, *rest):
            x = to_input(image) if is_distorted and image.shape[1] == 28 else image
            if self.recipe.copies:
                x = warp(x, tf.gather(self.copies, pattern))
            if self.ranges:
                place = pattern % self.number
                x = warp(x, tf.gather(self.maps, place))
                if self.ranges["stroke"] != (0, 0):
                    x = widen(x, tf.gather(self.strokes, place))
            x = network_input(model, x)
            known = None if number_over or at_once > size else size
            return tf.ensure_shape(x, (known, *x.shape[1:])), *rest

        at_once = size if size >= _FEW else 256 * size
        arrays = [a for a in (images, labels, sample_weight) if a is not None]
        gather = gatherer(arrays, ready)

        # To look through all of this for control flow would take a second.
        @tf.autograph.experimental.do_not_convert
        def from_here(start):
            return gather(self.order[start : start + at_once])

        dataset = tf.data.Dataset.range(0, self.number, at_once).map(
            from_here, num_parallel_calls=tf.data.AUTOTUNE
        )
        if at_once > size:
            dataset = dataset.unbatch().batch(size, drop_remainder=not number_over)
        steps = tf.data.experimental.assert_cardinality(-(-self.number // size))
        return dataset.apply(steps).prefetch(tf.data.AUTOTUNE)


def _recipe(model, recipe, initial_epoch):
    """The recipe itself, from its name or from what the model is."""
    if recipe is not None:
        return named_recipe(recipe)
    if model.compiled and not is_by_recipe(model):
        return Recipe(epochs=initial_epoch + 1)
    return named_recipe(variant_of(model).name)


def _check_fit_arguments(arguments):
    need_tensorflow("train")
    for name, advice in _NOT_OF_FIT.items():
        if name in arguments:
            raise ValueError(f"train has no argument {name}: {advice}.")


def _check_replicas(model, number, batch_size):
    """Refuse a last batch in which a replica would have no image: TensorFlow breaks."""
    replicas = model.distribute_strategy.num_replicas_in_sync
    last = number % batch_size or batch_size
    if last < replicas:
        raise ValueError(
            f"the model runs on {replicas} replicas, and the last of the batches of "
            f"{batch_size} would hold {last} of the {number} images. Choose another "
            "batch_size, or fewer images."
        )


def _hold_out(arrays, share):
    """Part arrays as `fit` does: the last images are for validation."""
    number = len(arrays[0])
    kept = math.floor(number * (1.0 - share))
    if not 0 < kept < number:
        raise ValueError(
            f"validation_split={share} leaves no image to train or to validate on; "
            f"received {number} images. Choose a share between 0 and 1."
        )
    parts = [
        tuple(array if array is None else array[rows] for array in arrays)
        for rows in (slice(kept), slice(kept, None))
    ]
    return parts


def _checked(model, check, images, labels):
    """Images and labels for `fit`, all of them looked at."""
    images, labels = check_pairs(images, labels)
    images = readable(model, images, is_trained=False)
    if check is not None:
        labels = check(labels, (len(labels), *model.output_shape[1:]), model.name)
    return images, labels


def _weights_of_classes(labels, class_weight, sample_weight):
    """What each image counts, from what its class counts; 1 where nothing is said."""
    if sample_weight is not None:
        raise ValueError(
            "sample_weight and class_weight cannot be given together. Multiply them "
            "into sample_weight."
        )
    classes = labels.argmax(-1) if labels.ndim > 1 else labels
    return np.array([class_weight.get(int(c), 1.0) for c in classes], "float32")


def _ready(model, check, data):
    """Validation data for `fit`: images of a tuple in the form that the model reads."""
    if not isinstance(data, tuple | list):
        return data
    images, labels, *rest = data
    images, labels = _checked(model, check, images, labels)
    return network_input(model, images), labels, *rest


def _callbacks(model, images, recipe, callbacks, seed):
    """The callbacks, and those that the optimizer needs."""
    callbacks = keras.tree.flatten(callbacks or [])
    needed = isinstance(model.optimizer, StochasticDiagonalLevenbergMarquardt)
    if needed and not any(isinstance(c, CurvatureEstimator) for c in callbacks):
        callbacks.insert(0, CurvatureEstimator(images, seed=seed))
    if recipe.average and is_by_recipe(model):
        # What is tested is the average of the weights.
        callbacks.append(keras.callbacks.SwapEMAWeights())
    return callbacks
