"""An event loop in a daemon thread, and the ways across to it."""

import asyncio
import contextlib
import functools
import importlib
import threading
import time
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Generic, TypeVar

from bgdemo.errors import ClientError
from bgdemo.threads.executor import DaemonExecutor
from bgdemo.threads.signal import Signal

T = TypeVar("T")

STOPPED = "The app's event loop has stopped: did the app call sys.exit(), or stop its loop?"

_GLANCE = 0.2
"""Seconds between two looks at whether a thread that is waited for still lives, and for Ctrl-C on Windows."""


class ThreadOfLoop(threading.Thread):
    """The thread of a LoopThread: to be told from the threads that apps start."""


class LoopThread:
    """An event loop in a daemon thread: neither it nor the threads that it starts keep an interpreter from ending."""

    def __init__(
        self,
        *,
        debug: bool | None = None,
        use_uvloop: bool = False,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    ) -> None:
        if use_uvloop:
            loop_factory = importlib.import_module("uvloop").new_event_loop
        self._runner = asyncio.Runner(debug=debug, loop_factory=loop_factory)
        self._no_loop: BaseException | None = None
        self._ready = Signal()
        self.turn: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        """Held by a caller for the length of a request, where requests from several threads take turns."""
        self._thread = ThreadOfLoop(target=self._main, name="bgdemo event loop", daemon=True)
        self._thread.start()
        self.wait(self._ready, None)
        if self._no_loop is not None:
            raise self._no_loop

    @property
    def is_alive(self) -> bool:
        """False once the loop has stopped."""
        return self._thread.is_alive()

    def answers(self, within: float) -> bool:
        """True if the loop turns; False if something blocks it for so many seconds on the wall, or it has stopped."""
        signal = Signal()
        try:
            self.call_soon(signal.set)
            return self.wait(signal, within)
        except ClientError:
            return False

    @property
    def is_current(self) -> bool:
        """True on this loop's own thread."""
        return threading.current_thread() is self._thread

    def call_soon(self, callback: Callable[..., object], *args: object) -> None:
        """Have the loop call `callback`; the caller's context variables stay behind.

        Raises:
            ClientError: the loop has stopped.
        """
        try:
            self.loop.call_soon_threadsafe(callback, *args, context=Context())
        except RuntimeError:
            raise ClientError(STOPPED) from None

    def call_next(self, callback: Callable[..., object], *args: object) -> None:
        """As call_soon; on a simulated clock, once all that was ready before has gone on."""
        self.call_soon(callback, *args)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, and wait for its result or its exception."""
        outcome: Outcome[T] = Outcome()
        self.call_soon(outcome.follow, self.loop, coroutine)
        self.wait(outcome.signal, None)
        return outcome.get()

    def wait(self, signal: Signal, timeout: float | None) -> bool:
        """Wait for something that happens on the loop.

        Args:
            signal: set by the loop's thread.
            timeout: seconds on the wall, or None to wait for ever.

        Returns:
            False if it did not happen in time.

        Raises:
            ClientError: the loop has died, so that it can no longer happen.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _GLANCE if deadline is None else min(_GLANCE, deadline - time.monotonic())
            if signal.wait(max(left, 0)):
                return True
            if not self._thread.is_alive() and not signal.wait(0):
                raise ClientError(STOPPED)
            if deadline is not None and time.monotonic() >= deadline:
                return False

    def expect_close(self) -> None:
        """Say that the loop will be closed soon."""

    def close(self, grace: float) -> None:
        """Cancel what still runs, and end the loop; what sits in a thread is left behind after `grace` seconds.

        The loop itself ends when the last of its threads has come back.
        """
        if self._thread.is_alive():
            try:
                self.call_soon(self._closing_event.set)
            except ClientError:  # it has just closed
                return
            if not self.is_current:
                self._thread.join(grace)

    def close_when(self, drained: Callable[[Callable[[], object]], object], within: float) -> None:
        """Have the loop end when nothing is left to do, or else after so many seconds; nobody waits for it.

        Args:
            drained: calls what it is given once there is nothing left to do.
            within: seconds on the wall.
        """
        close = functools.partial(self.close, 0.0)
        with contextlib.suppress(ClientError):  # it has stopped
            self.call_soon(self.loop.call_later, within, close)
            drained(close)

    def _main(self) -> None:
        try:
            self.loop = self._runner.get_loop()
        except BaseException as error:
            self._no_loop = error
            self._ready.set()
            return
        with self._runner as runner:
            self.loop.set_default_executor(DaemonExecutor())
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._closing_event = asyncio.Event()
        self._ready.set()
        await self._closing_event.wait()


class Outcome(Generic[T]):
    """The result of a coroutine, carried over to the thread that waits for it."""

    def __init__(self) -> None:
        self.signal = Signal()
        self._error: BaseException | None = None

    def follow(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> None:
        self._task = loop.create_task(self._run(coroutine))
        self._task.add_done_callback(lambda _: self.signal.set())

    def get(self) -> T:
        if self._task.cancelled():
            raise ClientError("The client was closed while this call was under way.")
        if self._error is not None:
            raise self._error
        return self._task.result()  # type: ignore[return-value]

    async def _run(self, coroutine: Coroutine[Any, Any, T]) -> T | None:
        try:
            return await coroutine
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # sys.exit() too, which would end the event loop
            self._error = error
            return None
