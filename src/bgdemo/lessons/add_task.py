"""Steps 2.3 and 2.4, add_task: the article's app, with the time that its %s lost and the file, UTF-8, in folder()."""

import time

from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    time.sleep(5)
    with open(folder() / "log_test.txt", mode="w", encoding="utf-8") as email_file:
        email_file.write(f"notification for {email}: {message}")
    print("write end")
    time.sleep(2)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="some notification")
    now = time.ctime(time.time())
    return {"message": f"now: {now} Notification sent in the background"}
