"""Figures of results: errors and mistakes, confidence, robustness, then and today."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

import lenet_keras
from lecture.measurements import Unavailable, need_mistakes, trained
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
    passes = curves["test"].shape[1]  # the paper draws a point more
    published = {name: curve[:passes] for name, curve in published.items()}
    figure, ax = panels(right=0.85, bottom=0.17)
    plots.plot_runs(curves, published, ax, band=True)
    final = curves["test"][:, -1]
    facts = {"seeds": len(runs), "passes": passes}
    facts |= {"median": np.median(final), "low": final.min(), "high": final.max()}
    return figure, facts | {"paper": paper.PUBLISHED_TEST_ERROR}


def training_set_size(material):
    """Test error against the number of training images (Fig. 6)."""
    errors = {}
    for run in lenet_keras.histories("1998", "paper"):
        error = 100 * (1 - run["val_accuracy"][-1])
        errors.setdefault(run["images"], []).append(error)
    figure, ax = panels(right=0.62, bottom=0.17)
    plots.plot_by_images(errors, paper.PUBLISHED_BY_IMAGES, ax)
    ax.margins(x=0.1)
    least, most = min(errors), max(errors)
    facts = {"least": least, "most": most, "seeds": len(errors[most])}
    facts |= {"before": np.median(errors[least]), "after": np.median(errors[most])}
    return figure, facts


def confusion_errors(material):
    """The confusion matrix with its errors alone, and the error of each class."""
    need_mistakes(material)
    labels, answers = material.data.test_labels, material.answers
    space = {"wspace": 0.5, "width_ratios": (3, 2)}
    figure, (left, right) = panels(
        1, 2, left=0.05, right=0.92, bottom=0.15, top=0.75, **space
    )
    plots.plot_confusion(material.confusion, left)
    left.collections[0].colorbar.remove()
    for text in left.texts:
        column, row = (int(at) for at in text.get_position())
        if row == column or text.get_text() == "0":
            text.set_text("")
    fit_numbers(left, share=0.95, alike=False)
    left.set(xlabel="answer")
    left.set_title(f"variant {material.variant}")
    errors = lenet_keras.error_by_class(labels, answers)
    shares = {k: 100 * float(each) for k, each in enumerate(errors)}
    plots.plot_bars(shares, right, "{:.1f}%", plots.VERMILION)
    right.set_title("error of each class", loc="left")
    pairs = lenet_keras.most_confused(labels, answers, number=90)
    commonest = [pair for pair in pairs if pair.count == pairs[0].count]
    facts = {"pairs": ", ".join(f"{p.truth} → {p.answer}" for p in commonest)}
    facts |= {"count": pairs[0].count, "hardest": int(errors.argmax())}
    facts |= {"right": int(np.trace(material.confusion))}
    facts |= {"there": material.confusion[4, 9], "back": material.confusion[9, 4]}
    facts |= {"least": errors.min(), "most": errors.max()}
    cells = len({(m.truth, m.answer) for m in material.mistakes})
    facts |= {"images": len(answers), "wrong": len(material.mistakes)}
    return figure, facts | {"cells": cells}


_COLUMNS = range(10, 15)  # of misread digits; more would have smaller words
_MOST = 84


def mistakes(material):
    """Every misread test digit, or the surest where they would not fit."""
    need_mistakes(material)
    wrong = sorted(
        material.mistakes[:_MOST], key=lambda m: (m.truth, m.answer, m.index)
    )
    number = len(wrong)
    columns = min(_COLUMNS, key=lambda n: (-number % n, -n))  # no gap, or a small one
    if -(-number // columns) > 6:
        columns = _COLUMNS[-1]
    titles = [f"{m.truth}→{m.answer}" for m in wrong]
    images = material.data.test_images[[m.index for m in wrong]]
    figure = plots.plot_images(images, titles, columns)
    size_titles(figure)
    for ax in figure.axes:
        ax.title.set_y(0.97)
    facts = {"wrong": len(material.mistakes), "images": len(material.data.test_labels)}
    facts |= {"paper": len(paper.PUBLISHED_MISTAKES), "variant": material.variant}
    look = {"left": 0.01, "right": 0.99, "bottom": 0.01, "top": 0.77, "hspace": 0.9}
    return fit(figure, **look, wspace=0.05), facts


def confused_pairs(material):
    """The misread digits of the commonest confusions, a row a pair."""
    need_mistakes(material)
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


def confidence(material):
    """How sure two networks are of their right and of their wrong answers."""
    need_mistakes(material)
    if {*_both(material)} != {"1998", "modern"}:
        raise Unavailable("it compares the variants 1998 and modern.")
    figure, axes = panels(1, 2, left=0.13, bottom=0.17, top=0.72, wspace=0.12)
    sure, images = {}, len(material.data.test_labels)
    for ax, variant in zip(axes, _both(material), strict=True):
        probabilities = material.probabilities(variant)
        best = probabilities.max(-1)
        right = probabilities.argmax(-1) == material.data.test_labels
        plots.plot_confidence(best[right], best[~right], ax)
        ax.set_title(f"variant {variant}")
        ax.set(xlim=(0, 1.01), xticks=(0.5, 1), ylim=(0.7, 1.5 * images))
        ax.yaxis.set_major_formatter("{x:,g}")
        ax.get_legend().remove()
        sure[variant] = np.mean(best[~right] > 0.95)
    axes[1].set(ylabel="", yticklabels=())
    beside = {"ha": "right", "size": "small", "transform": axes[0].transAxes}
    axes[0].text(0.9, 0.9, "right", color=plots.BLUE, **beside)
    axes[0].text(0.9, 0.34, "wrong", color=plots.VERMILION, **beside)
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
    figure, ax = panels(right=0.72, bottom=0.17)
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
    "scale": (np.arange(0.4, 1.61, 0.1).round(1), (0.7, 1.4), "scale (factor)"),
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
        ax.tick_params(axis="y", pad=8)  # 0 stands clear of the first number below
    keys = {name: plots.VARIANT_COLOURS[name] for name in _both(material)}
    for left, (name, colour) in zip((0.11, 0.31), keys.items(), strict=True):
        figure.text(left, 0.755, f"variant {name}", color=colour, size="small")
    survived = "grey: survived, says the paper"
    figure.text(0.97, 0.755, survived, size="small", color="#666666", ha="right")
    figure.supylabel("error (%)", x=0.01, fontsize="small")
    ends = {kind: _at_ends(errors[kind], kind, material.variant) for kind in _AMOUNTS}
    facts = {"at_30": np.mean(ends["rotation"]), "at_10": np.mean(ends["shift_y"])}
    small, large = _AMOUNTS["scale"][1]
    facts |= {"small": small, "large": large, "at_size": max(ends["scale"])}
    facts |= {"variant": material.variant, "images": len(material.data.test_labels)}
    return figure, facts


def _at_ends(errors, kind, variant):
    """The errors of a variant at both ends of what the paper estimates."""
    amounts, limits, _ = _AMOUNTS[kind]
    by_amount = dict(zip(amounts, errors[f"variant {variant}"], strict=True))
    return [by_amount[end] for end in limits]


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
    figure, ax = panels(left=0.34, right=0.94, bottom=0.15, top=0.77)
    plots.plot_ladder(list(rungs), errors, paper.PUBLISHED_TEST_ERROR, ax)
    ax.set_ylim(bottom=-1.6)  # room for the names
    for name in ax.texts[: len(errors)]:
        name.set_fontsize(SMALL)
    medians = [float(np.median(seeds)) for seeds in errors["test"]]
    facts = {"rungs": len(rungs), "first": medians[0], "last": medians[-1]}
    facts |= {"worst": max(medians), "where": list(rungs)[int(np.argmax(medians))]}
    facts |= _worse(rungs, errors["test"])
    return figure, facts | {"seeds": len(rungs["1998"])}


def _worse(names, errors):
    """The rungs above a better one, and those of them that share no error with it."""
    steps = list(zip([*names][1:], errors[:-1], errors[1:], strict=True))
    worse = [name for name, a, b in steps if np.median(b) > np.median(a)]
    return {"worse": worse, "clear": [name for name, a, b in steps if min(b) > max(a)]}


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
    "LeNet-5": "above",
    "boosted LeNet-4": "left",
}
_SIDES = {  # how far a name is off its point, and which end of it is near
    "left": ((-14, 0), "right"),
    "right": ((14, 0), "left"),
    "above": ((6, 24), "left"),
}
_PLACES = {  # of the names of families, beside their points
    "linear, quadratic": (4e3, 5.3),
    "examples kept": (1e6, 1.15),
    "fully connected": (1.1e6, 3),
    "convolutional": (2.6e3, 2.2),
}


def methods(material):
    """Errors of 1998's methods against the numbers that they store (Figs. 9, 12)."""
    families = {name: [] for name in _FAMILIES.values()}
    for row in paper.PUBLISHED_METHODS:
        if row.variables is not None:
            name = row.name.removesuffix(", distorted")
            point = name, 1000 * row.variables, row.error
            families[_FAMILIES[row.family]].append(point)
    climbed = lenet_keras.ladder()
    top = [run for run in climbed if run["rung"] == climbed[-1]["rung"]]
    then = _final_error(_of_60_000(lenet_keras.histories("1998", "paper")))
    today = _final_error(top)
    ours = {"here, 1998": (60_000, then), "here, today": (61_706, today)}
    figure, ax = panels(bottom=0.17)
    _draw_methods(ax, families, ours)
    facts = {"then": then, "today": today, "methods": sum(map(len, families.values()))}
    _, stored, kept = min(families["examples kept"], key=lambda point: point[-1])
    facts |= {"stored": stored, "kept": kept, "small": paper.PUBLISHED_TRAINABLE}
    return figure, facts | {"lenet": paper.PUBLISHED_TEST_ERROR}


