"""Step 2.2, the task function: an ordinary function, `def` or `async def`; our file is UTF-8 and in folder()."""

from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    with open(folder() / "log_test.txt", mode="w", encoding="utf-8") as email_file:
        email_file.write(f"notification for {email}: {message}")


async def write_notification_async(email: str, message: str = "") -> None:
    write_notification(email, message)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="some notification")
    return {"message": "Notification sent in the background"}


@app.post("/send_info/async")
async def send_notification_async(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification_async, email, message="some notification")
    return {"message": "Notification sent in the background"}
