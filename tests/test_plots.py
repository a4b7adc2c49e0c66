"""The figures: what is drawn, not which pixels."""

import colorsys
import itertools
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from lenet_keras import VARIANTS, plots, read_digits
from lenet_keras.evaluation import Calibration, Mistake, Rejection
from lenet_keras.paper import C3_INPUTS

PAGE = Path(plots.__file__).parent.parent / "page" / "page.css"


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def height_of(text):
    """Where a text stands above the lower edge of its figure, in pixels."""
    return text.get_transform().transform(text.get_position())[1]


def test_the_learning_curve_draws_errors_in_percent():
    history = {"accuracy": [0.9, 0.95], "val_accuracy": [0.92, 0.97], "loss": [1, 0.5]}
    ax = plots.plot_learning_curve(history)
    training, test = (line.get_ydata() for line in ax.get_lines())
    assert training == pytest.approx([10, 5])
    assert test == pytest.approx([8, 3])
    assert [text.get_text() for text in ax.texts] == ["training 5.00%", "test 3.00%"]


def test_what_was_validated_now_and_then_stands_at_its_epochs():
    history = {"accuracy": np.linspace(0.5, 0.9, 7), "val_accuracy": [0.6, 0.8]}
    ax = plots.plot_learning_curve(history)
    assert ax.lines[1].get_xdata().tolist() == [3, 6]
    history["val_accuracy"] = [None] * 5 + [0.6, 0.8]  # as of a run that was resumed
    ax = plots.plot_learning_curve(history)
    assert ax.lines[1].get_xdata().tolist() == [6, 7]
    assert ax.get_yscale() == "log"


def test_a_learning_curve_of_one_epoch_has_one_tick():
    ax = plots.plot_learning_curve({"accuracy": [0.9], "val_accuracy": [0.92]})
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [1]


def test_an_error_of_zero_is_drawn_on_a_linear_axis():
    ax = plots.plot_learning_curve({"accuracy": [0.5, 1.0]})
    assert ax.get_yscale() == "linear"
    assert ax.get_lines()[0].get_ydata()[-1] == 0


def test_the_confusion_matrix_names_its_axes_and_shows_every_count():
    counts = np.array([[5, 1, 0], [0, 7, 2], [3, 0, 4]])
    ax = plots.plot_confusion(counts, classes=list("abc"))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    shown = sorted(int(text.get_text()) for text in ax.texts if text.get_text())
    assert shown == sorted(counts.ravel().tolist())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]


def test_mistakes_are_drawn_with_their_own_image_truth_and_answer():
    images = np.zeros((5, 28, 28), "uint8")
    images[3] = 200
    figure = plots.plot_mistakes(images, [Mistake(3, 4, 9, 0.76)])
    drawn = [ax for ax in figure.axes if ax.images]
    assert len(drawn) == 1
    assert drawn[0].get_title() == "4 → 9\n76%"
    assert (drawn[0].images[0].get_array() == 200).all()


def test_a_figure_without_mistakes_is_empty_but_there():
    figure = plots.plot_mistakes(np.zeros((5, 28, 28)), [])
    assert not any(ax.images for ax in figure.axes)


def test_the_whole_confusion_matrix_can_be_coloured():
    counts = np.array([[90, 1], [2, 80]])
    ax = plots.plot_confusion(counts, colour="all")
    shown = sorted(int(text.get_text()) for text in ax.texts if text.get_text())
    assert shown == [1, 2, 80, 90]
    assert ax.collections[0].get_clim() == (0, 90)


@pytest.mark.parametrize(
    ("by", "shown"),
    [
        ("rows", ["90.0", "10.0", "40.0", "60.0"]),
        ("columns", ["81.8", "25.0", "18.2", "75.0"]),
    ],
)
def test_shares_are_of_the_rows_or_of_the_columns(by, shown):
    ax = plots.plot_confusion_shares(np.array([[18, 2], [4, 6]]), by)
    assert [text.get_text() for text in ax.texts] == shown


def test_the_error_of_each_class_is_a_bar_in_percent():
    ax = plots.plot_error_by_class({"a": [0.01, 0.02], "b": [0.03, 0.04]})
    heights = [bar.get_height() for bars in ax.containers for bar in bars]
    assert heights == pytest.approx([1, 2, 3, 4])


