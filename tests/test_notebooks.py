"""The notebooks keep the course's rules, run from top to bottom, and show what they claim."""

import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

from bgdemo.exercises import turn_the_route
from bgdemo.lessons import who_waits

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))
MOST_CODE_CELLS, MOST_WORDS_BETWEEN_RUNS, MOST_LINES = 15, 80, 10

each = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


def load_builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build", NOTEBOOKS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load_builder()


@cache
def committed(source: Path) -> Any:
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


@cache
def executed(source: Path) -> Any:
    return build.run(build.read(source))


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def cell_with(notebook: Any, words: str) -> Any:
    (cell,) = [cell for cell in code_cells(notebook) if words in cell.source]
    return cell


def shown(cell: Any) -> str:
    """What a reader without pictures sees below a cell."""
    texts = []
    for output in cell.outputs:
        assert output.output_type != "error", output.evalue
        texts.append(output.text if output.output_type == "stream" else output.data["text/plain"])
    return "\n".join(texts)


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


@each
def test_a_committed_notebook_has_the_cells_of_its_source(source: Path) -> None:
    fresh = build.read(source)
    kept = [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in committed(source).cells]
    assert kept == [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in fresh.cells]


@each
def test_a_notebook_keeps_the_rules_that_can_be_counted(source: Path) -> None:
    cells = build.read(source).cells
    words = 0
    assert len([cell for cell in cells if cell.cell_type == "code"]) <= MOST_CODE_CELLS
    for cell in cells[1:]:
        if cell.cell_type == "code":
            words = 0
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= MOST_LINES or {"app", "exercise"} & set(tags(cell)), cell.source
        else:
            words += len(re.findall(r"[\w'`]+", cell.source))
            assert words <= MOST_WORDS_BETWEEN_RUNS or cell is cells[-1] or "What you saw" in cell.source, cell.source
        assert "slideshow" in cell.metadata
    assert [cell.source.count("\n# ") + cell.source.startswith("# ") for cell in cells].count(1) >= 1
    assert sum(cell.source.startswith("# ") for cell in cells if cell.cell_type == "markdown") == 1


@each
def test_a_notebook_opens_with_the_article_s_heading_two_chinese_lines_objectives_and_minutes(source: Path) -> None:
    opening = build.read(source).cells[0].source
    assert "The article" in opening
    assert len([line for line in opening.splitlines() if len(re.findall(r"[\u4e00-\u9fff]", line)) > 10]) == 2
    for part in ("you will be able to", "minutes", "What differs from the article"):
        assert part in opening


@each
def test_a_notebook_keeps_times_paths_and_versions_of_the_machine_out(source: Path) -> None:
    text = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert not re.search(r"/tmp/|/home/|/root/|127\.0\.0\.1|0x[0-9a-f]{6,}|\"version\"|iopub", text)


@each
def test_no_output_of_a_notebook_is_printed_strings_alone(source: Path) -> None:
    pictures = [
        o for cell in code_cells(committed(source)) for o in cell.outputs if "image/svg+xml" in o.get("data", {})
    ]
    assert pictures


SOURCE_00 = NOTEBOOKS / "00_does_the_client_wait.py"


def seconds(pattern: str, text: str) -> list[float]:
    """The numbers that the first match of a pattern has."""
    found = re.search(pattern, text)
    assert found is not None, text
    return [float(number) for number in found.groups()]


LATE = 2.0
"""Seconds by which a busy machine may be late; real time never runs ahead."""


def test_00_shows_what_it_claims() -> None:
    notebook = executed(SOURCE_00)
    waited = r"Response at ([\d.]+) s: the client waited ([\d.]+) s; no task was added\."
    assert all(7.0 <= each <= 7.0 + LATE for each in seconds(waited, shown(cell_with(notebook, "(waiting)"))))
    first_look, second_look = [cell for cell in code_cells(notebook) if "file.read_text" in cell.source]
    assert "not there yet" in shown(first_look)
    for name, words in (("write_notification", "watch(client_2"), ("send_mail", "client_3.post")):
        did_not_wait = rf"Response at ([\d.]+) s; {name} ended at ([\d.]+) s"
        response, ended = seconds(did_not_wait, shown(cell_with(notebook, words)))
        assert response <= LATE
        assert 7.0 <= ended <= 7.0 + 2 * LATE
    assert "notification for a@example.com: some notification" in shown(second_look)
    assert shown(cell_with(notebook, "turn_the_route.check")).startswith("Not attempted.")


def test_00_asks_nothing_without_an_answer() -> None:
    notebook = executed(SOURCE_00)
    assert shown(cell_with(notebook, "guess.compare(waiting")).count("you have not guessed yet") == 2
    assert shown(cell_with(notebook, "second_guess.compare")).count("you have not guessed yet") == 2
    assert "Put one of" in shown(cell_with(notebook, "choose("))


def test_00_has_the_same_outputs_when_it_is_built_again() -> None:
    for before, now in zip(code_cells(committed(SOURCE_00)), code_cells(executed(SOURCE_00)), strict=True):
        assert shown(before) == shown(now) or "real-time" in tags(before)
        assert [output.get("data", {}).keys() for output in before.outputs if output.output_type != "stream"] == [
            output.get("data", {}).keys() for output in now.outputs if output.output_type != "stream"
        ]


def test_00_shows_the_lesson_s_own_text() -> None:
    module = Path(who_waits.__file__).read_text(encoding="utf-8")
    assert cell_with(build.read(SOURCE_00), "waiting = FastAPI()").source == module.partition('"""\n\n')[2].strip()


def test_00_gives_the_exercise_s_own_starter_and_statement() -> None:
    notebook = build.read(SOURCE_00)
    assert cell_with(notebook, "def send_receipt").source == turn_the_route.starter.strip()
    assert any(turn_the_route.statement.strip() in cell.source for cell in notebook.cells)
