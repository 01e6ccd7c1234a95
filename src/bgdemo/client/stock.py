"""How a client behaves that is made with wait_for_tasks=True: like Starlette's own TestClient, for comparison."""

import asyncio
import warnings
from contextvars import Context, copy_context
from dataclasses import dataclass, field

import anyio
import httpx

from bgdemo._compat.starlette import TimeoutWarning
from bgdemo.client.behaviour import Abandon, Behaviour, Keep, Work, WorkWithReader
from bgdemo.record.recorder import Recorder
from bgdemo.threads.loop_thread import LoopThread


@dataclass(slots=True, eq=False)
class StockBehaviour(Behaviour):
    """A call returns when all its work is done, and raises its errors; whoever leaves it has it cancelled."""

    high_water = 0  # chunks: the app waits until its reader has taken each
    hands_over = False
    keeps_loop = False
    keeps_to_http = False
    cancels_when_left = True

    _running: dict[Work, tuple[asyncio.Task[None] | None, anyio.CancelScope]] = field(default_factory=dict, init=False)

    @property
    def raises_in_websockets(self) -> bool:
        """Always."""
        return True

    def context(self) -> Context:
        """The caller's own."""
        return copy_context()

    def passes_on(self, chunk: bytes) -> bool:
        """All, the empty ones too."""
        return True

    def size(self, chunk: bytes) -> int:
        """One."""
        return 1

    def waits_for_reader(self, *, is_last: bool) -> bool:
        """After each chunk."""
        return True

    async def run(self, work: Work, recorder: Recorder, keep: Keep) -> None:
        """Run the app until its end, or until it is cancelled because its reader has left."""
        try:
            with anyio.CancelScope() as scope:
                self._running[work] = asyncio.current_task(), scope
                await work.run(recorder, keep)
        finally:
            self._running.pop(work, None)

    async def leave(self, work: WorkWithReader, abandon: Abandon) -> None:
        """Cancel what is not complete, and wait for its end; the app has heard by then what it was told before."""
        task, scope = self._running.get(work, (None, None))
        if task is None or scope is None:
            return
        if not work.complete:
            work.cancelled = work.abandoned = True
            scope.cancel()
        await asyncio.wait([task])

    def leave_from_thread(self, work: WorkWithReader, abandon: Abandon, thread: LoopThread) -> None:
        """The same, from another thread."""
        if not work.ended:
            thread.run(self.leave(work, abandon))

    def check_timeout(self, request: httpx.Request, timeout: httpx.Timeout) -> None:
        """Warn whoever gives a timeout to one call."""
        if request.extensions.get("timeout") != timeout.as_dict():
            warnings.warn(
                "You should not use the 'timeout' argument with the TestClient's calls: Starlette's own client would "
                "wait for ever. Give it to the client itself, TestClient(app, timeout=...).",
                TimeoutWarning,
                stacklevel=5,
            )
