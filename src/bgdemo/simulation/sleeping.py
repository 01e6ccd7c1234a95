"""time.sleep and the readings of the clock, by thread: simulated for participants, real for everybody else."""

import time
from collections.abc import Callable
from typing import Any

from bgdemo.simulation.baton import Player, here
from bgdemo.simulation.wakeups import NANOSECONDS

real_sleep = time.sleep
_real_time = time.time
_real_time_ns = time.time_ns
_real_monotonic = time.monotonic
_real_monotonic_ns = time.monotonic_ns
_real_perf_counter = time.perf_counter
_real_perf_counter_ns = time.perf_counter_ns


def sleep(seconds: float, /) -> None:
    """time.sleep. A worker thread parks; the event loop's thread parks, and its loop stands still with it."""
    me = here()
    if me is None or not _is_duration(seconds):
        real_sleep(seconds)  # which also raises what time.sleep raises
    elif seconds > 0:
        me.baton.park(me, None, me.baton.seconds + seconds)
    else:
        me.baton.step(me)
        me.baton.let_others(me, go_first=False)


def read_time() -> float:
    """time.time: seconds since 1970, from the simulation's start date on."""
    me = here()
    return _real_time() if me is None else me.baton.epoch + me.baton.read(me)


def read_time_ns() -> int:
    """time.time_ns."""
    me = here()
    return _real_time_ns() if me is None else round(me.baton.epoch * NANOSECONDS) + _nanoseconds(me)


def read_monotonic() -> float:
    """time.monotonic: what the event loop's own time() shows."""
    me = here()
    return _real_monotonic() if me is None else me.baton.read(me)


def read_monotonic_ns() -> int:
    """time.monotonic_ns."""
    me = here()
    return _real_monotonic_ns() if me is None else _nanoseconds(me)


def read_perf_counter() -> float:
    """time.perf_counter."""
    me = here()
    return _real_perf_counter() if me is None else me.baton.read(me)


def read_perf_counter_ns() -> int:
    """time.perf_counter_ns."""
    me = here()
    return _real_perf_counter_ns() if me is None else _nanoseconds(me)


REPLACEMENTS: dict[str, Callable[..., Any]] = {
    "sleep": sleep,
    "time": read_time,
    "time_ns": read_time_ns,
    "monotonic": read_monotonic,
    "monotonic_ns": read_monotonic_ns,
    "perf_counter": read_perf_counter,
    "perf_counter_ns": read_perf_counter_ns,
}
"""What stands in for which function of the time module."""


def _nanoseconds(me: Player) -> int:
    me.baton.read(me)
    return int(me.baton.nanoseconds)


def _is_duration(seconds: object) -> bool:
    return isinstance(seconds, (int, float)) and seconds >= 0
