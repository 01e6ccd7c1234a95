"""Notebook 09: a pool with one database connection, which a dependency lends until the code after its `yield` runs."""

import queue
import time
from collections.abc import Iterator

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()
pool: queue.Queue[str] = queue.Queue()
pool.put("the only connection")
seen: list[Exception] = []


def get_connection() -> Iterator[str]:
    connection = pool.get()  # waits until it is free
    try:
        yield connection
    except Exception as error:
        seen.append(error)
        raise
    finally:
        pool.put(connection)  # gives it back


def write_log(message: str) -> None:
    time.sleep(5)


def fail_to_write(message: str) -> None:
    raise OSError("the disk is full")


@app.post("/send_info")
def send_notification(background_tasks: BackgroundTasks, connection: str = Depends(get_connection)) -> None:
    background_tasks.add_task(write_log, "message sent")


@app.post("/send_info/failing")
def send_and_fail(background_tasks: BackgroundTasks, connection: str = Depends(get_connection)) -> None:
    background_tasks.add_task(fail_to_write, "message sent")


@app.post("/send_info/function")
def send_notification_function(
    background_tasks: BackgroundTasks, connection: str = Depends(get_connection, scope="function")
) -> None:
    background_tasks.add_task(write_log, "message sent")
