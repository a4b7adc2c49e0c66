"""LeNet-5 as drawn in Figure 2 of LeCun et al. (1998), in the Keras functional API.

One builder, six variants: the network of the paper and the five simplified ones that
everyone teaches. Section II-B describes the layers; `VARIANTS` holds the differences.
"""

import functools
import inspect
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import keras
from keras import layers

from lenet_keras import fused, steps
from lenet_keras.checks import is_count
from lenet_keras.hints import check_name, printable
from lenet_keras.layers import (
    CoveringConv2D,
    EuclideanRBF,
    FanInUniform,
    SparselyConnectedConv2D,
    Subsampling,
    chain,
    scaled_tanh,
)
from lenet_keras.paper import BACKGROUND, C3_INPUTS, PER_BYTE
from lenet_keras.safety import check_archive
from lenet_keras.weights import load_weights

_register = keras.saving.register_keras_serializable("lenet_keras")


@_register
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
        initializer: class of the initial weights of C1, C5, F6 and a full C3.

    Raises:
        ValueError: for another kind of subsampling, of C5 or of output.
    """

    name: str
    activation: str | Callable = "tanh"
    subsampling: str = "average"
    squash_subsampling: bool = False
    c3_table: tuple[tuple[int, ...], ...] | None = None
    c5: str = "convolution"
    output: str = "softmax"
    initializer: type = keras.initializers.GlorotUniform

    def __post_init__(self):
        check_name("subsampling", self.subsampling, ("average", "max", "trained"))
        check_name("c5", self.c5, ("convolution", "dense"))
        check_name("output", self.output, ("softmax", "logits", "rbf"))

    @property
    def loss(self):
        """Moved: a variant is a network, and how it is trained is its recipe's."""
        raise AttributeError(
            "a Variant has no loss any more, it belongs to the recipe: "
            f"loss_for(RECIPES[{self.name!r}], variant)."
        )

    def get_config(self):
        config = {field.name: getattr(self, field.name) for field in fields(self)}
        config["activation"] = keras.activations.serialize(
            keras.activations.get(self.activation)
        )
        config["initializer"] = keras.initializers.serialize(self.initializer())
        return config

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        if not isinstance(config["activation"], str):
            config["activation"] = keras.activations.get(config["activation"])
        config["initializer"] = type(keras.initializers.get(config["initializer"]))
        if config["c3_table"] is not None:
            config["c3_table"] = tuple(map(tuple, config["c3_table"]))
        return cls(**config)


# Every LeNet-5 that `build_lenet5` knows, by its name.
VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("classic"),
        Variant("dense", c5="dense"),
        Variant("sigmoid", activation="sigmoid"),
        Variant("tanh", squash_subsampling=True, output="logits"),
        Variant(
            "1998",
            activation=scaled_tanh,
            subsampling="trained",
            squash_subsampling=True,
            c3_table=C3_INPUTS,
            output="rbf",
            initializer=FanInUniform,
        ),
        Variant("modern", activation="relu", subsampling="max"),
    )
}

_LAST = {"data_format": "channels_last"}  # whatever Keras is set to

_FIXES = (
    "pad 28x28 images with lenet_keras.to_input, or build the model with "
    "include_preprocessing=True"
)


