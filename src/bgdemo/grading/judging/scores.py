"""What a submission got: for each question, and together."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from bgdemo.exercises.engine.verdict import VerdictKind

ScoredAs = VerdictKind | Literal["stopped", "crashed", "tampered", "unreadable", "missing"]
"""What an exercise says of an answer, or why it could not be asked."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one answer got."""

    question: str
    points: float
    out_of: float
    verdict: ScoredAs
    message: str
    """What was seen; for the student."""
    passed: int = 0
    """Checks that found nothing wrong."""
    checks: int = 0
    misconception: str | None = None
    """Which of the wrong answers that the exercise knows this is, in the words that tell it."""
    seconds: float = 0.0
    """On the wall, in a process of its own."""
    printed: str = ""
    """The end of what it printed, outside of tasks too."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class Row:
    """What one submission, or one student without any, got."""

    id: str
    """Of the student, from the roster; empty for somebody who is not in it."""
    name: str
    file: str
    """As it was handed in; empty for who handed nothing in."""
    scores: tuple[Score, ...]
    note: str = ""
    """About the submission as a whole."""

    @property
    def points(self) -> float:
        """For all questions."""
        return round(sum(score.points for score in self.scores), 2)

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return dataclasses.asdict(self)
