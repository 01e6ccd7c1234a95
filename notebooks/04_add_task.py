# %% [markdown] slideshow={"slide_type": "slide"}
# # add_task, part 1: the proof
#
# **The article, 2.3 and 2.4: 把任务加入后台、add_task 详解 (adding the task; add_task explained)**
#
# 调用 add_task 只是登记任务；响应发出之后，任务才开始执行。
# 本课先在真实时钟上证明这一点，再用模拟时钟快放一遍，最后用真正的 uvicorn 服务器核对。
#
# **After this notebook you will be able to** predict when the response leaves, when each of several tasks starts and
# ends, and what is lost when one of them fails. **Time:** 25 minutes.
#
# *What differs from the article's listing:* the response's text has the time that the listing's `%s` lost, and the file
# is UTF-8, in a folder of its own. The second app is ours.
#
# In notebook 00 you saw two pictures. But who drew them? Our own client did. Here is the article's app: get the truth
# out of it, in three ways.

# %% slideshow={"slide_type": "skip"}
import httpx

from bgdemo import TestClient, exercises
from bgdemo.display import Mark
from bgdemo.lessons import folder
from bgdemo.notebook import choose, predict, watch
from bgdemo.questions.add_task import what_the_response_can_say
from bgdemo.server import serve

EMAIL = {"email": "a@example.com"}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The article's app
#
# One line does it: `background_tasks.add_task(...)`.

# %% tags=["app"] slideshow={"slide_type": "-"}
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


# %% [markdown] slideshow={"slide_type": "slide"}
# ## First: your own watch
#
# **Predict**, in seconds after the request: when does the response arrive, when is the file written, when has the task
# ended? Then run the cell, and count along.

# %% tags=["real-time", "predict"] slideshow={"slide_type": "-"}
guess = predict(response=..., file_written=..., task_end=...)
file = folder() / "log_test.txt"
file.unlink(missing_ok=True)  # one of an earlier run

client_1 = TestClient(app)
response = client_1.post("/send_info", params=EMAIL)
print(f"Response: {response.status_code}. Is the file there? {file.exists()}")
watch(client_1, until=7, marks=[Mark(5, "the file is written")])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Second: the same film, played fast
#
# Seven seconds are long if you want to look closely. So here is the same app on a **simulated clock**: its seconds
# pass only when nobody has anything left to do, and then at once. Between two cells the film is paused.

# %% slideshow={"slide_type": "-"}
file.unlink(missing_ok=True)
client_2 = TestClient(app, clock="simulated")
client_2.post("/send_info", params=EMAIL)
client_2.timeline

# %% [markdown] slideshow={"slide_type": "fragment"}
# Paused at 0 s: the response has left, the task is added, and it has not started. Now let 4.999 s pass, look for the
# file, and then one millisecond more.

# %% slideshow={"slide_type": "-"}
client_2.clock.advance(4.999)
print(f"At {client_2.clock.time()} s: is the file there? {file.exists()}")
client_2.clock.advance(0.001)
written = client_2.clock.time()
print(f"At {written} s: {file.read_text(encoding='utf-8')}")
client_2.timeline

# %% [markdown] slideshow={"slide_type": "slide"}
# Let the film run to its end, and put both clocks one above the other, with your guess.

# %% tags=["real-time"] slideshow={"slide_type": "-"}
client_2.drain()
guess.compare(client_1, client_2, file_written=written)

# %% [markdown] slideshow={"slide_type": "slide"}
# The first picture took 7 s of your life, the second one a few milliseconds. They tell the same story.
#
# ## Third: a real server
#
# Perhaps our client cheats? Then ask **uvicorn**, the server that runs most FastAPI apps, over a real connection, with
# httpx, which knows nothing of bgdemo. The server lives in this notebook until `stop()`, and a server that stops waits
# for its tasks: 7 s.

# %% tags=["real-time"] slideshow={"slide_type": "-"}
server = serve(app)
answer = httpx.post(f"{server.url}/send_info", params=EMAIL, trust_env=False)  # no proxy
print(f"httpx has its response after {answer.elapsed.total_seconds():.1f} s")
server.stop()

# %% [markdown] slideshow={"slide_type": "slide"}
# Three witnesses, one story. From here on we play fast.
#
# ## More than one task
#
# `add_task` takes the function, then any positional arguments, then any keyword arguments. Four routes use it here, and
# three will surprise you. For errors there are a handler, which answers 503, and a middleware, code around every
# request: here a `try`.

# %% tags=["app"] slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response

several = FastAPI()
seen_by: list[str] = []


def send_mail(email: str, message: str = "") -> str:
    time.sleep(2)
    return f"sent to {email}: {message}"


def send_to_broken_server(email: str) -> None:
    time.sleep(1)
    raise ConnectionError("the mail server is down")


