"""The app calls of one client that are under way, from the first request to the close; driven by `await` alone."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, Protocol

import anyio
import httpx

from bgdemo.client.asgi import build_scope
from bgdemo.client.exchange import Exchange, Manners
from bgdemo.client.lifespan import Lifespan
from bgdemo.errors import ClientError, DrainTimeout
from bgdemo.record import hooks
from bgdemo.record.log import describe
from bgdemo.record.recorder import Recorder, WatchedRequest
from bgdemo.record.remote_task import TaskElsewhere
from bgdemo.record.timeline import Timeline


class Call(Protocol):
    """A request or a WebSocket on its way through the app."""

    wake: Callable[[], object]
    gone: bool
    ended: bool

    async def run(self, recorder: Recorder, keep: Callable[[BaseException], object]) -> None: ...


class CallWithReader(Call, Protocol):
    """A call that somebody outside the app may leave before it is complete."""

    complete: bool
    cut_off: bool


class Session:
    """What a client has going in its app: requests, background work, errors that nobody has seen, the lifespan.

    All methods belong on the app's event loop, unless they say otherwise.
    """

    def __init__(self, recorder: Recorder, manners: Manners) -> None:
        self.recorder = recorder
        self.manners = manners
        self.state: dict[str, Any] = {}
        self.unseen: list[BaseException] = []
        self._calls: dict[Call, asyncio.Task[None]] = {}
        self._scopes: dict[Call, anyio.CancelScope] = {}  # of those that may be cut off
        self._background: set[Call | TaskElsewhere] = set()
        self._when_idle: deque[Callable[[], object]] = deque()
        self._lifespan: Lifespan | None = None
        recorder.waiting = self

    def exchange(self, request: httpx.Request, body: bytes, wake: Callable[[], object]) -> Exchange:
        """A request that is about to be sent. On any thread."""
        scope = self.scope(request)
        exchange = Exchange(request, scope, body, self.manners)
        exchange.wake = wake
        exchange.on_background = self.is_background
        return exchange

    def scope(self, request: httpx.Request) -> Any:
        """The ASGI scope of a request to this app. On any thread."""
        return build_scope(request, root_path=self.manners.root_path, client=self.manners.client, state=self.state)

    def context(self) -> Context:
        """What the app finds in context variables: nothing, as on a server, or the caller's own. On any thread."""
        return copy_context() if self.manners.wait_for_tasks else Context()

    def send(self, call: Call, context: Context | None = None) -> None:
        """Send a request into the app."""
        context = Context() if context is None else context
        self._calls[call] = asyncio.get_running_loop().create_task(self._run(call), context=context)

    async def cut_off(self, call: CallWithReader) -> None:
        """Cancel a call that is not complete, as the stock client does when its caller leaves it, and wait for its end.

        What the app was told just before, it has heard by then.
        """
        task = self._calls.get(call)
        if task is not None:
            if not call.complete:
                call.cut_off = call.gone = True
                self._scopes[call].cancel()
            await asyncio.wait([task])

    def now(self) -> float:
        """Seconds since the first request, which may be the one that is about to be sent. On any thread."""
        clock = self.recorder.log.clock
        clock.start()
        return clock.time()

    def leave(self, call: Call) -> None:
        """Nobody waits for an answer any more: what the app still does is background work. On any thread."""
        call.gone = True
        self.is_background(call)

    def is_background(self, call: Call) -> None:
        """From now on the app works on this call in the background. On any thread."""
        self._background.add(call)
        if call.ended:  # looked at after it was added: the loop looks in the other order
            self._background.discard(call)
            self._tell_if_idle()

    def when_idle(self, callback: Callable[[], object]) -> None:
        """Call `callback` once when no background work is left, here or on the loop's thread. On any thread."""
        self._when_idle.append(callback)
        self._tell_if_idle()  # looked at after the callback was left: the loop looks in the other order

    def sent_elsewhere(self, task: TaskElsewhere) -> None:
        """A route has sent a task to another process: until its end it is background work. On any thread."""
        self._background.add(task)

    def ended_elsewhere(self, task: TaskElsewhere, error: BaseException | None) -> None:
        """Nothing more is to be expected of a task in another process. On any thread."""
        if error is not None:
            self.unseen.append(error)
        self._background.discard(task)
        self._tell_if_idle()

    @property
    def idle(self) -> bool:
        """True if there is no background work. On any thread."""
        return not self._background

    def drained(self) -> Timeline:
        """The timeline, unless there are errors that nobody has seen: raises them, each once. On any thread."""
        self.leave_errors(None)
        return self.recorder.timeline

    def leave_errors(self, error: BaseException | None) -> None:
        """Raise the errors that nobody has seen; where `error` is on its way already, note them on it instead."""
        unseen, self.unseen = self.unseen, []
        if not self.manners.raise_server_exceptions:
            return
        if error is not None:
            for other in unseen:
                error.add_note(f"Besides, background work raised {describe(other)}")
        elif len(unseen) == 1:
            raise unseen[0]
        elif unseen:
            raise BaseExceptionGroup(f"{len(unseen)} pieces of background work failed", unseen)

    def drain_timeout(self, timeout: float | None) -> DrainTimeout:
        """The error that says what is still going on. On any thread."""
        timeline = self.recorder.timeline
        paths = {request.id: f"{request.method} {request.path}" for request in timeline.requests}
        left = [task for task in timeline.tasks if task.status in ("running", "added", "waiting")]
        running = ", ".join(f"{task.name} of {paths[task.request_id]} ({task.status})" for task in left)
        what = running or "work that is no task (a middleware, or a dependency's code after yield)"
        return DrainTimeout(
            f"After {timeout:g} s there was still background work: {what}. "
            "Nothing is lost: call drain() again, with a longer timeout or none."
        )

    def refuse_inside_app(self, what: str) -> None:
        """Raise if the code that asks belongs to a request of this very app. On any thread."""
        request = hooks.current.get()
        if isinstance(request, WatchedRequest) and request.recorder is self.recorder:
            raise ClientError(
                f"{what} was called from within the app, by {request.method} {request.path}: "
                "it would wait for itself. Call it from the test or the notebook that holds the client."
            )

    async def start_up(self, context: Context) -> None:
        """Run the app's start-up; raises what it raises."""
        self._lifespan = Lifespan(self.recorder, self.state)
        await self._lifespan.start(context)

    async def shut_down(self) -> None:
        """Cancel what still runs, then run the app's shutdown; raises what it raises."""
        self.cancel()
        if self._calls:
            await asyncio.wait(self._calls.values(), timeout=1.0)
        for call, task in list(self._calls.items()):
            if task.done():  # cancelled before it began
                call.ended = True
                call.wake()
                self._forget(call)
        self.recorder.abandon()
        if self._lifespan is not None:
            lifespan, self._lifespan = self._lifespan, None
            await lifespan.stop()

    def cancel(self) -> None:
        """Cancel all that is under way."""
        for task in self._calls.values():
            task.cancel()

    async def _run(self, call: Call) -> None:
        try:
            if not self.manners.wait_for_tasks:
                await call.run(self.recorder, self._keep)
                return
            with anyio.CancelScope() as self._scopes[call]:
                await call.run(self.recorder, self._keep)
        finally:
            self._forget(call)

    def _keep(self, error: BaseException) -> None:
        self.unseen.append(error)

    def _forget(self, call: Call) -> None:
        del self._calls[call]
        self._scopes.pop(call, None)
        self._background.discard(call)
        self._tell_if_idle()

    def _tell_if_idle(self) -> None:
        while self.idle and self._when_idle:
            try:
                callback = self._when_idle.popleft()
            except IndexError:  # another thread was faster
                return
            callback()
