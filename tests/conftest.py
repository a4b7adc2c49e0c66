"""What several test files share: quiet TensorFlow, matplotlib without a screen.

Imports of the package stand where they are used: the process that only hands the tests
to others need not wait for TensorFlow.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest


@pytest.fixture(scope="session", autouse=True)
def all_cores():
    """As a reader's script begins: the step has its branches."""
    import lenet_keras

    lenet_keras.use_all_cores()


@pytest.fixture(autouse=True)
def same_draws(all_cores):
    """Each test draws the same numbers, whichever came before it."""
    import keras

    keras.utils.set_random_seed(0)


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
def models():
    """Each variant with its shipped weights: weights at their start hide rounding."""
    from lenet_keras import VARIANTS, build_lenet5

    return {name: build_lenet5(name, weights="mnist") for name in VARIANTS}


@pytest.fixture(scope="session")
def pages(models, tmp_path_factory):
    """The page of each of them."""
    from lenet_keras import export_page

    folder = tmp_path_factory.mktemp("pages")
    return {
        name: export_page(model, folder / f"{name}.html").path
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
