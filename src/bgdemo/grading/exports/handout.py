"""What students get: the questions with their starters, as a notebook or as a Python file, with nothing else in it."""

import json
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bgdemo.exercises import AnyExercise
from bgdemo.grading.judging.exam import Exam, ExamQuestion
from bgdemo.grading.judging.submitted import MARKER

WIDTH = 100


def starter_file(exercise: AnyExercise, name: str, *, then: str = "") -> str:
    """The starter of an exercise below its marker and its statement.

    Args:
        exercise: one.
        name: for the marker.
        then: another line for the comment.
    """
    lines = [MARKER.format(name=name), "#"]
    for line in str(exercise).strip().splitlines():
        lines += [f"# {part}".rstrip() for part in textwrap.wrap(line, WIDTH - 2) or [""]]
    lines += ["#", f"# {then}"] if then else []
    return "\n".join(lines) + f"\n\n{exercise.starter}"


def script(exam: Exam) -> str:
    """All questions in one Python file."""
    parts = [starter_file(question.exercise, question.name, then=_worth(question)) for question in exam.questions]
    return "\n\n".join(parts)


def notebook(cells: Iterable[dict[str, Any]]) -> str:
    """The text of a notebook."""
    numbered = [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(cells, 1)]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    data = {"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def question_cells(exam: Exam) -> Iterable[dict[str, Any]]:
    """A cell of text and a cell to change for each question."""
    yield markdown(
        "# Questions\n\nWrite each answer in the cell that begins with its name. Leave that first line as it is: only "
        "what stands in such cells counts, and what comes before the first of them."
    )
    for question in exam.questions:
        yield markdown(f"## {question.name}\n\n{question.exercise}\n\n*{_worth(question)}*")
        yield answer_cell(question)


def answer_cell(question: ExamQuestion, *, below: str = "", **metadata: Any) -> dict[str, Any]:
    """The cell with a question's starter.

    Args:
        question: one.
        below: comments that stand between the marker and the starter.
        metadata: of the cell.
    """
    lines = [MARKER.format(name=question.name), *below.splitlines(), question.exercise.starter.strip()]
    return code_cell("\n".join(lines), {"bgdemo": {"question": question.name}, **metadata})


def markdown(text: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """A cell of text."""
    return {"cell_type": "markdown", "metadata": metadata or {}, "source": text.strip().splitlines(keepends=True)}


def code_cell(code: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """A cell of code that nobody has run."""
    source = code.splitlines(keepends=True)
    return {"cell_type": "code", "metadata": metadata, "source": source, "execution_count": None, "outputs": []}


def write_handout(folder: Path, exam: Exam) -> list[Path]:
    """Write the questions into a folder, as `questions.py` and `questions.ipynb`.

    Returns:
        The files.

    Raises:
        FileExistsError: one is there already.
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"questions.py": script(exam), "questions.ipynb": notebook(question_cells(exam))}
    for name, text in texts.items():
        with open(folder / name, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return [folder / name for name in texts]


def _worth(question: ExamQuestion) -> str:
    return f"{question.points:g} {'point' if question.points == 1 else 'points'}"
