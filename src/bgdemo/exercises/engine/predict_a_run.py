"""Exercises in which nothing is written: say what a piece of code does, and a run decides."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import Any, Self

from bgdemo.exercises.engine import trial
from bgdemo.exercises.engine.code import load
from bgdemo.exercises.engine.exercise import AnyExercise, in_words
from bgdemo.exercises.engine.trial import Scenario, Trial
from bgdemo.exercises.engine.verdict import Verdict
from bgdemo.questions import is_close

Truth = Callable[[Trial], dict[str, Any]]
"""What the guesses are compared with, by their names: numbers, words, True or False."""


@dataclass(frozen=True, slots=True, repr=False, eq=False, kw_only=True)
class PredictARun(AnyExercise):
    """A prediction: `exercise = PredictARun(__name__, level="predict", ...)` in a file of its own.

    Its starter, answer and wrong answers define `prediction`, a dict. `q.check(prediction)`, or `q.check(response=0)`.
    """

    code: str
    """Python that defines the `app` that is asked about; it is shown below the statement."""
    scenario: Scenario
    """What is done to it."""
    truth: Truth
    """Reads the right answers from what happened."""
    misconceptions: tuple[tuple[Mapping[str, Any], str], ...] = ()
    """Guesses that people really make, with what they have misunderstood."""

    def check(self, submitted: Any = None, **guesses: Any) -> Verdict:
        """Compare guesses with what happens.

        Args:
            submitted: the guesses in a dict.
            guesses: the same, by their names.
        """
        if submitted is not None and not isinstance(submitted, Mapping):
            return Verdict("wrong", f"check() needs guesses, {self._call()}, and got {submitted!r}.")
        guesses = {**(submitted or {}), **guesses}
        truth, happened = self.known()
        if all(isinstance(guesses.get(name, ...), EllipsisType) for name in truth):
            message = f"Put your guesses in the place of ...: {self._call()}."
            return Verdict("not attempted", message, checks=len(truth))
        wrong = [name for name, right in truth.items() if not _is_right(guesses.get(name, ...), right)]
        if not wrong:
            return Verdict("right", self.notice, happened.timeline, None, len(truth), len(truth))
        said = [message for guess, message in self.misconceptions if _matches(guess, guesses)]
        gaps = [_gap(name, guesses.get(name, ...), truth[name]) for name in wrong]
        message = " ".join([*gaps, *said[:1]])
        return Verdict("wrong", message, happened.timeline, None, len(truth) - len(wrong), len(truth))

    def seeded(self, seed: int) -> Self:
        """The same question about other code, and with other numbers in the guesses that are known."""
        other = AnyExercise.seeded(self, seed)

        def put(value: Any) -> Any:
            return type(value)(in_words(str(value), other.words)) if _is_number(value) else value

        guesses = tuple(({name: put(value) for name, value in g.items()}, said) for g, said in self.misconceptions)
        return replace(other, code=in_words(self.code, other.words), misconceptions=guesses)

    def known(self) -> tuple[dict[str, Any], Trial]:
        """The right answers, and the run that they were read from."""
        return _known(self.code, self.scenario, self.truth)

    def _call(self) -> str:
        guesses = ", ".join(f"{name}=..." for name in self.known()[0])
        return f"exercises.{self.subject}.{self.name}.check({guesses})"

    def __str__(self) -> str:
        return f"{self.statement}\n```python\n{self.code}```\n"

    def _repr_markdown_(self) -> str:
        return str(self)


@functools.cache
def _known(code: str, scenario: Scenario, truth: Truth) -> tuple[dict[str, Any], Trial]:
    happened = trial.run(load(code), scenario)
    return truth(happened), happened


def _is_right(guess: Any, right: Any) -> bool:
    if _is_number(guess) and isinstance(right, float):
        return is_close(guess, right)
    if isinstance(guess, str) and isinstance(right, str):
        return guess.strip().casefold() == right.casefold()
    if isinstance(guess, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(guess) == len(right) and all(map(_is_right, guess, right))
    if _is_number(guess) and _is_number(right):
        return bool(guess == right)
    return type(guess) is type(right) and bool(guess == right)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _matches(some: Mapping[str, Any], guesses: Mapping[str, Any]) -> bool:
    return all(_is_right(guesses.get(name, ...), guess) for name, guess in some.items())


def _gap(name: str, guess: Any, right: Any) -> str:
    what = name.replace("_", " ")
    if isinstance(guess, EllipsisType):
        return f"{what}: not guessed yet."
    if type(guess) is not type(right) and not (_is_number(guess) and _is_number(right)):
        return f"{what}: {guess!r} is no answer here, a {_KINDS.get(type(right), 'value')} is."
    return f"{what}: you guessed {_written(guess)}, and it was {_written(right)}."


_KINDS = {int: "number", float: "number", bool: "True or False", str: "word", list: "list of words"}


def _written(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", then ".join(map(str, value)) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)
