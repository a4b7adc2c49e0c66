"""The figures of the lecture: what each of them shows, and that it can be read."""

import itertools
import json
import re
import string
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from lecture.architecture import plot_architecture
from lecture.catalogue import FIGURES
from lecture.measurements import Material, Unavailable
from lecture.slides import TOP, draw, style, write_figures
from lecture.words import translate, words
from lenet_keras import LADDER, VARIANTS, build_lenet5, count, ladder, plots
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


# Numbers in the cells of a picture, and labels of dozens of thumbnails.
DENSE = {"input-values", "convolution", "confusion", "confusion-errors", "mistakes"}


@pytest.mark.parametrize("name", NAMES)
def test_the_last_row_can_read_it(name, slide):
    for text in texts(slide(name).figure):
        is_dense = name in DENSE and re.fullmatch(r"[-\d. →]+", text.get_text())
        assert text.get_fontsize() >= (11 if is_dense else 24), text.get_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_title_has_the_top_for_itself(name, slide):
    figure = slide(name).figure
    for text in texts(figure):
        box = text.get_window_extent().transformed(figure.transFigure.inverted())
        if text.get_gid() == "title":
            assert box.y0 >= TOP - 0.005
        else:
            assert box.y1 <= TOP + 0.015, text.get_text()


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
    assert labels[:6] == [
        "Input\n32x32",
        "C1: feature maps\n6@28x28",
        "S2: f. maps\n6@14x14",
        "C3: f. maps\n16@10x10",
        "S4: f. maps\n16@5x5",
        "C5: layer\n120",
    ]
    last = {"1998": "Gaussian\nconnections"}.get(variant, "Full\nconnection")
    halving = {"1998": "Subsampling", "modern": "Max\npooling"}
    halved = halving.get(variant, "Average\npooling")
    full = "Full\nconnection"
    assert labels[8:] == [
        "Convolutions", halved, "Convolutions", halved, full, full, last,
    ]  # fmt: skip
    drawn = [patch.get_gid().split("-")[0] for patch in ax.patches if patch.get_gid()]
    assert [drawn.count(row.name) for row in layers] == [6, 6, 16, 16, 1, 1, 1]
    plt.close("all")


def test_a_wider_input_gives_wider_maps():
    model = build_lenet5(input_shape=(32, 64, 1))
    ax = plot_architecture(count(model).layers, (32, 64, 1))
    labels = [text.get_text() for text in ax.texts]
    assert labels[0] == "Input\n32x64"
    assert labels[5] == "C5: f. maps\n120@1x9"
    plt.close("all")


def test_the_bars_are_the_counts(slide, material):
    shown = said(slide("layers").figure)
    for row in material.counts.layers:
        assert f"{row.trainable:,}" in shown
        assert f"{row.connections:,}" in shown
    assert "60,000" in slide("layers").title
    assert "340,908" in slide("layers").title


def test_the_unit_of_c1_is_worked_out_from_what_is_shown(slide, material):
    figure = slide("convolution").figure
    window, kernel = pictures(figure)[1:3]
    (caption,) = (t for t in said(figure) if t.startswith("sum of"))
    products, bias, squashed = numbers(caption)[1:]
    assert products == pytest.approx((window * kernel).sum(), abs=1)  # rounded cells
    assert squashed == pytest.approx(
        1.7159 * np.tanh(2 / 3 * (products + bias)), abs=0.02
    )
    assert slide("convolution").title.endswith(f"{squashed:.2f}")
    weights = material.model.get_layer("c1").get_weights()[0]
    assert any(np.allclose(weights[:, :, 0, k], kernel, atol=0.051) for k in range(6))


def test_the_kernel_has_slid_over_the_whole_map_at_last(slide, material):
    maps = pictures(slide("weight-sharing").figure)[4:]
    computed = [np.isfinite(np.ma.filled(each, np.nan)).sum() for each in maps]
    assert computed == [1, 262, 512, 784]
    c1 = material.maps(material.digit(2))["c1"]
    assert any(np.allclose(maps[-1], c1[..., k]) for k in range(6))


def test_the_unit_of_s2_is_worked_out_from_what_is_shown(slide, material):
    figure = slide("subsampling").figure
    window, halved = pictures(figure)[1:]
    (caption,) = (t for t in said(figure) if t.startswith("their sum"))
    total, coefficient, bias, squashed = numbers(caption)
    assert total == pytest.approx(window.sum(), abs=0.01)
    inside = total * coefficient + bias
    assert squashed == pytest.approx(1.7159 * np.tanh(2 / 3 * inside), abs=0.05)
    assert halved.shape == (14, 14)


def test_receptive_fields_are_the_counted_ones(slide, material):
    axes = slide("receptive-fields").figure.axes
    widths = {ax.get_title(): ax.patches[0].get_width() for ax in axes}
    rows = {row.name.upper(): row.receptive_field for row in material.counts.layers[:5]}
    assert widths == rows == {"C1": 5, "S2": 6, "C3": 14, "S4": 16, "C5": 32}


def test_table_1_has_its_60_crosses(slide):
    assert said(slide("table-1").figure).count("X") == 60


def test_the_codes_are_the_papers(slide):
    axes = slide("codes").figure.axes
    for ax in axes:
        assert (ax.images[0].get_array() == output_code(ax.get_title())).all()
    assert len(axes) == 10
    assert "6 and 8" in slide("codes").title
    (sheet,) = pictures(slide("codes-96").figure)
    assert sheet.shape == (6 * 16 - 4, 16 * 11 - 4)
    assert (sheet[16:28, :7] == output_code("0")).all()


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


