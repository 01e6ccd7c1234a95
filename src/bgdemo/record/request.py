"""One request on its way through an app, and its tasks, as they are recorded."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.background import BackgroundTasks
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bgdemo.errors import EndlessLoopError
from bgdemo.model import TaskStatus
from bgdemo.record import hooks
from bgdemo.record.cancellation import is_cancelled
from bgdemo.record.log import Log, describe
from bgdemo.record.remote_task import RemoteTask
from bgdemo.record.task import RecordedTask

_STARTS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}
_ENDS = {"http.response.body", "websocket.close", "websocket.http.response.body"}
_LEAVES = {"http.disconnect", "websocket.disconnect"}


class RequestRecorder(Protocol):
    """Whose request it is: what a request needs of its Recorder."""

    app: ASGIApp
    log: Log

    def begin_task(self, request_id: int, task: hooks.TaskObject, *, added: bool) -> RecordedTask: ...

    def begin_remote_task(
        self, request_id: int, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> RemoteTask: ...


class RecordedRequest:
    """One request on its way through the app, and its tasks."""

    __slots__ = (
        "_answered", "_failed", "_left", "_lists", "_over", "_started", "_tasks", "before_async_task",
        "before_first_task", "id", "method", "path", "recorder", "task_errors",
    )  # fmt: skip

    def __init__(self, recorder: RequestRecorder, request_id: int, scope: Scope, sent_at: float | None) -> None:
        self.recorder = recorder
        self.id = request_id
        self.method: str = scope.get("method", "WEBSOCKET")
        self.path: str = scope["path"]
        self.task_errors: list[BaseException] = []
        self.before_async_task: Callable[[], Awaitable[object]] | None = None
        self.before_first_task: Callable[[], object] | None = None
        self._started = self._answered = self._left = self._over = False
        self._tasks: dict[int, tuple[hooks.TaskObject, RecordedTask]] = {}
        self._lists: list[BackgroundTasks] = []
        self._failed: list[hooks.TaskObject] = []
        recorder.log.append("request_sent", request_id, None, (self.method, self.path, sent_at))

    async def run_recording(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app for this request, and look at each message on its way; raises what the app raises."""

        async def receive_and_record() -> Message:
            return self.received(await receive())

        async def send_and_record(message: Message) -> None:
            self.sent(message)
            await send(message)

        await self.run(scope, receive_and_record, send_and_record)

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
        except (Exception, EndlessLoopError, asyncio.CancelledError) as raised:
            from_inside = isinstance(raised, asyncio.CancelledError)
            if not from_inside or not is_cancelled():
                error = describe(raised)
                if_they_never_ran = "cancelled" if from_inside and self._answered else "dropped"
            raise
        finally:
            if hooks.current.get() is self:  # not so where the garbage collector ends this, amid another request
                hooks.current.set(before)
            self._over = True
            self._leave_tasks(if_they_never_ran)
            self.recorder.log.append("request_ended", self.id, None, error)
            self.recorder.log.forget_the_oldest()

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
        if self.before_first_task is not None:
            before_first, self.before_first_task = self.before_first_task, None
            before_first()
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
        skipped = hooks.skipped_by(self._failed, self._lists)
        for task, recorded in self._tasks.values():
            recorded.record_as("skipped" if id(task) in skipped else if_they_never_ran, if_still="added")
        self._tasks.clear()
        self._lists.clear()
        self._failed.clear()

    def received(self, message: Message) -> Message:
        """The app is about to get this ASGI message; returns it."""
        if message["type"] in _LEAVES and not self._answered and not self._left:
            self._left = True
            self.recorder.log.append("client_left", self.id)
        return message

    def sent(self, message: Message) -> None:
        """The app has sent this ASGI message; it is about to leave."""
        kind = message["type"]
        if not self._started and kind in _STARTS:
            self._started = True
            self.recorder.log.append("response_started", self.id, None, message.get("status", 101))
        elif not self._answered and kind in _ENDS and not message.get("more_body", False):
            self._answered = True
            self.recorder.log.append("response_ended", self.id)
