"""LeNet-5 as drawn in Figure 2 of LeCun et al. (1998), in the Keras functional API.

One builder, six variants: the network of the paper and the five simplified ones that
everybody teaches. Section II-B describes the layers; `VARIANTS` holds the differences.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import keras
from keras import layers

import lenet_keras.optimizers  # noqa: F401  a saved model may hold ours
from lenet_keras.hints import check_name
from lenet_keras.layers import (
    CoveringConv2D,
    EuclideanRBF,
    FanInUniform,
    SparselyConnectedConv2D,
    Subsampling,
    scaled_tanh,
)
from lenet_keras.losses import MaximumAPosteriori, SparseMeanSquaredError
from lenet_keras.paper import C3_INPUTS

WEIGHTS = Path(__file__).parent / "weights"

_MENDS = (
    "pad 28x28 images with lenet_keras.to_input, or build the model with "
    "include_preprocessing=True"
)
_INPUT = f"input ({_MENDS})"


@dataclass(frozen=True)
class Variant:
    """What one LeNet-5 does differently from another; `dataclasses.replace` makes more.

    Args:
        name: str, for messages and file names.
        activation: squashing function of C1, C3, C5 and F6.
        subsampling: "average", "max" or "trained" (`Subsampling`), in S2 and S4.
        squash_subsampling: bool, whether S2 and S4 are squashed too.
        c3_table: the S2 maps that each C3 map reads, or None for all of them.
        c5: "convolution" (5x5) or "dense" (on the 400 values of S4).
        output: "softmax", "logits" or "rbf" (`EuclideanRBF`).
        loss: Keras loss on integer labels that the variant is trained with.
        initializer: class of the initial weights of all trained kernels.
    """

    name: str
    activation: str | Callable = "tanh"
    subsampling: str = "average"
    squash_subsampling: bool = False
    c3_table: tuple[tuple[int, ...], ...] | None = None
    c5: str = "convolution"
    output: str = "softmax"
    loss: keras.losses.Loss = field(
        default_factory=keras.losses.SparseCategoricalCrossentropy
    )
    initializer: type = keras.initializers.GlorotUniform


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("classic"),
        Variant("dense", c5="dense"),
        Variant("sigmoid", activation="sigmoid", loss=SparseMeanSquaredError()),
        Variant(
            "tanh",
            squash_subsampling=True,
            output="logits",
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        ),
        Variant(
            "1998",
            activation=scaled_tanh,
            subsampling="trained",
            squash_subsampling=True,
            c3_table=C3_INPUTS,
            output="rbf",
            loss=MaximumAPosteriori(),
            initializer=FanInUniform,
        ),
        Variant("modern", activation="relu", subsampling="max"),
    )
}


def build_lenet5(
    variant="classic",
    *,
    input_shape=None,
    classes=10,
    include_preprocessing=False,
    weights=None,
    name=None,
):
    """Build LeNet-5 (Section II-B, Figure 2).

    A larger output means a likelier class in every variant, so that argmax and Keras'
    metrics serve all. An input wider or higher than 32 gives a map of answers, one
    every 4 pixels (Section VII).

    Args:
        variant: str, one of `VARIANTS`, or a `Variant`.
        input_shape: (height, width, 1), at least (32, 32, 1); None for a free length.
            Default (32, 32, 1), or (28, 28, 1) with `include_preprocessing`.
        classes: int, number of classes; or str, one printable character a class.
        include_preprocessing: bool, whether the model takes bytes 0 to 255 of 28x28
            and pads and scales them itself, as `keras.applications` models do.
        weights: None (untrained), "mnist" (shipped), or the path of a weights file.
        name: str, the model's name; default "lenet5_" and the variant's name.

    Returns:
        `keras.Model`, float32 (batch, 32, 32, 1) -> (batch, classes): probabilities,
        logits ("tanh") or negative squared distances ("1998"). For a larger input
        (batch, rows, columns, classes).

    Raises:
        ValueError: for an unknown variant or weights name, a class count or an input
            shape that does not fit. FileNotFoundError: for a missing weights file.
    """
    v = _variant(variant)
    labels = _class_labels(v, classes)
    height, width = _check_shape(v, input_shape, include_preprocessing)
    squash, start = v.activation, v.initializer

    x = inputs = keras.Input((height, width, 1), name="input")
    if include_preprocessing:
        x = layers.ZeroPadding2D(2, name="pad")(x)  # 28x28 -> 32x32, byte 0 is white
        x = layers.Rescaling(0.005, offset=-0.1, name="rescale")(x)  # -0.1 to 1.175
    x = layers.Conv2D(6, 5, activation=squash, kernel_initializer=start(), name="c1")(x)
    x = _subsample(v, x, name="s2")  # 14x14x6
    x = _c3(v)(x)  # 10x10x16
    x = _subsample(v, x, name="s4")  # 5x5x16
    x = _c5(v, x)  # 120, or a map of them
    x = layers.Dense(84, activation=squash, kernel_initializer=start(), name="f6")(x)
    outputs = _output(v, labels)(x)

    model = keras.Model(inputs, outputs, name=name or f"lenet5_{v.name}")
    if not include_preprocessing:
        # Keras prints the name of an input that does not fit: let it carry the mends.
        model.input_spec = [
            keras.layers.InputSpec(
                shape=model.input_shape, allow_last_axis_squeeze=True, name=_INPUT
            )
        ]
    if weights is not None:
        _load_weights(model, v, weights, len(labels))
    return model


def _subsample(v, x, name):
    """S2 or S4: half the height and width."""
    squash = v.activation if v.squash_subsampling else "linear"
    if v.subsampling == "trained":
        return Subsampling(activation=squash, name=name)(x)
    pooling = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}
    x = pooling[v.subsampling](pool_size=2, name=name)(x)
    return (
        layers.Activation(squash, name=f"{name}_squash")(x) if squash != "linear" else x
    )


def _c3(v):
    """C3: 16 maps, each reading the S2 maps that the table gives it, or all six."""
    if v.c3_table is None:
        return layers.Conv2D(
            16,
            5,
            activation=v.activation,
            kernel_initializer=v.initializer(),
            name="c3",
        )
    return SparselyConnectedConv2D(v.c3_table, 5, activation=v.activation, name="c3")


def _c5(v, x):
    """C5: 120 units that each see all of S4; on 32x32 its maps are single units."""
    size = {"activation": v.activation, "kernel_initializer": v.initializer()}
    if v.c5 == "dense":
        return layers.Dense(120, name="c5", **size)(layers.Flatten(name="flatten")(x))
    x = CoveringConv2D(120, 5, name="c5", **size)(x)
    return layers.Flatten(name="flatten")(x) if x.shape[1:3] == (1, 1) else x


def _output(v, labels):
    """The output layer: one unit a class."""
    if v.output == "rbf":
        return EuclideanRBF(labels, name="output")
    activation = {"softmax": "softmax", "logits": None}[v.output]
    return layers.Dense(len(labels), activation=activation, name="output")


def _variant(variant):
    """The variant itself, from its name."""
    if isinstance(variant, Variant):
        return variant
    check_name("variant", variant, VARIANTS)
    return VARIANTS[variant]


def _class_labels(v, classes):
    """One character, or number, for each class."""
    if isinstance(classes, str):
        if len(set(classes)) != len(classes) or len(classes) < 2:
            raise ValueError(
                "classes as a string must hold two or more different characters, one "
                f"a class; received {classes!r}."
            )
        return classes
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 2:
        raise ValueError(
            "classes must be a whole number of at least 2 or a string of characters; "
            f"received {classes!r}."
        )
    if v.output != "rbf":
        return range(classes)
    if classes > 10:
        raise ValueError(
            f"The {v.name!r} output needs a picture for each class, and there are ten "
            f"digits; received classes={classes}. Pass the characters themselves, for "
            "instance classes='ABCDEFGHIJK'."
        )
    return "0123456789"[:classes]


def _check_shape(v, input_shape, include_preprocessing):
    """Height and width of the input, with advice where they do not fit."""
    smallest = 28 if include_preprocessing else 32
    shape = (smallest, smallest, 1) if input_shape is None else tuple(input_shape)
    if len(shape) != 3 or shape[2] != 1:
        raise ValueError(
            "input_shape must be (height, width, 1): LeNet-5 reads one grey channel; "
            f"received {shape}."
        )
    for length in shape[:2]:
        if length is not None and length < smallest:
            raise ValueError(
                f"input_shape must be at least ({smallest}, {smallest}, 1), or two 5x5 "
                "convolutions and two halvings leave nothing for C5; received "
                f"{shape}. For MNIST, {_MENDS}."
            )
    if v.c5 == "dense" and shape != (smallest, smallest, 1):
        raise ValueError(
            f"The {v.name!r} variant has a dense C5, which reads exactly "
            f"({smallest}, {smallest}, 1); received {shape}. Use a variant with a "
            "convolution there, such as 'classic'."
        )
    return shape[:2]


def _load_weights(model, v, weights, classes):
    """Load weights by name or path: all or none."""
    file = _weights_file(v, weights, classes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras only warns of a part it skips
            model.load_weights(file)
    except Exception as error:  # h5py and Keras each raise their own kinds
        raise ValueError(
            f"The weights do not fit the {v.name!r} variant with {classes} classes, or "
            f"the file is damaged; received {str(file)!r}. Take weights saved from the "
            "same variant."
        ) from error


def _weights_file(v, weights, classes):
    """The file behind a weights name or path."""
    shipped = {
        file.name.removesuffix(".weights.h5").removeprefix(f"{v.name}-"): file
        for file in sorted(WEIGHTS.glob(f"{v.name}-*.weights.h5"))
    }
    if weights in shipped:
        if classes != 10:
            raise ValueError(
                f"weights={weights!r} were trained for 10 classes; received "
                f"classes={classes}. Use weights=None and train."
            )
        return shipped[weights]
    if not str(weights).endswith(".weights.h5"):
        names = ", ".join(map(repr, shipped)) or "no shipped weights for this variant"
        raise ValueError(
            f"weights must be None, a shipped name ({names}) or the path of a "
            f".weights.h5 file; received {weights!r}."
        )
    if not Path(weights).is_file():
        raise FileNotFoundError(
            f"There is no weights file {str(weights)!r}. Save one with "
            "model.save_weights('my.weights.h5'), or use weights=None."
        )
    return weights


def load_model(path):
    """Load a model saved as `.keras`, in safe mode, with our layers known to Keras.

    Args:
        path: str or Path.

    Returns:
        `keras.Model`, compiled if it was saved so.

    Raises:
        FileNotFoundError, ValueError: for a missing file, or one that is no model.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no model {str(path)!r}. Train one with lenet5 train, which says "
            "where it saves it."
        )
    try:
        return keras.models.load_model(path)
    except Exception as error:  # h5py, zipfile and Keras each raise their own kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"{str(path)!r} is not a readable .keras model ({reason}). It may be cut "
            "short or of another kind: save it again with model.save('my.keras')."
        ) from error
