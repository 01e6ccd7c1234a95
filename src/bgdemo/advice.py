"""Which tool for which work: `bgdemo.guide(...)`, the course's last table as a function that can be asked.

The module is not called guide: whoever imported it would find it where the function is.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

THREADS = 40
"""How many `def` tasks run at a time in one process, its `def` routes included."""

COMPUTES = 0.1
"""Seconds of computing from which on a task makes the app's other clients wait where they can feel it."""

LONG = 30.0
"""Seconds that a deploy commonly lets a process end in, before it kills it."""

ROUTE, BACKGROUND, QUEUE = "wait in the route", "BackgroundTasks", "a queue, on Redis or RabbitMQ"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for what is advised."""

    because: str
    shown_in: str
    """The notebook that shows it: "04, part 2"."""

    def __str__(self) -> str:
        return f"{self.because} (notebook {self.shown_in})"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to use, and why."""

    tool: str
    reasons: tuple[Reason, ...]
    mind: tuple[Reason, ...] = ()
    """What to take care of then."""

    def __str__(self) -> str:
        lines = [f"**{self.tool}**, because", "", *(f"- {reason}" for reason in self.reasons)]
        if self.mind:
            lines += ["", "Mind that", "", *(f"- {reason}" for reason in self.mind)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self).replace("**", "").replace("\n\n", "\n")

    def _repr_markdown_(self) -> str:
        return str(self)


def guide(
    *,
    answer_needed: bool = False,
    survives_crash: bool = False,
    retries: bool = False,
    shares_memory: bool = False,
    seconds: float = 0.0,
    cpu_seconds: float = 0.0,
    a_second: float = 0.0,
    machines: int = 1,
) -> Advice:
    """What to use for some work, with the reasons, and the notebook that shows each.

    Args:
        answer_needed: the response needs what the work finds out.
        survives_crash: it must be done even if the app's process dies.
        retries: it must be tried again where it fails.
        shares_memory: it uses variables or objects of the app.
        seconds: how long one task takes, waiting and computing.
        cpu_seconds: how much of that it computes.
        a_second: how many tasks are added a second, at the busiest time.
        machines: how many machines have to share the work.

    Raises:
        ValueError: a number is below 0, or there is no machine.

    >>> import bgdemo
    >>> print(bgdemo.guide(seconds=2))
    **BackgroundTasks**, because
    <BLANKLINE>
    - it is small, ...
    >>> bgdemo.guide(survives_crash=True).tool
    'a queue, on Redis or RabbitMQ'
    """
    numbers = {"seconds": seconds, "cpu_seconds": cpu_seconds, "a_second": a_second}
    for name, value in numbers.items():
        if not (value >= 0 and math.isfinite(value)):
            raise ValueError(f"{name}={value!r}: give a number from 0 on.")
    if machines < 1:
        raise ValueError(f"machines={machines!r}: give a whole number from 1 on.")
    seconds = max(seconds, cpu_seconds)
    if answer_needed:
        return Advice(ROUTE, (_ANSWER,), tuple(_while_the_route_waits(survives_crash or retries, cpu_seconds)))
    reasons = [
        *([_CRASH] if survives_crash else []),
        *([_RETRIES] if retries else []),
        *_too_much_for_one_process(seconds, cpu_seconds, a_second),
        *([Reason(f"{machines} machines have to share it, and a process is on one of them", "08")] * (machines > 1)),
    ]
    if reasons:
        return Advice(QUEUE, tuple(reasons), tuple(_with_a_queue(shares_memory, seconds, machines)))
    return Advice(BACKGROUND, (_SHARES if shares_memory else _SMALL,), (_MEMORY,))


_ANSWER = Reason("the response needs what the work finds out: after the response it comes too late", "01")
_CRASH = Reason("it must be done even if the app's process dies, and BackgroundTasks die with it", "08")
_RETRIES = Reason("it must be tried again where it fails, and a background task that raises is over", "04")
_SHARES = Reason("it uses the app's own variables and objects, which no other process has", "08")
_SMALL = Reason("it is small, and may be lost once in a while: the client does not wait, nothing is to be set up", "00")
_MEMORY = Reason("a deploy waits for its tasks, and a crash does not: what then runs is lost", "08")
_TWICE = Reason("a task may come twice: write it so that the second time changes nothing", "08")
_SENT = Reason("a task is sent at once, and not when the response has left: it runs even if the route raises", "08")


def _while_the_route_waits(must_be_done: bool, cpu_seconds: float) -> Iterator[Reason]:
    if must_be_done:
        yield Reason("until it is done the client has no 200: it sees that the work failed, and can ask again", "00")
    if cpu_seconds >= COMPUTES:
        yield Reason("in an `async def` route all other clients would wait too: take a `def` route", "04, part 2")


def _too_much_for_one_process(seconds: float, cpu_seconds: float, a_second: float) -> Iterator[Reason]:
    at_a_time = seconds * a_second
    if at_a_time > THREADS:
        yield Reason(
            f"{a_second:g} a second of {seconds:g} s each are {at_a_time:g} at a time, and a process has {THREADS} "
            "threads: more and more would wait",
            "04, part 2",
        )
    if cpu_seconds >= COMPUTES or cpu_seconds * a_second >= 0.5:
        yield Reason(
            f"it computes for {cpu_seconds:g} s, and all that time the app's own process has less left for its clients",
            "08",
        )
    if seconds >= LONG:
        yield Reason(f"it takes {seconds:g} s, and every deploy has to wait so long, or loses it", "08")


def _with_a_queue(shares_memory: bool, seconds: float, machines: int) -> Iterator[Reason]:
    yield _TWICE
    yield _SENT
    if shares_memory:
        yield Reason("a worker does not see the app's variables: pass what it needs, such as the id of a row", "08")
    if seconds >= LONG:
        yield Reason(f"on Redis the visibility timeout must be longer than {seconds:g} s, or the task runs twice", "08")
    if machines > 100:
        yield Reason("one broker is not enough for so many: each kind of work gets brokers of its own", "08")
