"""Build the notebooks from their sources: `python notebooks/build.py [--check] [NAME ...]`.

A notebook's source is one py:percent file beside it. Building runs it from top to bottom and writes the .ipynb
with its outputs. Building again changes nothing, except in cells tagged "real-time": their seconds come from
the wall, so the clock is made coarse while a notebook is built, and what they print is not compared.
The practice notebooks come from the library of exercises, and have no outputs.
"""

import argparse
import contextlib
import importlib
import io
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bgdemo import TestClient
from bgdemo.display import svg
from bgdemo.exercises import AnyExercise, PredictARun, WriteATest, all_exercises
from bgdemo.exercises.engine.exercise import Level
from bgdemo.exercises.subjects import subjects
from bgdemo.lessons import add_task

HERE = Path(__file__).parent

PYTHON = (3, 11)
"""The Python that the committed outputs are made with: another one words some of its errors differently."""

PRELUDE = """
import time
from bgdemo.clock import RealClock

def coarse(read):
    return lambda *arguments: round(2 * read(*arguments)) / 2

RealClock.time, RealClock.at = coarse(RealClock.time), coarse(RealClock.at)
del coarse, RealClock, time
"""
"""Run in the kernel before the first cell, so that committed pictures show 7.0 s and not 7.0034 s."""


def sources(names: list[str]) -> list[Path]:
    """The sources of the notebooks so named, or of all."""
    found = sorted(path for path in HERE.glob("[0-9][0-9]_*.py"))
    return [path for path in found if not names or any(path.stem.startswith(name) for name in names)]


def read(source: Path) -> NotebookNode:
    """The notebook without outputs; a cell's id is its place, which makes ids stay the same."""
    return _finished(_for_colab(jupytext.read(source, fmt="py:percent")))


def _for_colab(notebook: NotebookNode) -> NotebookNode:
    """The notebook, whose first code cell installs bgdemo where it is missing; JupyterLab shows one line of it."""
    first = next(place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    metadata = {"tags": ["colab"], "slideshow": {"slide_type": "skip"}, "jupyter": {"source_hidden": True}}
    text = (HERE / "colab.ipy").read_text(encoding="utf-8").strip()
    notebook.cells.insert(first, new_code_cell(text, metadata=metadata))
    return notebook


def run(notebook: NotebookNode, *, coarse: bool = True) -> NotebookNode:
    """Run all cells in a fresh kernel, in an empty folder, and keep what they show.

    Args:
        notebook: changed in place.
        coarse: read the real clock in half seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}})
        with client.setup_kernel(env={**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}):
            if coarse:
                client.kc.execute(PRELUDE, silent=True)
            for place, cell in enumerate(notebook.cells):
                client.execute_cell(cell, place)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def text(notebook: NotebookNode) -> str:
    """The notebook as it is written to disk."""
    return str(nbformat.writes(notebook)) + "\n"


def compared(notebook: NotebookNode) -> list[object]:
    """What must not change between two builds: of cells on the real clock, only which kinds of output they have."""
    kept: list[object] = []
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        if "real-time" in cell.metadata.get("tags", []):
            outputs = [sorted(output.data) for output in outputs if output.output_type != "stream"]
        kept.append((cell.id, cell.cell_type, cell.source, cell.metadata, outputs))
    return kept


def practice(subject: str) -> NotebookNode:
    """The exercises on a subject as a notebook: statements, starters and checks are the library's own."""
    title = str(importlib.import_module(f"bgdemo.exercises.library.{subject}").__doc__).strip().rstrip(".")
    first = f"# Practice: {title[0].lower()}{title[1:]}\n\nEach exercise checks itself, and says what it saw."
    cells = [new_markdown_cell(first), new_code_cell("from bgdemo import exercises")]
    for number, exercise in enumerate(_in_order(subject), 1):
        name = f"exercises.{subject}.{exercise.name}"
        submitted = {PredictARun: "prediction", WriteATest: "test"}.get(type(exercise), "app")
        heading = f"## {number}. {exercise.name.replace('_', ' ').capitalize()} ({exercise.level})"
        cells += [
            new_markdown_cell(f"{heading}\n\n{exercise}".strip()),
            new_code_cell(exercise.starter.strip(), metadata={"tags": ["exercise"]}),
            new_code_cell(f"{name}.check({submitted})  # stuck? {name}.hint()", metadata={"tags": ["check"]}),
        ]
    return _finished(_for_colab(new_notebook(cells=cells)))


def _in_order(subject: str) -> list[AnyExercise]:
    levels = list(get_args(Level))
    on_subject = [exercise for exercise in all_exercises() if exercise.subject == subject]
    return sorted(on_subject, key=lambda exercise: levels.index(exercise.level))


def _finished(notebook: NotebookNode) -> NotebookNode:
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{place:02d}"
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def picture() -> str:
    """The picture of README's first screen: the article's app on a simulated clock."""
    with TestClient(add_task.app, clock="simulated") as client, contextlib.redirect_stdout(io.StringIO()):
        client.post("/send_info", params={"email": "a@example.com"})
        return svg(client.drain()) + "\n"


def _keep(files: dict[str, str], *, check: bool) -> list[str]:
    """Write files that need no kernel; or say which of them are out of date."""
    stale = []
    for name, content in files.items():
        target = HERE / name
        if not check:
            target.write_text(content, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != content:
            stale.append(name)
        print(f"{'checked' if check else 'built'} {name}", flush=True)
    return stale


def main() -> int:
    """Build, or say which notebooks are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="numbers such as 00; all notebooks if none is given")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a notebook is out of date")
    arguments = parser.parse_args()
    if sys.version_info[:2] != PYTHON:
        running, wanted = (".".join(map(str, version)) for version in (sys.version_info[:2], PYTHON))
        print(f"Built with Python {wanted}, and this is {running}: remove .venv, `make PYTHON=python{wanted} build`.")
        return 2
    stale = []
    if not arguments.names:
        drawn = {"picture.svg": picture()}
        drawn |= {f"practice_{subject}.ipynb": text(practice(subject)) for subject in subjects()}
        stale += _keep(drawn, check=arguments.check)
    found = sources(arguments.names)
    # Most of the time is real seconds of waiting. A build has the processor to itself: its seconds are shown.
    threads = ThreadPoolExecutor(4 if arguments.check else 1)
    for source, built in zip(found, threads.map(lambda source: run(read(source)), found), strict=True):
        target = source.with_suffix(".ipynb")
        if arguments.check:
            if not target.exists() or compared(nbformat.read(target, as_version=4)) != compared(built):
                stale.append(target.name)
        else:
            target.write_text(text(built), encoding="utf-8")
        print(f"{'checked' if arguments.check else 'built'} {target.name}", flush=True)
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run `make build` and commit what it changes.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
