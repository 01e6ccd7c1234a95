"""A client's event loop on a simulated clock: its caller gives the baton away where a real one would wait."""

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bgdemo.errors import ClientError
from bgdemo.simulation import aliases, report
from bgdemo.simulation.baton import Baton, here
from bgdemo.simulation.calls import Call, CallEnd
from bgdemo.simulation.driving import drive
from bgdemo.simulation.loop import SimulatedEventLoop
from bgdemo.simulation.participants import ClockClosed, enter, leave
from bgdemo.simulation.wakeups import NEVER
from bgdemo.simulation.watch import Patience, Watch
from bgdemo.threads.loop_thread import LoopThread, Outcome
from bgdemo.threads.signal import Signal

T = TypeVar("T")

_CLOSING = 1.0
"""Real seconds that a thread which does nothing is waited for while its client is being closed."""


class SimulatedLoopThread(LoopThread):
    """A LoopThread whose loop runs only while a caller waits for it, on the time of a baton.

    Args:
        baton: of the clock that makes it.
        patience: how long a participant may keep the baton.
        when_closed: called after the loop has ended.
        debug: asyncio's debug mode.
        use_uvloop: refused.
        loop_factory: refused.

    Raises:
        ClientError: another event loop was asked for.
    """

    def __init__(
        self,
        baton: Baton,
        *,
        patience: Patience,
        when_closed: Callable[["SimulatedLoopThread"], object],
        debug: bool | None = None,
        use_uvloop: bool = False,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    ) -> None:
        _refuse_other_loops(use_uvloop, loop_factory)
        self.baton = baton
        self._patience = patience
        self._when_closed = when_closed
        self._closing = False
        self._in_a_hurry = False
        self._ended = Signal()
        self._participant = baton.add(None, "loop")
        super().__init__(debug=debug, loop_factory=lambda: SimulatedEventLoop(baton, self._participant))
        self.turn = _Turn(baton)

    @property
    def is_alive(self) -> bool:
        """False once the loop has stopped."""
        return not self._participant.ended

    def call_next(self, callback: Callable[..., object], *args: object) -> None:
        """Have the loop call `callback` once all that was ready before has gone on: a request comes from outside."""
        me = here()
        if self.baton.closed or self.loop.is_closed() or (me is not None and me.baton is self.baton):
            self.call_soon(callback, *args)
        else:
            self.baton.inbox.append(functools.partial(self.call_soon, callback, *args))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, and wait for its result or its exception.

        Once the client is being closed, a loop that has come to a stop is asked for nothing more: the result is None.
        """
        outcome: Outcome[T] = Outcome()
        waiting = [coroutine]

        def begin() -> None:
            while waiting:
                outcome.follow(self.loop, waiting.pop())

        self.call_soon(begin)
        if self.wait(outcome.signal, None):
            return outcome.get()
        while waiting:  # it never began
            waiting.pop().close()
        return None  # type: ignore[return-value]

    def wait(self, signal: Signal, timeout: float | None) -> bool:
        """Let the app run until the signal is set.

        Args:
            signal: set by the loop's thread.
            timeout: seconds on the simulated clock, or None to wait as long as it takes.

        Returns:
            False if it did not happen in time.

        Raises:
            DeadlockError: nothing can happen any more.
            RealBlockingError: a thread waits for something real.
            RealIOError: a socket is registered with the loop.
            ClientError: the loop has died.
        """
        me = here()
        if me is not None and me.baton is self.baton:
            return self.baton.listen(me, signal, None if timeout is None else self.baton.seconds + timeout)
        aliases.look_again()
        call = Call(signal, NEVER if timeout is None else timeout, patient=self._closing)
        how = self._drive(call)
        if how in (CallEnd.DONE, CallEnd.TIME) or self._closing:
            return how is CallEnd.DONE or signal.wait(0)
        if self._participant.ended or how is CallEnd.CLOSED:
            raise ClientError("The app's event loop has stopped: did the app call sys.exit(), or stop its loop?")
        raise report.error(self.baton, how, call, self._patience.real_timeout)

    def answers(self, within: float) -> bool:
        """False if the loop was given up; whether something blocks it now is found out when it is asked to end."""
        self._in_a_hurry = True
        return self._participant not in self.baton.lost

    def expect_close(self) -> None:
        """From now on nothing that goes wrong is an error any more: the time is up where nothing can happen."""
        self._closing = True

    def close(self, grace: float) -> None:
        """End the loop. With a `grace` of 0 seconds, as for a finalizer, it ends by itself, in its own time."""
        self._closing = True
        try:
            if not self._participant.ended:
                self.call_soon(self._closing_event.set)
                if grace and here() is None and self._participant not in self.baton.lost:
                    self._drive(Call(self._ended, grace, patient=True))
        except RuntimeError:  # it has just closed
            pass
        self._when_closed(self)
        if grace and self._participant.ended:
            self._thread.join(grace)

    def close_when(self, drained: Callable[[Callable[[], object]], object], within: float) -> None:
        """End the loop: nothing goes on where nobody lets time pass."""
        self.close(0.0)

    def _drive(self, call: Call) -> CallEnd:
        patience = self._patience.at_most(_CLOSING) if self._closing else self._patience
        if self._in_a_hurry:
            patience = Patience.little()
        return drive(self.baton, call, Watch(self.baton, patience).is_idle)

    def _main(self) -> None:
        self._participant.thread = threading.current_thread()
        enter(self._participant)
        try:
            super()._main()
        except ClockClosed:
            pass
        finally:
            self._ended.set()
            leave(self._participant)


class _Turn:
    """A caller's turn. Who is called by the app is in the turn of the app's caller."""

    def __init__(self, baton: Baton) -> None:
        self._baton = baton

    def __enter__(self) -> None:
        me = here()
        if me is None or me.baton is not self._baton:
            self._baton.turn.acquire()

    def __exit__(self, *error: object) -> None:
        me = here()
        if me is None or me.baton is not self._baton:
            self._baton.turn.release()


def _refuse_other_loops(use_uvloop: bool, loop_factory: Any) -> None:
    if use_uvloop or str(getattr(loop_factory, "__module__", "")).partition(".")[0] == "uvloop":
        raise ClientError(
            "uvloop cannot run on a simulated clock: its time and its waiting are in C, out of reach. "
            "Leave use_uvloop out for this client; the app behaves the same on asyncio's own loop."
        )
    if loop_factory is not None:
        raise ClientError("A simulated clock brings its own event loop: leave loop_factory out for this client.")
