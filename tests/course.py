"""The course's notebooks for their tests: as committed, and as they are when a learner has run them."""

import importlib.util
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from jupyter_core.utils import ensure_event_loop

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))


def _load_builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build", NOTEBOOKS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = _load_builder()


def source_of(name: str) -> Path:
    """The source of the notebook whose file name begins so, such as "00"."""
    found = [source for source in SOURCES if source.name.startswith(name)]
    assert len(found) == 1, f"{len(found)} notebooks begin with {name!r}"
    return found[0]


@cache
def committed(name: str) -> Any:
    """The notebook as readers see it on a code host."""
    return nbformat.read(source_of(name).with_suffix(".ipynb"), as_version=4)


@cache
def executed(name: str, *changes: tuple[str, str]) -> Any:
    """The notebook when all its cells were run, in a fresh kernel.

    Args:
        name: how its file name begins, such as "00".
        changes: what the learner typed first: old text, which is in one code cell only, and new text.
    """
    notebook = build.read(source_of(name))
    for old, new in changes:
        cell = cell_with(notebook, old)
        assert cell.source.count(old) == 1, f"{old!r} is in its cell {cell.source.count(old)} times"
        cell.source = cell.source.replace(old, new)
    return build.run(notebook)


def side_by_side(*runs: Callable[[], Any]) -> None:
    """Have notebooks run at the same time, since most of what they take is real seconds of waiting.

    Args:
        runs: each calls `executed`, which keeps the result for the tests; what a run raises is raised in these again.
    """

    def run_on_its_own_loop(run: Callable[[], Any]) -> None:
        try:
            run()
        finally:
            ensure_event_loop().close()  # which nbclient has made for this thread

    with ThreadPoolExecutor(len(runs), "kernel") as threads:
        wait([threads.submit(run_on_its_own_loop, run) for run in runs])


def filled(line: str, *answers: object) -> tuple[str, str]:
    """What `executed` takes: a line of a notebook, and the same with an answer in the place of each `...`."""
    assert line.count("...") == len(answers)
    done = line
    for answer in answers:
        done = done.replace("...", repr(answer), 1)
    return line, done


def code_cells(notebook: Any) -> list[Any]:
    """Its code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def cell_with(notebook: Any, words: str) -> Any:
    """The one code cell whose source has these words."""
    found = [cell for cell in code_cells(notebook) if words in cell.source]
    assert len(found) == 1, f"{words!r} is in {len(found)} code cells"
    return found[0]


def shown(cell: Any) -> str:
    """What a reader without pictures sees below a cell."""
    texts = []
    for output in cell.outputs:
        assert output.output_type != "error", output.evalue
        texts.append(output.text if output.output_type == "stream" else output.data["text/plain"])
    return "\n".join(texts)


def tags(cell: Any) -> list[str]:
    """A cell's tags."""
    return list(cell.metadata.get("tags", []))


def assert_rebuilt_alike(name: str, *changes: tuple[str, str]) -> None:
    """Running it again, changed or not, shows the same, cell by cell; on the real clock the same kinds of outputs."""
    for before, now in zip(code_cells(committed(name)), code_cells(executed(name, *changes)), strict=True):
        assert shown(before) == shown(now) or "real-time" in tags(before), before.source
        assert _kinds(before) == _kinds(now), before.source


def _kinds(cell: Any) -> list[list[str]]:
    return [sorted(output.data) for output in cell.outputs if output.output_type != "stream"]


def own_text(module: ModuleType, *, without: str = "") -> str:
    """A lesson module's text below its docstring, as a notebook shows it.

    Args:
        module: of bgdemo.lessons.
        without: text that the notebook leaves out, each line of it.
    """
    assert module.__file__ is not None
    text = Path(module.__file__).read_text(encoding="utf-8").partition('"""\n\n')[2].strip()
    return text.replace(without, "").strip()


def words_in(text: str) -> int:
    """How many words a text has."""
    return len(re.findall(r"[\w'`]+", text))
