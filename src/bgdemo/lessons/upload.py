"""Step 1, use case (c): a file is received from the client, and then processed again."""

import time

from fastapi import BackgroundTasks, FastAPI, UploadFile

from bgdemo.lessons import folder

SECONDS_OF_PROCESSING = 5.0

app = FastAPI()


def process_again(file: UploadFile) -> None:
    time.sleep(SECONDS_OF_PROCESSING)
    file.file.seek(0)  # the route has read to the end: without this, read() gives 0 bytes
    content = file.file.read()
    with open(folder() / "processed.txt", mode="a", encoding="utf-8") as report:
        report.write(f"{file.filename}: {len(content)} bytes\n")


@app.post("/upload/waiting")
def upload_waiting(file: UploadFile) -> dict[str, str]:
    received = len(file.file.read())
    process_again(file)
    return {"message": f"{received} bytes received"}


@app.post("/upload")
def upload(file: UploadFile, background_tasks: BackgroundTasks) -> dict[str, str]:
    received = len(file.file.read())
    background_tasks.add_task(process_again, file)
    return {"message": f"{received} bytes received"}
