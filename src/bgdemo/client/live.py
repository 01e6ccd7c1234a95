"""How a client behaves that is like a real one: it has its response when that has left, and the app goes on."""

import contextlib
from contextvars import Context

import httpx

from bgdemo.client.behaviour import Abandon, Behaviour, Keep, Work, WorkWithReader
from bgdemo.errors import ClientError
from bgdemo.record.recorder import Recorder
from bgdemo.threads.loop_thread import LoopThread


class LiveBehaviour(Behaviour):
    """As a client of a server: the app finds nothing of its context, and goes on when it has left."""

    __slots__ = ()

    high_water = 65_536  # bytes, as on uvicorn
    hands_over = True
    keeps_loop = True
    keeps_to_http = True
    cancels_when_left = False

    @property
    def raises_in_websockets(self) -> bool:
        """If the client is to raise what the app raises."""
        return self.raise_server_exceptions

    def context(self) -> Context:
        """Nothing, as on a server."""
        return Context()

    def passes_on(self, chunk: bytes) -> bool:
        """Whatever is not empty."""
        return bool(chunk)

    def size(self, chunk: bytes) -> int:
        """Its bytes."""
        return len(chunk)

    def waits_for_reader(self, *, is_last: bool) -> bool:
        """Not after the last chunk: then the response is complete."""
        return not is_last

    async def run(self, work: Work, recorder: Recorder, keep: Keep) -> None:
        """Run the app to its own end."""
        await work.run(recorder, keep)

    async def leave(self, work: WorkWithReader, abandon: Abandon) -> None:
        """The app gets a disconnect, and goes on."""
        abandon(work)
        work.disconnect()

    def check_timeout(self, request: httpx.Request, timeout: httpx.Timeout) -> None:
        """Any will do."""

    def leave_from_thread(self, work: WorkWithReader, abandon: Abandon, thread: LoopThread) -> None:
        """The app gets a disconnect, and goes on."""
        abandon(work)
        with contextlib.suppress(ClientError):  # the loop has stopped
            thread.call_soon(work.disconnect)
