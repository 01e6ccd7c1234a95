"""Notebook 06: the article's app, async all through: the route waits for another service, and the task awaits."""

import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def write_notification(email: str, message: str = "") -> None:
    await asyncio.sleep(2)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    await asyncio.sleep(1)  # the route asks another service whether this address exists
    background_tasks.add_task(write_notification, email, message="some notification")
    return {"message": "Notification sent in the background"}
