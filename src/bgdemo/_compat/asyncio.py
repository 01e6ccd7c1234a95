"""asyncio: where an event loop waits, where loops are made, and which one runs here."""

import asyncio
from collections import deque
from typing import Any

from bgdemo._compat.borrowed import Borrowed
from bgdemo._compat.cpython import REFUSES

_LOOP = "asyncio.base_events.BaseEventLoop"
_SELECTOR_LOOP = "asyncio.selector_events.BaseSelectorEventLoop"

BORROWED = (
    Borrowed(
        "asyncio.events.BaseDefaultEventLoopPolicy",
        or_else="asyncio.events._BaseDefaultEventLoopPolicy",
        needed_for="a simulated loop for those who ask the event loop policy for a new one, as nest_asyncio does",
        breaks_when="the class has another name, as from Python 3.14 on, or there are no policies, as from 3.16 on",
        then="such a loop runs in real time",
        has_fallback=True,
    ),
    Borrowed(
        "asyncio.runners.events.new_event_loop",
        needed_for="asyncio.run in a thread of an app on a simulated clock, which makes its loop by that name",
        breaks_when="asyncio.Runner makes loops in another way",
        then=REFUSES,
    ),
    Borrowed(
        "asyncio._get_running_loop",
        needed_for="asking which loop runs here, where none may",
        breaks_when="asyncio has it no more",
        then="asyncio.get_running_loop is asked, whose error is caught",
        has_fallback=True,
    ),
    Borrowed(
        f"{_LOOP}()._ready",
        needed_for="giving a simulated loop the callbacks that are due, in the order of the simulation",
        breaks_when="a loop keeps what it is about to call elsewhere",
        then=REFUSES,
    ),
    Borrowed(
        f"{_LOOP}._check_closed",
        needed_for="the error of a simulated loop that was closed, which is asyncio's own",
        breaks_when="asyncio checks that in another way",
        then=REFUSES,
    ),
    Borrowed(
        f"{_LOOP}._timer_handle_cancelled",
        needed_for="forgetting the cancelled timers of a simulated loop",
        breaks_when="a cancelled timer tells its loop in another way",
        then=REFUSES,
    ),
    Borrowed(
        f"{_LOOP}._write_to_self",
        needed_for="waking a simulated loop from another thread",
        breaks_when="call_soon_threadsafe wakes a loop in another way",
        then=REFUSES,
    ),
    Borrowed(
        f"{_SELECTOR_LOOP}._make_self_pipe",
        needed_for="a simulated loop without a real socket to wake it",
        breaks_when="a loop is woken by something else than a pair of sockets",
        then=REFUSES,
    ),
    Borrowed(
        f"{_SELECTOR_LOOP}._close_self_pipe",
        needed_for="closing a loop that has no such socket",
        breaks_when="a loop is woken by something else than a pair of sockets",
        then=REFUSES,
    ),
    Borrowed(
        "asyncio.TimerHandle._loop",
        needed_for="telling a simulated loop that its timer is due",
        breaks_when="a timer does not know its loop",
        then=REFUSES,
    ),
)

POLICY: Any = getattr(asyncio.events, "BaseDefaultEventLoopPolicy", None) or getattr(
    asyncio.events, "_BaseDefaultEventLoopPolicy", None
)
"""The class whose `new_event_loop` is asked for loops; None where there is no such class."""


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


running_loop = getattr(asyncio, "_get_running_loop", _running_loop)
"""The event loop that runs on this thread, or None."""


class OpenTimer(asyncio.TimerHandle):
    """A timer that says which loop it is of."""

    __slots__ = ()

    loop: Any = getattr(asyncio.TimerHandle, "_loop", None)
    """asyncio's own slot under a public name: it costs what the private one does."""


class OpenEventLoop(asyncio.SelectorEventLoop):
    """asyncio's selector loop with public names for what a subclass puts in the place of its waiting.

    A subclass has `wake_up`, called on any thread when there is something to do, and `timer_was_cancelled`.
    """

    refuse_if_closed: Any = getattr(asyncio.BaseEventLoop, "_check_closed", None)
    """Raise RuntimeError if the loop was closed."""

    def __init__(self, selector: Any) -> None:
        super().__init__(selector)
        self.about_to_run: deque[asyncio.Handle] = self._ready  # type: ignore[attr-defined]
        """The callbacks that the loop calls next."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # The same functions under asyncio's names, so that nothing is called twice.
        for theirs, ours in (("_write_to_self", "wake_up"), ("_timer_handle_cancelled", "timer_was_cancelled")):
            setattr(cls, theirs, getattr(cls, ours))

    def _make_self_pipe(self) -> None:  # what wakes this loop is no pipe
        self._ssock = self._csock = None

    def _close_self_pipe(self) -> None:
        pass
