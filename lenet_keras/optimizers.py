"""The paper's training method: stochastic diagonal Levenberg-Marquardt (Appendix C).

Gradient descent, one pattern at a time, with a step size for each weight: large where
the loss is flat, small where it is curved. Three parts:

1. the optimizer divides eta by mu plus the second derivative h_kk of each weight;
2. `second_derivatives` finds all h_kk in one sweep back through the network, much as
   back-propagation finds the gradient (eqs. 23 to 27);
3. `CurvatureEstimator` does so before each pass, on 500 patterns.

The optimizer runs on every Keras backend, the other two on TensorFlow.
"""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from lenet_keras.checks import need_tensorflow
from lenet_keras.images import network_input, readable
from lenet_keras.layers import (
    EuclideanRBF,
    SparselyConnectedConv2D,
    Subsampling,
    chain,
)
from lenet_keras.losses import (
    MaximumAPosteriori,
    MaximumLikelihood,
    SmoothedCrossentropy,
    SparseMeanSquaredError,
)
from lenet_keras.paper import CURVATURE_PATTERNS, DAMPING, LEARNING_RATES

_register = keras.saving.register_keras_serializable("lenet_keras")

_LINEAR, _SOFTMAX = keras.activations.linear, keras.activations.softmax
_CROSSENTROPIES = (
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.CategoricalCrossentropy,
    SmoothedCrossentropy,
)


@_register
class StochasticDiagonalLevenbergMarquardt(keras.optimizers.Optimizer):
    """Step down the gradient by eta / (mu + h_kk) for weight k (eqs. 18 and 21).

    The second derivatives h_kk start at 0, which makes it plain gradient descent with
    steps of eta / mu; `CurvatureEstimator` sets them before each pass.

    The start may be flatter than what follows: see `FanInUniform` for what the paper's
    printed rule does here.

    Args:
        learning_rate: float or schedule, eta; default that of the paper's first pass.
        mu: float > 0, keeps the step finite where the loss is flat.
        name: str.
        **kwargs: as for every Keras optimizer.

    Raises:
        ValueError: if mu is not positive.
    """

    def __init__(
        self,
        learning_rate=LEARNING_RATES[0],
        mu=DAMPING,
        name="stochastic_diagonal_levenberg_marquardt",
        **kwargs,
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        if not 0 < mu < math.inf:
            raise ValueError(
                f"mu must be positive: eta / mu is the largest step; received mu={mu}."
            )
        self.mu = mu

    def build(self, variables):
        """Make room for one second derivative a weight; called by Keras.

        Args:
            variables: list of the weights to train.
        """
        if self.built:
            return
        super().build(variables)
        # 1 / (mu + h_kk) is kept instead of h_kk: a pass divides once, not per pattern.
        start = keras.initializers.Constant(1 / self.mu)
        self._scales = self.add_optimizer_variables(variables, "scale", start)

    def update_step(self, gradient, variable, learning_rate):
        scale = self._scales[self._get_variable_index(variable)]
        rate = ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, rate * scale * ops.cast(gradient, variable.dtype))

    def set_curvatures(self, curvatures):
        """Set the second derivatives that the next steps divide by.

        Args:
            curvatures: list of float arrays or tensors h_kk >= 0, one for each trained
                weight and of its shape, as `second_derivatives` returns them.

        Raises:
            ValueError: if they do not fit the weights, or are negative or NaN.
        """
        curvatures = [ops.convert_to_numpy(h) for h in curvatures]
        shapes = [tuple(scale.shape) for scale in self._built_scales()]
        if [h.shape for h in curvatures] != shapes:
            raise ValueError(
                "curvatures must have the shapes of the trained weights, in their "
                f"order, {shapes}; received {[h.shape for h in curvatures]}."
            )
        if not all((h >= 0).all() for h in curvatures):
            raise ValueError(
                "curvatures must not be negative, or a step could go uphill; received "
                f"{min(h.min() for h in curvatures)}. Take them from "
                "second_derivatives, whose terms are all squares."
            )
        for scale, h in zip(self._scales, curvatures, strict=True):
            scale.assign(1 / (self.mu + h))

    @property
    def curvatures(self):
        """The second derivatives h_kk: a float array for each trained weight."""
        scales = map(ops.convert_to_numpy, self._built_scales())
        return [np.maximum(1 / scale - self.mu, 0) for scale in scales]

    @property
    def step_sizes(self):
        """The step sizes eta / (mu + h_kk): a float array for each trained weight."""
        eta = float(ops.convert_to_numpy(self.learning_rate))
        return [eta * ops.convert_to_numpy(scale) for scale in self._built_scales()]

    def get_config(self):
        return super().get_config() | {"mu": self.mu}

    def _built_scales(self):
        if not self.built:
            raise ValueError(
                f"The optimizer {self.name!r} does not know its weights yet. Call "
                "optimizer.build(model.trainable_variables) first."
            )
        return self._scales


