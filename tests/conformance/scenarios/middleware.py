"""Row 10: middleware around the app neither delays the response nor cancels its tasks."""

import asyncio

from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import Response
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance.scenario import Call, OpenGate, Reply, Scenario, Stage, finished

OK = '{"message":"ok"}'


def _app_with_a_held_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    async def hold() -> None:
        await asyncio.to_thread(stage.wait_for_gate)

    def last() -> None:
        print("last")

    @app.get("/")
    async def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(hold)
        background_tasks.add_task(last)
        return {"message": "ok"}

    return app


def _function_middleware(stage: Stage) -> FastAPI:
    app = _app_with_a_held_task(stage)

    @app.middleware("http")
    async def measure(request: Request, call_next: RequestResponseEndpoint) -> Response:
        stage.note("before call_next")
        response = await call_next(request)
        stage.note("after call_next")
        response.headers["x-measured"] = "yes"
        return response

    return app


def _class_middleware(stage: Stage) -> FastAPI:
    class Measure(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
            stage.note("before call_next")
            response = await call_next(request)
            stage.note("after call_next")
            return response

    app = _app_with_a_held_task(stage)
    app.add_middleware(Measure)
    app.add_middleware(Measure)
    return app


def _raw_middleware(stage: Stage) -> FastAPI:
    class Measure:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await self.app(scope, receive, send)
                return
            stage.note("begin")
            await self.app(scope, receive, send)
            stage.note("end")

    app = _app_with_a_held_task(stage)
    app.add_middleware(Measure)
    return app


STEPS = (Call("GET", "/", watch=True), OpenGate())
REPLIES = (Reply(200, OK, unfinished=("hold", "last")),)
TASKS = (finished("hold", "event_loop"), finished("last", printed="last\n"))

SCENARIOS = [
    Scenario(
        name="10 @app.middleware('http') neither delays the response nor cancels the task",
        build=_function_middleware,
        steps=STEPS,
        replies=REPLIES,
        events="""
            request_sent 1
            note before call_next
            task_added hold
            task_added last
            note after call_next
            response_started 1
            response_ended 1
            task_started hold
            task_ended hold
            task_started last
            task_ended last
            request_ended 1
        """,
        tasks=TASKS,
    ),
    Scenario(
        name="10 two BaseHTTPMiddleware neither delay the response nor cancel the task",
        build=_class_middleware,
        steps=STEPS,
        replies=REPLIES,
        events="""
            request_sent 1
            note before call_next
            note before call_next
            task_added hold
            task_added last
            note after call_next
            note after call_next
            response_started 1
            response_ended 1
            task_started hold
            task_ended hold
            task_started last
            task_ended last
            request_ended 1
        """,
        tasks=TASKS,
    ),
    Scenario(
        name="10 a raw ASGI middleware that times the app measures the task too",
        build=_raw_middleware,
        steps=STEPS,
        replies=REPLIES,
        events="""
            request_sent 1
            note begin
            task_added hold
            task_added last
            response_started 1
            response_ended 1
            task_started hold
            task_ended hold
            task_started last
            task_ended last
            note end
            request_ended 1
        """,
        tasks=TASKS,
    ),
]
