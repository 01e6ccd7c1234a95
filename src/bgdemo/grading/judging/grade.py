"""Grade a class: find what was handed in, let the judges work, keep what is done, match it with the roster."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bgdemo.grading.judging.exam import Exam, load_exam, refuse_unfit
from bgdemo.grading.judging.journal import Journal
from bgdemo.grading.judging.judges import Judges
from bgdemo.grading.judging.roster import Student, read_roster, whose
from bgdemo.grading.judging.scores import Row, Score
from bgdemo.grading.judging.submissions import Submission, find
from bgdemo.grading.judging.summary import Summary, summarize
from bgdemo.grading.judging.tables import write_csv, write_json
from bgdemo.grading.walls.limits import Limits

Progress = Callable[[int, int, str], object]
"""Told how many submissions are done, of how many, and which was the last."""


@dataclass(frozen=True, slots=True)
class Grading:
    """What to grade, and how.

    Attributes:
        submissions: a folder with one file, or one folder, for each student.
        exam: the teacher's file.
        out: the results' file, .csv; a .json is written beside it.
        roster: the class, or None.
        limits: for each answer.
        jobs: how many submissions at a time; None for one on each processor.
    """

    submissions: Path
    exam: Path
    out: Path
    roster: Path | None = None
    limits: Limits = field(default_factory=Limits)
    jobs: int | None = None


@dataclass(frozen=True, slots=True)
class Graded:
    """What came out."""

    exam: Exam
    rows: tuple[Row, ...]
    summary: Summary
    taken_over: int
    """Submissions that an earlier, interrupted grading had done."""
    landlock: int | None
    """The version of Landlock that the kernel speaks, 0 for none; None if nothing had to be run."""


def grade(grading: Grading, progress: Progress) -> Graded:
    """Grade a class, and write the results.

    Raises:
        GradingError: it cannot be done; what is done already is kept.
    """
    exam = load_exam(grading.exam)
    students = read_roster(grading.roster) if grading.roster is not None else []
    submissions = find(grading.submissions, frozenset(path.resolve() for path in _own_files(grading)))
    progress(0, len(submissions), "")
    refuse_unfit(exam)
    scores, taken_over, landlock = _scores(grading, exam, submissions, progress)
    rows = tuple(_rows(exam, submissions, scores, students))
    summary = summarize(exam, rows)
    write_csv(grading.out, exam, rows)
    write_json(grading.out.with_suffix(".json"), exam, rows, summary)
    journal_of(grading.out).unlink(missing_ok=True)
    return Graded(exam, rows, summary, taken_over, landlock)


def journal_of(out: Path) -> Path:
    """The file that keeps what is done, while not all is done."""
    return out.with_name(f"{out.name}.journal")


def _own_files(grading: Grading) -> list[Path]:
    written = [grading.out, grading.out.with_suffix(".json"), journal_of(grading.out)]
    return [grading.exam, *written, *([grading.roster] if grading.roster is not None else [])]


def _scores(
    grading: Grading, exam: Exam, submissions: Sequence[Submission], progress: Progress
) -> tuple[dict[Submission, list[Score]], int, int | None]:
    journal = Journal(journal_of(grading.out), exam.fingerprint, grading.limits)
    scores = {one: known for one in submissions if (known := journal.known(one)) is not None}
    taken_over = len(scores)
    to_do = [one for one in submissions if one not in scores and one.files]
    for one in submissions:
        if one.problem is not None:
            scores[one] = [Score(q.name, 0.0, q.points, "unreadable", one.problem) for q in exam.questions]
    progress(len(scores), len(submissions), "")
    jobs = grading.jobs or os.cpu_count() or 1
    hidden = [grading.submissions, *_own_files(grading)]
    with journal, Judges(jobs, grading.exam, exam, grading.limits, hidden) as judges:
        for submission, found in judges.grade(to_do):
            scores[submission] = found
            journal.record(submission, found)
            progress(len(scores), len(submissions), submission.name)
        return scores, taken_over, judges.landlock


def _rows(
    exam: Exam, submissions: Sequence[Submission], scores: dict[Submission, list[Score]], students: Sequence[Student]
) -> Iterable[Row]:
    found: dict[Student, list[Row]] = {student: [] for student in students}
    strangers = []
    for one in submissions:
        student = whose(one.name, students)
        if student is None:
            note = "not on the roster" if students else ""
            strangers.append(Row("", one.name.rpartition(".")[0] or one.name, one.name, tuple(scores[one]), note))
        else:
            found[student].append(Row(student.id, student.name, one.name, tuple(scores[one])))
    for student, rows in found.items():
        if not rows:
            nothing = tuple(Score(q.name, 0.0, q.points, "missing", "Nothing was handed in.") for q in exam.questions)
            yield Row(student.id, student.name, "", nothing, "missing")
        for row in rows:
            others = [other.file for other in rows if other is not row]
            note = f"handed in more than once, also as {', '.join(others)}" if others else ""
            yield Row(row.id, row.name, row.file, row.scores, note)
    yield from strangers
