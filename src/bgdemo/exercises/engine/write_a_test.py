"""Exercises in which a test is written: it has to pass on an app that is right, and to fail on each that is broken."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bgdemo.client import TestClient
from bgdemo.exercises.engine import trial
from bgdemo.exercises.engine.code import load, source_of
from bgdemo.exercises.engine.exercise import AnyExercise
from bgdemo.exercises.engine.trial import Trial
from bgdemo.exercises.engine.verdict import Verdict, VerdictKind
from bgdemo.record.log import describe


@dataclass(frozen=True, slots=True, repr=False, eq=False, kw_only=True)
class WriteATest(AnyExercise):
    """A test to be written: `exercise = WriteATest(__name__, ...)` in a file of its own.

    Its starter, answer and wrong answers define `test`, a function of a client. `q.check(test)`.
    """

    code: str
    """Python that defines an `app` that is right; it is shown below the statement."""
    broken: tuple[tuple[str, str], ...]
    """Python that defines an `app` that is broken, and how, as the rest of a sentence: "the client waits"."""

    def check(self, submitted: Callable[[TestClient], Any]) -> Verdict:
        """Run a test on the app that is right, and on those that are broken.

        Args:
            submitted: the learner's function; it is given a client on the simulated clock.
        """
        if not callable(submitted):
            message = f"check() needs the test itself, {self.subject}.{self.name}.check(test), and got {submitted!r}."
            return Verdict("wrong", message)
        return self.judge(lambda code: trial.run(load(code), submitted), source_of(submitted))

    def judge(self, run: Callable[[str], Trial], source: str | None = None) -> Verdict:
        """The verdict on a test.

        Args:
            run: runs it on the app that a piece of code defines.
            source: its text, if that is known.
        """
        checks = 1 + len(self.broken)
        on_right = run(self.code)
        if on_right.errors:
            message = f"Your test fails on the app that is right: {_first_line(on_right.errors[0])}"
            return Verdict("wrong", message, on_right.timeline, None, 0, checks)
        escaped = [(how, tried) for code, how in self.broken if not (tried := run(code)).errors]
        passed = checks - len(escaped)
        if not escaped:
            return Verdict("right", self.notice, on_right.timeline, None, passed, checks)
        how, tried = escaped[0]
        message = f"Your test passes on the app that is right, and also on one where {how}."
        kind: VerdictKind = "not attempted" if self.is_unchanged(source) else "wrong"
        return Verdict(kind, message, tried.timeline, None, passed, checks)

    def __str__(self) -> str:
        return f"{self.statement}\n```python\n{self.code}```\n"

    def _repr_markdown_(self) -> str:
        return str(self)


def _first_line(error: BaseException) -> str:
    return describe(error).partition("\n")[0].removeprefix("AssertionError: ")
