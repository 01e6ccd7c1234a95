"""A class at a glance: how each question went, and which misunderstandings were there, and how often."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bgdemo.grading.judging.exam import Exam, ExamQuestion
from bgdemo.grading.judging.scores import Row, Score


@dataclass(frozen=True, slots=True)
class Misconception:
    """One thing that several may have misunderstood."""

    question: str
    message: str
    """As the first of them was told it."""
    students: int


@dataclass(frozen=True, slots=True)
class OfQuestion:
    """How one question went."""

    question: str
    verdicts: dict[str, int]
    """How many got which verdict."""
    mean: float
    """Points, of those who handed something in."""
    out_of: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A class at a glance."""

    handed_in: int
    missing: tuple[str, ...]
    """Who is on the roster and handed nothing in, by name and id."""
    unknown: tuple[str, ...]
    """Files of nobody on the roster."""
    questions: tuple[OfQuestion, ...]
    misconceptions: tuple[Misconception, ...]
    """The most frequent first."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return dataclasses.asdict(self)


def summarize(exam: Exam, rows: Sequence[Row]) -> Summary:
    """What the rows of a class come to."""
    there = [row for row in rows if row.file]
    return Summary(
        handed_in=len(there),
        missing=tuple(f"{row.name} ({row.id})" if row.name else row.id for row in rows if not row.file),
        unknown=tuple(row.file for row in there if not row.id),
        questions=tuple(_of_question(question, at, there) for at, question in enumerate(exam.questions)),
        misconceptions=tuple(_misconceptions(score for row in there for score in row.scores)),
    )


def _of_question(question: ExamQuestion, at: int, rows: Sequence[Row]) -> OfQuestion:
    scores = [row.scores[at] for row in rows]
    verdicts = {str(verdict): count for verdict, count in Counter(score.verdict for score in scores).most_common()}
    mean = sum(score.points for score in scores) / len(scores) if scores else 0.0
    return OfQuestion(
        question.name, {str(key): count for key, count in verdicts.items()}, round(mean, 2), question.points
    )


def _misconceptions(scores: Iterable[Score]) -> list[Misconception]:
    told: dict[tuple[str, str], str] = {}
    counted: Counter[tuple[str, str]] = Counter()
    for score in scores:
        if score.verdict not in ("wrong", "raised", "stopped", "crashed"):
            continue
        key = score.question, score.misconception or _alike(score.message)
        told.setdefault(key, score.message)
        counted[key] += 1
    return [Misconception(key[0], told[key], count) for key, count in counted.most_common()]


def _alike(message: str) -> str:
    """The message without what differs between two who did the same: numbers, names, lines."""
    return re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+(\.\d+)?", "…", message)
