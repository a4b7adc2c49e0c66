"""Film the page while it learns: `python lecture/filmstrip.py` (after `make browser`).

Five screenshots of `figures/lenet5.html` side by side: a 3 drawn mirrored is misread;
told that it is a 3, the network takes steps; its errors fall; it reads the 3 and is in
doubt; F6 has come near the code of 3.
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Error, sync_playwright

FIGURES = Path(__file__).parent.parent / "figures"
SIZE = {"width": 500, "height": 1180}  # a large phone: all of the panel shows
GAP = 24
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

MIRRORED_3 = """() => {
    clear();
    for (const stroke of SAMPLES[3]) {
        const mirrored = stroke.map(([x, y]) => [PAD - x, y]);
        startStroke(mirrored[0]);
        mirrored.slice(1).forEach(extendStroke);
    }
    showTab("learn");
}"""


# Keep what the worker tells, so that one measure after the other can be shown.
HOLD = """() => {
    const { onmessage } = lessons.running;
    globalThis.held = [];
    lessons.running.onmessage = (message) => held.push(message);
    globalThis.showNext = () => onmessage(held.shift());
}"""

MOMENTS = (
    "lessons.measures.length",  # told
    "lessons.measures.at(-1).digits < 1",  # some copies are read
    "lessons.measures.at(-1).isLearned",  # right, though in doubt
    "!lessons.running",  # learned
)


def film(page, out):
    """Draw, teach and photograph; write the five pictures as one.

    Args:
        page: Path of the page.
        out: Path of the PNG to write.
    """
    with sync_playwright() as playwright:
        browser = launched(playwright)
        context = browser.new_context(
            viewport=SIZE, device_scale_factor=1.5, reduced_motion="reduce"
        )
        tab = context.new_page()
        tab.goto(page.as_uri())
        tab.evaluate(MIRRORED_3)
        tab.evaluate("scrollTo(0, $('drawing').offsetTop)")
        frames = [_photograph(tab)]
        tab.evaluate("teach(3)")
        tab.evaluate(HOLD)
        for moment in MOMENTS:
            while not tab.evaluate(moment):
                _wait(tab, "held.length")
                tab.evaluate("showNext()")
            frames.append(_photograph(tab))
        browser.close()
    _side_by_side(frames).save(out, optimize=True)


def launched(playwright):
    """Playwright's own Chromium, or one that is installed."""
    options = {"args": ["--no-sandbox"]}
    try:
        return playwright.chromium.launch(**options)
    except Error:
        installed = next(filter(None, map(shutil.which, NAMES)), None)
        if installed is None:
            raise
        return playwright.chromium.launch(executable_path=installed, **options)


def _wait(tab, condition):
    while not tab.evaluate(condition):
        tab.wait_for_timeout(20)


def _photograph(tab):
    tab.wait_for_timeout(300)  # until the page has drawn itself
    return Image.open(io.BytesIO(tab.screenshot())).convert("RGB")


def _side_by_side(frames):
    width, height = frames[0].size
    strip = Image.new("RGB", (len(frames) * (width + GAP) - GAP, height), "white")
    for number, frame in enumerate(frames):
        strip.paste(frame, (number * (width + GAP), 0))
    return strip


if __name__ == "__main__":
    film(FIGURES / "lenet5.html", FIGURES / "page-learns.png")
