"""A deck of slides: title, sections, figures, summary; PDF, and PPTX with notes."""

import datetime
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.transforms import Bbox

from lecture import slides
from lecture.animation import drawn, without_title
from lecture.catalogue import FILMS, SECTIONS
from lecture.measurements import Unavailable
from lecture.slides import HEIGHT, TOP, UNDATED, WIDTH, Slide
from lecture.words import words
from lenet_keras import paper, plots
from lenet_keras.files import write_whole

try:
    import pptx
    from pptx.dml.color import RGBColor
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Inches, Pt
except ImportError:  # python-pptx is optional: the PDF is written without it
    pptx = None

_PICTURE = Bbox([[0, 0], [WIDTH, TOP * HEIGHT]])  # a slide without its title
_FOOT = Bbox([[0, 0], [WIDTH, 0.31 * HEIGHT]])  # the codes under a title in large
_DATE = datetime.datetime(1998, 11, 1)  # of the paper, for files that must have one


def write_deck(figures, material, out, language="en"):
    """Write figures as a deck: `lenet5.pdf`, and `lenet5.pptx` with speaker notes.

    Args:
        figures: dict of a name and its function, as `catalogue.FIGURES`.
        material: `measurements.Material`.
        out: str or Path, the folder.
        language: "en" or "zh".

    Yields:
        The path of each file that was written, or an `Unavailable` that says which
        figure could not be drawn here, or that python-pptx is not installed.
    """
    out, made = Path(out), []

    def write(path):
        made.extend(_write_pdf(path, figures, material, language))

    with slides.style(language):
        write_whole(out / "lenet5.pdf", write)
    yield from (each for each in made if isinstance(each, Unavailable))
    yield out / "lenet5.pdf"
    if pptx is None:
        yield Unavailable(
            "lenet5.pptx is left out: it needs python-pptx. Install it: "
            "pip install python-pptx."
        )
        return
    pictures = [
        (page, _moving(page, material, language) or picture)
        for page, picture in (each for each in made if isinstance(each, tuple))
    ]
    write_whole(out / "lenet5.pptx", lambda path: _write_pptx(path, pictures, language))
    yield out / "lenet5.pptx"


def _moving(page, material, language):
    """The bytes of a slide's film without its title, where it has one."""
    name = getattr(page, "name", None)
    if name not in FILMS:
        return None
    return without_title(drawn(name, FILMS[name], material, language))


def _write_pdf(path, figures, material, language):
    """Write the PDF; yield each page with its picture, or an `Unavailable`."""
    metadata = UNDATED | {"Title": words(language)["deck"]["title"]}
    number = 0
    with PdfPages(path, metadata=metadata) as pdf:
        for page in pages(figures, material, language):
            if isinstance(page, Unavailable):
                yield page
                continue
            number += 1
            figure = page.figure if isinstance(page, Slide) else text_page(page)
            slides.add_number(figure, number)
            pdf.savefig(figure)
            box = _PICTURE if isinstance(page, Slide) else _FOOT
            yield page, slides.png(figure, bbox_inches=box)
            plt.close(figure)


class Words(NamedTuple):
    """A page without a figure: how it is laid out, its title, its lines, its notes."""

    layout: int  # of python-pptx's template: 0 a title, 1 lines
    title: str
    lines: list
    note: str


def pages(figures, material, language):
    """All pages in order: `Words`, `slides.Slide`, or why one is left out."""
    said = words(language)["deck"]
    yield Words(
        0, said["title"], [said["subtitle"], said["authors"]], said["title_note"]
    )
    for number, (name, own) in enumerate(SECTIONS.items(), start=1):
        wanted = {each: figures[each] for each in own if each in figures}
        if wanted:
            heading, line = said["sections"][name]
            yield Words(0, f"{number}  {heading}", [line], line)
        yield from slides.draw_each(wanted, material, language)
    facts = {
        "trainable": material.counts.trainable,
        "connections": material.counts.connections,
        "images": len(material.data.test_labels),
        "wrong": len(material.mistakes),
    }
    summary = [line.format(**facts) for line in said["summary"]]
    yield Words(1, said["summary_title"], summary, said["summary_note"])
    yield Words(1, said["sources_title"], said["sources"], said["sources_note"])


def text_page(page):
    """A page of words as a figure."""
    figure = plt.figure()
    if page.layout == 1:
        slides.add_title(figure, page.title)
        slides.add_lines(figure, page.lines)
        return figure
    codes = [paper.output_code(digit) for digit in "0123456789"]
    ax = figure.add_axes((0.06, 0.08, 0.88, 0.22))
    plots.plot_mosaic(np.stack(codes), 10, ax, gap=6)
    ax.set(xticks=[], yticks=[])
    ax.set_anchor("W")
    slides.add_heading(figure, page.title, page.lines)
    return figure


