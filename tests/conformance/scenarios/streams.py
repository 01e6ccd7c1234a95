"""Row 18: tasks of responses that come in pieces, and what happens when the caller leaves before the end."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator

from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.middleware.base import RequestResponseEndpoint

from conformance.scenario import Call, GiveUp, OpenGate, Reply, Scenario, Stage, Stream, Until, finished

GET = Call("GET", "/")


def write_log(text: str) -> None:
    pass


def _stream(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def chunks(background_tasks: BackgroundTasks) -> AsyncIterator[str]:
        yield "one "
        background_tasks.add_task(write_log, "generator")
        await asyncio.sleep(0.01)
        yield "two"
        stage.note("generator done")

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(write_log, "route")
        return StreamingResponse(chunks(background_tasks), media_type="text/plain")

    return app


def _sync_stream(stage: Stage) -> FastAPI:
    app = FastAPI()

    def chunks(background_tasks: BackgroundTasks) -> Iterator[str]:
        yield "one "
        background_tasks.add_task(write_log, "generator")
        yield "two"
        stage.note("generator done")

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(write_log, "route")
        return StreamingResponse(chunks(background_tasks), media_type="text/plain")

    return app


def _json_lines(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def index(background_tasks: BackgroundTasks) -> AsyncIterator[dict[str, int]]:
        yield {"number": 1}
        background_tasks.add_task(write_log, "route")
        yield {"number": 2}

    return app


def _server_sent_events(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/", response_class=EventSourceResponse)
    async def index(background_tasks: BackgroundTasks) -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(data=1)
        background_tasks.add_task(write_log, "route")
        yield ServerSentEvent(data=2)

    return app


def _file_that_a_task_deletes(stage: Stage) -> FastAPI:
    app = FastAPI()

    def delete(file: "_Path") -> None:
        os.remove(file.path)
        print("gone:", not os.path.exists(file.path))

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> FileResponse:
        descriptor, path = tempfile.mkstemp()
        with open(descriptor, "wb") as file:
            file.write(b"x" * 200_000)
        background_tasks.add_task(delete, _Path(path))
        return FileResponse(path, media_type="text/plain", headers={"last-modified": "-", "etag": "-"})

    return app


class _Path:
    """A path that is different in each run, so that it is no part of the task's label."""

    def __init__(self, path: str) -> None:
        self.path = path


