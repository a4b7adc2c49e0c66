"""The command `lenet5`: summary, train, evaluate, predict, page."""

import argparse
import contextlib
import glob
import os
import shlex
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import keras
import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from lenet_keras import __version__, plots
from lenet_keras.callbacks import EpochLog, LiveLog
from lenet_keras.checks import BackendError, check_weights, need_tensorflow
from lenet_keras.data import load_named
from lenet_keras.evaluation import confusion, evaluate, mistakes, most_confused
from lenet_keras.files import write_whole
from lenet_keras.hints import check_name, counted, printable
from lenet_keras.model import VARIANTS, build_lenet5, load_model
from lenet_keras.page import export_page
from lenet_keras.pictures import picture_of
from lenet_keras.recipes import RECIPES, named_recipe
from lenet_keras.rows import answers_of, by_line, certainties_of, number_of, read_digits
from lenet_keras.runs import (
    MODEL,
    PICTURES,
    RUN,
    Checkpoint,
    alone_in,
    load_for,
    model_of,
    read_settings,
    set_aside,
)
from lenet_keras.tables import Table, count_table, plain_console
from lenet_keras.threads import describe_threads, threads, use_all_cores
from lenet_keras.training import train

DATA_HELP = "mnist, digits, auto, or a folder with the four IDX files (default: auto)"
VARIANT_HELP = f"{', '.join(VARIANTS)} (default: classic)"
_COLUMNS = 10  # classes, of which a table has a column each
_TOLD = (ValueError, OSError, ArithmeticError, BackendError)  # in a line, without trace
_RECIPES = [
    name
    for name, recipe in RECIPES.items()
    if name not in VARIANTS and recipe.temperature is None
]
RECIPE_HELP = f"{', '.join(_RECIPES)} (default: the variant's own)"


