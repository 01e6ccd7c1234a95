"""Rows 1, 2, 3, 4, 14, 15 and 16: when tasks run, in which order, and what becomes of one that cannot do its work."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.middleware.base import RequestResponseEndpoint

from conformance.scenario import Call, OpenGate, Reply, Scenario, Stage, Until, failed, finished, never_ran

OK = '{"message":"ok"}'
GET = Call("GET", "/")


def _sync_task_at_the_gate(stage: Stage) -> FastAPI:
    app = FastAPI()

    def write_log(text: str) -> None:
        stage.wait_for_gate()
        print(text)

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log, "hello 提醒")
        return {"message": "ok"}

    return app


def _async_task_at_the_gate(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def write_log(text: str) -> None:
        await asyncio.to_thread(stage.wait_for_gate)
        print(text)

    @app.get("/")
    async def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log, "hello 提醒")
        return {"message": "ok"}

    return app


def _tasks_of_both_kinds(stage: Stage) -> FastAPI:
    app = FastAPI()

    def first() -> None:
        time.sleep(0.02)

    async def second() -> None:
        await asyncio.sleep(0.01)

    def third() -> None:
        pass

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(first)
        background_tasks.add_task(second)
        background_tasks.add_task(third)
        return {"message": "ok"}

    return app


def _task_that_adds_a_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    def report() -> None:
        print("reported")

    def write_log(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(report)

    def last() -> None:
        pass

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log, background_tasks)
        background_tasks.add_task(last)
        return {"message": "ok"}

    return app


def _add_three_with_one_that(background_tasks: BackgroundTasks, error: Exception) -> None:
    def before() -> None:
        print("before")

    def fail() -> None:
        raise error

    def after() -> None:
        print("after")

    background_tasks.add_task(before)
    background_tasks.add_task(fail)
    background_tasks.add_task(after)


def _failing_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        _add_three_with_one_that(background_tasks, ValueError("no disk"))
        return {"message": "ok"}

    return app


def _failing_async_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("no disk")

    async def after() -> None:
        pass

    @app.get("/")
    async def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(fail)
        background_tasks.add_task(after)
        return {"message": "ok"}

    return app


def _failing_task_and_another_request(stage: Stage) -> FastAPI:
    app = _failing_task(stage)

    @app.get("/ping")
    async def ping() -> dict[str, str]:
        return {"ping": "pong"}

    return app


def _http_exception_in_a_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    def fail() -> None:
        raise HTTPException(418, "too late")

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(fail)
        return {"message": "ok"}

    return app


def _failing_task_and_a_handler(stage: Stage) -> FastAPI:
    app = _failing_task(stage)

    @app.exception_handler(Exception)
    async def handle(request: Request, error: Exception) -> Response:
        stage.note(f"handler got {error!r}")
        return JSONResponse({"message": "sorry"}, 500)

    return app


def _failing_task_and_a_handler_of_its_own_class(stage: Stage) -> FastAPI:
    app = _failing_task(stage)

    @app.exception_handler(ValueError)
    async def handle(request: Request, error: Exception) -> Response:
        stage.note("handler")
        return JSONResponse({"message": "sorry"}, 500)

    return app


def _failing_task_and_a_middleware_that_tries(stage: Stage) -> FastAPI:
    app = _failing_task(stage)

    @app.middleware("http")
    async def catch(request: Request, call_next: RequestResponseEndpoint) -> Response:
        try:
            return await call_next(request)
        except ValueError:
            stage.note("middleware caught it")
            raise

    return app


def _with_ping(app: FastAPI) -> FastAPI:
    @app.get("/ping")
    async def ping() -> dict[str, str]:
        return {"ping": "pong"}

    return app


def _async_task_that_blocks_the_loop(stage: Stage) -> FastAPI:
    app = _with_ping(FastAPI())

    async def write_log() -> None:
        time.sleep(0.1)

    @app.get("/")
    async def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log)
        return {"message": "ok"}

    return app


def _blocking_sync_task_and_ping(stage: Stage) -> FastAPI:
    return _with_ping(_sync_task_at_the_gate(stage))


def _called_instead_of_scheduled(stage: Stage) -> FastAPI:
    app = FastAPI()

    def write_log(text: str) -> None:
        stage.note(f"write_log {text}")

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log("x"))  # type: ignore[func-returns-value, arg-type]
        return {"message": "ok"}

    return app


def _coroutine_object(stage: Stage) -> FastAPI:
    async def write_log() -> None:
        stage.note("write_log")

    coroutine = write_log()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        coroutine.close()  # or Python warns that it was never awaited, which is what this scenario is about

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(coroutine)  # type: ignore[arg-type]
        return {"message": "ok"}

    return app


def _generator_functions(stage: Stage) -> FastAPI:
    app = FastAPI()

    def write_log() -> Iterator[None]:
        stage.note("write_log")
        yield

    async def write_log_async() -> AsyncIterator[None]:
        stage.note("write_log_async")
        yield

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log)
        background_tasks.add_task(write_log_async)
        return {"message": "ok"}

    return app


def _async_function_in_a_lambda(stage: Stage) -> FastAPI:
    """A sync function that returns an awaitable: the thread returns it, and nobody awaits it."""

    class Work:
        def __await__(self) -> Iterator[None]:
            stage.note("work")
            yield

    app = FastAPI()

    def start_work() -> Work:
        return Work()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(start_work)
        return {"message": "ok"}

    return app


def _task_with_a_result(stage: Stage) -> FastAPI:
    app = FastAPI()

    def compute() -> int:
        return 42

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        result = background_tasks.add_task(compute)  # type: ignore[func-returns-value]
        return {"message": str(result)}

    return app


AFTER_THE_RESPONSE = """
    request_sent 1
    task_added write_log('hello 提醒')
    response_started 1
    response_ended 1
    task_started write_log('hello 提醒')
    task_ended write_log('hello 提醒')
    request_ended 1
