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


@pytest.fixture(scope="session")
def models(digits):
    """Each variant, trained a little: weights at their start hide rounding."""
    import keras

    from lenet_keras.training import train

    keras.utils.set_random_seed(0)
    models = {name: lenet_keras.build_lenet5(name) for name in lenet_keras.VARIANTS}
    for model in models.values():
        train(model, digits.train_images, digits.train_labels, epochs=2)
    return models


@pytest.fixture(scope="session")
def pages(models, tmp_path_factory):
    """The page of each of them."""
    folder = tmp_path_factory.mktemp("pages")
    return {
        name: lenet_keras.export_page(model, folder / f"{name}.html").path
        for name, model in models.items()
    }


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium: playwright's own, or one that is installed."""
    film = pytest.importorskip("lecture.filmstrip", reason="make browser fetches it")
    with film.sync_playwright() as playwright:
        try:
            browser = film.launched(playwright)
        except film.Error as error:
            pytest.skip(f"Chromium does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()
