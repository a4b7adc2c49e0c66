"""The drawings of the course: what they show, and where."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lenet_keras import plots


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def stages():
    rng = np.random.default_rng(0)
    shapes = {"input": (32, 32, 1), "c1": (28, 28, 6), "s2": (14, 14, 6)}
    shapes |= {"c3": (10, 10, 16), "s4": (5, 5, 16), "c5": (1, 1, 120), "f6": (84,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def texts(figure):
    return [text.get_text() for text in figure.texts]


def pictures(figure):
    return [ax.images[0] for ax in figure.axes if ax.images]


def test_the_network_has_a_picture_for_each_map_and_one_for_the_units(stages):
    drawn = pictures(plots.plot_network(stages, np.full(10, 0.1)))
    assert len(drawn) == 1 + 6 + 6 + 16 + 16 + 1 + 1
    assert drawn[-2].get_array().shape == (12, 10)  # C5
    assert np.array_equal(drawn[-1].get_array(), stages["f6"].reshape(12, 7))
    assert np.array_equal(drawn[1].get_array(), stages["c1"][..., 0])


def test_the_network_is_white_at_zero_and_as_strong_on_either_side(stages):
    ink, *signed = pictures(plots.plot_network(stages, np.full(10, 0.1)))
    assert ink.get_cmap().name == "binary"
    for picture in signed:
        assert picture.norm.vmin == -picture.norm.vmax
    c1 = signed[:6]
    assert {picture.norm.vmax for picture in c1} == {np.abs(stages["c1"]).max()}


def test_the_network_names_its_layers_their_sizes_and_the_answer(stages):
    answers = np.eye(10)[7]
    figure = plots.plot_network(stages, answers)
    for name in ("input", "C1", "S2", "C3", "S4", "C5", "F6", "output"):
        assert name in texts(figure)
    for size in ("32x32\npixels", "6 maps\nof 28x28", "120\nunits", "84\nunits"):
        assert size in texts(figure)
    assert "it reads\n7" in texts(figure)
    (bars,) = [ax for ax in figure.axes if ax.containers]
    assert [bar.get_width() for bar in bars.patches] == list(answers)


def test_a_window_is_framed_on_the_first_map_of_its_layer(stages):
    figure = plots.plot_network(stages, np.full(10, 0.1), {"c1": (3, 4, 5)})
    framed = [(ax, ax.patches[0]) for ax in figure.axes if ax.images and ax.patches]
    ((ax, frame),) = framed
    assert ax.images[0] is pictures(figure)[1]
    assert frame.get_bbox().bounds == (3.5, 2.5, 5, 5)  # left, top, width, height


def test_a_chain_has_its_values_above_and_its_slopes_below():
    wires = {"w": "times w", "f": "f"}
    slopes = {"a": -0.5, "w": -1.0, "loss": 1}
    ax = plots.plot_chain({"x": 2, "a": 1, "loss": 0.25}, wires, slopes)
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places["x"][1] > places["2"][1] == 0
    assert places["a"][0] == places["1"][0] == places["-0.50"][0] == 1
    assert places["-0.50"][1] < 0
    assert 0 < places["w: -1.00"][0] < 1
    assert places["times w"][1] > 0 > places["w: -1.00"][1]


def test_a_chain_without_slopes_shows_none():
    ax = plots.plot_chain({"x": 2, "y": 4}, {"square": "squared"})
    written = {text.get_text() for text in ax.texts}
    assert written == {"x", "y", "2", "4", "squared", ""}  # the arrow has no text
