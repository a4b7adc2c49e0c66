"""Climb from 1998 to today: train each rung of `LADDER`, over several seeds.

    python benchmarks/ladder.py [--seeds 3] [--epochs 10] [--images 60000] [--out FILE]

One change a rung, the last epoch counts, nothing is tuned on the way. The lowest rung
is the paper's own training, which `histories.json` holds already. Writes
`lenet_keras/weights/ladder.json` after each run, and goes on where it stopped.
"""

import argparse
from pathlib import Path

import keras
from reproduce import read_runs, write_runs

from lenet_keras import LADDER, build_lenet5, load, train, use_all_cores

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "lenet_keras" / "weights" / "ladder.json"


def main():
    args = _arguments()
    use_all_cores()
    data = load("mnist")
    runs = read_runs(args.out)
    done = {(run["rung"], run["seed"]) for run in runs}
    for order, rung in enumerate(LADDER[1:], start=1):
        for seed in range(args.seeds):
            if (rung.label, seed) not in done:
                runs.append(climb(rung, order, data, seed, args.images, args.epochs))
                write_runs(args.out, runs)
                test_error = 100 * (1 - runs[-1]["val_accuracy"][-1])
                print(f"{rung.label}, seed {seed}: {test_error:.2f}%", flush=True)


def climb(rung, order, data, seed, images=60_000, epochs=None):
    """Train one rung from one seed; return the run as `histories` has it."""
    keras.utils.set_random_seed(seed)
    history = train(
        build_lenet5(rung.variant),
        data.train_images[:images],
        data.train_labels[:images],
        recipe=rung.recipe,
        epochs=epochs,
        validation_data=(data.test_images, data.test_labels),
        seed=seed,
    ).history
    return {
        "rung": rung.label,
        "order": order,
        "variant": rung.variant.name,
        "recipe": rung.recipe.optimizer,
        "images": min(images, len(data.train_labels)),
        "seed": seed,
        **{name: [round(n, 6) for n in values] for name, values in history.items()},
    }


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
