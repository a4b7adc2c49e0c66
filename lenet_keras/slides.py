"""Write the figures as files with a contact sheet, or as a deck of slides.

Pictures hold no date and no name of a machine: the same figure gives the same bytes.
"""

import datetime
import importlib.util
import io
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.transforms import Bbox
from PIL import Image

from lenet_keras import figures, plots
from lenet_keras.catalogue import FIGURES, TOP
from lenet_keras.files import write_whole
from lenet_keras.hints import check_name
from lenet_keras.language import words
from lenet_keras.material import Unavailable

FORMATS = ("svg", "png", "pdf")

_WIDTH, _HEIGHT = plots.SLIDE["figure.figsize"]
_PICTURE = Bbox([[0, 0], [_WIDTH, TOP * _HEIGHT]])  # a slide without its title
_UNDATED = {"CreationDate": None, "ModDate": None}
_DATE = datetime.datetime(1998, 11, 1)  # of the paper, for files that must have one


def write_figures(material, out, names=(), formats=("svg", "png"), language="en"):
    """Draw figures into a folder; all of them come with a README that shows them.

    Args:
        material: `material.Material`.
        out: str or Path, the folder.
        names: of `catalogue.FIGURES`; none for all.
        formats: some of `FORMATS`.
        language: "en" or "zh".

    Yields:
        The path of each file that was written, or an `Unavailable` that says which
        figure could not be drawn here.

    Raises:
        ValueError: for an unknown name, format or language, before anything is drawn.
    """
    check_formats(formats)
    figures.check_names(names)
    out, drawn = Path(out), []
    for slide in _drawn(material, names, language):
        if isinstance(slide, Unavailable):
            yield slide
            continue
        for format in formats:
            path = out / f"{slide.name}.{format}"
            with figures.style(language):
                write_whole(path, lambda p, s=slide, f=format: save(s, p, f))
            yield path
        drawn.append(slide)
    if not names:
        text = _index(drawn, formats, language)
        write_whole(out / "README.md", lambda path: path.write_text(text, "utf-8"))
        yield out / "README.md"


def write_deck(material, out, language="en"):
    """Write all figures as a deck: `lenet5.pdf`, and `lenet5.pptx` with speaker notes.

    Args:
        material: `material.Material`.
        out: str or Path, the folder.
        language: "en" or "zh".

    Yields:
        As `write_figures`; an `Unavailable` too where python-pptx is not installed.
    """
    out, skipped, pictures = Path(out), [], []

    def pages(path):
        with PdfPages(
            path, metadata=_UNDATED | {"Title": _said(language)["title"]}
        ) as pdf:
            for slide in _drawn(material, (), language):
                if isinstance(slide, Unavailable):
                    skipped.append(slide)
                    continue
                pdf.savefig(slide.figure)
                pictures.append((slide, _png(slide.figure, bbox_inches=_PICTURE)))
            pdf.savefig(_sources(language))
            plt.close()

    with figures.style(language):
        write_whole(out / "lenet5.pdf", pages)
    yield from skipped
    yield out / "lenet5.pdf"
    if importlib.util.find_spec("pptx") is None:
        yield Unavailable(
            "lenet5.pptx is left out: it needs python-pptx. Install it: "
            "pip install python-pptx."
        )
        return
    write_whole(
        out / "lenet5.pptx", lambda path: _presentation(path, pictures, language)
    )
    yield out / "lenet5.pptx"


def check_formats(formats):
    """Raise a ValueError for the first format that is not one of `FORMATS`."""
    for format in formats:
        check_name("format", format, FORMATS)


def save(slide, path, format):
    """Save one slide; call it within `figures.style`.

    Args:
        slide: `figures.Slide`.
        path: str or Path.
        format: one of `FORMATS`.
    """
    if format == "png":
        Path(path).write_bytes(_png(slide.figure))
        return
    metadata = {"svg": {"Date": None}, "pdf": _UNDATED}[format]
    slide.figure.savefig(
        path, format=format, metadata=metadata | {"Title": slide.title}
    )


