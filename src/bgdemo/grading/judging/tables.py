"""The results as files: a CSV for a spreadsheet, JSON with all that is known."""

import csv
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bgdemo.errors import GradingError
from bgdemo.grading.judging.exam import Exam
from bgdemo.grading.judging.scores import Row
from bgdemo.grading.judging.summary import Summary


def write_csv(path: Path, exam: Exam, rows: Sequence[Row]) -> None:
    """Write the results for a spreadsheet: UTF-8 with a mark at its beginning, without which Excel guesses wrong.

    Raises:
        GradingError: it cannot be written.
    """

    def write(temporary: Path) -> None:
        with open(temporary, "w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
            table = csv.writer(file)
            table.writerow(_header(exam))
            table.writerows([[_harmless(cell) for cell in _cells(row)] for row in rows])

    _replace(path, write)


def write_json(path: Path, exam: Exam, rows: Sequence[Row], summary: Summary) -> None:
    """Write all that is known.

    Raises:
        GradingError: it cannot be written.
    """
    data: dict[str, Any] = {
        "points": exam.points,
        "questions": [{"name": question.name, "points": question.points} for question in exam.questions],
        "students": [{**row.to_dict(), "points": row.points} for row in rows],
        "summary": summary.to_dict(),
    }

    def write(temporary: Path) -> None:
        text = json.dumps(data, ensure_ascii=False, indent=1)
        temporary.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")

    _replace(path, write)


def _header(exam: Exam) -> list[str]:
    parts = [[q.name, f"{q.name}: verdict", f"{q.name}: message", f"{q.name}: seconds"] for q in exam.questions]
    return ["id", "name", "points", "out of", "file", "note", *(cell for part in parts for cell in part)]


def _cells(row: Row) -> Iterator[object]:
    yield from (row.id, row.name, row.points, sum(score.out_of for score in row.scores), row.file, row.note)
    for score in row.scores:
        yield from (score.points, score.verdict, score.message, round(score.seconds, 2))


def _harmless(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: what a student writes ends up in some."""
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell


def _replace(path: Path, write: Any) -> None:
    temporary = path.with_name(f".{path.name}.part")
    try:
        write(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise GradingError(f"{path} cannot be written: {error.strerror}.") from None