def test_the_confidence_of_right_and_wrong_answers_is_counted():
    ax = plots.plot_confidence([0.99, 0.98], [0.51])
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().texts] == ["right", "wrong"]


def test_the_calibration_names_the_images_of_each_point():
    ax = plots.plot_calibration(Calibration([0.6, 0.9], [0.5, 1.0], [10, 2000]))
    assert [text.get_text() for text in ax.texts] == ["10", "2,000"]


def test_the_rejection_curve_starts_at_the_whole_error():
    curve = Rejection(np.array([0, 0.5]), np.array([0.02, 0.0]), np.array([0.1, 0.9]))
    ax = plots.plot_rejection({"ours": curve}, published={"LeNet-4": 1.8})
    assert ax.get_lines()[0].get_ydata()[0] == pytest.approx(2)
    assert "LeNet-4" in [text.get_text() for text in ax.texts]


def test_the_names_of_crosses_stand_above_them_and_apart():
    curve = Rejection(np.array([0, 0.5]), np.array([0.02, 0.01]), np.array([0.1, 0.9]))
    refused = {"LeNet-4": 1.8, "LeNet-5": 1.9}
    ax = plots.plot_rejection({"ours": curve}, published=refused)
    names = [text for text in ax.texts if text.get_text() in refused]
    assert all(name.xyann[1] > 0 for name in names)
    points = 72 / ax.figure.dpi
    places = [
        ax.transData.transform(name.xy)[0] * points + name.xyann[0] for name in names
    ]
    assert abs(places[0] - places[1]) > plt.rcParams["font.size"]


def test_robustness_is_drawn_in_percent_beside_the_papers_estimate():
    ax = plots.plot_robustness([0, 1], {"a": [0.01, 0.5]}, xlabel="x", limits=(0, 0.5))
    assert ax.get_lines()[0].get_ydata() == pytest.approx([1, 50])
    assert len(ax.patches) == 1


def test_runs_show_every_seed_and_their_median():
    ax = plots.plot_runs({"test": [[3, 2], [5, 1], [4, 4]]}, {"test": [2.5, 2]})
    *seeds, median, paper = (line.get_ydata().tolist() for line in ax.get_lines())
    assert (seeds, median, paper) == ([[3, 2], [5, 1], [4, 4]], [4, 2], [2.5, 2])


def test_the_error_by_images_goes_through_the_medians():
    ax = plots.plot_by_images({100: [3, 1, 2], 200: [1, 1, 0]}, {100: 2.5, 200: 0.9})
    median, paper = (line.get_ydata() for line in ax.get_lines()[-2:])
    assert (list(median), list(paper)) == ([2, 1], [2.5, 0.9])


def test_the_ladder_has_a_rung_for_each_label():
    ax = plots.plot_ladder(["1998", "now"], {"test": [[0.9, 1.0], [0.7]]}, 0.95)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1998", "now"]
    assert [line.get_xdata()[0] for line in ax.get_lines()[1:4:2]] == [0.95, 0.7]


def test_images_share_one_scale_and_carry_their_titles():
    images = np.stack([np.zeros((4, 4)), np.full((4, 4), 9.0), np.ones((4, 4))])
    figure = plots.plot_images(images, "abc", columns=2)
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c"]
    assert {ax.images[0].get_clim() for ax in figure.axes} == {(0, 9)}


def test_maps_are_centred_on_zero_with_one_colour_bar():
    maps = np.stack([np.full((3, 3), -4.0), np.ones((3, 3))], axis=-1)
    figure = plots.plot_maps(maps, ["c1", "s2"])
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == ["c1", "s2"]
    assert {ax.images[0].get_clim() for ax in drawn} == {(-4, 4)}
    assert len(figure.axes) == 3


def test_maps_of_different_sizes_come_as_a_list():
    figure = plots.plot_maps([np.ones((2, 2)), np.ones((5, 5))])
    assert [ax.images[0].get_array().shape for ax in figure.axes[:2]] == [
        (2, 2),
        (5, 5),
    ]


