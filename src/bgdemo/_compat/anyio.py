"""AnyIO: the threads that sync routes and tasks run in."""

import threading
from typing import Any

import anyio.to_thread

from bgdemo._compat.borrowed import Borrowed
from bgdemo._compat.cpython import REFUSES

BACKEND = "anyio._backends._asyncio"
"""The module that AnyIO imports when it is first used on asyncio."""

BORROWED = (
    Borrowed(
        f"{BACKEND}.WorkerThread",
        needed_for="telling AnyIO's threads, whose sleep ends with their simulated clock, from those of the app",
        breaks_when="AnyIO runs its jobs in threads of another class",
        then="they sleep on for real when their clock has ended",
        has_fallback=True,
    ),
    Borrowed(
        "starlette.concurrency.anyio.to_thread.run_sync",
        needed_for="refusing a real sleep in a sync route or task on a simulated clock: Starlette looks there",
        breaks_when="Starlette has the function under a name of its own, or another package's",
        then=REFUSES,
    ),
    Borrowed(
        "fastapi.concurrency.anyio.to_thread.run_sync",
        needed_for="the same in a sync dependency with yield, where FastAPI looks at each call",
        breaks_when="FastAPI has the function under a name of its own, or another package's",
        then="a real sleep in such a dependency's end is found out after real_timeout seconds",
        has_fallback=True,
    ),
)

PLACE: Any = anyio.to_thread
"""The module in which Starlette and FastAPI look for `run_sync` at each call."""


def is_worker(thread: threading.Thread) -> bool:
    """True for a thread that AnyIO has made for jobs."""
    return type(thread).__module__.startswith("anyio.")
