"""A slide: its style, its title, the room below it, and how it becomes a file.

Pictures hold no date and no name of a machine: the same figure gives the same bytes.
"""

import io
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
from PIL import Image

from lecture.measurements import Unavailable
from lecture.words import (
    balanced,
    font_family,
    translate,
    translate_figure,
    words,
    wrapped,
)
from lenet_keras import plots
from lenet_keras.files import write_whole
from lenet_keras.hints import check_name

WIDTH, HEIGHT = 40 / 3, 7.5  # inches: 1920x1080 pixels
TOP = 0.81  # of the slide: above it is the title, below it the picture
FORMATS = ("svg", "png", "pdf")
DECKS = ("lenet5.pdf", "lenet5.pptx", "zh/lenet5.pdf", "zh/lenet5.pptx")
UNDATED = {"CreationDate": None, "ModDate": None}  # of a PDF

# For the last row of a lecture hall: "small" is 24 points. The salt makes the names
# inside an SVG, and so its bytes, the same each time.
STYLE = plots.STYLE | {
    "figure.figsize": (WIDTH, HEIGHT),
    "figure.dpi": 144,
    "savefig.dpi": 144,
    "font.size": 29,
    "axes.titlesize": "small",
    "axes.labelsize": "small",
    "axes.linewidth": 1.5,
    "xtick.labelsize": "small",
    "ytick.labelsize": "small",
    "legend.fontsize": "small",
    "lines.linewidth": 2.5,
    "lines.markersize": 11,
    "svg.hashsalt": "lenet5",
}
SMALL = 24.2  # points, the least for words
GREY = "#666666"


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


def style(language="en"):
    """The style of slides, and the fonts of a language, as a context."""
    return plt.rc_context(STYLE | {"font.family": font_family(language)})


def panels(rows=1, columns=1, *, left=0.09, right=0.97, bottom=0.14, top=0.78, **space):
    """A slide and its axes, below the title."""
    space |= {"left": left, "right": right, "bottom": bottom, "top": top}
    return plt.subplots(rows, columns, gridspec_kw=space)


def fit(figure, *, left=0.04, right=0.96, bottom=0.03, top=0.74, **space):
    """Make a slide of a figure of many pictures."""
    figure.set_size_inches(WIDTH, HEIGHT)
    figure.subplots_adjust(left=left, right=right, bottom=bottom, top=top, **space)
    return figure


def fit_numbers(ax, share=0.85, alike=True):
    """Make the numbers in the cells of a picture as large as fits, or all alike."""
    ax.apply_aspect()
    box, (left, right) = ax.get_window_extent(), ax.get_xlim()
    cell = box.width / abs(right - left) * 72 / ax.figure.dpi
    longest = max((_ems(text.get_text()) for text in ax.texts), default=1)
    for text in ax.texts:
        width = longest if alike else max(1.28, _ems(text.get_text()))
        text.set_fontsize(min(SMALL, share * cell / width))


def _ems(number):
    """How wide a number is in DejaVu Sans, in sizes of its letters."""
    return sum(0.64 if character.isdigit() else 0.36 for character in number)


def head_squares(axes, headings):
    """Make panels square, with a heading above each."""
    for ax, heading in zip(axes, headings, strict=True):
        ax.set_title(heading, pad=14)
        ax.set_box_aspect(1)


def size_titles(figure, size=SMALL):
    """Set the size of the titles of all panels, in points."""
    for ax in figure.axes:
        ax.title.set_fontsize(size)


def add_title(figure, text):
    """Write a sentence over a slide, on two lines if it is long.

    Args:
        figure: matplotlib Figure.
        text: str.

    Returns:
        The Text; its `gid` is "title".
    """
    look = {"size": 34, "weight": "bold", "va": "center", "gid": "title"}
    return figure.text(0.03, (1 + TOP) / 2, balanced(text), **look)


def add_caption(figure, text):
    """Write a line under the pictures of a slide; returns the Text."""
    return figure.text(0.5, 0.09, text, ha="center", va="center", size="medium")


def add_lines(figure, lines):
    """Write paragraphs on a slide, one under the other; returns the Text."""
    text = "\n\n".join(map(wrapped, lines))
    return figure.text(0.03, TOP, text, size="small", va="top", linespacing=1.15)


def add_heading(figure, title, lines):
    """Write a title in large letters, and lines under it, over a page without figure.

    Args:
        figure: matplotlib Figure.
        title: str.
        lines: list of str.
    """
    look = {"va": "top", "linespacing": 1.2}
    figure.text(0.06, 0.84, title, size=52, weight="bold", **look)
    text = "\n".join(wrapped(line, 56) for line in lines)
    figure.text(0.06, 0.64, text, size="medium", color=GREY, **look)


def add_number(figure, number):
    """Write the number of a slide at its top right; returns the Text."""
    look = {"ha": "right", "va": "top", "size": "small", "color": GREY}
    return figure.text(0.99, 0.985, f"{number}", gid="number", **look)


