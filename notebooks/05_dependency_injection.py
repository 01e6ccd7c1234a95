# %% [markdown] slideshow={"slide_type": "slide"}
# # Dependency injection
#
# **The article, 2.5: 依赖注入 (dependency injection)**
#
# BackgroundTasks 可以与依赖注入一起使用：路径操作函数和各级依赖项都可以声明这个参数。
# 同一个请求的所有任务进入同一个列表，并按加入的先后顺序执行；本课还会演示任务在哪些情况下会丢失。
#
# **After this notebook you will be able to** predict in which order the tasks of a route and its dependencies run, and
# in which cases none of them runs. **Time:** 30 minutes.
#
# *What differs from the article's listing:* the log is UTF-8, in a folder of its own. The other two apps are ours.
#
# A log line for every request, a receipt for every purchase: you do not want to write that into each route. FastAPI has
# dependencies for it: functions that it calls before the route. May they add background tasks?

# %% slideshow={"slide_type": "skip"}
from bgdemo import TestClient, exercises
from bgdemo.lessons import folder
from bgdemo.notebook import choose, predict
from bgdemo.questions.dependency_injection import what_becomes_of_the_log

EMAIL = {"email": "a@example.com"}
log_file = folder() / "log.txt"
log_file.unlink(missing_ok=True)  # one of an earlier run

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The article's app
#
# The parameter `q` of the route is declared with `Depends(get_query)`: FastAPI calls `get_query` first, and passes on
# what it returns. That makes `get_query` a **dependency**. Both functions ask for a `BackgroundTasks`, and both add a
# task.

# %% tags=["app"] slideshow={"slide_type": "-"}
from fastapi import BackgroundTasks, Depends, FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def write_log(message: str) -> None:
    with open(folder() / "log.txt", mode="a", encoding="utf-8") as log:
        log.write(message)


def get_query(background_tasks: BackgroundTasks, q: str | None = None) -> str | None:
    if q:
        background_tasks.add_task(write_log, f"found query: {q}\n")
    return q


@app.post("/send_info")
async def send_notification(
    email: str, background_tasks: BackgroundTasks, q: str | None = Depends(get_query)
) -> dict[str, str]:
    background_tasks.add_task(write_log, f"message to {email}\n")
    return {"message": "Message sent"}


# %% [markdown] slideshow={"slide_type": "slide"}
# **Predict** the log: which word begins its first line, which its second? Write them as a list, `["message", "found"]`
# or the other way round.

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_1 = predict(lines=...)
client_1 = TestClient(app, clock="simulated")
client_1.post("/send_info", params={**EMAIL, "q": "fastapi"})
client_1.drain()
log = log_file.read_text(encoding="utf-8")
print(log)
guess_1.compare(client_1, lines=[line.split()[0] for line in log.splitlines()])

# %% [markdown] slideshow={"slide_type": "slide"}
# One request, one list: `get_query` added its task before the route did, so it runs first.
#
# ## All levels
#
# A `BackgroundTasks` can be declared at many levels; this app does it at six. `adds("router")` makes a dependency like
# `get_query`: it adds one task, which waits 1 s and prints "router". (A *router* is a group of routes that an app
# includes; the *decorator* is the line with `@`.) Find the six.

# %% tags=["app"] slideshow={"slide_type": "-"}
import time
from collections.abc import Callable

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI

levels = FastAPI()


def note(level: str) -> None:
    time.sleep(1)
    print(level)


