"""What only a notebook needs: watch the tasks run, predict before you run, choose an answer."""

import asyncio
import contextlib
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, overload

from bgdemo._compat.ipython import in_notebook
from bgdemo.client import AsyncTestClient, TestClient
from bgdemo.display import Mark, stacked, svg, text
from bgdemo.questions import Answer, Question
from bgdemo.questions.guesses import (
    Guess,
    Value,
    answer_to_seconds,
    answer_to_value,
    refuse_what_cannot_be_guessed,
)
from bgdemo.record.timeline import Timeline
from bgdemo.simulation import SimulatedClock

FRAME = 0.2
"""Seconds between two pictures of `watch`."""

FAST = 5
"""How many times as fast `watch` plays a simulated clock."""

_places = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Shown:
    """Something a cell ends with: a picture, and the same in words for readers that show no picture."""

    words: str
    picture: str | None = None
    """SVG."""
    right: bool | None = None
    """None where nothing was right or wrong, as with a guess that was not made yet."""

    def __str__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        bundle = {"text/plain": self.words}
        return bundle if self.picture is None else {**bundle, "image/svg+xml": self.picture}


class Prediction:
    """Guesses, to be compared with what happens; `predict` makes one."""

    def __init__(self, guesses: dict[str, Guess]) -> None:
        self.guesses = guesses

    def compare(
        self,
        *happened: TestClient | AsyncTestClient | Timeline,
        **named: TestClient | AsyncTestClient | Timeline | Value | None,
    ) -> Shown:
        """Guess and truth in one picture, and in one sentence a guess.

        Args:
            happened: a client or its timeline, for the guesses `response`, `task_start` and `task_end`; more of them
                are drawn below it, to look at them together.
            named: for other guesses: the client or the timeline whose response was guessed, or what was seen instead
                (`status=response.status_code`), where None stands for "not yet".

        Raises:
            TypeError: there is a guess that nothing was given for.
        """
        answers: list[Answer] = []
        panels: dict[int, tuple[Timeline, list[Mark]]] = {}
        for shown in happened:
            panels[id(shown)] = _timeline(shown), []
        for name, guess in self.guesses.items():
            if not happened and name not in named:
                raise TypeError(f"compare() needs to know where to look for {name!r}: pass {name}=client.")
            source = named[name] if name in named else happened[0]
            if isinstance(source, (TestClient, AsyncTestClient, Timeline)):
                timeline, marks = panels.setdefault(id(source), (_timeline(source), []))
                answers.append(answer_to_seconds(name, guess, _truth(timeline, "response" if name in named else name)))
                if isinstance(guess, (int, float)):
                    marks.append(Mark(guess, f"your guess: {name.replace('_', ' ')}"))
            else:
                answers.append(answer_to_value(name, guess, source))
        return _shown(answers, list(panels.values()))


def predict(**guesses: Guess) -> Prediction:
    """Say what you expect before you run it; `...` means that you have not guessed yet.

    Args:
        guesses: a name and a guess each: `predict(response=0, task_end=7)` in seconds, or another number, True or
            False, a word, a list of words.

    Raises:
        TypeError: a guess is none of these.
        ValueError: a guess is a number below 0, or no finite one.
    """
    for name, guess in guesses.items():
        refuse_what_cannot_be_guessed(name, guess)
    return Prediction(guesses)


def choose(letter: str | EllipsisType, question: Question) -> Answer:
    """Answer a question with the letter of one of its choices; every choice gets an answer of its own.

    Args:
        letter: "a", "b" and so on, or `...` for not chosen yet.
        question: what was asked.
    """
    return question.answer(None if isinstance(letter, EllipsisType) else letter)


@overload
def watch(client: TestClient, *, until: float = ..., marks: Sequence[Mark] = ...) -> None: ...


@overload
def watch(client: AsyncTestClient, *, until: float = ..., marks: Sequence[Mark] = ...) -> "asyncio.Future[None]": ...


