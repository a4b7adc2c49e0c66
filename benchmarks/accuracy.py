"""Measure what the README claims: the test error of each variant, over several seeds.

    python benchmarks/accuracy.py [VARIANT ...] [--seeds 5]

Trains by the recipes, on MNIST and on the bundled digits; the last epoch counts. The
recipes were chosen on the last 5,000 training images, never on the test images. Writes
`benchmarks/accuracy.json`, and from it the table in `docs/results.md`.
"""

import argparse
import json
import platform
import statistics
from pathlib import Path

import keras

from lenet_keras import (
    RECIPES,
    VARIANTS,
    build_lenet5,
    evaluate,
    load,
    train,
    use_all_cores,
)
from lenet_keras.files import write_whole

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "accuracy.json"


def main():
    args = _arguments()
    use_all_cores()
    mnist, digits = load("mnist"), load("digits")
    # One epoch is asked of the classic variant alone: what a first lesson trains.
    trainings = [("classic", mnist, 1), ("classic", digits, RECIPES["classic"].epochs)]
    trainings += [(variant, mnist, RECIPES[variant].epochs) for variant in VARIANTS]
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for variant, data, epochs in trainings:
        if variant in (args.variants or VARIANTS):
            errors = [_test_error(variant, data, epochs, s) for s in range(args.seeds)]
            key = f"{variant}/{data.name}/{epochs}"
            results[key] = {
                "variant": variant,
                "data": data.name,
                "epochs": epochs,
                "test_images": len(data.test_labels),
                "test_error_percent": errors,
                "keras": keras.__version__,
                "machine": platform.machine(),
            }
            print(key, errors, flush=True)
            _write(RESULTS, json.dumps(results, indent=2) + "\n")
    fill_table(ROOT / "docs" / "results.md", table(results))


def table(results):
    """The results as a Markdown table: median and range over the seeds."""
    lines = [
        "| variant | data | epochs | test accuracy, median | range | seeds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in results.values():
        accuracy = [100 - error for error in row["test_error_percent"]]
        lines.append(
            f"| `{row['variant']}` | {row['data']} | {row['epochs']} "
            f"| {statistics.median(accuracy):.2f}% "
            f"| {min(accuracy):.2f} to {max(accuracy):.2f} | {len(accuracy)} |"
        )
    return "\n".join(lines) + "\n"


def with_table(readme, text, name="accuracy"):
    """The README with the table between the two markers of a name replaced."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = readme.split(begin)
    return before + begin + text + end + rest.split(end)[1]


def fill_table(page, text, name="accuracy"):
    """Replace the table between the two markers of a name in a page's file."""
    _write(page, with_table(page.read_text("utf-8"), text, name))


def _test_error(variant, data, epochs, seed):
    """Train once; the error on the test images, in percent, after the last epoch."""
    keras.utils.set_random_seed(seed)
    model = build_lenet5(variant)
    train(model, data.train_images, data.train_labels, epochs=epochs, seed=seed)
    error, _ = evaluate(model, data.test_images, data.test_labels)
    return round(100 * error, 3)


def _write(path, text):
    write_whole(path, lambda temporary: temporary.write_text(text, "utf-8"))


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("variants", nargs="*", help="default: all six")
    parser.add_argument("--seeds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
