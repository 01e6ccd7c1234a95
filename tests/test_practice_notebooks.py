"""The practice notebooks are the library's own exercises, and run."""

import copy

import pytest

from bgdemo.exercises import all_exercises
from bgdemo.exercises.subjects import subjects
from course import NOTEBOOKS, build, code_cells, shown, tags

each = pytest.mark.parametrize("subject", subjects())


@each
def test_a_practice_notebook_has_the_texts_of_its_exercises(subject: str) -> None:
    committed = (NOTEBOOKS / f"practice_{subject}.ipynb").read_text(encoding="utf-8")
    assert committed == build.text(build.practice(subject))
    notebook = build.practice(subject)
    sources = "\n".join(cell.source for cell in notebook.cells)
    for exercise in all_exercises():
        if exercise.subject == subject:
            assert exercise.statement.strip() in sources
            assert exercise.starter.strip() in sources
            assert exercise.answer not in sources


@each
def test_a_practice_notebook_runs_and_every_exercise_waits_for_an_attempt(subject: str) -> None:
    notebook = build.run(copy.deepcopy(build.practice(subject)))
    checks = [cell for cell in code_cells(notebook) if "check" in tags(cell)]
    assert checks
    for cell in checks:
        assert shown(cell).startswith("Not attempted."), cell.source


def test_no_practice_notebook_is_left_behind() -> None:
    assert {path.name for path in NOTEBOOKS.glob("practice_*")} == {f"practice_{name}.ipynb" for name in subjects()}