def watch(
    client: TestClient | AsyncTestClient, *, until: float = 0.0, marks: Sequence[Mark] = ()
) -> "asyncio.Future[None] | None":
    """Show the timeline as a picture that grows, until no task is running any more; Ctrl-C or Interrupt ends it early.

    It looks and does not touch: an error of a task stays there for `drain()`. A simulated clock, which stands still
    between two cells, is let go on, and played fast.

    Args:
        client: with AsyncTestClient, await what this returns.
        until: seconds: how far the time axis reaches from the start, so that the bar is seen to grow.
        marks: points in time to draw beside it.
    """
    if isinstance(client, AsyncTestClient):
        return asyncio.ensure_future(_watch_awaiting(client, until, marks))
    with _screen(until, marks) as show, contextlib.suppress(KeyboardInterrupt):
        while show(client.timeline):
            if isinstance(client.clock, SimulatedClock):
                client.clock.advance(FRAME)
                time.sleep(FRAME / FAST)
            else:
                time.sleep(FRAME)
    return None


async def _watch_awaiting(client: AsyncTestClient, until: float, marks: Sequence[Mark]) -> None:
    with _screen(until, marks) as show:
        while show(client.timeline):
            await asyncio.sleep(FRAME)


@contextmanager
def _screen(until: float, marks: Sequence[Mark]) -> Iterator[Callable[[Timeline], bool]]:
    """A place to draw again and again: in a notebook a picture, in a terminal text."""

    def going_on(timeline: Timeline) -> bool:
        return any(request.ended is None for request in timeline.requests if request.method != "WEBSOCKET")

    if in_notebook():
        from IPython.display import display, update_display

        place = f"bgdemo-{next(_places)}"
        put: Any = display

        def show(timeline: Timeline) -> bool:
            nonlocal put
            picture = svg(timeline, marks=marks, until=until)
            put({"text/plain": text(timeline, marks=marks), "image/svg+xml": picture}, raw=True, display_id=place)
            put = update_display
            return going_on(timeline)

        yield show
        return
    from rich.live import Live
    from rich.text import Text

    with Live(auto_refresh=False) as live:

        def show_text(timeline: Timeline) -> bool:
            live.update(Text(text(timeline, marks=marks, until=until)), refresh=True)
            return going_on(timeline)

        yield show_text


_SPEAK_UP = {"CI", "BUILD_NUMBER"}
"""Where these are set, pytest writes longer lines."""


def run_pytest(file: str | os.PathLike[str]) -> None:
    """Run the tests of a file with pytest, in a process of its own, and print what it says.

    Only bgdemo's own plugin is there, so that nothing is said but what the lesson is about, and no time is named.

    Args:
        file: of tests, such as "test_orders.py".
    """
    options = ["-q", "--tb=short", "--show-capture=no", "--color=no", "-c", os.devnull, "--rootdir", os.curdir]
    options += ["-p", "no:cacheprovider", "-p", "bgdemo.pytest_plugin"]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, os.fspath(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env={**{name: value for name, value in os.environ.items() if name not in _SPEAK_UP}, **alone},
    )
    print(re.sub(r" in [\d.]+s.*$", "", done.stdout.rstrip(), flags=re.MULTILINE))


def _truth(timeline: Timeline, name: str) -> float | None:
    if name == "response":
        return timeline.requests[-1].responded if timeline.requests else None
    if name in ("task_start", "task_end"):
        times = [task.started if name == "task_start" else task.ended for task in timeline.tasks]
        known = [moment for moment in times if moment is not None]
        return None if not known else min(known) if name == "task_start" else max(known)
    raise TypeError(f"{name!r} cannot be compared: guess response, task_start or task_end, or pass {name}=client.")


def _timeline(source: TestClient | AsyncTestClient | Timeline) -> Timeline:
    return source if isinstance(source, Timeline) else source.timeline


def _shown(answers: Sequence[Answer], panels: Sequence[tuple[Timeline, Sequence[Mark]]]) -> Shown:
    caption = "\n".join(answer.words for answer in answers)
    drawn = "\n\n".join(text(timeline, marks=marks) for timeline, marks in panels)
    right = None if any(answer.right is None for answer in answers) else all(answer.right for answer in answers)
    return Shown(f"{caption}\n\n{drawn}", stacked(panels, caption=caption), right)
