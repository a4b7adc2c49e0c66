"""The experiments of Section III again: LeNet-5 trained as in 1998, over seeds.

    python benchmarks/reproduce.py

20 passes over 60,000, 30,000 and 15,000 examples (Fig. 6), with distortions, and with
eq. 8 instead of eq. 9; and today's best training of the same network. The last pass
counts. One run a core, each 8 to 20 minutes.
Adds each finished run to `lenet_keras/weights/histories.json`, and skips those that are
there. The errors after each pass are for the curves only: nothing is chosen by them.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from statistics import median

import keras
import tensorflow as tf
from accuracy import fill_table
from weights import ship

from lenet_keras import RECIPES, MaximumLikelihood, build_lenet5, load, train
from lenet_keras.files import write_whole

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "1998.md"
HISTORIES = ROOT / "lenet_keras" / "weights" / "histories.json"
# The number of training images and the recipe, and over how many seeds.
EXPERIMENTS = {
    (60_000, "paper"): 3,
    (60_000, "paper-distorted"): 3,
    (30_000, "paper"): 3,
    (15_000, "paper"): 3,
    (60_000, "best"): 5,
    (60_000, "paper, eq. 8"): 3,
}
# What the paper has for it: Section III and Fig. 6; for "best", the least of Fig. 9.
PUBLISHED = dict(
    zip(
        EXPERIMENTS,
        ("0.95%", "0.8%", "1.14%", "1.68%", "0.7% (boosted LeNet-4)"),
        strict=False,
    )
)


def main():
    args = _arguments()
    if args.run:
        variant, recipe, images, seed = args.run.split("/")
        return print(json.dumps(run(variant, recipe, int(images), int(seed))))
    done = read_runs(HISTORIES)
    wanted = [
        ("1998", recipe, images, seed)
        for (images, recipe), seeds in EXPERIMENTS.items()
        for seed in range(seeds)
    ]
    known = {key_of(run) for run in done}
    todo = [key for key in wanted if key not in known]
    for result in run_all(_in_a_process, todo, done, HISTORIES):
        (error,) = test_errors([result])
        print(*key_of(result), f"test error {error:.2f}%", flush=True)
    fill_table(PAGE, table(done), "reproduction")


def table(runs):
    """The last pass of every experiment beside the paper's, as Markdown."""
    lines = [
        "| recipe | training images | test error, median | range | seeds "
        "| training error | paper |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for images, recipe in EXPERIMENTS:
        same = of_all_seeds(runs, "1998", recipe, images)
        if same:
            test = test_errors(same)
            training = median(100 * (1 - r["accuracy"][-1]) for r in same)
            paper = PUBLISHED.get((images, recipe), "-")
            lines.append(
                f"| `{recipe}` | {images:,} | {median(test):.2f}% | {min(test):.2f} to "
                f"{max(test):.2f} | {len(same)} | {training:.2f}% | {paper} |"
            )
    return "\n".join(lines) + "\n"


def run(variant, recipe, images, seed):
    """Train once; the history, as plain numbers."""
    # One pattern at a time there is nothing to share out between two threads.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    name, _, eq_8 = recipe.partition(", ")
    settings = RECIPES[name]
    if eq_8:
        settings = replace(settings, loss=MaximumLikelihood())
    data = load("mnist")
    keras.utils.set_random_seed(seed)
    model = build_lenet5(variant)
    history = train(
        model,
        data.train_images[:images],
        data.train_labels[:images],
        recipe=settings,
        validation_data=(data.test_images, data.test_labels),
        seed=seed,
    ).history
    if (variant, recipe, images, seed) == ("1998", "paper", 60_000, 0):
        ship(model, HISTORIES.parent / "1998-mnist-1998.weights.h5")
    head = {"variant": variant, "recipe": recipe, "images": images, "seed": seed}
    return head | rounded(history)


def rounded(history):
    """The values of each pass, as a recorded training has them."""
    return {name: [round(v, 5) for v in values] for name, values in history.items()}


def _in_a_process(key):
    # For single patterns TensorFlow's own kernels are faster than oneDNN's.
    onednn = "1" if key[1] == "best" else "0"
    name = "/".join(map(str, key))
    return printed_by(__file__, "--run", name, TF_ENABLE_ONEDNN_OPTS=onednn)


def printed_by(script, *arguments, **environment):
    """The JSON in the last line that a script prints, in a process of its own."""
    output = subprocess.run(
        [sys.executable, script, *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return json.loads(output.splitlines()[-1])


def run_all(process, todo, done, path):
    """Run what is to do, one a core; each is written down as soon as it ends.

    Args:
        process: function of the key of a run, to the run, a dict.
        todo: list of keys.
        done: list of the runs that are done; a new one joins it, or takes the place of
            the same.
        path: Path of their file.
    """
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        futures = [workers.submit(process, key) for key in todo]
        try:
            for future in as_completed(futures):
                result = future.result()
                others = [run for run in done if key_of(run) != key_of(result)]
                done[:] = sorted([*others, result], key=key_of)
                write_runs(path, done)
                yield result
        finally:  # where one fails, those that wait are not begun
            workers.shutdown(cancel_futures=True)


def key_of(run):
    """Which training a run is."""
    return run["variant"], run["recipe"], run["images"], run["seed"]


def of_all_seeds(runs, variant, recipe, images=60_000):
    """Those of some runs that differ in the seed alone."""
    return [run for run in runs if key_of(run)[:-1] == (variant, recipe, images)]


def test_errors(runs):
    """The error of each run on the test images in the end, in percent."""
    return [100 * (1 - run["val_accuracy"][-1]) for run in runs]


def read_runs(path):
    """The histories of the runs in a file, none where it is not there yet."""
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def write_runs(path, runs):
    """Write the histories of some runs as JSON, a line a run."""
    lines = ",\n".join(json.dumps(run) for run in runs)
    write_whole(path, lambda path: path.write_text(f"[\n{lines}\n]\n", "utf-8"))


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
