"""Trained weights with their card, and recorded trainings: where they are, by name."""

import functools
import json
import re
import warnings
from pathlib import Path

import h5py
import keras
import numpy as np

from lenet_keras.hints import printable
from lenet_keras.layers import CoveringConv2D
from lenet_keras.safety import check_archive, check_hdf5

FOLDER = Path(__file__).parent

_ENDINGS = (".weights.h5", ".h5", ".hdf5", ".keras", ".weights.json", ".npz")
# How Keras words a shape that does not fit, in files of its own and of Keras 2.
_MISFITS = (
    r"variable\.shape=(?P<wanted>\([^)]*\)).*value\.shape=(?P<found>\([^)]*\))"
    r".*path=(?P<layer>[^/,]+)",
    r"named (?P<layer>[^)]+)\).*expects shape (?P<wanted>\([^)]*\))"
    r".*with shape (?P<found>\([^)]*\))",
)


def shipped_weights(variant):
    """The trained weights of a variant: a dict of their names and their files.

    Args:
        variant: str, the name of a variant.
    """
    prefix, ending = f"{variant}-", ".weights.h5"
    return {
        file.name.removeprefix(prefix).removesuffix(ending): file
        for file in sorted(FOLDER.glob(f"{prefix}*{ending}"))
    }


@functools.cache
def card():
    """What was measured of each file of shipped weights, by its name; a dict.

    Its "doubt" says from which distance to a code on ("distance"), or up to which
    probability ("probability"), an answer is in doubt.
    """
    return json.loads((FOLDER / "card.json").read_text(encoding="utf-8"))


def load_weights(model, variant, weights, classes):
    """Load weights into a model: all or none.

    Args:
        model: `keras.Model` from `build_lenet5`.
        variant: str, the name of its variant.
        weights: str or Path: a shipped name, or a file.
        classes: int, its classes.

    Raises:
        ValueError: for an unknown name, or a file that does not fit or is damaged.
        FileNotFoundError: for a missing file.
    """
    file = _file(variant, weights, classes)
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", UserWarning)
            _check(file)
            _read_weights(model, file)
        if said:  # Keras only warns of a part that it skips
            raise said[0].message
    except Exception as error:  # h5py and Keras each raise their own kinds
        raise ValueError(
            f"The weights in {str(file)!r} do not fit the {variant!r} variant with "
            f"{classes} classes, or the file is damaged: "
            f"{printable(_reason(error))}. Take weights saved from the same variant."
        ) from error


def _reason(error):
    """What Keras says of weights that do not fit, in a line, without their values."""
    text = str(error)
    for misfit in _MISFITS:
        if found := re.search(misfit, text):
            layer, got, wanted = map(found.group, ("layer", "found", "wanted"))
            return f"for {layer} it has {got}, and {wanted} is expected"
    lines = [line for line in text.splitlines() if line and "A total of" not in line]
    return lines[0].rstrip(".") if lines else type(error).__name__


def _check(file):
    """Refuse a file whose weights lie in other files, beside its own shards."""
    file = Path(file)
    if file.suffix in (".keras", ".npz"):
        return check_archive(file)
    if file.suffix != ".json":
        return check_hdf5(file)
    shards = json.loads(file.read_text("utf-8"))["weight_map"].values()
    for name in {name for names in shards for name in names}:
        if Path(name).name != name:
            raise ValueError(f"its part {name!r} does not lie beside it")
        check_hdf5(file.parent / name)
    return None


def _read_weights(model, file):
    """Load a file of weights; version 0.1 knew C5 as a layer of its own kind."""
    if str(file).endswith(".npz"):
        return _read_npz(model, file)
    if not _knows_covering_conv2d(file):
        return model.load_weights(file)

    def as_then(layer):
        kind = CoveringConv2D if layer.name == "c5" else type(layer)
        return kind.from_config(layer.get_config())

    then = keras.models.clone_model(model, clone_function=as_then)
    then.load_weights(file)
    return model.set_weights(then.get_weights())


