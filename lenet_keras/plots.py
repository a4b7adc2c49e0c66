"""The figures: arrays in, a matplotlib Axes or Figure out, in one style."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn
from matplotlib.ticker import MaxNLocator

# Colour-blind safe, from Okabe and Ito.
BLUE, VERMILION = "#0072B2", "#D55E00"
COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

STYLE = {
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "font.size": 12,
    "axes.titlesize": 14,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
}


def use_style():
    """Set the one style of all figures; once, before the first."""
    plt.rcParams.update(STYLE)


def plot_learning_curve(history, ax=None):
    """Draw training and test error, in percent, epoch by epoch.

    Args:
        history: dict of lists, one value an epoch: "accuracy", and "val_accuracy" where
            there is one, as in `keras.callbacks.History.history`.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 5))[1]
    curves = {"accuracy": ("training", BLUE), "val_accuracy": ("test", VERMILION)}
    errors = {
        key: 100 * (1 - np.asarray(history[key])) for key in curves if key in history
    }
    for key, error in errors.items():
        label, colour = curves[key]
        epochs = np.arange(1, len(error) + 1)
        ax.plot(epochs, error, "o-", color=colour)
        ax.annotate(
            f"{label} {error[-1]:.2f}%",
            (epochs[-1], error[-1]),
            xytext=(8, 0),
            textcoords="offset points",
            color=colour,
            va="center",
        )
    never_zero = all((error > 0).all() for error in errors.values())
    ax.set(xlabel="epoch", ylabel="error (%)")
    ax.set_yscale("log" if never_zero else "linear")  # no logarithm of 0
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:g}")
    ax.margins(x=0.2)
    return ax


def plot_confusion(counts, ax=None, classes=None, *, colour="errors"):
    """Draw a confusion matrix: the mistakes coloured, right answers as plain numbers.

    At 99% the diagonal would drown everything, so that only the errors are coloured.

    Args:
        counts: integers (classes, classes), rows the truth, columns the answer.
        ax: matplotlib Axes, or None for new ones.
        classes: names of the classes; default their numbers.
        colour: "errors"; or "all", to see the diagonal drown everything.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 7))[1]
    right = np.eye(len(counts), dtype=bool) & (colour != "all")
    names = range(len(counts)) if classes is None else classes
    common = {
        "annot": counts,
        "fmt": "d",
        "square": True,
        "xticklabels": names,
        "yticklabels": names,
        "ax": ax,
        "linewidths": 0.5,
        "linecolor": "#dddddd",
    }
    seaborn.heatmap(
        counts,
        mask=right,
        cmap="Oranges",
        vmin=0,
        cbar_kws={"label": "images" if colour == "all" else "errors"},
        **common,
    )
    seaborn.heatmap(
        np.zeros_like(counts), mask=~right, cmap="Greys", vmin=0, vmax=1, cbar=False,
        **common,
    )  # fmt: skip
    ax.set(xlabel="predicted", ylabel="true")
    ax.tick_params(length=0)
    return ax


def plot_mistakes(images, mistakes, columns=8, rows=4):
    """Draw misclassified images, "truth -> answer" and the confidence above each.

    Args:
        images: array (n, height, width), the whole set that the mistakes index.
        mistakes: list of `evaluation.Mistake`; the first columns x rows are drawn.

    Returns:
        The Figure.
    """
    shown = mistakes[: columns * rows]
    rows = max(1, -(-len(shown) // columns))
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.4 * columns, 1.8 * rows), squeeze=False
    )
    for ax in axes.flat:
        ax.axis("off")
    for ax, mistake in zip(axes.flat, shown, strict=False):
        ax.imshow(
            np.squeeze(images[mistake.index]), cmap="binary", interpolation="nearest"
        )
        ax.set_title(
            f"{mistake.truth} → {mistake.answer}\n{mistake.confidence:.0%}", fontsize=12
        )
    figure.tight_layout()
    return figure


def plot_confusion_shares(counts, by, ax=None):
    """Draw the mistakes of a confusion matrix in percent of its rows or columns.

    Args:
        counts: integers (classes, classes), rows the truth, columns the answer.
        by: "rows" (of each true class) or "columns" (of each answer).
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 7))[1]
    totals = counts.sum(axis=1 if by == "rows" else 0, keepdims=True)
    totals = totals if by == "rows" else totals.reshape(1, -1)
    percent = 100 * counts / np.maximum(totals, 1)
    right = np.eye(len(counts), dtype=bool)
    errors = np.where(right, 0, percent)
    label = "% of the row" if by == "rows" else "% of the column"
    seaborn.heatmap(
        errors,
        annot=np.where(right, percent, errors),
        fmt=".1f",
        cmap="Oranges",
        vmin=0,
        square=True,
        linewidths=0.5,
        linecolor="#dddddd",
        annot_kws={"fontsize": 10},
        cbar_kws={"label": label},
        ax=ax,
    )
    ax.set(xlabel="predicted", ylabel="true")
    ax.tick_params(length=0)
    return ax


