"""Figures of results: errors and mistakes, confidence, robustness, then and today."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

import lenet_keras
from lecture.measurements import Unavailable, measured, trained
from lecture.slides import SMALL, fit, fit_numbers, panels, size_titles
from lenet_keras import paper, plots
from lenet_keras.plots.style import coloured, note


def learning_curves(material):
    """Training and test error pass by pass, trained as in 1998 (Fig. 5)."""
    runs = _of_60_000(lenet_keras.histories("1998", "paper"))
    curves = {
        "training": _errors(runs, "accuracy"),
        "test": _errors(runs, "val_accuracy"),
    }
    published = {
        "training": paper.PUBLISHED_TRAINING_CURVE,
        "test": paper.PUBLISHED_TEST_CURVE,
    }
    figure, ax = panels(bottom=0.17)
    plots.plot_runs(curves, published, ax, band=True)
    final = curves["test"][:, -1]
    facts = {"seeds": len(runs), "passes": curves["test"].shape[1]}
    facts |= {"median": np.median(final), "low": final.min(), "high": final.max()}
    return figure, facts | {"paper": paper.PUBLISHED_TEST_ERROR}


def training_set_size(material):
    """Test error against the number of training images (Fig. 6)."""
    errors = {}
    for run in lenet_keras.histories("1998", "paper"):
        error = 100 * (1 - run["val_accuracy"][-1])
        errors.setdefault(run["images"], []).append(error)
    figure, ax = panels(bottom=0.17)
    plots.plot_by_images(errors, paper.PUBLISHED_BY_IMAGES, ax)
    ax.margins(x=0.1)
    least, most = min(errors), max(errors)
    facts = {"least": least, "most": most, "seeds": len(errors[most])}
    facts |= {"before": np.median(errors[least]), "after": np.median(errors[most])}
    return figure, facts


def confusion(material):
    """The confusion matrix, everything coloured."""
    figure, ax, facts = _matrix(material, "all")
    fit_numbers(ax, share=0.95, alike=False)
    return figure, facts


def confusion_errors(material):
    """The confusion matrix with nothing but its errors."""
    figure, ax, facts = _matrix(material, "errors")
    for text in ax.texts:
        column, row = (int(at) for at in text.get_position())
        if row == column or text.get_text() == "0":
            text.set_text("")
    fit_numbers(ax, share=0.95, alike=False)
    return figure, facts


def _matrix(material, colour):
    """A slide with the confusion matrix, its axes, and the facts."""
    _need_mistakes(material)
    figure, ax = panels(left=0.08, right=0.95, bottom=0.13, top=0.795)
    plots.plot_confusion(material.confusion, ax, colour=colour)
    labels, answers = material.data.test_labels, material.answers
    (worst,) = lenet_keras.most_confused(labels, answers, 1)
    right = int(np.trace(material.confusion))
    facts = worst._asdict() | {"right": right, "images": len(answers)}
    cells = len({(m.truth, m.answer) for m in material.mistakes})
    return figure, ax, facts | {"wrong": len(material.mistakes), "cells": cells}


def _need_mistakes(material):
    if not material.mistakes:
        raise Unavailable("no digit is misread, so there is no mistake to show.")


def mistakes(material):
    """Every misread test digit."""
    _need_mistakes(material)
    wrong = sorted(material.mistakes, key=lambda m: (m.truth, m.answer, m.index))
    columns = max(1, int(np.ceil(np.sqrt(2.6 * len(wrong)))))
    titles = [f"{m.truth} → {m.answer}" for m in wrong]
    images = material.data.test_images[[m.index for m in wrong]]
    figure = plots.plot_images(images, titles, columns)
    size_titles(figure, min(SMALL, 220 / columns))
    facts = {"wrong": len(wrong), "images": len(material.data.test_labels)}
    facts |= {"paper": len(paper.PUBLISHED_MISTAKES), "variant": material.variant}
    return fit(figure, left=0.02, right=0.98, bottom=0.01, top=0.77, hspace=0.6), facts


def confused_pairs(material):
    """The misread digits of the commonest confusions, a row a pair."""
    _need_mistakes(material)
    labels, answers = material.data.test_labels, material.answers
    pairs = lenet_keras.most_confused(labels, answers, number=5)
    columns, images = min(9, pairs[0].count), []
    for pair in pairs:
        own = [m.index for m in material.mistakes if (m.truth, m.answer) == pair[:2]]
        pictures = material.data.test_images[own[:columns]].astype(float)
        rest = np.full((columns - len(pictures), *pictures.shape[1:]), np.nan)
        images += [pictures, rest]
    names = [f"{pair.truth} → {pair.answer}, {pair.count} times" for pair in pairs]
    figure, ax = panels(left=0.28, right=0.97, bottom=0.03, top=0.78)
    plots.plot_mosaic(np.concatenate(images), columns, ax, names=names)
    ax.set_anchor("W")
    facts = pairs[0]._asdict() | {"pairs": len(pairs), "wrong": len(material.mistakes)}
    return figure, facts | {"together": sum(pair.count for pair in pairs)}


def error_by_class(material):
    """The error of each class."""
    errors = lenet_keras.error_by_class(material.data.test_labels, material.answers)
    figure, ax = panels(left=0.12, bottom=0.17)
    plots.plot_error_by_class({material.variant: errors}, ax)
    facts = {"hardest": int(errors.argmax()), "easiest": int(errors.argmin())}
    return figure, facts | {"most": errors.max(), "least": errors.min()}


def confidence(material):
    """How sure two networks are of their right and of their wrong answers."""
    _need_mistakes(material)
    figure, axes = panels(1, 2, left=0.13, bottom=0.17, top=0.74, wspace=0.2)
    sure = {}
    for ax, variant in zip(axes, _both(material), strict=True):
        probabilities = material.probabilities(variant)
        best = probabilities.max(-1)
        right = probabilities.argmax(-1) == material.data.test_labels
        plots.plot_confidence(best[right], best[~right], ax)
        ax.set(title=f"variant {variant}", xlim=(0, 1.01), xticks=(0, 0.5, 1))
        sure[variant] = np.mean(best[~right] > 0.95)
    axes[1].set_ylabel("")
    axes[1].get_legend().remove()
    facts = {"own": sure[material.variant], "others": sure[material.other]}
    return figure, facts | {"variant": material.variant, "other": material.other}


def _both(material):
    """The network to draw, and one to compare with."""
    return material.variant, material.other


def rejection(material):
    """The error of the others against the share that is refused (Fig. 10)."""
    labels = material.data.test_labels
    own, other = (
        lenet_keras.rejection(labels, material.scores(variant))
        for variant in _both(material)
    )
    curves = {f"variant {material.variant}": own, f"variant {material.other}": other}
    figure, ax = panels(bottom=0.17)
    named = "boosted LeNet-4", "LeNet-4", "20x20-300-10"
    published = {name: paper.PUBLISHED_REJECTION[name] for name in named}
    plots.plot_rejection(curves, published=published, ax=ax)
    facts = {"target": 0.5, "error": own.error_rate[0], "other": material.other}
    return figure, facts | {
        "refused": lenet_keras.rejected_for(own),
        "others": lenet_keras.rejected_for(other),
    }


_CHANGES = {  # its name, its amounts, and how one is written
    "shift_y": ("shift down", (0, 2, 4, 6, 8, 10), "{:g} px"),
    "scale": ("scale", (1, 1.3, 0.8, 0.7, 0.6, 0.5), "× {:g}"),
    "rotation": ("rotation", (0, 10, 20, 30, 45, 60), "{:g}°"),
    "noise": ("noise", (0, 0.05, 0.1, 0.15, 0.2, 0.3), "{:.0%}"),
}


def changed_digits(material):
    """One digit, changed more and more in four ways, and the network's answers."""
    label = 4
    x = lenet_keras.to_input(material.digit(label)[None])
    images, titles, wrong = [], [], []
    for kind, (name, amounts, form) in _CHANGES.items():
        changed = [lenet_keras.transform(x, kind, amount) for amount in amounts]
        images += changed
        answers = lenet_keras.predict(material.model, np.concatenate(changed))
        answers = answers.argmax(-1)
        answered = zip(amounts, answers, strict=True)
        texts = [f"{form.format(amount)}: {answer}" for amount, answer in answered]
        titles += [name, *texts[1:]]
        wrong += (answers != label).tolist()
    figure = plots.plot_images(np.concatenate(images), titles, columns=6)
    size_titles(figure)
    for ax in np.array(figure.axes)[wrong]:
        ax.title.set(color=plots.VERMILION, fontweight="bold")
    fit(figure, bottom=0.015, top=0.755, hspace=0.5)
    return figure, {"digit": label, "wrong": sum(wrong), "pictures": len(wrong) - 4}