def test_every_number_is_written_on_its_pixel():
    ax = plots.plot_numbers(np.array([[0, 255], [7, 8]]))
    assert [text.get_text() for text in ax.texts] == ["0", "255", "7", "8"]
    assert [text.get_color() for text in ax.texts[:2]] == ["black", "white"]
    ax = plots.plot_numbers(np.array([[1, 4]]), limit=9)
    assert ax.images[0].get_clim() == (0, 9)


def test_fields_are_squares_in_pixels():
    ax = plots.plot_fields(np.zeros((32, 32)), {"C1": (3, 4, 5)}, points=[(1, 2)])
    (square,) = ax.patches
    assert (square.get_y(), square.get_x(), square.get_width()) == (2.5, 3.5, 5)
    assert ax.texts[0].get_text() == "C1"
    assert ax.lines[0].get_xydata().tolist() == [[2, 1]]


def test_the_table_has_a_cross_for_each_connected_pair():
    ax = plots.plot_table(C3_INPUTS)
    crosses = {
        tuple(map(int, text.get_position())) for text in ax.texts if text.get_text()
    }
    assert crosses == {(c3, s2) for c3, maps in enumerate(C3_INPUTS) for s2 in maps}


def test_curves_are_named_at_their_ends_and_apart():
    x = np.arange(5)
    ax = plots.plot_curves(x, {"a": x * 0.0, "b": x * 0.0, "c": x * 1.0})
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    heights = [height_of(text) for text in ax.texts]
    assert heights[1] - heights[0] >= 17 - 1e-6


def test_a_curve_that_ends_in_nan_is_named_where_it_stopped():
    ax = plots.plot_curves(np.arange(3), {"lost": np.array([1.0, 2.0, np.nan])})
    height = height_of(ax.texts[0])
    assert height == pytest.approx(ax.transData.transform((1, 2))[1])


def test_the_name_of_a_curve_stays_with_it_when_the_limits_change():
    ax = plots.plot_curves(np.arange(3), {"a": np.array([3.0, 2.0, 2.0])})
    ax.set(ylim=(0, 10))
    assert height_of(ax.texts[0]) == pytest.approx(ax.transData.transform((2, 2))[1])


def test_bars_carry_their_numbers_first_on_top():
    ax = plots.plot_bars({"c1": 156, "c3": 1516})
    assert [text.get_text() for text in ax.texts] == ["156", "1,516"]
    assert ax.yaxis_inverted()


def test_the_walk_has_a_row_a_layer_and_one_scale():
    figure = plots.plot_walk({"C1": np.ones((8, 8, 6)), "S2": np.full((4, 4, 6), -3.0)})
    drawn = [ax for ax in figure.axes if ax.images]
    assert [text.get_text() for text in figure.texts] == ["C1", "S2"]
    assert {ax.images[0].get_clim() for ax in drawn} == {(-3, 3)}
    bottoms = [round(ax.get_position().y0, 9) for ax in drawn]
    assert len(bottoms) == 12
    assert len(set(bottoms[:6])) == len(set(bottoms[6:])) == 1
    assert bottoms[0] > bottoms[6]


def test_a_shown_figure_carries_its_text_and_is_closed(monkeypatch):
    shown = []
    display = pytest.importorskip("IPython.display")
    monkeypatch.setattr(display, "display", lambda *a, **k: shown.append((a, k)))
    figure = plt.figure()
    plots.show("a white square")
    assert shown == [
        ((figure,), {"metadata": {"image/png": {"alt": "a white square"}}})
    ]
    assert not plt.get_fignums()


def test_the_sizes_of_text_follow_the_style():
    with plt.rc_context(plots.STYLE):
        figure = plots.plot_images(np.zeros((1, 4, 4)), ["a"])
        assert figure.axes[0].title.get_fontsize() == 12
        ax = plots.plot_error_by_class({"one": [0.1, 0.2]})
        assert ax.texts[0].get_fontsize() == pytest.approx(10, abs=0.1)


