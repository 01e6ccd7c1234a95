"""CPython: threads, conditions, thread pools and stacks, as far as its documentation says nothing of them."""

import atexit
import concurrent.futures.thread
import operator
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType, ModuleType
from typing import Any

from bgdemo._compat.borrowed import Borrowed

REFUSES = "a simulated clock does not start: use clock='real', or a Python that bgdemo is tested with, 3.11 to 3.13"
_POOL = "concurrent.futures.ThreadPoolExecutor()"
_IN_ITS_PLACE = "a pool from outside, whose jobs have a pool on the simulated clock in its place"
_MAKES_POOLS_ANEW = "thread pools are built in another way"
_SINCE_3_14 = "a pool keeps what its threads begin with elsewhere, as it does from Python 3.14 on"

BORROWED = (
    Borrowed(
        "concurrent.futures.thread._threads_queues",
        needed_for="a pool whose threads do not keep an interpreter from ending",
        breaks_when="the interpreter learns from something else which pools to wait for",
        then="it waits for a thread of asyncio.to_thread that still runs when it ends",
        has_fallback=True,
    ),
    Borrowed(
        f"{_POOL}._threads",
        needed_for="the same, and to see whether a pool's threads are on a simulated clock",
        breaks_when=_MAKES_POOLS_ANEW,
        then=REFUSES,
    ),
    Borrowed(
        f"{_POOL}._work_queue",
        needed_for="seeing whether a pool was made while a clock was simulated",
        breaks_when=_MAKES_POOLS_ANEW,
        then=REFUSES,
    ),
    Borrowed(
        f"{_POOL}._shutdown",
        needed_for="the error of a pool that was shut down, which is the pool's own",
        breaks_when=_MAKES_POOLS_ANEW,
        then=REFUSES,
    ),
    Borrowed(
        f"{_POOL}._max_workers",
        needed_for=_IN_ITS_PLACE,
        breaks_when=_MAKES_POOLS_ANEW,
        then=REFUSES,
    ),
    Borrowed(
        f"{_POOL}._thread_name_prefix",
        needed_for=_IN_ITS_PLACE,
        breaks_when=_MAKES_POOLS_ANEW,
        then=REFUSES,
    ),
    Borrowed(
        f"{_POOL}._initializer",
        or_else=f"{_POOL}._create_worker_context",
        needed_for=_IN_ITS_PLACE,
        breaks_when=_SINCE_3_14,
        then=REFUSES,
    ),
    Borrowed(
        f"{_POOL}._initargs",
        or_else="concurrent.futures.thread.WorkerContext",
        needed_for=_IN_ITS_PLACE,
        breaks_when=_SINCE_3_14,
        then=REFUSES,
    ),
    Borrowed(
        "threading.Condition()._is_owned",
        needed_for="waits on a simulated clock",
        breaks_when="a condition asks its lock in another way",
        then=REFUSES,
    ),
    Borrowed(
        "threading.Condition()._waiters",
        needed_for="waits on a simulated clock: `notify` calls `release` on what is in there",
        breaks_when="a condition wakes its waiters in another way",
        then=REFUSES,
    ),
    Borrowed(
        "threading.Condition()._release_save",
        needed_for="waits on a simulated clock, which let the lock go however often it is held",
        breaks_when="a condition lets its lock go in another way",
        then=REFUSES,
    ),
    Borrowed(
        "threading.Condition()._acquire_restore",
        needed_for="waits on a simulated clock, which take the lock again as often as it was held",
        breaks_when="a condition takes its lock in another way",
        then=REFUSES,
    ),
    Borrowed(
        "threading.Condition()._lock",
        needed_for="naming the lock of a condition that a thread waits for in vain",
        breaks_when="a condition keeps its lock elsewhere",
        then="RealBlockingError shows the stack and names no lock",
        has_fallback=True,
    ),
    Borrowed(
        "threading._time",
        needed_for="the timeout of Condition.wait_for on a simulated clock, which reads time.monotonic by that name",
        breaks_when="threading reads the clock by another name",
        then=REFUSES,
    ),
    Borrowed(
        "queue.time",
        needed_for="the timeouts of queue.Queue on a simulated clock, which reads time.monotonic by that name",
        breaks_when="queue reads the clock by another name",
        then=REFUSES,
    ),
    Borrowed(
        "threading._register_atexit",
        needed_for="ending a simulated clock before the interpreter waits for the threads on it",
        breaks_when="the interpreter's end is arranged in another way",
        then=REFUSES,
    ),
    Borrowed(
        "threading.Thread()._target",
        needed_for="telling a pool's thread, whose sleep ends with its simulated clock, from one of the app's own",
        breaks_when="a thread keeps its function elsewhere",
        then="it sleeps on for real when its clock has ended",
        has_fallback=True,
    ),
    Borrowed(
        "sys._current_frames",
        needed_for="saying where each thread waits",
        breaks_when="another interpreter than CPython is used",
        then="the errors of a simulated clock name no lines of threads",
        has_fallback=True,
    ),
    Borrowed(
        "sys._getframe",
        needed_for="saying who registered a real socket with a simulated event loop",
        breaks_when="another interpreter than CPython is used",
        then="RealIOError names no line",
        has_fallback=True,
    ),
    Borrowed(
        "ctypes.pythonapi",
        needed_for="stopping a thread that computes without end, by PyThreadState_SetAsyncExc",
        breaks_when="the interpreter has no C functions to call, as in a browser",
        then="such a thread is given up, with RealBlockingError",
        has_fallback=True,
    ),
    Borrowed(
        "atexit._run_exitfuncs",
        needed_for="a queue's worker that ends at once, but after what the modules of its tasks have registered",
        breaks_when="atexit runs what was registered in another way",
        then="what they have registered does not run",
        has_fallback=True,
    ),
)

