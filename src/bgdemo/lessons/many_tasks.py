"""Step 2.2 once more, many customers: each request adds one task, and the pool has 40 threads."""

import asyncio
import time

from fastapi import BackgroundTasks, Depends, FastAPI

many = FastAPI()


def send_mail(email: str) -> None:
    time.sleep(2)


async def send_mail_in_another_pool(email: str) -> None:
    await asyncio.to_thread(time.sleep, 2)


@many.post("/send_info")
async def send_one(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail, email)


@many.post("/send_info/another_pool")
async def send_one_in_another_pool(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail_in_another_pool, email)


@many.get("/ping")
async def async_ping() -> str:
    return "pong"


@many.get("/ping/def")
def def_ping() -> str:
    return "pong"


def get_user() -> str:
    return "Ann"


@many.get("/ping/dependency")
async def ping_with_a_dependency(user: str = Depends(get_user)) -> str:
    return "pong"


def send_report(email: str, background_tasks: BackgroundTasks) -> None:
    time.sleep(2)
    background_tasks.add_task(archive, email)


def archive(email: str) -> None:
    time.sleep(2)


@many.post("/report")
async def report(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_report, email, background_tasks)
    background_tasks.add_task(send_mail, email)
