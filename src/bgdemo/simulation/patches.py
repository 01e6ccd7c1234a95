"""What is replaced in the process while at least one simulated clock runs, and put back after the last one."""

import asyncio
import concurrent.futures
import queue
import threading
import time
from typing import Any

import anyio.to_thread

from bgdemo.simulation import aliases, loop, pools, sleeping, threads, waits

_lock = threading.RLock()
_users = 0
_saved: list[tuple[Any, str, Any]] = []


def install() -> None:
    """Put the replacements in place; each call needs one `uninstall`."""
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            for name, function in sleeping.REPLACEMENTS.items():
                _replace(time, name, function)
            _replace(threading.Condition, "wait", waits.wait)
            _replace(threading.Thread, "start", threads.start)
            _replace(threading.Thread, "join", threads.join)
            _replace(anyio.to_thread, "run_sync", threads.run_sync)
            _replace(asyncio, "new_event_loop", loop.new_event_loop)
            _replace(asyncio.events, "new_event_loop", loop.new_event_loop)  # where asyncio.run looks
            if loop.POLICY is not None:
                _replace(loop.POLICY, "new_event_loop", loop.new_event_loop_of_policy)
            _replace(queue, "SimpleQueue", waits.SimpleQueue)
            _replace(threading, "_time", sleeping.read_monotonic)  # bound early there: Condition.wait_for reads it
            _replace(queue, "time", sleeping.read_monotonic)  # and here queue.Queue.get
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