def second_derivatives(model, loss, images):
    """Estimate the second derivative of the loss in each weight (eqs. 23 to 27).

    Two approximations keep it as cheap as a gradient, and its result positive. Eq. 23
    leaves out how two connections that share a weight act together. Eq. 27
    (Gauss-Newton) leaves out the curvature of the squashing functions: with D the
    second derivative at a weighted sum, G at a layer's output and u a connection,

        D = f'(a)^2 G,    h_kk = sum of D x^2,    G below = sum of u^2 D.

    This is back-propagation with x, u and f' squared, so the gradient code of each
    layer serves, given squares. A coefficient of `Subsampling` counts as four
    connections that share it, as eq. 23 has it.

    No label enters: at the output, the Gauss-Newton term is the same for every class.
    For the RBF output it is 2 for each unit of F6. That is exact for eq. 8; for eq. 9
    it leaves out the other classes, as the authors' later library Lush does, for the
    exact term vanishes where an answer is sure.

    Args:
        model: `keras.Model` from `build_lenet5`, or another chain of such layers.
        loss: `keras.losses.Loss`, one that goes with the model's output.
        images: bytes (n, 28, 28), or what the model takes, (n, 32, 32, 1); all go
            through at once, so take some hundreds.

    Returns:
        List of float32 tensors h_kk >= 0, averaged over the images (eq. 24), in the
        order and the shapes of `model.trainable_variables`.

    Raises:
        RuntimeError: on a Keras backend other than TensorFlow.
        ValueError: for a layer, a loss or images that it does not know to handle.
    """
    need_tensorflow("second_derivatives")
    images = readable(model, images, is_trained=False)
    x = ops.convert_to_tensor(network_input(model, images), "float32")
    steps, scores = _forward(model, x)
    output, _, slope = steps[-1]
    # The loss of an image is the mean over its answers: a wide input has a map of them.
    g = _start(loss, output, scores, slope) / math.prod(scores.shape[1:-1])
    found = {}
    for layer, x, slope in reversed(steps):
        h, g = _backward(layer, x, ops.square(slope) * g)
        found |= {id(w): h_kk for w, h_kk in zip(layer.weights, h, strict=False)}
    return [found[id(weight)] / len(images) for weight in model.trainable_variables]


class CurvatureEstimator(keras.callbacks.Callback):
    """Before each pass, set the optimizer's second derivatives and its eta.

    As in Section III-B: `second_derivatives` on 500 training patterns, and eta by a
    table, whose last entry holds for all further passes. The paper does not say which
    500; here each pass draws its own, from `seed` and the number of the pass alone, so
    that a resumed training sees the same.

    Args:
        images: the training images, as `train` takes them.
        learning_rates: floats, eta of each pass; None leaves eta to the optimizer.
        patterns: int, how many images to draw; all, where there are fewer.
        seed: int.

    Raises:
        ValueError: when training starts with another optimizer, or with a layer or a
            loss that `second_derivatives` does not know.
    """

    def __init__(
        self,
        images,
        learning_rates=LEARNING_RATES,
        patterns=CURVATURE_PATTERNS,
        seed=0,
    ):
        super().__init__()
        self.images = np.asarray(images)
        self.learning_rates = learning_rates
        self.patterns = patterns
        self.seed = seed

    def on_train_begin(self, logs=None):
        optimizer = self.model.optimizer
        if not isinstance(optimizer, StochasticDiagonalLevenbergMarquardt):
            raise ValueError(
                "CurvatureEstimator serves StochasticDiagonalLevenbergMarquardt; "
                f"received a model compiled with {type(optimizer).__name__}. Compile "
                "it with that optimizer, or leave the callback out."
            )

    def on_epoch_begin(self, epoch, logs=None):
        optimizer, rates = self.model.optimizer, self.learning_rates
        if rates is not None:
            optimizer.learning_rate = rates[min(epoch, len(rates) - 1)]
        # A third number, so that the draw is not the one that orders the images.
        generator = np.random.default_rng((self.seed, epoch, self.patterns))
        number = min(self.patterns, len(self.images))
        drawn = generator.choice(len(self.images), number, replace=False)
        optimizer.build(self.model.trainable_variables)
        optimizer.set_curvatures(
            second_derivatives(self.model, self.model.loss, self.images[drawn])
        )


def _forward(model, x):
    """Run the model; keep each layer with its inputs and its slopes f'(a).

    Returns:
        List of (layer, x, f'(a)), and the scores. The output's slopes are 1: `_start`
        takes its squashing into account.
    """
    steps, stack = [], _stack(model)
    for layer in stack:
        a = _weighted_sums(layer, x, *_factors(layer))
        squash = _squash(layer)
        slope = ops.ones_like(a)
        if layer is not stack[-1]:
            (slope,) = _pull_back(squash, [a], slope)
        steps.append((layer, x, slope))
        x = squash(a)
    return steps, x


