"""A project whose tests use the plugin, and what became of them."""

from collections.abc import Callable

import fastapi  # noqa: F401 (pytester forgets what a run imports: half of a package must not stay behind)
import pytest

SHOP = """
import asyncio
import sys
import time
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, WebSocket

seen = []


@asynccontextmanager
async def lifespan(app):
    seen.append("up")
    yield
    seen.append("down")


app = FastAPI(lifespan=lifespan)


def pack(what):
    time.sleep(1)
    seen.append(f"packed {what}")


def send(what):
    time.sleep(2)
    raise LookupError("no parcel")


def count(what):
    return int(what)


def leave():
    sys.exit(3)


async def search():
    await asyncio.sleep(1000)


@app.post("/pack")
def route_pack(background_tasks: BackgroundTasks):
    background_tasks.add_task(pack, "tea")


@app.post("/send")
def route_send(background_tasks: BackgroundTasks):
    background_tasks.add_task(send, "tea")
    background_tasks.add_task(pack, "tea")


@app.post("/search")
def route_search(background_tasks: BackgroundTasks):
    background_tasks.add_task(search)


@app.post("/quick-failure")
def route_quick_failure(background_tasks: BackgroundTasks):
    background_tasks.add_task(count, "three")


@app.post("/exit")
def route_exit(background_tasks: BackgroundTasks):
    background_tasks.add_task(leave)


@app.websocket("/ws")
async def talk(websocket: WebSocket):
    await websocket.accept()
    await websocket.close()
"""
HEAD = """
import asyncio
import time
import unittest

import pytest

from bgdemo.assertions import *
from shop import app, pack, search, seen, send
"""
NOBODY_LOOKED = (
    "E   The test had ended when this was found: the app raised it after its response, and nobody had looked. "
    "Expect it, `with pytest.raises(...): client.drain()`, or make the client with raise_server_exceptions=False."
)
IT_WAITED = (
    "E   The test had ended, and its client waited for what the app still did. Let that end, "
    "or give the client a longer close_timeout."
)
WARNINGS = ("-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning")
"""The plugins are imported before a run inside this process begins."""
Run = Callable[..., pytest.RunResult]


def failures(result: pytest.RunResult) -> str:
    """What is said about failures and errors, without the closing lines."""
    text = "\n".join(result.outlines)
    start = min(at for at in (text.find("= FAILURES ="), text.find("= ERRORS =")) if at >= 0)
    return text[text.index("\n", start) + 1 : text.index("= short test summary")].rpartition("\n")[0]
