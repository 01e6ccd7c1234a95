"""Notebook 06: a library's function calls asyncio.run; one task calls it on the event loop, another in a thread."""

import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def deliver(seconds: float) -> None:
    await asyncio.sleep(seconds)


def send_mail(seconds: float) -> None:  # of a library that was written for scripts
    asyncio.run(deliver(seconds))


async def send_mail_async(seconds: float) -> None:
    send_mail(seconds)


@app.post("/loop")
async def on_the_loop(seconds: float, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail_async, seconds)


@app.post("/thread")
async def in_a_thread(seconds: float, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail, seconds)