def plot_error_by_class(errors, ax=None):
    """Draw the error of each class as a bar, in percent.

    Args:
        errors: dict of a name and its floats (classes,), 0 to 1; up to two.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(10, 4))[1]
    width = 0.8 / len(errors)
    colours = zip(errors.items(), (BLUE, VERMILION), strict=False)
    for place, ((name, values), colour) in enumerate(colours):
        classes = np.arange(len(values))
        left = classes - 0.4 + width * (place + 0.5)
        bars = ax.bar(left, 100 * np.asarray(values), width, color=colour, label=name)
        ax.bar_label(bars, fmt="%.1f", fontsize=9)
    ax.set(xlabel="true class", ylabel="error (%)", xticks=classes)
    if len(errors) > 1:
        ax.legend(frameon=False)
    return ax


def plot_confidence(right, wrong, ax=None):
    """Draw how the confidence of right and of wrong answers is distributed.

    Args:
        right: floats, 0 to 1, the confidence of the right answers.
        wrong: floats, 0 to 1, of the wrong ones.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes; the images are on a logarithmic scale.
    """
    ax = ax or plt.subplots(figsize=(10, 4))[1]
    bins = np.linspace(0, 1, 21)
    ax.hist(right, bins, color=BLUE, alpha=0.35, label="right")
    ax.hist(wrong, bins, color=VERMILION, histtype="step", lw=2.5, label="wrong")
    ax.set(xlabel="confidence", ylabel="images", yscale="log", xlim=(0, 1))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend(frameon=False, loc="upper left")
    return ax


def plot_calibration(groups, ax=None):
    """Draw how often the answers of a confidence are right, beside the diagonal.

    Args:
        groups: `evaluation.Calibration`.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes; the number of images stands at each point.
    """
    ax = ax or plt.subplots(figsize=(6, 6))[1]
    ax.plot([0, 1], [0, 1], color="grey", lw=1)
    ax.plot(groups.confidence, groups.accuracy, "o-", color=BLUE)
    for x, y, number in zip(*groups, strict=True):
        offset = (-6, 6) if y >= x else (6, -12)
        ax.annotate(
            f"{number:,}",
            (x, y),
            xytext=offset,
            textcoords="offset points",
            ha="right" if y >= x else "left",
            fontsize=9,
        )
    ax.set(xlabel="confidence", ylabel="share of right answers")
    ax.set(xlim=(0, 1.03), ylim=(0, 1.08), aspect="equal")
    return ax


def plot_rejection(curves, target=0.5, published=None, ax=None):
    """Draw the error among the accepted answers against the share refused (Fig. 10).

    Args:
        curves: dict of a name and its `evaluation.Rejection`; up to two.
        target: float, percent, the error that the paper asks for.
        published: dict of a name and the percent to refuse for that error, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(10, 5))[1]
    ends = []
    for (name, curve), colour in zip(curves.items(), (BLUE, VERMILION), strict=False):
        refused, error = 100 * curve.rejected, 100 * curve.error_rate
        ax.plot(refused, error, color=colour, lw=2, label=name)
        ends.append(error[0])
    ax.axhline(target, color="grey", lw=1)
    ax.annotate(
        f"{target:g}% (Fig. 10)", (10, target), va="bottom", ha="right", color="grey"
    )
    for name, refused in (published or {}).items():
        ax.plot(refused, target, "x", color="black", ms=8, mew=2)
        ax.annotate(
            name,
            (refused, target),
            xytext=(4, 8),
            textcoords="offset points",
            rotation=50,
            fontsize=9,
        )
    ax.set(xlabel="refused (%)", ylabel="error of the others (%)")
    ax.set(xlim=(0, 10), ylim=(0, 1.15 * max(*ends, 2 * target)))
    ax.legend(frameon=False)
    return ax


