"""How fast: ours beside plain `fit` and PyTorch, on the same work, in the same run.

    python benchmarks/speed.py [--epochs 5] [--seeds 10]

The contenders take turns, epoch by epoch, so that the ratios hold on a machine whose
speed drifts. The best epoch of each counts: the first holds the tracing, and a shared
machine stands still now and then. Writes `benchmarks/results.json`, and from it the
tables of `docs/speed.md`. PyTorch takes part where it is installed.
"""

import argparse
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median

from accuracy import fill_table

from lenet_keras import build_lenet5, count
from lenet_keras.files import write_whole

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
TARGET = 0.9834
IMAGES = 60_000
# Forward once, and backward twice that: by the weights, and by the inputs.
OPERATIONS_PER_MULTIPLY_ADD = 2 * 3
PEERS = ("keras fit", "pytorch eager", "pytorch compiled")
WITHOUT_TURNS = (
    *("latency", "pytorch latency", "matrix product"),
    *("growth", "growth, plain"),
)
TORCH = importlib.util.find_spec("torch") is not None
PAGE = ROOT / "docs" / "speed.md"

# What each contender is called in the tables: the ladder from plain `fit` up to ours.
RUNGS = {
    "keras fit": "plain Keras `fit`",
    "keras fit, 100 steps": "the same, compiled with `steps_per_execution=100`",
    "keras fit, threads": "and after `use_all_cores()`",
    "fit, no threads": "`fit` of `build_lenet5()`",
    "fit": "and after `use_all_cores()`",
    "script": "in a script: the lines of the README",
    "train": "`train(build_lenet5(), ...)`",
}
OTHERS = {
    "pytorch eager": "PyTorch, eager",
    "pytorch compiled": "PyTorch, `torch.compile`",
    "train, 1998": "`train`, variant `1998`",
    "train, distorted": "`train`, distorting the images",
}


def main():
    args = _arguments()
    everyone = [name for name in (*RUNGS, *OTHERS) if TORCH or "pytorch" not in name]
    seconds = take_turns(everyone, 64, args.epochs)
    at_256 = take_turns([n for n in everyone if n in (*PEERS, "fit")], 256, args.epochs)
    results = rates(seconds, run("matrix product")["flops"])
    results |= {f"{key}_at_256": r for key, r in ratios_to_peers(at_256).items()}
    results |= time_to_target(args.seeds)
    results["seconds_an_epoch_by_images"] = scaling()
    patterns = 6_000
    passes = run("train, paper", epochs=3, images=patterns)["turns"][1:]
    results["milliseconds_a_single_pattern"] = round(1000 * min(passes) / patterns, 3)
    for name in ("train", "fit"):
        results[f"peak_memory_mb_of_{name}"] = run(name, epochs=2)["peak_memory_mb"]
    results["latency_seconds"] = run("latency")["seconds"]
    if TORCH:
        results["latency_seconds"] |= run("pytorch latency")["seconds"]
    results["megabytes_a_training"] = {
        name: run(name)["megabytes"] for name in ("growth", "growth, plain")
    }
    results["machine"] = machine()
    write_whole(
        RESULTS, lambda p: p.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    )
    print(json.dumps(results, indent=2))
    for name, table in TABLES.items():
        fill_table(PAGE, table(results), name)


def take_turns(names, batch_size, epochs):
    """Seconds of each epoch of each contender, the warm-up epoch left out."""
    seconds = {name: [] for name in names}
    with contextlib.ExitStack() as stack:
        running = {
            name: stack.enter_context(
                start(name, batch_size=batch_size, epochs=epochs + 1)
            )
            for name in names
        }
        for epoch in range(epochs + 1):
            for name, process in running.items():
                taken = turn(process)
                print(f"{name}, batch {batch_size}: {IMAGES / taken:,.0f} images/s")
                if epoch:
                    seconds[name].append(taken)
        for process in running.values():
            process.communicate()
    return seconds


def rates(seconds, flops):
    """Images a second, ratios, and the share of the matrix rate; of the best epochs."""
    per_second = {name: round(IMAGES / min(taken)) for name, taken in seconds.items()}
    work = OPERATIONS_PER_MULTIPLY_ADD * count(build_lenet5()).multiply_adds
    return {
        "images_per_second": per_second["fit"],
        **ratios_to_peers(seconds),
        "images_per_second_of_all": per_second,
        "ratio_of_script_to_keras_fit": _ratio(seconds, "script", "keras fit"),
        "ratio_without_threads": _ratio(seconds, "fit, no threads", "keras fit"),
        "ratio_of_train_to_fit": _ratio(seconds, "train", "fit"),
        "time_of_1998_over_classic": _ratio(seconds, "train", "train, 1998"),
        "time_of_distorted_over_plain": _ratio(seconds, "train", "train, distorted"),
        "share_of_matmul_rate": round(work * per_second["fit"] / flops, 3),
        "matmul_gigaflops": round(flops / 1e9),
    }


def ratios_to_peers(seconds):
    """How many times as fast as each peer, and by the median of the rounds."""
    ratios = {}
    for name in PEERS:
        key = f"ratio_to_{name.replace(' ', '_')}"
        ratios[key] = ratios[f"{key}_by_rounds"] = None
        if name in seconds:
            pairs = zip(seconds[name], seconds["fit"], strict=True)
            ratios[key] = _ratio(seconds, "fit", name)
            by_rounds = median(theirs / mine for theirs, mine in pairs)
            ratios[f"{key}_by_rounds"] = round(by_rounds, 2)
    return ratios


