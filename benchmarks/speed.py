"""How fast: ours beside plain `fit` and PyTorch, on the same work, in the same run.

    python benchmarks/speed.py [--epochs 5] [--seeds 10]

The contenders take turns, epoch by epoch, so that the ratios hold on a machine whose
speed drifts; the first epoch of each does not count. Writes `benchmarks/results.json`,
and from it the tables of the README. PyTorch takes part where it is installed.
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

from accuracy import with_table

from lenet_keras.files import write_whole

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
TARGET = 0.9834
IMAGES = 60_000
# Forward once, and backward twice that: by the weights, and by the inputs.
OPERATIONS_PER_MULTIPLY_ADD = 2 * 3
PEERS = ("keras fit", "pytorch eager")
TORCH = importlib.util.find_spec("torch") is not None

# What each contender is called in the tables: the ladder from plain `fit` up to ours.
RUNGS = {
    "keras fit": "plain `fit`",
    "one graph": "the loop over an epoch's batches in one graph, images gathered there",
    "branches": "and each batch in two branches, one a core",
    "covering": "and C5 as one matrix product",
    "updates fused": "and one kernel a variable for the optimiser's update",
    "ours": "and C1 with S2 in one go: `train(build_lenet5(), ...)`",
}
OTHERS = {
    "pytorch eager": "PyTorch, eager",
    "ours, 1998": "`train`, variant `1998`",
    "ours, distorted": "`train`, distorting each image anew",
}


def main():
    args = _arguments()
    everybody = [name for name in (*RUNGS, *OTHERS) if TORCH or "pytorch" not in name]
    seconds = take_turns(everybody, 64, args.epochs)
    at_256 = take_turns(
        [n for n in everybody if n in (*PEERS, "ours")], 256, args.epochs
    )
    results = rates(seconds, run("matrix product")["flops"])
    results |= {f"{key}_at_256": r for key, r in ratios_to_peers(at_256).items()}
    results |= time_to_target(args.seeds)
    results["seconds_an_epoch_by_images"] = scaling()
    results["peak_memory_mb"] = run("ours", epochs=2)["peak_memory_mb"]
    results["latency_seconds"] = run("latency")["seconds"]
    results["machine"] = machine()
    write_whole(RESULTS, lambda p: p.write_text(json.dumps(results, indent=2) + "\n"))
    print(json.dumps(results, indent=2))
    readme = (ROOT / "README.md").read_text()
    for name, table in TABLES.items():
        readme = with_table(readme, table(results), name)
    write_whole(ROOT / "README.md", lambda path: path.write_text(readme))


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
    """Images a second, ratios with their range, and the share of the matrix rate."""
    from lenet_keras import build_lenet5, count

    per_second = {
        name: round(IMAGES / median(taken)) for name, taken in seconds.items()
    }
    work = OPERATIONS_PER_MULTIPLY_ADD * count(build_lenet5()).multiply_adds
    return {
        "images_per_second": per_second["ours"],
        **ratios_to_peers(seconds),
        "images_per_second_of_all": per_second,
        "time_of_1998_over_classic": _ratio(seconds, "ours", "ours, 1998")[0],
        "time_of_distorted_over_plain": _ratio(seconds, "ours", "ours, distorted")[0],
        "share_of_matmul_rate": round(work * per_second["ours"] / flops, 3),
        "matmul_gigaflops": round(flops / 1e9),
    }


def ratios_to_peers(seconds):
    """How many times as fast as each peer, epoch against epoch of the same round."""
    ratios = {}
    for name in PEERS:
        key = f"ratio_to_{name.replace(' ', '_')}"
        measured = _ratio(seconds, "ours", name) if name in seconds else (None, None)
        ratios |= dict(zip((key, f"{key}_range"), measured, strict=True))
    return ratios


def time_to_target(seeds):
    """Seconds until 98.34%, compilation included, beside PyTorch's five epochs."""
    peer = sum(run("pytorch eager", epochs=5)["turns"]) if TORCH else None
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
        str(images): round(median(run("ours", epochs=4, images=images)["turns"][1:]), 2)
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
        turns = 0 if name in ("latency", "matrix product") else epochs
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
            lines.append(f"| {label} | {measured[name]:,} | {times:.2f} |")
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
        if results[key]:
            low, high = results[f"{key}_range"]
            at_256 = results[f"{key}_at_256"]
            lines.append(
                f"| `train` beside {(RUNGS | OTHERS)[peer]}, median (range) of the "
                f"rounds | {results[key]} ({low} to {high}) times as fast; {at_256} at "
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
    lines += [
        f"| time of `1998` over `classic` | {results['time_of_1998_over_classic']} |",
        "| time with distortions over without | "
        f"{results['time_of_distorted_over_plain']} |",
        "| useful floating-point operations a second, as a share of what a large "
        f"matrix product reaches ({results['matmul_gigaflops']} GF/s) | "
        f"{results['share_of_matmul_rate']:.0%} |",
        f"| peak memory | {results['peak_memory_mb']:,} MB |",
        "| seconds an epoch | "
        + ", ".join(f"{int(n):,} images: {taken}" for n, taken in seconds)
        + " |",
    ]
    return "\n".join(lines) + "\n\n" + f"Machine: {results['machine']}.\n"


TABLES = {"speed": speed_table, "ratios": ratio_table, "latency": latency_table}


def _ratio(seconds, ours, name):
    """Median and range of the time of another over ours, round by round."""
    pairs = zip(seconds[name], seconds[ours], strict=True)
    values = sorted(theirs / mine for theirs, mine in pairs)
    return round(median(values), 2), [round(values[0], 2), round(values[-1], 2)]


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    main()