def draw(name, figures, material, language="en"):
    """Draw one figure as a slide.

    Args:
        name: str, one of the figures.
        figures: dict of a name and its function, as `catalogue.FIGURES`.
        material: `measurements.Material`.
        language: "en" or "zh".

    Returns:
        `Slide`; its figure is 13.333 x 7.5 inches, the title on top.

    Raises:
        ValueError: for an unknown language, or a missing font.
        Unavailable: if what it shows is not on this machine.
    """
    with style(language):
        figure, facts = figures[name](material)
        translate_figure(figure, language)
        for key, fact in facts.items():
            facts[key] = _in(language, fact)
        texts = words(language)[name]
        said = {key: text.format(**facts) for key, text in texts.items()}
        add_title(figure, said["title"])
    return Slide(name, figure, **said)


def _in(language, fact):
    """A fact as it is said in a language: names are translated, several in a row."""
    if isinstance(fact, str):
        return translate(fact, language)
    if isinstance(fact, list) and fact and isinstance(fact[0], str):
        names = (translate(name, language) for name in fact)
        return translate("; ", language).join(names)
    return fact


def draw_each(figures, material, language):
    """Yield each slide in turn, closed after its use, or an `Unavailable` instead."""
    for name in figures:
        try:
            slide = draw(name, figures, material, language)
        except Unavailable as reason:
            yield Unavailable(f"{name} is left out: {reason}")
            continue
        try:
            yield slide
        finally:
            plt.close(slide.figure)


def write_figures(
    figures,
    material,
    out,
    formats=("svg", "png"),
    language="en",
    films=(),
    *,
    readme=None,
):
    """Draw figures into a folder.

    Args:
        figures: dict of a name and its function, as `catalogue.FIGURES`.
        material: `measurements.Material`.
        out: str or Path, the folder.
        formats: some of `FORMATS`.
        language: "en" or "zh".
        films: names of those of which `animation.write_films` makes films.
        readme: function from names to their numbers in a deck, as
            `catalogue.slide_numbers`, to write a README that shows them; or None.

    Yields:
        The path of each file that was written, or an `Unavailable` that says which
        figure could not be drawn here.

    Raises:
        ValueError: for an unknown format or language, before anything is drawn.
    """
    check_formats(formats)
    out, drawn = Path(out), []
    for slide in draw_each(figures, material, language):
        if isinstance(slide, Unavailable):
            yield slide
            continue
        for format in formats:
            path = out / f"{slide.name}.{format}"
            with style(language):
                write_whole(path, lambda p, s=slide, f=format: save(s, p, f))
            yield path
        drawn.append(slide)
    if readme:
        decks = [name for name in DECKS if (out / name).is_file()]
        numbers = readme([slide.name for slide in drawn])
        text = _readme(drawn, formats, language, films, decks, numbers)
        write_whole(out / "README.md", lambda path: path.write_text(text, "utf-8"))
        yield out / "README.md"


def check_formats(formats):
    """Raise a ValueError for the first format that is not one of `FORMATS`."""
    for format in formats:
        check_name("format", format, FORMATS)


def save(slide, path, format):
    """Save one slide; call it within `style`.

    Args:
        slide: `Slide`.
        path: str or Path.
        format: one of `FORMATS`.
    """
    if format == "png":
        Path(path).write_bytes(png(slide.figure))
        return
    metadata = {"svg": {"Date": None}, "pdf": UNDATED}[format]
    slide.figure.savefig(
        path, format=format, metadata=metadata | {"Title": slide.title}
    )


def png(figure, **options):
    """A figure as the bytes of a PNG with a palette, a third of the size."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", **options)
    picture = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(small, format="png", optimize=True)
    return small.getvalue()


def _readme(slides, formats, language, films, decks, numbers):
    """The README of a folder of figures: a contact sheet, then the words of each."""
    said, kind = words(language)["deck"], "png" if "png" in formats else formats[0]
    links = [f"[![{s.title}]({s.name}.{kind})](#{s.name})" for s in slides]
    rows = [" | ".join(links[k : k + 3]) for k in range(0, len(links), 3)]
    sheet = "\n".join(f"| {row} |" for row in [rows[0], "--- | --- | ---", *rows[1:]])
    parts = [f"# {said['title']}", said["about"]]
    if decks:
        parts.append(f"{said['slides']} {', '.join(f'[{d}]({d})' for d in decks)}")
    parts.append(sheet)
    for slide in slides:
        moves = slide.name in films
        kinds = (*formats, "gif", "mp4") if moves else formats
        files = ", ".join(f"[{f}]({slide.name}.{f})" for f in kinds)
        number = said["number"].format(number=numbers[slide.name])
        parts += [
            f"## {slide.name}",
            f"**{slide.title}** ({number}; {files})",
            f"![{slide.alt}]({slide.name}.{'gif' if moves else kind})",
            f"*{slide.alt}*",
            slide.note,
            f"{said['ask']} {slide.question}",
            f"{said['answer']} {slide.answer}",
        ]
    return "\n\n".join(parts) + "\n"
