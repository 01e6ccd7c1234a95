"""What time it is in a simulation, what is to ring when, and how much has happened in one instant."""

from bgdemo.simulation.calls import Call
from bgdemo.simulation.participants import AnyParticipant
from bgdemo.simulation.wakeups import NANOSECONDS, NEVER, WakeUps, to_nanoseconds

KNOWN_LIMIT = 10_000
"""Steps of one instant that are allowed once it is known that somebody goes on without end."""

CLOSING_LIMIT = 100_000
"""Wake-ups that are allowed while a client is being closed: seconds of real time."""

_READINGS_A_STEP = 10


class Moments:
    """Simulated time, which moves from alarm to alarm.

    Args:
        now: seconds that the clock shows at first.
        epoch: seconds since 1970 at which the clock shows 0.
        max_steps: steps of one instant after which it is said to go on without end.
        max_wakeups: times that sleepers may wake in one call before that is said; None for any number.
    """

    def __init__(
        self, *, now: float = 0.0, epoch: float = 0.0, max_steps: int = 1_000_000, max_wakeups: int | None = None
    ) -> None:
        self.seconds = now
        """As event loops read it: never less than the deadline that was last met, whatever floats do."""
        self.nanoseconds = to_nanoseconds(now)
        """The same, exact."""
        self.epoch = epoch
        self.wakeups = WakeUps()
        self.steps = 0
        """Steps of event loops, and times that the baton was passed on, in this instant."""
        self._readings = 0
        self._max_steps = max_steps
        self._max_wakeups = max_wakeups
        self._spinners: set[AnyParticipant] = set()

    @property
    def is_endless(self) -> bool:
        """True if so much has happened in this instant that it will hardly end."""
        return self.steps >= self._max_steps

    def set_time(self, seconds: float, nanoseconds: float) -> None:
        """Time moves."""
        if nanoseconds > self.nanoseconds:
            self.nanoseconds = nanoseconds
            self.count_anew()
        self.seconds = max(self.seconds, seconds, self.nanoseconds / NANOSECONDS)

    def count_anew(self) -> None:
        """Another instant, or another call, begins."""
        self.steps = self._readings = 0

    def count_step(self, me: AnyParticipant) -> None:
        """A participant goes on without waiting."""
        self.steps += 1
        if self.steps >= self._max_steps:
            self._spinners.add(me)

    def count_reading(self) -> bool:
        """A participant looks at the clock; True if this instant has had enough of that."""
        self._readings += 1
        if self._readings < self._max_steps * _READINGS_A_STEP:
            return False
        self.steps = self._max_steps
        return True

    def somebody_spins(self) -> None:
        """It is known now, and the client has yet to close: do not wait as long again."""
        self._max_steps = min(self._max_steps, KNOWN_LIMIT)

    def wakes_without_end(self, call: Call) -> bool:
        """True if so many have slept and woken in one call that it will hardly end; counts one who is about to wake."""
        limit = self._max_wakeups
        if call.patient and call.until == NEVER:  # whoever closes has no time to give, and wants no error
            limit = min(limit or CLOSING_LIMIT, CLOSING_LIMIT)
        call.wakeups += 1
        if limit is None or call.wakeups <= limit:
            return False
        self._max_wakeups = min(limit, KNOWN_LIMIT)
        return True

    def spins(self, participant: AnyParticipant) -> bool:
        """True for one who has gone on without end."""
        return participant in self._spinners
