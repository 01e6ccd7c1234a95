"""What every submission would do for the first time, done once before any of them is forked; it starts no thread."""

import asyncio
import contextlib
import importlib
from typing import Any

import fastapi

from bgdemo._compat.anyio import BACKEND
from bgdemo.simulation import patches

READY = (
    BACKEND, "anyio.to_thread", "concurrent.futures.thread", "csv", "decimal", "email.message",
    "encodings.idna", "fastapi.responses", "fastapi.staticfiles", "httpx", "logging", "multipart", "random", "sqlite3",
    "starlette.websockets",
    "bgdemo.assertions", "bgdemo.lessons", "bgdemo.notebook", "bgdemo.simulation",
)  # fmt: skip
"""Modules; what is not installed is left out."""


def warm_up() -> None:
    """Import what submissions import, and answer one request."""
    for name in READY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    app = fastapi.FastAPI()

    @app.post("/")
    async def answer(email: str, emails: list[str], background_tasks: fastapi.BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(print, end="")
        return {"message": email}

    asyncio.run(_ask(app))
    patches.install()  # which looks into every module, and remembers what it has seen
    patches.uninstall()


async def _ask(app: fastapi.FastAPI) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b'["a@example.com"]', "more_body": False}

    async def send(message: Any) -> None:
        assert message.get("status", 200) == 200

    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "query_string": b"email=a@example.com",
        "headers": [(b"host", b"testserver"), (b"content-type", b"application/json")],
        "client": ("testclient", 50000),
        "server": ("testserver", 80),
    }
    await app(scope, receive, send)
