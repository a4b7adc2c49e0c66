"""The words of the lecture: Chinese labels and fonts, and where lines break."""

import matplotlib.pyplot as plt
import pytest
from matplotlib import font_manager

from lecture.words import balanced, font_family, translate, translate_figure, wrapped


def test_a_label_keeps_its_numbers_in_their_order():
    assert translate("5 → 3, 12 times", "zh") == "5 → 3，12 次"
    assert translate("map 4 of C1, 28x28", "zh") == "特征图 4（C1），28x28"
    assert translate("sum of 25 products -1.67, bias +0.21, squashed 1,000", "zh") == (
        "25 个乘积之和 -1.67，偏置 +0.21，激活后 1,000"
    )
    assert translate("ReLU", "zh") == "ReLU"


def test_names_on_axes_and_in_legends_are_translated_too():
    figure, (left, right) = plt.subplots(1, 2)
    left.barh(["paper", "modern"], [1, 2])
    right.plot([0], label="test")
    right.legend()
    translate_figure(figure, "zh")
    assert [t.get_text() for t in left.get_yticklabels()] == ["论文", "modern"]
    assert right.get_legend().get_texts()[0].get_text() == "测试"
    plt.close("all")


def test_a_machine_without_chinese_letters_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["DejaVu Sans"])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    with pytest.raises(ValueError, match="apt-get install fonts-noto-cjk"):
        font_family("zh")
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["SimHei"])
    assert font_family("zh") == ["SimHei", "DejaVu Sans"]


def test_a_long_title_has_two_lines_of_about_equal_length():
    first, second = balanced("one two three four five six " * 2).splitlines()
    assert abs(len(first) - len(second)) < 8
    assert balanced("short") == "short"


def test_a_chinese_title_breaks_after_a_mark():
    title = balanced("从 1998 年到今天，每级只改一处：" + "错误率" * 6)
    assert title.splitlines()[0].endswith("：")


def test_paragraphs_are_wrapped_between_words_and_chinese_characters():
    words, characters = wrapped("word " * 20), wrapped("字" * 40)
    assert max(map(len, words.splitlines())) <= 62
    assert [len(line) for line in characters.splitlines()] == [31, 9]
