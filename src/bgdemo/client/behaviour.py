"""What a client's options make of its requests: the questions that live.py and stock.py answer, each in its own way."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from typing import ClassVar, Protocol

import httpx

from bgdemo.record.recorder import Recorder
from bgdemo.threads.loop_thread import LoopThread

Keep = Callable[[BaseException], object]
"""Is given what is raised where nobody waits for it."""


class Work(Protocol):
    """What an app does for a client: a request, a WebSocket, a run of kept tasks."""

    wake: Callable[[], object]
    abandoned: bool
    """Nobody waits for an answer any more."""
    ended: bool

    async def run(self, recorder: Recorder, keep: Keep) -> None: ...


class WorkWithReader(Work, Protocol):
    """Work that somebody outside the app may leave before it is complete."""

    complete: bool
    cancelled: bool
    """It was left, and the app was cancelled with that."""

    def disconnect(self) -> None: ...

    def raise_error(self) -> None: ...


Abandon = Callable[[Work], object]
"""Makes work one that nobody waits for."""


@dataclass(slots=True, eq=False)
class Behaviour(ABC):
    """How a client handles its requests."""

    root_path: str = ""
    client: tuple[str, int] = ("testclient", 50000)
    raise_server_exceptions: bool = True
    hold: Callable[[], Awaitable[object]] | None = None
    """Awaited by the app right after the response was handed over."""
    same_loop: bool = False
    """True if the reader is on the app's own event loop."""

    high_water: ClassVar[int]
    """How much of a response, as `size` counts it, may wait for its reader before the app has to wait."""
    hands_over: ClassVar[bool]
    """A complete response is the reader's; what the app does after it is background work."""
    keeps_loop: ClassVar[bool]
    """The event loop in a thread outlasts the calls, outside `with` too."""
    keeps_to_http: ClassVar[bool]
    """A response is what gets through a server: the rules of HTTP hold, and what breaks off is seen to break off."""
    cancels_when_left: ClassVar[bool]
    """Leaving a response or a WebSocket cancels the app, and raises what it raised until then."""

    @property
    def reader_goes_first(self) -> bool:
        """True where an `async def` task waits a turn, so that the reader has the response before it."""
        return self.same_loop or self.hold is not None

    @property
    @abstractmethod
    def raises_in_websockets(self) -> bool:
        """True if a blocking WebSocket raises what the app raised, instead of what a client of a server sees of it."""

    @abstractmethod
    def context(self) -> Context:
        """What the app finds in context variables. On any thread."""

    @abstractmethod
    def passes_on(self, chunk: bytes) -> bool:
        """True if the reader gets this chunk."""

    @abstractmethod
    def size(self, chunk: bytes) -> int:
        """What a chunk counts against `high_water`."""

    @abstractmethod
    def waits_for_reader(self, *, is_last: bool) -> bool:
        """True if the app waits until there is room, after a chunk that may be the last one."""

    @abstractmethod
    async def run(self, work: Work, recorder: Recorder, keep: Keep) -> None:
        """Let the app do its work for the client."""

    @abstractmethod
    async def leave(self, work: WorkWithReader, abandon: Abandon) -> None:
        """Its reader, on the app's own loop, wants no more of it."""

    @abstractmethod
    def leave_from_thread(self, work: WorkWithReader, abandon: Abandon, thread: LoopThread) -> None:
        """Its reader, on another thread than the app's, wants no more of it."""

    @abstractmethod
    def check_timeout(self, request: httpx.Request, timeout: httpx.Timeout) -> None:
        """Look at the timeout of a request, beside the client's own."""
