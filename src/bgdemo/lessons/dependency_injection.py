"""Step 2.5, dependency injection: the tasks of a dependency and of the route form one list; the log is in folder()."""

from fastapi import BackgroundTasks, Depends, FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def write_log(message: str) -> None:
    with open(folder() / "log.txt", mode="a", encoding="utf-8") as log:
        log.write(message)


def get_query(background_tasks: BackgroundTasks, q: str | None = None) -> str | None:
    if q:
        background_tasks.add_task(write_log, f"found query: {q}\n")
    return q


@app.post("/send_info")
async def send_notification(
    email: str, background_tasks: BackgroundTasks, q: str | None = Depends(get_query)
) -> dict[str, str]:
    background_tasks.add_task(write_log, f"message to {email}\n")
    return {"message": "Message sent"}
