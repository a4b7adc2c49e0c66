"""Read the corpus with ours and with RapidOCR: right, refused, wrong, milliseconds.

An answer that `doubtful` marks as like no digit is told apart, right or wrong.

    python benchmarks/readers.py [CONDITION ...] [--number 200] [--seeds 1] [--save]
    python benchmarks/readers.py --rows [--number 40] [--seeds 0 1 2] [--save]

Ours is `read_digit` and a variant with its shipped weights. RapidOCR, which brings its
models, is read beside it where it is installed (pip install rapidocr onnxruntime), the
detector off; letters count as no answer. Seed 1 and above draw from MNIST's test
digits, seed 0, which may be tuned on, from the last 5,000 training digits. `--rows`
reads rows of five digits instead, at gaps of +6 to -4 pixels: whole rows right, by
`read_digits` (Section VII), by cuts (Section V) and by RapidOCR.
"""

import argparse
import logging
import time
from pathlib import Path

import numpy as np
from accuracy import fill_table
from corpus import CONDITIONS, pictures, row
from cuts import read_by_cuts
from PIL import Image

from lenet_keras import (
    build_lenet5,
    load,
    read_digit,
    read_digits,
    use_all_cores,
)
from lenet_keras.evaluation import predict_with_doubt

try:
    import rapidocr
except ImportError:
    rapidocr = None

RESULTS = Path(__file__).parent.parent / "docs" / "readers.md"
GAPS = (6, 2, 0, -2, -4)


def main():
    args = _arguments()
    use_all_cores()
    name, lines = ("rows", rows(args)) if args.rows else ("one digit", digits(args))
    table = []
    for line in lines:
        print(line, flush=True)
        table.append(line)
    if args.save:
        fill_table(RESULTS, "\n".join([*table, ""]), name)


def drawn_from(seed):
    """The images and labels that a seed draws from."""
    data = load("mnist")
    if seed:
        return data.test_images, data.test_labels
    return data.train_images[-5000:], data.train_labels[-5000:]


def digits(args):
    """Each condition of the corpus: the lines of a table, one by one."""
    images, labels = drawn_from(args.seeds[0])
    readers = ours(args.variants) | (others() if args.others else {})
    yield from heading("condition", readers)
    sums = {name: np.zeros(5) for name in readers}
    names = args.conditions or CONDITIONS
    for condition in names:
        drawn = list(pictures(condition, images, args.number, args.seeds[0]))
        truth = [None if condition == "two digits" else labels[k] for _, k in drawn]
        cells = []
        for name, reader in readers.items():
            shares, milliseconds = read_all(reader, [p for p, _ in drawn], truth)
            sums[name] += shares
            cells.append(cell(shares, milliseconds))
        yield f"| {condition} | " + " | ".join(cells) + " |"
    cells = [cell(sums[name] / len(names)) for name in readers]
    yield "| **all** | " + " | ".join(cells) + " |"


def rows(args):
    """Rows of five digits, read whole: the lines of a table, one by one."""
    readers = of_rows(args.variants) | (others(text=True) if args.others else {})
    seeds = ", ".join(map(str, args.seeds))
    yield from heading(f"gap; seeds {seeds}", readers)
    for gap in GAPS:
        pages = [drawn_rows(gap, seed, args.number) for seed in args.seeds]
        cells = []
        for reader in readers.values():
            rights = [read_all(reader, *page)[0][0] for page in pages]
            cells.append(", ".join(f"{right:.0%}" for right in rights))
        yield f"| {gap:+d} | " + " | ".join(cells) + " |"


def drawn_rows(gap, seed, number):
    """Rows of five digits, so many pixels apart, and what they say."""
    images, labels = drawn_from(seed)
    generator = np.random.default_rng((seed, gap + 10))
    chosen = [generator.choice(len(images), 5, replace=False) for _ in range(number)]
    drawn = [255 - row(images[five], gap) for five in chosen]
    return drawn, ["".join(map(str, labels[five])) for five in chosen]


def of_rows(variants):
    """Readers of a row, a picture in; its number and mark out: two for each variant."""

    def readers(variant):
        model = build_lenet5(variant, weights="mnist")

        def by_network(picture):
            try:
                found = read_digits(picture, model)
            except ValueError:
                return None, False
            answer = "".join(digit.answer for digit in found)
            return answer, any(digit.is_doubtful for digit in found)

        def by_cuts(picture):
            return "".join(map(str, read_by_cuts(255 - picture, model))), False

        return {f"read_digits, {variant}": by_network, f"cuts, {variant}": by_cuts}

    return {k: reader for v in variants for k, reader in readers(v).items()}


def heading(first, readers):
    return [
        f"| {first} | " + " | ".join(readers) + " |",
        "| --- |" + " --- |" * len(readers),
    ]


def cell(shares, milliseconds=None):
    """What `read_all` returns, in percent; the marked right ones stand in brackets."""
    right, marked, *others = (f"{100 * share:.1f}" for share in shares)
    text = " / ".join([f"{right} ({marked})", *others])
    return text if milliseconds is None else f"{text} ({milliseconds:.0f} ms)"


def read_all(reader, drawn, truth):
    """What a reader makes of pictures, and the median milliseconds of one.

    Where the truth is None, as of a picture with two digits, a refusal is right.

    Returns:
        Float array (5,): the shares right, right but marked as doubtful, refused, wrong
        but marked, wrong without a word; and a float.
    """
    readings, seconds = [], []
    for picture in drawn:
        began = time.perf_counter()
        readings.append(reader(picture))
        seconds.append(time.perf_counter() - began)
    answers, marks = zip(*readings, strict=True)
    right = np.array([a == t for a, t in zip(answers, truth, strict=True)])
    refused = np.array([answer is None for answer in answers]) & ~right
    wrong, marked = ~right & ~refused, np.array(marks)
    counted = [right, right & marked, refused, wrong & marked, wrong & ~marked]
    return np.mean(counted, axis=1), 1000 * np.median(seconds)


def ours(variants):
    """A reader for each variant: a picture in; a digit or None, and its mark, out."""

    def reader(model):
        def read(picture):
            try:
                ink = read_digit(picture)
            except ValueError:
                return None, False
            chances, doubt = predict_with_doubt(model, ink[None])
            return int(chances.argmax()), bool(doubt[0])

        read(np.kron(load("digits").test_images[0], np.ones((4, 4), np.uint8)))
        return read

    return {v: reader(build_lenet5(v, weights="mnist")) for v in variants}


def others(text=False):
    """RapidOCR, if it is installed; its answer as text, or as one digit, not marked."""
    if rapidocr is None:
        print("RapidOCR is not installed: only ours is read.")
        return {}
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    one = "EngineConfig.onnxruntime.intra_op_num_threads"  # or they wait for each other
    engine = rapidocr.RapidOCR(params={"Global.log_level": "error", one: 1})

    def read(picture):
        white = Image.new("RGB", picture.shape[1::-1], "white")
        image = Image.fromarray(picture)
        white.paste(image, mask=image if image.mode == "RGBA" else None)
        found = engine(np.asarray(white), use_det=False, use_cls=False, use_rec=True)
        answer = "".join(found.txts or ()).strip()
        if text:
            return answer, False
        is_digit = len(answer) == 1 and answer in "0123456789"
        return int(answer) if is_digit else None, False

    return {"RapidOCR": read}


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("conditions", nargs="*", metavar="CONDITION")
    parser.add_argument("--variants", nargs="*", default=["1998", "modern"])
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1])
    parser.add_argument("--rows", action="store_true", help="rows of five digits")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument(
        "--ours", dest="others", action="store_false", help="leave RapidOCR out"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
