"""Waits that outlive their simulation, or that begin after it: they are real ones."""

import time

from bgdemo.simulation.participants import AnyParticipant, ClockClosed, Waiter

_real_sleep = time.sleep


def wait_for_real(me: AnyParticipant, waiter: Waiter | None, when: float | None) -> bool:
    """Wait on, now that simulated time has ended.

    Args:
        me: the participant that this thread is.
        waiter: ends the wait when it is released; None for a mere sleep.
        when: seconds on what was the simulated clock, at which the wait ends in any case; None for never.

    Returns:
        True if the waiter was released.

    Raises:
        ClockClosed: it is a job that sleeps; nobody waits for it any more.
    """
    left = -1.0 if when is None else max(when - me.baton.time(), 0)
    if waiter is None:
        if me.kind != "thread":
            raise ClockClosed("The simulated clock that this thread slept on has ended.")
        _real_sleep(left)
        return False
    with me.baton.mutex:
        if waiter.called:
            return True
        me.waiter = waiter
    me.lock.acquire(timeout=left)
    while when is None and not waiter.called:  # the end itself may have left the lock open
        me.lock.acquire()
    me.waiter = None
    return waiter.called
