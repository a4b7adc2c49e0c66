"""Read the corpus with ours and with RapidOCR: right, refused, wrong, milliseconds.

    python benchmarks/readers.py [CONDITION ...] [--number 200] [--seed 1] [--rows]

Ours is `read_digit` and a variant with its shipped weights. RapidOCR, which brings its
models, is read beside it where it is installed (pip install rapidocr onnxruntime), the
detector off; letters count as no answer. Seed 1 draws from MNIST's test digits, seed 0,
which may be tuned on, from the last 5,000 training digits. `--rows` reads rows of five
digits with `read_digits` instead, at gaps of +6 to -4 pixels: whole rows right.
"""

import argparse
import logging
import time
from pathlib import Path

import numpy as np
from corpus import CONDITIONS, pictures, row
from PIL import Image

from lenet_keras import (
    build_lenet5,
    load,
    predict,
    read_digit,
    read_digits,
    use_all_cores,
)
from lenet_keras.files import write_whole

try:
    import rapidocr
except ImportError:
    rapidocr = None

RESULTS = Path(__file__).with_suffix(".md")


def main():
    args = _arguments()
    use_all_cores()
    data = load("mnist")
    images, labels = (
        (data.test_images, data.test_labels)
        if args.seed
        else (data.train_images[-5000:], data.train_labels[-5000:])
    )
    if args.rows:
        return read_rows(images, labels, args)
    readers = ours(args.variants) | (others() if args.others else {})
    lines = heading(readers)
    sums = {name: np.zeros(3) for name in readers}
    names = args.conditions or CONDITIONS
    for condition in names:
        drawn = list(pictures(condition, images, args.number, args.seed))
        truth = [None if condition == "two digits" else labels[k] for _, k in drawn]
        cells = []
        for name, reader in readers.items():
            shares, milliseconds = read_all(reader, [p for p, _ in drawn], truth)
            sums[name] += shares
            cells.append(cell(shares, milliseconds))
        lines.append(f"| {condition} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    cells = [cell(sums[name] / len(names)) for name in readers]
    lines.append("| **all** | " + " | ".join(cells) + " |")
    print(lines[-1])
    if args.save:
        text = "\n".join(lines) + "\n"
        write_whole(RESULTS, lambda path: path.write_text(text))


def read_rows(images, labels, args):
    """Print the share of rows of five digits that are read whole, for each gap."""
    for gap in (6, 2, 0, -2, -4):
        generator = np.random.default_rng((args.seed, gap + 10))
        chosen = [generator.choice(len(images), 5, False) for _ in range(args.number)]
        for variant in args.variants:
            model = build_lenet5(variant, weights="mnist")
            right = sum(
                [digit.answer for digit in read_digits(row(images[five], gap), model)]
                == list(map(str, labels[five]))
                for five in chosen
            )
            print(f"gap {gap:+d}, {variant}: {right / args.number:.1%}", flush=True)


def heading(readers):
    return [
        "| condition | " + " | ".join(readers) + " |",
        "| --- |" + " --- |" * len(readers),
    ]


def cell(shares, milliseconds=None):
    """Percentages: right, refused, wrong; then the time of a picture."""
    text = " / ".join(f"{100 * share:.1f}" for share in shares)
    return text if milliseconds is None else f"{text} ({milliseconds:.0f} ms)"


def read_all(reader, drawn, truth):
    """The shares right, refused and wrong of pictures, and the milliseconds of one.

    Where the truth is None, as of a picture with two digits, a refusal is right.
    """
    began = time.perf_counter()
    answers = [reader(picture) for picture in drawn]
    milliseconds = 1000 * (time.perf_counter() - began) / len(drawn)
    right = np.mean([a == t for a, t in zip(answers, truth, strict=True)])
    refused = np.mean(
        [a is None and t is not None for a, t in zip(answers, truth, strict=True)]
    )
    return np.array([right, refused, 1 - right - refused]), milliseconds


def ours(variants):
    """A reader for each variant: a picture in, a digit or None out."""

    def reader(model):
        def read(picture):
            try:
                ink = read_digit(picture)
            except ValueError:
                return None
            return int(predict(model, ink[None]).argmax())

        read(np.kron(load("digits").test_images[0], np.ones((4, 4), np.uint8)))
        return read

    return {v: reader(build_lenet5(v, weights="mnist")) for v in variants}


def others():
    """RapidOCR, if it is installed."""
    if rapidocr is None:
        print("RapidOCR is not installed: only ours is read.")
        return {}
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    engine = rapidocr.RapidOCR(params={"Global.log_level": "error"})

    def read(picture):
        white = Image.new("RGB", picture.shape[1::-1], "white")
        image = Image.fromarray(picture)
        white.paste(image, mask=image if image.mode == "RGBA" else None)
        found = engine(np.asarray(white), use_det=False, use_cls=False, use_rec=True)
        text = "".join(found.txts or ()).strip()
        return int(text) if len(text) == 1 and text in "0123456789" else None

    return {"RapidOCR": read}


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("conditions", nargs="*", metavar="CONDITION")
    parser.add_argument("--variants", nargs="*", default=["1998", "modern"])
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", action="store_true", help="rows of five digits")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument(
        "--ours", dest="others", action="store_false", help="leave RapidOCR out"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