def time_to_target(seeds):
    """Seconds until 98.34%, compilation included, beside PyTorch's five epochs."""
    peer = 5 * min(run("pytorch eager", epochs=5)["turns"]) if TORCH else None
    runs = [run("to target", seed=seed) for seed in range(seeds)]
    seconds = median(r["turns"][0] for r in runs)
    return {
        "time_to_98_34_seconds": round(seconds, 2),
        "time_to_98_34_ratio": peer and round(seconds / peer, 3),
        "time_to_98_34_accuracies": [round(100 * r["test_accuracy"], 2) for r in runs],
        "time_to_98_34_reached": sum(r["test_accuracy"] >= TARGET for r in runs),
    }


def scaling():
    """Seconds of an epoch by number of images: it should grow as they do."""
    return {
        str(images): round(min(run("train", epochs=4, images=images)["turns"][1:]), 2)
        for images in (15_000, 60_000, 240_000)
    }


def machine():
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("tensorflow", "keras", *(["torch"] if TORCH else []))
    ]
    cores = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    return ", ".join([cores, f"Python {platform.python_version()}", *versions])


def run(name, epochs=1, **options):
    """Run one contender by itself: what it found, and the seconds of each turn."""
    with start(name, epochs=epochs, **options) as process:
        turns = 0 if name in WITHOUT_TURNS else epochs
        seconds = [turn(process) for _ in range(turns)]
        return json.loads(process.communicate()[0]) | {"turns": seconds}


def start(name, **options):
    flags = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    contender = [sys.executable, str(ROOT / "benchmarks" / "contenders.py"), name]
    pipe = subprocess.PIPE
    return subprocess.Popen([*contender, *flags], stdin=pipe, stdout=pipe, text=True)


def turn(process):
    """Give a contender its turn; the seconds it took."""
    process.stdin.write("go\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args[2]!r} stopped; its reason stands above")
    return float(line)


def speed_table(results):
    """Images a second of every contender, as Markdown."""
    measured = results["images_per_second_of_all"]
    lines = ["| rung | images a second | times plain `fit` |", "| --- | --- | --- |"]
    for name, label in (RUNGS | OTHERS).items():
        if name in measured:
            times = measured[name] / measured["keras fit"]
            lines.append(f"| {label} | {measured[name]:,} | {times:.1f} |")
    return "\n".join(lines) + "\n"


def latency_table(results):
    """Milliseconds of starting and answering, as Markdown."""
    lines = ["| what | milliseconds |", "| --- | --- |"]
    seconds = results["latency_seconds"].items()
    return "\n".join(lines + [f"| {k} | {1000 * v:.1f} |" for k, v in seconds]) + "\n"


def ratio_table(results):
    """What else the run found, as Markdown; a peer that took no part has no line."""
    lines = ["| what | measured |", "| --- | --- |"]
    for peer in PEERS:
        key = f"ratio_to_{peer.replace(' ', '_')}"
        if results.get(key):
            by_rounds = results[f"{key}_by_rounds"]
            at_256 = results[f"{key}_at_256"]
            lines.append(
                f"| `fit` beside {(RUNGS | OTHERS)[peer]}, best epochs (median of the "
                f"rounds) | {results[key]} ({by_rounds}) times as fast; {at_256} at "
                "batch 256 |"
            )
    accuracies = results["time_to_98_34_accuracies"]
    target = f"{TARGET:.2%}"
    lines += [
        f"| to {target}: one epoch of `classic`, compilation included | "
        f"{results['time_to_98_34_seconds']} s |",
        f"| seeds that reach {target} | {results['time_to_98_34_reached']} of "
        f"{len(accuracies)}, {min(accuracies)} to {max(accuracies)}% |",
    ]
    if results["time_to_98_34_ratio"]:
        lines.append(
            "| that time over PyTorch's five epochs of Adam | "
            f"{results['time_to_98_34_ratio']} |"
        )
    seconds = results["seconds_an_epoch_by_images"].items()
    kept = results["megabytes_a_training"]
    lines += [
        "| `fit` without `use_all_cores()` beside plain Keras `fit` | "
        f"{results['ratio_without_threads']} times as fast |",
        f"| `train` beside `fit` | {results['ratio_of_train_to_fit']} times as fast |",
        f"| time of `1998` over `classic` | {results['time_of_1998_over_classic']} |",
        "| one pattern at a time, as in 1998 | "
        f"{results['milliseconds_a_single_pattern']} ms per pattern |",
        "| time with distortions over without | "
        f"{results['time_of_distorted_over_plain']} |",
        "| useful floating-point operations a second, as a share of what a large "
        f"matrix product reaches ({results['matmul_gigaflops']} GF/s) | "
        f"{results['share_of_matmul_rate']:.0%} |",
        "| peak memory of `train`, of `fit` | "
        f"{results['peak_memory_mb_of_train']:,} MB, "
        f"{results['peak_memory_mb_of_fit']:,} MB |",
        "| memory that TensorFlow keeps of each training in a process: of `fit`, of "
        f"plain `fit` | {kept['growth']} MB, {kept['growth, plain']} MB |",
        "| seconds an epoch | "
        + ", ".join(f"{int(n):,} images: {taken}" for n, taken in seconds)
        + " |",
    ]
    return "\n".join(lines) + "\n\n" + f"Machine: {results['machine']}.\n"


TABLES = {"speed": speed_table, "ratios": ratio_table, "latency": latency_table}


def _ratio(seconds, ours, name):
    """The best time of another over the best of ours."""
    return round(min(seconds[name]) / min(seconds[ours]), 2)


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    main()
