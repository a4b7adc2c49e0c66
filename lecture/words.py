"""The words of the figures, in English and Chinese: titles, notes and every label.

`words/en.toml` and `words/zh.toml` have the same tables, one a figure, with the same
placeholders for numbers. The labels inside a figure are translated when it is finished,
through the table `labels` of the language, so that no figure is drawn by two functions.
"""

import functools
import re
import textwrap
import tomllib
from pathlib import Path

from matplotlib import font_manager
from matplotlib.text import Text

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
    if language == "en":
        return
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            _translate_ticks(axis, language)
    for artist in figure.findobj(Text):
        artist.set_text(translate(artist.get_text(), language))


def _translate_ticks(axis, language):
    """Names on an axis come from its formatter, which would write them again."""
    names = [label.get_text() for label in axis.get_ticklabels()]
    translated = [translate(name, language) for name in names]
    if translated != names:
        axis.set_ticks(axis.get_ticklocs(), translated)


def font_family(language):
    """The fonts to draw a language with, the first that has a character is taken.

    Args:
        language: str, one of `LANGUAGES`.

    Raises:
        ValueError: if the machine has no font with Chinese characters.
    """
    words(language)  # an unknown language
    if language == "en":
        return ["DejaVu Sans"]
    known = _known_fonts()
    found = [name for name in CHINESE_FONTS if name in known]
    if not found:
        raise ValueError(
            "there is no font with Chinese characters on this machine. Install one: "
            "apt-get install fonts-noto-cjk (Debian, Ubuntu), or Noto Sans SC from "
            "fonts.google.com; macOS and Windows bring PingFang and Microsoft YaHei."
        )
    return [found[0], "DejaVu Sans"]


def _known_fonts():
    """Names of fonts, those too that were installed after matplotlib made its list."""
    known = set(font_manager.get_font_names())
    if known.intersection(CHINESE_FONTS):
        return known
    for file in font_manager.findSystemFonts():
        if re.search("CJK|Han|wqy|PingFang|Hei|YaHei", file):
            font_manager.fontManager.addfont(file)
    return set(font_manager.get_font_names())


def balanced(text, columns=44):
    """Break a sentence into the fewest lines that fit, of about equal length.

    Args:
        text: str, in either language.
        columns: int, characters a line; a Chinese character takes two.
    """
    if _width(text) > len(text):
        return _balanced_chinese(text, columns + 6)
    lines = -(-len(text) // columns)
    for width in range(len(text) // lines, columns + 1):
        broken = textwrap.wrap(text, width, break_long_words=False)
        if len(broken) <= lines:
            break
    return "\n".join(broken)


def wrapped(text, columns=62):
    """Break a paragraph into lines, between words or Chinese characters.

    Args:
        text: str, in either language.
        columns: int, characters a line; a Chinese character takes two.
    """
    lines = [""]
    for part in re.findall(r"[^\s\u2e80-\uffff]+\s*|[\u2e80-\uffff]|\s", text):
        if _width(lines[-1]) + _width(part.rstrip()) > columns:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def _balanced_chinese(text, columns):
    """Break near the middle: after a mark if there is one, else where a space is."""
    if _width(text) <= columns:
        return text
    for places in ("(?<=[：；，])", r"(?<=\S)\s", r"(?<=[^\x00-\xff])(?=[^\x00-\xff])"):
        at = [match.end() for match in re.finditer(places, text)]
        fits = [k for k in at if max(_width(text[:k]), _width(text[k:])) <= columns]
        if fits:
            k = min(fits, key=lambda k: abs(_width(text[:k]) - _width(text[k:])))
            return f"{text[:k].rstrip()}\n{text[k:]}"
    return text


def _width(text):
    """In columns: a Chinese character takes two."""
    return sum(1 + (ord(character) > 0x2E80) for character in text)
