# %% [markdown] slideshow={"slide_type": "slide"}
# # Outgrowing one process
#
# **The article, 3: 任务更重时 (when the tasks grow)**
#
# 繁重的后台计算若不必与应用同在一个进程，可以交给 Celery 这样的工具，再配上 Redis 或 RabbitMQ 的消息队列。
# 本课把同一个任务函数原样搬过去，并亲眼看到：进程突然被杀死时，哪些任务会丢失，哪些会留下。
#
# **After this notebook you will be able to** predict what is lost when a process dies, move a task function to a queue,
# and say which work belongs there. **Time:** 30 minutes. **You need:** notebooks 00, 04 and 05.
#
# *What differs from the article's listing:* the article only names the tools. Here they run.
#
# The shop works. Then, in the middle of a mail, the lights go out.

# %% slideshow={"slide_type": "skip"}
import os
import time

import bgdemo
from bgdemo import TestClient
from bgdemo.lessons import folder
from bgdemo.notebook import choose, predict
from bgdemo.queue import ProcessClient, Queue, tasks

os.environ["BGDEMO_FOLDER"] = str(folder())  # every process writes its files here

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The article's app, in a file
#
# Other processes will run this code, and a process imports from files. So the cell writes `shop.py`.
#
# One word is new: the parameter's annotation is `Tasks`. It means FastAPI's own `BackgroundTasks`, until somebody gives
# the app something better.

# %% tags=["app"] slideshow={"slide_type": "-"}
# %%writefile shop.py
import time

from fastapi import FastAPI

from bgdemo.lessons import folder
from bgdemo.queue import Tasks

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    time.sleep(5)
    with open(folder() / "log_test.txt", mode="w", encoding="utf-8") as email_file:
        email_file.write(f"notification for {email}: {message}")
    print("write end")
    time.sleep(2)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: Tasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="some notification")
    return {"message": "Notification sent in the background"}


# %% [markdown] slideshow={"slide_type": "fragment"}
# `ProcessClient` serves an app with uvicorn, in a process of its own. We start two, and post to both.
# After 2 s one of them is killed, as by a power cut; the other one is asked to stop, as by a deploy.
#
# **Predict:** what becomes of each task: `"finished"` or `"lost"`?

# %% tags=["real-time", "predict"] slideshow={"slide_type": "-"}
guess = predict(killed=..., asked_to_stop=...)
killed, stopped = ProcessClient("shop:app"), ProcessClient("shop:app")
for client in (killed, stopped):
    client.post("/send_info", params={"email": "a@example.com"})
time.sleep(2)
killed.kill()
stopped.close()  # returns when the process has ended
one, other = killed.timeline, stopped.timeline
guess.compare(one, other, killed=one.tasks[0].status, asked_to_stop=other.tasks[0].status)

# %% [markdown] slideshow={"slide_type": "slide"}
# The client had its 200 both times. But the task lived in the process, and died with it.
#
# ## Move it
#
# Now the task goes to a **broker**, which keeps it until a **worker** has done it: another process, with no client.
# `broker="embedded"` needs no server: the broker is a folder. `shop.py` stays as it is.
#
# **Predict:** when does the task end, if the app's process is killed at 2 s?

# %% tags=["real-time", "predict"] slideshow={"slide_type": "-"}
second_guess = predict(task_end=...)
queued = ProcessClient("shop:app", broker="embedded")
queued.post("/send_info", params={"email": "a@example.com"})
time.sleep(2)
queued.kill()
second_guess.compare(queued.drain())

# %% [markdown] slideshow={"slide_type": "slide"}
# The app is dead, and its task goes on: Celery runs it, in a worker.
#
# ## What cannot be moved
#
# A task travels as text: the function's name, and its arguments as JSON. We try a function that no worker can import,
# and an uploaded file, which is no text. Both are refused at once:

# %% slideshow={"slide_type": "-"}
from io import BytesIO

import shop
from fastapi import UploadFile

queue = Queue("embedded")
queue.start_worker()
for attempt in [(lambda: None,), (shop.write_notification, UploadFile(BytesIO(b"a file")))]:
    try:
        queue.add_task(*attempt)
    except bgdemo.errors.QueueError as error:
        print(error, "\n")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## And if the worker dies?
#
# In this experiment the worker is killed after 2 s, and another one is started. `dependency_overrides` is FastAPI's
# own way to give an app another dependency.


# %% slideshow={"slide_type": "-"}
def kill_the_worker(broker):
    with Queue(broker, visibility_timeout=8) as queue:
        shop.app.dependency_overrides[tasks] = queue
        client = TestClient(shop.app, raise_server_exceptions=False)
        first = queue.start_worker()
        client.post("/send_info", params={"email": "a@example.com"})
        time.sleep(2)
        first.kill()
        queue.start_worker()
        return client.drain()


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict** what becomes of the task: `"finished"` or `"lost"`?

