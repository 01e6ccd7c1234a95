"""Threads that the app starts, itself or through AnyIO and executors, take part in the simulation of their parent."""

import functools
import threading
from typing import Any

from bgdemo._compat import anyio
from bgdemo._compat.cpython import is_pool_thread
from bgdemo.simulation import aliases
from bgdemo.simulation.baton import Player, here
from bgdemo.simulation.participants import ClockClosed, Outside, Waiter, enter, leave
from bgdemo.threads.loop_thread import ThreadOfLoop

real_start = threading.Thread.start
real_run_sync = anyio.PLACE.run_sync
real_join = threading.Thread.join

_joiners: dict[threading.Thread, list[Waiter]] = {}
members: dict[threading.Thread, Player] = {}
"""The participants that are threads which the app started."""


def start(self: threading.Thread) -> None:
    """threading.Thread.start: a thread that a participant starts is a participant."""
    me = here()
    if me is None or isinstance(self, ThreadOfLoop):  # a client's own loop, of whatever clock, is none of the app's
        with Outside():
            real_start(self)
        return
    with Outside():  # the new thread says that it has started before it asks for the baton
        participant = me.baton.add(self, "worker" if anyio.is_worker(self) or is_pool_thread(self) else "thread")
        self.run = functools.partial(_run, participant, self.run)  # type: ignore[method-assign]
        members[self] = participant
        try:
            real_start(self)
        except BaseException:
            members.pop(self, None)
            me.baton.remove(participant)
            del self.run
            raise


def join(self: threading.Thread, timeout: float | None = None) -> None:
    """threading.Thread.join: a participant gives the baton away until the other one has ended."""
    me = here()
    other = members.get(self)
    if me is None or other is None or other is me or other.ended or other.baton is not me.baton:
        real_join(self, timeout)
        return
    waiter = Waiter(me)
    _joiners.setdefault(self, []).append(waiter)
    if me.baton.park(me, waiter, None if timeout is None else me.baton.seconds + max(timeout, 0)):
        real_join(self)  # it has yet to take leave of the interpreter


def run_sync(func: Any, *args: Any, **kwargs: Any) -> Any:
    """anyio.to_thread.run_sync, by which Starlette and FastAPI reach their threads."""
    if here() is not None:
        func, args = aliases.prepare(func, args)
    return real_run_sync(func, *args, **kwargs)


def _run(participant: Player, run: Any) -> None:
    thread = threading.current_thread()
    del thread.run
    enter(participant)
    try:
        run()
    except ClockClosed:
        pass
    finally:
        members.pop(thread, None)
        for waiter in _joiners.pop(thread, ()):
            waiter.release()
        leave(participant)
