"""Step 2.1, the parameter: FastAPI finds it by its type, BackgroundTasks; the body is still empty."""

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> None:
    pass
