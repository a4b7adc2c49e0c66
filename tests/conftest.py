"""What several test files share: quiet TensorFlow, matplotlib without a screen."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest

import lenet_keras

lenet_keras.use_all_cores()  # as a reader's script begins: the step has its branches


@pytest.fixture(scope="session")
def digits():
    """The bundled digits: real data that every machine has."""
    from lenet_keras.data import load

    return load("digits")


@pytest.fixture(scope="session")
def mnist():
    """MNIST, where a folder with it is named."""
    from lenet_keras.data import load

    if "LENET_KERAS_DATA" not in os.environ:
        pytest.skip("MNIST is not here: LENET_KERAS_DATA names no folder")
    return load("mnist")


@pytest.fixture
def random_images():
    """Eight inputs of the network's range, from a fixed seed."""
    generator = np.random.default_rng(0)
    return generator.uniform(-0.1, 1.175, (8, 32, 32, 1)).astype("float32")
