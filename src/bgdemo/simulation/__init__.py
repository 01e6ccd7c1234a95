"""A simulated clock: hours of background work in milliseconds, exact, and the same every time.

It may use threads, and what recording knows of the user's own code; it knows no client.
"""

from bgdemo.simulation.clock import SimulatedClock

__all__ = ["SimulatedClock"]
