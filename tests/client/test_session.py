"""What a client has going in its app: background work and its end, unseen errors, the lifespan, the close."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context, ContextVar
from typing import Any

import httpx
import pytest
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bgdemo import Recorder
from bgdemo.client.live import LiveBehaviour
from bgdemo.client.session import Session
from bgdemo.errors import AppError, ClientError
from client.apps import BODY, START, asgi
from client.work import Job
from gates import DEADLINE, in_thread

GET = httpx.Request("GET", "http://testserver/path?a=1")
var: ContextVar[str] = ContextVar("var", default="unset")


@contextlib.contextmanager
def session_of(app: ASGIApp, **options: Any) -> Iterator[Session]:
    recorder = Recorder(app)
    with contextlib.closing(recorder):
        yield Session(recorder, LiveBehaviour(**options))


@pytest.fixture
def session() -> Iterator[Session]:
    with session_of(asgi([START, BODY])) as session:
        yield session


def run(main: Callable[[], Awaitable[object]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(main(), DEADLINE)

    asyncio.run(limited())


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


# -- background work


def test_a_session_without_work_is_drained_and_says_so_at_once(session: Session) -> None:
    told: list[str] = []
    session.when_drained(lambda: told.append("drained"))
    assert session.is_drained
    assert told == ["drained"]


def test_work_is_background_work_when_nobody_waits_for_it_any_more(session: Session) -> None:
    async def main() -> None:
        job = Job()
        session.send(job)
        assert session.is_drained
        session.is_background(job)
        assert not session.is_drained
        job.may_end.set()
        await turns()
        assert session.is_drained

    run(main)


def test_those_who_wait_are_told_once_when_the_last_of_it_has_ended(session: Session) -> None:
    async def main() -> None:
        jobs, told = [Job(), Job()], list[str]()
        for job in jobs:
            session.send(job)
            session.is_background(job)
        for name in ("one", "other"):
            session.when_drained(lambda name=name: told.append(name))  # type: ignore[misc]
        jobs[0].may_end.set()
        await turns()
        assert told == []
        jobs[1].may_end.set()
        await turns()
        assert told == ["one", "other"]

    run(main)


def test_those_who_are_told_may_begin_new_work_and_wait_again(session: Session) -> None:
    async def main() -> None:
        first, second, told = Job(), Job(), list[str]()

        def go_on() -> None:
            told.append("first")
            session.send(second)
            session.is_background(second)
            session.when_drained(lambda: told.append("second"))

        session.send(first)
        session.is_background(first)
        session.when_drained(go_on)
        first.may_end.set()
        await turns()
        assert told == ["first"]
        second.may_end.set()
        await turns()
        assert told == ["first", "second"]

    run(main)


def test_work_that_has_ended_does_not_become_background_work(session: Session) -> None:
    async def main() -> None:
        job, told = Job(), list[str]()
        job.ended = True
        session.is_background(job)
        session.when_drained(lambda: told.append("drained"))
        assert told == ["drained"]

    run(main)


def test_work_that_is_abandoned_is_background_work(session: Session) -> None:
    async def main() -> None:
        job = Job()
        session.send(job)
        session.abandon(job)
        assert job.abandoned
        assert not session.is_drained
        job.may_end.set()
        await turns()
        assert session.is_drained

    run(main)


def test_work_finds_the_context_that_it_was_sent_with_or_none(session: Session) -> None:
    seen: list[str] = []

    class Looks(Job):
        async def run(self, recorder: Recorder, keep: Callable[[BaseException], object]) -> None:
            seen.append(var.get())

    async def main() -> None:
        context = Context()
        context.run(var.set, "sent along")
        var.set("of the caller")
        session.send(Looks(), context)
        session.send(Looks())
        await turns()

    run(main)
    assert seen == ["sent along", "unset"]


# -- tasks in other processes


def test_a_task_that_was_sent_to_another_process_is_background_work_until_its_end(session: Session) -> None:
    told: list[str] = []
    task = session.recorder.begin_remote_task(1, print, (), {})
    assert not session.is_drained
    session.when_drained(lambda: told.append("drained"))
    task.has_ended(None)
    assert session.is_drained
    assert told == ["drained"]
    session.raise_unseen(None)


def test_the_error_of_such_a_task_is_kept_before_anybody_is_told_of_its_end(session: Session) -> None:
    task, raised = session.recorder.begin_remote_task(1, print, (), {}), list[str]()

    def look() -> None:
        with pytest.raises(ValueError, match="in a worker") as found:
            session.raise_unseen(None)
        raised.append(str(found.value))

    session.when_drained(look)
    in_thread(lambda: task.has_ended(ValueError("in a worker"))).result(DEADLINE)
    assert raised == ["in a worker"]


# -- errors that nobody has seen


def test_an_unseen_error_is_raised_once(session: Session) -> None:
    session.unseen.keep(ValueError("unseen"))
    with pytest.raises(ValueError, match="unseen"):
        session.raise_unseen(None)
    session.raise_unseen(None)


def test_several_unseen_errors_are_raised_as_one_group(session: Session) -> None:
    for number in range(3):
        session.unseen.keep(ValueError(number))
    with pytest.raises(ExceptionGroup, match="3 pieces of background work failed") as raised:
        session.raise_unseen(None)
    assert [error.args for error in raised.value.exceptions] == [(0,), (1,), (2,)]


def test_an_error_that_is_on_its_way_gets_them_as_notes(session: Session) -> None:
    session.unseen.keep(ValueError("unseen"))
    error = KeyError("body")
    session.raise_unseen(error)
    assert error.__notes__ == ["Besides, background work raised ValueError: unseen"]
    session.raise_unseen(None)


def test_a_client_that_wants_no_errors_is_told_of_none_later_either() -> None:
    with session_of(asgi([]), raise_server_exceptions=False) as session:
        session.unseen.keep(ValueError("unseen"))
        session.raise_unseen(None)
        session.behaviour.raise_server_exceptions = True
        session.raise_unseen(None)


def test_what_work_keeps_is_unseen(session: Session) -> None:
    async def main() -> None:
        job = Job(ValueError("from a task"))
        session.send(job)
        job.may_end.set()
        await turns()

    run(main)
    with pytest.raises(ValueError, match="from a task"):
        session.raise_unseen(None)


# -- what is said


def test_the_error_of_a_drain_names_the_tasks_that_are_left() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    app = PlainTextResponse("hello", background=BackgroundTask(wait))

    async def main() -> None:
        session.send(session.exchange(GET, b"", lambda: None))
        await turns()
        said = "After 5 s there was still background work: wait of GET /path (running). Nothing is lost: call drain()"
        assert str(session.drain_timeout(5)).startswith(said)
        await session.close()

    with session_of(app) as session:
        run(main)


def test_the_error_of_a_drain_says_so_where_what_is_left_is_no_task(session: Session) -> None:
    assert "After 0.5 s there was still background work: work that is not a task (" in str(session.drain_timeout(0.5))


def test_an_app_that_asks_for_what_would_wait_for_itself_is_refused_by_the_request_that_asks() -> None:
    refused: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        other.refuse_inside_app("drain()")
        with pytest.raises(ClientError, match=r"drain\(\) was called from within the app, by GET /path") as raised:
            session.refuse_inside_app("drain()")
        refused.append(str(raised.value))

    async def main() -> None:
        session.send(session.exchange(GET, b"", lambda: None))
        await turns()

    with session_of(app) as session, session_of(app) as other:
        session.refuse_inside_app("drain()")
        run(main)
    assert len(refused) == 1


def test_time_begins_when_it_is_first_asked_for() -> None:
    class Counts:
        simulated = True
        started = 0

        def start(self) -> None:
            self.started += 1

        def time(self) -> float:
            return 42.0

    clock = Counts()
    session = Session(Recorder(asgi([]), clock=clock), LiveBehaviour())
    assert clock.started == 0
    assert session.now() == 42.0
    assert clock.started == 1


def test_a_request_has_the_scope_that_the_client_was_made_for() -> None:
    with session_of(asgi([]), root_path="/mounted", client=("192.0.2.1", 7)) as session:
        session.state["answer"] = 42
        scope = session.scope(GET)
    assert (scope["root_path"], scope["client"], scope["state"]) == ("/mounted", ("192.0.2.1", 7), {"answer": 42})
    assert (scope["path"], scope["query_string"]) == ("/path", b"a=1")


# -- the end


def test_close_cancels_what_is_under_way_and_waits_for_its_end(session: Session) -> None:
    async def main() -> None:
        job = Job()
        session.send(job)
        session.is_background(job)
        await turns()
        await session.close()
        assert job.ended
        assert session.is_drained

    run(main)


def test_work_that_was_sent_right_before_the_close_never_begins_and_its_reader_is_woken(session: Session) -> None:
    async def main() -> None:
        job = Job()
        session.send(job)
        await session.close()
        assert (job.began, job.ended, job.woken) == (False, True, 1)

    run(main)


def test_close_marks_what_is_left_in_threads_as_abandoned(session: Session) -> None:
    statuses: list[Any] = []

    class StillRuns:
        def record_as(self, status: str) -> None:
            statuses.append(status)

    async def main() -> None:
        session.recorder.running.add(StillRuns())  # type: ignore[arg-type]
        await session.close()
        session.recorder.running.clear()

    run(main)
    assert statuses == ["abandoned"]


def lifespan_app(log: list[str], *, fails: str = "") -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for what in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{what}"
            log.append(what)
            scope["state"][what] = True
            if what == fails:
                await send({"type": f"lifespan.{what}.failed", "message": "no database"})
                return
            await send({"type": f"lifespan.{what}.complete"})

    return app


def test_start_up_and_close_run_the_apps_lifespan_once_each() -> None:
    log: list[str] = []

    async def main() -> None:
        await session.start_up(Context())
        assert log == ["startup"]
        assert session.scope(GET)["state"] == {"startup": True}
        await session.close()
        await session.close()

    with session_of(lifespan_app(log)) as session:
        run(main)
    assert log == ["startup", "shutdown"]


@pytest.mark.parametrize("what", ["startup", "shutdown"])
def test_what_the_lifespan_says_has_failed_is_raised(what: str) -> None:
    async def main() -> None:
        await session.start_up(Context())
        await session.close()

    with (
        session_of(lifespan_app([], fails=what)) as session,
        pytest.raises(AppError, match=rf"The app's {what} failed: no database"),
    ):
        run(main)


def test_work_is_cancelled_before_the_app_is_shut_down() -> None:
    log: list[str] = []

    class Logs(Job):
        async def run(self, recorder: Recorder, keep: Callable[[BaseException], object]) -> None:
            try:
                await super().run(recorder, keep)
            finally:
                log.append("work ended")

    async def main() -> None:
        await session.start_up(Context())
        session.send(Logs())
        await turns()
        await session.close()

    with session_of(lifespan_app(log)) as session:
        run(main)
    assert log == ["startup", "work ended", "shutdown"]