def plot_robustness(amounts, errors, *, xlabel, limits=(), ax=None):
    """Draw the error on changed images, and the paper's estimate of what is survived.

    Args:
        amounts: floats, how much the images are changed.
        errors: dict of a name and its floats, 0 to 1, one an amount; up to two.
        xlabel: str, what is changed, with its unit.
        limits: (low, high), what the paper estimates to be survived, or ().
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(6, 4))[1]
    if len(limits):
        ax.axvspan(*limits, color="#eeeeee", zorder=0, label="survived, says the paper")
    for (name, values), colour in zip(errors.items(), (BLUE, VERMILION), strict=False):
        ax.plot(amounts, 100 * np.asarray(values), "o-", ms=4, color=colour, label=name)
    ax.set(xlabel=xlabel, ylabel="error (%)", ylim=(0, 100))
    ax.legend(frameon=False, fontsize=10)
    return ax


def plot_runs(curves, published=None, ax=None):
    """Draw the error of several seeds, pass by pass, beside the paper's (Fig. 5).

    Args:
        curves: dict of a name and its floats (seeds, passes), percent; up to two.
        published: dict of the same names and the paper's floats, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: a faint line a seed, a bold median, dots for the paper.
    """
    ax = ax or plt.subplots(figsize=(10, 5))[1]
    for (name, runs), colour in zip(curves.items(), (BLUE, VERMILION), strict=False):
        runs = np.atleast_2d(runs)
        passes = np.arange(1, runs.shape[1] + 1)
        ax.plot(passes, runs.T, color=colour, alpha=0.3, lw=1)
        ax.plot(passes, np.median(runs, axis=0), color=colour, lw=2.5, label=name)
        if published:
            points = published[name]
            ax.plot(
                np.arange(1, len(points) + 1),
                points,
                "o",
                mfc="none",
                color=colour,
                label=f"{name}, paper",
            )
    ax.set(xlabel="pass", ylabel="error (%)", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False)
    return ax


def plot_by_images(errors, published=None, ax=None):
    """Draw the test error against the size of the training set (Fig. 6).

    Args:
        errors: dict of a number of images and the test errors of its seeds, percent.
        published: dict of a number of images and the paper's error, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: a dot a seed, a line through the medians, crosses for the paper.
    """
    ax = ax or plt.subplots(figsize=(7, 5))[1]
    sizes = sorted(errors)
    for size in sizes:
        dots = ax.plot([size] * len(errors[size]), errors[size], "o", color=BLUE)
        dots[0].set_alpha(0.5)
    medians = [np.median(errors[size]) for size in sizes]
    ax.plot(sizes, medians, color=BLUE, lw=2, label="here, a dot a seed")
    if published:
        ax.plot(*zip(*published.items(), strict=True), "x--", color="black", ms=9)
        ax.lines[-1].set_label("paper, Fig. 6")
    ax.set(xlabel="training images", ylabel="test error (%)", ylim=(0, None))
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.legend(frameon=False)
    return ax


def plot_ladder(labels, errors, published=None, ax=None):
    """Draw the errors of each rung, the lowest at the bottom.

    Args:
        labels: list of str, one a rung, from below.
        errors: dict of a name and its list of floats, percent: for each rung the
            errors of its seeds; up to two.
        published: float, percent, drawn as a line, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes: a dot a seed, a stroke at the median.
    """
    ax = ax or plt.subplots(figsize=(10, 0.5 * len(labels) + 1.5))[1]
    for (name, rungs), colour in zip(errors.items(), (VERMILION, BLUE), strict=False):
        for height, seeds in enumerate(rungs):
            ax.plot(seeds, [height] * len(seeds), "o", color=colour, alpha=0.35)
            ax.plot(np.median(seeds), height, "|", color=colour, ms=18, mew=3)
        ax.plot([], [], "o", color=colour, label=name)
    if published is not None:
        ax.axvline(published, color="grey", lw=1)
        top = len(labels) - 0.4
        ax.annotate(f" {published:g}%, paper", (published, top), color="grey")
    ax.set_yticks(range(len(labels)), labels)
    ax.set(xlabel="error (%)", xlim=(0, None), ylim=(-0.6, len(labels) + 0.1))
    ax.legend(frameon=False, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.15))
    return ax


def show(alt, figure=None):
    """Display a figure in a notebook, with words for those who cannot see it.

    Args:
        alt: str, what the picture shows, in one sentence; kept with the output.
        figure: matplotlib Figure; default the current one. It is closed.
    """
    from IPython.display import display

    figure = figure or plt.gcf()
    display(figure, metadata={"image/png": {"alt": alt}})
    plt.close(figure)


def plot_images(images, titles=None, columns=10, size=1.1):
    """Draw pictures in rows: ink dark, the same scale for all.

    Args:
        images: array (n, height, width) or (n, height, width, 1).
        titles: n texts to write above, or None.
        columns: int, pictures in a row.
        size: float, inches a picture.

    Returns:
        The Figure.
    """
    images = np.asarray(images)
    images = images.reshape(images.shape[:3])
    figure, axes = _panels(len(images), columns, size, 0.3 if titles is not None else 0)
    for k, (ax, image) in enumerate(zip(axes, images, strict=True)):
        ax.imshow(
            image,
            cmap="binary",
            interpolation="nearest",
            vmin=images.min(),
            vmax=images.max(),
        )
        if titles is not None:
            ax.set_title(titles[k], fontsize=12)
    figure.tight_layout(pad=0.3)
    return figure


def plot_maps(maps, titles=None, columns=8, size=1.3):
    """Draw signed maps or kernels: one colour scale, centred on zero, for all.

    Args:
        maps: array (height, width, n), or a list of n arrays (height, width).
        titles: n texts to write above, or None.
        columns: int, maps in a row.
        size: float, inches a map.

    Returns:
        The Figure.
    """
    is_array = isinstance(maps, np.ndarray)
    maps = list(np.moveaxis(maps, -1, 0)) if is_array else list(map(np.asarray, maps))
    largest = max(np.abs(each).max() for each in maps) or 1
    figure, axes = _panels(
        len(maps), columns, size, 0.3 if titles is not None else 0, extra=0.9
    )
    for k, (ax, each) in enumerate(zip(axes, maps, strict=True)):
        drawn = ax.imshow(
            each, cmap="PuOr", interpolation="nearest", vmin=-largest, vmax=largest
        )
        if titles is not None:
            ax.set_title(titles[k], fontsize=12)
    figure.colorbar(drawn, ax=figure.axes, shrink=0.9, aspect=12, fraction=0.05)
    return figure


def plot_numbers(values, ax=None, fmt="g"):
    """Draw an array as a picture with each number written on its pixel.

    Args:
        values: array (rows, columns).
        ax: matplotlib Axes, or None for new ones.
        fmt: str, format of a number.

    Returns:
        The Axes.
    """
    values = np.asarray(values)
    rows, columns = values.shape
    ax = ax or plt.subplots(figsize=(0.55 * columns, 0.5 * rows))[1]
    ax.imshow(values, cmap="binary", interpolation="nearest", aspect="auto")
    middle = (values.min() + values.max()) / 2
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value > middle else "black"
        ax.text(
            column,
            row,
            format(value, fmt),
            ha="center",
            va="center",
            color=colour,
            fontsize=10,
        )
    _bare(ax)
    return ax


def plot_fields(image, fields, points=None, ax=None):
    """Draw squares on a picture: what one unit of each layer sees of it.

    Args:
        image: array (height, width).
        fields: dict of name to (top, left, width), in pixels.
        points: array (n, 2) of rows and columns to mark, or None.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(6, 6))[1]
    ax.imshow(image, cmap="binary", interpolation="nearest", alpha=0.45)
    for colour, (name, (top, left, width)) in zip(
        COLOURS, fields.items(), strict=False
    ):
        square = plt.Rectangle(
            (left - 0.5, top - 0.5), width, width, fill=False, lw=2.5, color=colour
        )
        ax.add_patch(square)
        ax.annotate(
            name,
            (left - 0.5 + width, top - 0.5 + width),
            xytext=(-4, 4),
            textcoords="offset points",
            ha="right",
            va="bottom",
            color=colour,
            fontweight="bold",
        )
    if points is not None:
        rows, columns = np.transpose(points)
        ax.plot(columns, rows, ".", color=VERMILION, ms=5)
    _bare(ax)
    return ax