def _stream_without_end(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def chunks() -> AsyncIterator[str]:
        try:
            yield "one "
            await asyncio.Event().wait()
        finally:
            stage.note("generator closed")

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(write_log, "route")
        return StreamingResponse(chunks(), media_type="text/plain")

    return app


def _sync_stream_at_the_gate(stage: Stage) -> FastAPI:
    app = FastAPI()

    def chunks() -> Iterator[str]:
        yield "one "
        stage.wait_for_gate()
        stage.note("behind the gate")
        yield "two"
        stage.note("asked for more")

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(write_log, "route")
        return StreamingResponse(chunks(), media_type="text/plain")

    return app


def _stream_without_end_behind_a_middleware(stage: Stage) -> FastAPI:
    app = _stream_without_end(stage)

    @app.middleware("http")
    async def pass_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    return app


def _stream_that_floods(stage: Stage) -> FastAPI:
    """More than any buffer holds: the app has to wait for the caller, who leaves."""
    app = FastAPI()

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"one " * 250_000
            await asyncio.sleep(0)  # or a generator that never waits would never notice that the caller has left

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(write_log, "route")
        return StreamingResponse(chunks(), media_type="text/plain")

    return app


def _route_that_waits_for_the_caller_to_leave(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def index(request: Request, background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log, "route")
        while not await request.is_disconnected():
            await asyncio.sleep(0.01)
        return {"message": "nobody reads this"}

    return app


BOTH_RAN = (finished("write_log('route')"), finished("write_log('generator')"))
ROUTE_RAN = (finished("write_log('route')"),)
LEFT = """
    request_sent 1
    task_added write_log('route')
    response_started 1
    client_left 1
    note generator closed
    task_started write_log('route')
    task_ended write_log('route')
    request_ended 1
"""
STREAMED = """
    request_sent 1
    task_added write_log('route')
    response_started 1
    task_added write_log('generator')
    note generator done
    response_ended 1
    task_started write_log('route')
    task_ended write_log('route')
    task_started write_log('generator')
    task_ended write_log('generator')
    request_ended 1
"""

SCENARIOS = [
    Scenario(
        name="18 tasks run after the last chunk, and a generator may add tasks",
        build=_stream,
        steps=(GET,),
        replies=(Reply(200, "one two"),),
        events=STREAMED,
        tasks=BOTH_RAN,
    ),
    Scenario(
        name="18 a sync generator may add tasks too",
        build=_sync_stream,
        steps=(GET,),
        replies=(Reply(200, "one two"),),
        events=STREAMED,
        tasks=BOTH_RAN,
    ),
    Scenario(
        name="18 a path operation that yields JSON lines may add tasks",
        build=_json_lines,
        steps=(GET,),
        replies=(Reply(200, '{"number":1}\n{"number":2}\n'),),
        events="""
            request_sent 1
            response_started 1
            task_added write_log('route')
            response_ended 1
            task_started write_log('route')
            task_ended write_log('route')
            request_ended 1
        """,
        tasks=ROUTE_RAN,
    ),
    Scenario(
        # The generator runs ahead of the response, in a task of its own, on the server too.
        name="18 a path operation that yields server-sent events may add tasks",
        build=_server_sent_events,
        steps=(GET,),
        replies=(Reply(200, "data: 1\n\ndata: 2\n\n"),),
        events="""
            request_sent 1
            ~ task_added write_log('route')
            response_started 1
            response_ended 1
            task_started write_log('route')
            task_ended write_log('route')
            request_ended 1
        """,
        tasks=ROUTE_RAN,
    ),
    Scenario(
        name="18 a task may delete the file of a FileResponse",
        build=_file_that_a_task_deletes,
        steps=(GET,),
        replies=(Reply(200, "x" * 200_000),),
        events="""
            request_sent 1
            task_added delete
            response_started 1
            response_ended 1
            task_started delete
            task_ended delete
            request_ended 1
        """,
        tasks=(finished("delete", printed="gone: True\n"),),
    ),
    Scenario(
        name="18 a caller who leaves a stream: the app gets a disconnect, the task runs",
        build=_stream_without_end,
        steps=(Stream("/"),),
        replies=(Reply(200, "one "),),
        events=LEFT,
        tasks=ROUTE_RAN,
    ),
    Scenario(
        name="18 a caller who leaves a stream of a sync generator: its thread is waited for, the task runs",
        build=_sync_stream_at_the_gate,
        steps=(Stream("/"), Until("client_left 1"), OpenGate()),
        replies=(Reply(200, "one "),),
        events="""
            request_sent 1
            task_added write_log('route')
            response_started 1
            client_left 1
            note behind the gate
            task_started write_log('route')
            task_ended write_log('route')
            request_ended 1
        """,
        tasks=ROUTE_RAN,
    ),
    Scenario(
        name="18 a caller who leaves a stream behind @app.middleware('http'): the same",
        build=_stream_without_end_behind_a_middleware,
        steps=(Stream("/"),),
        replies=(Reply(200, "one "),),
        events=LEFT.replace("request_ended 1", "response_ended 1\n request_ended 1"),
        tasks=ROUTE_RAN,
    ),
    Scenario(
        name="18 a caller who leaves a stream that had to wait for room: the task runs",
        build=_stream_that_floods,
        steps=(Stream("/"),),
        replies=(Reply(200, "one "),),
        events=LEFT.replace("note generator closed", ""),
        tasks=ROUTE_RAN,
    ),
    Scenario(
        name="18 a caller who gives up before the response: the route goes on, the task runs",
        build=_route_that_waits_for_the_caller_to_leave,
        steps=(GiveUp("/"),),
        replies=(Reply(None, "timed out"),),
        events="""
            request_sent 1
            task_added write_log('route')
            client_left 1
            response_started 1
            response_ended 1
            task_started write_log('route')
            task_ended write_log('route')
            request_ended 1
        """,
        tasks=ROUTE_RAN,
    ),
]
