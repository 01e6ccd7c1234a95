"""The part of a response's body that is on its way from the app to its reader, and the room that there is for it."""

import asyncio
import contextlib
from collections import deque

from bgdemo.client.behaviour import Behaviour


class Body:
    """Chunks that the app has sent and nobody has read. The app puts them in on its event loop, the reader takes them.

    Args:
        behaviour: says what is passed on, and how much may wait here.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._chunks: deque[bytes] = deque()
        self._sent = 0  # as the behaviour counts; changed on the loop's thread only
        self._taken = 0  # the same; changed on the reader's thread only
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._chunks)

    def put(self, chunk: bytes) -> None:
        """Let the reader have a chunk. On the app's event loop."""
        if self._behaviour.passes_on(chunk):
            self._chunks.append(chunk)
            self._sent += self._behaviour.size(chunk)

    async def until_there_is_room(self) -> None:
        """Wait until the reader has taken enough, or `let_in` is called. Several parts of an app may wait at a time."""
        if self._has_room:
            return
        self._loop = asyncio.get_running_loop()
        room: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(room)  # first, and then look: the reader takes first, and then looks who waits
        try:
            if not self._has_room:
                await room
        finally:
            with contextlib.suppress(ValueError):  # it has been let in
                self._waiting.remove(room)

    def take(self) -> bytes | None:
        """The next chunk, None if there is none yet; makes room for more. On the reader's thread."""
        if not self._chunks:
            return None
        chunk = self._chunks.popleft()
        self._taken += self._behaviour.size(chunk)
        if self._waiting and self._has_room and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the client was closed, and its loop with it
                self._loop.call_soon_threadsafe(self.let_in)
        return chunk

    def let_in(self) -> None:
        """Let all go on that wait for room. On the app's event loop."""
        while self._waiting:
            room = self._waiting.popleft()
            if not room.done():
                room.set_result(None)

    @property
    def _has_room(self) -> bool:
        return self._sent - self._taken <= self._behaviour.high_water
