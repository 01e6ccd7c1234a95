"""What an exercise is: a statement, a starter, hints, a solution, a check, and the wrong answers it knows."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.types import ASGIApp

from bgdemo.client import TestClient
from bgdemo.display import stacked, text
from bgdemo.timeline import Timeline

Verdict = Literal["not attempted", "wrong", "raised", "right"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found. A notebook shows the words, and the timeline that they are about below."""

    verdict: Verdict
    message: str
    """What was seen, and what to do about it."""
    timeline: Timeline | None = None

    @property
    def words(self) -> str:
        """Verdict and message, for people."""
        return f"{self.verdict.capitalize()}. {self.message}"

    def __str__(self) -> str:
        return self.words if self.timeline is None else f"{self.words}\n\n{text(self.timeline)}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        panels = [] if self.timeline is None else [(self.timeline, ())]
        return {"text/plain": str(self), "image/svg+xml": stacked(panels, caption=self.words)}


@dataclass(frozen=True, slots=True, repr=False)
class Exercise:
    """One exercise. All code in it is complete: run on its own, it makes an `app`."""

    name: str
    statement: str
    """Markdown."""
    starter: str
    """Python that defines `app`; the learner changes it."""
    answer: str
    """Python that defines an `app` that is right."""
    hints: tuple[str, ...]
    """From a nudge to nearly the solution."""
    examine: Callable[[TestClient], Outcome]
    """Talks to the learner's app through the client, and judges its timeline."""
    wrong: tuple[tuple[str, str], ...] = ()
    """Python that defines a wrong `app`, and a part of the message that it must get."""
    _hints_given: list[str] = field(default_factory=list, compare=False)

    def check(self, app: ASGIApp) -> Outcome:
        """Run the learner's app and say what was seen; never raises what the app raises."""
        try:
            with TestClient(app, raise_server_exceptions=False, timeout=20.0) as client:
                return self.examine(client)
        except Exception as error:
            return Outcome("raised", f"Your code raised {_where(error)}")

    def hint(self) -> str:
        """The next hint, from a nudge to nearly the solution; then the last one again."""
        hint = self.hints[min(len(self._hints_given), len(self.hints) - 1)]
        self._hints_given.append(hint)
        return hint

    def solution(self) -> "Code":
        """A right answer, to be compared with your own."""
        return Code(self.answer)

    def __str__(self) -> str:
        return self.statement

    def __repr__(self) -> str:  # not the fields: they hold the solution
        return f"<exercise {self.name}>"

    def _repr_markdown_(self) -> str:
        return self.statement


class Code(str):
    """Python that a notebook shows as such."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        return f"```python\n{self}```"


def _where(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    line = f" (line {last[0].lineno}: {last[0].line})" if last and last[0].line else ""
    return f"{type(error).__name__}: {error}{line}"


def run(code: str) -> Any:
    """The app that a piece of exercise code defines."""
    namespace: dict[str, Any] = {"__name__": "exercise"}
    exec(compile(code, "<exercise>", "exec"), namespace)
    return namespace["app"]
