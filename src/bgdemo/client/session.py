"""The work that an app does for one client, from the first request to the close; driven by `await` alone."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any

import httpx

from bgdemo.client.asgi import build_scope
from bgdemo.client.behaviour import Behaviour, Work
from bgdemo.client.exchange import Exchange
from bgdemo.client.lifespan import Lifespan
from bgdemo.client.one_turn import OneTurn
from bgdemo.client.unseen import UnseenErrors
from bgdemo.errors import ClientError, DrainTimeout
from bgdemo.record import hooks
from bgdemo.record.recorder import Recorder
from bgdemo.record.remote_task import RemoteTask
from bgdemo.record.request import RecordedRequest

TURNS = 5
"""Turns of the event loop that an app may take from its last byte to its first task before a next request begins."""


class Session:
    """What a client has going in its app: requests, background work, errors that nobody has seen, the lifespan.

    All methods belong on the app's event loop, unless they say otherwise.
    """

    def __init__(self, recorder: Recorder, behaviour: Behaviour) -> None:
        self.recorder = recorder
        self.behaviour = behaviour
        self.state: dict[str, Any] = {}
        self.unseen = UnseenErrors()
        self._under_way: dict[Work, asyncio.Task[None]] = {}
        self._background: set[Work | RemoteTask] = set()
        self._when_drained: deque[Callable[[], object]] = deque()
        self._finishing: set[Exchange] = set()
        """Those that are the reader's, and whose app has yet to come to its tasks, or to its end."""
        self._lifespan: Lifespan | None = None
        recorder.remote_listener = self

    def exchange(self, request: httpx.Request, body: bytes, wake: Callable[[], object]) -> Exchange:
        """A request that is about to be sent. On any thread."""
        scope = self.scope(request)
        exchange = Exchange(request, scope, body, self.behaviour)
        exchange.wake = wake
        exchange.on_background = self._is_handed_over
        exchange.on_tasks = self._finishing.discard
        return exchange

    def scope(self, request: httpx.Request) -> Any:
        """The ASGI scope of a request to this app. On any thread."""
        return build_scope(request, root_path=self.behaviour.root_path, client=self.behaviour.client, state=self.state)

    def send(self, work: Work, context: Context | None = None) -> None:
        """Let the app begin some work."""
        context = Context() if context is None else context
        self._under_way[work] = asyncio.get_running_loop().create_task(self._run(work), context=context)

    def now(self) -> float:
        """Seconds since the first request, which may be the one that is about to be sent. On any thread."""
        clock = self.recorder.log.clock
        clock.start()
        return clock.time()

    def abandon(self, work: Work) -> None:
        """Nobody waits for an answer any more: what the app still does is background work. On any thread."""
        work.abandoned = True
        self.is_background(work)

    async def let_apps_finish(self) -> None:
        """Let the apps go on whose responses have just been handed over, as far as they come without a wait.

        What a client of a server sends next takes longer than an app takes from its last byte to its first task.
        """
        for _ in range(TURNS):
            if not self._finishing:
                break
            await OneTurn()

    def _is_handed_over(self, exchange: Exchange) -> None:
        self._finishing.add(exchange)
        self.is_background(exchange)

    def is_background(self, work: Work) -> None:
        """From now on this is background work. On any thread."""
        self._background.add(work)
        if work.ended:  # looked at after it was added: the loop looks in the other order
            self._background.discard(work)
            self._tell_if_drained()

    def when_drained(self, callback: Callable[[], object]) -> None:
        """Call `callback` once when no background work is left, here or on the loop's thread. On any thread."""
        self._when_drained.append(callback)
        self._tell_if_drained()  # looked at after the callback was left: the loop looks in the other order

    def remote_task_sent(self, task: RemoteTask) -> None:
        """A route has sent a task to another process: until its end it is background work. On any thread."""
        self._background.add(task)

    def remote_task_ended(self, task: RemoteTask, error: BaseException | None) -> None:
        """Nothing more is to be expected of a task in another process. On any thread."""
        if error is not None:
            self.unseen.keep(error)
        self._background.discard(task)
        self._tell_if_drained()

    @property
    def is_drained(self) -> bool:
        """True if there is no background work. On any thread."""
        return not self._background

    def raise_unseen(self, error: BaseException | None) -> None:
        """Raise the errors that nobody has seen, each once; where `error` is on its way already, add notes to it.

        On any thread.
        """
        if self.behaviour.raise_server_exceptions:
            self.unseen.raise_or_add_to(error)
        else:
            self.unseen.forget()

    def say_what_was_abandoned(self, error: BaseException) -> None:
        """Add a note to the error for which all was ended, if something goes on in its thread. On any thread."""
        left = [task.name for task in self.recorder.timeline.tasks if task.status == "abandoned"]
        if left:
            error.add_note(f"{', '.join(left)} did not end when told to; its thread is left behind.")

    def drain_timeout(self, timeout: float | None) -> DrainTimeout:
        """The error that says what is still going on. On any thread."""
        timeline = self.recorder.timeline
        paths = {request.id: f"{request.method} {request.path}" for request in timeline.requests}
        left = [task for task in timeline.tasks if task.status in ("running", "added", "waiting")]
        running = ", ".join(f"{task.name} of {paths[task.request_id]} ({task.status})" for task in left)
        what = running or "work that is not a task (a middleware, or a dependency's code after yield)"
        return DrainTimeout(
            f"After {timeout:g} s there was still background work: {what}. "
            "Nothing is lost: call drain() again, with a longer timeout or none."
        )

    def refuse_inside_app(self, what: str) -> None:
        """Raise if the code that asks belongs to a request of this very app. On any thread."""
        request = hooks.current.get()
        if isinstance(request, RecordedRequest) and request.recorder is self.recorder:
            raise ClientError(
                f"{what} was called from within the app, by {request.method} {request.path}: "
                "it would wait for itself. Call it from the test or the notebook that holds the client."
            )

    async def start_up(self, context: Context) -> None:
        """Run the app's start-up; raises what it raises."""
        self._lifespan = Lifespan(self.recorder, self.state)
        await self._lifespan.start(context)

    async def close(self, grace: float = 1.0) -> None:
        """Cancel what still runs, then run the app's shutdown; raises what it raises.

        Args:
            grace: seconds on the loop's clock that what was cancelled may take to end.
        """
        self.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=grace)
        for work, task in list(self._under_way.items()):
            if task.done():  # cancelled before it began
                work.ended = True
                work.wake()
                self._forget(work)
        self.recorder.abandon()
        if self._lifespan is not None:
            lifespan, self._lifespan = self._lifespan, None
            await lifespan.stop()

    def cancel(self) -> None:
        """Cancel all that is under way."""
        for task in self._under_way.values():
            task.cancel()

    async def _run(self, work: Work) -> None:
        try:
            await self.behaviour.run(work, self.recorder, self.unseen.keep)
        finally:
            self._forget(work)

    def _forget(self, work: Work) -> None:
        del self._under_way[work]
        self._background.discard(work)
        self._tell_if_drained()

    def _tell_if_drained(self) -> None:
        while self.is_drained and self._when_drained:
            try:
                callback = self._when_drained.popleft()
            except IndexError:  # another thread was faster
                return
            callback()
