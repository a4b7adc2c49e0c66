"""The files of the lecture: pictures, their page, and the deck."""

import io
import re
import zipfile

import matplotlib.pyplot as plt
import pytest
from PIL import Image

from lecture import deck, slides
from lecture.catalogue import FIGURES, slide_numbers
from lecture.measurements import Material
from lecture.words import font_family, words
from lenet_keras import plots


@pytest.fixture(scope="module")
def material(digits):
    return Material(digits)


def some(*names):
    return {name: FIGURES[name] for name in names}


@pytest.mark.parametrize("format", slides.FORMATS)
def test_a_figure_has_the_same_bytes_each_time(format, digits, tmp_path):
    written = []
    for folder in ("one", "two"):
        fresh, out = Material(digits), tmp_path / folder
        paths = slides.write_figures(some("kernels"), fresh, out, [format])
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]


def test_a_figure_is_1920_by_1080_or_real_text(material, tmp_path):
    svg, png = slides.write_figures(some("table-1"), material, tmp_path)
    with Image.open(png) as picture:
        assert picture.size == (1920, 1080)
        assert not picture.info.get("Software")
    text = svg.read_text("utf-8")
    assert ">map of C3</text>" in text
    assert "<title>C3 reads 60 of 96 pairs of maps" in text
    assert "dc:date" not in text


def test_the_sizes_of_text_follow_the_style():
    with slides.style():
        ax = plots.plot_error_by_class({"one": [0.1, 0.2]})
        assert ax.texts[0].get_fontsize() >= 24
    plt.close("all")


def test_a_title_stands_above_the_pictures_and_a_caption_below():
    figure = plt.figure()
    title = slides.add_title(figure, "one two three four five six " * 2)
    assert title.get_text().count("\n") == 1
    assert title.get_position()[1] > slides.TOP
    assert slides.add_caption(figure, "words").get_position()[1] < 0.15
    assert slides.add_lines(figure, ["one", "two"]).get_text() == "one\n\ntwo"
    plt.close("all")


def test_an_interrupted_figure_leaves_nothing_behind(material, monkeypatch, tmp_path):
    def fail(slide, path, format):
        path.write_text("ha")
        raise OSError("disk full")

    monkeypatch.setattr(slides, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        list(slides.write_figures(some("codes"), material, tmp_path))
    assert not list(tmp_path.iterdir())
    plt.close("all")


def test_all_figures_come_with_a_page_that_shows_them(material, tmp_path):
    few = some("codes", "table-1")
    *_, page = slides.write_figures(
        few, material, tmp_path, ["png"], readme=slide_numbers
    )
    text = page.read_text("utf-8")
    assert [int(n) for n in re.findall(r"\(slide (\d+); ", text)] == [4, 3]
    for name in few:
        assert f"({name}.png)](#{name})" in text
        assert f"\n## {name}\n" in text
        assert f"![{words('en')[name]['alt']}]({name}.png)" in text


FEW = some("kernels", "layers")


def test_the_deck_has_title_sections_figures_summary_and_sources(material, tmp_path):
    pptx = pytest.importorskip("pptx")
    pdf, written = deck.write_deck(FEW, material, tmp_path)
    pages = pptx.Presentation(written).slides
    titles = [page.shapes.title.text for page in pages]
    layers, kernels = slides.draw_each(some("layers", "kernels"), material, "en")
    said = words("en")["deck"]
    assert titles == [
        said["title"],
        f"2  {said['sections']['layers'][0]}",
        layers.title,
        f"3  {said['sections']['inside'][0]}",
        kernels.title,
        said["summary_title"],
        said["sources_title"],
    ]
    assert len(re.findall(rb"/Type /Page\b", pdf.read_bytes())) == len(titles)
    for number, page in enumerate(pages, start=1):
        (box,) = (shape for shape in page.shapes if shape.name == "slide number")
        assert box.text_frame.text == str(number)
        assert page.notes_slide.notes_text_frame.text
    assert "60,000 trained parameters" in pages[5].placeholders[1].text
    assert "Proceedings of the IEEE" in pages[6].placeholders[1].text


def test_a_figure_of_the_deck_has_its_notes_and_its_alt_text(material, tmp_path):
    pptx = pytest.importorskip("pptx")
    _, written = deck.write_deck(some("kernels"), material, tmp_path)
    page = pptx.Presentation(written).slides[2]
    (slide,) = slides.draw_each(some("kernels"), material, "en")
    notes = page.notes_slide.notes_text_frame.text
    assert slide.note in notes
    assert f"Ask: {slide.question}" in notes
    assert f"Answer: {slide.answer}" in notes
    (picture,) = (s for s in page.shapes if s.shape_type == 13)
    assert picture.element.nvPicPr.cNvPr.get("descr") == slide.alt
    assert picture.top >= page.shapes.title.top + page.shapes.title.height
    with Image.open(io.BytesIO(picture.image.blob)) as drawn:
        assert drawn.size == pytest.approx((1920, slides.TOP * 1080), abs=1)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_of_words_is_cut_or_small(material, language):
    try:
        font_family(language)
    except ValueError:
        pytest.skip("there is no Chinese font here")
    pages = list(deck.pages({}, material, language))
    sections = words(language)["deck"]["sections"].values()
    pages += [deck.Words(0, f"6  {name}", [line], "") for name, line in sections]
    for page in pages:
        with slides.style(language):
            figure = deck.text_page(page)
            number = slides.add_number(figure, 41)
            figure.canvas.draw()
            boxes = {text: text.get_window_extent() for text in figure.texts}
        for text, box in boxes.items():
            assert box.x0 >= 0 and box.x1 <= figure.bbox.width, text.get_text()
            assert box.y0 >= 0 and box.y1 <= figure.bbox.height, text.get_text()
            assert text is number or not box.overlaps(boxes[number]), text.get_text()
            assert text.get_fontsize() >= 24
        plt.close(figure)


def test_the_deck_has_the_same_bytes_each_time(material, tmp_path):
    pytest.importorskip("pptx")
    written = []
    for folder in ("one", "two"):
        paths = deck.write_deck(FEW, material, tmp_path / folder)
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]
    with zipfile.ZipFile(tmp_path / "one" / "lenet5.pptx") as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1998}


def test_without_python_pptx_the_pdf_is_written_all_the_same(
    material, monkeypatch, tmp_path
):
    monkeypatch.setattr(deck, "pptx", None)
    pdf, missing = deck.write_deck(FEW, material, tmp_path)
    assert pdf.is_file()
    assert "pip install python-pptx" in str(missing)
