"""Row 12 and what belongs to it: uploads, what a task sees of its request, and the scope that an app gets."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import BackgroundTasks, FastAPI, File, Request, UploadFile
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance.scenario import Call, Reply, Scenario, Stage, finished

OK = '{"message":"ok"}'
REPORT = {"file": ("report.txt", "报告".encode(), "text/plain")}


def _upload_read_by_an_async_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def archive(file: UploadFile) -> None:
        print(file.filename, (await file.read()).decode())

    @app.post("/")
    async def index(file: UploadFile, background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(archive, file)
        return {"message": "ok"}

    return app


def _upload_read_by_a_sync_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    def archive(file: UploadFile) -> None:
        print(file.filename, file.file.read().decode())

    @app.post("/")
    def index(file: UploadFile, background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(archive, file)
        return {"message": "ok"}

    return app


def _upload_read_twice(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def archive(file: UploadFile) -> None:
        print(len(await file.read()), "bytes")
        await file.seek(0)
        print(len(await file.read()), "bytes after seek(0)")

    @app.post("/")
    async def index(file: UploadFile, background_tasks: BackgroundTasks) -> dict[str, int]:
        background_tasks.add_task(archive, file)
        return {"bytes": len(await file.read())}

    return app


def _bytes(stage: Stage) -> FastAPI:
    app = FastAPI()

    def archive(data: bytes) -> None:
        print(data.decode())

    @app.post("/")
    async def index(file: Annotated[bytes, File()], background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(archive, file)
        return {"message": "ok"}

    return app


def _request_in_the_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def look(request: Request) -> None:
        print("disconnected:", await request.is_disconnected())
        try:
            print("body:", await request.body())
        except Exception as error:
            print("body:", type(error).__name__)
        print(request.method, request.url.path, request.query_params["q"])

    @app.post("/")
    async def index(request: Request, background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(look, request)
        return {"message": "ok"}

    return app


def _request_read_before(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def look(request: Request) -> None:
        print("body:", await request.body())
        print("disconnected:", await request.is_disconnected())

    @app.post("/")
    async def index(request: Request, background_tasks: BackgroundTasks) -> dict[str, Any]:
        background_tasks.add_task(look, request)
        body = await request.body()
        return {"body": body.decode(), "disconnected": await request.is_disconnected()}

    return app


def _body_in_the_route(stage: Stage) -> FastAPI:
    app = FastAPI()

    def write_log(item: dict[str, int]) -> None:
        print(item)

    @app.put("/items")
    def put(item: dict[str, int], background_tasks: BackgroundTasks) -> dict[str, int]:
        background_tasks.add_task(write_log, item)
        return item

    return app


class _Unwritable(Exception):
    """A value of the scope that has no JSON form."""


def _as_json(value: Any) -> str:
    if isinstance(value, bytes):
        return f"b:{value.decode('latin-1')}"
    raise _Unwritable(value)


def _scope_dump(stage: Stage) -> FastAPI:
    """Answers with the scope as the server or client gave it, but for the addresses, which differ by nature."""
    app = FastAPI()
    names = ["asgi", "headers", "http_version", "method", "path", "query_string", "raw_path", "root_path", "scheme"]

    class Dump:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                scope["dumped"] = {name: scope[name] for name in [*names, "state", "type"]}
                scope["dumped"] = json.dumps(scope["dumped"], default=_as_json, ensure_ascii=False)
            await self.app(scope, receive, send)

    @app.api_route("/{path:path}", methods=["GET", "POST", "DELETE"])
    async def dump(request: Request) -> Any:
        return json.loads(request.scope["dumped"])

    app.add_middleware(Dump)
    return app


def _state_of_the_lifespan(stage: Stage) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        yield {"database": "open"}

    app = FastAPI(lifespan=lifespan)

    def write_log(request: Request) -> None:
        print(request.state.database, request.state.user)

    @app.get("/")
    def index(request: Request, background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log, request)
        request.state.user = "one"
        return {"message": str(request.state.database)}

    return app


PLAIN_HEADERS = {"accept": "*/*", "accept-encoding": "identity", "connection": "close", "X-Upper-Case": "Yes"}


def _scope(method: str, path: str, raw_path: str, query: str, more: str = "", root_path: str = "") -> Reply:
    return Reply(
        200,
        '{"asgi":{"version":"3.0","spec_version":"2.3"},'
        '"headers":[["b:host","b:testserver"],["b:user-agent","b:conformance"],["b:accept","b:*/*"],'
        '["b:accept-encoding","b:identity"],["b:connection","b:close"],["b:x-upper-case","b:Yes"]' + more + "],"
        f'"http_version":"1.1","method":"{method}","path":"{path}","query_string":"b:{query}",'
        f'"raw_path":"b:{raw_path}","root_path":"{root_path}","scheme":"http","state":{{}},"type":"http"}}',
    )


ONE_TASK = """
    request_sent 1
    task_added TASK
    response_started 1
    response_ended 1
    task_started TASK
    task_ended TASK
    request_ended 1
"""
NO_TASK = """
    request_sent 1
    response_started 1
    response_ended 1
    request_ended 1
