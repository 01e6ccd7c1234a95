"""A notebook of the copied course in a browser: run from top to bottom, and what it then shows."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Page

from browser.application import Server
from browser.page import NotebookPage


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell of the copy."""

    place: int
    source: str
    pictures: int
    """How many pictures the committed notebook has below it."""
    watches: bool
    """True if it calls `watch`."""


class SeenNotebook:
    """The copy of one notebook, open in a browser.

    Attributes:
        name: the notebook's, without .ipynb.
        page: what it looks like now.
        cells: its code cells.
        shown: all words below each code cell after the run, by the cell's place.
        frames: for the cells that call `watch`: the words of their pictures, one moment after another.
    """

    def __init__(self, page: Page, server: Server, original: Path) -> None:
        before, committed = (nbformat.read(path, 4).cells for path in (server.folder / original.name, original))
        self.name = original.stem
        self.cells = [
            Cell(place, cell.source, _pictures_in(committed[place]), bool(re.search(r"(?m)^watch\(", cell.source)))
            for place, cell in enumerate(before)
            if cell.cell_type == "code"
        ]
        self.shown: dict[int, str] = {}
        self.frames: dict[int, list[list[str]]] = {}
        self.page = NotebookPage(page, server, original.name)
        self.page.open(len(before))

    def start(self) -> None:
        """Begin to run all cells."""
        for cell in self.cells:
            if cell.watches:
                self.page.watch(cell.place)
        self.page.start_all()

    def finish(self) -> None:
        """Wait until all cells have run, and look at what they show."""
        self.page.wait_for_all()
        self.shown = {cell.place: self.page.shown(cell.place) for cell in self.cells}
        self.frames = {cell.place: self.page.frames(cell.place) for cell in self.cells if cell.watches}

    def first(self, pattern: str) -> Cell:
        """The first code cell whose source has this pattern."""
        return next(cell for cell in self.cells if re.search(pattern, cell.source))


def _pictures_in(cell: nbformat.NotebookNode) -> int:
    return sum("image/svg+xml" in output.get("data", {}) for output in cell.get("outputs", []))
