"""An ASGI wrapper that records every request and every background task of one app: what, when, how it ended.

It changes nothing in how the app behaves, and it knows no client: wrap an app in a `Recorder` and
serve it with any server, `uvicorn.run(Recorder(app))`, or let a client of this package do it.
"""

import itertools
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.background import BackgroundTasks
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bgdemo.clock import ClientClock, Clock, RealClock, as_clock
from bgdemo.errors import ClientError, EndlessLoopError
from bgdemo.model import TaskStatus
from bgdemo.record import hooks
from bgdemo.record.log import Log, describe
from bgdemo.record.remote_task import RemoteTask, RemoteTaskListener
from bgdemo.record.stdout import Listener
from bgdemo.record.task import RecordedTask
from bgdemo.record.timeline import Timeline

_STARTS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}
_ENDS = {"http.response.body", "websocket.close", "websocket.http.response.body"}
_LEAVES = {"http.disconnect", "websocket.disconnect"}


class Recorder:
    """Wrap `app` and record what happens in it; ask `timeline` at any time.

    Args:
        app: any ASGI 3 app; FastAPI's and Starlette's background tasks are seen.
        clock: where times are read; the real clock, started by the first request, if none is given.

    Raises:
        ClientError: this version of Starlette runs its tasks in another way.
    """

    def __init__(self, app: ASGIApp, *, clock: Clock | None = None) -> None:
        hooks.refuse_elsewhere()
        self.app = app
        self.log = Log(RealClock() if clock is None else as_clock(clock))
        self._request_ids = itertools.count(1)
        self._task_ids = itertools.count(1)
        self.running: set[RecordedTask] = set()
        self.output = Listener()
        self.remote_listener: RemoteTaskListener | None = None
        """Who is told of the tasks that run in other processes."""
        self._unhook: weakref.finalize[[Listener], Recorder] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            request = self.begin(scope)

            async def receive_and_record() -> Message:
                message = await receive()
                request.received(message)
                return message

            async def send_and_record(message: Message) -> None:
                request.sent(message)
                await send(message)

            await request.run(scope, receive_and_record, send_and_record)
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
            self.log = Log(as_clock(clock))

    def begin(self, scope: Scope, *, sent_at: float | None = None) -> "RecordedRequest":
        """Record that the app gets a request; whoever begins it calls `run` on what this returns.

        Args:
            scope: the request.
            sent_at: seconds: when the client sent it, if that is known; else it is taken to be now.
        """
        self.log.clock.start()
        self.open()
        return self.new_request(next(self._request_ids), scope, sent_at)

    def new_request(self, request_id: int, scope: Scope, sent_at: float | None) -> "RecordedRequest":
        """A request that begins now."""
        return RecordedRequest(self, request_id, scope, sent_at)

    def begin_task(self, request_id: int, task: hooks.TaskObject, *, added: bool) -> RecordedTask:
        """Record that there is a task."""
        task_id = next(self._task_ids)
        detail = task.func, task.args, task.kwargs
        self.log.append("task_added" if added else "task_known", request_id, task_id, detail)
        return RecordedTask(
            self.log, self.running, self.output, request_id=request_id, task_id=task_id, is_async=task.is_async
        )

    def begin_remote_task(
        self, request_id: int, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> RemoteTask:
        """Record that a task is about to be sent to another process; say on what this returns what is heard of it."""
        call = function, args, kwargs
        task_id = next(self._task_ids)
        return RemoteTask(self.log, self.remote_listener, request_id=request_id, task_id=task_id, call=call)

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


def _close(output: Listener) -> None:
    hooks.uninstall()
    output.close()


class RecordedRequest:
    """One request on its way through the app, and its tasks."""

    __slots__ = (
        "_answered", "_failed", "_left", "_lists", "_over", "_started", "_tasks", "before_async_task", "id", "method",
        "path", "recorder", "task_errors",
    )  # fmt: skip

    def __init__(self, recorder: Recorder, request_id: int, scope: Scope, sent_at: float | None) -> None:
        self.recorder = recorder
        self.id = request_id
        self.method: str = scope.get("method", "WEBSOCKET")
        self.path: str = scope["path"]
        self.task_errors: list[BaseException] = []
        self.before_async_task: Callable[[], Awaitable[object]] | None = None
        self._started = self._answered = self._left = self._over = False
        self._tasks: dict[int, tuple[hooks.TaskObject, RecordedTask]] = {}
        self._lists: list[BackgroundTasks] = []
        self._failed: list[hooks.TaskObject] = []
        recorder.log.append("request_sent", request_id, None, (self.method, self.path, sent_at))

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app for this request; raises what the app raises.

        Args:
            scope: the request.
            receive: ASGI's, which tells `received` of each message.
            send: ASGI's, which tells `sent` of each message.
        """
        before = hooks.current.get()
        hooks.current.set(self)
        error: str | None = None
        if_they_never_ran: TaskStatus = "cancelled"
        try:
            await self.recorder.app(scope, receive, send)
            if_they_never_ran = "dropped"
        except (Exception, EndlessLoopError) as raised:
            error = describe(raised)
            if_they_never_ran = "dropped"
            raise
        finally:
            if hooks.current.get() is self:  # not so where the garbage collector ends this, amid another request
                hooks.current.set(before)
            self._over = True
            self._leave_tasks(if_they_never_ran)
            self.recorder.log.append("request_ended", self.id, None, error)

    def task_added(self, task: hooks.TaskObject) -> None:
        """A task object was made while this request was being handled."""
        if not self._over:
            self._tasks[id(task)] = task, self.recorder.begin_task(self.id, task, added=True)

    def list_made(self, tasks: BackgroundTasks) -> None:
        """A list of tasks was made while this request was being handled."""
        if not self._over:
            self._lists.append(tasks)

    async def run_task(self, task: hooks.TaskObject) -> None:
        """Run a task as Starlette does, and record when its function runs."""
        if self._over:  # something that the app started itself, and that outlived the request
            await hooks.call(task)
            return
        await self._run_now(task, self._recorded(task))

    def _recorded(self, task: hooks.TaskObject) -> RecordedTask:
        known = self._tasks.get(id(task))
        if known is not None and known[1].status == "added":
            return known[1]
        return self.recorder.begin_task(self.id, task, added=False)  # made before the request, or run once more

    async def _run_now(self, task: hooks.TaskObject, recorded: RecordedTask) -> None:
        if task.is_async and self.before_async_task is not None:
            before, self.before_async_task = self.before_async_task, None
            await before()
        try:
            await hooks.call(recorded.wrap(task))
        except (Exception, EndlessLoopError) as error:
            self.task_errors.append(error)
            self._failed.append(task)
            recorded.record_end(error)
            raise
        except BaseException as error:
            if recorded.status == "running" and not task.is_async:  # its thread cannot be cancelled, only left alone
                recorded.record_as("abandoned")
            recorded.record_end(error)
            raise

    def _leave_tasks(self, if_they_never_ran: TaskStatus) -> None:
        skipped = self._skipped()
        for task, recorded in self._tasks.values():
            recorded.record_as("skipped" if id(task) in skipped else if_they_never_ran, if_still="added")
        self._tasks.clear()
        self._lists.clear()
        self._failed.clear()

    def _skipped(self) -> set[int]:
        """The ids of the tasks that come after a failed one in its list, or in the list that its list is in."""
        skipped: set[int] = set()
        for tasks in self._lists if self._failed else ():
            flat = list(hooks.tasks_in(tasks))
            places = [place for place, task in enumerate(flat) if any(task is failed for failed in self._failed)]
            skipped.update(id(task) for task in flat[min(places, default=len(flat)) :])
        return skipped

    def received(self, message: Message) -> None:
        """The app is about to get this ASGI message."""
        if message["type"] in _LEAVES and not self._answered and not self._left:
            self._left = True
            self.recorder.log.append("client_left", self.id)

    def sent(self, message: Message) -> None:
        """The app has sent this ASGI message; it is about to leave."""
        kind = message["type"]
        if not self._started and kind in _STARTS:
            self._started = True
            self.recorder.log.append("response_started", self.id, None, message.get("status", 101))
        elif not self._answered and kind in _ENDS and not message.get("more_body", False):
            self._answered = True
            self.recorder.log.append("response_ended", self.id)
