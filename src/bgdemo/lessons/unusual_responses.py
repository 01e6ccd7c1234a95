"""Notebook 09: a stream, a file, a redirect, and responses without a body, each with a task."""

import time
from collections.abc import Iterator

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse

from bgdemo.lessons import folder

app = FastAPI()
shop = FastAPI()
app.mount("/shop", shop)


def write_log(message: str) -> None:
    time.sleep(2)


@app.get("/stream")
def stream(parts: int, background_tasks: BackgroundTasks) -> StreamingResponse:
    def send_parts() -> Iterator[str]:
        for number in range(parts):
            time.sleep(1)
            yield f"part {number}\n"
            background_tasks.add_task(write_log, f"part {number} was sent\n")

    return StreamingResponse(send_parts())


@app.get("/file")
def file(background_tasks: BackgroundTasks) -> FileResponse:
    path = folder() / "report.txt"
    path.write_text("a report", encoding="utf-8")
    background_tasks.add_task(path.unlink)  # deletes the file
    return FileResponse(path)


@app.head("/tickets")
@app.delete("/tickets", status_code=204)
@shop.get("/tickets")
def tickets(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log, "somebody asked for tickets\n")


@app.get("/old")
def old(background_tasks: BackgroundTasks) -> RedirectResponse:
    background_tasks.add_task(write_log, "somebody came by the old address\n")
    return RedirectResponse("/shop/tickets")
