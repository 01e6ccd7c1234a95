"""An ASGI wrapper that records every request and every background task of one app: what, when, how it ended.

It changes nothing in how the app behaves, and it knows no client: wrap an app in a `Recorder` and
serve it with any server, `uvicorn.run(Recorder(app))`, or let a client of this package do it.
"""

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from bgdemo.clock import ClientClock, Clock, RealClock, as_clock
from bgdemo.errors import ClientError
from bgdemo.record import hooks
from bgdemo.record.log import Log
from bgdemo.record.reading import EntryKind
from bgdemo.record.remote_task import RemoteTask, RemoteTaskListener
from bgdemo.record.request import RecordedRequest
from bgdemo.record.stdout import Listener
from bgdemo.record.task import RecordedTask
from bgdemo.record.timeline import Timeline


class Recorder:
    """Wrap `app` and record what happens in it; ask `timeline` at any time.

    Args:
        app: any ASGI 3 app; FastAPI's and Starlette's background tasks are seen.
        clock: where times are read; the real clock, started by the first request, if none is given.
        keep: how many requests to keep, the newest ones, with their tasks and events; None keeps all.

    Raises:
        ClientError: this version of Starlette runs its tasks in another way.

    >>> from bgdemo import Recorder
    >>> from bgdemo.lessons.add_task import app
    >>> recorder = Recorder(app)  # uvicorn.run(recorder) would serve it
    >>> recorder.timeline
    <Timeline at 0.000 s: 0 requests, 0 tasks, 0 events>
    """

    def __init__(self, app: ASGIApp, *, clock: Clock | None = None, keep: int | None = 10_000) -> None:
        hooks.refuse_elsewhere()
        self.app = app
        self._keep = _checked(keep)
        self.log = Log(RealClock() if clock is None else as_clock(clock), keep=keep)
        self._request_ids = itertools.count(1)
        self._task_ids = itertools.count(1)
        self.running: set[RecordedTask] = set()
        self.output = Listener()
        self.remote_listener: RemoteTaskListener | None = None
        """Who is told of the tasks that run in other processes."""
        self._unhook: weakref.finalize[[Listener], Recorder] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            await self.begin(scope).run_recording(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                self.close()

    @property
    def clock(self) -> ClientClock:
        """Where times are read."""
        return self.log.clock

    @property
    def timeline(self) -> Timeline:
        """What was recorded so far, as a snapshot that no longer changes; reading it runs nothing."""
        return self.log.timeline()

    def use(self, clock: Clock) -> None:
        """Read times from another clock.

        Raises:
            ClientError: it has recorded something already, with times of the clock before.
        """
        if clock is not self.log.clock:
            if self.log:
                raise ClientError("This Recorder has recorded requests on another clock already: make a new one.")
            self.log = Log(as_clock(clock), keep=self._keep)

    def begin(self, scope: Scope, *, sent_at: float | None = None) -> RecordedRequest:
        """Record that the app gets a request; whoever begins it calls `run` on what this returns.

        Args:
            scope: the request.
            sent_at: seconds: when the client sent it, if that is known; else it is taken to be now.
        """
        self.log.clock.start()
        self.open()
        return self.new_request(next(self._request_ids), scope, sent_at)

    def new_request(self, request_id: int, scope: Scope, sent_at: float | None) -> RecordedRequest:
        """A request that begins now."""
        return RecordedRequest(self, request_id, scope, sent_at)

    def begin_task(self, request_id: int, task: hooks.TaskObject, *, added: bool) -> RecordedTask:
        """Record that there is a task."""
        task_id = next(self._task_ids)
        kind: EntryKind = "task_added" if added else "task_known"
        self.log.append(kind, request_id, task_id, (task.func, task.args, task.kwargs))
        return RecordedTask(self.log, self.running, self.output, request_id, task_id, is_async=task.is_async)

    def begin_remote_task(
        self, request_id: int, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> RemoteTask:
        """Record that a task is about to be sent to another process; say on what this returns what is heard of it."""
        return RemoteTask(self.log, self.remote_listener, request_id, next(self._task_ids), (function, args, kwargs))

    def open(self) -> None:
        """See the tasks that Starlette makes and runs from now on, until `close`."""
        if self._unhook is None:
            hooks.install()
            self._unhook = weakref.finalize(self, _close, self.output)

    def abandon(self) -> None:
        """Record that nobody waits any more for what still runs in a thread."""
        for task in self.running.copy():
            task.record_as("abandoned")

    def close(self) -> None:
        """Leave Starlette as it was. What was recorded stays; a later request opens the recorder again."""
        if self._unhook is not None:
            self._unhook()
            self._unhook = None


def _checked(keep: int | None) -> int | None:
    if keep is not None and (not isinstance(keep, int) or keep < 1):
        raise ClientError(f"keep={keep!r}: give the number of requests to keep, from 1 on, or None for all.")
    return keep


def _close(output: Listener) -> None:
    hooks.uninstall()
    output.close()
