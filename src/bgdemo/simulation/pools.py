"""Thread pools that were there before the simulation: their threads take no part in it, so others do their jobs."""

import concurrent.futures
import threading
from typing import Any

from bgdemo.simulation import aliases, waits
from bgdemo.simulation.participants import Participant, here
from bgdemo.simulation.threads import members
from bgdemo.threads.executor import DaemonExecutor

real_submit = concurrent.futures.ThreadPoolExecutor.submit


def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> "concurrent.futures.Future[Any]":
    """ThreadPoolExecutor.submit: a participant's job is done by participants, by as many as the pool has threads."""
    me = here()
    if me is None:
        return real_submit(self, fn, *args, **kwargs)
    fn, args = aliases.prepare(fn, args)
    if self._shutdown or _takes_part(self, me):
        return real_submit(self, fn, *args, **kwargs)
    return _double(self, me).submit(fn, *args, **kwargs)


def _takes_part(pool: Any, me: Participant) -> bool:
    if not isinstance(pool._work_queue, waits.SimpleQueue):
        return False
    return all(_baton_of(thread) is me.baton for thread in pool._threads)


def _baton_of(thread: threading.Thread) -> object:
    participant = members.get(thread)
    return None if participant is None else participant.baton


def _double(pool: Any, me: Participant) -> concurrent.futures.Executor:
    double = me.baton.pools.get(pool)
    if double is None:
        double = DaemonExecutor(
            pool._max_workers, f"{pool._thread_name_prefix} on a simulated clock", pool._initializer, pool._initargs
        )
        me.baton.pools[pool] = double
    return double
