"""Jobs one at a time, even where the garbage collector brings the next one while another is half done."""

import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Turnstile:
    """Lets one job through at a time.

    A finalizer may run between any two lines, so it must never wait for a lock that its own thread may hold:
    it leaves its job with `run_soon`, and whoever is inside does it on the way out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: deque[Callable[[], object]] = deque()

    def run(self, job: Callable[[], T]) -> T:
        """Wait for a turn, do the job, and give what it returns. Not for finalizers."""
        try:
            with self._lock:
                return job()
        finally:  # also where the job fails: the next one to come by may be a long way off
            self._do_what_was_left()

    def run_soon(self, job: Callable[[], object]) -> None:
        """Do the job now, or, if somebody is inside, have it done before long; never waits."""
        self._left.append(job)
        self._do_what_was_left()

    def _do_what_was_left(self) -> None:
        while self._left and self._lock.acquire(blocking=False):
            try:
                while self._left:
                    self._left.popleft()()
            finally:
                self._lock.release()
