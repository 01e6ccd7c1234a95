"""Rows 8 and 9: tasks that dependencies add, and dependencies with code after `yield`."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI

from conformance.scenario import Call, OpenGate, Reply, Scenario, Stage, failed, finished, never_ran

OK = '{"message":"ok"}'
GET = Call("GET", "/")


def write_log(text: str) -> None:
    pass


def adding(text: str) -> Any:
    """A dependency that adds a task of this name."""

    def add(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(write_log, text)

    return Depends(add)


def _levels(stage: Stage) -> FastAPI:
    router = APIRouter(dependencies=[adding("router")])

    def dependency(
        background_tasks: BackgroundTasks, sub: Annotated[None, adding("sub-dependency")]
    ) -> BackgroundTasks:
        background_tasks.add_task(write_log, "dependency")
        return background_tasks

    @router.get("/", dependencies=[adding("decorator")])
    def index(background_tasks: BackgroundTasks, same: Annotated[BackgroundTasks, Depends(dependency)]) -> bool:
        background_tasks.add_task(write_log, "path operation")
        return background_tasks is same

    app = FastAPI()
    app.include_router(router, dependencies=[adding("include_router")])
    return app


def _used_twice(use_cache: bool) -> Callable[[Stage], FastAPI]:
    def build(stage: Stage) -> FastAPI:
        app = FastAPI()
        count = itertools.count(1)

        def audit(number: int) -> None:
            pass

        def add_audit(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(audit, next(count))

        depends = Depends(add_audit, use_cache=use_cache)

        @app.get("/")
        def index(one: Annotated[None, depends], two: Annotated[None, depends]) -> dict[str, str]:
            return {"message": "ok"}

        return app

    return build


def _session(make_depends: Callable[[Callable[[], AsyncIterator[str]]], Any]) -> Callable[[Stage], FastAPI]:
    def build(stage: Stage) -> FastAPI:
        app = FastAPI()

        async def session() -> AsyncIterator[str]:
            stage.note("session opened")
            yield "session"
            stage.note("session closed")

        @app.get("/")
        async def index(
            background_tasks: BackgroundTasks, session: Annotated[str, make_depends(session)]
        ) -> dict[str, str]:
            background_tasks.add_task(write_log, session)
            return {"message": "ok"}

        return app

    return build


def _sync_session_at_the_gate(stage: Stage) -> FastAPI:
    app = FastAPI()

    def session() -> Iterator[str]:
        stage.note("session opened")
        yield "session"
        stage.note("session closed")

    def hold(session: str) -> None:
        stage.wait_for_gate()

    @app.get("/")
    def index(background_tasks: BackgroundTasks, session: Annotated[str, Depends(session)]) -> dict[str, str]:
        background_tasks.add_task(hold, session)
        return {"message": "ok"}

    return app


def _failing_task_in_a_session(scope: Any) -> Callable[[Stage], FastAPI]:
    def build(stage: Stage) -> FastAPI:
        app = FastAPI()

        async def session() -> AsyncIterator[None]:
            try:
                yield
            except ValueError as error:
                stage.note(f"session got {error!r}")
                raise
            finally:
                stage.note("session closed")

        def fail() -> None:
            raise ValueError("no disk")

        @app.get("/", dependencies=[Depends(session, scope=scope)])
        async def index(background_tasks: BackgroundTasks) -> dict[str, str]:
            background_tasks.add_task(fail)
            return {"message": "ok"}

        return app

    return build


def _task_added_after_yield(scope: Any) -> Callable[[Stage], FastAPI]:
    def build(stage: Stage) -> FastAPI:
        app = FastAPI()

        async def session(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
            yield
            background_tasks.add_task(write_log, "after yield")

        @app.get("/", dependencies=[Depends(session, scope=scope)])
        async def index() -> dict[str, str]:
            return {"message": "ok"}

        return app

    return build


SESSION_RAN = (finished("write_log('session')"),)

SCENARIOS = [
    Scenario(
        name="8 one BackgroundTasks a request, in the order of the levels",
        build=_levels,
        steps=(GET,),
        replies=(Reply(200, "true"),),
        events="""
            request_sent 1
            task_added write_log('include_router')
            task_added write_log('router')
            task_added write_log('decorator')
            task_added write_log('sub-dependency')
            task_added write_log('dependency')
            task_added write_log('path operation')
            response_started 1
            response_ended 1
            task_started write_log('include_router')
            task_ended write_log('include_router')
            task_started write_log('router')
            task_ended write_log('router')
            task_started write_log('decorator')
            task_ended write_log('decorator')
            task_started write_log('sub-dependency')
            task_ended write_log('sub-dependency')
            task_started write_log('dependency')
            task_ended write_log('dependency')
            task_started write_log('path operation')
            task_ended write_log('path operation')
            request_ended 1
        """,
        tasks=(
            finished("write_log('include_router')"),
            finished("write_log('router')"),
            finished("write_log('decorator')"),
            finished("write_log('sub-dependency')"),
            finished("write_log('dependency')"),
            finished("write_log('path operation')"),
        ),
    ),
    Scenario(
        name="8 a dependency that is used twice adds its task once",
        build=_used_twice(use_cache=True),
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added audit(1)
            response_started 1
            response_ended 1
            task_started audit(1)
            task_ended audit(1)
            request_ended 1
        """,
        tasks=(finished("audit(1)"),),
    ),
    Scenario(
        name="8 a dependency that is used twice with use_cache=False adds its task twice",
        build=_used_twice(use_cache=False),
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added audit(1)
            task_added audit(2)
            response_started 1
            response_ended 1
            task_started audit(1)
            task_ended audit(1)
            task_started audit(2)
            task_ended audit(2)
            request_ended 1
        """,
        tasks=(finished("audit(1)"), finished("audit(2)")),
    ),
    Scenario(
        name="9 code after yield runs after the tasks",
        build=_session(Depends),
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            note session opened
            task_added write_log('session')
            response_started 1
            response_ended 1
            task_started write_log('session')
            task_ended write_log('session')
            note session closed
            request_ended 1
        """,
        tasks=SESSION_RAN,
    ),
    Scenario(
        name="9 code after yield with scope=function runs before the response",
        build=_session(lambda session: Depends(session, scope="function")),
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            note session opened
            task_added write_log('session')
            note session closed
            response_started 1
            response_ended 1
            task_started write_log('session')
            task_ended write_log('session')
            request_ended 1
        """,
        tasks=SESSION_RAN,
    ),
    Scenario(
        name="9 a sync dependency with yield stays open as long as the task runs, and does not hold up the response",
        build=_sync_session_at_the_gate,
        steps=(Call("GET", "/", watch=True), OpenGate()),
        replies=(Reply(200, OK, unfinished=("hold('session')",)),),
        events="""
            request_sent 1
            note session opened
            task_added hold('session')
            response_started 1
            response_ended 1
            task_started hold('session')
            task_ended hold('session')
            note session closed
            request_ended 1
        """,
        tasks=(finished("hold('session')"),),
    ),
    Scenario(
        name="9 a dependency with yield sees the exception of a task",
        build=_failing_task_in_a_session("request"),
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added fail
            response_started 1
            response_ended 1
            task_started fail
            task_ended fail
            note session got ValueError('no disk')
            note session closed
            request_ended 1
        """,
        tasks=(failed("fail", "ValueError: no disk"),),
        errors={1: "ValueError: no disk"},
    ),
    Scenario(
        name="9 a dependency with scope=function does not see the exception of a task",
        build=_failing_task_in_a_session("function"),
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added fail
            note session closed
            response_started 1
            response_ended 1
            task_started fail
            task_ended fail
            request_ended 1
        """,
        tasks=(failed("fail", "ValueError: no disk"),),
        errors={1: "ValueError: no disk"},
    ),
    Scenario(
        name="9 a task that is added after yield comes too late",
        build=_task_added_after_yield("request"),
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            response_started 1
            response_ended 1
            task_added write_log('after yield')
            request_ended 1
        """,
        tasks=(never_ran("write_log('after yield')", "dropped"),),
    ),
    Scenario(
        name="9 a task that is added after yield with scope=function runs",
        build=_task_added_after_yield("function"),
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added write_log('after yield')
            response_started 1
            response_ended 1
            task_started write_log('after yield')
            task_ended write_log('after yield')
            request_ended 1
        """,
        tasks=(finished("write_log('after yield')"),),
    ),
]
