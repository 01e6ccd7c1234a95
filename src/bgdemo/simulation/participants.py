"""The threads that take part in a simulation, and what each of them waits for."""

import threading
from typing import Any, Generic, Literal, TypeVar

B = TypeVar("B")

Kind = Literal["loop", "worker", "thread"]
"""It runs an event loop; jobs for an event loop or a pool; or what the app wants."""


class Participant(Generic[B]):
    """A thread of the app: it runs only while it holds the baton, whose kind baton.py says."""

    __slots__ = ("baton", "calls", "ended", "interrupts", "kind", "lock", "nap", "native_id", "thread", "waiter")

    def __init__(self, baton: B, thread: threading.Thread | None, kind: Kind) -> None:
        self.baton = baton
        self.thread = thread
        self.kind = kind
        self.lock = threading.Lock()  # released to hand over the baton
        self.lock.acquire()
        self.waiter: Waiter | None = None
        self.nap: Nap | None = None
        self.native_id = 0
        self.calls = 0  # under way, to clients on other simulated clocks
        self.interrupts = 0  # times that it was told to stop computing
        self.ended = False


AnyParticipant = Participant[Any]
"""For those below the baton, who do not look at it."""


class Waiter:
    """One wait of one participant; it has the method that threading.Condition calls to wake a waiter."""

    __slots__ = ("called", "participant")

    def __init__(self, participant: AnyParticipant) -> None:
        self.participant = participant
        self.called = False

    def release(self) -> None:
        """End the wait, or have it end as soon as it begins. On any thread."""
        self.participant.baton.wake(self)


class Nap:
    """The time at which a participant wakes by itself."""

    __slots__ = ("alive", "participant")

    def __init__(self, participant: AnyParticipant) -> None:
        self.participant = participant
        self.alive = True

    def ring(self) -> None:
        """Wake the sleeper; the baton calls this when the time has come."""
        self.participant.baton.make_ready(self.participant)


class ClockClosed(BaseException):
    """Ends a job that sleeps on a clock that has ended; nobody gets to see it, and `except Exception` must not."""


_by_ident: dict[int, AnyParticipant] = {}


def here() -> AnyParticipant | None:
    """The participant that this thread is; None on every other thread, and once its simulation is over."""
    me = _by_ident.get(threading.get_ident())
    return None if me is None or me.baton.closed else me


def enter(participant: AnyParticipant) -> None:
    """This thread is a participant from now on; returns when it has the baton for the first time."""
    participant.native_id = threading.get_native_id()
    _by_ident[threading.get_ident()] = participant
    participant.lock.acquire()


def leave(participant: AnyParticipant) -> None:
    """This thread is no participant any more."""
    _by_ident.pop(threading.get_ident(), None)
    participant.baton.remove(participant)


class Outside:
    """Within this block the thread is no participant: its waits and its sleeps are real."""

    __slots__ = ("_me",)

    def __enter__(self) -> None:
        self._me = _by_ident.pop(threading.get_ident(), None)

    def __exit__(self, *error: object) -> None:
        if self._me is not None:
            _by_ident[threading.get_ident()] = self._me
