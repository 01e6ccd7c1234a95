# %% [markdown] slideshow={"slide_type": "slide"}
# # Surprises
#
# **Beyond the article: 意料之外 (surprises)**
#
# 有些情况文章没有讲到：yield 之后的代码、中间件、上传的文件、WebSocket、流式响应，结果往往出人意料。
# 本课收集了七个这样的例子：先预测，再运行，让图告诉你答案。
#
# **After this notebook you will be able to** predict when borrowed things are given back, what a stopwatch measures,
# and which tasks never do their work. **Time:** 30 minutes. **You need:** notebooks 04 and 05. This one is optional.
#
# *What differs from the article's listing:* the article has none of this. The apps are ours, with its names.
#
# You know the rule by now: first the response, then the tasks. Here are seven places where people who know it still
# guess wrong. How many do you get right? The clock is simulated: you need not wait.

# %% slideshow={"slide_type": "skip"}
import warnings

from bgdemo import TestClient
from bgdemo.lessons import folder
from bgdemo.notebook import choose, predict
from bgdemo.questions.surprises import which_one_works

warnings.filterwarnings("ignore", "coroutine .* was never awaited")  # they name files of this computer

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. The borrowed connection
#
# A dependency lends a database connection to the route: what is before `yield` takes it from a pool, what is after
# `yield` gives it back. Our pool has one. The tasks do not even use it.

# %% tags=["app"] slideshow={"slide_type": "-"}
import queue
import time
from collections.abc import Iterator

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()
pool: queue.Queue[str] = queue.Queue()
pool.put("the only connection")
seen: list[Exception] = []


def get_connection() -> Iterator[str]:
    connection = pool.get()  # waits until it is free
    try:
        yield connection
    except Exception as error:
        seen.append(error)
        raise
    finally:
        pool.put(connection)  # gives it back


def write_log(message: str) -> None:
    time.sleep(5)


def fail_to_write(message: str) -> None:
    raise OSError("the disk is full")


@app.post("/send_info")
def send_notification(background_tasks: BackgroundTasks, connection: str = Depends(get_connection)) -> None:
    background_tasks.add_task(write_log, "message sent")


@app.post("/send_info/failing")
def send_and_fail(background_tasks: BackgroundTasks, connection: str = Depends(get_connection)) -> None:
    background_tasks.add_task(fail_to_write, "message sent")


@app.post("/send_info/function")
def send_notification_function(
    background_tasks: BackgroundTasks, connection: str = Depends(get_connection, scope="function")
) -> None:
    background_tasks.add_task(write_log, "message sent")


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Two customers, one right after the other. After how many seconds does the second one have a response?
# And with `scope="function"`? At last a task fails: does the dependency see its error, `True` or `False`?

# %% tags=["predict"] slideshow={"slide_type": "-"}
pool_guess = predict(second_response=..., with_function_scope=..., error_seen=...)
default, function = TestClient(app, clock="simulated"), TestClient(app, clock="simulated")
for client, path in ((default, "/send_info"), (function, "/send_info/function")):
    client.post(path)
    client.post(path)
    client.drain()  # wait until all tasks have ended
failing = TestClient(app, clock="simulated", raise_server_exceptions=False)
failing.post("/send_info/failing")
failing.drain()
pool_guess.compare(second_response=default, with_function_scope=function, error_seen=bool(seen))

# %% [markdown] slideshow={"slide_type": "slide"}
# The code after `yield` runs when the *tasks* have ended: the connection stays borrowed for 5 s, and the second
# customer waits. It sees a task's error, too. From FastAPI 0.106 to 0.117 it ran before the tasks. With
# `scope="function"` it runs before the response: the task has to do without that connection.
#
# ## 2. Two stopwatches
#
# **Middleware** is code around every request. Both of these measure how long the app takes.

# %% tags=["app"] slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI, Request
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

app = FastAPI()
measured: dict[str, float] = {}


class Stopwatch:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        await self.app(scope, receive, send)
        if scope["type"] == "http":
            measured["around_the_app"] = time.perf_counter() - begun


