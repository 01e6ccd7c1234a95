"""An ASGI wrapper that notes every request and every background task of one app: what, when, how it ended.

It changes nothing in how the app behaves, and it knows no client: wrap an app in a `Recorder` and
serve it with any server, `uvicorn.run(Recorder(app))`, or let a client of this package do it.
"""

import itertools
import weakref
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from starlette.background import BackgroundTasks
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bgdemo import hooks
from bgdemo.clock import Clock, RealClock
from bgdemo.errors import ClientError, EndlessLoopError
from bgdemo.log import Log, describe
from bgdemo.printed import Listener, keep
from bgdemo.timeline import TaskStatus, Timeline

_STARTS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}
_ENDS = {"http.response.body", "websocket.close", "websocket.http.response.body"}
_LEAVES = {"http.disconnect", "websocket.disconnect"}


_FAILURES = (Exception, SystemExit, KeyboardInterrupt, EndlessLoopError)


class Recorder:
    """Wrap `app` and note what happens in it; ask `timeline` at any time.

    Args:
        app: any ASGI 3 app; FastAPI's and Starlette's background tasks are seen.
        clock: where times are read; the real clock, started by the first request, if none is given.
    """

    def __init__(self, app: ASGIApp, *, clock: Clock | None = None) -> None:
        self.app = app
        self.log = Log(RealClock() if clock is None else clock)
        self._request_ids = itertools.count(1)
        self._task_ids = itertools.count(1)
        self.running: set[WatchedTask] = set()
        self.output = Listener()
        self._unhook: weakref.finalize[[Listener], Recorder] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            request = self.begin(scope)

            async def receive_and_note() -> Message:
                message = await receive()
                request.received(message)
                return message

            async def send_and_note(message: Message) -> None:
                request.sent(message)
                await send(message)

            await request.run(scope, receive_and_note, send_and_note)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                self.close()

    @property
    def timeline(self) -> Timeline:
        """What was noted so far, as a snapshot that no longer changes; reading it runs nothing."""
        return self.log.timeline()

    def use(self, clock: Clock) -> None:
        """Read times from another clock.

        Raises:
            ClientError: there are notes already, with times of the clock before.
        """
        if clock is not self.log.clock:
            if self.log:
                raise ClientError("This Recorder has noted requests on another clock already: make a new one.")
            self.log = Log(clock)

    def begin(self, scope: Scope) -> "WatchedRequest":
        """Note that a request was sent; whoever begins it calls `run` on what this returns."""
        self.log.clock.start()
        if self._unhook is None:
            hooks.install()
            self._unhook = weakref.finalize(self, _let_go, self.output)
        return WatchedRequest(self, next(self._request_ids), scope)

    def begin_task(self, request_id: int, task: hooks.TaskObject, *, added: bool) -> "WatchedTask":
        """Note that there is a task."""
        task_id = next(self._task_ids)
        detail = task.func, task.args, task.kwargs
        self.log.note("task_added" if added else "task_known", request_id, task_id, detail)
        return WatchedTask(self, request_id, task_id, is_async=task.is_async)

    def abandon(self) -> None:
        """Note that nobody waits any more for what still runs in a thread."""
        for task in self.running.copy():
            task.leave("abandoned")

    def close(self) -> None:
        """Leave Starlette as it was. The notes stay; a later request opens the recorder again."""
        if self._unhook is not None:
            self._unhook()
            self._unhook = None


def _let_go(output: Listener) -> None:
    hooks.uninstall()
    output.close()