def plot_table(table, inputs=6, ax=None):
    """Draw which input maps (rows) each output map (columns) reads: Table I.

    Args:
        table: one tuple of input map indices for each output map.
        inputs: int, number of input maps.
        ax: matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 3.6))[1]
    read = np.array([[i in maps for maps in table] for i in range(inputs)])
    ax.imshow(read, cmap="Blues", vmin=0, vmax=1.6, interpolation="nearest")
    for row, column in np.argwhere(read):
        ax.text(column, row, "X", ha="center", va="center", color="white")
    ax.set(
        xticks=range(len(table)),
        yticks=range(inputs),
        xlabel="map of C3",
        ylabel="map of S2",
    )
    ax.set_xticks(np.arange(len(table) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(inputs + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", lw=2)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    return ax


def plot_curves(x, curves, ax=None, styles=None):
    """Draw curves with their names at their right ends instead of a legend.

    Args:
        x: array (n,), or a dict of name to array where the curves differ in it.
        curves: dict of name to array (n,).
        ax: matplotlib Axes, or None for new ones.
        styles: dict of name to matplotlib line properties, or None.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 4.5))[1]
    ends = []
    for colour, (name, y) in zip(COLOURS, curves.items(), strict=False):
        own_x = x[name] if isinstance(x, dict) else x
        look = {"color": colour, "lw": 2} | (styles or {}).get(name, {})
        (line,) = ax.plot(own_x, y, **look)
        finite = np.flatnonzero(np.isfinite(y))
        ends.append((own_x[finite[-1]], y[finite[-1]], name, line.get_color()))
    ax.margins(x=0.02)
    ax.autoscale_view()
    heights = _apart([ax.transData.transform(end[:2])[1] for end in ends], gap=17)
    right = ax.transAxes.transform((1, 0))[0] + 8
    for height, (_, _, name, colour) in zip(heights, ends, strict=True):
        place = ax.transAxes.inverted().transform((right, height))
        ax.text(*place, name, transform=ax.transAxes, color=colour, va="center")
    return ax


