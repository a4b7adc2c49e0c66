"""All figures as a deck of slides: a PDF, and a PPTX with what to say and to ask."""

import datetime
import io
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.transforms import Bbox

from lecture import slides
from lecture.measurements import Unavailable
from lecture.slides import HEIGHT, TOP, UNDATED, WIDTH
from lecture.words import words
from lenet_keras.files import write_whole

try:
    import pptx
    from pptx.util import Inches, Pt
except ImportError:  # python-pptx is optional: the PDF is written without it
    pptx = None

_PICTURE = Bbox([[0, 0], [WIDTH, TOP * HEIGHT]])  # a slide without its title
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
    out, drawn = Path(out), []

    def pages(path):
        drawn.extend(_write_pages(path, figures, material, language))

    with slides.style(language):
        write_whole(out / "lenet5.pdf", pages)
    yield from (each for each in drawn if isinstance(each, Unavailable))
    yield out / "lenet5.pdf"
    if pptx is None:
        yield Unavailable(
            "lenet5.pptx is left out: it needs python-pptx. Install it: "
            "pip install python-pptx."
        )
        return
    pictures = [each for each in drawn if not isinstance(each, Unavailable)]
    write_whole(out / "lenet5.pptx", lambda path: _write_pptx(path, pictures, language))
    yield out / "lenet5.pptx"


def _write_pages(path, figures, material, language):
    """Write the PDF; yield each slide with its picture, or an `Unavailable`."""
    metadata = UNDATED | {"Title": words(language)["deck"]["title"]}
    with PdfPages(path, metadata=metadata) as pdf:
        for slide in slides.draw_each(figures, material, language):
            if isinstance(slide, Unavailable):
                yield slide
                continue
            pdf.savefig(slide.figure)
            yield slide, slides.png(slide.figure, bbox_inches=_PICTURE)
        pdf.savefig(_sources(language))
        plt.close()


def _sources(language):
    """The last page: where everything comes from."""
    said = words(language)["deck"]
    figure = plt.figure()
    slides.add_title(figure, said["sources_title"])
    slides.add_lines(figure, said["sources"])
    return figure


def _write_pptx(path, pictures, language):
    """Write native titles and notes, and the figures as pictures with alt texts."""
    said = words(language)["deck"]
    deck = pptx.Presentation()
    _widen(deck)
    _set_type(deck.slide_master.element)
    for slide, picture in pictures:
        _add_slide(deck, slide, picture, said)
    page = deck.slides.add_slide(deck.slide_layouts[1])  # a title and text
    page.shapes.title.text = said["sources_title"]
    page.placeholders[1].text = "\n".join(said["sources"])
    page.notes_slide.notes_text_frame.text = said["sources_note"]
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
    title.width = Inches(0.94 * WIDTH)
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
