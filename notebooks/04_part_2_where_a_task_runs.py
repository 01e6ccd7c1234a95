# %% [markdown] slideshow={"slide_type": "slide"}
# # add_task, part 2: where a task runs
#
# **The article, 2.3 and 2.4: 把任务加入后台、add_task 详解 (adding the task; add_task explained)**
#
# 普通的 def 任务在线程池中运行，async def 任务在事件循环中运行。
# 任务在哪里等待，决定了还有谁要陪它一起等：本课用 /ping 来测量。
#
# **After this notebook you will be able to** predict where a task runs, whom else it keeps waiting, and how many tasks
# can run side by side. **Time:** 25 minutes.
#
# *What differs from the article's listing:* `write_notification` only waits, since the waiting is what we look at. The
# other tasks and `/ping` are ours.
#
# The client does not wait for the task: you have proved it. But a server has more than one client. What does the next
# one feel, while a task is running?

# %% slideshow={"slide_type": "skip"}
from bgdemo import TestClient, exercises
from bgdemo.notebook import choose, predict
from bgdemo.questions.where_a_task_runs import which_task_is_polite, why_the_ping_waited

EMAIL = {"email": "a@example.com"}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three tasks that wait for 7 s
#
# Each in its own way: look at the three task functions. `/ping` is the next client: its route only answers "pong".

# %% tags=["app"] slideshow={"slide_type": "-"}
import asyncio
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def write_notification(email: str) -> None:
    time.sleep(7)


async def write_notification_async(email: str) -> None:
    time.sleep(7)


async def write_notification_awaiting(email: str) -> None:
    await asyncio.sleep(7)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_notification, email)


@app.post("/send_info/async")
async def send_notification_async(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_notification_async, email)


@app.post("/send_info/awaiting")
async def send_notification_awaiting(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_notification_awaiting, email)


@app.get("/ping")
async def ping() -> str:
    return "pong"


# %% [markdown] slideshow={"slide_type": "slide"}
# ## The next client
#
# One client posts, and has its response at 0 s. At the same moment another one asks for `/ping`. **Predict**: after
# how many seconds does it get its "pong": beside the task that is a `def`, and beside the one that is an `async
# def`? Both
# call `time.sleep(7)`.

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess = predict(beside_def=..., beside_async=...)

# %% slideshow={"slide_type": "-"}
client_1 = TestClient(app, clock="simulated")
client_1.post("/send_info", params=EMAIL)
client_1.get("/ping")
client_1.drain()

# %% [markdown] slideshow={"slide_type": "slide"}
# Now the `async def`, and the guess.

# %% slideshow={"slide_type": "-"}
client_2 = TestClient(app, clock="simulated")
client_2.post("/send_info/async", params=EMAIL)
client_2.get("/ping")
client_2.drain()
guess.compare(beside_def=client_1, beside_async=client_2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why?
#
# Look below the names of the tasks. The first ran in the **thread pool**: a number of threads that are there for
# functions which wait. The second ran on the **event loop**: one thread that takes all requests, and runs all `async
# def` code, a piece at a time.

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., why_the_ping_waited)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## An async task that gives way
#
# The third task is an `async def` too, but it waits with `await asyncio.sleep(7)`. **Predict**: when does the ping
# get its
# answer, and when has the task ended?

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_3 = predict(ping=..., task_end=...)
client_3 = TestClient(app, clock="simulated")
client_3.post("/send_info/awaiting", params=EMAIL)
client_3.get("/ping")
client_3.drain()
guess_3.compare(client_3, ping=client_3)

# %% [markdown] slideshow={"slide_type": "slide"}
# At each `await` the task gives the event loop back until it has waited. So `async def` is no danger, and no help:
# what counts is how a task waits.
#
# ## How many at once?
#
# A `def` task needs a thread. How many are there? Each request to `/send_info` adds a task of 2 s. Of the pings one has
# an `async def` route, one a `def` route, and one depends on a `def` function, `get_user`, which FastAPI calls first.

# %% tags=["app"] slideshow={"slide_type": "-"}
import asyncio
import time

from fastapi import BackgroundTasks, Depends, FastAPI

many = FastAPI()


def send_mail(email: str) -> None:
    time.sleep(2)


async def send_mail_in_another_pool(email: str) -> None:
    await asyncio.to_thread(time.sleep, 2)


@many.post("/send_info")
async def send_one(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail, email)


@many.post("/send_info/another_pool")
async def send_one_in_another_pool(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail_in_another_pool, email)