# %% tags=["real-time", "predict"] slideshow={"slide_type": "-"}
third_guess = predict(task=...)
embedded = kill_the_worker("embedded")
third_guess.compare(embedded, task=embedded.tasks[0].status)

# %% [markdown] slideshow={"slide_type": "slide"}
# The first worker had taken the task out of the folder, and nobody asked what became of it. Real brokers do.
#
# ## Redis and RabbitMQ
#
# RabbitMQ hands a task on when its worker's connection is gone. Redis does when nobody has reported it done for the
# `visibility_timeout`: 8 s here. That must be longer than the longest task.
#
# **Predict:** which one is `sooner`, `"redis"` or `"rabbitmq"`? Where they are not installed you see a recording.

# %% tags=["real-time", "predict"] slideshow={"slide_type": "-"}
from bgdemo.lessons.brokers import RabbitMQ, Redis
from bgdemo.lessons.recorded import recorded

fourth_guess = predict(sooner=...)
ends = {"redis": recorded("redis"), "rabbitmq": recorded("rabbitmq")}
for name, broker in (("redis", Redis), ("rabbitmq", RabbitMQ)):
    if broker.is_installed():
        with broker() as server:
            ends[name] = kill_the_worker(server.url)
fourth_guess.compare(*ends.values(), sooner=min(ends, key=lambda name: ends[name].tasks[0].ended))

# %% [markdown] slideshow={"slide_type": "slide"}
# Above Redis, below RabbitMQ. Look closely: the task began twice. Had it written its line at the start, there would be
# two.
#
# ## Done twice
#
# A queue also tries a task again when it raises. Here the bank hangs up when the order was paid.
# `write_log_once` is **idempotent**: the second time changes nothing.

# %% tags=["app"] slideshow={"slide_type": "-"}
# %%writefile bank.py
from fastapi import FastAPI, HTTPException

from bgdemo.lessons import folder
from bgdemo.queue import Tasks

app = FastAPI()
done: list[int] = []  # in the memory of this process


def write_log(order: int) -> None:
    with open(folder() / "log.txt", mode="a", encoding="utf-8") as log:
        log.write(f"order {order} is paid\n")
    raise ConnectionError("the bank hung up")  # when the work was done


def write_log_once(order: int) -> None:
    try:
        (folder() / f"order-{order}.done").touch(exist_ok=False)
    except FileExistsError:
        return  # it was done before
    write_log(order)


def remember(order: int) -> None:
    done.append(order)


@app.post("/pay")
def pay(order: int, background_tasks: Tasks) -> None:
    background_tasks.add_task(write_log, order)


@app.post("/pay/once")
def pay_once(order: int, background_tasks: Tasks) -> None:
    background_tasks.add_task(write_log_once, order)


@app.post("/pay/sold_out")
def pay_sold_out(order: int, background_tasks: Tasks) -> None:
    background_tasks.add_task(remember, order)
    raise HTTPException(409, "sold out")


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict:** the queue tries twice more. How many lines does the log have for order 1, and how many for order 2, which
# pays `once`?

# %% tags=["predict"] slideshow={"slide_type": "-"}
fifth_guess = predict(order_1=..., order_2=...)

# %% tags=["real-time"] slideshow={"slide_type": "-"}
import bank

for file in [*folder().glob("order-*"), folder() / "log.txt"]:
    file.unlink(missing_ok=True)  # of an earlier run
bank.app.dependency_overrides[tasks] = queue
client = TestClient(bank.app, raise_server_exceptions=False)
client.post("/pay", params={"order": 1})
client.post("/pay/once", params={"order": 2})
client.drain()
log = (folder() / "log.txt").read_text(encoding="utf-8")
fifth_guess.compare(client, order_1=log.count("order 1 "), order_2=log.count("order 2 "))

# %% [markdown] slideshow={"slide_type": "slide"}
# What failed for good is kept, with its traceback: `queue.failures()`.
#
# ## Sent, and elsewhere
#
# The third route adds a task, and then it raises. With BackgroundTasks that task is dropped (notebook 05).
#
# **Predict:** what is its `status` with a queue? And how many orders has our list `bank.done` then?

# %% tags=["real-time", "predict"] slideshow={"slide_type": "-"}
sixth_guess = predict(status=..., orders=...)
sold_out = TestClient(bank.app)
sold_out.post("/pay/sold_out", params={"order": 3})
sold_out.drain()
sixth_guess.compare(sold_out, status=sold_out.timeline.tasks[0].status, orders=len(bank.done))

# %% [markdown] slideshow={"slide_type": "slide"}
# The task was sent at once, so what the route did then came too late. And it remembered its order, in the worker's own
# list. That is the article's criterion: what needs the app's variables stays with BackgroundTasks.
#
# ## What one process can take
#
# **Predict**, with a pencil: 1,000 mails of 2 s are added at once, and a process has 40 threads. When does the last one
# end?

# %% tags=["predict"] slideshow={"slide_type": "-"}
from bgdemo.lessons.many_tasks import many

