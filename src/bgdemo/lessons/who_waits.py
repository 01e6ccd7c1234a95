"""Notebook 00: two apps that differ in one line. One makes its client wait for the mail, the other does not."""

import time

from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

waiting = FastAPI()
background = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    time.sleep(5)
    with open(folder() / "log_test.txt", mode="w", encoding="utf-8") as email_file:
        email_file.write(f"notification for {email}: {message}")
    print("write end")
    time.sleep(2)


@waiting.post("/send_info")
async def send_and_wait(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    write_notification(email, message="some notification")  # <- the difference
    return {"message": "Notification sent"}


@background.post("/send_info")
async def send_in_background(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="some notification")  # <- the difference
    return {"message": "Notification sent in the background"}
