"""Notebook 09: a pool with one database connection, which a dependency lends until the code after its `yield` runs."""

import queue
import time
from collections.abc import Iterator

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()
pool: queue.Queue[str] = queue.Queue()
pool.put("the only connection")


def get_connection() -> Iterator[str]:
    connection = pool.get()  # waits until it is free
    yield connection
    pool.put(connection)  # gives it back


def write_log(message: str) -> None:
    time.sleep(5)


@app.post("/send_info")
def send_notification(background_tasks: BackgroundTasks, connection: str = Depends(get_connection)) -> None:
    background_tasks.add_task(write_log, "message sent")


@app.post("/send_info/function")
def send_notification_function(
    background_tasks: BackgroundTasks, connection: str = Depends(get_connection, scope="function")
) -> None:
    background_tasks.add_task(write_log, "message sent")