seventh_guess = predict(task_end=...)
crowd = TestClient(many, clock="simulated")
for _ in range(1000):
    crowd.post("/send_info", params={"email": "a@example.com"})
crowd.drain()
seventh_guess.compare(crowd)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which tool for which work?
#
# Ask, and **change the question**: `seconds`, `a_second`, `retries`, `shares_memory`, `answer_needed`, `machines`.

# %% tags=["change"] slideshow={"slide_type": "-"}
bgdemo.guide(survives_crash=True, cpu_seconds=30)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
from bgdemo.questions.outgrowing import heavy_uploads

choose(..., heavy_uploads)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## To look up
#
# ### Which tool?
#
# | the work | use | shown in |
# |---|---|---|
# | the response needs what it finds out | wait in the route | 01 |
# | is small, and may be lost once in a while: a mail, a text message | BackgroundTasks | 00, 04 |
# | uses the app's own variables and objects | BackgroundTasks | 08 |
# | must be done even if the process dies | a queue | 08 |
# | must be tried again when it fails | a queue | 04, 08 |
# | computes for a tenth of a second or more | a queue | 04 part 2, 08 |
# | takes longer than a deploy may wait | a queue | 08 |
# | comes faster than 40 threads can do it | a queue | 04 part 2, 08 |
# | has to be shared by several machines | a queue | 08 |
#
# ### The three use cases of 01
#
# | use case | `bgdemo.guide(...)` | what to use |
# |---|---|---|
# | the itinerary to every platform | `survives_crash=True, retries=True` | a queue |
# | the mails after a purchase | `seconds=2, a_second=5` | BackgroundTasks |
# | the uploaded file, while it is small | `seconds=3` | BackgroundTasks |
# | the uploaded file, once it computes for long | `cpu_seconds=30` | a queue |
#
# A platform is away at times, and nobody would notice a lost itinerary. Who misses a mail asks for it again. A file is
# saved first, and its path is sent.
#
# ### What does it cost?
#
# | | response | task starts | waiting tasks a second | computing tasks a second | meanwhile | memory |
# |---|---|---|---|---|---|---|
# | BackgroundTasks | 0.5 ms | 0.7 ms | 186 | 60 | 70 ms | 58 MB |
# | embedded, 1 or 2 workers | 1.6 ms | 28 ms | 163, 248 | 59, 83 | 12 ms | 66 MB, and 66 MB a worker |
# | Redis, 1 or 2 workers | 2.6 ms | 4 ms | 170, 220 | 50, 76 | 19 ms | 72 MB, and 73 MB a worker |
# | RabbitMQ, 1 or 2 workers | 3 ms | 3 ms | 173, 245 | 55, 86 | 18 ms | 66 MB, and 66 MB a worker |
#
# One uvicorn process, two cores, medians; your numbers will differ, their proportions less. Waiting tasks sleep for
# 0.2 s, 40 at a time in each process. Computing tasks are some 20 ms of Python. *Meanwhile* is what a client waits for
# a response while 200 of those run: with BackgroundTasks they take the processor from the app itself. The brokers' own
# memory is not counted. (Celery 5.7, Redis 7.0, RabbitMQ 3.10.)
#
# ### How many?
#
# On paper:
#
# - *One process* does 40 tasks of 2 s at a time, 20 a second: the picture above.
# - *Ten machines*: the same code. One broker that writes to its disk, and on each machine
#   `python -m bgdemo.queue.worker --broker redis://HOST:6379/0`. Files have to be where all machines can read them.
# - *A thousand machines*: brokers of its own for each kind of work, a limit for each customer, and people who watch how
#   old the oldest waiting task is.
#
# ### Settings that count
#
# - Redis: `appendonly yes`, or a crash of Redis loses what waits. A visibility timeout longer than the longest task;
#   Celery's default is an hour.
# - RabbitMQ: `confirm_publish`, so that `add_task` returns when the broker has the task.
# - Celery: `task_acks_late`, so that a task is done with when it has ended, and not when it was taken.
# - Idempotence: keep the mark and the work in one transaction of your database. Between a mark in a file and the work
#   there is room for a crash.
# - uvicorn: a deploy waits for the tasks as long as they take. With `--timeout-graceful-shutdown 1` it waits for 1 s;
#   then an `async def` task is cancelled, and a `def` task ends with its process.
# - If the broker is not there, `add_task` gives up after 3 s, and the client gets a 503.
#
# In a project of your own you would write Celery's `@app.task` and `.delay()`. What `bgdemo.queue` adds is that route
# and task function stay as they are.
#
# ### What else is there?
#
# - *taskiq*: made for `async def` tasks; an extension gives them FastAPI's dependencies. For tasks that mostly await.
# - *Dramatiq*: smaller than Celery, and tries again by itself what fails. When that is all you need.
# - *DBOS*: keeps each step of a task in a Postgres database, and goes on after the last one. For a task of many steps
#   that must not be done again.
#
# ## Next
#
# That was the article. 09 has surprises. To read on: Celery's user guide, *Tasks* and *Optimizing*.
