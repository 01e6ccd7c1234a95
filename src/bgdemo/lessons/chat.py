"""Notebook 09: a WebSocket route that adds a task."""

from fastapi import BackgroundTasks, FastAPI, WebSocket

app = FastAPI()


def write_log(message: str) -> None:
    print(message)


@app.websocket("/chat")
async def chat(socket: WebSocket, background_tasks: BackgroundTasks) -> None:
    await socket.accept()
    message = await socket.receive_text()
    background_tasks.add_task(write_log, message)
    await socket.send_text(f"you said {message}")
    await socket.close()
