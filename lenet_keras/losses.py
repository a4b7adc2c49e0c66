"""The criteria of LeNet-5 (LeCun et al., 1998, Section II-C), as Keras losses.

The paper's two read the scores of `EuclideanRBF`, which are its penalties y_i with the
sign turned: s_i = -y_i. All return one value per sample, so that they are right under
any batch size, sample weight and distribution strategy. They take integer labels, of
which one that is no class gives NaN; `SoftTargetCrossentropy` takes probabilities.
"""

import keras
from keras import ops

_register = keras.saving.register_keras_serializable("lenet_keras")


@_register
class MaximumLikelihood(keras.losses.Loss):
    """The penalty of the right class alone: y_D (eq. 8).

    Nothing pushes the wrong classes away; with fixed output codes it still learns.

    Call arguments:
        y_true: int tensor (batch,), the right classes D.
        y_pred: float tensor (batch, classes), scores s_i = -y_i.
    """

    def call(self, y_true, y_pred):
        return -_right_score(y_true, y_pred)


@_register
class MaximumAPosteriori(keras.losses.Loss):
    """The discriminative criterion: y_D + log(e^-j + sum_i e^-y_i) (eq. 9).

    It is the cross-entropy of the scores with one more class, "rubbish", whose penalty
    j is constant: wrong classes are pushed away, but not those already worse than j.
    Where all penalties are far above j, e^-j drowns the sum and eq. 9 is eq. 8 less j.
    The paper does not print j; 10 was chosen on validation images: docs/1998.md.

    Args:
        j: float > 0, the penalty of the rubbish class, in units of y.

    Call arguments: as for `MaximumLikelihood`.

    Raises:
        ValueError: if j is not positive.
    """

    def __init__(self, j=10.0, reduction="sum_over_batch_size", name=None, **kwargs):
        if not j > 0:
            raise ValueError(f"j must be a positive penalty; received j={j}.")
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.j = j

    def call(self, y_true, y_pred):
        rubbish = ops.full_like(y_pred[..., :1], -self.j)
        everything = ops.logsumexp(ops.concatenate([y_pred, rubbish], -1), axis=-1)
        return everything - _right_score(y_true, y_pred)

    def get_config(self):
        return super().get_config() | {"j": self.j}


@_register
class SparseMeanSquaredError(keras.losses.Loss):
    """The mean squared difference to one-hot targets, from integer labels.

    What LeNet-5 tutorials call "the original loss": the paper's own eq. 8 is a squared
    distance too, but to its output codes.

    Call arguments:
        y_true: int tensor (batch,), the right classes.
        y_pred: float tensor (batch, classes), probabilities.
    """

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(_one_hot(y_true, y_pred) - y_pred), axis=-1)


@_register
class SmoothedCrossentropy(keras.losses.Loss):
    """The cross-entropy to targets that leave a small share to every class.

    With the right class at 1, its logit is pulled up for ever; below 1 it has a place
    to rest, and a higher learning rate holds. Not in the paper: Szegedy et al.,
    "Rethinking the Inception Architecture", Section 7 (2015).

    Args:
        smoothing: float, 0 to 1, the share that all classes divide among them.
        from_logits: bool, whether the scores are logits instead of probabilities.
        temperature: float > 0, by which logits are divided. Distances to output codes
            need it: a lead as small as the targets ask for is far from every code.

    Call arguments:
        y_true: int tensor (batch,), the right classes.
        y_pred: float tensor (batch, classes), probabilities or logits.

    Raises:
        ValueError: if the temperature is not positive, or not 1 for probabilities.
    """

    def __init__(
        self,
        smoothing=0.1,
        from_logits=False,
        temperature=1.0,
        reduction="sum_over_batch_size",
        name=None,
        **kwargs,
    ):
        if not temperature > 0 or (temperature != 1 and not from_logits):
            raise ValueError(
                "temperature must be positive, and 1 unless from_logits=True; "
                f"received temperature={temperature}, from_logits={from_logits}."
            )
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.smoothing = smoothing
        self.from_logits = from_logits
        self.temperature = temperature

    def call(self, y_true, y_pred):
        return keras.losses.categorical_crossentropy(
            _one_hot(y_true, y_pred),
            y_pred / self.temperature,
            from_logits=self.from_logits,
            label_smoothing=self.smoothing,
        )

    def get_config(self):
        return super().get_config() | {
            "smoothing": self.smoothing,
            "from_logits": self.from_logits,
            "temperature": self.temperature,
        }


@_register
class SoftTargetCrossentropy(keras.losses.Loss):
    """The cross-entropy to the answers of a teacher, softened as these were.

    A teacher's answer to a 4 that looks like a 9 says so. Not in the paper: Hinton et
    al., "Distilling the Knowledge in a Neural Network", Section 2 (2015).

    Args:
        temperature: float > 0, by which the logits are divided.
        from_logits: bool, whether the scores are logits instead of probabilities.

    Call arguments:
        y_true: float tensor (batch, classes), probabilities.
        y_pred: float tensor (batch, classes), probabilities or logits.

    Raises:
        ValueError: if the temperature is not positive.
    """

    def __init__(
        self,
        temperature=1.0,
        from_logits=False,
        reduction="sum_over_batch_size",
        name=None,
        **kwargs,
    ):
        if not temperature > 0:
            raise ValueError(f"temperature must be positive; received {temperature}.")
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.temperature = temperature
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        epsilon = keras.config.epsilon()
        logits = y_pred if self.from_logits else ops.log(y_pred + epsilon)
        return keras.losses.categorical_crossentropy(
            y_true, logits / self.temperature, from_logits=True
        )

    def get_config(self):
        return super().get_config() | {
            "temperature": self.temperature,
            "from_logits": self.from_logits,
        }


def takes_integers(loss):
    """Whether a loss is known to take integer labels, one per answer.

    Args:
        loss: `keras.losses.Loss`, or the name of one.
    """
    if isinstance(loss, str):
        return loss.lower().startswith("sparse")
    return isinstance(loss, _OF_INTEGERS)


_OF_INTEGERS = (
    keras.losses.SparseCategoricalCrossentropy,
    MaximumLikelihood,
    MaximumAPosteriori,
    SparseMeanSquaredError,
    SmoothedCrossentropy,
)


def _one_hot(y_true, y_pred):
    """Targets in the form of the scores: 1 for the right class, NaN for no class."""
    labels, wrong = _integer_labels(y_true, y_pred)
    one_hot = ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
    return one_hot + ops.expand_dims(wrong, -1)


def _right_score(y_true, y_pred):
    """The score of the right class, (batch,); NaN for a wrong label."""
    labels, wrong = _integer_labels(y_true, y_pred)
    scores = ops.take_along_axis(y_pred, ops.expand_dims(labels, -1), axis=-1)
    return ops.squeeze(scores, -1) + wrong


def _integer_labels(y_true, y_pred):
    """Labels as int32 with one axis less than the scores, and what is wrong with them.

    A compiled graph cannot raise. So a label that is no class comes out as class 0 with
    NaN, and any other with 0, to be added to what is made of it.
    """
    if len(y_true.shape) == len(y_pred.shape):
        y_true = ops.squeeze(y_true, -1)
    y_true = ops.cast(y_true, "float32")
    is_class = (
        (y_true >= 0) & (y_true < y_pred.shape[-1]) & (y_true == ops.floor(y_true))
    )
    labels = ops.cast(ops.where(is_class, y_true, 0), "int32")
    return labels, ops.where(is_class, 0.0, ops.cast(float("nan"), y_pred.dtype))