@_register
class LeNet5(keras.Model):
    """A functional Keras model that knows which LeNet-5 it is, and is fast.

    `build_lenet5` makes it. All that Keras does with a model it does with this one,
    with the same numbers. `fit`, `evaluate` and `predict` are faster on a CPU: a step
    is that of `fused`, where it is Keras' own mathematics, and `fit` takes a hundred at
    once, where no callback needs to see each. The module `steps` decides.

    Attributes:
        variant: `Variant`, or None for a model that does not say.
        training_step: str, which step the last training ran, and why; None before.
    """

    def __init__(self, *args, variant=None, **kwargs):
        super().__init__(*args, **kwargs)
        if isinstance(variant, dict):  # as a file has it
            variant = keras.saving.deserialize_keras_object(variant)
        self.variant = variant or _variant_by_name(self)  # clones are told nothing
        self.training_step = None
        self._traced, self._hurries = {}, False
        if not any(isinstance(layer, layers.Rescaling) for layer in self.layers):
            # Keras prints the name of an input that does not fit: let it say the fixes.
            self.input_spec = keras.layers.InputSpec(
                shape=self.input_shape,
                allow_last_axis_squeeze=True,
                name=f"input ({_FIXES})",
            )

    def get_config(self):
        variant = keras.saving.serialize_keras_object(self.variant)
        return super().get_config() | {"variant": variant}

    @property
    def distribute_strategy(self):
        """Where the model runs, as TensorFlow's strategy."""
        strategy = super().distribute_strategy
        is_one = strategy.num_replicas_in_sync == 1
        return steps.Untuned(strategy) if is_one else strategy

    def train_step(self, *arguments):
        """One step of training, called by `fit`; see `training_step`."""
        if keras.backend.backend() != "tensorflow":
            return super().train_step(*arguments)
        batch = keras.utils.unpack_x_y_sample_weight(*arguments)
        obstacle = self._of_another_class() or steps.obstacle(self, *batch[:2])
        if obstacle:
            self.training_step = f"Keras' own, since {obstacle}"
            return super().train_step(*arguments)
        self.training_step = f"fused, branches: {fused.branches(batch[0].shape[0])}"
        return fused.train_step(self, *batch)

    def test_step(self, *arguments):
        """One step of `evaluate`, and of validation in `fit`."""
        batch = keras.utils.unpack_x_y_sample_weight(arguments[-1])
        if self._answers_as_keras(batch[0]):
            return super().test_step(*arguments)
        return fused.test_step(self, *batch)

    def predict_step(self, *arguments):
        """One step of `predict`."""
        x, *_ = keras.utils.unpack_x_y_sample_weight(arguments[-1])
        if self._answers_as_keras(x):
            return super().predict_step(*arguments)
        return fused.answers(self, x)

    def _answers_as_keras(self, x):
        """Whether a batch is to be answered by Keras' own way."""
        if keras.backend.backend() != "tensorflow":
            return True
        return bool(self._of_another_class() or steps.obstacle_to_answers(self, x))

    def _of_another_class(self):
        name = type(self).__name__
        return None if type(self) is LeNet5 else f"{name} is another class"

    def make_train_function(self, force=False):
        self._traced = {} if force else self._traced
        return super().make_train_function(force)

    def make_test_function(self, force=False):
        self._traced = {} if force else self._traced
        return super().make_test_function(force)

    def fit(self, *args, **kwargs):
        if self._hurries:  # a callback of another `fit` asks
            with steps.at_once(self, 1):
                return self.fit(*args, **kwargs)
        given = inspect.signature(super().fit).bind(*args, **kwargs).arguments
        given |= steps.checked(self, given)
        number = steps.number_at_once(self, given)
        given["callbacks"] = steps.guarded(given, number)
        if number == self.steps_per_execution:
            return super().fit(**given)
        with steps.at_once(self, number):
            return super().fit(**given)

    def evaluate(self, *args, **kwargs):
        of_fit = isinstance(kwargs.get("callbacks"), keras.callbacks.CallbackList)
        if of_fit or not self._hurries:
            return super().evaluate(*args, **kwargs)
        # A callback of `fit` asks: it may want fewer steps than go at once.
        with steps.at_once(self, 1):
            return super().evaluate(*args, **kwargs)

    def predict(self, *args, **kwargs):
        if not self._hurries:
            return super().predict(*args, **kwargs)
        # A callback of `fit` asks; here Keras would write out every step at once.
        with steps.at_once(self, 1):
            return super().predict(*args, **kwargs)

    def export(self, *args, **kwargs):
        # Keras writes ONNX only of what was called, and the fused steps call no model.
        self(keras.ops.zeros([1, *(length or 32 for length in self.input_shape[1:])]))
        return super().export(*args, **kwargs)


# As a decorator it would hide from type checkers that these are methods.
functools.update_wrapper(LeNet5.fit, keras.Model.fit)
functools.update_wrapper(LeNet5.evaluate, keras.Model.evaluate)
functools.update_wrapper(LeNet5.predict, keras.Model.predict)
functools.update_wrapper(LeNet5.export, keras.Model.export)


