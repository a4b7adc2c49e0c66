"""The paper's training method, against eqs. 18 to 27 written out one by one."""

import dataclasses

import keras
import numpy as np
import pytest
from helpers import python
from keras import layers, ops

from lenet_keras import (
    VARIANTS,
    build_lenet5,
    load_model,
    loss_for,
    paper,
    train,
)
from lenet_keras.layers import (
    EuclideanRBF,
    FanInUniform,
    SparselyConnectedConv2D,
    Subsampling,
    scaled_tanh,
)
from lenet_keras.losses import (
    MaximumAPosteriori,
    MaximumLikelihood,
    SmoothedCrossentropy,
    SparseMeanSquaredError,
)
from lenet_keras.optimizers import (
    CurvatureEstimator,
    StochasticDiagonalLevenbergMarquardt,
    _forward,
    second_derivatives,
)

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the recursion runs on TensorFlow"
)


def numpy_of(tensors):
    return [np.asarray(ops.convert_to_numpy(tensor)) for tensor in tensors]


def built_optimizer(model, **options):
    optimizer = StochasticDiagonalLevenbergMarquardt(**options)
    optimizer.build(model.trainable_variables)
    return optimizer


def randomize(model):
    """Weights of order 1/2, biases too, so that no term of the recursion is small."""
    generator = np.random.default_rng(0)
    model.set_weights([generator.normal(0, 0.5, w.shape) for w in model.weights])


# The recursion, one connection at a time --------------------------------------------


def plain_chain():
    """Small layers of the 1998 kinds, and of the pooling with fixed weights."""
    x = inputs = keras.Input((12, 12, 1))
    x = layers.Conv2D(2, 3, activation=scaled_tanh)(x)  # 10x10x2
    x = Subsampling()(x)  # 5x5x2
    x = SparselyConnectedConv2D([(0,), (0, 1), (1,)], 2, activation="tanh")(x)  # 4x4x3
    x = layers.AveragePooling2D(2)(x)  # 2x2x3
    x = layers.Activation("sigmoid")(x)
    x = layers.Flatten()(x)
    outputs = layers.Dense(4, activation="softmax")(x)
    return keras.Model(inputs, outputs), keras.losses.SparseCategoricalCrossentropy()


def padded_chain():
    """The others: padding, scaling, a negative maximum, dense on a map, logits."""
    x = inputs = keras.Input((4, 6, 1))
    x = layers.ZeroPadding2D(1)(x)  # 6x8x1
    x = layers.Rescaling(0.7, offset=-0.2)(x)
    x = layers.Conv2D(2, 3, activation="tanh")(x)  # 4x6x2
    x = layers.MaxPooling2D(2)(x)  # 2x3x2
    x = layers.Dense(3, activation="tanh")(x)  # 2x3x3
    x = layers.Rescaling(1.5)(x)
    x = layers.Flatten()(x)
    outputs = layers.Dense(3)(x)
    return keras.Model(inputs, outputs), SmoothedCrossentropy(0.1, from_logits=True)


def connections(layer, x):
    """List a layer's connections for one pattern.

    Returns:
        The shape of its sums, and a (unit above, unit below, value, where the value
        is kept) for each connection; below is None for a bias.
    """
    shape = tuple(layer.compute_output_shape((None, *x.shape))[1:])
    found = []
    kind = type(layer).__name__
    values = numpy_of(layer.weights)
    for unit in np.ndindex(shape):
        if kind in ("Conv2D", "SparselyConnectedConv2D"):
            row, column, target = unit
            table = getattr(layer, "table", [range(x.shape[-1])] * shape[-1])
            first = sum(len(sources) for sources in table[:target])
            size = values[0].shape[0]
            for slot, source in enumerate(table[target]):
                for i, j in np.ndindex(size, size):
                    tail = (source, target) if kind == "Conv2D" else (first + slot,)
                    below = (row + i, column + j, source)
                    found.append(
                        (unit, below, values[0][(i, j, *tail)], (0, i, j, *tail))
                    )
        elif kind == "Dense":
            for source in range(x.shape[-1]):
                where = (0, source, unit[-1])
                found.append((unit, (*unit[:-1], source), values[0][where[1:]], where))
        elif "ooling" in kind or kind == "Subsampling":
            window = [
                (2 * unit[0] + i, 2 * unit[1] + j, unit[2]) for i, j in np.ndindex(2, 2)
            ]
            if kind == "MaxPooling2D":
                found.append((unit, max(window, key=lambda below: x[below]), 1, None))
            elif kind == "AveragePooling2D":
                found += [(unit, below, 1 / 4, None) for below in window]
            else:
                where = (0, unit[-1])
                c = values[0][unit[-1]]
                found += [(unit, below, c, where) for below in window]
        elif kind == "Rescaling":
            found.append((unit, unit, layer.scale, None))
            found.append((unit, None, layer.offset, None))
        elif kind == "ZeroPadding2D":
            below = (unit[0] - 1, unit[1] - 1, unit[2])
            if 0 <= below[0] < x.shape[0] and 0 <= below[1] < x.shape[1]:
                found.append((unit, below, 1, None))
        elif kind == "Flatten":
            found.append((unit, np.unravel_index(unit[0], x.shape), 1, None))
        elif kind == "Activation":
            found.append((unit, unit, 1, None))
        if len(values) == 2:
            found.append((unit, None, values[1][unit[-1]], (1, unit[-1])))
    return shape, found