_AMOUNTS = {  # amounts, what the paper estimates beside its Fig. 13, the label
    "shift_y": (range(-10, 11, 2), (-10, 10), "shift down (pixels)"),
    "scale": (np.arange(0.4, 1.61, 0.1).round(1), (), "scale (factor)"),
    "rotation": (range(-60, 61, 10), (-30, 30), "rotation (degrees)"),
    "noise": (np.arange(0, 0.31, 0.05).round(2), (), "noise (share of pixels)"),
}


def robustness(material):
    """The error of two networks on digits that are changed more and more."""
    figure, axes = panels(2, 2, left=0.11, bottom=0.14, top=0.7, wspace=0.2, hspace=0.7)
    errors = {kind: _robustness(material, kind) for kind in _AMOUNTS}
    for ax, (kind, setting) in zip(axes.flat, _AMOUNTS.items(), strict=True):
        amounts, limits, xlabel = setting
        look = {"xlabel": xlabel, "limits": limits}
        plots.plot_robustness(amounts, errors[kind], **look, ax=ax)
        ax.get_legend().remove()
        ax.set(ylabel="", yticks=(0, 50, 100))
    handles = axes[0, 0].get_legend_handles_labels()
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.82), "frameon": False}
    figure.legend(*handles, **place, ncols=3)
    figure.supylabel("error (%)", x=0.01, fontsize="small")
    turned = errors["rotation"][f"variant {material.variant}"]
    at = dict(zip(_AMOUNTS["rotation"][0], turned, strict=True))
    images = len(material.data.test_labels)
    return figure, {"images": images, "at_30": (at[-30] + at[30]) / 2}