def test_a_map_has_its_windows_where_they_belong_and_dims_the_rest():
    window = 2, 3, 4, "red"
    ax = plots.plot_map(np.arange(100).reshape(10, 10), windows=[window], dim=True)
    (square,) = ax.patches
    assert (square.get_y(), square.get_x(), square.get_width()) == (1.5, 2.5, 4)
    veil = ax.images[1].get_array()[..., 3]
    assert (veil == 0).sum() == 16
    assert (veil[2:6, 3:7] == 0).all()


def test_a_signed_map_is_white_at_zero():
    ax = plots.plot_map([[-1, np.nan], [0, 3]], signed=True)
    assert ax.images[0].get_clim() == (-3, 3)
    ax = plots.plot_numbers(np.array([[-2.0, 1.0]]), fmt=".1f", signed=True)
    assert ax.images[0].get_clim() == (-2, 2)
    assert [text.get_color() for text in ax.texts] == ["white", "black"]


def test_a_mosaic_puts_each_picture_in_its_place():
    images = np.stack([np.full((2, 3), k) for k in range(1, 6)])
    ax = plots.plot_mosaic(images, 3, gap=1, names="ab", heads="xyz")
    sheet = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
    assert sheet.shape == (5, 11)
    assert (sheet[:2, 4:7] == 2).all()
    assert (sheet[3:, :3] == 4).all()
    assert np.isnan(sheet[2]).all()
    assert np.isnan(sheet[3:, 8:]).all()
    assert ax.get_xticks().tolist() == [1, 5, 9]
    assert ax.get_yticks().tolist() == [0.5, 3.5]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_runs_may_have_a_band_from_the_lowest_to_the_highest():
    ax = plots.plot_runs({"test": [[3, 2], [5, 1]]}, band=True)
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1, 5)


def test_rows_carry_their_names_and_may_have_gaps():
    rows = {"a": [np.zeros((2, 2)), np.full((2, 2), 3.0)], "b": [None, np.ones((2, 2))]}
    figure = plots.plot_rows(rows, {"a": ["x", "y"], "b": ["", "z"]})
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == ["x", "y", "z"]
    assert {ax.images[0].get_clim() for ax in drawn} == {(0, 3)}
    names = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert names == ["a", "b"]


def test_signed_rows_are_centred_on_zero():
    figure = plots.plot_rows(
        {"a": [np.ones((2, 2)), np.full((2, 2), -4.0)]}, signed=True
    )
    assert {ax.images[0].get_clim() for ax in figure.axes} == {(-4, 4)}


def test_each_class_is_a_cloud_of_its_own():
    labels = np.array([3, 1, 3])
    ax = plots.plot_classes(np.array([[0, 1], [2, 3], [4, 5]]), labels)
    clouds = [cloud.get_offsets().tolist() for cloud in ax.collections]
    assert clouds == [[[2, 3]], [[0, 1], [4, 5]]]


def test_each_place_of_a_row_of_digits_has_its_answer_below():
    figure = plots.plot_reading(np.zeros((32, 40)), [7, 1, 4], [6.0, 50.0, 9.0])
    texts = figure.axes[1].texts
    assert [text.get_text() for text in texts] == ["7", "1", "4"]
    assert [text.get_position() for text in texts] == [(15.5, 6), (19.5, 50), (23.5, 9)]
    assert [text.get_weight() == "bold" for text in texts] == [True, False, True]


def test_step_sizes_are_counted_beside_the_published_range_and_the_ceiling():
    ax = plots.plot_step_sizes({"a": [1e-4, 1e-3, 2e-2]}, (7e-5, 0.016), 0.025)
    band, *bars = ax.patches
    assert (band.get_x(), band.get_width()) == pytest.approx((7e-5, 0.016 - 7e-5))
    assert sum(bar.get_height() for bar in bars) == 3
    assert list(ax.lines[0].get_xdata()) == [0.025, 0.025]
    assert ax.get_xscale() == "log"


def test_a_path_over_a_valley_goes_through_its_points():
    path = np.array([[1.0, 1.0], [0.5, -0.5], [0.0, 0.0]])
    ax = plots.plot_paths(lambda a, b: a**2 + b**2, {"down": path})
    assert np.transpose(ax.lines[0].get_data()) == pytest.approx(path)
    assert ax.get_xlim()[0] < 0 < 1 < ax.get_xlim()[1]
    assert [text.get_text() for text in ax.get_legend().texts] == ["down"]