def _drawn(material, names, language):
    """Each slide in turn, closed after its use, or why it is not there."""
    for name in names or FIGURES:
        try:
            slide = figures.draw(name, material, language)
        except Unavailable as reason:
            yield Unavailable(f"{name} is left out: {reason}")
            continue
        try:
            yield slide
        finally:
            plt.close(slide.figure)


def _png(figure, **options):
    """A figure as the bytes of a PNG with a palette, a third of the size."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", **options)
    picture = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(small, format="png", optimize=True)
    return small.getvalue()


def _index(slides, formats, language):
    """The README of a folder of figures: a contact sheet, then the words of each."""
    said, kind = _said(language), "png" if "png" in formats else formats[0]
    links = [f"[![{s.title}]({s.name}.{kind})](#{s.name})" for s in slides]
    rows = [" | ".join(links[k : k + 3]) for k in range(0, len(links), 3)]
    sheet = "\n".join(f"| {row} |" for row in [rows[0], "--- | --- | ---", *rows[1:]])
    parts = [f"# {said['title']}", said["about"], sheet]
    for slide in slides:
        files = ", ".join(f"[{f}]({slide.name}.{f})" for f in formats)
        parts += [
            f"## {slide.name}",
            f"**{slide.title}** ({files})",
            f"![{slide.alt}]({slide.name}.{kind})",
            f"*{slide.alt}*",
            slide.note,
            f"{said['ask']} {slide.question}",
            f"{said['answer']} {slide.answer}",
        ]
    return "\n\n".join(parts) + "\n"


def _said(language):
    return words(language)["deck"]


def _sources(language):
    """The last page: where everything comes from."""
    said = _said(language)
    figure = plt.figure()
    plots.add_title(figure, said["sources_title"], TOP)
    plots.add_lines(figure, said["sources"], TOP)
    return figure


def _presentation(path, pictures, language):
    """A deck with native titles and notes, the figures as pictures with alt texts."""
    from pptx import Presentation
    from pptx.util import Inches

    said = _said(language)
    deck = Presentation()
    _widen(deck)
    for slide, picture in pictures:
        page = deck.slides.add_slide(deck.slide_layouts[5])  # a title and room
        page.shapes.title.text = slide.title
        top = Inches((1 - TOP) * _HEIGHT)
        shape = page.shapes.add_picture(io.BytesIO(picture), 0, top, deck.slide_width)
        shape.name = slide.name
        shape._element.nvPicPr.cNvPr.set("descr", slide.alt)
        page.notes_slide.notes_text_frame.text = (
            f"{slide.note}\n\n{said['ask']} {slide.question}\n\n"
            f"{said['answer']} {slide.answer}"
        )
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


def _widen(deck):
    """Fit python-pptx's template, which is 4:3, to 16:9, with titles on the left."""
    from pptx.util import Inches, Pt

    stretch = Inches(_WIDTH) / deck.slide_width
    deck.slide_width, deck.slide_height = Inches(_WIDTH), Inches(_HEIGHT)
    master = deck.slide_master
    for page in (master, *deck.slide_layouts):
        for shape in page.placeholders:
            if shape._element.spPr.xfrm is not None:  # it has a place of its own
                shape.left, shape.width = (
                    round(stretch * length) for length in (shape.left, shape.width)
                )
    title = master.placeholders[0]
    title.left, title.top = Inches(0.03 * _WIDTH), Inches(0.1)
    title.width = Inches(0.94 * _WIDTH)
    title.height = Inches((1 - TOP) * _HEIGHT - 0.2)
    look = master._element.find(".//{*}titleStyle/{*}lvl1pPr")
    look.set("algn", "l")
    look.find("{*}defRPr").set("b", "1")
    look.find("{*}defRPr").set("sz", str(Pt(34).centipoints))
    for level in master._element.find(".//{*}bodyStyle"):
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
