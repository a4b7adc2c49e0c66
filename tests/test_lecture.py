"""The figures of the lecture: what each of them shows, and that it can be read."""

import itertools
import re
import string
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image, ImageSequence

from lecture.architecture import plot_architecture
from lecture.catalogue import FIGURES, FILMS, slide_numbers
from lecture.measurements import Material, Unavailable
from lecture.slides import TOP, add_number, draw, style
from lecture.words import translate, words
from lenet_keras import (
    LADDER,
    VARIANTS,
    build_lenet5,
    count,
    ladder,
    plots,
    predict,
    to_input,
)
from lenet_keras.paper import C3_INPUTS, PUBLISHED_METHODS, output_code

ROOT = Path(__file__).parent.parent
NAMES = list(FIGURES)


@pytest.fixture(scope="module")
def material(digits):
    return Material(digits)


@pytest.fixture(scope="module")
def slide(material):
    """Any figure, drawn on the bundled digits, once."""
    drawn = {}

    def of(name):
        if name not in drawn:
            with style():
                drawn[name] = draw(name, FIGURES, material)
                drawn[name].figure.canvas.draw()
            plt.close(drawn[name].figure)  # it stays as it is
        return drawn[name]

    return of


def texts(figure):
    """The texts that one sees."""
    hidden = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            seen = ax.axison and axis.get_visible()
            ticks = axis.get_major_ticks() + axis.get_minor_ticks()
            for tick in ticks:
                if not seen or not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {tick.label1, tick.label2}
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden
    ]


def said(figure):
    return [text.get_text() for text in texts(figure)]


def pictures(figure):
    return [ax.images[0].get_array() for ax in figure.axes if ax.images]


def numbers(text):
    return [float(number) for number in re.findall(r"[-+]?\d+(?:\.\d+)?", text)]


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_draws_without_network_and_says_what_to_see(name, slide):
    drawn = slide(name)
    for text in drawn[2:]:
        assert text
        assert "{" not in text
    (title,) = (t for t in texts(drawn.figure) if t.get_gid() == "title")
    assert title.get_text().replace("\n", " ") == drawn.title
    assert title.get_text().count("\n") <= 1
    assert tuple(drawn.figure.get_size_inches()) == pytest.approx((40 / 3, 7.5))


@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_cut_off_or_lies_on_another(name, slide):
    figure = slide(name).figure
    width, height = figure.bbox.size
    boxes = {text: text.get_window_extent() for text in texts(figure)}
    for text, box in boxes.items():
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert inside, text.get_text()
    level = [text for text in boxes if text.get_rotation() in (0, 90)]
    for one, other in itertools.combinations(level, 2):
        a, b = boxes[one], boxes[other]
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 3 or down <= 6, (one.get_text(), other.get_text())


@pytest.mark.parametrize("name", NAMES)
def test_the_last_row_can_read_it(name, slide):
    for text in texts(slide(name).figure):
        assert text.get_fontsize() >= 24, text.get_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_title_has_the_top_for_itself(name, slide):
    figure = slide(name).figure
    for text in texts(figure):
        box = text.get_window_extent().transformed(figure.transFigure.inverted())
        if text.get_gid() == "title":
            assert box.y0 >= TOP - 0.005
        else:
            assert box.y1 <= TOP + 0.015, text.get_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_title_leaves_the_corner_to_the_number_of_the_slide(name, slide):
    figure = slide(name).figure
    number = add_number(figure, 41)
    (title,) = (text for text in figure.texts if text.get_gid() == "title")
    overlaps = title.get_window_extent().overlaps(number.get_window_extent())
    number.remove()
    assert not overlaps


def test_the_words_are_in_teaching_order_and_the_same_in_both_languages():
    english, chinese = words("en"), words("zh")
    assert [name for name in english if name != "deck"] == NAMES
    assert set(chinese) - {"labels"} == set(english)
    for name, own in english.items():
        assert list(own) == list(chinese[name])
        if name != "deck":
            for kind, text in own.items():
                assert fields(text) == fields(chinese[name][kind]), (name, kind)


