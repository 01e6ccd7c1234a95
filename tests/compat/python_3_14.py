"""Let this Python look as 3.14 does where bgdemo borrows from it: `PYTHONPATH=tests pytest -p compat.python_3_14 ...`.

For Pythons on which 3.14 cannot be installed. What is here was read in 3.14's concurrent/futures/thread.py and
asyncio/events.py: names that are gone, names that are new, and what warns or raises there.
"""

import asyncio
import functools
import multiprocessing
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, thread
from typing import Any


class WorkerContext:
    """What a pool's thread begins with, in the place of a pool's `_initializer` and `_initargs`."""

    def __init__(self, initializer: Callable[..., object] | None, initargs: tuple[Any, ...]) -> None:
        self.initializer = initializer
        self.initargs = initargs


def _pools() -> None:
    init, start_thread = ThreadPoolExecutor.__init__, ThreadPoolExecutor._adjust_thread_count

    @functools.wraps(init)
    def new_init(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self._create_worker_context = functools.partial(WorkerContext, self._initializer, self._initargs)
        del self._initializer, self._initargs

    def new_start_thread(self: Any) -> None:
        context = self._create_worker_context()
        self._initializer, self._initargs = context.initializer, context.initargs
        try:
            start_thread(self)
        finally:
            del self._initializer, self._initargs

    thread.WorkerContext = WorkerContext
    ThreadPoolExecutor.__init__ = new_init
    ThreadPoolExecutor._adjust_thread_count = new_start_thread


def _deprecated(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def warning(*args: Any) -> Any:
        warnings.warn(f"{name!r} is deprecated and slated for removal in Python 3.16", DeprecationWarning, stacklevel=2)
        return function(*args)

    return warning


def _event_loops() -> None:
    events = asyncio.events
    policy_class, get_policy = events.BaseDefaultEventLoopPolicy, events.get_event_loop_policy
    events._BaseDefaultEventLoopPolicy = policy_class
    del events.BaseDefaultEventLoopPolicy

    def get_event_loop(self: Any) -> asyncio.AbstractEventLoop:
        if self._local._loop is None:
            raise RuntimeError("There is no current event loop in this thread.")
        return self._local._loop

    policy_class.get_event_loop = get_event_loop
    events.new_event_loop = asyncio.new_event_loop = lambda: get_policy().new_event_loop()
    events.set_event_loop = asyncio.set_event_loop = lambda loop: get_policy().set_event_loop(loop)
    for name in ("get_event_loop_policy", "set_event_loop_policy"):
        deprecated = _deprecated(f"asyncio.{name}", getattr(events, name))
        setattr(events, f"_{name}", getattr(events, name))
        setattr(events, name, deprecated)
        setattr(asyncio, name, deprecated)


_pools()
_event_loops()
if "forkserver" in multiprocessing.get_all_start_methods():  # 3.14's default there
    multiprocessing.set_start_method("forkserver")
