"""A simulated clock: hours of background work in milliseconds, exact, and the same every time."""

from bgdemo.simulation.clock import SimulatedClock
from bgdemo.simulation.errors import DeadlockError, RealBlockingError, RealIOError

__all__ = ["DeadlockError", "RealBlockingError", "RealIOError", "SimulatedClock"]