class WatchedRequest:
    """One request on its way through the app, and its tasks."""

    __slots__ = (
        "_answered", "_failed", "_left", "_lists", "_over", "_started", "_tasks", "before_async_task", "id", "method",
        "path", "recorder", "task_errors",
    )  # fmt: skip

    def __init__(self, recorder: Recorder, request_id: int, scope: Scope) -> None:
        self.recorder = recorder
        self.id = request_id
        self.method: str = scope.get("method", "WEBSOCKET")
        self.path: str = scope["path"]
        self.task_errors: list[BaseException] = []
        self.before_async_task: Callable[[], Awaitable[object]] | None = None
        self._started = self._answered = self._left = self._over = False
        self._tasks: dict[int, tuple[hooks.TaskObject, WatchedTask]] = {}
        self._lists: list[BackgroundTasks] = []
        self._failed: list[hooks.TaskObject] = []
        recorder.log.note("request_sent", request_id, None, (self.method, self.path))

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
        unless_they_ran: TaskStatus = "cancelled"
        try:
            await self.recorder.app(scope, receive, send)
            unless_they_ran = "dropped"
        except (Exception, EndlessLoopError) as raised:
            error = describe(raised)
            unless_they_ran = "dropped"
            raise
        finally:
            if hooks.current.get() is self:  # not so where the garbage collector ends this, amid another request
                hooks.current.set(before)
            self._over = True
            skipped = self._skipped()
            for task, watched in self._tasks.values():
                watched.leave("skipped" if id(task) in skipped else unless_they_ran, if_still="added")
            self._tasks.clear()
            self._lists.clear()
            self._failed.clear()
            self.recorder.log.note("request_ended", self.id, None, error)

    def task_added(self, task: hooks.TaskObject) -> None:
        """A task object was made while this request was being handled."""
        if not self._over:
            self._tasks[id(task)] = task, self.recorder.begin_task(self.id, task, added=True)

    def list_made(self, tasks: BackgroundTasks) -> None:
        """A list of tasks was made while this request was being handled."""
        if not self._over:
            self._lists.append(tasks)

    async def run_task(self, task: hooks.TaskObject) -> None:
        """Run a task as Starlette does, and note when its function runs."""
        if self._over:  # something that the app started itself, and that outlived the request
            await hooks.call(task)
            return
        known = self._tasks.get(id(task))
        if known is not None and known[1].status == "added":
            watched = known[1]
        else:  # made before the request, or run once more
            watched = self.recorder.begin_task(self.id, task, added=False)
        if task.is_async and self.before_async_task is not None:
            before, self.before_async_task = self.before_async_task, None
            await before()
        try:
            await hooks.call(watched.watching(task))
        except (Exception, EndlessLoopError) as error:
            self.task_errors.append(error)
            self._failed.append(task)
            watched.end(error)
            raise
        except BaseException as error:
            if watched.status == "running" and not task.is_async:  # its thread cannot be cancelled, only left alone
                watched.leave("abandoned")
            watched.end(error)
            raise

    def _skipped(self) -> set[int]:
        """The ids of the tasks that come after a failed one in its list, or in the list that its list is in."""
        skipped: set[int] = set()
        for tasks in self._lists if self._failed else ():
            flat = list(_flat(tasks))
            places = [place for place, task in enumerate(flat) if any(task is failed for failed in self._failed)]
            skipped.update(id(task) for task in flat[min(places, default=len(flat)) :])
        return skipped

    def received(self, message: Message) -> None:
        """The app is about to get this ASGI message."""
        if message["type"] in _LEAVES and not self._answered and not self._left:
            self._left = True
            self.recorder.log.note("client_left", self.id)

    def sent(self, message: Message) -> None:
        """The app has sent this ASGI message; it is about to leave."""
        kind = message["type"]
        if not self._started and kind in _STARTS:
            self._started = True
            self.recorder.log.note("response_started", self.id, None, message.get("status", 101))
        elif not self._answered and kind in _ENDS and not message.get("more_body", False):
            self._answered = True
            self.recorder.log.note("response_ended", self.id)


def _flat(tasks: BackgroundTasks) -> Iterator[hooks.TaskObject]:
    for task in tasks.tasks:
        if isinstance(task, BackgroundTasks):
            yield from _flat(task)
        else:
            yield task


class WatchedTask:
    """One task. As a context manager: the time in which its function runs."""

    __slots__ = ("_is_async", "_kept_before", "_recorder", "_request_id", "_task_id", "status")

    def __init__(self, recorder: Recorder, request_id: int, task_id: int, *, is_async: bool) -> None:
        self._recorder = recorder
        self._request_id = request_id
        self._task_id = task_id
        self._is_async = is_async
        self.status: TaskStatus = "added"

    def watching(self, task: hooks.TaskObject) -> hooks.TaskObject:
        """A task that does the same, and notes when its function begins and ends to run."""
        func = task.func
        if not callable(func):
            return task
        prepare = getattr(self._recorder.log.clock, "prepare", None)
        if prepare is not None:
            func = prepare(func)

        if task.is_async:

            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await func(*args, **kwargs)

            return hooks.with_function(task, run_async)

        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return hooks.with_function(task, run)

    def __enter__(self) -> None:
        self.status = "running"
        self._recorder.running.add(self)
        self._note("task_started", "event_loop" if self._is_async else "threadpool")
        self._recorder.output.listen()
        self._kept_before = keep.get()
        keep.set(self._printed)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if keep.get() == self._printed:  # not so where the garbage collector ends this, amid another task
            keep.set(self._kept_before)
        self.end(error)

    def end(self, error: BaseException | None) -> None:
        """Note how the task ended, once; a task that was given up has no end."""
        if self.status == "running" or (self.status == "added" and isinstance(error, Exception)):
            self.status = _outcome(error)
            self._recorder.running.discard(self)
            self._note("task_ended", (self.status, describe(error) if error and self.status == "failed" else None))
        else:
            self.leave("cancelled", if_still="added")

    def leave(self, status: TaskStatus, *, if_still: TaskStatus = "running") -> None:
        """Note that nothing more will be heard of the task, and why."""
        if self.status == if_still:
            self.status = status
            self._recorder.running.discard(self)
            self._note("task_left", status)

    def _printed(self, text: str) -> None:
        if self.status == "running":
            self._note("task_printed", text)

    def _note(self, kind: Any, detail: object) -> None:
        self._recorder.log.note(kind, self._request_id, self._task_id, detail)


def _outcome(error: BaseException | None) -> TaskStatus:
    if error is None:
        return "finished"
    return "failed" if isinstance(error, _FAILURES) else "cancelled"
