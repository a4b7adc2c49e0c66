"""The words of the figures, in English and Chinese: titles, notes and every label.

`words/en.toml` and `words/zh.toml` have the same tables, one a figure, with the same
placeholders for numbers. The labels inside a figure are translated when it is finished,
through the table `labels` of the language, so that no figure is drawn by two functions.
"""

import functools
import re
import tomllib
from pathlib import Path

from lenet_keras.hints import check_name

LANGUAGES = ("en", "zh")
WORDS = Path(__file__).parent / "words"

# Fonts with Chinese characters, of Linux, macOS and Windows.
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "STHeiti",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",  # the name by which matplotlib knows the file of all of them
    "Arial Unicode MS",
)

_NUMBER = re.compile(r"(?:(?<!\w)[-+−])?\d+(?:,\d{3})*(?:\.\d+)?")


@functools.cache
def words(language):
    """Everything that the figures say in a language, from its file.

    Args:
        language: str, one of `LANGUAGES`.

    Returns:
        Dict of a figure's name to its words; "labels" holds those inside the figures.

    Raises:
        ValueError: for an unknown language.
    """
    check_name("lang", language, LANGUAGES, likeness=0.5)
    return tomllib.loads((WORDS / f"{language}.toml").read_text("utf-8"))


def translate(text, language):
    """A label in another language; the label itself where there is no other word.

    A number may stand for any other: "6 maps" is looked up as "# maps".

    Args:
        text: str, in English.
        language: str, one of `LANGUAGES`.
    """
    labels = words(language).get("labels", {})
    if text in labels:
        return labels[text]
    numbers = _NUMBER.findall(text)
    pattern = labels.get(_NUMBER.sub("#", text))
    if pattern is None:
        return text
    for number in numbers:
        pattern = pattern.replace("#", number, 1)
    return pattern


def translate_figure(figure, language):
    """Translate every text of a finished figure, in its place.

    Args:
        figure: matplotlib Figure.
        language: str, one of `LANGUAGES`.
    """
    from matplotlib.text import Text

    if language == "en":
        return
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            _translate_ticks(axis, language)
    for artist in figure.findobj(Text):
        artist.set_text(translate(artist.get_text(), language))


def _translate_ticks(axis, language):
    """Names on an axis come from its formatter, which would write them anew."""
    names = [label.get_text() for label in axis.get_ticklabels()]
    translated = [translate(name, language) for name in names]
    if translated != names:
        axis.set_ticks(axis.get_ticklocs(), translated)


def font_family(language):
    """The fonts to draw a language with, the first that has a character is taken.

    Raises:
        ValueError: if the machine has no font with Chinese characters.
    """
    words(language)  # an unknown language
    if language == "en":
        return ["DejaVu Sans"]
    from matplotlib import font_manager

    known = set(font_manager.get_font_names())
    if not known.intersection(CHINESE_FONTS):  # installed after matplotlib's cache
        for file in font_manager.findSystemFonts():
            if re.search("CJK|Han|wqy|PingFang|Hei|YaHei", file):
                font_manager.fontManager.addfont(file)
        known = set(font_manager.get_font_names())
    found = [name for name in CHINESE_FONTS if name in known]
    if not found:
        raise ValueError(
            "there is no font with Chinese characters on this machine. Install one: "
            "apt-get install fonts-noto-cjk (Debian, Ubuntu), or Noto Sans SC from "
            "fonts.google.com; macOS and Windows bring PingFang and Microsoft YaHei."
        )
    return [found[0], "DejaVu Sans"]
