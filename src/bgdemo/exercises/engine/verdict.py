"""What a check of an exercise says: whether it is right, what was seen, and both timelines to look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bgdemo.display import stacked, text
from bgdemo.record.timeline import Timeline

VerdictKind = Literal["not attempted", "wrong", "raised", "right"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. A notebook shows the words, and the timeline below; where it is wrong, the right one too."""

    kind: VerdictKind
    message: str
    """What was seen, and what to do about it; where all is right, what to notice."""
    timeline: Timeline | None = None
    expected: Timeline | None = None
    """What a right answer does, if this one does something else."""
    passed: int = 0
    """How many of the checks found nothing wrong."""
    checks: int = 0

    @property
    def words(self) -> str:
        """Kind and message, for people."""
        return f"{self.kind.capitalize()}. {self.message}"

    def __str__(self) -> str:
        parts = [f"{title}\n{text(timeline)}".lstrip() for title, timeline in self._panels()]
        return "\n\n".join([self.words, *parts])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        titles = [title for title, _ in self._panels()]
        panels = [(timeline, ()) for _, timeline in self._panels()]
        return {"text/plain": str(self), "image/svg+xml": stacked(panels, caption=self.words, titles=titles)}

    def _panels(self) -> Iterator[tuple[str, Timeline]]:
        if self.expected is not None:
            yield "Expected, played fast:", self.expected
        if self.timeline is not None:
            yield "Yours, played fast:" if self.expected is not None else "Played fast:", self.timeline
