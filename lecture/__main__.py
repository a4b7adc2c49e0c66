"""`python -m lecture` draws the figures of a lecture on LeNet-5, or a deck of them."""

import argparse
import sys
from pathlib import Path

from lenet_keras.quiet import quiet_start

with quiet_start():  # TensorFlow has much to say while it is imported
    import keras

    from lecture.animation import write_films
    from lecture.catalogue import FIGURES, FILMS, slide_numbers
    from lecture.deck import write_deck
    from lecture.measurements import Material
    from lecture.slides import check_formats, write_figures
    from lecture.words import font_family
    from lenet_keras.data import load_named
    from lenet_keras.hints import check_name


def main(arguments=None):
    """Draw what is asked for; return the exit status: 0, 2 (error) or 130 (Ctrl-C)."""
    args = _parser().parse_args(arguments)
    try:
        for result in _results(args):
            print(f"Saved {result}" if isinstance(result, Path) else result)
    except (ValueError, OSError) as error:
        print(f"lecture: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nlecture: interrupted; nothing is half written.", file=sys.stderr)
        return 130
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="python -m lecture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument(
        "--out", type=Path, help="folder (default: figures, in Chinese figures/zh)"
    )
    parser.add_argument("--format", default="svg,png", help="of svg,png,pdf")
    parser.add_argument("--lang", default="en", help="en or zh (default: en)")
    parser.add_argument("--variant", default="1998", help="(default: 1998)")
    parser.add_argument(
        "--data",
        default="auto",
        help="mnist, digits, auto, or a folder with the four IDX files (default: auto)",
    )
    parser.add_argument(
        "--deck", action="store_true", help="write lenet5.pdf and lenet5.pptx of all"
    )
    return parser


def _results(args):
    """Paths of written files, and why others are left out, one after the other."""
    formats = args.format.split(",")
    _check(args, formats)
    with quiet_start():
        keras.ops.zeros(())  # the first operation, of which TensorFlow tells too
    material = Material(load_named(args.data), args.variant)
    out = args.out or Path("figures", "" if args.lang == "en" else args.lang)
    if args.deck:
        yield from write_deck(FIGURES, material, out, args.lang)
        return
    figures = {name: FIGURES[name] for name in args.names or FIGURES}
    films = {name: FILMS[name] for name in figures if name in FILMS}
    numbered = None if args.names else slide_numbers
    yield from write_figures(
        figures, material, out, formats, args.lang, films, readme=numbered
    )
    yield from write_films(films, material, out, args.lang)


def _check(args, formats):
    """Raise a ValueError for what cannot be done, before anything is loaded."""
    check_formats(formats)
    for name in args.names:
        check_name("a figure", name, FIGURES)
    font_family(args.lang)
    if args.deck and args.names:
        raise ValueError(
            f"a deck holds all figures; received --deck with {args.names[0]!r}. Leave "
            "out the names or --deck."
        )


if __name__ == "__main__":
    sys.exit(main())
