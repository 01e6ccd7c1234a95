"""What the tests of grading share: an exam, files that students hand in, and one run of the grader."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bgdemo import exercises
from bgdemo.grading.judging.grade import Graded, Grading, grade
from bgdemo.grading.judging.scores import Row, Score
from bgdemo.grading.walls.limits import Limits

if sys.platform not in ("linux", "darwin"):
    collect_ignore_glob = ["test_*.py"]

ROUTE = exercises.add_task.turn_the_route
"""The question that most tests ask; four checks, for four points."""

EXAM = """\
from bgdemo import exercises
from bgdemo.grading import Question

questions = [Question(exercises.add_task.turn_the_route, points=4)]
"""

MARKER = "# bgdemo: turn_the_route\n"


@dataclass(frozen=True)
class Class:
    """A graded class of one question."""

    graded: Graded

    def row(self, file: str) -> Row:
        (row,) = (row for row in self.graded.rows if row.file == file)
        return row

    def score(self, file: str) -> Score:
        (score,) = self.row(file).scores
        return score


def hand_in(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder of submissions."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def write_exam(folder: Path, text: str = EXAM) -> Path:
    path = folder / "exam.py"
    path.write_text(text, encoding="utf-8")
    return path


def graded(
    folder: Path, submissions: Path, *, exam: str = EXAM, limits: Limits | None = None, **more: object
) -> Graded:
    """Grade what is in a folder."""
    grading = Grading(submissions, write_exam(folder, exam), folder / "results.csv", limits=limits or Limits(), **more)
    return grade(grading, lambda done, total, last: None)


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder
