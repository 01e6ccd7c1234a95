"""Notebook 09: the route reads an upload, and the task reads it once more."""

from fastapi import BackgroundTasks, FastAPI, UploadFile

app = FastAPI()


def process_again(file: UploadFile) -> None:
    print(len(file.file.read()), "bytes")


@app.post("/upload")
def upload(file: UploadFile, background_tasks: BackgroundTasks) -> int:
    received = len(file.file.read())
    background_tasks.add_task(process_again, file)
    return received
