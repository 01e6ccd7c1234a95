"""What a server refuses to send, and what becomes of apps that end without an answer, or half way."""

import asyncio
from collections.abc import AsyncIterator, Callable

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import Response, StreamingResponse

from conformance.scenario import Call, GiveUp, Reply, Scenario, Stage, finished, never_ran

GET = Call("GET", "/")
CUT_OFF = Reply(None, "cut off")
SERVER_ERROR = Reply(500, "Internal Server Error")
STARTED = """
    request_sent 1
    task_added write_log
    response_started 1
    request_ended 1
"""
ENDED = """
    request_sent 1
    task_added write_log
    response_started 1
    response_ended 1
    request_ended 1
"""


def write_log() -> None:
    print("written")


def answering(make: Callable[[], Response]) -> Callable[[Stage], FastAPI]:
    """An app whose route adds a task and returns this response."""

    def build(stage: Stage) -> FastAPI:
        app = FastAPI()

        @app.api_route("/", methods=["GET", "HEAD"])
        def index(background_tasks: BackgroundTasks) -> Response:
            background_tasks.add_task(write_log)
            return make()

        return app

    return build


def _raw_status(status: int) -> Callable[[], Response]:
    def make() -> Response:
        response = Response("body")
        response.status_code = status
        return response

    return make


def _with_length(length: str) -> Callable[[], Response]:
    return lambda: Response("body", headers={"content-length": length})


def _with_header(value: bytes) -> Callable[[], Response]:
    def make() -> Response:
        response = Response("body")
        response.raw_headers.append((b"x-own", value))
        return response

    return make


def _cancelled_inside(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def index(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(write_log)
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task

    return app


def _half_a_stream(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise ValueError("no disk")

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(write_log)
        return StreamingResponse(chunks())

    return app


def _silent(stage: Stage) -> FastAPI:
    app = FastAPI()

    class Silent(Response):
        async def __call__(self, scope: object, receive: object, send: object) -> None:
            pass

    @app.get("/")
    def index() -> Response:
        return Silent()

    return app


def _stream_that_comes_late(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(3):
            stage.note(str(number))
            yield b"chunk"

    @app.get("/")
    async def index() -> StreamingResponse:
        await asyncio.sleep(0.4)
        return StreamingResponse(chunks())

    return app


def refused(name: str, make: Callable[[], Response], events: str, reply: Reply = CUT_OFF) -> Scenario:
    """A response that a server does not send, or not all of it; the error is in the app, in words of each side."""
    return Scenario(
        name=name,
        build=answering(make),
        steps=(GET,),
        replies=(reply,),
        events=events,
        tasks=(never_ran("write_log", "dropped"),),
        errors={1: "REFUSED"},
    )


SCENARIOS = [
    refused("a 204 with a body", _raw_status(204), ENDED, Reply(204)),
    refused("a 304 with a body", _raw_status(304), ENDED, Reply(304)),
    refused("a body shorter than its content-length", _with_length("9"), ENDED),
    refused("a body longer than its content-length", _with_length("2"), ENDED),
    refused("a content-length that is not a number", _with_length("two"), STARTED),
    refused("a header with a line break", _with_header(b"one\r\ntwo: 2"), STARTED),
    refused("status 102", _raw_status(102), STARTED),
    refused("status 999", _raw_status(999), STARTED),
    Scenario(
        name="a HEAD whose body is longer than its content-length",
        build=answering(_with_length("2")),
        steps=(Call("HEAD", "/"),),
        replies=(Reply(200),),
        events="""
            request_sent 1
            task_added write_log
            response_started 1
            response_ended 1
            task_started write_log
            task_ended write_log
            request_ended 1
        """,
        tasks=(finished("write_log", printed="written\n"),),
    ),
    Scenario(
        name="a caller that gives up before a stream begins: as far as its generator runs",
        build=_stream_that_comes_late,
        steps=(GiveUp("/"),),
        replies=(Reply(None, "timed out"),),
        events="""
            request_sent 1
            client_left 1
            response_started 1
            note 0
            note 1
            note 2
            response_ended 1
            request_ended 1
        """,
    ),
    Scenario(
        name="a CancelledError that leaves the route",
        build=_cancelled_inside,
        steps=(GET,),
        replies=(SERVER_ERROR,),
        events="""
            request_sent 1
            task_added write_log
            request_ended 1
        """,
        tasks=(never_ran("write_log", "dropped"),),
        errors={1: "CancelledError"},
    ),
    Scenario(
        name="a stream that raises half way",
        build=_half_a_stream,
        steps=(GET,),
        replies=(CUT_OFF,),
        events=STARTED,
        tasks=(never_ran("write_log", "dropped"),),
        errors={1: "ValueError: no disk"},
    ),
    Scenario(
        name="an app that ends without an answer",
        build=_silent,
        steps=(GET,),
        replies=(SERVER_ERROR,),
        events="""
            request_sent 1
            request_ended 1
        """,
    ),
]
