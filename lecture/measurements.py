"""What the figures are drawn from: data, networks, and what they answer."""

import functools

import keras
import numpy as np

import lenet_keras
from lenet_keras.images import network_input


class Unavailable(Exception):
    """A figure cannot be drawn here, for what it shows is not on this machine."""


class Material:
    """What the figures are drawn from; each thing is computed once, when first needed.

    Args:
        data: `data.Data`.
        variant: str, the network to draw; its shipped weights are taken.
    """

    def __init__(self, data, variant="1998"):
        self.data = data
        self.variant = variant
        self._probabilities = {}

    @property
    def other(self):
        """A variant to compare with."""
        return "1998" if self.variant == "modern" else "modern"

    @functools.cached_property
    def model(self):
        """The network to draw."""
        return trained(self.variant)

    @functools.cached_property
    def counts(self):
        """Its parameters and connections, layer by layer."""
        return lenet_keras.count(self.model)

    def probabilities(self, variant=None):
        """Of the test images, (n, classes), by the network or by another variant."""
        variant = variant or self.variant
        if variant not in self._probabilities:
            images = self.data.test_images
            predicted = lenet_keras.predict(trained(variant), images)
            self._probabilities[variant] = predicted
        return self._probabilities[variant]

    def scores(self, variant=None):
        """What the output layer gives for the test images, before any softmax."""
        model, images = trained(variant or self.variant), self.data.test_images
        parts = np.array_split(images, -(-len(images) // 1000))
        inputs = (network_input(model, part) for part in parts)
        return np.concatenate([model.predict_on_batch(each) for each in inputs])

    @property
    def answers(self):
        """Of the network for the test images, (n,)."""
        return self.probabilities().argmax(-1)

    @functools.cached_property
    def mistakes(self):
        """The test images that the network misreads."""
        return lenet_keras.mistakes(self.data.test_labels, self.probabilities())

    @functools.cached_property
    def confusion(self):
        """How often each class of the test images got each answer."""
        return lenet_keras.confusion(self.data.test_labels, self.answers)

    def digit(self, label):
        """The first test image of a class that the network reads rightly."""
        return self.digits(label)[0]

    def digits(self, label):
        """The test images of a class that the network reads rightly."""
        right = (self.data.test_labels == label) & (self.answers == label)
        return self.data.test_images[right]

    def maps(self, image):
        """What each layer makes of an image: a dict of its name and its output.

        Maps (height, width, n), or (units,) where they are of a single unit each.
        """
        outputs = self.inside([lenet_keras.to_input(image[None])])
        return {name: flat(np.asarray(output)[0]) for name, output in outputs.items()}

    @functools.cached_property
    def inside(self):
        """The network with all its layers as outputs."""
        return inside(self.model)

    @functools.cached_property
    def learner(self):
        """The network of 1998 while it learns: `first_epoch` has its weights."""
        keras.utils.set_random_seed(0)
        return lenet_keras.build_lenet5("1998")

    @functools.cached_property
    def first_epoch(self):
        """The learner's weights after some batches of its first epoch.

        Returns:
            List of pairs: a number of batches, from 0 to all, and a list of arrays.
        """
        diary = _Diary(-(-len(self.data.train_labels) // 64))
        lenet_keras.train(
            self.learner,
            self.data.train_images,
            self.data.train_labels,
            epochs=1,
            batch_size=64,
            callbacks=[diary],
        )
        return diary.states


class _Diary(keras.callbacks.Callback):
    """Keep the weights after some batches of a training, the first ones closer."""

    def __init__(self, batches, number=80):
        super().__init__()
        self.kept = {round(each) for each in np.geomspace(1, batches, number)}
        self.states = []

    def on_train_begin(self, logs=None):
        self.states = [(0, self.model.get_weights())]

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 in self.kept:
            self.states.append((batch + 1, self.model.get_weights()))


def inside(model):
    """A network with all its layers as outputs: a model from images to a dict."""
    last = {}  # where a layer squashes in a step of its own, that step counts
    for layer in model.layers:
        if layer.name != "flatten":
            last[layer.name.removesuffix("_squash")] = layer.output
    return keras.Model(model.inputs, last)


def flat(maps):
    """Maps of a single unit each as the units that they are."""
    return maps.ravel() if maps.shape[:2] == (1, 1) else maps


@functools.cache
def trained(variant):
    """A variant with shipped weights."""
    return lenet_keras.build_lenet5(variant, weights="mnist")


def need_mistakes(material):
    """Raise `Unavailable` where no digit is misread."""
    if not material.mistakes:
        raise Unavailable("no digit is misread, so there is no mistake to show.")
