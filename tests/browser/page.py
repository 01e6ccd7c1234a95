"""A notebook as it is open in a browser: run it, type into it, and see what it shows."""

import re
import urllib.parse
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, ViewportSize, expect

from browser.application import Server

ARGUMENTS = ["--no-sandbox"]
"""Of Chromium, which root may not start with its sandbox."""
SIZE: ViewportSize = {"width": 1280, "height": 12_000}
"""So high that an application, which draws only what can be seen, draws every cell."""
SECONDS = 1000
"""Playwright counts in milliseconds."""
OPENING, RUNNING, REACTING = 120 * SECONDS, 150 * SECONDS, 60 * SECONDS
"""How long a busy machine may take to open a notebook, to run it, and to do one thing that was clicked."""

HAS_RUN = re.compile(r"\[\d+\]")
WATCH = """cell => {
    const frames = (window.bgdemoFrames ??= {})[cell.dataset.windowedListIndex] = [];
    const look = () => {
        const pictures = [...cell.querySelectorAll('.jp-RenderedSVG img')].map(each => each.src);
        if (pictures.length && pictures.every(each => each)) frames.push(pictures);
    };
    new MutationObserver(look).observe(cell, {childList: true, subtree: true, attributes: true});
}"""
MEASURE = """async image => {
    await image.decode();
    const box = image.getBoundingClientRect();
    const panel = image.closest('.jp-OutputArea-output').getBoundingClientRect();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const ground = context.getImageData(8, 8, 1, 1).data;
    return [image.src, box.width, box.height, box.right <= panel.right + 1, [...ground]];
}"""


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG image as it stands on the page."""

    words: str
    """What is written in it."""
    width: float
    """Pixels on the page; 0 if it was not drawn."""
    height: float
    whole: bool
    """False if its right side is cropped."""
    ground: tuple[int, int, int, int]
    """Red, green, blue and opacity of a point in its upper left corner, where nothing is drawn."""


def words_of(address: str) -> str:
    """What is written in a picture, with a space for each line break."""
    svg = urllib.parse.unquote(address.partition(",")[2])
    return " ".join(unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg))


class NotebookPage:
    """One notebook in one application.

    Attributes:
        errors: what the browser's console had of errors so far, with where they come from.
    """

    def __init__(self, page: Page, server: Server, notebook: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self._server = server
        self._notebook = notebook
        page.set_default_timeout(REACTING)
        expect.set_options(timeout=REACTING)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))

    def open(self, cells: int) -> None:
        """Load the notebook, until it shows so many cells and its kernel is there."""
        self.page.goto(self._server.address_of(self._notebook))
        expect(self.page.locator(".jp-Notebook .jp-Cell")).to_have_count(cells, timeout=OPENING)
        idle = self.page.locator(".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle]")
        expect(idle).to_be_visible(timeout=OPENING)

    def start_all(self) -> None:
        """Begin to run all cells, by the menu."""
        self.menu("Run", "Run All Cells")

    def wait_for_all(self) -> None:
        """Wait until every cell has run; a folded one has no number."""
        prompts = self.page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt:not(.jp-Placeholder-prompt)")
        expect(prompts.filter(has_text=HAS_RUN)).to_have_count(prompts.count(), timeout=RUNNING)

    def run(self, place: int) -> None:
        """Run one cell by Shift+Enter, and wait for it."""
        prompt = self.cell(place).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        self.cell(place).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        expect(prompt).not_to_have_text(before)
        expect(prompt).to_have_text(HAS_RUN, timeout=RUNNING)

    def type(self, place: int, source: str) -> None:
        """Type a cell's source anew."""
        self.cell(place).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def menu(self, bar: str, *names: str) -> None:
        """Choose from a menu of the menu bar, and from those that open below it."""
        self.page.locator(".lm-MenuBar-item").get_by_text(bar, exact=True).click()
        for name in names:
            self.page.locator(".lm-Menu-item").get_by_text(name, exact=True).click()

    def cell(self, place: int) -> Locator:
        """A cell, counted from 0 with those of text."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(place)

    def watch(self, place: int) -> None:
        """From now on, note each picture that a cell shows."""
        self.cell(place).evaluate(WATCH)

    def frames(self, place: int) -> list[list[str]]:
        """What a watched cell showed, one moment after another: the words of each picture that it had then."""
        index = self.cell(place).get_attribute("data-windowed-list-index")
        seen = self.page.evaluate("index => window.bgdemoFrames[index]", index)
        return [[words_of(picture) for picture in pictures] for pictures in seen]

    def pictures(self, place: int) -> list[Picture]:
        """The pictures below a cell."""
        images = self.cell(place).locator(".jp-RenderedSVG img").all()
        measured = [image.evaluate(MEASURE) for image in images]
        return [Picture(words_of(source), *sizes, ground=tuple(ground)) for source, *sizes, ground in measured]

    def shown(self, place: int) -> str:
        """All words below a cell, those in pictures too."""
        texts = self.cell(place).locator(".jp-OutputArea-output").all_inner_texts()
        return "\n".join([*texts, *(picture.words for picture in self.pictures(place))])

    def use_theme(self, *, dark: bool) -> None:
        """Change the application's theme by its menu."""
        self.menu("Settings", "Theme", "JupyterLab Dark" if dark else "JupyterLab Light")
        expect(self.page.locator(f"body[data-jp-theme-light={str(not dark).lower()}]")).to_have_count(1)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        expect(self.page.locator(".jp-Notebook")).to_be_visible()

    def save_screenshots(self, folder: Path, *, height: int) -> None:
        """Write the notebook as PNG files, each so many pixels high, on the light and on the dark theme."""
        for dark in (False, True):
            self.use_theme(dark=dark)
            stem = (
                f"{self._server.application.name}-{self._notebook.removesuffix('.ipynb')}-{'dark' if dark else 'light'}"
            )
            box = self.page.locator(".jp-Notebook").bounding_box()
            last = self.page.locator(".jp-Notebook .jp-Cell").last.bounding_box()
            assert box is not None
            assert last is not None
            bottom = last["y"] + last["height"]
            for number, top in enumerate(range(int(box["y"]), int(bottom), height), start=1):
                clip = {"x": box["x"], "y": top, "width": box["width"], "height": min(height, bottom - top)}
                self.page.screenshot(path=folder / f"{stem}-{number}.png", clip=clip, animations="disabled")

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text}\n    at {message.location}")
