"""Random FastAPI apps, as plain data that hypothesis can shrink, and what a caller does with them.

Nothing in such an app depends on how fast it is: all that is compared is the order of what one request makes happen.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from hypothesis import strategies as st
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance.scenario import Call, Scenario, Stage, Step, Wait
from conformance.scenario import WebSocket as Socket


@dataclass(frozen=True)
class TaskSpec:
    """A background task."""

    number: int
    is_async: bool
    ending: Literal["returns", "raises", "raises HTTPException"]
    adds: int = 0
    """How many tasks it adds itself."""


@dataclass(frozen=True)
class DependencySpec:
    """A dependency."""

    number: int
    is_async: bool
    kind: Literal["plain", "yields", "yields for the function", "raises", "raises after yield"]
    adds_task: bool


Kind = Literal[
    "dict", "json", "text", "none", "no content", "not modified", "stream", "async stream", "broken stream", "file",
    "own background", "empty background", "raises", "HTTPException", "status 400", "head", "too long", "redirect",
]  # fmt: skip
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class RouteSpec:
    """A route, and what it returns."""

    number: int
    is_async: bool
    kind: Kind
    tasks: tuple[TaskSpec, ...]
    dependencies: tuple[DependencySpec, ...]


@dataclass(frozen=True)
class AppSpec:
    """An app."""

    routes: tuple[RouteSpec, ...]
    middleware: tuple[Literal["function", "class", "raw"], ...]
    place: Literal["app", "router", "mount"]
    websocket: Literal["", "echoes", "ends", "closes", "refuses", "raises"]
    calls: tuple[int, ...]
    """Which routes are called, in this order; -1 is the WebSocket, -2 a path that nobody has."""


def apps() -> st.SearchStrategy[AppSpec]:
    """All apps of this kind."""
    numbers = st.integers(0, 9)
    tasks = st.builds(
        TaskSpec,
        numbers,
        st.booleans(),
        st.sampled_from(["returns", "returns", "returns", "raises", "raises HTTPException"]),
        st.integers(0, 2),
    )
    dependencies = st.builds(
        DependencySpec,
        numbers,
        st.booleans(),
        st.sampled_from(["plain", "yields", "yields for the function", "raises", "raises after yield"]),
        st.booleans(),
    )
    routes = st.builds(
        RouteSpec,
        numbers,
        st.booleans(),
        st.sampled_from(KINDS),
        st.lists(tasks, max_size=3).map(tuple),
        st.lists(dependencies, max_size=2).map(tuple),
    )
    return st.builds(
        AppSpec,
        st.lists(routes, min_size=1, max_size=3).map(tuple),
        st.lists(st.sampled_from(["function", "class", "raw"]), max_size=2).map(tuple),
        st.sampled_from(["app", "router", "mount"]),
        st.sampled_from(["", "echoes", "ends", "closes", "refuses", "raises"]),
        st.lists(st.integers(-2, 2), min_size=1, max_size=4).map(tuple),
    )


def scenario(spec: AppSpec) -> Scenario:
    """An app, and its calls, as runners play them; what has to be seen is what uvicorn shows."""
    prefix = "" if spec.place == "app" else "/inner"
    steps: list[Step] = []
    for call in spec.calls:
        if call == -1 and spec.websocket:
            steps.append(_socket(spec, prefix))
        elif call < 0:
            steps.append(Call("GET", "/nobody/has/this"))
        else:
            route = spec.routes[call % len(spec.routes)]
            method = "HEAD" if route.kind == "head" else "GET"
            steps.append(Call(method, f"{prefix}/route{call % len(spec.routes)}"))
        steps.append(Wait())
    return Scenario(str(spec), lambda stage: build(spec, stage), tuple(steps), (), "")


def _socket(spec: AppSpec, prefix: str) -> Socket:
    if spec.websocket == "echoes":
        return Socket(f"{prefix}/ws", send=("hello",), receive=1)
    return Socket(f"{prefix}/ws", until_closed=True)


def build(spec: AppSpec, stage: Stage) -> FastAPI:
    """The app."""
    app = FastAPI()
    place: Any = {"app": app, "router": APIRouter(), "mount": FastAPI()}[spec.place]
    for number, route in enumerate(spec.routes):
        _add_route(place, f"/route{number}", route, stage)
    if spec.websocket:
        _add_websocket(place, spec.websocket)
    if spec.place == "router":
        app.include_router(place, prefix="/inner")
    elif spec.place == "mount":
        app.mount("/inner", place)
    for kind in spec.middleware:
        if kind == "function":
            app.middleware("http")(_passes_on)
        else:
            app.add_middleware({"class": _Middleware, "raw": _RawMiddleware}[kind])
    return app


def _add_route(place: Any, path: str, spec: RouteSpec, stage: Stage) -> None:
    dependencies = [_dependency(each, stage) for each in spec.dependencies]

    def answer(background_tasks: BackgroundTasks) -> Any:
        stage.note(f"route {path}")
        for task in spec.tasks:
            add(background_tasks, task, stage)
        return _response(spec.kind)

    async def answer_async(background_tasks: BackgroundTasks) -> Any:
        return answer(background_tasks)

    endpoint = answer_async if spec.is_async else answer
    options: dict[str, Any] = {"response_model": None}
    if spec.kind == "no content":
        options |= {"status_code": 204, "response_class": Response}
    place.add_api_route(path, endpoint, methods=["GET", "HEAD"], dependencies=dependencies, **options)


def _response(kind: Kind) -> Any:
    makers: dict[Kind, Callable[[], Any]] = {
        "dict": lambda: {"a": 1},
        "json": lambda: JSONResponse({"a": 1}),
        "text": lambda: PlainTextResponse("text"),
        "none": lambda: None,
        "no content": lambda: Response(status_code=204),
        "not modified": lambda: Response(status_code=304),
        "stream": lambda: StreamingResponse(_chunks()),
        "async stream": lambda: StreamingResponse(_chunks_async()),
        "broken stream": lambda: StreamingResponse(_broken_chunks()),
        "file": lambda: FileResponse(__file__, headers={"etag": "x", "last-modified": "y"}),
        "own background": lambda: JSONResponse({}, background=BackgroundTask(own)),
        "empty background": lambda: JSONResponse({}, background=BackgroundTasks()),
        "raises": lambda: _raise(ValueError("route")),
        "HTTPException": lambda: _raise(HTTPException(409, "no")),
        "status 400": lambda: JSONResponse({}, status_code=400),
        "head": lambda: PlainTextResponse("text"),
        "too long": lambda: Response("body", headers={"content-length": "2"}),
        "redirect": lambda: Response(status_code=307, headers={"location": "/nobody"}),
    }
    return makers[kind]()


def _raise(error: Exception) -> Any:
    raise error


def own() -> None:
    print("own")


def _chunks() -> Iterator[bytes]:
    for number in range(3):
        yield b"chunk %d" % number


async def _chunks_async() -> AsyncIterator[bytes]:
    for number in range(3):
        yield b"chunk %d" % number
        await asyncio.sleep(0)


def _broken_chunks() -> Iterator[bytes]:
    yield b"chunk"
    raise ValueError("stream")


def add(background_tasks: BackgroundTasks, spec: TaskSpec, stage: Stage) -> None:
    """Add a task."""
    background_tasks.add_task(run_async if spec.is_async else run, spec.number, _Hidden(spec, background_tasks, stage))


@dataclass(frozen=True)
class _Hidden:
    """What a task needs, and its label does not show."""

    spec: TaskSpec
    background_tasks: BackgroundTasks
    stage: Stage


def run(number: int, hidden: _Hidden) -> None:
    print(f"task {number}")
    for more in range(hidden.spec.adds):
        add(hidden.background_tasks, TaskSpec(10 * number + more, more % 2 == 0, "returns"), hidden.stage)
    if hidden.spec.ending == "raises":
        raise ValueError(f"task {number}")
    if hidden.spec.ending == "raises HTTPException":
        raise HTTPException(418)


async def run_async(number: int, hidden: _Hidden) -> None:
    await asyncio.sleep(0)
    run(number, hidden)


def _dependency(spec: DependencySpec, stage: Stage) -> Any:
    name = f"dependency {spec.number}"

    def begin(background_tasks: BackgroundTasks) -> None:
        stage.note(name)
        if spec.adds_task:
            add(background_tasks, TaskSpec(spec.number, spec.is_async, "returns"), stage)
        if spec.kind == "raises":
            raise HTTPException(403, "no")

    def plain(background_tasks: BackgroundTasks) -> None:
        begin(background_tasks)

    async def plain_async(background_tasks: BackgroundTasks) -> None:
        begin(background_tasks)

    @contextlib.contextmanager
    def around(background_tasks: BackgroundTasks) -> Iterator[None]:
        begin(background_tasks)
        try:
            yield
        finally:
            stage.note(f"after {name}")
            if spec.kind == "raises after yield":
                raise ValueError(name)

    def yields(background_tasks: BackgroundTasks) -> Iterator[None]:
        with around(background_tasks):
            yield

    async def yields_async(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
        with around(background_tasks):
            yield

    if spec.kind in ("plain", "raises"):
        return Depends(plain_async if spec.is_async else plain)
    scope: Any = "function" if spec.kind == "yields for the function" else "request"
    return Depends(yields_async if spec.is_async else yields, scope=scope)


async def _passes_on(request: Request, call_next: Any) -> Any:
    return await call_next(request)


class _Middleware(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Any:
        return await call_next(request)


class _RawMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def _add_websocket(place: Any, kind: str) -> None:
    @place.websocket("/ws")
    async def talk(socket: WebSocket, background_tasks: BackgroundTasks) -> None:
        if kind == "refuses":
            await socket.close()
            return
        await socket.accept()
        background_tasks.add_task(own)
        if kind == "echoes":
            with contextlib.suppress(Exception):
                await socket.send_text(await socket.receive_text())
        elif kind == "closes":
            await socket.send_text("bye")
            await socket.close(4000)
        elif kind == "raises":
            raise ValueError("socket")
