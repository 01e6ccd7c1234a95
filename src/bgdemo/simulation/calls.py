"""A call of a caller into the simulation: until when it lets the app run, and how it came back."""

import enum
import threading

from bgdemo.simulation.participants import AnyParticipant
from bgdemo.simulation.wakeups import to_nanoseconds
from bgdemo.threads.signal import Signal


class CallEnd(enum.Enum):
    """Why a caller has the baton back."""

    DONE = "what it waited for has happened"
    TIME = "its time was up"
    STUCK = "nobody can run and nothing is scheduled"
    SPINNING = "one instant goes on without end"
    ENDLESS = "sleepers have woken more often than may be in one call"
    REAL_IO = "time would have to move while a real socket is waited for"
    BLOCKED = "a participant holds the baton and does nothing"
    CLOSED = "the clock was closed meanwhile"


class Call:
    """While it lasts, the app runs.

    Args:
        signal: set when what the caller waits for has happened; None if it waits for nothing but the time.
        seconds: on the simulation's clock; infinity for as long as it takes.
        patient: the caller wants no errors: where nothing can happen any more, its time is up.
    """

    __slots__ = ("_signalled", "culprit", "how", "lock", "patient", "seconds", "signal", "until", "until_ns", "wakeups")

    def __init__(self, signal: Signal | None, seconds: float, *, patient: bool = False) -> None:
        self.signal = signal
        self.seconds = seconds
        self.patient = patient
        self.how: CallEnd | None = None
        self.culprit: AnyParticipant | None = None
        self.wakeups = 0  # times that somebody was woken while it lasted
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

    def give_back(self, how: CallEnd) -> None:
        """Hand the baton back to the caller."""
        if self.how is None:
            self.lock.release()
        self.how = how