def _robustness(material, kind):
    """The errors of two networks, one an amount of one change."""
    test = material.data.test_images, material.data.test_labels
    amounts = _AMOUNTS[kind][0]
    return {
        f"variant {v}": lenet_keras.robustness(trained(v), *test, kind, amounts)
        for v in _both(material)
    }


def ladder(material):
    """From the paper's training to today's, the errors after each change."""
    rungs = {}
    for run in lenet_keras.ladder():
        rungs.setdefault(run["rung"], []).append(run)
    errors = {
        name: [_errors(runs, key)[:, -1].tolist() for runs in rungs.values()]
        for name, key in (("test", "val_accuracy"), ("training", "accuracy"))
    }
    figure, ax = panels(left=0.34, bottom=0.22, top=0.77)
    plots.plot_ladder(list(rungs), errors, paper.PUBLISHED_TEST_ERROR, ax)
    first, last = (np.median(errors["test"][k]) for k in (0, -1))
    facts = {"rungs": len(rungs), "first": first, "last": last}
    return figure, facts | {"seeds": len(rungs["1998"])}


_SPEEDS = {"fit": "lenet_keras", "keras fit": "Keras fit", "pytorch eager": "PyTorch"}


def peers(material):
    """Speed beside that of others, and errors beside the paper's."""
    speed = measured("results.json")
    rates = speed["images_per_second_of_all"]
    rates = {name: rates[key] for key, name in _SPEEDS.items() if rates.get(key)}
    errors = {"paper": paper.PUBLISHED_TEST_ERROR, **_errors_of_variants()}
    figure, (left, right) = panels(
        1, 2, left=0.2, right=0.98, bottom=0.04, top=0.745, wspace=0.32
    )
    _compare(left, rates, ("Keras fit", "PyTorch"), "{:,}")
    left.set_title("images a second")
    _compare(right, errors, ("paper",), "{:.2f}")
    right.set_title("test error (%)")
    facts = {"ratio": speed["ratio_to_keras_fit"], "machine": speed["machine"]}
    facts |= {"seconds": speed["time_to_98_34_seconds"], "paper": errors.pop("paper")}
    return figure, facts | {"worst": max(errors.values())}


