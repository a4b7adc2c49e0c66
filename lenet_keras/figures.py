"""Draw a figure of the catalogue as a slide, with its words, in a language."""

from typing import NamedTuple

import matplotlib.pyplot as plt

from lenet_keras import plots
from lenet_keras.catalogue import FIGURES, TOP
from lenet_keras.hints import check_name
from lenet_keras.language import font_family, translate, translate_figure, words


class Slide(NamedTuple):
    """One figure and its words, in one language.

    `title` says what to see; `note` is what to say, then comes a question to the room.
    """

    name: str
    figure: plt.Figure
    title: str
    alt: str
    note: str
    question: str
    answer: str


def draw(name, material, language="en"):
    """Draw one figure.

    Args:
        name: str, one of `FIGURES`.
        material: `Material`.
        language: "en" or "zh".

    Returns:
        `Slide`; its figure is 13.333 x 7.5 inches, the title on top.

    Raises:
        ValueError: for an unknown name or language, or a missing font. Unavailable: if
            what it shows is not on this machine.
    """
    check_names([name])
    with style(language):
        figure, facts = FIGURES[name](material)
        translate_figure(figure, language)
        for key, fact in facts.items():
            facts[key] = translate(fact, language) if isinstance(fact, str) else fact
        texts = words(language)[name]
        said = {key: text.format(**facts) for key, text in texts.items()}
        plots.add_title(figure, said["title"], TOP)
    return Slide(name, figure, **said)


def style(language="en"):
    """The style of slides, and the fonts of a language, as a context."""
    return plt.rc_context(plots.SLIDE | {"font.family": font_family(language)})


def check_names(names):
    """Raise a ValueError for the first name that is not in `FIGURES`."""
    for name in names:
        check_name("a figure", name, FIGURES)
