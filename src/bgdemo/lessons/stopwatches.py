"""Notebook 09: two middlewares time the same request, each in its own way."""

import time

from fastapi import BackgroundTasks, FastAPI, Request
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

app = FastAPI()
measured: dict[str, float] = {}


class Stopwatch:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        await self.app(scope, receive, send)
        if scope["type"] == "http":
            measured["around_the_app"] = time.perf_counter() - begun


app.add_middleware(Stopwatch)


@app.middleware("http")
async def stopwatch(request: Request, call_next: RequestResponseEndpoint) -> Response:
    begun = time.perf_counter()
    response = await call_next(request)
    measured["around_call_next"] = time.perf_counter() - begun
    return response


def write_log(message: str) -> None:
    time.sleep(5)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_log, f"message to {email}\n")
    return {"message": "Message sent"}