def _write_pptx(path, pages, language):
    """Write native titles and notes, and the figures as pictures with alt texts."""
    said = words(language)["deck"]
    deck = pptx.Presentation()
    _widen(deck)
    _set_type(deck.slide_master.element)
    for number, (page, picture) in enumerate(pages, start=1):
        if isinstance(page, Slide):
            drawn = _add_slide(deck, page, picture, said)
        else:
            drawn = _add_words(deck, page, picture)
        _add_number(deck, drawn, number)
    about = deck.core_properties
    about.title, about.author, about.last_modified_by = said["title"], "lenet_keras", ""
    about.comments = said["sources"][0]
    about.created = about.modified = _DATE
    deck.save(path)
    _undate(path)


def _add_slide(deck, slide, picture, said):
    """One figure below its title, with what to say in the notes."""
    page = deck.slides.add_slide(deck.slide_layouts[5])  # a title and room
    page.shapes.title.text = slide.title
    top = Inches((1 - TOP) * HEIGHT)
    shape = page.shapes.add_picture(io.BytesIO(picture), 0, top, deck.slide_width)
    shape.name = slide.name
    shape.element.nvPicPr.cNvPr.set("descr", slide.alt)
    page.notes_slide.notes_text_frame.text = (
        f"{slide.note}\n\n{said['ask']} {slide.question}\n\n"
        f"{said['answer']} {slide.answer}"
    )
    return page


def _add_words(deck, words, foot):
    """A page of words, in the places that the template has for them."""
    page = deck.slides.add_slide(deck.slide_layouts[words.layout])
    title, text = page.shapes.title, page.placeholders[1]
    title.text, text.text = words.title, "\n".join(words.lines)
    page.notes_slide.notes_text_frame.text = words.note
    if words.layout == 0:
        _enlarge(title, 1.0, 1.3, Pt(52))
        _enlarge(text, 2.4, 2.2, Pt(29))
        top = Inches(0.69 * HEIGHT)
        shape = page.shapes.add_picture(io.BytesIO(foot), 0, top, deck.slide_width)
        shape.name = "codes"
        shape.element.nvPicPr.cNvPr.set("descr", "")  # it decorates
    return page


def _enlarge(shape, top, height, size):
    """Put a text at the left of a page, so many inches from the top, in one size."""
    shape.left, shape.width = Inches(0.06 * WIDTH), Inches(0.88 * WIDTH)
    shape.top, shape.height = Inches(top), Inches(height)
    for paragraph in shape.text_frame.paragraphs:
        paragraph.alignment, paragraph.font.size = PP_ALIGN.LEFT, size


def _add_number(deck, page, number):
    """The number of a slide, at the top right, as the PDF has it."""
    width = Inches(0.9)
    left = deck.slide_width - width - Inches(0.1)
    box = page.shapes.add_textbox(left, Inches(0.05), width, Inches(0.5))
    box.name = "slide number"
    box.text_frame.text = str(number)
    line = box.text_frame.paragraphs[0]
    line.alignment = PP_ALIGN.RIGHT
    line.font.size = Pt(24)
    line.font.color.rgb = RGBColor.from_string(slides.GREY.removeprefix("#"))


def _widen(deck):
    """Fit python-pptx's template, which is 4:3, to 16:9, with room for a title."""
    stretch = Inches(WIDTH) / deck.slide_width
    deck.slide_width, deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
    for page in (deck.slide_master, *deck.slide_layouts):
        for shape in page.placeholders:
            if shape.element.spPr.xfrm is not None:  # it has a place of its own
                shape.left, shape.width = (
                    round(stretch * length) for length in (shape.left, shape.width)
                )
    title = deck.slide_master.placeholders[0]
    title.left, title.top = Inches(0.03 * WIDTH), Inches(0.1)
    title.width = Inches(0.9 * WIDTH)
    title.height = Inches((1 - TOP) * HEIGHT - 0.2)


def _set_type(master):
    """Bold titles on the left, and text that the last row can read.

    python-pptx has no names for the styles of a master, so that its XML is changed.
    """
    look = master.find(".//{*}titleStyle/{*}lvl1pPr")
    look.set("algn", "l")
    look.find("{*}defRPr").set("b", "1")
    look.find("{*}defRPr").set("sz", str(Pt(34).centipoints))
    for level in master.find(".//{*}bodyStyle"):
        for text in level.findall("{*}defRPr"):
            text.set("sz", str(Pt(24).centipoints))


def _undate(path):
    """Give all files in a zip file one date, that of the paper, in place of now."""
    with zipfile.ZipFile(path) as old:
        parts = [(part, old.read(part)) for part in old.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts:
            part = zipfile.ZipInfo(name, _DATE.timetuple()[:6])
            part.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(part, content)
