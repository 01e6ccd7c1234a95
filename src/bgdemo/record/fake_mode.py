"""Mode "fake": tasks are added as ever, and kept where Starlette would run them, until somebody runs them.

So whatever drops a task on a server drops it here. What a request does after its tasks, the code after a dependency's
`yield` above all, is done before a kept task runs.
"""

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import dataclass

from starlette.background import BackgroundTasks
from starlette.types import ASGIApp, Scope

from bgdemo.clock import Clock
from bgdemo.errors import ClientError
from bgdemo.record import hooks
from bgdemo.record.naming import Function, full_name, names
from bgdemo.record.recorder import Recorder
from bgdemo.record.request import RecordedRequest
from bgdemo.record.task import RecordedTask


@dataclass(frozen=True, slots=True, eq=False)
class KeptTask:
    """A task that would have run."""

    request: "KeepingRequest"
    task: hooks.TaskObject
    recorded: RecordedTask
    lists: tuple[BackgroundTasks, ...]
    """Those that it is in: it may add tasks to them when it runs."""
    context: contextvars.Context
    """The request's own."""


class KeepingRecorder(Recorder):
    """Records all that a Recorder records, and keeps the tasks instead of running them."""

    def __init__(self, app: ASGIApp, *, clock: Clock | None = None, keep: int | None = None) -> None:
        super().__init__(app, clock=clock, keep=keep)
        self.kept: list[KeptTask] = []

    def new_request(self, request_id: int, scope: Scope, sent_at: float | None) -> "KeepingRequest":
        """A request whose tasks are kept."""
        return KeepingRequest(self, request_id, scope, sent_at)


class KeepingRequest(RecordedRequest):
    """A request whose tasks are kept, to be run after it has ended."""

    __slots__ = ("_keeper", "_running")

    def __init__(self, recorder: KeepingRecorder, request_id: int, scope: Scope, sent_at: float | None) -> None:
        super().__init__(recorder, request_id, scope, sent_at)
        self._keeper = recorder
        self._running = False

    async def run_task(self, task: hooks.TaskObject) -> None:
        """Keep a task; one that a kept task calls by itself runs."""
        if self._over or self._running:
            await super().run_task(task)
        else:
            lists = [tasks for tasks in self._lists if task in hooks.tasks_in(tasks)]
            self._keep(task, tuple(lists))

    async def run_kept(self, kept: KeptTask) -> BaseException | None:
        """Run one of the tasks as it would have run, and return what it raises."""
        self._over, self._running = False, True
        try:
            await self._run_now(kept.task, kept.recorded)
            return None
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # sys.exit() too, which would end the event loop
            return error
        finally:
            for tasks in kept.lists:
                for task in [task for task in hooks.tasks_in(tasks) if id(task) in self._tasks]:
                    self._keep(task, kept.lists)
            self._leave_tasks("dropped")
            self.task_errors.clear()
            self._over, self._running = True, False

    def _keep(self, task: hooks.TaskObject, lists: tuple[BackgroundTasks, ...]) -> None:
        kept = KeptTask(self, task, self._recorded(task), lists, contextvars.copy_context())
        self._tasks.pop(id(task), None)
        self._keeper.kept.append(kept)


class KeptRun:
    """Runs kept tasks on the app's event loop, one after another, as a piece of a session's background work.

    Args:
        recorder: has kept them.
        only: the function whose tasks run; None for all tasks.

    Raises:
        ClientError: the recorder keeps no tasks.
        ValueError: the name could be that of several functions.
    """

    abandoned: bool = True
    ended: bool = False

    def __init__(self, recorder: Recorder, only: Function | None) -> None:
        if not isinstance(recorder, KeepingRecorder):
            raise ClientError(
                "run_tasks() runs the tasks that mode='fake' keeps, and this client's mode is 'live': "
                "its tasks run by themselves, and drain() waits for them."
            )
        self.wake: Callable[[], object] = _nobody_waits
        self._recorder = recorder
        self._only = None if only is None else full_name(only, map(_name, recorder.kept))

    async def run(self, recorder: Recorder, keep: Callable[[BaseException], object]) -> None:
        """Run the tasks, those included that they add.

        Args:
            recorder: the session's.
            keep: is given what they raise. What comes after a task that failed, in its request, is skipped.
        """
        recorder.open()
        kept = self._recorder.kept
        try:
            while (one := next((one for one in kept if self._only in (None, _name(one))), None)) is not None:
                kept.remove(one)
                running = asyncio.create_task(one.request.run_kept(one), context=one.context)
                if (error := await running) is not None:
                    keep(error)
                    self._skip_the_rest_of(one.request)
        finally:
            self.ended = True

    def _skip_the_rest_of(self, request: KeepingRequest) -> None:
        for one in [one for one in self._recorder.kept if one.request is request]:
            self._recorder.kept.remove(one)
            one.recorded.record_as("skipped", if_still="added")


def _name(kept: KeptTask) -> str:
    return names(kept.task.func)[1]


def _nobody_waits() -> None:
    pass
