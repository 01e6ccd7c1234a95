"""Step 2.1 under another name: FastAPI finds the parameter by its type, so `later` will do, and takes a task."""

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def write_notification(email: str) -> None:
    print(f"notification for {email}")


@app.post("/send_info")
async def send_notification(email: str, later: BackgroundTasks) -> None:
    later.add_task(write_notification, email)