app.add_middleware(Stopwatch)


@app.middleware("http")
async def stopwatch(request: Request, call_next: RequestResponseEndpoint) -> Response:
    begun = time.perf_counter()
    response = await call_next(request)
    measured["around_call_next"] = time.perf_counter() - begun
    return response


def write_log(message: str) -> None:
    time.sleep(5)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_log, f"message to {email}\n")
    return {"message": "Message sent"}


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** When does the client have the response? How many seconds does each stopwatch measure?

# %% tags=["predict"] slideshow={"slide_type": "-"}
stopwatch_guess = predict(response=..., around_call_next=..., around_the_app=...)
client = TestClient(app, clock="simulated")
client.post("/send_info", params={"email": "a@example.com"})
client.drain()
stopwatch_guess.compare(client, **measured)

# %% [markdown] slideshow={"slide_type": "slide"}
# `call_next` returns when the response begins. The call of the app returns when all is done, tasks included: a chart of
# such times shows slow answers that no client has seen.
#
# And the middleware did no harm: the response is there at 0 s, and the task ended. With old versions of Starlette,
# it did not always.
#
# ## 3. Read twice
#
# The route reads the upload, to count its bytes. The task reads it again.

# %% tags=["app"] slideshow={"slide_type": "-"}
from fastapi import BackgroundTasks, FastAPI, UploadFile

app = FastAPI()


def process_again(file: UploadFile) -> None:
    print(len(file.file.read()), "bytes")


@app.post("/upload")
def upload(file: UploadFile, background_tasks: BackgroundTasks) -> int:
    received = len(file.file.read())
    background_tasks.add_task(process_again, file)
    return received


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The file has 8 bytes. How many bytes does the route count, and how many the task?

# %% tags=["predict"] slideshow={"slide_type": "-"}
upload_guess = predict(bytes_in_the_route=..., bytes_in_the_task=...)
client = TestClient(app, clock="simulated")
response = client.post("/upload", files={"file": ("report.txt", b"a report")})
(task,) = client.drain().tasks
upload_guess.compare(client, bytes_in_the_route=response.json(), bytes_in_the_task=task.printed.split()[0])

# %% [markdown] slideshow={"slide_type": "slide"}
# The file is still open in the task; but whoever reads a file to its end stands at its end. `file.file.seek(0)` goes
# back to the start. **Change** `process_again` so, and predict again.
#
# ## 4. Not really a function
#
# `write_log` is `async`, and the call of it is written out. `write_lines` has a `yield`.

# %% tags=["app"] slideshow={"slide_type": "-"}
from collections.abc import Iterator

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def write_log(message: str) -> None:
    print(message)


def write_lines(message: str) -> Iterator[None]:
    for line in message.splitlines():
        print(line)
        yield


@app.post("/coroutine")
def add_a_coroutine(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log("hello"))


@app.post("/generator")
def add_a_generator(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_lines, "hello")


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** What becomes of each task: `"finished"` or `"failed"`? And what is printed: `"hello"`, or `"nothing"`?

# %% tags=["predict"] slideshow={"slide_type": "-"}
log_guess = predict(coroutine=..., generator=..., printed=...)
client = TestClient(app, clock="simulated", raise_server_exceptions=False)  # the picture shows the error
client.post("/coroutine")
client.post("/generator")
first, second = client.drain().tasks
printed = first.printed + second.printed or "nothing"
log_guess.compare(client, coroutine=first.status, generator=second.status, printed=printed)

# %% [markdown] slideshow={"slide_type": "slide"}
# Neither does its work. A coroutine is no function: at least this one fails. A function with `yield` makes a generator
# when it is called, and nobody asks the generator for anything. Its task "finished", and not one line was printed.
#
# ## 5. A chat
#
# A **WebSocket** is a connection on which both sides may speak at any time. Its route takes `BackgroundTasks`, too.

# %% tags=["app"] slideshow={"slide_type": "-"}
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


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Does the task run: `True` or `False`?

# %% tags=["predict"] slideshow={"slide_type": "-"}
chat_guess = predict(task_runs=...)
client = TestClient(app, clock="simulated")
with client.websocket_connect("/chat") as socket:
    socket.send_text("hello")
    print(socket.receive_text())
(task,) = client.drain().tasks
chat_guess.compare(client, task_runs=task.status == "finished")

# %% [markdown] slideshow={"slide_type": "slide"}
# It was accepted, and it never runs. What runs tasks is the response of an ordinary route, once it is sent. Here there
# is none: the 101 in the picture only opens the connection. And nobody tells you.
#
# ## 6 and 7. Unusual responses
#
# One app for the rest: a stream, which sends part after part; a file, and a task that deletes it; a redirect;
# and responses without a body.

# %% tags=["app"] slideshow={"slide_type": "-"}
import time
from collections.abc import Iterator

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse

from bgdemo.lessons import folder

app = FastAPI()
shop = FastAPI()
app.mount("/shop", shop)


def write_log(message: str) -> None:
    time.sleep(2)


@app.get("/stream")
def stream(parts: int, background_tasks: BackgroundTasks) -> StreamingResponse:
    def send_parts() -> Iterator[str]:
        for number in range(parts):
            time.sleep(1)
            yield f"part {number}\n"
            background_tasks.add_task(write_log, f"part {number} was sent\n")

    return StreamingResponse(send_parts())


@app.get("/file")
def file(background_tasks: BackgroundTasks) -> FileResponse:
    path = folder() / "report.txt"
    path.write_text("a report", encoding="utf-8")
    background_tasks.add_task(path.unlink)  # deletes the file
    return FileResponse(path)


@app.head("/tickets")
@app.delete("/tickets", status_code=204)
@shop.get("/tickets")
def tickets(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log, "somebody asked for tickets\n")


@app.get("/old")
def old(background_tasks: BackgroundTasks) -> RedirectResponse:
    background_tasks.add_task(write_log, "somebody came by the old address\n")
    return RedirectResponse("/shop/tickets")


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The stream sends 3 parts, one a second, and adds a task of 2 s after each. When is the response complete?
# When does the first task start, and when does the last one end?

# %% tags=["predict"] slideshow={"slide_type": "-"}
parts = 3  # change it to 5, and predict again
stream_guess = predict(response=..., task_start=..., task_end=...)
client = TestClient(app, clock="simulated")
client.get("/stream", params={"parts": parts})
client.drain()
stream_guess.compare(client)

# %% [markdown] slideshow={"slide_type": "slide"}
# Tasks wait for the *last* byte, even those that were added at the first. And a stream may add tasks while it sends.
#
# **Predict.** Now the others: HEAD and 204, which have no body, a redirect to a mounted app (an app inside the app),
# and the file. Five requests, each with a task. How many tasks run? Is the file received: `True` or `False`? And is it
# left on the disk?

# %% tags=["predict"] slideshow={"slide_type": "-"}
rest_guess = predict(tasks_that_run=..., file_received=..., file_left=...)
client = TestClient(app, clock="simulated")
client.head("/tickets")
client.delete("/tickets")
client.get("/old")  # this client follows the redirect, as browsers do
received = client.get("/file").text == "a report"
ran = sum(task.status == "finished" for task in client.drain().tasks)
left = (folder() / "report.txt").exists()
rest_guess.compare(client, tasks_that_run=ran, file_received=received, file_left=left)

# %% [markdown] slideshow={"slide_type": "slide"}
# All five run: a response is a response. And deleting a file that was sent is what a background task is good for:
# it runs when the last byte has left.
#
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., which_one_works)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# How many did you get right? Whatever you guessed wrong, your own code may have as well: look at it with
# `bgdemo trace my_module:app "POST /my_route"`.
#
# More exercises: `practice_surprises.ipynb`. To read on: the FastAPI documentation's page *Dependencies with yield*,
# where 0.118 and its `scope` are explained.