def give_up(email: str) -> None:
    raise HTTPException(status_code=503, detail="the mail server is down")


@several.exception_handler(Exception)
async def answer_503(request: Request, error: Exception) -> JSONResponse:
    seen_by.append("handler")
    return JSONResponse({"message": "No mail today"}, status_code=503)


@several.middleware("http")
async def catch_errors(request: Request, call_next: RequestResponseEndpoint) -> Response:
    try:
        return await call_next(request)
    except Exception:
        seen_by.append("middleware")
        raise


@several.post("/three")
async def send_three(background_tasks: BackgroundTasks) -> dict[str, str]:
    for email in ("a@example.com", "b@example.com", "c@example.com"):
        background_tasks.add_task(send_mail, email, message="hello")
    return {"message": "Three mails will be sent"}


@several.post("/called")
async def send_called(background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(send_mail("a@example.com", message="hello"))
    return {"message": "One mail will be sent"}


@several.post("/broken")
async def send_broken(background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(send_mail, "a@example.com")
    background_tasks.add_task(send_to_broken_server, "b@example.com")
    background_tasks.add_task(send_mail, "c@example.com")
    return {"message": "Three mails will be sent"}


@several.post("/gives_up")
async def send_or_give_up(background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(give_up, "a@example.com")
    return {"message": "One mail will be sent"}


# %% [markdown] slideshow={"slide_type": "slide"}
# ### Three mails, 2 s each
#
# **Predict** for `/three`: when does the response arrive, and when has the last task ended?

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_3 = predict(response=..., task_end=...)
client_3 = TestClient(several, clock="simulated")
client_3.post("/three")
client_3.drain()
guess_3.compare(client_3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Tasks of one response run one after another, in the order in which they were added.
#
# `send_mail` **returns** a text. Where does it go? Here is all that is known of the first task. You will find its
# arguments, both kinds. Look for the text "sent to".

# %% slideshow={"slide_type": "-"}
client_3.timeline.to_dict()["tasks"][0]

# %% [markdown] slideshow={"slide_type": "slide"}
# It is lost: nobody keeps what a task returns.
#
# ### One pair of brackets
#
# Compare the call in `/called` with the one in `/three`. **Predict** for `/called`: when does the response arrive, with
# which status, and is the mail sent in the background (`True` or `False`)?

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_4 = predict(response=..., status=..., in_background=...)
client_4 = TestClient(several, clock="simulated")
response = client_4.post("/called")
client_4.clock.advance(10)
sent = [task for task in client_4.timeline.tasks if task.name == "send_mail"]
guess_4.compare(client_4, status=response.status_code, in_background=bool(sent))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Python calls `send_mail(...)` first, and the client waits. `add_task` gets what the call returned, a `str`, and a text
# cannot be called: that fails after the response.
#
# ### A task that raises
#
# In `/broken` the second of three tasks raises a `ConnectionError`. **Predict** the status, how many mails are sent,
# and who sees the error: `"handler"`, `"middleware"`, `"both"` or `"nobody"`. In `/gives_up` the task raises an
# `HTTPException`.

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_5 = predict(status=..., mails_sent=..., seen_by=...)
seen_by.clear()
client_5 = TestClient(several, clock="simulated")
response = client_5.post("/broken")
client_5.clock.advance(10)
sent = [task for task in client_5.timeline.tasks if task.status == "finished"]
by = "both" if len(seen_by) == 2 else "".join(seen_by) or "nobody"
client_5.post("/gives_up")
client_5.clock.advance(10)
guess_5.compare(client_5, status=response.status_code, mails_sent=len(sent), seen_by=by)

# %% [markdown] slideshow={"slide_type": "slide"}
# The client had its 200 at 0 s, and nothing takes it back. The task after the failed one is **skipped**. The handler
# may log, but its 503 goes nowhere. The middleware's `try` was over by then. And an `HTTPException` answers nobody:
# "Caught handled exception, but response already started", says Starlette.
#
# ## Your turn
#
# After the response, `write_notification` is to run, with the caller's `email` and the message `"some notification"`.
# **Complete the call.**

# %% tags=["exercise"] slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    time.sleep(5)
    print(f"notification for {email}: {message}")


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task  # complete this call
    return {"message": "Notification sent in the background"}


# %% slideshow={"slide_type": "-"}
exercises.add_task.complete_the_call.check(app)  # stuck? exercises.add_task.complete_the_call.hint()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., what_the_response_can_say)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# You know when a task runs. Part 2 asks **where** it runs, and what else has to wait there. To read on: the FastAPI
# tutorial's page *Background Tasks*, and the source of `starlette/background.py`: some 40 lines.
# More exercises: `practice_add_task.ipynb`.
