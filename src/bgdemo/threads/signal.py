"""How one thread wakes another."""

import contextlib
import threading


class Signal:
    """Wakes one waiting thread; setting it twice is setting it once. Much cheaper than threading.Event."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the waiting thread, or the next one to wait."""
        if self._lock.locked():
            with contextlib.suppress(RuntimeError):  # set on two threads at once
                self._lock.release()

    def wait(self, timeout: float) -> bool:
        """Wait for `set` for at most so many seconds; False if it did not come."""
        return self._lock.acquire(timeout=timeout)