def test_the_digits_are_counted(slide, digits):
    shown = said(slide("digits").figure)
    for number in np.bincount(digits.train_labels):
        assert f"{number:,}" in shown
    assert slide("digits").title.startswith("scikit-learn's digits: 1,437")


def test_one_digit_is_followed_through_the_model(slide, material):
    figure = slide("one-digit").figure
    maps = material.maps(material.digit(4))
    by_title = {ax.get_title(loc="left"): ax for ax in figure.axes}
    assert list(by_title)[:7] == [
        "Input", "C1: 6@28x28", "S2: 6@14x14", "C3: 16@10x10", "S4: 16@5x5",
        "C5: 120", "F6: 84",
    ]  # fmt: skip
    f6 = by_title["F6: 84"].images[0].get_array()
    assert np.allclose(f6.ravel(), maps["f6"])
    ax = by_title["Output: the least wins"]
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


def test_the_confusion_matrix_counts_every_image_once(slide, digits, material):
    shown = slide("confusion").figure.axes[0].texts
    assert sum(int(text.get_text()) for text in shown) == len(digits.test_labels)
    errors = slide("confusion-errors").figure.axes[0].texts
    alone = [int(text.get_text()) for text in errors if text.get_text()]
    assert sum(alone) == len(material.mistakes)
    assert f"{len(alone)} of the 90 cells" in slide("confusion-errors").title


def test_every_mistake_is_drawn_with_its_truth_and_its_answer(slide, digits, material):
    axes = slide("mistakes").figure.axes
    assert len(axes) == len(material.mistakes) > 0
    drawn = {(ax.get_title(), ax.images[0].get_array().tobytes()) for ax in axes}
    wanted = {
        (f"{m.truth} → {m.answer}", digits.test_images[m.index].tobytes())
        for m in material.mistakes
    }
    assert drawn == wanted
    assert f"shows {82}" in slide("mistakes").title


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
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["training", "training, paper", "test", "test, paper"]
    assert len(ax.collections) == 2, "a band over the seeds for each"
    assert "0.89%" in slide("learning-curves").title


def test_the_ladder_has_the_rungs_of_the_ladder(slide):
    ax = slide("ladder").figure.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == [r.label for r in LADDER]
    top = [
        run["val_accuracy"][-1] for run in ladder() if run["order"] == len(LADDER) - 1
    ]
    assert f"{100 * (1 - np.median(top)):.2f}%" in slide("ladder").title


def test_peers_are_drawn_as_they_were_measured(slide):
    measured = json.loads((ROOT / "benchmarks" / "results.json").read_text())
    assert f"{measured['images_per_second']:,}" in said(slide("peers").figure)
    assert str(measured["ratio_to_keras_fit"]) in slide("peers").title


def test_without_the_repository_that_figure_is_left_out(
    material, monkeypatch, tmp_path
):
    monkeypatch.setattr("lecture.measurements.BENCHMARKS", tmp_path)
    peers = {"peers": FIGURES["peers"]}
    with pytest.raises(Unavailable, match="results.json is not here"):
        draw("peers", peers, material)
    (left_out,) = write_figures(peers, material, tmp_path)
    assert str(left_out).startswith("peers is left out: benchmarks/results.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name",
    ["confusion", "confusion-errors", "mistakes", "confused-pairs", "confidence"],
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
    assert {"here, 1998", "here, today", "LeNet-5"} < names
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_a_layer_has_the_same_colour_wherever_it_is_drawn(slide):
    blue = plots.LAYER_COLOURS["c1"]
    square = slide("receptive-fields").figure.axes[0].patches[0]
    bar = slide("layers").figure.axes[0].patches[0]
    assert plt.matplotlib.colors.same_color(square.get_edgecolor(), blue)
    assert plt.matplotlib.colors.same_color(bar.get_facecolor(), blue)


@pytest.mark.parametrize("variant", ["modern", "dense"])
@pytest.mark.parametrize("name", ["subsampling", "one-digit", "confidence"])
def test_another_variant_is_drawn_in_its_own_way(name, variant, digits):
    drawn = draw(name, FIGURES, Material(digits, variant))
    shown = said(drawn.figure)
    if name == "subsampling":
        way = {"modern": "the largest of them", "dense": "their mean"}[variant]
        assert any(text.startswith(way) for text in shown)
    if name == "one-digit":
        assert "Output: the largest wins" in shown
    if name == "confidence":
        other = {"modern": "1998", "dense": "modern"}[variant]
        assert {f"variant {variant}", f"variant {other}"} <= set(shown)
    plt.close("all")


# --- Chinese ------------------------------------------------------------------------

NAMES_IN_CHINESE = {
    *("LeNet", "MNIST", "ReLU", "NN", "AdamW", "Glorot", "tanh", "sigmoid", "softmax"),
    *("Keras", "fit", "PyTorch", "lenet_keras", "scikit", "learn"),
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
        assert f"![{words('en')[name]['alt']}]({name}.png)" in page
        for format in ("svg", "png"):
            assert (ROOT / "figures" / f"{name}.{format}").is_file()


@pytest.mark.parametrize(
    "name", ["learning-curves", "training-set-size", "ladder", "peers"]
)
def test_the_committed_figures_show_what_was_measured_last(name, slide):
    page = (ROOT / "figures" / "README.md").read_text("utf-8")
    assert f"**{slide(name).title}**" in page, "draw them again: make figures deck"


def test_the_readme_counts_the_figures():
    assert f"{len(NAMES)} figures" in (ROOT / "README.md").read_text("utf-8")


def test_the_committed_figures_stay_small():
    files = [f for f in (ROOT / "figures").iterdir() if f.suffix != ".html"]
    assert sum(file.stat().st_size for file in files) < 8e6
