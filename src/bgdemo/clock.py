"""What time it is: on the wall, or wherever a clock of your own says."""

import time
from typing import Literal, Protocol, runtime_checkable

ClockName = Literal["real", "simulated"]


@runtime_checkable
class Clock(Protocol):
    """Where a recorder reads the time of an event."""

    @property
    def simulated(self) -> bool:
        """True if a second of this clock is not a second on the wall."""
        ...

    def start(self) -> None:
        """Let the clock run. It starts once; starting it again changes nothing."""
        ...

    def time(self) -> float:
        """Seconds since the clock was started; 0.0 before that."""
        ...


class ClientClock(Clock, Protocol):
    """A client's clock, which can be told to go forward if it is a simulated one."""

    def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due until then."""
        ...


class RealClock:
    """The clock on the wall, read as seconds since a client's first request."""

    simulated = False

    def __init__(self) -> None:
        self._started_at: float | None = None

    @classmethod
    def started(cls, reading: float) -> "RealClock":
        """A clock that was started when `time.perf_counter` gave this reading, perhaps in another process."""
        clock = cls()
        clock._started_at = reading
        return clock

    def start(self) -> None:
        """Let the clock run from now on, unless it runs already."""
        if self._started_at is None:
            self._started_at = time.perf_counter()

    def time(self) -> float:
        """Seconds since the clock was started; 0.0 before that."""
        if self._started_at is None:
            return 0.0
        return time.perf_counter() - self._started_at

    def advance(self, seconds: float) -> None:
        """Refuse: real seconds pass by themselves.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            f"advance({seconds!r}): nobody can advance the real clock. Wait, with client.drain() for the end of all "
            'tasks, or make the client with clock="simulated".'
        )

    def at(self, reading: float) -> float:
        """The time when `time.perf_counter` gave this reading, which is one for all processes of a machine."""
        return 0.0 if self._started_at is None else reading - self._started_at


def as_clock(clock: ClockName | Clock) -> Clock:
    """The clock that a name stands for; a clock stands for itself.

    Raises:
        TypeError: it is neither.
    """
    if clock == "real":
        return RealClock()
    if isinstance(clock, Clock):
        return clock
    raise TypeError(f"clock={clock!r} is no clock: pass 'real', or an object with simulated, start() and time().")