def build_lenet5(
    variant: str | Variant = "classic",
    *,
    input_shape: tuple[int | None, ...] | None = None,
    classes: int | str = 10,
    include_preprocessing: bool = False,
    weights: str | Path | None = None,
    name: str | None = None,
) -> LeNet5:
    """Build LeNet-5 (Section II-B, Figure 2).

    A larger output means a likelier class in every variant, so that argmax and Keras'
    metrics serve all. An input wider or higher than 32 gives a map of answers, one
    every 4 pixels (Section VII).

    Args:
        variant: str, one of `VARIANTS`, or a `Variant`.
        input_shape: (height, width, 1), at least (32, 32, 1); None for a free length.
            Default (32, 32, 1), or (28, 28, 1) with `include_preprocessing`.
        classes: int, number of classes; or str, one printable character per class.
        include_preprocessing: bool, whether the model takes bytes 0 to 255 of 28x28
            and pads and scales them itself, as `keras.applications` models do.
        weights: None (untrained), "mnist" (shipped), or the path of a weights file.
        name: str, the model's name; by default such as "lenet5_classic".

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

    x = inputs = keras.Input((height, width, 1), name="input")
    if include_preprocessing:
        x = layers.ZeroPadding2D(2, name="pad", **_LAST)(x)  # 32x32, paper is 0
        x = layers.Rescaling(PER_BYTE, BACKGROUND, name="rescale")(x)  # -0.1 to 1.175
    x = layers.Conv2D(6, 5, name="c1", **_squashed(v), **_LAST)(x)  # 28x28x6
    x = _subsample(v, x, name="s2")  # 14x14x6
    x = _c3(v)(x)  # 10x10x16
    x = _subsample(v, x, name="s4")  # 5x5x16
    x = _c5(v, x)  # 120, or a map of them
    x = layers.Dense(84, name="f6", **_squashed(v))(x)
    outputs = _output(v, labels)(x)

    model = LeNet5(inputs, outputs, variant=v, name=name or f"lenet5_{v.name}")
    if weights is not None:
        load_weights(model, v.name, weights, len(labels))
    return model


def _squashed(v):
    """The squashing function of a layer, and a start of its own."""
    return {"activation": v.activation, "kernel_initializer": v.initializer()}


def _subsample(v, x, name):
    """S2 or S4: half the height and width."""
    squash = v.activation if v.squash_subsampling else "linear"
    if v.subsampling == "trained":
        return Subsampling(activation=squash, name=name)(x)
    pooling = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}
    x = pooling[v.subsampling](2, name=name, **_LAST)(x)
    return (
        layers.Activation(squash, name=f"{name}_squash")(x) if squash != "linear" else x
    )


def _c3(v):
    """C3: 16 maps, each reading the S2 maps that the table gives it, or all six."""
    if v.c3_table is None:
        return layers.Conv2D(16, 5, name="c3", **_squashed(v), **_LAST)
    return SparselyConnectedConv2D(v.c3_table, 5, activation=v.activation, name="c3")


def _c5(v, x):
    """C5: 120 units that each see all of S4; on 32x32 its maps are single units."""
    flatten = layers.Flatten(name="flatten", **_LAST)
    if v.c5 == "dense":
        return layers.Dense(120, name="c5", **_squashed(v))(flatten(x))
    x = layers.Conv2D(120, 5, name="c5", **_squashed(v), **_LAST)(x)
    return flatten(x) if x.shape[1:3] == (1, 1) else x


def _output(v, labels):
    """The output layer: one unit per class."""
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
                f"per class; received {classes!r}."
            )
        return classes
    if not is_count(classes) or classes < 2:
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
                f"{shape}. For MNIST, {_FIXES}."
            )
    if v.c5 == "dense" and shape != (smallest, smallest, 1):
        raise ValueError(
            f"The {v.name!r} variant has a dense C5, which reads exactly "
            f"({smallest}, {smallest}, 1); received {shape}. Use a variant with a "
            "convolution there, such as 'classic'."
        )
    return shape[:2]


def load_model(path: str | Path) -> keras.Model:
    """Load a model saved as `.keras`, in safe mode, with our layers known to Keras.

    No other format is opened: not `.h5`, whose models can carry code. Nor is a file
    that names code, refers to another file, or takes more than 256 MB unpacked.

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
        _check_is_keras_file(path)
        check_archive(path)
        model = keras.models.load_model(path, safe_mode=True)
    except Exception as error:  # h5py, zipfile and Keras each raise their own kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"{str(path)!r} is not a readable .keras model: {printable(reason)}. Copy "
            "it again, or save it again with model.save('my.keras')."
        ) from error
    return model if isinstance(model, LeNet5) else _as_lenet5(model)


def _check_is_keras_file(path):
    with open(path, "rb") as file:
        begins = file.read(4)
    if begins == b"\x89HDF":
        raise ValueError("it is an HDF5 file, which can carry code")
    if not zipfile.is_zipfile(path):
        is_begun = begins[:2] in (b"PK", b"")
        raise ValueError("it is cut short" if is_begun else "it is of another kind")
    if path.suffix != ".keras":
        raise ValueError("its name does not end in .keras")


def _as_lenet5(model):
    """The model of a file of version 0.1 as a `LeNet5`; any other as it is."""
    variant = _variant_by_name(model)
    if variant is None:
        return model
    again = LeNet5(model.input, model.output, variant=variant, name=model.name)
    if model.compiled:
        settings = keras.saving.deserialize_keras_object(model.get_compile_config())
        again.compile(**settings | {"optimizer": model.optimizer})
    return again


def _variant_by_name(model):
    """The variant whose name and whose very layers a model has, or None."""
    variant = VARIANTS.get(model.name.removeprefix("lenet5_"))
    return variant if variant and is_built_as(model, variant) else None


def is_built_as(model, variant):
    """Whether a model has the layers of a variant, as `build_lenet5` makes them.

    Args:
        model: `keras.Model`.
        variant: `Variant`.
    """
    try:
        stack = chain(model)
        output = stack[-1]
        twin = build_lenet5(
            variant,
            input_shape=model.input_shape[1:],
            classes=getattr(output, "classes", None) or output.units,
            include_preprocessing=isinstance(stack[0], layers.ZeroPadding2D),
        )
    except (AttributeError, IndexError, TypeError, ValueError):
        return False
    return list(map(_settings, stack)) == list(map(_settings, chain(twin)))


def _settings(layer):
    """What decides what a layer computes from its weights, ready to compare."""
    kind = layers.Conv2D if type(layer) is CoveringConv2D else type(layer)
    config = layer.get_config()
    how_it_learns = ("trainable", "dtype", "initializer", "regularizer", "constraint")
    return kind, {
        key: value
        for key, value in config.items()
        if not key.endswith(how_it_learns) and value is not None
    }
