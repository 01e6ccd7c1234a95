"""What the first code cell of each notebook begins with, for Colab: it installs bgdemo where it is not installed."""

import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from course import NOTEBOOKS, code_cells
from fresh import fresh_python, run, unpacked_archive

CELL = (NOTEBOOKS / "colab.ipy").read_text(encoding="utf-8")
NEXT_CELL = """
import nest_asyncio, uvicorn
from bgdemo import TestClient
from bgdemo.lessons.add_task import app
with TestClient(app, clock="simulated") as client:
    client.post("/send_info", params={"email": "a@example.com"})
print("It runs.")
"""


def run_in_ipython(python: Path, folder: Path, source: str, code: int = 0) -> str:
    """Run cells as a kernel does, magics included."""
    (folder / "cells.ipy").write_text(source, encoding="utf-8")
    return run(python, "-m", "IPython", "--quick", "--colors=NoColor", "cells.ipy", cwd=folder, code=code)


@pytest.fixture(scope="module")
def python(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with a kernel and nothing else of the course."""
    folder = tmp_path_factory.mktemp("colab")
    return fresh_python(folder / "venv", "ipykernel")


@pytest.fixture
def colab(python: Path) -> Path:
    """The same Python, before anybody has run the cell."""
    run(python, "-m", "pip", "uninstall", "--quiet", "--yes", "bgdemo", cwd=python.parent)
    return python


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """Where uploaded files lie beside the notebook."""
    folder = tmp_path / "我的 课程"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_begins_with_it(path: Path) -> None:
    first = code_cells(nbformat.read(path, as_version=4))[0]
    assert first.source.startswith(CELL.strip())


def test_where_bgdemo_is_installed_the_cell_does_nothing(content: Path) -> None:
    (content / "bgdemo-main.zip").touch()

    assert run_in_ipython(Path(sys.executable), content, CELL) == ""


@pytest.mark.long
@pytest.mark.timeout(400)  # installing takes longer than a test may
class TestWhereBgdemoIsNotInstalled:
    def test_the_cell_installs_the_archive_that_was_uploaded(self, colab: Path, content: Path, tmp_path: Path) -> None:
        unpacked_archive(tmp_path)
        shutil.make_archive(str(content / "bgdemo-main (1)"), "zip", tmp_path, "bgdemo-main")

        assert run_in_ipython(colab, content, CELL + NEXT_CELL).endswith("It runs.\n")

    def test_the_cell_installs_a_wheel_as_well(self, colab: Path, content: Path, tmp_path: Path) -> None:
        archive = unpacked_archive(tmp_path)
        run(colab, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", content, archive, cwd=tmp_path)

        assert run_in_ipython(colab, content, CELL + NEXT_CELL).endswith("It runs.\n")

    def test_without_an_archive_the_cell_says_what_to_upload(self, colab: Path, content: Path) -> None:
        said = run_in_ipython(colab, content, CELL, code=1)

        assert "FileNotFoundError: bgdemo is not here: upload its archive, bgdemo*.zip, or see README.md" in said
