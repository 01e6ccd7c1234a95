"""A call of a caller into the simulation: until when it lets the app run, and how it came back."""

import enum
import threading

from bgdemo.simulation.participants import Participant
from bgdemo.simulation.wakeups import to_nanoseconds
from bgdemo.threads.signal import Signal


class Verdict(enum.Enum):
    """Why a caller has the baton back."""

    DONE = "what it waited for has happened"
    TIME = "its time was up"
    STUCK = "nobody can run and nothing is scheduled"
    SPINNING = "one instant goes on without end"
    REAL_IO = "time would have to move while a real socket is waited for"
    BLOCKED = "a participant holds the baton and does nothing"
    OVER = "the simulation has ended meanwhile"


class Call:
    """While it lasts, the app runs.

    Args:
        signal: set when what the caller waits for has happened; None if it waits for nothing but the time.
        seconds: on the simulation's clock; infinity for as long as it takes.
        patient: the caller wants no errors: where nothing can happen any more, its time is up.
    """

    __slots__ = ("_signalled", "culprit", "lock", "patient", "seconds", "signal", "until", "until_ns", "verdict")

    def __init__(self, signal: Signal | None, seconds: float, *, patient: bool = False) -> None:
        self.signal = signal
        self.seconds = seconds
        self.patient = patient
        self.verdict: Verdict | None = None
        self.culprit: Participant | None = None
        self.lock = threading.Lock()  # released to hand the baton back
        self.lock.acquire()
        self._signalled = False

    def begin(self, now: float) -> None:
        """The call begins; `now` is in seconds."""
        self.until = now + self.seconds
        self.until_ns = to_nanoseconds(self.until)

    @property
    def done(self) -> bool:
        """True once what the caller waits for has happened."""
        if not self._signalled and self.signal is not None:
            self._signalled = self.signal.wait(0)
        return self._signalled

    def give_back(self, verdict: Verdict) -> None:
        """Hand the baton back to the caller."""
        if self.verdict is None:
            self.lock.release()
        self.verdict = verdict