def main(arguments=None):
    """Run one command; return its exit status.

    0, or 2 (error), 130 (interrupted), 141 (the reader of our output has gone).
    """
    _write_any_character()
    args = _parser().parse_args(arguments)
    if args.run is None:
        _parser().print_help()
        return 0
    try:
        with _interruptible(), warnings.catch_warnings():
            # NumPy 2 deprecates how Keras saves: "python -W error" would stop there.
            warnings.filterwarnings("ignore", "__array__ implementation doesn't accept")
            need_tensorflow("the command lenet5")
            use_all_cores()
            args.run(args)
            sys.stdout.flush()
        return 0
    except BaseException as error:
        if _is_behind(error, KeyboardInterrupt):
            return _say_how_to_go_on(args)
        if _is_behind(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for Python's last flush
            return 128 + 13  # SIGPIPE, as of any command before "| head"
        if not isinstance(error, _TOLD):
            raise
        message = "\n".join(map(printable, str(error).splitlines()))
        _say_beside(f"lenet5: error: {message}")
        return 2


def _write_any_character():
    """Let a name in other letters than the terminal's be written out, as \\u4e2d."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not where it is closed, or of a notebook
            stream.reconfigure(errors="backslashreplace")


def _say_beside(message):
    """Write to standard error, unless nobody takes it: what is done is done."""
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _interruptible():
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does, unless they are ignored."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is not threading.main_thread():
        yield  # Python sends signals to the main thread alone
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_behind(error, kind):
    """Whether an error of a kind led to this one: libraries make others of it."""
    while error and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error is not None


def _say_how_to_go_on(args):
    _say_beside("\nlenet5: interrupted; nothing is half written.")
    if args.run is _train:
        out = _run_folder(args)
        command = f"lenet5 train --resume --out {_quoted(printable(out))}"
        if not (args.is_in_folder and (out / RUN).is_file()):
            command = "the same command, for it had not begun to train"
        _say_beside(f"Go on with: {command}")
    return 130


def _quoted(text):
    """An argument as the shell of this system takes it."""
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        super().error(printable(message))


def _parser():
    parser = _Parser(
        prog="lenet5",
        description="LeNet-5 (LeCun, Bottou, Bengio, Haffner, 1998) in Keras.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(run, help):
        sub = commands.add_parser(
            run.__name__.strip("_"), help=help, description=run.__doc__
        )
        sub.set_defaults(run=run)
        return sub

    summary = command(_summary, "count a variant layer by layer")
    summary.add_argument("--variant", default="classic", help=VARIANT_HELP)

    train = command(_train, "train a variant, report and save it")
    train.set_defaults(is_in_folder=False)
    train.add_argument("--variant", help=VARIANT_HELP)
    train.add_argument("--recipe", help=RECIPE_HELP)
    train.add_argument("--data", help=DATA_HELP)
    train.add_argument("--epochs", type=_positive, help="default: the recipe's")
    train.add_argument("--batch-size", type=_positive, help="default: the recipe's")
    train.add_argument("--seed", type=int, help="default: 0")
    train.add_argument("--out", type=Path, help="folder (default: runs/VARIANT)")
    train.add_argument("--log-every", type=_positive, help="a line every so many steps")
    train.add_argument(
        "--resume", action="store_true", help="continue the interrupted run in --out"
    )

    evaluate = command(_evaluate, "test a saved model")
    evaluate.add_argument("model", type=Path, help="a .keras file")
    evaluate.add_argument("--data", default="auto", help=DATA_HELP)

    predict = command(_predict, "read digits from PNG or JPEG pictures")
    predict.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="pictures; the first may be a .keras file, the model to read with",
    )
    predict.add_argument("--variant", help="with its shipped weights (default: 1998)")
    predict.add_argument("--weights", help="a shipped name or a file (default: mnist)")
    predict.add_argument(
        "--show", type=Path, metavar="FILE.png", help="draw boxes and frames"
    )

    page = command(_page, "write one HTML file: draw a digit, watch every layer")
    page.add_argument("model", type=Path, nargs="?", help="a .keras file")
    page.add_argument("--variant", help="with its shipped weights (default: 1998)")
    page.add_argument("--out", type=Path, default=Path("lenet5.html"))
    return parser


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; received {text}")
    return number


def _summary(args):
    """Count parameters, connections, multiply-adds and receptive fields."""
    plain_console().print(count_table(build_lenet5(args.variant)))


def _train(args):
    """Train a variant with its recipe, test it, save the model and pictures."""
    out = _run_folder(args)
    args.is_in_folder = args.resume  # or an earlier run still is
    if args.resume:
        read_settings(out)  # before the folder is made
    with alone_in(out):
        _train_in(out, args)


def _train_in(out, args):
    settings = _run_settings(args, out)
    check_name("variant", settings["variant"], VARIANTS)
    name = settings["recipe"] or settings["variant"]
    recipe = named_recipe(name)
    if recipe.temperature is not None:
        raise ValueError(
            f"the recipe {name!r} learns from a teacher's answers instead of labels. "
            "Run benchmarks/taught.py, which makes them, or choose another --recipe."
        )
    data, found = load_for(settings)
    epochs = settings["epochs"] or recipe.epochs
    batch_size = settings["batch_size"] or recipe.batch_size
    console = plain_console()
    checkpoint = Checkpoint(out, settings | {"found": found})
    model, epochs_done = model_of(checkpoint) if args.resume else (None, 0)
    if model is None:  # new, or stopped before its first epoch was saved
        keras.utils.set_random_seed(settings["seed"])
        model = build_lenet5(settings["variant"])
        if not args.resume:
            set_aside(out)
            args.is_in_folder = True
    else:
        console.print(f"Resuming {printable(out)} after epoch {epochs_done}.")
        _say_other_threads(console, settings)
    console.print(count_table(model))
    data_name = printable(data.name)
    console.print(f"{describe_threads()}. Data: {data_name}.")
    console.print(
        f"Training on {counted(len(data.train_images), 'image')} of {data_name}: "
        f"recipe {name}, {counted(epochs, 'epoch')}, batch size {batch_size}, "
        f"seed {settings['seed']}."
    )
    is_live = console.is_terminal and args.log_every is None
    train(
        model,
        data.train_images,
        data.train_labels,
        recipe=recipe,
        epochs=epochs,
        batch_size=batch_size,
        validation_data=(data.test_images, data.test_labels),
        callbacks=[checkpoint, LiveLog() if is_live else EpochLog(args.log_every)],
        initial_epoch=epochs_done,
        seed=settings["seed"],
    )
    console.print(f"Each step: {model.training_step or 'none was left'}.")
    probabilities = _report(console, model, data)
    saved = _save_pictures(out, checkpoint.history, data, probabilities)
    _say_saved(console, *saved)
    _say_if_guessing(console, data, probabilities)


def _say_other_threads(console, settings):
    """Say when a run goes on with other threads: its sums are rounded otherwise."""
    then = settings.get("threads", list(threads()))
    if then != list(threads()):
        console.print(
            f"The run began with {counted(then[0], 'thread')} per operation and "
            f"{counted(then[1], 'operation')} at once, and goes on with {threads()[0]} "
            f"and {threads()[1]}: the weights will differ by rounding."
        )


def _say_if_guessing(console, data, probabilities):
    """Say when a training came to nothing: one class for all does as well."""
    guessed = np.bincount(data.test_labels).max() / len(data.test_labels)
    right = np.mean(probabilities.argmax(-1) == data.test_labels)
    if right < 1.2 * guessed:
        console.print(
            "This is no better than guessing: one answer for all is right in "
            f"{guessed:.1%}. Train for more epochs, or with another --seed; if the "
            "loss did not fall at all, choose another --recipe."
        )


def _evaluate(args):
    """Test a saved model: error rate, confusion matrix, most confused pairs."""
    model = _model(args.model)
    classes = _classes_of(model)
    data = load_named(args.data, len(classes))
    if (
        data.name.lower() in ("digits", "mnist")
        and "".join(classes[:9]) not in "0123456789"
    ):
        raise ValueError(
            f"the model {model.name!r} reads {', '.join(classes)}; the images of "
            f"{data.name} are digits. Name a folder with such images by --data."
        )
    _report(plain_console(), model, data)


def _predict(args):
    """Read digits from pictures: ink on light or light on dark, any size, one or many.

    What is like no digit has a question mark. A picture that cannot be read is named,
    and the others are read; the status is 2 then.
    """
    model, files = _reader(args)
    pictures = [picture for file in files for picture in _expanded(file)]
    table = Table("picture", "answer", "certainty of each", left=("answer",))
    read, failures = [], []
    for path in pictures:
        try:
            found = read_digits(path, model)
        except (ValueError, OSError) as error:
            failures.append(str(error))
            continue
        read.append((path, found))
        name = str(path)
        for line in by_line(found):
            table.add_row(name, number_of(line), certainties_of(line))
            name = ""
    if read:
        plain_console().print(table)
    if any(digit.is_doubtful for _, found in read for digit in found):
        plain_console().print(
            "? after a digit: the picture is like none that was learned."
        )
    if args.show and read:
        _show(args.show, read)
    if failures:
        raise ValueError("\n".join(dict.fromkeys(failures)))  # each once


def _reader(args):
    """The model that the arguments ask for, and the pictures to read."""
    first, *rest = args.files
    if first.suffix != ".keras":
        variant = args.variant or "1998"
        model = build_lenet5(variant, weights=args.weights or "mnist")
        return model, args.files
    given = args.variant or args.weights
    if given:
        raise ValueError(
            f"{printable(first)} is a model already; received {given!r} too. Leave one "
            "of them out."
        )
    if not rest:
        raise ValueError(f"{printable(first)} is the model; name a picture after it.")
    model = _model(first)
    _classes_of(model)
    return model, rest


def _expanded(file):
    """The files of a pattern that the shell left alone, as that of Windows does."""
    if file.exists() or not set("*?[") & set(str(file)):
        return [file]
    return sorted(map(Path, glob.glob(str(file)))) or [file]


def _show(path, read):
    """Draw each picture with the boxes of its digits and what the network saw."""
    matplotlib.use("Agg")
    plots.use_style()
    figure = plots.plot_readings(
        [(np.asarray(picture_of(file)), found) for file, found in read]
    )
    write_whole(path, lambda file: figure.savefig(file, bbox_inches="tight"))
    plt.close(figure)
    _say_saved(plain_console(), path)


def _page(args):
    """Write a page that opens from disk: draw a digit, watch every layer."""
    if args.model and args.variant:
        raise ValueError(
            f"{str(args.model)!r} is a model already; received --variant "
            f"{args.variant} too. Leave one of them out."
        )
    if args.model:
        model = _model(args.model)
    else:
        model = build_lenet5(args.variant or "1998", weights="mnist")
    page = export_page(model, args.out)
    _say_saved(plain_console(), page.path)
    plain_console().print("Open it in a browser.")


def _model(path):
    """The model of a file, if its weights are numbers."""
    model = load_model(path)
    check_weights(model)
    return model


def _classes_of(model):
    """The names of a model's classes; of one that reads digits, one at a time."""
    shapes = [getattr(model, name, None) for name in ("input_shape", "output_shape")]
    if not all(isinstance(shape, tuple) for shape in shapes):
        raise ValueError(
            f"the model {model.name!r} must have one input and one output. Build it "
            "with build_lenet5."
        )
    reads, shape = shapes
    if len(reads) != 4 or reads[-1] != 1:
        raise ValueError(
            f"the model {model.name!r} reads {reads[1:]}, and the commands read digits "
            "in one channel, (32, 32, 1). Build it with build_lenet5."
        )
    if set(shape[1:-1]) - {None, 1}:
        raise ValueError(
            f"the model {model.name!r} answers {shape[1:-1]} times for each image, and "
            "the commands read one digit at a time. Build it for 32x32."
        )
    return list(map(printable, answers_of(model)))


def _run_folder(args):
    return args.out or Path("runs") / (args.variant or "classic")


def _run_settings(args, out):
    """The settings of a run; a resumed run keeps those that it began with."""
    given = {
        key: getattr(args, key)
        for key in ("variant", "recipe", "data", "epochs", "batch_size", "seed")
    }
    chosen = {key: value for key, value in given.items() if value is not None}
    if not args.resume:
        defaults = {"variant": "classic", "data": "auto", "seed": 0}
        noted = {"threads": list(threads())}
        return dict.fromkeys(given) | defaults | chosen | noted
    settings = dict.fromkeys(given) | read_settings(out)
    for name, value in chosen.items():
        if value != settings[name]:
            raise ValueError(
                f"the run in {printable(out)} began with {name}={settings[name]}; "
                f"received {value}. Resume it without that option."
            )
    return settings


def _report(console, model, data):
    """Print how a model does on the test set; return its probabilities."""
    error, probabilities = evaluate(model, data.test_images, data.test_labels)
    answers = probabilities.argmax(-1)
    number = len(answers)
    names = _classes_of(model)
    if len(names) <= _COLUMNS:
        table = Table("true / predicted", *names)
        counts = confusion(data.test_labels, answers, len(names))
        for name, row in zip(names, counts, strict=True):
            table.add_row(name, *map(str, row))
        console.print(table)
    else:
        console.print(
            f"No confusion matrix of {len(names)} classes fits here: "
            "lenet_keras.confusion counts it."
        )
    pairs = most_confused(data.test_labels, answers)
    if pairs:
        said = (_describe_pair(pair, names) for pair in pairs)
        console.print("Most confused: " + ", ".join(said))
    console.print(
        f"Test error: {error:.2%} ({round(error * number):,} of {number:,} wrong)"
    )
    console.print(
        f"Test accuracy of the model on the {number:,} test images: {1 - error:.2%}"
    )
    return probabilities


def _describe_pair(pair, names):
    """A confusion in words, with its number apart from the digits."""
    truth, answer = names[pair.truth], names[pair.answer]
    return f"{truth} taken for {answer} ({counted(pair.count, 'time')})"


def _say_saved(console, first, *others):
    """Name a file by its whole path, on one line to copy, and those beside it."""
    beside = f", and beside it {', '.join(file.name for file in others)}"
    text = f"Saved {printable(first)}{beside if others else ''}"
    console.print(text, soft_wrap=True)


def _save_pictures(out, history, data, probabilities):
    """Write the pictures beside the model; return all paths."""
    matplotlib.use("Agg")
    plots.use_style()
    labels, answers = data.test_labels, probabilities.argmax(-1)
    wrong = mistakes(labels, probabilities)
    pictures = (
        plots.plot_learning_curve(history).figure,
        plots.plot_confusion(confusion(labels, answers)).figure,
        plots.plot_mistakes(data.test_images, wrong),
    )
    for name, figure in zip(PICTURES, pictures, strict=True):
        write_whole(
            out / name, lambda path, f=figure: f.savefig(path, bbox_inches="tight")
        )
        plt.close(figure)
    return [out / name for name in (MODEL, *PICTURES)]
