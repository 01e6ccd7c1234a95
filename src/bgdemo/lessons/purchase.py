"""Step 1, use case (b): a purchase for one or more customers succeeds, and each of them gets a mail."""

import time

from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

SECONDS_A_MAIL = 3.0

app = FastAPI()


def send_mail(email: str, message: str) -> None:
    time.sleep(SECONDS_A_MAIL)
    with open(folder() / "mails.txt", mode="a", encoding="utf-8") as sent:
        sent.write(f"to {email}: {message}\n")


@app.post("/purchase/waiting")
def purchase_waiting(emails: list[str]) -> dict[str, str]:
    for email in emails:
        send_mail(email, message="your purchase succeeded")
    return {"message": "Purchase succeeded"}


@app.post("/purchase")
def purchase(emails: list[str], background_tasks: BackgroundTasks) -> dict[str, str]:
    for email in emails:
        background_tasks.add_task(send_mail, email, message="your purchase succeeded")
    return {"message": "Purchase succeeded"}