CLOCK_READERS: tuple[tuple[ModuleType, str], ...] = ((threading, "_time"), (queue, "time"))
"""Where the standard library has bound time.monotonic early."""

threads_of: Callable[[Any], set[threading.Thread]] = operator.attrgetter("_threads")
"""Of a pool: the threads that it has started."""

work_queue_of: Callable[[Any], Any] = operator.attrgetter("_work_queue")
"""Of a pool: the queue that its threads take their jobs from."""

was_shut_down: Callable[[Any], bool] = operator.attrgetter("_shutdown")
"""Of a pool: whether it takes no more jobs."""

holds_lock: Callable[[Any], bool] = operator.methodcaller("_is_owned")
"""Of a condition: whether this thread holds its lock."""

frames_of_threads: Callable[[], Mapping[int, FrameType]] = getattr(sys, "_current_frames", dict)
"""The innermost frame of each thread, by the thread's ident."""

frame_here: Callable[[], FrameType | None] = getattr(sys, "_getframe", lambda: None)
"""The frame of whoever calls this."""

run_exit_functions: Callable[[], object] = getattr(atexit, "_run_exitfuncs", lambda: None)
"""Do now what was registered with atexit."""

before_threads_are_joined: Callable[[Any], object] = getattr(threading, "_register_atexit", lambda function: None)
"""Have a function called at the interpreter's exit, before it waits for threads and pools."""

_waited_for_at_exit: Any = getattr(concurrent.futures.thread, "_threads_queues", {})


def let_interpreter_end(pool: concurrent.futures.ThreadPoolExecutor) -> None:
    """Have nobody wait, at the interpreter's exit, for the threads that a pool has now."""
    for thread in getattr(pool, "_threads", ()):
        _waited_for_at_exit.pop(thread, None)


def options_of(pool: Any) -> tuple[int, str, Callable[..., object] | None, tuple[Any, ...]] | None:
    """What a pool was made with, in the order of its arguments.

    None if its threads do not simply call its jobs, as those of Python 3.14's InterpreterPoolExecutor.
    """
    if hasattr(pool, "_initializer"):
        return pool._max_workers, pool._thread_name_prefix, pool._initializer, pool._initargs
    context = pool._create_worker_context()
    if type(context) is not getattr(concurrent.futures.thread, "WorkerContext", None):
        return None
    return pool._max_workers, pool._thread_name_prefix, context.initializer, context.initargs


def is_pool_thread(thread: threading.Thread) -> bool:
    """True for a thread that a pool of concurrent.futures has started, or is about to start."""
    return getattr(getattr(thread, "_target", None), "__module__", None) == "concurrent.futures.thread"


def wait_on(condition: Any, waiter: object, block: Callable[..., bool], *args: object) -> bool:
    """The steps of threading.Condition.wait, with another way to block.

    Args:
        condition: its lock is held; it is let go meanwhile.
        waiter: `notify` calls its `release`.
        block: called with `args`; True if the waiter was released.
        args: for `block`.
    """
    waiters = condition._waiters
    waiters.append(waiter)
    saved = condition._release_save()
    released = False
    try:
        released = block(*args)
        return released
    finally:
        condition._acquire_restore(saved)
        if not released and waiter in waiters:
            waiters.remove(waiter)


def lock_of(value: Any) -> Any:
    """The lock of a condition; anything else is given back as it is."""
    return getattr(value, "_lock", value)


def raise_in_thread(ident: int, error: type[BaseException]) -> bool:
    """Raise an exception in another thread, as soon as it runs Python again; False if that cannot be done."""
    try:
        import ctypes

        raise_there = ctypes.pythonapi.PyThreadState_SetAsyncExc
    except (ImportError, AttributeError):
        return False
    return bool(raise_there(ctypes.c_ulong(ident), ctypes.py_object(error)))
