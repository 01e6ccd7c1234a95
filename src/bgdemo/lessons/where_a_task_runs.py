"""Step 2.2 once more, where a task runs: the same wait in a `def` task, in an `async def` task, and awaited."""

import asyncio
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def write_notification(email: str) -> None:
    time.sleep(7)


async def write_notification_async(email: str) -> None:
    time.sleep(7)


async def write_notification_awaiting(email: str) -> None:
    await asyncio.sleep(7)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_notification, email)


@app.post("/send_info/async")
async def send_notification_async(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_notification_async, email)


@app.post("/send_info/awaiting")
async def send_notification_awaiting(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_notification_awaiting, email)


@app.get("/ping")
async def ping() -> str:
    return "pong"
