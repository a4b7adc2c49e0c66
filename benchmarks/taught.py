"""Let LeNet-5 learn from a teacher: an ensemble of larger networks, over seeds.

    python benchmarks/taught.py [--variants 1998] [--seeds 5] [--images 60000]

1. `TEACHERS` convolutional networks with batch normalisation learn MNIST.
2. `SETS` distorted copies of the training images are drawn, and each image is written
   down with what the teachers answer on average, softened.
3. LeNet-5 learns these answers by the recipe "taught", and beside it the labels by the
   recipe "best": each seed in a process of its own with one thread. All seeds share
   the teachers and their answers.

With `--images 55000` all of them learn the first 55,000 images, and the last 5,000
test them: so the settings were chosen. With all 60,000 the test images do.

Everything stays in `build/taught`, so that the command goes on where it was stopped. A
finished run joins `lenet_keras/weights/histories.json`, with the images that it gets
wrong, and from there the table in `docs/1998.md`.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from accuracy import fill_table
from keras import layers
from reproduce import (
    HISTORIES,
    PAGE,
    key_of,
    of_all_seeds,
    printed_by,
    read_runs,
    rounded,
    run_all,
    test_errors,
)
from scipy.special import softmax
from scipy.stats import wilcoxon

from lenet_keras import (
    RECIPES,
    Recipe,
    build_lenet5,
    distort,
    load,
    predict,
    to_input,
    train,
)
from lenet_keras.files import write_whole
from lenet_keras.images import from_input
from lenet_keras.recipes import optimizer_for
from lenet_keras.runs import Checkpoint, alone_in, model_of

ROOT = Path(__file__).parent.parent
COMPARED = ("best", "taught")
DISTORTIONS = RECIPES["best"].distort
SETS = 24
TEACHERS = 3
TEACHERS_RECIPE = Recipe("adamw", 3e-3, epochs=10, distort=DISTORTIONS)


def main():
    args = _arguments()
    folder = ROOT / "build" / "taught" / str(args.images)
    if args.run:
        variant, recipe, seed = args.run.split("/")
        return print(json.dumps(run(folder, variant, recipe, args.images, int(seed))))
    is_all = args.images == 60_000
    file = HISTORIES if is_all else folder / "runs.json"
    with alone_in(folder):
        teach(folder, _data(args.images))
        done = read_runs(file)
        known = {key_of(run) for run in done if "wrong" in run}
        wanted = [
            (variant, recipe, args.images, seed)
            for variant in args.variants
            for recipe in args.recipes
            for seed in range(args.seeds)
        ]
        todo = [key for key in wanted if key not in known]
        for result in run_all(_in_a_process, todo, done, file):
            print(*key_of(result), f"{len(result['wrong'])} wrong", flush=True)
    if is_all:
        fill_table(PAGE, table(done), "taught")


def table(runs):
    """What a teacher bought each network, on the test images, as Markdown."""
    lines = [
        "| network | test error by the labels: seeds | median | by the teachers: seeds "
        "| median | images that one of both gets wrong, a seed | p |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for variant in dict.fromkeys(run["variant"] for run in runs):
        both = [of_all_seeds(runs, variant, recipe) for recipe in COMPARED]
        if all(both):
            cells = [cell for same in both for cell in _errors(same)] + _apart(*both)
            lines.append(f"| `{variant}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _errors(runs):
    """The test error of each seed, and the median, as text."""
    errors = test_errors(runs)
    return ", ".join(f"{e:.2f}" for e in errors), f"{np.median(errors):.2f}%"


def _apart(untaught, taught):
    """How many images only one of two networks gets wrong, and a paired test of all."""
    one, other = (
        {run["seed"]: _wrong(run) for run in runs if "wrong" in run}
        for runs in (untaught, taught)
    )
    pairs = [(one[seed], other[seed]) for seed in one.keys() & other.keys()]
    if not pairs:
        return ["-", "-"]
    apart = np.median([np.count_nonzero(a != b) for a, b in pairs])
    # How many of the networks get an image wrong, one way and the other.
    difference = np.subtract(*np.sum(pairs, axis=0))
    p = wilcoxon(difference[difference != 0]).pvalue
    return [f"{apart:.0f}", f"{p:.3f}"]


def _wrong(run):
    """Which of the test images a network gets wrong: bool array (images,)."""
    return np.isin(np.arange(10_000), run["wrong"])


def teach(folder, data):
    """Train the teachers and write down what they answer, as far as it is not done.

    Args:
        folder: Path.
        data: `Data`.
    """
    pairs = [folder / f"set-{number}.npz" for number in range(SETS)]
    if all(file.exists() for file in pairs):
        return
    files = [folder / f"teacher-{number}.keras" for number in range(TEACHERS)]
    for number, file in enumerate(files):
        if not file.exists():
            write_whole(file, trained_teacher(data, number).save)
    models = [keras.models.load_model(file) for file in files]
    shares = answers_of(models, data.test_images, temperature=1.0)
    error = np.mean(shares.argmax(1) != data.test_labels)
    print(f"the teachers together: {100 * error:.2f}% wrong", flush=True)
    for number, file in enumerate(pairs):
        if not file.exists():
            images = drawn(data.train_images, number)
            answers = answers_of(models, images).astype(np.float16)
            pair = {"images": images, "answers": answers}
            write_whole(file, lambda path, pair=pair: np.savez(path, **pair))


def trained_teacher(data, seed):
    """Train one of the teachers."""
    keras.utils.set_random_seed(seed)
    model = teacher()
    recipe = TEACHERS_RECIPE
    steps = recipe.epochs * len(data.train_images) // recipe.batch_size
    # XLA, which Keras would choose, takes half as long again.
    model.compile(
        optimizer_for(recipe, steps),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    history = train(
        model,
        data.train_images,
        data.train_labels,
        recipe=recipe,
        validation_data=(data.test_images, data.test_labels),
        seed=seed,
    ).history
    error = 100 * (1 - history["val_accuracy"][-1])
    print(f"teacher {seed}: {error:.2f}% wrong", flush=True)
    return model


def teacher():
    """A convolutional network with batch normalisation: no LeNet-5."""

    def convolution(maps, size=3, **arguments):
        arguments = {"padding": "same", "use_bias": False} | arguments
        yield layers.Conv2D(maps, size, **arguments)
        yield layers.BatchNormalization()
        yield layers.ReLU()

    return keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            *convolution(32, 5, strides=2, padding="valid"),
            *convolution(32),
            *convolution(32),
            layers.MaxPooling2D(),
            *convolution(64),
            *convolution(64),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ],
        name="teacher",
    )


def drawn(images, number):
    """A distorted copy of each image, bytes (n, 28, 28)."""
    copies = []
    for part, batch in enumerate(np.array_split(images, 20)):
        x = distort(tf.constant(to_input(batch)), (number, part), DISTORTIONS)
        copy = np.clip(from_input(x)[..., 0], 0, 255)
        copies.append(np.rint(copy).astype(np.uint8))
    return np.concatenate(copies)


def answers_of(models, images, temperature=RECIPES["taught"].temperature):
    """What the teachers answer on average, softened: float array (n, classes)."""
    logits = [np.log(np.maximum(predict(m, images), 1e-12)) for m in models]
    return np.mean([softmax(each / temperature, axis=1) for each in logits], axis=0)


def run(folder, variant, recipe, number, seed):
    """Train one network; what the run was, and which images it gets wrong."""
    # Two learn at the same time: each has a core, and no threads to share.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    data = _data(number)
    images, labels, tests = data.train_images, data.train_labels, data.test_labels
    if recipe == "taught":
        sets = [np.load(folder / f"set-{n}.npz") for n in range(SETS)]
        images = np.concatenate([each["images"] for each in sets])
        labels = np.concatenate([each["answers"] for each in sets])
        tests = keras.utils.to_categorical(tests)
    settings = {"variant": variant, "recipe": recipe, "images": number, "seed": seed}
    checkpoint = Checkpoint(folder / f"{recipe}-{variant}-{seed}", settings)
    checkpoint.model_file.parent.mkdir(exist_ok=True)
    model, epochs_done = model_of(checkpoint)
    if model is None:
        keras.utils.set_random_seed(seed)
        model = build_lenet5(variant)
    train(
        model,
        images,
        labels,
        recipe=recipe,
        validation_data=(data.test_images, tests),
        callbacks=[checkpoint],
        initial_epoch=epochs_done,
        seed=seed,
    )
    wrong = predict(model, data.test_images).argmax(axis=1) != data.test_labels
    wrong = {"wrong": np.flatnonzero(wrong).tolist()}
    return settings | wrong | rounded(checkpoint.history)


def _data(number):
    """MNIST; of fewer than all training images, the next ones stand for the tests."""
    data = load("mnist")
    if number == len(data.train_labels):
        return data
    rest = slice(number, None)
    return data._replace(
        train_images=data.train_images[:number],
        train_labels=data.train_labels[:number],
        test_images=data.train_images[rest],
        test_labels=data.train_labels[rest],
    )


def _in_a_process(key):
    variant, recipe, number, seed = key
    run = f"{variant}/{recipe}/{seed}"
    return printed_by(__file__, "--images", str(number), "--run", run)


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", nargs="+", default=["1998", "classic", "modern"])
    parser.add_argument("--recipes", nargs="+", default=COMPARED)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