def plot_bars(values, ax=None, fmt="{:,}", colour=BLUE):
    """Draw one horizontal bar a name, the first on top, its number at the end.

    Args:
        values: dict of name to number.
        ax: matplotlib Axes, or None for new ones.
        fmt: str, format of a number.
        colour: of the bars.

    Returns:
        The Axes.
    """
    ax = ax or plt.subplots(figsize=(8, 0.42 * len(values) + 0.6))[1]
    bars = ax.barh(list(map(str, values)), list(values.values()), color=colour)
    ax.bar_label(bars, [fmt.format(value) for value in values.values()], padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)
    return ax


def plot_walk(stages, width=11):
    """Draw what each layer makes of one image: a row a layer, one colour scale for all.

    Args:
        stages: dict of a name, written at the left, and its maps (height, width, n).
        width: float, inches.

    Returns:
        The Figure.
    """
    margin, gap = 1.4, 0.1
    room = {name: (width - margin) / maps.shape[-1] for name, maps in stages.items()}
    sides = {name: min(1.35, each) - gap for name, each in room.items()}
    height = sum(sides.values()) + 2 * gap * len(stages)
    largest = max(np.abs(maps).max() for maps in stages.values()) or 1
    figure = plt.figure(figsize=(width, height))
    bottom = height
    for name, maps in stages.items():
        side = sides[name]
        bottom -= side + 2 * gap
        figure.text(0, (bottom + gap + side / 2) / height, name, va="center")
        for k, each in enumerate(np.moveaxis(maps, -1, 0)):
            left = margin + k * (side + gap)
            ax = figure.add_axes(
                (left / width, (bottom + gap) / height, side / width, side / height)
            )
            drawn = ax.imshow(
                each, cmap="PuOr", interpolation="nearest", vmin=-largest, vmax=largest
            )
            ax.set_anchor("W")
            _bare(ax)
    bar = figure.add_axes((1 - 3 / width, 1 - 0.6 / height, 2.8 / width, 0.15 / height))
    figure.colorbar(drawn, cax=bar, orientation="horizontal")
    return figure


def _panels(number, columns, size, heading, extra=0):
    """A figure of that many bare axes, in rows."""
    columns = min(columns, number)
    rows = -(-number // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(size * columns + extra, (size + heading) * rows),
        squeeze=False,
    )
    for ax in axes.flat[number:]:
        ax.remove()
    for ax in axes.flat[:number]:
        _bare(ax)
    return figure, axes.flat[:number]


def _bare(ax):
    """A frame, and neither ticks nor numbers."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("#bbbbbb")


def _apart(heights, gap):
    """Push heights up, in their order, until no two are nearer than the gap."""
    moved = np.array(heights, float)
    order = np.argsort(moved, kind="stable")
    for below, above in zip(order[:-1], order[1:], strict=True):
        moved[above] = max(moved[above], moved[below] + gap)
    return moved
