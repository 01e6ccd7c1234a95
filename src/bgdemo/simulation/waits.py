"""Waits for other threads: threading.Condition, all that is built on it, and queue.SimpleQueue, which is not."""

import queue
import threading
from collections import deque
from typing import Any

from bgdemo._compat.cpython import holds_lock, wait_on
from bgdemo.simulation.baton import here
from bgdemo.simulation.participants import Waiter

real_wait = threading.Condition.wait
RealSimpleQueue = queue.SimpleQueue


def wait(self: Any, timeout: float | None = None) -> bool:
    """threading.Condition.wait: the same steps, but a participant gives the baton away where it would block.

    `notify` calls `release` on whatever is in the list of waiters. Event.wait, queue.Queue.get, Future.result,
    Semaphore.acquire and Barrier.wait all come here.
    """
    me = here()
    if me is None:
        return real_wait(self, timeout)
    if not holds_lock(self):
        raise RuntimeError("cannot wait on un-acquired lock")
    if timeout is not None and timeout <= 0:
        return False
    waiter = Waiter(me)
    return wait_on(self, waiter, me.baton.park, me, waiter, None if timeout is None else me.baton.seconds + timeout)


class SimpleQueue(RealSimpleQueue):  # type: ignore[type-arg]
    """queue.SimpleQueue, in which a participant that waits for an item gives the baton away."""

    def __init__(self) -> None:
        self._waiting: deque[Waiter] = deque()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Put an item; it never blocks."""
        super().put(item)
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.called:
                waiter.release()
                break

    def put_nowait(self, item: Any) -> None:
        """Put an item."""
        self.put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the first item, and wait for it."""
        me = here()
        if me is None or not block or (timeout is not None and timeout < 0):
            return super().get(block, timeout)
        until = None if timeout is None else me.baton.seconds + timeout
        while True:
            waiter = Waiter(me)
            self._waiting.append(waiter)  # first, and then look
            try:
                item = super().get(block=False)
            except queue.Empty:
                if me.baton.park(me, waiter, until):
                    continue
                raise
            finally:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
            return item
