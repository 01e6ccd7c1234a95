"""Thread pools that were there before the simulation: their threads take no part in it, so others do their jobs."""

import concurrent.futures
import threading
from typing import Any

from bgdemo._compat.cpython import options_of, threads_of, was_shut_down, work_queue_of
from bgdemo.simulation import aliases, waits
from bgdemo.simulation.baton import Player, here
from bgdemo.simulation.threads import members
from bgdemo.threads.executor import DaemonExecutor

real_submit = concurrent.futures.ThreadPoolExecutor.submit


def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> "concurrent.futures.Future[Any]":
    """ThreadPoolExecutor.submit: a participant's job is done by participants, by as many as the pool has threads."""
    me = here()
    if me is None:
        return real_submit(self, fn, *args, **kwargs)
    fn, args = aliases.prepare(fn, args)
    if not was_shut_down(self) and not _takes_part(self, me) and (double := _double(self, me)) is not None:
        return double.submit(fn, *args, **kwargs)
    return real_submit(self, fn, *args, **kwargs)


def _takes_part(pool: Any, me: Player) -> bool:
    if not isinstance(work_queue_of(pool), waits.SimpleQueue):
        return False
    return all(_baton_of(thread) is me.baton for thread in threads_of(pool))


def _baton_of(thread: threading.Thread) -> object:
    participant = members.get(thread)
    return None if participant is None else participant.baton


def _double(pool: Any, me: Player) -> concurrent.futures.Executor | None:
    """The pool on the clock; None for one whose jobs are not simply called: they run in real time, as in a process."""
    double = me.baton.pools.get(pool)
    if double is None and (options := options_of(pool)) is not None:
        workers, prefix, initializer, initargs = options
        double = DaemonExecutor(workers, f"{prefix} on a simulated clock", initializer, initargs)
        me.baton.pools[pool] = double
    return double
