"""What a scenario is: a fresh app, the steps a caller takes, and what has to be seen, as plain data.

A scenario says nothing about who runs it: runners.py plays it on a real server and on the in-process clients.
Time is never compared. Where a scenario is about time ("the response is there before the task ends"), a gate that
only the caller opens holds the task, or a short sleep blocks the loop, and what is compared is the order.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from fastapi import FastAPI

from bgdemo import Recorder, Task, Timeline

GATE_TIMEOUT = 10.0
"""Seconds after which a gate that nobody opens fails the task that waits for it."""


class Stage:
    """What a scenario's app may use besides FastAPI: a gate that the caller opens, and notes among the events."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.notes: list[tuple[int, str]] = []
        self._gate = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.open_gate()  # where a step failed, or the app would wait for the caller and the caller for the app

    def note(self, text: str) -> None:
        """Note that the app's own code got here; the note stands after the events so far."""
        assert self.recorder is not None, "the runner forgot to set the stage's recorder"
        self.notes.append((len(self.recorder.timeline.events), text))

    def wait_for_gate(self) -> None:
        """Hold this thread until the caller takes the step OpenGate."""
        assert self._gate.wait(GATE_TIMEOUT), "no step opened the gate"

    def open_gate(self) -> None:
        """Let go on what waits at the gate."""
        self._gate.set()


@dataclass(frozen=True, slots=True)
class Call:
    """Send a request and read all of its response. `watch` notes which tasks have not ended at that moment."""

    method: str
    path: str
    params: Any = None
    json: Any = None
    files: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] | None = None
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """Send a request, read its first chunk, and leave without reading the rest; `keep` bytes of it are compared."""

    path: str
    keep: int = 4


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Send a request, and leave when no response has come in this many seconds."""

    path: str
    timeout: float = 0.1


@dataclass(frozen=True, slots=True)
class WebSocket:
    """Open a WebSocket, send texts and read texts, and leave; or, with `until_closed`, read until the app closes."""

    path: str
    send: tuple[str, ...] = ()
    receive: int = 0
    subprotocols: tuple[str, ...] = ()
    until_closed: bool = False


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Let go on what waits at the stage's gate."""


@dataclass(frozen=True, slots=True)
class Until:
    """Wait until this event has happened, such as "task_started write_log"."""

    event: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until all background work has ended: `drain()`. Each scenario ends with it."""


Step = Call | Stream | GiveUp | WebSocket | OpenGate | Until | Wait


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller got: a response; or for a WebSocket the close code (None: the caller left) and the texts.

    A status of None with "timed out" or "refused" means that there was no response, or no WebSocket; with "cut off",
    that the connection was closed before the response was complete.
    `unfinished` has the tasks that had not ended when the caller had the response, for a Call with `watch`.
    """

    status: int | None
    body: str = ""
    unfinished: tuple[str, ...] = ()


Status = Literal["finished", "failed", "skipped", "dropped"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended. `name` is its bare name, with the texts and numbers among its arguments."""

    name: str
    status: str
    ran_in: str | None = None
    error: str | None = None
    printed: str = ""


def finished(name: str, ran_in: str = "threadpool", printed: str = "") -> Outcome:
    """A task that ran to its end."""
    return Outcome(name, "finished", ran_in, printed=printed)


def failed(name: str, error: str, ran_in: str | None = "threadpool") -> Outcome:
    """A task that raised."""
    return Outcome(name, "failed", ran_in, error)


def never_ran(name: str, status: Literal["skipped", "dropped"]) -> Outcome:
    """A task that was added and did not run."""
    return Outcome(name, status)


@dataclass(frozen=True, eq=False)
class Scenario:
    """One behaviour.

    Attributes:
        name: the row of BEHAVIOURS.md and the behaviour, as a sentence.
        build: makes the app, afresh for each run.
        steps: what the caller does; a Wait at the end is added.
        replies: one for each Call, Stream, GiveUp and WebSocket.
        events: the order of events, one a line: "request_sent 1", "task_added write_log", "client_left 1"; "note x" is
            where the app's code noted x. A line that begins with "~" is an event that really is concurrent with its
            neighbours, on the server too: that it happens is compared, its place is not.
        tasks: the outcome of each task, in the order in which they were added.
        errors: the first line of what left the app, by request id; for all other requests, nothing did.
        root_path: where the server or client says that the app is mounted.
    """

    name: str
    build: Callable[[Stage], FastAPI]
    steps: tuple[Step, ...]
    replies: tuple[Reply, ...]
    events: str
    tasks: tuple[Outcome, ...] = ()
    errors: Mapping[int, str] = field(default_factory=dict)
    root_path: str = ""

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.events.splitlines() if line.strip()]

    @property
    def concurrent(self) -> frozenset[str]:
        """The events whose place in the order is not compared."""
        return frozenset(line.removeprefix("~").strip() for line in self.lines if line.startswith("~"))

    @property
    def expected(self) -> "Observation":
        """What each runner has to see."""
        order = tuple(line for line in self.lines if not line.startswith("~"))
        return Observation(self.replies, order, self.concurrent, self.tasks, dict(self.errors))


@dataclass(frozen=True)
class Observation:
    """What a runner saw, in the words of a scenario."""

    replies: tuple[Reply, ...]
    events: tuple[str, ...]
    concurrent: frozenset[str]
    tasks: tuple[Outcome, ...]
    errors: dict[int, str]
    headers: tuple[dict[str, str], ...] = field(default=(), compare=False)
    """The headers of the responses; no scenario spells them out, but all runners have to show the same."""
    logged: tuple[str, ...] | None = field(default=None, compare=False)
    """The exceptions that a server logged, as "Type: message"; None where there is no server."""

    def __str__(self) -> str:
        """Line by line, so that a test that fails shows the lines that differ."""
        concurrent = [f"{event} (at any place)" for event in sorted(self.concurrent)]
        errors = [f"request {number} raised {error}" for number, error in self.errors.items()]
        return "\n".join([*map(repr, self.replies), *self.events, *concurrent, *map(repr, self.tasks), *errors])


def observe(scenario: Scenario, stage: Stage, timeline: Timeline, replies: list[Reply]) -> Observation:
    """What is to be compared of one run."""
    events = event_labels(timeline)
    for position, text in sorted(stage.notes, key=lambda note: note[0])[::-1]:
        events.insert(position, f"note {text}")
    tasks = [Outcome(label(t), t.status, t.ran_in, t.error, t.printed) for t in timeline.tasks]
    return Observation(
        replies=tuple(replies),
        events=tuple(event for event in events if event not in scenario.concurrent),
        concurrent=frozenset(events) & scenario.concurrent,
        tasks=tuple(tasks),
        errors={request.id: first_line(request.error) for request in timeline.requests if request.error is not None},
    )


def first_line(text: str) -> str:
    """An error's text as far as it is the same everywhere; FastAPI goes on with a file and its line."""
    return text.partition("\n")[0]


def event_labels(timeline: Timeline) -> list[str]:
    """The events of a timeline in their order, as a scenario writes them."""
    names = {task.id: label(task) for task in timeline.tasks}
    return [f"{e.kind} {e.request_id if e.task_id is None else names[e.task_id]}" for e in timeline.events]


def label(task: Task) -> str:
    """A task's bare name, with the texts and numbers among its arguments."""
    arguments = [repr(argument) for argument in task.args if isinstance(argument, (str, int))]
    return f"{task.name}({', '.join(arguments)})" if arguments else task.name


def unfinished(timeline: Timeline) -> tuple[str, ...]:
    """The tasks that have not ended yet."""
    return tuple(label(task) for task in timeline.tasks if task.ended is None)