def fields(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_no_number_of_a_run_is_typed_into_a_title():
    for name in NAMES:
        title = words("en")[name]["title"]
        typed = re.findall(
            r"(?<![\w-])\d+(?:[.,]\d+)*%?", re.sub(r"\{.*?\}", "", title)
        )
        known = {
            "0",
            "1998",
            "25",
            "30",
            "32",
            "8",
            "90",
            "95%",
        }  # settings, not results
        assert set(typed) <= known, title


# --- what the figures show ----------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_architecture_is_the_built_models(variant):
    model = build_lenet5(variant)
    layers = count(model).layers
    with style():
        ax = plot_architecture(layers, model.input_shape[1:])
    labels = [text.get_text() for text in ax.texts]
    assert labels[:16:2] == ["Input", "C1", "S2", "C3", "S4", "C5", "F6", "Output"]
    assert labels[1:16:2] == [
        "32x32", "6@28x28", "6@14x14", "16@10x10", "16@5x5", "120", "84", "10",
    ]  # fmt: skip
    c5 = "full" if variant == "dense" else "5x5"
    last = "RBF" if variant == "1998" else "full"
    assert labels[16:] == ["5x5", "2x2", "5x5", "2x2", c5, "full", last]
    drawn = [patch.get_gid().split("-")[0] for patch in ax.patches if patch.get_gid()]
    assert [drawn.count(row.name) for row in layers] == [6, 6, 16, 16, 1, 1, 1]
    plt.close("all")


def test_the_names_of_the_layers_stand_on_one_line(slide):
    ax = slide("architecture").figure.axes[0]
    heights = [text.get_position()[1] for text in ax.texts]
    assert len(set(heights[:16:2])) == len(set(heights[1:16:2])) == 1
    assert len(set(heights[16:])) == 1


def test_in_the_stacks_are_the_maps_of_a_digit(slide, material):
    images = slide("architecture").figure.axes[0].images
    drawn = [np.asarray(image.get_array()) for image in images]
    maps = material.maps(material.digit(4))
    front = [0, 6, 12, 28, 44, 45, 46, 47]  # the last drawn of each stack
    assert len(drawn) == front[-1] + 1
    for at, values in zip(front, maps.values(), strict=True):
        last = values[..., -1] if values.ndim == 3 else values[:, None]
        assert np.allclose(drawn[at], last)


def test_a_wider_input_gives_wider_maps():
    model = build_lenet5(input_shape=(32, 64, 1))
    ax = plot_architecture(count(model).layers, (32, 64, 1))
    labels = [text.get_text() for text in ax.texts]
    assert labels[:2] == ["Input", "32x64"]
    assert labels[10:12] == ["C5", "120@1x9"]
    plt.close("all")


def test_the_bars_are_the_counts(slide, material):
    shown = said(slide("layers").figure)
    for row in material.counts.layers:
        assert f"{row.trainable:,}" in shown
        assert f"{row.connections:,}" in shown
    assert "60,000" in slide("layers").title
    assert "340,908" in slide("layers").title


def cells(ax):
    """The numbers that one reads in the cells of a picture."""
    side = round(len(ax.texts) ** 0.5)
    return np.reshape([float(text.get_text()) for text in ax.texts], (side, side))


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_whoever_calculates_with_the_printed_numbers_is_right(name, request):
    """Of C1 and of S2: the products, their sum, the bias and the squash."""
    material = Material(request.getfixturevalue(name))
    drawn = draw("convolution", FIGURES, material)
    inputs, weights = (cells(ax) for ax in drawn.figure.axes if len(ax.texts) == 25)
    (caption,) = (t for t in said(drawn.figure) if t.startswith("sum of 25"))
    products, bias, squashed = numbers(caption)[1:]
    assert round((inputs * weights).sum(), 2) == products
    assert round(1.7159 * np.tanh(2 / 3 * (products + bias)), 2) == squashed
    assert drawn.title.endswith(f"{squashed:.2f}")
    kernels = material.model.get_layer("c1").get_weights()[0]
    assert any(np.allclose(kernels[:, :, 0, k], weights, atol=0.051) for k in range(6))

    halved = draw("subsampling", FIGURES, material).figure
    (four,) = (cells(ax) for ax in halved.axes if len(ax.texts) == 4)
    (caption,) = (t for t in said(halved) if t.startswith("their sum"))
    total, coefficient, bias, value = numbers(caption)
    assert squashed in four, "the unit of the slide before"
    assert round(four.sum(), 2) == total
    inside = total * coefficient + bias
    assert round(1.7159 * np.tanh(2 / 3 * inside), 2) == value
    plt.close("all")


@pytest.mark.parametrize("variant", ["classic", "tanh", "modern"])
def test_the_sums_of_other_variants_come_out_as_well(variant, digits):
    figure = draw("subsampling", FIGURES, Material(digits, variant)).figure
    (four,) = (cells(ax) for ax in figure.axes if len(ax.texts) == 4)
    (caption,) = (t for t in said(figure) if t.startswith(("their mean", "the larg")))
    inside, *squashed = numbers(caption)
    assert abs((four.max() if variant == "modern" else four.mean()) - inside) <= 0.005
    if variant == "tanh":
        assert abs(np.tanh(four.mean()) - squashed[0]) <= 0.005
    plt.close("all")


def test_bytes_become_inputs_as_the_slide_says(slide):
    bytes_, values = (cells(ax) for ax in slide("input-values").figure.axes[1:])
    assert np.array_equal(np.round(-0.1 + 0.005 * bytes_, 3), values)


def test_the_kernel_has_slid_over_the_whole_map_at_last(slide, material):
    axes = slide("weight-sharing").figure.axes
    maps = pictures(slide("weight-sharing").figure)[4:]
    computed = [np.isfinite(np.ma.filled(each, np.nan)).sum() for each in maps]
    assert computed == [1, 262, 512, 784]
    for ax, number in zip(axes[4:], computed, strict=True):
        (mark,) = ax.patches
        place = np.array(mark.get_xy()) + 0.5
        assert mark.get_width() == 1
        assert 28 * place[1] + place[0] == number - 1, "the unit of the window"
    c1 = material.maps(material.digit(2))["c1"]
    assert any(np.allclose(maps[-1], c1[..., k]) for k in range(6))


def test_receptive_fields_are_the_counted_ones(slide, material):
    axes = slide("receptive-fields").figure.axes
    widths = {ax.get_title(): ax.patches[0].get_width() for ax in axes}
    rows = {row.name.upper(): row.receptive_field for row in material.counts.layers[:5]}
    assert widths == rows == {"C1": 5, "S2": 6, "C3": 14, "S4": 16, "C5": 32}


def test_table_1_has_its_60_crosses(slide):
    assert said(slide("table-1").figure).count("X") == 60


def test_f6_stands_above_the_codes_of_the_paper(slide, material):
    written, f6, codes = pictures(slide("codes").figure)
    for digit in range(10):
        place = np.s_[:12, 10 * digit : 10 * digit + 7]
        assert (codes[place] == output_code(str(digit))).all()
        units = material.maps(material.digit(digit))["f6"].reshape(12, 7)
        assert np.allclose(f6[place], units)
    assert written.shape[0] == 32
    (sheet,) = pictures(slide("codes-96").figure)
    assert sheet.shape == (6 * 16 - 4, 16 * 11 - 4)
    assert (sheet[16:28, :7] == output_code("0")).all()


def test_letters_that_a_bar_tells_apart_differ_in_nothing_else(slide):
    (caption,) = (t for t in said(slide("codes").figure) if "bar on top" in t)
    capital, small = re.search(r"tells (\w) from (\w)$", caption).groups()
    differs = (output_code(capital) != output_code(small)).any(axis=1)
    assert differs.nonzero()[0].tolist() == [0]


def test_one_of_the_ten_digits_is_misread_and_the_slide_does_not_say_which(
    slide, digits, material
):
    opening = slide("opening")
    images = pictures(opening.figure)
    index = {image.tobytes(): k for k, image in enumerate(digits.test_images)}
    shown = [index[np.asarray(image).tobytes()] for image in images]
    wrong = [k for k in shown if material.answers[k] != digits.test_labels[k]]
    assert len(wrong) == 1
    assert sorted(digits.test_labels[shown]) == list(range(10))
    letter = "ABCDEFGHIJ"[shown.index(wrong[0])]
    assert f"gets {letter} wrong" in opening.answer
    assert letter not in opening.title


def test_the_step_goes_down_the_slope(slide):
    loss, promised = slide("gradient-step").figure.axes[0].get_lines()[:2]
    (x, y), (_, straight) = loss.get_data(), promised.get_data()
    assert y[0] == straight[0] > y.min()
    slopes = (y[1] - y[0]) / x[1], (straight[1] - straight[0]) / x[1]
    assert slopes[0] == pytest.approx(slopes[1], rel=0.15)
    before, after = numbers(slide("gradient-step").title)
    assert (before, round(float(np.interp(0.5, x, y)), 2)) == (round(y[0], 2), after)


def test_the_slopes_that_flow_back_are_those_of_the_loss(material, slide):
    """The slope of the input, against two losses that differ in one pixel."""
    from lecture.inside import forward_and_backward

    mistake = material.mistakes[0]
    image = material.data.test_images[mistake.index].astype(float)
    made, slopes = forward_and_backward(material, image, mistake.truth)
    assert list(made) == list(slopes)
    row, column, _ = np.unravel_index(abs(slopes["input"]).argmax(), (32, 32, 1))
    x = np.repeat(made["input"][None], 2, axis=0)
    x[:, row, column, 0] += np.array([0.02, -0.02])
    scores = np.asarray(material.model.predict_on_batch(x), float)
    losses = np.log(np.exp(scores - scores.max()).sum(-1)) + scores.max()
    losses -= scores[:, mistake.truth]
    slope = (losses[0] - losses[1]) * 25
    assert slope == pytest.approx(slopes["input"][row, column, 0], rel=0.2)


def test_the_classes_come_apart_from_layer_to_layer(slide):
    axes = slide("classes-apart").figure.axes
    shares = [numbers(ax.get_xlabel())[0] for ax in axes]
    assert [ax.get_title() for ax in axes] == ["Input", "S2", "S4", "F6"]
    assert [shares[0], shares[-1]] == numbers(slide("classes-apart").title)[:2]
    assert max(shares) <= 100


def test_where_the_cover_is_orange_the_digit_is_read_as_another(slide, material):
    digit, covered, sure = pictures(slide("occlusion").figure)
    sure = np.ma.filled(np.asarray(sure, float), np.nan)
    wrong, places = map(int, numbers(slide("occlusion").title)[2:4])
    assert (sure < 0).sum() == wrong
    assert np.isfinite(sure).sum() == places == 22 * 22
    hidden = np.asarray(digit) != np.asarray(covered)
    assert hidden.any(axis=0).sum() <= 7 >= hidden.any(axis=1).sum()


def test_the_squashing_functions_are_what_they_are_called(slide):
    left, right = slide("squashing").figure.axes
    tanh, sigmoid, relu = (line.get_ydata() for line in left.get_lines()[:3])
    assert tanh[-1] == pytest.approx(1.7159 * np.tanh(8 / 3))
    assert (sigmoid[200], relu[0], relu[-1]) == (0.5, 0, 4)
    steps = (line.get_ydata() for line in right.get_lines()[:3])
    assert [each.max() for each in steps] == pytest.approx([1.7159 * 2 / 3, 0.25, 1])


def test_the_input_is_padded_and_scaled(slide):
    padded, bytes_, values = pictures(slide("input-values").figure)
    assert padded.shape == (32, 32)
    assert np.allclose(values, -0.1 + 0.005 * bytes_)


def test_a_photograph_becomes_the_frame_that_is_read(slide, material):
    figure = slide("photograph").figure
    picture, *_, frame = pictures(figure)
    assert picture.shape[0] > 28 and frame.shape == (28, 28)
    image = np.asarray(frame, np.uint8)[None]
    answer = predict(material.model, to_input(image)).argmax()
    assert any(text.startswith(f"read as {answer};") for text in said(figure))


def test_each_digit_of_a_row_has_its_box_its_frame_and_its_answer(slide):
    above, *frames = slide("row-of-digits").figure.axes
    assert len(above.patches) == len(frames) >= 5
    number = "".join(ax.get_title() for ax in frames)
    assert slide("row-of-digits").title.endswith(number)
    for box, ax in zip(above.patches, frames, strict=True):
        colour = plots.VERMILION if "?" in ax.get_title() else plots.BLUE
        assert plt.matplotlib.colors.same_color(box.get_edgecolor(), colour)


def test_the_digits_are_counted(slide, digits):
    shown = said(slide("digits").figure)
    for number in np.bincount(digits.train_labels):
        assert f"{number:,}" in shown
    assert slide("digits").title.startswith("scikit-learn's digits: 1,437")


def test_one_digit_is_followed_through_the_model_from_top_to_bottom(slide, material):
    figure = slide("one-digit").figure
    maps = material.maps(material.digit(4))
    names = [text.get_text() for text in figure.texts]
    rows = [text for text in figure.texts if text.get_position()[0] < 0.1][:8]
    assert [text.get_text() for text in rows] == [
        "Input", "C1: 6@28x28", "S2: 6@14x14", "C3: 16@10x10", "S4: 16@5x5",
        "C5: 120", "F6: 84", "Output: 10",
    ]  # fmt: skip
    heights = [text.get_position()[1] for text in rows]
    assert heights == sorted(heights, reverse=True)
    assert "code of 4" in names
    f6 = [p for p in pictures(figure) if np.shape(p) == (12, 7)][0]
    assert np.allclose(f6.ravel(), maps["f6"])
    ax = figure.axes[-1]
    bars = [bar.get_height() for bar in ax.patches]
    assert np.allclose(bars, -maps["output"])
    colours = [bar.get_facecolor() for bar in ax.patches]
    assert colours.count(colours[np.argmin(bars)]) == 1, "the answer is told apart"
    weights = [label.get_fontweight() for label in ax.get_xticklabels()]
    assert weights.index("bold") == np.argmin(bars)
    assert weights.count("bold") == 1
    assert slide("one-digit").title.startswith(f"One {np.argmin(bars)} ")


def test_the_kernels_are_the_models(slide, material):
    drawn = pictures(slide("kernels").figure)
    weights = material.model.get_layer("c1").get_weights()[0][:, :, 0]
    for k in range(6):
        assert np.allclose(drawn[k], weights[..., k])
    (sheet,) = pictures(slide("kernels-c3").figure)
    sheet = np.ma.filled(sheet, np.nan)
    for s2, c3 in itertools.product(range(6), range(16)):
        kernel = sheet[6 * s2 : 6 * s2 + 5, 6 * c3 : 6 * c3 + 5]
        assert np.isfinite(kernel).all() == (s2 in C3_INPUTS[c3])


def test_the_matrix_of_errors_counts_each_once(slide, material):
    left, right = slide("confusion-errors").figure.axes
    alone = [int(text.get_text()) for text in left.texts if text.get_text()]
    assert sum(alone) == len(material.mistakes)
    title = slide("confusion-errors").title
    assert title.startswith(f"{sum(alone)} errors in {len(alone)} of 90 cells")
    widths = [bar.get_width() for bar in right.patches]
    assert np.argmax(widths) == int(numbers(title)[3])


def test_of_the_commonest_confusions_each_is_named(material, slide):
    errors = material.confusion * (1 - np.eye(10, dtype=int))
    note = slide("confusion-errors").note
    named = re.search(r"the commonest are (.*?) \((\d+) times each", note)
    assert int(named[2]) == errors.max()
    pairs = [tuple(map(int, pair)) for pair in re.findall(r"(\d) → (\d)", named[1])]
    assert pairs == list(zip(*np.nonzero(errors == errors.max()), strict=True))


def test_every_mistake_is_drawn_with_its_truth_and_its_answer(slide, digits, material):
    axes = slide("mistakes").figure.axes
    assert len(axes) == len(material.mistakes) > 0
    drawn = {(ax.get_title(), ax.images[0].get_array().tobytes()) for ax in axes}
    wanted = {
        (f"{m.truth}→{m.answer}", digits.test_images[m.index].tobytes())
        for m in material.mistakes
    }
    assert drawn == wanted
    assert "shows 82" in slide("mistakes").note


def test_the_grid_of_mistakes_is_full_or_nearly(slide):
    axes = slide("mistakes").figure.axes
    columns = axes[0].get_subplotspec().get_gridspec().ncols
    assert -len(axes) % columns <= columns / 3


def test_the_pairs_are_the_most_confused(slide, material):
    names = [
        label.get_text()
        for label in slide("confused-pairs").figure.axes[0].get_yticklabels()
    ]
    counts = [numbers(name)[2] for name in names]
    assert counts == sorted(counts, reverse=True)
    for name in names:
        truth, answer, number = map(int, numbers(name))
        assert material.confusion[truth, answer] == number


def test_the_learning_curves_are_the_recorded_ones_beside_the_papers(slide):
    ax = slide("learning-curves").figure.axes[0]
    names = [text.get_text() for text in ax.texts]
    assert names == ["training", "test", "circles: the paper"]
    assert ax.get_legend() is None
    assert len(ax.collections) == 2, "a band over the seeds for each"
    assert max(line.get_xdata().max() for line in ax.get_lines()) == 20
    assert "0.89%" in slide("learning-curves").title


def test_what_the_paper_says_is_survived_is_grey(slide):
    grey = {
        ax.get_xlabel(): [patch.get_x(), patch.get_x() + patch.get_width()]
        for ax in slide("robustness").figure.axes
        for patch in ax.patches
    }
    assert grey == {
        "shift down (pixels)": [-10, 10],
        "scale (factor)": pytest.approx([0.7, 1.4]),
        "rotation (degrees)": [-30, 30],
    }


def test_the_film_stops_at_the_angles_that_the_answer_names(material):
    with style():
        film = FILMS["turning"](material)
    left, right = film.figure.axes
    first = {}
    for frame in range(film.frames):
        film.draw(frame)
        heading = re.match(r"(\d+)° (clockwise|against)", left.get_title())
        if heading:
            angle, way = int(heading[1]), heading[2]
            shortest = np.argmin([bar.get_width() for bar in right.patches])
            if shortest != 4:
                first[way] = min(angle, first.get(way, 90))
    assert first == {way: film.facts[way] for way in first}
    plt.close("all")


def test_the_ladder_has_the_rungs_of_the_ladder(slide):
    ax = slide("ladder").figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == [r.label for r in LADDER]
    top = [
        run["val_accuracy"][-1] for run in ladder() if run["order"] == len(LADDER) - 1
    ]
    assert f"{100 * (1 - np.median(top)):.2f}%" in slide("ladder").title
    assert "the rung below: only softmax, cross-entropy; max pooling. Changing" in (
        slide("ladder").answer
    )


@pytest.mark.parametrize(
    "name",
    [
        *("opening", "back-propagation", "confusion-errors", "mistakes"),
        *("confused-pairs", "confidence"),
    ],
)
def test_where_nothing_is_misread_no_mistake_is_shown(name, digits):
    flawless = Material(digits)
    flawless.mistakes = []
    with pytest.raises(Unavailable, match="no digit is misread"):
        draw(name, FIGURES, flawless)


def test_all_methods_that_store_something_are_points(slide):
    lines = slide("methods").figure.axes[0].get_lines()
    points = sum(len(line.get_xdata()) for line in lines)
    stored = [row for row in PUBLISHED_METHODS if row.variables is not None]
    assert points == len(stored) + 2
    drawn = {tuple(at) for line in lines for at in line.get_xydata()}
    assert drawn > {(1000 * row.variables, row.error) for row in stored}
    ax = slide("methods").figure.axes[0]
    names = {text.get_text() for text in ax.texts}
    assert {"here, 1998", "here, today", "linear", "convolutional"} < names
    assert {"LeNet-5", "boosted LeNet-4"} < names
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_a_layer_has_the_same_colour_wherever_it_is_drawn(slide):
    blue = plots.LAYER_COLOURS["c1"]
    square = slide("receptive-fields").figure.axes[0].patches[0]
    bar = slide("layers").figure.axes[0].patches[0]
    assert plt.matplotlib.colors.same_color(square.get_edgecolor(), blue)
    assert plt.matplotlib.colors.same_color(bar.get_facecolor(), blue)


@pytest.mark.parametrize(
    "name, variant",
    [
        *itertools.product(["subsampling", "one-digit"], ["modern", "dense"]),
        ("confidence", "modern"),  # which its words compare with the network of 1998
    ],
)
def test_another_variant_is_drawn_in_its_own_way(name, variant, digits):
    drawn = draw(name, FIGURES, Material(digits, variant))
    shown = said(drawn.figure)
    if name == "subsampling":
        way = {"modern": "the largest of them", "dense": "their mean"}[variant]
        assert any(text.startswith(way) for text in shown)
    if name == "one-digit":
        assert "the largest wins" in shown
    if name == "confidence":
        assert {"variant modern", "variant 1998"} <= set(shown)
    plt.close("all")


# --- Chinese ------------------------------------------------------------------------

NAMES_IN_CHINESE = {
    *("LeNet", "MNIST", "ReLU", "NN", "AdamW", "Glorot", "tanh", "sigmoid", "softmax"),
    *("scikit", "learn", "RBF"),
    *("classic", "dense", "modern"),
}


@pytest.mark.parametrize("name", NAMES)
def test_no_english_word_is_left_in_a_chinese_figure(name, slide):
    for text in said(slide(name).figure):
        if text.replace("\n", " ") == slide(name).title:
            continue
        left = re.findall(r"[A-Za-z_]{2,}", translate(text, "zh"))
        left = [word for word in left if not word.startswith("mathdefault")]
        assert set(left) <= NAMES_IN_CHINESE, text


# --- the committed figures ------------------------------------------------------------


def test_the_committed_page_shows_every_figure_with_its_alt_text():
    page = (ROOT / "figures" / "README.md").read_text("utf-8")
    for name in NAMES:
        assert f"\n## {name}\n" in page
        assert f"(slide {slide_numbers(NAMES)[name]}; " in page
        shown = f"{name}.{'gif' if name in FILMS else 'png'}"
        assert f"![{words('en')[name]['alt']}]({shown})" in page
        for format in ("svg", "png"):
            assert (ROOT / "figures" / f"{name}.{format}").is_file()


@pytest.mark.parametrize("name", ["learning-curves", "training-set-size", "ladder"])
def test_the_committed_figures_show_what_was_measured_last(name, slide):
    page = (ROOT / "figures" / "README.md").read_text("utf-8")
    assert f"**{slide(name).title}**" in page, "draw them again: make figures deck"


def test_the_readme_counts_the_figures():
    assert f"{len(NAMES)} figures" in (ROOT / "README.md").read_text("utf-8")


def test_the_committed_figures_stay_small():
    files = [f for f in (ROOT / "figures").rglob("*.*") if f.suffix != ".html"]
    assert sum(file.stat().st_size for file in files) < 25e6  # films, three times


@pytest.mark.parametrize("name", FILMS)
def test_a_committed_film_lasts_ten_seconds_and_comes_back_to_its_start(name):
    path = ROOT / "figures" / f"{name}.gif"
    assert path.stat().st_size < 1.5e6
    assert path.with_suffix(".mp4").stat().st_size < 1.5e6
    with Image.open(path) as film:
        assert film.info["loop"] == 0
        frames = [frame.convert("L") for frame in ImageSequence.Iterator(film)]
        lasts = sum(frame.info["duration"] for frame in ImageSequence.Iterator(film))
    assert lasts == 10_000
    jumps = [
        np.abs(np.asarray(a, float) - np.asarray(b, float)).mean()
        for a, b in itertools.pairwise([*frames, frames[0]])
    ]
    assert jumps[-1] <= max(jumps[:-1])


@pytest.mark.parametrize("folder, language", [("", "en"), ("zh", "zh")])
def test_the_committed_deck_has_every_figure_and_every_film(folder, language):
    pptx = pytest.importorskip("pptx")
    path = ROOT / "figures" / folder / "lenet5.pptx"
    pages = pptx.Presentation(path).slides
    drawn = [each for page in pages for each in page.shapes if each.shape_type == 13]
    alts = [each.element.nvPicPr.cNvPr.get("descr") for each in drawn]
    said = [(each, alt) for each, alt in zip(drawn, alts, strict=True) if alt]
    assert [each.name for each, _ in said] == NAMES
    numbers = slide_numbers(NAMES)
    for each, _ in said:
        (number,) = (
            shape.text_frame.text
            for shape in each.part.slide.shapes
            if shape.name == "slide number"
        )
        assert numbers[each.name] == int(number)
    assert {each.name for each, _ in said if each.image.ext == "gif"} == {*FILMS}
    for each, alt in said:
        assert alt == words(language)[each.name]["alt"], "draw it again: make deck"