def _read_npz(model, file):
    """Load an .npz of arrays named as the layers' weights: "c1/kernel" and so on."""
    with np.load(file, allow_pickle=False) as arrays:  # no code
        found = {name: arrays[name] for name in arrays.files}
    wanted = {weight.path: weight for weight in model.weights}
    if odd := sorted(set(found) ^ set(wanted)):
        raise ValueError(f"it lacks, or has beyond the network's own, {', '.join(odd)}")
    for name, weight in wanted.items():
        array = found[name]
        if array.shape != weight.shape:
            raise ValueError(
                f"for {name} it has {array.shape}, "
                f"and {tuple(weight.shape)} is expected"
            )
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ValueError(f"{name} has values that are not finite numbers")
    model.set_weights([found[weight.path] for weight in model.weights])


def _knows_covering_conv2d(file):
    if not str(file).endswith(".weights.h5"):
        return False
    with h5py.File(file) as groups:
        return "layers/covering_conv2d" in groups


def _file(variant, weights, classes):
    """The file behind a weights name or path."""
    shipped = shipped_weights(variant)
    if weights in shipped:
        if classes != 10:
            raise ValueError(
                f"weights={weights!r} were trained for 10 classes; received "
                f"classes={classes}. Use weights=None and train."
            )
        return shipped[weights]
    if not str(weights).endswith(_ENDINGS):
        names = ", ".join(map(repr, shipped)) or "no shipped weights for this variant"
        raise ValueError(
            f"weights must be None, a shipped name ({names}) or the path of a file "
            f"that Keras' load_weights opens, or of NumPy ({', '.join(_ENDINGS)}); "
            f"received {weights!r}."
        )
    if not Path(weights).is_file():
        raise FileNotFoundError(
            f"There is no weights file {str(weights)!r}. Save one with "
            "model.save_weights('my.weights.h5'), or use weights=None."
        )
    return weights


def histories(variant=None, recipe=None):
    """The recorded trainings of the full recipes, three seeds or more.

    Args:
        variant: str, only the runs of this variant; None for all.
        recipe: str, only the runs of this recipe, such as "paper"; None for all.

    Returns:
        List of dicts: "variant", "recipe", "images" (of the training set), "seed", and
        a list with one value an epoch for each of "accuracy", "loss" (on the fly),
        "val_accuracy" and "val_loss" (on the test images). Some have "wrong", the
        indices of the test images that the network gets wrong in the end.

    Raises:
        FileNotFoundError: if no trainings were recorded.
        ValueError: if none of them fits.
    """
    runs = _recorded("histories.json")
    wanted = {"variant": variant, "recipe": recipe}
    wanted = {key: value for key, value in wanted.items() if value is not None}
    chosen = [run for run in runs if wanted.items() <= run.items()]
    if not chosen:
        there = sorted({(run["variant"], run["recipe"]) for run in runs})
        raise ValueError(
            f"There is no recorded training with {wanted}; there are {there}. Ask for "
            "one of these."
        )
    return chosen


def ladder():
    """The recorded trainings of the ladder from 1998 to today, rung by rung.

    Returns:
        List of dicts as those of `histories`, and in each "rung", the label in
        `LADDER`, and "order", its place. The lowest rung is the paper's own training.

    Raises:
        FileNotFoundError: if no trainings were recorded.
    """
    lowest = [
        {"rung": "1998", "order": 0} | run
        for run in histories("1998", "paper")
        if run["images"] == 60_000
    ]
    rest = _recorded("ladder.json", "python benchmarks/ladder.py")
    return lowest + sorted(rest, key=lambda run: (run["order"], run["seed"]))


def _recorded(name, command="a full training"):
    """The list of runs in a file beside the weights."""
    path = FOLDER / name
    if not path.is_file():
        raise FileNotFoundError(
            f"There are no recorded trainings in {path.name!r}: the file beside the "
            f"shipped weights is missing. Install the package again, or make it by "
            f"{command}."
        )
    return json.loads(path.read_text("utf-8"))
