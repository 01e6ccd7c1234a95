"""How many submissions of five questions a minute, against nbgrader on the same assignment in the same run."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bgdemo.grading import Question
from bgdemo.grading.exports.nbgrader import export
from bgdemo.grading.judging.exam import load_exam
from bgdemo.grading.judging.grade import Grading, grade
from grading.conftest import write_exam
from grading.nbgrading import ASSIGNMENT, run, submit
from grading.test_grading import FIVE

OURS, THEIRS = 60, 6
"""Submissions that each grades."""

FLOOR = 120
"""Submissions a minute, on two cores."""


def seconds_of(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def course(folder: Path, students: int) -> Path:
    """A course in which half of the answers are right."""
    (folder / "own").mkdir(parents=True)
    path = write_exam(folder / "own", FIVE)
    exam = load_exam(path)
    export(folder, ASSIGNMENT, path)
    run(folder, "generate_assignment", ASSIGNMENT, "--create")
    for number in range(students):
        submit(folder, f"s{number:02}", exam, right if number % 2 == 0 else wrong)
    return folder


def right(question: Question) -> str:
    return question.exercise.answer


def wrong(question: Question) -> str:
    return question.exercise.wrong[1][0]


@pytest.mark.timeout(1800)
def test_submissions_of_five_questions_a_minute(tmp_path: Path, benchmark) -> None:
    large, small = course(tmp_path / "large", OURS), course(tmp_path / "small", THEIRS)
    grading = Grading(large / "submitted", large / "own" / "exam.py", tmp_path / "results.csv", jobs=2)
    ours = OURS / seconds_of(lambda: grade(grading, lambda *_: None)) * 60
    theirs = THEIRS / seconds_of(lambda: run(small, "autograde", ASSIGNMENT, "--create")) * 60
    benchmark.pedantic(lambda: None)
    benchmark.extra_info.update(ours=ours, nbgrader=theirs)
    print(f"submissions a minute: {ours:.0f}, nbgrader {theirs:.0f}; at least {FLOOR}, load {os.getloadavg()[0]:.1f}")
    assert ours >= FLOOR
    assert ours > theirs
