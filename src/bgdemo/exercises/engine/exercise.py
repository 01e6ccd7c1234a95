"""What an exercise is: a statement, a starter, hints, an answer, checks, and the wrong answers it knows."""

import functools
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from starlette.types import ASGIApp

from bgdemo.errors import BgdemoError, ClientError
from bgdemo.exercises.engine import trial
from bgdemo.exercises.engine.code import Code, load, source_of
from bgdemo.exercises.engine.trial import Scenario, Trial
from bgdemo.exercises.engine.verdict import Verdict, VerdictKind
from bgdemo.record.log import describe
from bgdemo.record.own_code import own_line

Check = Callable[[Trial], str | None]
"""Looks at one thing; returns what is wrong and what to do about it, or None. It may raise AssertionError instead."""

Level = Literal["complete", "repair", "build", "predict"]


@dataclass(frozen=True, slots=True, repr=False, eq=False, kw_only=True)
class AnyExercise:
    """What all exercises have in common: a place in the library, texts, hints, and the answers that are known.

    `q` shows the statement, `q.hint()` and `q.solution()` help, `q.seeded(7)` is the same with other names and numbers.
    """

    module: str = field(kw_only=False)
    """`bgdemo.exercises.library.<subject>.<name>`: subject and name are the last two."""
    level: Level
    statement: str
    """Markdown."""
    starter: str
    """Complete Python, which the learner changes."""
    answer: str
    """Complete Python that is right."""
    hints: tuple[str, ...]
    """From a nudge to nearly the solution."""
    notice: str
    """What to notice when it is right."""
    wrong: tuple[tuple[str, str], ...]
    """Complete Python that is wrong, and a part of the message that it must get."""
    varies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names and numbers, as they stand in the texts, and what a seed may put in their place;
    what stands side by side belongs together."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What a seed has put in their place."""
    seed: int | None = None
    """Which seed; None for the exercise as it stands."""
    _hints_given: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Such as turn_the_route."""
        return self.module.rpartition(".")[2]

    @property
    def subject(self) -> str:
        """The step that it belongs to, such as add_task."""
        return self.module.split(".")[-2]

    def check(self, submitted: Any) -> Verdict:
        """Say what is right and what is not; what is submitted may be anything."""
        raise NotImplementedError

    def is_unchanged(self, source: str | None) -> bool:
        """True if that is the starter's text."""
        return source is not None and source.split() == self.starter.split()

    def seeded(self, seed: int) -> Self:
        """The same exercise with other names and numbers; the same seed gives the same ones."""
        place = random.Random(f"{self.module} {seed}").randrange(1_000_000)
        words = {word: options[place % len(options)] for word, options in self.varies.items()}

        def put(text: str) -> str:
            return in_words(text, words)

        return replace(
            self,
            statement=put(self.statement),
            starter=put(self.starter),
            answer=put(self.answer),
            hints=tuple(put(hint) for hint in self.hints),
            notice=put(self.notice),
            wrong=tuple((put(code), put(message)) for code, message in self.wrong),
            words=words,
            seed=seed,
            _hints_given=[],
        )

    def hint(self) -> str:
        """The next hint, from a nudge to nearly the solution; then the last one again."""
        hint = self.hints[min(len(self._hints_given), len(self.hints) - 1)]
        self._hints_given.append(hint)
        return hint

    def solution(self) -> Code:
        """A right answer, to be compared with your own."""
        return Code(self.answer)

    def __str__(self) -> str:
        return self.statement

    def __repr__(self) -> str:  # not the fields: they hold the solution
        return f"<exercise {self.subject}.{self.name}>"

    def _repr_markdown_(self) -> str:
        return self.statement


@dataclass(frozen=True, slots=True, repr=False, eq=False, kw_only=True)
class Exercise(AnyExercise):
    """Code to be written: `exercise = Exercise(__name__, ...)` in a file of its own; all code in it defines an `app`.

    `q.check(app)` says what an app does and what is missing.
    """

    scenario: Scenario
    """Sends the learner's app what the checks need; may drain, and may return what is no part of a timeline."""
    checks: tuple[Check, ...]
    """In the order in which their messages are given; the first line of a check's docstring is its title."""

    def check(self, submitted: ASGIApp) -> Verdict:
        """Run an app and say what was seen. It never raises what the app raises, and an endless loop is stopped.

        Args:
            submitted: the learner's FastAPI().
        """
        try:
            tried = trial.run(submitted, self.scenario)
        except ClientError as error:
            return Verdict("wrong", f"check() needs the app itself, {self.subject}.{self.name}.check(app). {error}")
        return self.judge(tried, source_of(submitted))

    def judge(self, tried: Trial, source: str | None = None) -> Verdict:
        """The verdict on what an app did.

        Args:
            tried: what it did.
            source: its text, if that is known: then a change is seen even where the app does what the starter does.
        """
        tried = replace(tried, words=self.words, source=source)
        right = _known(self.answer, self.scenario)
        found = [self._look(check, tried) for check in self.checks]
        passed, messages = found.count(None), [message for message in found if message is not None]
        if self._is_starter(tried, source):
            message = messages[0] if messages else "It does what it did before."
            return Verdict("not attempted", message, tried.timeline, None, passed, len(found))
        kind, message = self._kind(tried, right, messages)
        expected = None if kind == "right" else right.timeline
        return Verdict(kind, message, tried.timeline, expected, passed, len(found))

    def _is_starter(self, tried: Trial, source: str | None) -> bool:
        if source is not None:
            return self.is_unchanged(source)
        return tried.shape == _known(self.starter, self.scenario).shape

    def _kind(self, tried: Trial, right: Trial, messages: list[str]) -> tuple[VerdictKind, str]:
        raised = _unlike(tried.errors, right.errors)
        misunderstood = next((said for error in raised if (said := _misconception(error))), None)
        if misunderstood:
            return "wrong", misunderstood
        if raised:
            return "raised", told(raised[0])
        if messages:
            return "wrong", messages[0]
        return "right", self.notice

    def _look(self, check: Check, tried: Trial) -> str | None:
        try:
            message = check(tried)
        except AssertionError as error:
            message = str(error)
        except Exception as error:  # there is less to look at than the check needs
            message = f"It cannot be checked further: {describe(error)}"
        return None if message is None else in_words(message, self.words)


@functools.cache
def _known(code: str, scenario: Scenario) -> Trial:
    return trial.run(load(code), scenario)


def in_words(text: str, words: Mapping[str, str]) -> str:
    """A text with other names and numbers."""
    if not words:
        return text
    return re.sub("|".join(map(re.escape, words)), lambda found: words[found.group()], text)


def _unlike(errors: tuple[BaseException, ...], expected: tuple[BaseException, ...]) -> list[BaseException]:
    """The errors that a right answer does not raise."""
    known = [type(error) for error in expected]
    return [error for error in errors if type(error) not in known]


def _misconception(error: BaseException) -> str | None:
    if isinstance(error, TypeError) and "must be callable" in str(error):
        return (
            "You called the function, you did not add it: add_task got what the call returned, and not a function. "
            "Pass the function and its arguments separately: add_task(f, x), not add_task(f(x))."
        )
    if trial.goes_on(error):
        return f"It does not come to an end. {error}"
    return None


def told(error: BaseException) -> str:
    """What a learner is told of an exception."""
    if isinstance(error, BgdemoError):  # not the learner's: it tells what their code did
        return str(error)
    line = own_line(error)
    where = f" (line {line.lineno}: `{line.line}`)" if line is not None and line.line else ""
    return f"Your code raised {describe(error)}{where}"