def _draw_methods(ax, families, ours):
    """A dot a method, a star for each of ours, and the names of some."""
    for (family, rows, colour), marker in zip(coloured(families), "os^D", strict=True):
        _, x, y = zip(*rows, strict=True)
        ax.plot(x, y, marker, color=colour, zorder=3)  # over the stars
        ax.text(*_PLACES[family], family, color=colour, size="small", weight="bold")
    star = {"color": "black", "ms": 2 * plt.rcParams["lines.markersize"]}
    for x, y in ours.values():
        ax.plot(x, y, "*", **star)
    points = {name: at for rows in families.values() for name, *at in rows} | ours
    for name, side in (dict.fromkeys(ours, "right") | _NAMED).items():
        offset, align = _SIDES[side]
        note(ax, name, points[name], offset, ha=align, va="center", size="small")
    ax.set(xscale="log", xlim=(2e3, 5e7), xlabel="stored numbers")
    ax.set(yscale="log", ylim=(0.5, 15), ylabel="test error (%)")
    ax.yaxis.set_major_locator(FixedLocator([0.5, 1, 2, 5, 10]))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())


def _of_60_000(runs):
    """Those of all training images."""
    return [run for run in runs if run["images"] == 60_000]


def _errors(runs, key):
    """Errors in percent, (runs, passes)."""
    return 100 * (1 - np.array([run[key] for run in runs]))


def _final_error(runs):
    """The median of the test errors after the last pass, in percent."""
    return float(np.median(_errors(runs, "val_accuracy")[:, -1]))
