"""Step 3, outgrowing one process: the article's app, which asks for `Tasks`; what they are is decided elsewhere."""

import time

from fastapi import FastAPI

from bgdemo.lessons import folder
from bgdemo.queue import Tasks

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    time.sleep(5)
    with open(folder() / "log_test.txt", mode="w", encoding="utf-8") as email_file:
        email_file.write(f"notification for {email}: {message}")
    print("write end")
    time.sleep(2)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: Tasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="some notification")
    return {"message": "Notification sent in the background"}
