"""What the simulated clock says when it cannot go on."""

from bgdemo.errors import BgdemoError


class DeadlockError(BgdemoError, RuntimeError):
    """Everybody waits and nothing is scheduled, or one instant goes on without end: time cannot move."""


class RealBlockingError(BgdemoError, RuntimeError):
    """A thread of the app waits for something real, which a simulated clock cannot see or shorten."""


class RealIOError(BgdemoError, RuntimeError):
    """A real socket or pipe was given to the simulated event loop; how long it takes cannot be simulated."""
