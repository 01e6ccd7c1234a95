"""Write pictures of every committed notebook, as JupyterLab shows it on its light and on its dark theme.

`python tests/browser/screenshots.py FOLDER` makes PNG files in FOLDER, to be looked at.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat.sign import NotebookNotary
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.application import JUPYTERLAB, serve
from browser.page import ARGUMENTS, SIZE, NotebookPage
from course import NOTEBOOKS

HEIGHT = 1400
"""Pixels of one PNG file; a notebook has several."""


def main() -> None:
    """Copy the notebooks with their outputs, trust them, and take the pictures."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder, private = Path(temporary, "notebooks"), Path(temporary, "private")
        folder.mkdir()
        (private / "data").mkdir(parents=True)
        notary = NotebookNotary(data_dir=str(private / "data"))
        for original in sorted(NOTEBOOKS.glob("*.ipynb")):
            shutil.copy(original, folder)
            notary.sign(nbformat.read(original, as_version=4))
        take(folder, private, target)


def take(folder: Path, private: Path, target: Path) -> None:
    """Open each notebook of `folder` in JupyterLab, and write its pictures into `target`."""
    with serve(JUPYTERLAB, folder, private) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for path in sorted(folder.glob("*.ipynb")):
            page = browser.new_context(viewport=SIZE).new_page()
            notebook = NotebookPage(page, server, path.name)
            notebook.open(len(nbformat.read(path, as_version=4).cells))
            notebook.save_screenshots(target, height=HEIGHT)
            page.context.close()
            print(f"pictures of {path.stem}", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