def _errors_of_variants():
    """The median test error of each variant after its own recipe, in percent."""
    return {
        row["variant"]: float(np.median(row["test_error_percent"]))
        for row in measured("accuracy.json").values()
        if row["data"] == "mnist" and row["epochs"] > 1
    }


def _compare(ax, values, theirs, fmt):
    """Bars of ours in blue, beside theirs in grey."""
    colours = ["#999999" if name in theirs else plots.BLUE for name in values]
    plots.plot_bars(values, ax, fmt, colour=colours)
    ax.set_xlim(0, 1.45 * max(values.values()))


_FAMILIES = {
    "linear": "linear, quadratic",
    "memory": "examples kept",
    "dense": "fully connected",
    "convolutional": "convolutional",
}
_NAMED = {  # methods that have their names beside them, and on which side
    "linear": "right",
    "pairwise linear": "right",
    "LeNet-1, 16x16": "right",
    "K-NN, deslanted": "left",
    "1000 hidden units": "left",
    "LeNet-5": "left",
}


def methods(material):
    """Errors of 1998's methods against the numbers that they store (Figs. 9, 12)."""
    families = {name: [] for name in _FAMILIES.values()}
    for row in paper.PUBLISHED_METHODS:
        if row.variables is not None:
            point = row.name, 1000 * row.variables, row.error
            families[_FAMILIES[row.family]].append(point)
    climbed = lenet_keras.ladder()
    top = [run for run in climbed if run["rung"] == climbed[-1]["rung"]]
    then = _final_error(_of_60_000(lenet_keras.histories("1998", "paper")))
    today = _final_error(top)
    ours = {"here, 1998": (60_000, then), "here, today": (61_706, today)}
    figure, ax = panels(bottom=0.17)
    _draw_methods(ax, families, ours)
    number = sum(map(len, families.values()))
    return figure, {"then": then, "today": today, "methods": number}


def _draw_methods(ax, families, ours):
    """A dot a method, a star for each of ours, and the names of some."""
    for (family, rows, colour), marker in zip(coloured(families), "os^D", strict=True):
        _, x, y = zip(*rows, strict=True)
        ax.plot(x, y, marker, color=colour, label=family)
    star = {"color": "black", "ms": 2 * plt.rcParams["lines.markersize"], "zorder": 3}
    for x, y in ours.values():
        ax.plot(x, y, "*", **star)
    points = {name: at for rows in families.values() for name, *at in rows} | ours
    for name, side in (dict.fromkeys(ours, "right") | _NAMED).items():
        offset, align = ((14, 0), "left") if side == "right" else ((-14, 0), "right")
        note(ax, name, points[name], offset, ha=align, va="center", size="small")
    ax.set(xscale="log", xlim=(2e3, 5e7), xlabel="stored numbers")
    ax.set(yscale="log", ylim=(0.5, 15), ylabel="test error (%)")
    ax.yaxis.set_major_locator(FixedLocator([0.5, 1, 2, 5, 10]))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.legend(frameon=False, loc="upper right")


def _of_60_000(runs):
    """Those of all training images."""
    return [run for run in runs if run["images"] == 60_000]


def _errors(runs, key):
    """Errors in percent, (runs, passes)."""
    return 100 * (1 - np.array([run[key] for run in runs]))


def _final_error(runs):
    """The median of the test errors after the last pass, in percent."""
    return float(np.median(_errors(runs, "val_accuracy")[:, -1]))