def adds(level: str) -> Callable[[BackgroundTasks], None]:
    def dependency(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(note, level)

    return dependency


get_user = adds("sub-dependency")


def get_query(background_tasks: BackgroundTasks, user: None = Depends(get_user)) -> None:
    background_tasks.add_task(note, "dependency")


router = APIRouter(dependencies=[Depends(adds("router"))])


@router.post("/send_info", dependencies=[Depends(adds("decorator"))])
async def send_info(background_tasks: BackgroundTasks, q: None = Depends(get_query)) -> None:
    background_tasks.add_task(note, "path operation")


levels.include_router(router, dependencies=[Depends(adds("include_router"))])


@levels.post("/twice")
async def declared_twice(first: None = Depends(get_user), second: None = Depends(get_user)) -> None:
    pass


@levels.post("/twice/without_cache")
async def declared_twice_without_cache(
    first: None = Depends(get_user), second: None = Depends(get_user, use_cache=False)
) -> None:
    pass


# %% [markdown] slideshow={"slide_type": "slide"}
# **Predict**: which of the six words is printed first, and which last? Put them in quotes.

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_2 = predict(first=..., last=...)
client_2 = TestClient(levels, clock="simulated")
client_2.post("/send_info")
tasks = client_2.drain().tasks
guess_2.compare(client_2, first=tasks[0].args[0], last=tasks[-1].args[0])

# %% [markdown] slideshow={"slide_type": "slide"}
# From the outside to the inside, and the route itself comes last. A **sub-dependency** comes before the dependency
# that asks for it.
#
# ### Declared twice
#
# In `/twice` two parameters depend on the same `get_user`, and so they do in `/twice/without_cache`, where one of them
# says `use_cache=False`. **Predict**: how many tasks are added, in each?

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_3 = predict(twice=..., without_cache=...)
client_3 = TestClient(levels, clock="simulated")
client_3.post("/twice")
client_3.post("/twice/without_cache")
timeline = client_3.drain()
numbers = [len(timeline.tasks_of(request)) for request in timeline.requests]
guess_3.compare(client_3, twice=numbers[0], without_cache=numbers[1])

# %% [markdown] slideshow={"slide_type": "slide"}
# FastAPI calls a dependency once a request and hands its result to all who ask, unless `use_cache=False` says
# otherwise. Then its task is added twice.
#
# ## How tasks get lost
#
# In this shop a dependency of the whole app adds `count_visit`, and each route adds `send_mail`. Then something
# happens to the response.

# %% tags=["app"] slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask


def count_visit() -> None:
    time.sleep(1)


def send_mail(email: str) -> None:
    time.sleep(2)


def send_receipt(email: str) -> None:
    time.sleep(2)


def visited(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(count_visit)


shop = FastAPI(dependencies=[Depends(visited)])


@shop.post("/raise")
async def raise_error(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail, email)
    raise HTTPException(status_code=400, detail="sold out")


@shop.post("/return")
async def return_error(email: str, background_tasks: BackgroundTasks) -> JSONResponse:
    background_tasks.add_task(send_mail, email)
    return JSONResponse({"detail": "sold out"}, status_code=400)


@shop.post("/own")
async def own_background(email: str, background_tasks: BackgroundTasks) -> JSONResponse:
    background_tasks.add_task(send_mail, email)
    return JSONResponse({"message": "Thank you!"}, background=BackgroundTask(send_receipt, email))


def count_tickets() -> int:
    raise RuntimeError("the database is down")


@shop.post("/dependency")
async def failing_dependency(tickets: int = Depends(count_tickets)) -> None:
    pass


@shop.post("/model")
async def failing_response_model(email: str, background_tasks: BackgroundTasks) -> int:
    background_tasks.add_task(send_mail, email)
    return "no number"


# %% [markdown] slideshow={"slide_type": "slide"}
# ### Two ways to answer 400
#
# `/raise` raises an `HTTPException`, `/return` returns a response; the client gets the same 400. **Predict**: how many
# of the two tasks run, in each?

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_4 = predict(raised=..., returned=...)
client_4 = TestClient(shop, clock="simulated")
client_4.post("/raise", params=EMAIL)
client_4.post("/return", params=EMAIL)
timeline = client_4.drain()
raised, returned = [timeline.tasks_of(request) for request in timeline.requests]
ran = [sum(task.status == "finished" for task in tasks) for tasks in (raised, returned)]
guess_4.compare(client_4, raised=ran[0], returned=ran[1])

# %% [markdown] slideshow={"slide_type": "slide"}
# Whoever raises leaves without the list: all its tasks are **dropped**. It is not the 400 that does it.
#
# ### Three more failures
#
# `count_visit` is added for each of these, too. `/return` without an `email`: a 422. `/dependency` depends on a
# function that raises. `/model` promises an `int` and returns a text. **Predict**: how many tasks run, in each?

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_5 = predict(no_email=..., dependency=..., model=...)
client_5 = TestClient(shop, clock="simulated", raise_server_exceptions=False)  # 500, as on a server
client_5.post("/return")
client_5.post("/dependency")
client_5.post("/model", params=EMAIL)
timeline = client_5.drain()
tasks_of = [timeline.tasks_of(request) for request in timeline.requests]
ran = [sum(task.status == "finished" for task in tasks) for tasks in tasks_of]
guess_5.compare(client_5, no_email=ran[0], dependency=ran[1], model=ran[2])

# %% [markdown] slideshow={"slide_type": "slide"}
# None: whatever fails between `add_task` and the response takes the list along, and the returned value is checked
# there, too.
#
# ### A response with tasks of its own
#
# `/own` returns a response that brings its own `background=`. **Predict** which of the tasks `count_visit`,
# `send_mail` and `send_receipt` run. Write a list of names, in their order.

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_6 = predict(tasks=...)
client_6 = TestClient(shop, clock="simulated")
client_6.post("/own", params=EMAIL)
ran = [task.name for task in client_6.drain().tasks if task.status == "finished"]
guess_6.compare(client_6, tasks=ran)

# %% [markdown] slideshow={"slide_type": "slide"}
# They do not add up: `background=` takes the place of the whole list, and nobody says a word. Use `add_task` for all
# of them.
#
# ## Your turn: the dependency
#
# Each query is to be logged: where there is a `q`, `get_query` adds `write_log` with the text `f"found query: {q}\n"`.
# **Complete `get_query`.** The route stays as it is.

# %% tags=["exercise"] slideshow={"slide_type": "-"}
from fastapi import BackgroundTasks, Depends, FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def write_log(message: str) -> None:
    with open(folder() / "log.txt", mode="a", encoding="utf-8") as log:
        log.write(message)


def get_query(q: str | None = None) -> str | None:
    # complete this function
    return q


@app.post("/send_info")
async def send_notification(
    email: str, background_tasks: BackgroundTasks, q: str | None = Depends(get_query)
) -> dict[str, str]:
    background_tasks.add_task(write_log, f"message to {email}\n")
    return {"message": "Message sent"}


# %% slideshow={"slide_type": "-"}
exercises.dependency_injection.log_the_query.check(app)  # stuck? put .hint() in the place of .check(app)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your turn: the lost task
#
# The last ticket is gone. The shop answers 409, and wants to log who came too late. But the log stays empty.
# **Repair the route**: the client still gets its 409, at once, and the line is written after it.

# %% tags=["exercise"] slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI, HTTPException
from fastapi.responses import JSONResponse

from bgdemo.lessons import folder

app = FastAPI()


def write_log(message: str) -> None:
    time.sleep(1)
    with open(folder() / "log.txt", mode="a", encoding="utf-8") as log:
        log.write(message)


@app.post("/tickets")
async def buy_ticket(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(write_log, f"too late: {email}\n")
    raise HTTPException(status_code=409, detail="sold out")


# %% slideshow={"slide_type": "-"}
exercises.dependency_injection.keep_the_task.check(app)  # stuck? put .hint() in the place of .check(app)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., what_becomes_of_the_log)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## At home: the three use cases
#
# In notebook 01 you looked at tickets, purchases and uploads. Now write them, in
# `practice_use_cases.ipynb`: three exercises, ten minutes each, and each checks itself.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# You know the article's whole part 2. Notebook 06 runs the same client with `await`, and 07 writes tests with it.
# More exercises: `practice_dependency_injection.ipynb`. To read on: the FastAPI tutorial's page *Dependencies*, and
# what its page *Background Tasks* says of them.
