"""Work for the tests of sessions and behaviours: it ends when it is told to."""

import asyncio
from collections.abc import Callable

from bgdemo import Recorder


class Job:
    """Work that ends when it is told to.

    Attributes:
        began: it is under way.
        woken: how often its reader was woken.
    """

    abandoned = False
    complete = False
    cancelled = False
    ended = False
    began = False
    woken = 0

    def __init__(self, error: BaseException | None = None) -> None:
        self.may_end = asyncio.Event()
        self._error = error

    def wake(self) -> None:
        self.woken += 1

    async def run(self, recorder: Recorder, keep: Callable[[BaseException], object]) -> None:
        self.began = True
        try:
            await self.may_end.wait()
            if self._error is not None:
                keep(self._error)
        finally:
            self.ended = True

    def disconnect(self) -> None:
        raise AssertionError("nobody tells this work that its reader has left")

    def raise_error(self) -> None:
        raise AssertionError("nobody asks this work for its error")
