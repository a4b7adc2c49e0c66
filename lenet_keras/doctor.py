"""Check what LeNet-5 needs to train here, and how to mend what is missing."""

import importlib.metadata
import os
import sys
from typing import NamedTuple

PYTHON_FLOOR, PYTHON_CEILING = (3, 11), (3, 14)
FLOORS = {"tensorflow": (2, 20), "keras": (3, 10)}


class Check(NamedTuple):
    """One thing looked at: whether it is good, what was found, how to mend it."""

    name: str
    good: bool
    found: str
    mend: str
    optional: bool = False


def checks():
    """Look at Python, TensorFlow, Keras, the GPU, MNIST and the weights."""
    return [_python(), *map(_package, FLOORS), _backend(), _gpu(), _mnist(), _weights()]


def _python():
    good = PYTHON_FLOOR <= sys.version_info[:2] < PYTHON_CEILING
    mend = "Install Python 3.11, 3.12 or 3.13: TensorFlow has no wheels for others."
    return Check("Python", good, ".".join(map(str, sys.version_info[:3])), mend)


def _package(name):
    floor = ".".join(map(str, FLOORS[name]))
    mend = f"pip install '{name}>={floor}'"
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, False, "not installed", mend)
    good = tuple(map(int, version.split(".")[:2])) >= FLOORS[name]
    return Check(name, good, version, mend)


def _backend():
    from lenet_keras.quiet import quiet_start

    mend = "Unset KERAS_BACKEND, or set it to tensorflow; then pip install tensorflow."
    try:
        with quiet_start():
            import keras

            keras.ops.zeros(())
    except Exception as error:  # whatever keeps Keras from starting is the finding
        return Check("Keras starts", False, f"{type(error).__name__}: {error}", mend)
    backend = keras.backend.backend()
    return Check("Keras starts", backend == "tensorflow", f"on {backend}", mend)


def _gpu():
    try:
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
    except ImportError:
        gpus = []
    mend = (
        "None needed. On Linux or WSL2 with an NVIDIA GPU: "
        "pip install 'tensorflow[and-cuda]'."
    )
    found = ", ".join(gpu.name for gpu in gpus) or "none: training on the CPU"
    return Check("GPU", bool(gpus), found, mend, optional=True)


def _mnist():
    mend = (
        "Connect to the network once, or set LENET_KERAS_DATA to a folder with the "
        "four IDX files of MNIST. The bundled digits work without: --data digits."
    )
    try:
        from lenet_keras.data import load

        data = load("mnist")
    except (ImportError, OSError, ValueError) as error:
        return Check("MNIST", False, str(error), mend, optional=True)
    where = os.environ.get("LENET_KERAS_DATA", "Keras' cache")
    images = f"{len(data.train_images)} + {len(data.test_images)} images"
    return Check("MNIST", True, f"{images} in {where}", mend)


def _weights():
    from lenet_keras.model import VARIANTS, WEIGHTS

    missing = [v for v in VARIANTS if not (WEIGHTS / f"{v}-mnist.weights.h5").is_file()]
    found = f"none for {', '.join(missing)}" if missing else "all six variants"
    mend = "Train them: lenet5 train --variant VARIANT."
    return Check("trained weights", not missing, found, mend, optional=True)
