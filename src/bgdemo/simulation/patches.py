"""What is replaced in the process while at least one simulated clock runs, and put back after the last one."""

import asyncio
import concurrent.futures
import queue
import threading
import time
from typing import Any

from bgdemo._compat import anyio as compat_anyio
from bgdemo._compat import asyncio as compat_asyncio
from bgdemo._compat import cpython
from bgdemo._compat.borrowed import require
from bgdemo.errors import ClientError
from bgdemo.simulation import aliases, loop, pools, sleeping, threads, waits

_lock = threading.RLock()
_users = 0
_saved: list[tuple[Any, str, Any]] = []


def refuse_elsewhere() -> None:
    """Raise ClientError where Python, asyncio or AnyIO has not what a simulated clock needs; the message says what."""
    require(ClientError, *cpython.BORROWED, *compat_asyncio.BORROWED, *compat_anyio.BORROWED)


def install() -> None:
    """Put the replacements in place; each call needs one `uninstall`."""
    global _users
    refuse_elsewhere()
    with _lock:
        _users += 1
        if _users == 1:
            for name, function in sleeping.REPLACEMENTS.items():
                _replace(time, name, function)
            _replace(threading.Condition, "wait", waits.wait)
            _replace(threading.Thread, "start", threads.start)
            _replace(threading.Thread, "join", threads.join)
            _replace(compat_anyio.PLACE, "run_sync", threads.run_sync)
            _replace(asyncio, "new_event_loop", loop.new_event_loop)
            _replace(asyncio.events, "new_event_loop", loop.new_event_loop)  # where asyncio.run looks
            if compat_asyncio.POLICY is not None:
                _replace(compat_asyncio.POLICY, "new_event_loop", loop.new_event_loop_of_policy)
            _replace(queue, "SimpleQueue", waits.SimpleQueue)
            for module, name in cpython.CLOCK_READERS:
                _replace(module, name, sleeping.read_monotonic)
            _replace(concurrent.futures.ThreadPoolExecutor, "submit", pools.submit)
            aliases.install()


def uninstall() -> None:
    """Undo one `install`; the last one leaves the process as it was."""
    global _users
    with _lock:
        _users -= 1
        if not _users:
            aliases.uninstall()
            while _saved:
                place, name, original = _saved.pop()
                setattr(place, name, original)


def _replace(place: Any, name: str, value: Any) -> None:
    _saved.append((place, name, getattr(place, name)))
    setattr(place, name, value)
