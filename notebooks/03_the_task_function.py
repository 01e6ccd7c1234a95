# %% [markdown] slideshow={"slide_type": "slide"}
# # The task function
#
# **The article, 2.2: 任务函数 (the task function)**
#
# 真正在后台执行的，是一个普通的函数，用 def 或 async def 定义都可以。
# 本课先亲手调用它，再连续调用两次，并给它计时，然后看看它作为任务时在哪里运行。
#
# **After this notebook you will be able to** predict what a task function does when you call it yourself,
# and say where each of its two kinds runs as a task. **Time:** 20 minutes.
#
# *What differs from the article's listing:* the file is UTF-8, in a folder of its own. The async twin and the routes
# are ours.
#
# In notebook 02 a route got a place for work. What may be put there? Something special, you might think.

# %% slideshow={"slide_type": "skip"}
import asyncio
import time

from bgdemo import TestClient, exercises
from bgdemo.lessons import folder
from bgdemo.notebook import choose, predict
from bgdemo.questions.task_function import what_makes_a_task

file = folder() / "log_test.txt"  # what the function writes

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The function, and its twin
#
# `write_notification` is the article's function: it writes one mail into a file. Below it stands its `async def` twin.
# The two routes are for later.

# %% tags=["app"] slideshow={"slide_type": "-"}
from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    with open(folder() / "log_test.txt", mode="w", encoding="utf-8") as email_file:
        email_file.write(f"notification for {email}: {message}")


async def write_notification_async(email: str, message: str = "") -> None:
    write_notification(email, message)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="some notification")
    return {"message": "Notification sent in the background"}


@app.post("/send_info/async")
async def send_notification_async(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification_async, email, message="some notification")
    return {"message": "Notification sent in the background"}


# %% [markdown] slideshow={"slide_type": "slide"}
# ## Call it by hand
#
# No server, no request, no client. You call the function, and read its file.

# %% slideshow={"slide_type": "-"}
write_notification("a@example.com", message="hello")
file.read_text(encoding="utf-8")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Two more mails. How many mails are in the file after that?

# %% tags=["predict"] slideshow={"slide_type": "-"}
mails_guess = predict(mails=...)
write_notification("b@example.com", message="your ticket")
write_notification("c@example.com", message="your receipt")
text = file.read_text(encoding="utf-8")
print(text)
mails_guess.compare(mails=text.count("notification for"))

# %% [markdown] slideshow={"slide_type": "slide"}
# Mode `"w"` begins with an empty file each time. A function does what it says, whoever calls it.
#
# ## Time it
#
# **Predict.** A blink of the eye takes 0.3 s. Is the function back before that? `True` or `False`.

# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
blink_guess = predict(faster_than_a_blink=...)
start = time.perf_counter()
write_notification("a@example.com", message="hello")
spent = time.perf_counter() - start
print(f"{spent:.1f} s")
blink_guess.compare(faster_than_a_blink=spent < 0.3)

# %% [markdown] slideshow={"slide_type": "slide"}
# The caller waits for as long as the function takes. This one is quick. (In notebook 04 it takes 7 s, on purpose.)
#
# ## Call the twin
#
# **Predict.** You call the twin as you called the first one. Is the mail for d@example.com in the file?
# `True` or `False`.

# %% tags=["predict"] slideshow={"slide_type": "-"}
twin_guess = predict(written=...)
called = write_notification_async("d@example.com", message="hello")
print(type(called).__name__, "|", file.read_text(encoding="utf-8"))
twin_guess.compare(written="d@example.com" in file.read_text(encoding="utf-8"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nothing was written. A call of an `async def` function makes a **coroutine**: work that is ready, and has not begun.
# `await` lets it run, once.

# %% slideshow={"slide_type": "-"}
await called
file.read_text(encoding="utf-8")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where do tasks run?
#
# As a task you need not await anything: the server does that. It has two places for work. The **event loop** is one
# thread, which runs all coroutines, a piece of each in turn. The **thread pool** is a group of other threads: each runs
# one plain function at a time.
#
# **Predict** where each kind runs. Write `"threadpool"` or `"event_loop"`.

# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
where_guess = predict(plain=..., twin=...)
client = TestClient(app)
client.post("/send_info", params={"email": "plain@example.com"})
client.post("/send_info/async", params={"email": "twin@example.com"})
plain, twin = client.drain().tasks  # waits until all tasks have ended
where_guess.compare(client, plain=plain.ran_in, twin=twin.ran_in)

# %% [markdown] slideshow={"slide_type": "slide"}
# The words below each task's name say it: `def` means thread pool, `async def` means event loop.
#
# ## Any function will do
#
# **Change it.** Make this task plain: `def` for `async def`, `time.sleep(seconds)` for `await asyncio.sleep(seconds)`.
# What changes in the picture, and what stays? Guess, then run both cells.

# %% tags=["change"] slideshow={"slide_type": "-"}
seconds = 2
app = FastAPI()


async def call_a_taxi(name: str) -> None:
    await asyncio.sleep(seconds)
    print(f"a taxi for {name}")


@app.post("/taxi")
async def order_taxi(name: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(call_a_taxi, name)


# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
taxi_guess = predict(response=..., task_end=..., ran_in=...)
client = TestClient(app)
client.post("/taxi", params={"name": "Li"})
(taxi,) = client.drain().tasks
taxi_guess.compare(client, ran_in=taxi.ran_in)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your turn
#
# Two customers get a mail, one after the other, and the file keeps the second mail only.
# **Repair the task function**, so that the file keeps both, each on a line of its own.

# %% tags=["exercise"] slideshow={"slide_type": "-"}
from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    with open(folder() / "log_test.txt", mode="w", encoding="utf-8") as email_file:
        email_file.write(f"notification for {email}: {message}\n")


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(write_notification, email, message="some notification")
    return {"message": "Notification sent in the background"}


# %% slideshow={"slide_type": "-"}
exercises.task_function.keep_both_mails.check(app)
# stuck? exercises.task_function.keep_both_mails.hint()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., what_makes_a_task)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# You have the place for work (02) and the work (03). **04 add_task** brings them together, and measures what a client
# sees. To read on: the chapter *Coroutines and Tasks* of Python's own documentation.
# More exercises: `practice_task_function.ipynb`.