@many.get("/ping")
async def async_ping() -> str:
    return "pong"


@many.get("/ping/def")
def def_ping() -> str:
    return "pong"


def get_user() -> str:
    return "Ann"


@many.get("/ping/dependency")
async def ping_with_a_dependency(user: str = Depends(get_user)) -> str:
    return "pong"


def send_report(email: str, background_tasks: BackgroundTasks) -> None:
    time.sleep(2)
    background_tasks.add_task(archive, email)


def archive(email: str) -> None:
    time.sleep(2)


@many.post("/report")
async def report(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_report, email, background_tasks)
    background_tasks.add_task(send_mail, email)


# %% [markdown] slideshow={"slide_type": "slide"}
# ### 40 customers
#
# Forty requests come at 0 s, each with its own mail of 2 s. In part 1, three mails of *one* response took 6 s.
# **Predict**: when has the last of the forty mails been sent?

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_4 = predict(task_end=...)
client_4 = TestClient(many, clock="simulated")
for number in range(40):
    client_4.post("/send_info", params={"email": f"{number}@example.com"})
client_4.drain()
guess_4.compare(client_4)

# %% [markdown] slideshow={"slide_type": "slide"}
# Tasks of different responses run side by side, each in a thread.
#
# ### One more
#
# Now 41 customers, and then a ping. Each of the three pings gets a clock of its own. **Predict**: when has the last
# mail been sent, and when does each ping get its answer?

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_5 = predict(task_end=..., ping=..., ping_def=..., ping_dependency=...)
answered = []
for path in ("/ping", "/ping/def", "/ping/dependency"):
    client_5 = TestClient(many, clock="simulated")
    for number in range(41):
        client_5.post("/send_info", params={"email": f"{number}@example.com"})
    client_5.get(path)
    answered.append(client_5.clock.time())
client_5.drain()
guess_5.compare(client_5, ping=answered[0], ping_def=answered[1], ping_dependency=answered[2])

# %% [markdown] slideshow={"slide_type": "slide"}
# The pool has 40 threads, and `def` routes and `def` dependencies need one, too. The 41st mail and two of the pings
# queue up for one that is free again at 2 s. Only the ping that is all `async def` needs none.
#
# ### Another pool
#
# `asyncio.to_thread` is another way to wait in a thread. 40 mails are being sent; then comes a task that waits with
# `await asyncio.to_thread(time.sleep, 2)`. **Predict**: when has that one ended?

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_6 = predict(end=...)
client_6 = TestClient(many, clock="simulated")
for number in range(40):
    client_6.post("/send_info", params={"email": f"{number}@example.com"})
client_6.post("/send_info/another_pool", params=EMAIL)
client_6.drain()
guess_6.compare(client_6, end=client_6.timeline.tasks[-1].ended)

# %% [markdown] slideshow={"slide_type": "slide"}
# At 2 s, like the others: it has not queued up, since its threads are those of another pool.
#
# ### A task that adds a task
#
# Back to one response. `/report` adds `send_report`, then `send_mail`. After its 2 s `send_report` adds `archive`.
# **Predict**: in which order do the three run? Write a list of names.

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess_7 = predict(tasks=...)
client_7 = TestClient(many, clock="simulated")
client_7.post("/report", params=EMAIL)
ran = sorted(client_7.drain().tasks, key=lambda task: task.started)
guess_7.compare(client_7, tasks=[task.name for task in ran])

# %% [markdown] slideshow={"slide_type": "slide"}
# A task may add tasks. They join the end of the same list, and nobody waits for them either.
#
# ## Your turn
#
# While this shop sends a receipt, nobody else gets an answer: `/ping` waits for 3 s. **Change the task** so that it
# still takes 3 s, and holds up nobody. There is more than one good way.

# %% tags=["exercise"] slideshow={"slide_type": "-"}
import asyncio
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def send_receipt(email: str) -> None:
    time.sleep(3)
    print(f"receipt for {email}")


@app.post("/buy")
async def buy(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_receipt, email)
    return {"message": "Thank you!"}


@app.get("/ping")
async def ping():
    return "pong"


# %% slideshow={"slide_type": "-"}
exercises.add_task.free_the_loop.check(app)  # stuck? exercises.add_task.free_the_loop.hint()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., which_task_is_polite)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# So far the route added all tasks. In notebook 05 its dependencies add some, too, and you will see how tasks get lost.
# To read on: the FastAPI documentation's page *Concurrency and async / await*, and AnyIO's page *Working with threads*.
