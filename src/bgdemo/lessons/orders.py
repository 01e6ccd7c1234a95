"""Testing: an app to be tested; an order is confirmed at once, and its receipt is sent in the background."""

import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_receipt(email: str, item: str) -> None:
    if "@" not in email:
        raise ValueError(f"{email} is no address")
    time.sleep(2)
    print(f"receipt for {item} to {email}")


@app.post("/orders")
async def order(item: str, email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(send_receipt, email, item=item)
    return {"message": f"{item} is on its way"}
