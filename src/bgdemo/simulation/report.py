"""Who waits where and for what, as the errors of the simulated clock tell it."""

import asyncio
import threading
import traceback
from collections.abc import Mapping
from types import FrameType
from typing import Any

from bgdemo._compat.cpython import frames_of_threads, lock_of
from bgdemo.errors import DeadlockError, RealBlockingError, RealIOError
from bgdemo.simulation import stacks
from bgdemo.simulation.baton import Baton, Player
from bgdemo.simulation.calls import Call, CallEnd

_LOCKS = (type(threading.Lock()), type(threading.RLock()))

_DEPTH = 12
"""Frames of a stack that are shown."""


def error(baton: Baton, how: CallEnd, call: Call, patience: float | None) -> Exception:
    """The exception that tells a caller why the clock cannot go on.

    Args:
        baton: everybody has stopped.
        how: why.
        call: the caller's.
        patience: real seconds that the culprit was waited for.
    """
    if how is CallEnd.BLOCKED and call.culprit is not None:
        return RealBlockingError(_real_blocking(call.culprit, patience or 0))
    if how is CallEnd.REAL_IO:
        return RealIOError(_real_io(baton))
    waits = "\n".join(f"  - {line}" for line in _everybody(baton)) or "  - nobody waits in the app's own code"
    if how is CallEnd.SPINNING:
        return DeadlockError(
            f"At {baton.seconds:g} s on the simulated clock the app goes on without end and never waits, so time cannot"
            " move. Does a task swallow its cancellation, or poll without a pause? Let it sleep between two looks.\n"
            f"{waits}"
        )
    if how is CallEnd.ENDLESS:
        return DeadlockError(
            f"At {baton.seconds:g} s on the simulated clock the app still sleeps and wakes, {call.wakeups:,} times in "
            f"one call: it does not come to an end. Does its loop have a way out?\n{waits}"
        )
    return DeadlockError(
        f"At {baton.seconds:g} s on the simulated clock everybody waits and nothing is scheduled, so that nobody will "
        f"ever go on:\n{waits}\nA server would hang here. Who was to set, put, release or answer what they wait for?"
    )


def _everybody(baton: Baton) -> list[str]:
    frames = frames_of_threads()
    lines = []
    for participant in list(baton.participants):
        place = stacks.of_thread(_frame(participant, frames))
        if place is not None:
            lines.append(f"thread {_name(participant)}: {_sentence(place)}")
    for loop in baton.loops:
        for task in sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name()):
            place = stacks.of_task(task)
            if place is not None:
                lines.append(f"on the event loop: {_sentence(place)}")
    return lines


def _real_blocking(culprit: Player, patience: float) -> str:
    frame = _frame(culprit, frames_of_threads())
    place = stacks.of_thread(frame)
    what = "a library's code" if place is None else f"{place}: `{place.text}`"
    if culprit.interrupts:
        return (
            f"Thread {_name(culprit)} computes without end, and could not be stopped: it is in {what}. "
            "A call that never comes back from a library, or a loop that catches every error? Give it a way out."
        )
    message = (
        f"Thread {_name(culprit)} has waited for {patience:g} real seconds for something real, and a simulated clock "
        f"stands still meanwhile. It is in {what}. "
    )
    stack = "\n".join(["", "Its stack:", *(line.rstrip() for line in traceback.format_stack(frame)[-_DEPTH:])])
    lock = _lock_in(frame, place)
    if lock is not None:
        return message + (
            f"The lock `{lock}` is held by a thread that waits on the simulated clock, and a plain lock cannot be "
            "waited for in simulated time: do not sleep while you hold it, or use a threading.Semaphore(1), which can."
            + stack
        )
    return message + (
        "Likely causes: a request to a real server, a database, a subprocess, input(), a debugger, or a sleep that was "
        "bound elsewhere. Put something in its place for this test, use clock='real', or, if it only takes longer, "
        "give the clock more patience: SimulatedClock(real_timeout=60)." + stack
    )


def _real_io(baton: Baton) -> str:
    places = sorted(set(baton.sockets.values()))
    return (
        "A real socket or pipe is registered with the simulated event loop, by "
        + ", and by ".join(places or ["a loop that has ended"])
        + ". How long it takes cannot be simulated. Put something in its place for this test (httpx.MockTransport, a "
        "fake connection), or use clock='real'."
    )


def _sentence(place: stacks.Place) -> str:
    waiting = f", which waits in {place.calls}" if place.calls else ""
    return f"{place}: `{place.text}`{waiting}"


def _frame(participant: Player, frames: Mapping[int, FrameType]) -> FrameType | None:
    thread = participant.thread
    return None if thread is None or thread.ident is None else frames.get(thread.ident)


def _name(participant: Player) -> str:
    return repr(participant.thread.name) if participant.thread is not None else "of the event loop"


def _lock_in(frame: FrameType | None, place: stacks.Place | None) -> str | None:
    """The name of a held lock on the line where the app's own code is."""
    while frame is not None and place is not None and frame.f_code is not place.code:
        frame = frame.f_back
    if frame is None or place is None:
        return None
    for name, value in _names(frame):
        if isinstance(lock := lock_of(value), _LOCKS) and _is_held(lock) and name in place.text:
            return name
    return None


def _names(frame: FrameType) -> list[tuple[str, Any]]:
    names = [*frame.f_locals.items(), *((n, v) for n, v in frame.f_globals.items() if n in frame.f_code.co_names)]
    attributes = [
        (f"{name}.{attribute}", value)
        for name, owner in names
        for attribute, value in getattr(owner, "__dict__", {}).items()
        if attribute in frame.f_code.co_names
    ]
    return attributes + names


def _is_held(lock: Any) -> bool:
    if hasattr(lock, "locked"):
        return bool(lock.locked())
    return "locked" in repr(lock) and "unlocked" not in repr(lock)  # an RLock, before Python 3.14