"""

SCENARIOS = [
    Scenario(
        name="12 an upload can be read in an async task",
        build=_upload_read_by_an_async_task,
        steps=(Call("POST", "/", files=REPORT),),
        replies=(Reply(200, OK),),
        events=ONE_TASK.replace("TASK", "archive"),
        tasks=(finished("archive", "event_loop", printed="report.txt 报告\n"),),
    ),
    Scenario(
        name="12 an upload can be read in a sync task",
        build=_upload_read_by_a_sync_task,
        steps=(Call("POST", "/", files=REPORT),),
        replies=(Reply(200, OK),),
        events=ONE_TASK.replace("TASK", "archive"),
        tasks=(finished("archive", printed="report.txt 报告\n"),),
    ),
    Scenario(
        name="12 an upload that the route has read gives 0 bytes in the task",
        build=_upload_read_twice,
        steps=(Call("POST", "/", files=REPORT),),
        replies=(Reply(200, '{"bytes":6}'),),
        events=ONE_TASK.replace("TASK", "archive"),
        tasks=(finished("archive", "event_loop", printed="0 bytes\n6 bytes after seek(0)\n"),),
    ),
    Scenario(
        name="12 an upload of more than a megabyte, which is kept in a file, can be read in the task",
        build=_upload_read_twice,
        steps=(Call("POST", "/", files={"file": ("big.bin", bytes(1_500_000))}),),
        replies=(Reply(200, '{"bytes":1500000}'),),
        events=ONE_TASK.replace("TASK", "archive"),
        tasks=(finished("archive", "event_loop", printed="0 bytes\n1500000 bytes after seek(0)\n"),),
    ),
    Scenario(
        name="12 bytes = File() are the task's own",
        build=_bytes,
        steps=(Call("POST", "/", files=REPORT),),
        replies=(Reply(200, OK),),
        events=ONE_TASK.replace("TASK", "archive"),
        tasks=(finished("archive", printed="报告\n"),),
    ),
    Scenario(
        name="12 a body that nobody has read is lost to the task, whose client counts as gone",
        build=_request_in_the_task,
        steps=(Call("POST", "/", content=b"abc", params={"q": "1"}),),
        replies=(Reply(200, OK),),
        events=ONE_TASK.replace("TASK", "look"),
        tasks=(finished("look", "event_loop", printed="disconnected: True\nbody: ClientDisconnect\nPOST / 1\n"),),
    ),
    Scenario(
        name="12 a body that the route has read is still there in the task",
        build=_request_read_before,
        steps=(Call("POST", "/", content=b"abc"),),
        replies=(Reply(200, '{"body":"abc","disconnected":false}'),),
        events=ONE_TASK.replace("TASK", "look"),
        tasks=(finished("look", "event_loop", printed="body: b'abc'\ndisconnected: True\n"),),
    ),
    Scenario(
        name="12 a JSON body goes to the route and to the task",
        build=_body_in_the_route,
        steps=(Call("PUT", "/items", json={"one": 1}),),
        replies=(Reply(200, '{"one":1}'),),
        events=ONE_TASK.replace("TASK", "write_log"),
        tasks=(finished("write_log", printed="{'one': 1}\n"),),
    ),
    Scenario(
        name="scope of a plain request",
        build=_scope_dump,
        steps=(Call("GET", "/plain", headers=PLAIN_HEADERS),),
        replies=(_scope("GET", "/plain", "/plain", ""),),
        events=NO_TASK,
    ),
    Scenario(
        name="scope of a path with encoded characters and a query with repeated keys",
        build=_scope_dump,
        steps=(Call("GET", "/caf%C3%A9/a%20b%2Fc;d?tag=a&tag=b&empty=&plus=a+b&%E6%8F%90=1", headers=PLAIN_HEADERS),),
        replies=(
            _scope(
                "GET",
                "/café/a b/c;d",
                "/caf%C3%A9/a%20b%2Fc;d",
                "tag=a&tag=b&empty=&plus=a+b&%E6%8F%90=1",
            ),
        ),
        events=NO_TASK,
    ),
    Scenario(
        name="scope of a path with an encoded percent sign, which is decoded once",
        build=_scope_dump,
        steps=(Call("GET", "/100%2541", headers=PLAIN_HEADERS),),
        replies=(_scope("GET", "/100%41", "/100%2541", ""),),
        events=NO_TASK,
    ),
    Scenario(
        name="scope of a POST with a body",
        build=_scope_dump,
        steps=(Call("POST", "/", content=b"abc", headers=PLAIN_HEADERS),),
        replies=(_scope("POST", "/", "/", "", ',["b:content-length","b:3"]'),),
        events=NO_TASK,
    ),
    Scenario(
        name="scope of an app that is mounted at a root_path",
        build=_scope_dump,
        steps=(Call("GET", "/items", headers=PLAIN_HEADERS),),
        replies=(_scope("GET", "/api/items", "/api/items", "", root_path="/api"),),
        events=NO_TASK,
        root_path="/api",
    ),
    Scenario(
        name="scope has the state of the lifespan, a copy for each request",
        build=_state_of_the_lifespan,
        steps=(Call("GET", "/"),),
        replies=(Reply(200, '{"message":"open"}'),),
        events=ONE_TASK.replace("TASK", "write_log"),
        tasks=(finished("write_log", printed="open one\n"),),
    ),
]