def _backward(layer, x, d):
    """From D at a layer's sums: h_kk of its weights, and G at its inputs."""
    factors = _factors(layer)
    # Without any, a layer only moves its inputs about: max pooling must see these.
    points = [x] if not factors else [ops.square(value) for value in (x, *factors)]
    g, *h = _pull_back(lambda *points: _weighted_sums(layer, *points), points, d)
    return h, g


def _weighted_sums(layer, x, *factors):
    """What a layer squashes: linear in its inputs and in its factors, the bias last."""
    match layer:
        case layers.Conv2D():
            a = layer.convolution_op(x, factors[0])
        case layers.Dense():
            a = ops.matmul(x, factors[0])
        case SparselyConnectedConv2D():
            with keras.StatelessScope([(layer.kernel, factors[0])]):
                a = ops.conv(x, layer.dense_kernel(), data_format="channels_last")
        case Subsampling():
            average = ops.average_pool(x, 2, strides=2, data_format="channels_last")
            a = average * (4 * factors[0])
        case layers.AveragePooling2D() if layer.padding == "valid":
            a = layer(x) * (math.prod(layer.pool_size) * factors[0])
        case layers.Rescaling():
            a = x * factors[0]
        case layers.MaxPooling2D() | layers.Flatten() | layers.ZeroPadding2D():
            a = layer(x)
        case layers.Activation() | EuclideanRBF():
            a = x
        case _:
            raise ValueError(
                "second_derivatives knows Conv2D, SparselyConnectedConv2D, Dense, "
                "Subsampling, MaxPooling2D, AveragePooling2D without padding, Flatten, "
                "ZeroPadding2D, Rescaling, Activation and EuclideanRBF; received "
                f"{layer.name!r}, a {type(layer).__name__}."
            )
    return a + factors[1] if len(factors) > 1 else a


def _factors(layer):
    """What multiplies a layer's inputs, and its bias: weights or fixed numbers."""
    match layer:
        case layers.AveragePooling2D():
            factors = [1 / math.prod(layer.pool_size)]
        case layers.Rescaling():
            factors = [layer.scale, layer.offset]
        case EuclideanRBF():  # its codes belong to the loss, see `_start`
            factors = []
        case _ if len(layer.weights) > 2:
            raise ValueError(
                "second_derivatives knows a kernel and a bias per layer; received "
                f"{layer.name!r} with {len(layer.weights)} weights."
            )
        case _:
            factors = layer.weights
    return [ops.convert_to_tensor(factor, "float32") for factor in factors]


def _squash(layer):
    """What turns a layer's sums into its outputs; for the RBF layer, into scores."""
    if isinstance(layer, EuclideanRBF):
        return layer
    return getattr(layer, "activation", _LINEAR)


def _start(loss, output, scores, ones):
    """The second derivative at the output's sums; for the RBF, at its 84 inputs."""
    squash = _squash(output)
    if squash is output and isinstance(loss, MaximumLikelihood | MaximumAPosteriori):
        return 2 * ones  # that of y_D = sum (x_j - w_Dj)^2 in each x_j
    if squash is _SOFTMAX and isinstance(loss, SparseMeanSquaredError):
        # The mean over k of (p_k - t_k)^2, through dp_k / da_j = p_k (1[k = j] - p_j).
        jacobian = scores[..., None] * (ops.eye(ones.shape[-1]) - scores[..., None, :])
        return 2 * ops.mean(ops.square(jacobian), axis=-2)
    if isinstance(loss, _CROSSENTROPIES):
        from_logits = loss.get_config()["from_logits"]
        temperature = loss.get_config().get("temperature", 1.0)
        if squash is (_LINEAR if from_logits else _SOFTMAX):
            p = ops.softmax(scores / temperature) if from_logits else scores
            return p * (1 - p) / temperature**2
    raise ValueError(
        "second_derivatives knows the RBF output with MaximumLikelihood or "
        "MaximumAPosteriori, softmax with SparseMeanSquaredError, and a cross-entropy "
        "object on softmax, or with from_logits=True on logits; received "
        f"{loss!r} on the output {output.name!r}."
    )


def _stack(model):
    """The layers of a model, each of which reads the one before."""
    stack = chain(model)
    for layer in stack[:-1]:
        if _squash(layer) in (layer, _SOFTMAX):
            raise ValueError(
                "second_derivatives knows softmax and EuclideanRBF only as outputs; "
                f"received {layer.name!r} inside {model.name!r}."
            )
    return stack


def _pull_back(function, points, d):
    """The vector-Jacobian product of a function: one tensor for each argument."""
    with tf.GradientTape() as tape:
        tape.watch(points)
        result = function(*points)
    return tape.gradient(result, points, output_gradients=d)