# --- one colour language ----------------------------------------------------------


def hue(colour):
    """In degrees: orange is near 30, purple near 270."""
    return 360 * colorsys.rgb_to_hsv(*to_rgb(colour))[0]


def family(colour):
    """The sign that a colour stands for, by its hue; None for all others."""
    degrees = hue(colour)
    return "+" if 245 <= degrees <= 300 else "-" if 15 <= degrees <= 45 else None


def test_positive_is_purple_and_negative_orange_in_maps():
    ax = plots.plot_map([[-1, 0, 1]], signed=True)
    negative, zero, positive = ax.images[0].to_rgba([-0.8, 0, 0.8])[:, :3]
    assert (family(negative), family(positive)) == ("-", "+")
    assert min(zero) > 0.95
    assert (family(plots.NEGATIVE), family(plots.POSITIVE)) == ("-", "+")


def test_positive_is_purple_and_negative_orange_on_the_page_too():
    css = PAGE.read_text("utf-8")
    for name, sign in (("minus", "-"), ("plus", "+")):
        found = re.findall(rf"--{name}: (#[0-9a-f]{{6}})", css, re.I)
        assert len(found) == 2, "one for the light and one for the dark page"
        assert {family(colour) for colour in found} == {sign}, name


@pytest.mark.parametrize("colours", [plots.VARIANT_COLOURS, plots.LAYER_COLOURS])
def test_no_two_variants_or_layers_look_alike_and_none_like_a_sign(colours):
    for one, other in itertools.combinations(map(to_rgb, colours.values()), 2):
        assert np.linalg.norm(np.subtract(one, other)) > 0.25
    assert not [
        name for name, c in colours.items() if family(c) and len({*to_rgb(c)}) > 1
    ]


def test_every_variant_and_layer_has_its_colour():
    assert set(plots.VARIANT_COLOURS) == set(VARIANTS)
    layers = {"input", "c1", "s2", "c3", "s4", "c5", "f6", "output"}
    assert set(plots.LAYER_COLOURS) == layers


def test_a_variant_has_its_colour_under_either_name_and_no_other_has_it():
    x = np.arange(3)
    curves = {"other": x, "modern": x + 1, "variant 1998": x + 2, "third": x + 3}
    drawn = [line.get_color() for line in plots.plot_curves(x, curves).get_lines()]
    assert drawn[1] == plots.VARIANT_COLOURS["modern"]
    assert drawn[2] == plots.VARIANT_COLOURS["1998"]
    assert len(set(drawn)) == 4
    ax = plots.plot_error_by_class({"1998": [0.1, 0.2]})
    assert plt.matplotlib.colors.same_color(
        ax.patches[0].get_facecolor(), plots.VARIANT_COLOURS["1998"]
    )


def test_a_mark_on_a_map_is_no_colour_of_the_map():
    assert family(plots.MARK) is None
    shades = plt.get_cmap(plots.SIGNED)(np.linspace(0, 1, 32))[:, :3]
    assert np.linalg.norm(shades - to_rgb(plots.MARK), axis=1).min() > 0.3


def test_a_grey_picture_that_was_read_is_drawn_in_grey(digits):
    picture = 255 - np.hstack([*digits.test_images[:3]])
    figure = plots.plot_readings([(picture, read_digits(picture))])
    page, *frames = figure.findobj(plt.Axes)
    assert page.images[0].get_cmap().name == "gray"
    assert len(page.patches) == len(frames) == 3


@pytest.mark.parametrize(("number", "is_below"), [(2, False), (5, True)])
def test_what_was_seen_stands_below_a_wide_picture(digits, number, is_below):
    picture = 255 - np.hstack([*digits.test_images[:number]])
    figure = plots.plot_readings([(picture, read_digits(picture))])
    figure.draw_without_rendering()
    page, *frames = (ax.get_window_extent() for ax in figure.findobj(plt.Axes))
    assert all((frame.y1 < page.y0) == is_below for frame in frames)
    assert all((frame.x0 > page.x1) != is_below for frame in frames)
