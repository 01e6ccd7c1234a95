# %% [markdown] slideshow={"slide_type": "slide"}
# # Async in a notebook
#
# **Beside the article: 在 Jupyter 笔记本里写异步代码 (async code in a notebook)**
#
# Jupyter 的内核（kernel）里已经有一个正在运行的事件循环，所以在单元格里可以直接写 await。
# 本课让你看到：照搬脚本里的 asyncio.run 为什么会报错，以及打上 nest-asyncio 补丁要付出什么代价。
#
# **After this notebook you will be able to** predict what a cell does to the app beside it, say why `asyncio.run` fails
# in a cell, and write what works. **Time:** 20 minutes. **You need:** notebook 04; `async` and `await`.
#
# *What differs from the article's listing:* the article has no such section. Its route and its task are `async` here,
# and both wait for something.
#
# You paste a script into a cell. It fails, and the first advice that you find says: "Install nest-asyncio."
# Before you do, look at what it does to your notebook.

# %% slideshow={"slide_type": "skip"}
import asyncio
import time
import warnings

from bgdemo import AsyncTestClient, SimulatedClock, Timeline
from bgdemo.notebook import choose, predict, watch
from bgdemo.questions.async_in_a_notebook import the_patched_notebook

warnings.filterwarnings("ignore", "coroutine .* was never awaited")  # they name files of this computer

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A client that you await
#
# This route answers after 1 s, and its task takes 2 s more.

# %% tags=["app"] slideshow={"slide_type": "-"}
import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def write_notification(email: str, message: str = "") -> None:
    await asyncio.sleep(2)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    await asyncio.sleep(1)  # the route asks another service whether this address exists
    background_tasks.add_task(write_notification, email, message="some notification")
    return {"message": "Notification sent in the background"}


# %% [markdown] slideshow={"slide_type": "fragment"}
# `AsyncTestClient` is the client that you know, with `await` in front of each call, and of `watch` too.
#
# **Predict.** Three customers. After how many seconds does the third one have a response: if you await one request
# after the other, and if you send all three together?

# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
guess = predict(one_by_one=..., together=...)
emails = ["a@example.com", "b@example.com", "c@example.com"]

one_by_one = AsyncTestClient(app)
for email in emails:
    await one_by_one.post("/send_info", params={"email": email})
await watch(one_by_one)

# %% [markdown] slideshow={"slide_type": "fragment"}
# `asyncio.gather` awaits several things at once. Here are both ways, one above the other.

# %% tags=["real-time"] slideshow={"slide_type": "-"}
together = AsyncTestClient(app)
await asyncio.gather(*[together.post("/send_info", params={"email": email}) for email in emails])
await together.drain()  # wait until all tasks have ended
guess.compare(one_by_one=one_by_one, together=together)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One event loop for all
#
# An **event loop** runs everything that awaits, one piece at a time. The kernel (the process that runs your cells) has
# one that always runs: so a cell may say `await`. This client starts no thread: the app runs on that same loop.
#
# **Predict.** This cell has the response after 1 s. Then it sleeps for 3 s, without awaiting. When does the task, 2 s
# long, end?

# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
sleepy_guess = predict(task_end=...)
beside = AsyncTestClient(app)
await beside.post("/send_info", params={"email": "a@example.com"})
time.sleep(3)  # change it into: await asyncio.sleep(3)
await beside.drain()
sleepy_guess.compare(beside)

# %% [markdown] slideshow={"slide_type": "fragment"}
# While the cell slept, nothing on that loop could run: the task did not even start. **Change** the line as its comment
# says, predict again, and run it again.
#
# ## A script in a cell
#
# Here is a script. In a file, its last line is `asyncio.run(main())`.
#
# **Predict.** Does that line work in a cell: `True` or `False`?


# %% tags=["predict"] slideshow={"slide_type": "-"}
async def main() -> Timeline:
    client = AsyncTestClient(app)
    await client.post("/send_info", params={"email": "a@example.com"})
    return await client.drain()


script_guess = predict(works=...)

# %% slideshow={"slide_type": "-"}
try:
    asyncio.run(main())
    works = True
except RuntimeError as error:
    print(error)
    works = False
script_guess.compare(works=works)

# %% [markdown] slideshow={"slide_type": "slide"}
# `asyncio.run` starts an event loop, and a thread can run only one. The kernel's is running: `asyncio.run` refuses.
# You need no second loop. `main()` makes a **coroutine**: give it to the loop that is there.

# %% tags=["real-time"] slideshow={"slide_type": "-"}
await main()

# %% [markdown] slideshow={"slide_type": "fragment"}
# A loop in a thread of its own is no problem either. The simulated clock has one. And since its seconds are only
# counted, this takes no time:

# %% slideshow={"slide_type": "-"}
SimulatedClock().run(main)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A function that calls `asyncio.run` itself
#
# Some libraries have a function for scripts, with `asyncio.run` inside. You cannot change it. Here it is `send_mail`.
# One task calls it on the event loop; the other task *is* that function, a `def`.

# %% tags=["app"] slideshow={"slide_type": "-"}
import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def deliver(seconds: float) -> None:
    await asyncio.sleep(seconds)


def send_mail(seconds: float) -> None:  # of a library that was written for scripts
    asyncio.run(deliver(seconds))


async def send_mail_async(seconds: float) -> None:
    send_mail(seconds)


@app.post("/loop")
async def on_the_loop(seconds: float, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail_async, seconds)


@app.post("/thread")
async def in_a_thread(seconds: float, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail, seconds)


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** What becomes of each task: `"finished"` or `"failed"`?

# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
mail_guess = predict(on_the_loop=..., in_a_thread=...)
mails = AsyncTestClient(app, raise_server_exceptions=False)  # the picture shows the error
await mails.post("/loop", params={"seconds": 1})
await mails.post("/thread", params={"seconds": 1})
first, second = (await mails.drain()).tasks
mail_guess.compare(mails, on_the_loop=first.status, in_a_thread=second.status)

# %% [markdown] slideshow={"slide_type": "slide"}
# On the loop `asyncio.run` refuses again: that loop is running. The thread has no running loop, so there it works:
# a `def` task is the cure.
#
# ## The patch, and what it costs
#
# **nest-asyncio** is a patch: it replaces parts of asyncio while the program runs. Which parts? The first function
# notes the module that each part comes from; `_asyncio` is written in C, so it is fast. The last one times 2,000 tasks.

# %% tags=["app"] slideshow={"slide_type": "-"}
import asyncio
import time


def parts() -> dict[str, str]:
    loop, policy = type(asyncio.get_running_loop()), type(asyncio.get_event_loop_policy())
    names = ("Task", "Future", "run", "get_event_loop")
    found = {f"asyncio.{name}": getattr(asyncio, name) for name in names}
    for name in ("run_until_complete", "run_forever", "_run_once", "_check_running"):
        found[f"loop.{name}"] = getattr(loop, name)
    found["policy.get_event_loop"] = policy.get_event_loop
    return {name: part.__module__ for name, part in found.items()}


async def nothing() -> None:
    pass


async def seconds_for_tasks() -> float:
    rounds = []
    for _ in range(10):
        begun = time.perf_counter()
        for _ in range(2_000):
            await asyncio.create_task(nothing())
        rounds.append(time.perf_counter() - begun)
    return min(rounds)  # the round that was disturbed least


# %% tags=["real-time"] slideshow={"slide_type": "-"}
import nest_asyncio

before, seconds_before = parts(), await seconds_for_tasks()
nest_asyncio.apply()  # from here on this kernel is patched
for name, module in parts().items():
    print(f"{name:24}{before[name]:20} -> {module}")
times = await seconds_for_tasks() / seconds_before
print(f"A task takes about {round(2 * times) / 2:g} times as long.")

# %% [markdown] slideshow={"slide_type": "slide"}
# All of these were replaced, for the whole kernel: tasks and futures in C by slower ones in Python; `asyncio.run`,
# which had refused, by one that does not; and the heart of the loop, `_run_once`.
#
# You can live with slower tasks. But now look at the order.
#
# **Predict.** Two mails on the patched loop at the same time: one of 1 s, one of 3 s. After how many seconds does each
# end?

# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
order_guess = predict(short_mail=..., long_mail=...)
path = "/loop"  # change it into "/thread"
mails = AsyncTestClient(app)
await asyncio.gather(*[mails.post(path, params={"seconds": seconds}) for seconds in (1, 3)])
short, long = (await mails.drain()).tasks
order_guess.compare(mails, short_mail=round(short.ended), long_mail=round(long.ended))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both "work", and the mail of 1 s took 3 s. The first `asyncio.run` runs the loop; inside it the second one does.
# The first cannot return before the second has: like two plates, one on the other. **Change** the path, predict again.
#
# On a server, without the patch, the same task fails. So the patch hides a fault until the day you deploy.
# Restart the kernel, and the patch is gone.
#
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., the_patched_notebook)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# To live without nest-asyncio: `await main()` in a cell; `asyncio.run(main())` in a file; and what calls `asyncio.run`
# by itself goes into a thread: a `def` task, or `await asyncio.to_thread(send_mail, 1)` in a cell.
#
# Go on with notebook 07, about testing. To read on: *Coroutines and Tasks* in the Python documentation.
