"""Notebook 09: two calls of add_task that look right, and a log that stays empty."""

from collections.abc import Iterator

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def write_log(message: str) -> None:
    print(message)


def write_lines(message: str) -> Iterator[None]:
    for line in message.splitlines():
        print(line)
        yield


@app.post("/coroutine")
def add_a_coroutine(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log("hello"))


@app.post("/generator")
def add_a_generator(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_lines, "hello")