"""
THE_FAILURE = """
    request_sent 1
    task_added before
    task_added fail
    task_added after
    response_started 1
    response_ended 1
    task_started before
    task_ended before
    task_started fail
    task_ended fail
"""
THE_FAILED = (
    finished("before", printed="before\n"),
    failed("fail", "ValueError: no disk"),
    never_ran("after", "skipped"),
)
NO_DISK = {1: "ValueError: no disk"}

SCENARIOS = [
    Scenario(
        name="1 a sync task: the caller has the response before the task ends",
        build=_sync_task_at_the_gate,
        steps=(Call("GET", "/", watch=True), OpenGate()),
        replies=(Reply(200, OK, unfinished=("write_log('hello 提醒')",)),),
        events=AFTER_THE_RESPONSE,
        tasks=(finished("write_log('hello 提醒')", "threadpool", printed="hello 提醒\n"),),
    ),
    Scenario(
        name="1 an async task: the caller has the response before the task ends",
        build=_async_task_at_the_gate,
        steps=(Call("GET", "/", watch=True), OpenGate()),
        replies=(Reply(200, OK, unfinished=("write_log('hello 提醒')",)),),
        events=AFTER_THE_RESPONSE,
        tasks=(finished("write_log('hello 提醒')", "event_loop", printed="hello 提醒\n"),),
    ),
    Scenario(
        name="2 tasks run one after another, in the order in which they were added",
        build=_tasks_of_both_kinds,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added first
            task_added second
            task_added third
            response_started 1
            response_ended 1
            task_started first
            task_ended first
            task_started second
            task_ended second
            task_started third
            task_ended third
            request_ended 1
        """,
        tasks=(finished("first"), finished("second", "event_loop"), finished("third")),
    ),
    Scenario(
        name="2 a task may add a task, which runs last",
        build=_task_that_adds_a_task,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added write_log
            task_added last
            response_started 1
            response_ended 1
            task_started write_log
            task_added report
            task_ended write_log
            task_started last
            task_ended last
            task_started report
            task_ended report
            request_ended 1
        """,
        tasks=(finished("write_log"), finished("last"), finished("report", printed="reported\n")),
    ),
    Scenario(
        name="3 a task raises: the caller has its 200, later tasks are skipped",
        build=_failing_task,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events=THE_FAILURE + "request_ended 1",
        tasks=THE_FAILED,
        errors=NO_DISK,
    ),
    Scenario(
        name="3 an async task raises: the same",
        build=_failing_async_task,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added fail
            task_added after
            response_started 1
            response_ended 1
            task_started fail
            task_ended fail
            request_ended 1
        """,
        tasks=(failed("fail", "ValueError: no disk", "event_loop"), never_ran("after", "skipped")),
        errors=NO_DISK,
    ),
    Scenario(
        name="3 a task raises HTTPException: RuntimeError, and no 418",
        build=_http_exception_in_a_task,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added fail
            response_started 1
            response_ended 1
            task_started fail
            task_ended fail
            request_ended 1
        """,
        tasks=(failed("fail", "HTTPException: 418: too late"),),
        errors={1: "RuntimeError: Caught handled exception, but response already started."},
    ),
    Scenario(
        name="3 a task raises: exception_handler(Exception) is called, and changes nothing for the caller",
        build=_failing_task_and_a_handler,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events=THE_FAILURE + "note handler got ValueError('no disk')\n request_ended 1",
        tasks=THE_FAILED,
        errors=NO_DISK,
    ),
    Scenario(
        name="3 a task raises: exception_handler(ValueError) is not called",
        build=_failing_task_and_a_handler_of_its_own_class,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events=THE_FAILURE + "request_ended 1",
        tasks=THE_FAILED,
        errors={1: "RuntimeError: Caught handled exception, but response already started."},
    ),
    Scenario(
        name="3 a task raises: try/except in a middleware does not see it",
        build=_failing_task_and_a_middleware_that_tries,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events=THE_FAILURE + "request_ended 1",
        tasks=THE_FAILED,
        errors=NO_DISK,
    ),
    Scenario(
        name="3 a task raises: the next request is answered as if nothing had happened",
        build=_failing_task_and_another_request,
        steps=(GET, Until("request_ended 1"), Call("GET", "/ping")),
        replies=(Reply(200, OK), Reply(200, '{"ping":"pong"}')),
        events=THE_FAILURE
        + """
            request_ended 1
            request_sent 2
            response_started 2
            response_ended 2
            request_ended 2
        """,
        tasks=THE_FAILED,
        errors=NO_DISK,
    ),
    Scenario(
        name="4 an async task that calls time.sleep holds up another route",
        build=_async_task_that_blocks_the_loop,
        steps=(GET, Call("GET", "/ping")),
        replies=(Reply(200, OK), Reply(200, '{"ping":"pong"}')),
        events="""
            request_sent 1
            task_added write_log
            response_started 1
            response_ended 1
            task_started write_log
            task_ended write_log
            request_ended 1
            request_sent 2
            response_started 2
            response_ended 2
            request_ended 2
        """,
        tasks=(finished("write_log", "event_loop"),),
    ),
    Scenario(
        name="4 a sync task that blocks does not hold up another route",
        build=_blocking_sync_task_and_ping,
        steps=(
            GET,
            Until("task_started write_log('hello 提醒')"),
            Call("GET", "/ping", watch=True),
            Until("request_ended 2"),
            OpenGate(),
        ),
        replies=(Reply(200, OK), Reply(200, '{"ping":"pong"}', unfinished=("write_log('hello 提醒')",))),
        events="""
            request_sent 1
            task_added write_log('hello 提醒')
            response_started 1
            response_ended 1
            task_started write_log('hello 提醒')
            request_sent 2
            response_started 2
            response_ended 2
            request_ended 2
            task_ended write_log('hello 提醒')
            request_ended 1
        """,
        tasks=(finished("write_log('hello 提醒')", printed="hello 提醒\n"),),
    ),
    Scenario(
        name="14 add_task(f(x)): f runs before the response, then there is nothing to call",
        build=_called_instead_of_scheduled,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            note write_log x
            task_added NoneType
            response_started 1
            response_ended 1
            task_ended NoneType
            request_ended 1
        """,
        tasks=(failed("NoneType", "TypeError: the first argument must be callable", None),),
        errors={1: "TypeError: the first argument must be callable"},
    ),
    Scenario(
        name="15 a coroutine object never does its work",
        build=_coroutine_object,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added write_log
            response_started 1
            response_ended 1
            task_ended write_log
            request_ended 1
        """,
        tasks=(failed("write_log", "TypeError: the first argument must be callable", None),),
        errors={1: "TypeError: the first argument must be callable"},
    ),
    Scenario(
        name="15 a generator function is called, and never does its work",
        build=_generator_functions,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added write_log
            task_added write_log_async
            response_started 1
            response_ended 1
            task_started write_log
            task_ended write_log
            task_started write_log_async
            task_ended write_log_async
            request_ended 1
        """,
        tasks=(finished("write_log"), finished("write_log_async")),
    ),
    Scenario(
        name="15 a sync function that returns an awaitable: nobody awaits it",
        build=_async_function_in_a_lambda,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added start_work
            response_started 1
            response_ended 1
            task_started start_work
            task_ended start_work
            request_ended 1
        """,
        tasks=(finished("start_work"),),
    ),
    Scenario(
        name="16 the result of a task is lost, and add_task returns None",
        build=_task_with_a_result,
        steps=(GET,),
        replies=(Reply(200, '{"message":"None"}'),),
        events="""
            request_sent 1
            task_added compute
            response_started 1
            response_ended 1
            task_started compute
            task_ended compute
            request_ended 1
        """,
        tasks=(finished("compute"),),
    ),
]