SQUASHINGS = {
    "linear": (lambda a: a, np.ones_like),
    "tanh": (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    "sigmoid": (
        lambda a: 1 / (1 + np.exp(-a)),
        lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    ),
    "scaled_tanh": (
        lambda a: 1.7159 * np.tanh(2 / 3 * a),
        lambda a: 1.7159 * 2 / 3 * (1 - np.tanh(2 / 3 * a) ** 2),
    ),
}


def one_by_one(model, pattern):
    """Eqs. 23, 25 and 27 for one pattern: h_kk of each trained weight."""
    x, steps = pattern, []
    chain = model.layers[1:]
    for layer in chain:
        shape, found = connections(layer, x)
        a = np.zeros(shape)
        for above, below, value, _ in found:
            a[above] += value * (1 if below is None else x[below])
        name = getattr(getattr(layer, "activation", None), "__name__", "linear")
        f, slope = SQUASHINGS["linear" if layer is chain[-1] else name]
        steps.append((layer, x, found, slope(a)))
        x = f(a)
    p = np.exp(x) / np.exp(x).sum()
    g = p * (1 - p)  # the second derivative of a cross-entropy in its logits
    h = {}
    for layer, below_x, found, slope in reversed(steps):
        d = slope**2 * g
        g = np.zeros(below_x.shape)
        sums = [np.zeros(w.shape) for w in layer.weights]
        for above, below, value, where in found:
            if where is not None:
                sums[where[0]][where[1:]] += d[above] * (
                    1 if below is None else below_x[below] ** 2
                )
            if below is not None:
                g[below] += value**2 * d[above]
        h |= {w.path: s for w, s in zip(layer.weights, sums, strict=True)}
    return [h[w.path] for w in model.trainable_variables]


@pytest.mark.parametrize("chain", [plain_chain, padded_chain])
def test_the_recursion_agrees_with_a_sum_over_single_connections(chain):
    model, loss = chain()
    randomize(model)
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            layer.bias.assign([-1.0, -0.3])  # so that some maxima are negative
    images = np.random.default_rng(1).normal(size=(3, *model.input_shape[1:]))
    expected = [
        np.mean(h, axis=0)
        for h in zip(*(one_by_one(model, image) for image in images), strict=True)
    ]
    received = numpy_of(second_derivatives(model, loss, images.astype("float32")))
    for weight, h, want in zip(
        model.trainable_variables, received, expected, strict=True
    ):
        assert want.max() > 1e-4, "a term this small would test nothing"
        # float32 sums of some hundred terms
        assert h == pytest.approx(want, rel=1e-4, abs=1e-7), weight.path


# The start of the recursion -----------------------------------------------------------


def second_difference(loss_of, weights, index, step=1e-3):
    nudge = np.zeros_like(weights)
    nudge[index] = step
    up, here, down = (loss_of(weights + sign * nudge) for sign in (1, 0, -1))
    return (up - 2 * here + down) / step**2


def below_and_weights(model, name, images):
    """What a dense layer reads, (n, inputs), and its kernel, both float64."""
    layer = model.get_layer(name)
    steps, _ = _forward(model, ops.convert_to_tensor(images))
    x = next(x for this, x, _ in steps if this is layer)
    kernel, bias = numpy_of(layer.weights)
    return *numpy_of([x]), kernel.astype(float), bias.astype(float)


@pytest.mark.parametrize(
    ("variant", "loss", "temperature"),
    [
        ("classic", loss_for("classic", VARIANTS["classic"]), 1),
        ("tanh", loss_for("tanh", VARIANTS["tanh"]), 1),
        ("tanh", SmoothedCrossentropy(0.0, from_logits=True, temperature=2.0), 2),
    ],
)
def test_the_last_layer_has_the_true_second_derivative_of_cross_entropy(
    variant, loss, temperature, random_images
):
    model = build_lenet5(variant)
    x, kernel, bias = below_and_weights(model, "output", random_images)
    labels = np.arange(8)

    def loss_of(kernel):
        a = (x @ kernel + bias) / temperature
        return np.mean(np.log(np.exp(a).sum(-1)) - a[range(8), labels])

    h = second_derivatives(model, loss, random_images)[-2].numpy()
    for index in [(0, 0), (40, 3), (83, 9)]:
        expected = second_difference(loss_of, kernel, index)
        assert h[index] == pytest.approx(expected, rel=1e-3, abs=1e-8)


def test_f6_without_squashing_has_the_true_second_derivative_of_equation_8(
    random_images,
):
    """Where F6 is linear, nothing is left out: h_kk is exact."""
    variant = dataclasses.replace(VARIANTS["1998"], activation="linear")
    model = build_lenet5(variant)
    x, kernel, bias = below_and_weights(model, "f6", random_images)
    codes = np.stack([paper.output_code(c).ravel() for c in "01234567"])

    def loss_of(kernel):
        return np.mean(((x @ kernel + bias - codes) ** 2).sum(-1))

    h = second_derivatives(model, MaximumLikelihood(), random_images)[-2].numpy()
    largest = np.unravel_index(h.argmax(), h.shape)
    expected = second_difference(loss_of, kernel, largest, step=1.0)  # a parabola
    assert h[largest] == pytest.approx(expected, rel=1e-4)


def test_squared_error_starts_from_the_slopes_of_softmax(random_images):
    """Gauss-Newton: the sum over k of 2 / 10 (dp_k / dw)^2, slopes by differences."""
    model = build_lenet5("sigmoid")
    x, kernel, bias = below_and_weights(model, "output", random_images)
    h = second_derivatives(model, SparseMeanSquaredError(), random_images)[-2].numpy()

    def probabilities(kernel):
        p = np.exp(x @ kernel + bias)
        return p / p.sum(-1, keepdims=True)

    for index in [(0, 0), (40, 3), (83, 9)]:
        nudge = np.zeros_like(kernel)
        nudge[index] = 1e-4
        slopes = (probabilities(kernel + nudge) - probabilities(kernel - nudge)) / 2e-4
        assert h[index] == pytest.approx((2 * slopes**2).mean(-1).mean(), rel=1e-3)


def test_equation_9_has_the_second_derivatives_of_equation_8(random_images):
    model = build_lenet5("1998")
    of_8, of_9 = (
        numpy_of(second_derivatives(model, loss, random_images))
        for loss in (MaximumLikelihood(), MaximumAPosteriori(10.0))
    )
    assert all(map(np.array_equal, of_8, of_9))


# On LeNet-5 itself --------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_is_passed_through_as_it_is(variant, random_images):
    model = build_lenet5(variant)
    _, scores = _forward(model, ops.convert_to_tensor(random_images))
    # The sums are the model's own, but for the order of their terms.
    expected = numpy_of([model(random_images)])[0]
    assert numpy_of([scores])[0] == pytest.approx(expected, rel=1e-4, abs=1e-5)
    h = numpy_of(
        second_derivatives(model, loss_for(variant, VARIANTS[variant]), random_images)
    )
    assert [a.shape for a in h] == [tuple(w.shape) for w in model.trainable_variables]
    assert all((a >= 0).all() and a.max() > 0 for a in h)


def test_preprocessing_inside_the_model_changes_nothing(digits):
    images = digits.train_images[:4]
    inside, outside = (
        build_lenet5("1998", include_preprocessing=inside) for inside in (True, False)
    )
    inside.set_weights(outside.get_weights())
    for a, b in zip(
        *(
            second_derivatives(model, MaximumLikelihood(), images)
            for model in (inside, outside)
        ),
        strict=True,
    ):
        assert a.numpy() == pytest.approx(b.numpy(), rel=1e-4)


def test_the_second_derivatives_are_averages_over_the_images(random_images):
    model = build_lenet5("1998")
    once, twice = (
        numpy_of(second_derivatives(model, MaximumLikelihood(), images))
        for images in (random_images, np.repeat(random_images, 2, axis=0))
    )
    for a, b in zip(once, twice, strict=True):
        assert a == pytest.approx(b, rel=1e-5)


# The optimizer ------------------------------------------------------------------------


def test_a_step_is_equations_18_and_21():
    weight = keras.Variable([1.0, 2.0, 3.0])
    optimizer = StochasticDiagonalLevenbergMarquardt(0.5, mu=0.1)
    optimizer.build([weight])
    optimizer.set_curvatures([np.array([0.0, 0.4, 4.9])])
    optimizer.apply([ops.array([0.1, -1.0, 2.0])])
    expected = [1 - 0.5 / 0.1 * 0.1, 2 + 0.5 / 0.5 * 1, 3 - 0.5 / 5 * 2]
    assert numpy_of([weight])[0] == pytest.approx(expected, rel=1e-6)


def test_without_an_estimate_a_step_is_eta_over_mu():
    weight = keras.Variable([1.0])
    optimizer = StochasticDiagonalLevenbergMarquardt()
    optimizer.apply([ops.array([1.0])], [weight])
    assert numpy_of([weight])[0] == pytest.approx([1 - 0.0005 / 0.02], rel=1e-6)


def test_curvatures_and_step_sizes_can_be_read_back():
    weights = [keras.Variable(np.zeros(shape)) for shape in ((2, 3), (3,))]
    eta = keras.optimizers.schedules.PiecewiseConstantDecay([10], [0.3, 0.1])
    optimizer = StochasticDiagonalLevenbergMarquardt(eta, mu=0.2)
    optimizer.build(weights)
    h = [np.arange(6.0).reshape(2, 3), np.array([0, 1e-3, 100])]
    optimizer.set_curvatures(h)
    for a, b, step in zip(optimizer.curvatures, h, optimizer.step_sizes, strict=True):
        assert a == pytest.approx(b, rel=1e-5, abs=1e-7)
        assert step == pytest.approx(0.3 / (0.2 + b), rel=1e-5)


def test_the_facts_are_those_of_the_paper():
    assert len(paper.LEARNING_RATES) == 20
    passes = dict.fromkeys(paper.LEARNING_RATES)
    assert list(passes) == [5e-4, 2e-4, 1e-4, 5e-5, 1e-5]
    assert [paper.LEARNING_RATES.count(eta) for eta in passes] == [2, 3, 3, 4, 8]
    assert (paper.DAMPING, paper.CURVATURE_PATTERNS) == (0.02, 500)


def first_steps(model, digits):
    optimizer = built_optimizer(model)
    images = digits.train_images[:500]
    optimizer.set_curvatures(second_derivatives(model, MaximumLikelihood(), images))
    return {
        weight.path: step
        for weight, step in zip(
            model.trainable_variables, optimizer.step_sizes, strict=True
        )
    }


def test_the_first_steps_are_of_the_size_that_the_paper_reports(digits):
    """About 7e-5 to 0.016; a few of ours, of weights shared by many, are smaller."""
    keras.utils.set_random_seed(0)
    steps = first_steps(build_lenet5("1998"), digits)
    most = np.quantile(
        np.concatenate([s.ravel() for s in steps.values()]), (0.01, 0.99)
    )
    low, high = paper.PUBLISHED_STEP_SIZES
    assert low < most[0] < 3 * low
    assert high / 3 < most[1] < high


def test_from_the_printed_initial_weights_the_first_steps_are_the_largest(digits):
    """All sums are near 0 there: nothing is curved, and eta / mu is the limit."""
    keras.utils.set_random_seed(0)
    model = build_lenet5("1998")
    c3 = [25 * len(maps) for maps in paper.C3_INPUTS for _ in maps]
    for name, fan_in in {"c1": 25, "c3": c3, "c5": 400, "f6": 120}.items():
        kernel = model.get_layer(name).kernel
        kernel.assign(FanInUniform(fan_in, power=1, seed=0)(kernel.shape))
    steps = first_steps(model, digits)
    assert np.median(steps["c5/kernel"]) == pytest.approx(0.025, rel=0.05)
    assert max(s.max() for s in steps.values()) <= 0.025 * (1 + 1e-6)


# The callback -------------------------------------------------------------------------


class Watch(keras.callbacks.Callback):
    """Keep what each pass starts with."""

    def on_train_begin(self, logs=None):
        self.etas, self.steps, self.curvatures = [], [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.etas.append(float(self.model.optimizer.learning_rate))
        self.steps.append(self.model.optimizer.step_sizes)
        self.curvatures.append(self.model.optimizer.curvatures)


def compiled(variant="classic", **options):
    keras.utils.set_random_seed(0)
    model = build_lenet5(variant)
    optimizer = StochasticDiagonalLevenbergMarquardt(**options)
    model.compile(optimizer, loss_for(variant, VARIANTS[variant]))
    return model


def test_each_pass_has_its_own_eta_and_second_derivatives(digits):
    model, watch = compiled(), Watch()
    images, labels = digits.train_images[:64], digits.train_labels[:64]
    callbacks = [CurvatureEstimator(images, [3e-3, 2e-3], patterns=16), watch]
    train(model, images, labels, epochs=3, batch_size=32, callbacks=callbacks)
    assert watch.etas == pytest.approx([3e-3, 2e-3, 2e-3])
    assert watch.steps[1][0].max() < 2e-3 / 0.02, "an estimate was made"


def test_each_pass_draws_other_patterns_the_same_for_the_same_seed(digits):
    images, labels = digits.train_images[:64], digits.train_labels[:64]
    runs = []
    for seed in (0, 0, 1):
        model, watch = compiled(), Watch()
        rest = CurvatureEstimator(images, [0.0], patterns=16, seed=seed)
        train(model, images, labels, epochs=2, callbacks=[rest, watch])
        runs.append([curvatures[0] for curvatures in watch.curvatures])
    assert not np.array_equal(runs[0][0], runs[0][1]), "no weight has moved"
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_eta_can_be_left_to_the_optimizer(digits):
    model, watch = compiled(learning_rate=0.4), Watch()
    images, labels = digits.train_images[:32], digits.train_labels[:32]
    callbacks = [CurvatureEstimator(images, None), watch]
    train(model, images, labels, epochs=1, batch_size=32, callbacks=callbacks)
    assert watch.etas == pytest.approx([0.4])


def test_a_training_resumed_from_a_file_goes_on_bit_by_bit(digits, tmp_path):
    images, labels = digits.train_images[:64], digits.train_labels[:64]
    options = {"batch_size": 8, "callbacks": [CurvatureEstimator(images, patterns=32)]}
    at_once = compiled()
    train(at_once, images, labels, epochs=2, **options)
    resumed = compiled()
    train(resumed, images, labels, epochs=1, **options)
    resumed.save(tmp_path / "half.keras")
    resumed = load_model(tmp_path / "half.keras")
    train(resumed, images, labels, epochs=2, initial_epoch=1, **options)
    assert all(map(np.array_equal, at_once.get_weights(), resumed.get_weights()))


@pytest.mark.parametrize("by_fit", [True, False], ids=["fit", "train"])
def test_the_loss_falls(by_fit, digits):
    from lenet_keras import to_input

    images, labels = digits.train_images[:256], digits.train_labels[:256]
    model = compiled()
    estimator = CurvatureEstimator(images, [5e-3])
    before = model.evaluate(to_input(images), labels, verbose=0)
    if by_fit:
        model.fit(
            to_input(images), labels, batch_size=128, verbose=0, callbacks=[estimator]
        )
    else:
        train(model, images, labels, epochs=1, batch_size=128, callbacks=[estimator])
    assert model.optimizer.iterations == 2
    assert model.evaluate(to_input(images), labels, verbose=0) < before - 0.01


# Files --------------------------------------------------------------------------------


def test_a_saved_model_brings_its_optimizer_along_into_a_fresh_process(tmp_path):
    model = compiled("1998", learning_rate=0.5, mu=0.25)
    model.optimizer.build(model.trainable_variables)
    model.optimizer.set_curvatures(
        [np.full(w.shape, 0.75) for w in model.trainable_variables]
    )
    model.save(tmp_path / "model.keras")
    script = """
        import sys
        from lenet_keras import load_model
        optimizer = load_model(sys.argv[1]).optimizer
        print(type(optimizer).__name__, optimizer.mu, optimizer.step_sizes[3].max())
    """
    run = python(script, tmp_path / "model.keras")
    expected = "StochasticDiagonalLevenbergMarquardt 0.25 0.5"
    assert run.stdout.strip() == expected, run.stderr[-2000:]


# Errors -------------------------------------------------------------------------------


@pytest.mark.parametrize("mu", [0, -0.02, float("nan"), float("inf")])
def test_mu_must_be_positive(mu):
    with pytest.raises(ValueError, match="mu must be positive.*received mu="):
        StochasticDiagonalLevenbergMarquardt(mu=mu)


def test_an_optimizer_that_knows_no_weights_says_how_to_mend_it():
    with pytest.raises(ValueError, match=r"build\(model.trainable_variables\)"):
        StochasticDiagonalLevenbergMarquardt().step_sizes  # noqa: B018


@pytest.mark.parametrize(
    ("curvatures", "message"),
    [
        ([np.ones(2)], r"order, \[\(3,\)\]; received \[\(2,\)\]"),
        ([np.ones(3), np.ones(3)], r"received \[\(3,\), \(3,\)\]"),
        ([np.array([1, -2, 3.0])], "not be negative.*received -2"),
        ([np.array([1, np.nan, 3.0])], "received nan"),
    ],
)
def test_second_derivatives_that_do_not_fit_are_refused(curvatures, message):
    optimizer = StochasticDiagonalLevenbergMarquardt()
    optimizer.build([keras.Variable(np.zeros(3))])
    with pytest.raises(ValueError, match=message):
        optimizer.set_curvatures(curvatures)


def chain_of(*middle):
    inputs = keras.Input((4, 4, 1))
    x = inputs
    for layer in middle:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize(
    ("middle", "message"),
    [
        ([layers.LayerNormalization(name="norm")], "received 'norm', a LayerNorm"),
        ([layers.AveragePooling2D(3, padding="same", name="p")], "received 'p', a Av"),
        ([layers.Dense(2, activation="softmax", name="s")], "only as outputs.*'s'"),
        ([layers.Dense(84), EuclideanRBF(name="rbf")], "only as outputs.*'rbf'"),
    ],
)
def test_a_layer_that_the_recursion_does_not_know_is_named(middle, message):
    model = chain_of(*middle, layers.Flatten(), layers.Dense(2, activation="softmax"))
    loss = keras.losses.SparseCategoricalCrossentropy()
    with pytest.raises(ValueError, match=message):
        second_derivatives(model, loss, np.ones((2, 4, 4, 1), "float32"))


def test_a_model_that_branches_is_refused():
    inputs = keras.Input((4, 4, 1))
    x = layers.Conv2D(1, 1)(inputs)
    outputs = layers.Dense(2, activation="softmax")(
        layers.Add(name="join")([x, inputs])
    )
    loss = keras.losses.SparseCategoricalCrossentropy()
    with pytest.raises(ValueError, match="chain of layers.*'join' does not"):
        second_derivatives(
            keras.Model(inputs, outputs), loss, np.ones((2, 4, 4, 1), "float32")
        )


@pytest.mark.parametrize(
    ("variant", "loss"),
    [
        ("classic", keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
        ("tanh", keras.losses.SparseCategoricalCrossentropy()),
        ("1998", keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
        ("classic", keras.losses.MeanAbsoluteError()),
        ("classic", "sparse_categorical_crossentropy"),
    ],
)
def test_a_loss_that_does_not_go_with_the_output_is_refused(
    variant, loss, random_images
):
    with pytest.raises(ValueError, match="received .* on the output 'output'"):
        second_derivatives(build_lenet5(variant), loss, random_images)


def test_the_callback_refuses_another_optimizer(digits):
    model = build_lenet5()
    model.compile("sgd", loss_for("classic", VARIANTS["classic"]))
    images, labels = digits.train_images[:8], digits.train_labels[:8]
    with pytest.raises(ValueError, match="received a model compiled with SGD"):
        train(model, images, labels, callbacks=[CurvatureEstimator(images)])
