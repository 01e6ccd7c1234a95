# %% [markdown] slideshow={"slide_type": "slide"}
# # Does the client wait?
#
# **The article, 2.3: 把任务加入后台 (adding the task)**
#
# 有些工作可以在返回响应之后继续进行，客户端不必等它做完。
# 本课让你用真实的 7 秒亲自感受：同一个任务，等与不等，有什么区别。
#
# **After this notebook you will be able to** predict when a response leaves and when a background task ends,
# and say who waits for a task. **Time:** 12 minutes. **You need:** a little Python, a little HTTP.
#
# *What differs from the article's listing:* the file is UTF-8, in a folder of its own, and the response does not name
# the time. The waiting app is ours, to compare with.
#
# You bought a ticket. The shop now sends you a mail, and sending it takes 7 seconds.
# Must you watch a spinner for 7 seconds before you see "Thank you"?

# %% slideshow={"slide_type": "skip"}
from bgdemo import TestClient, exercises
from bgdemo.display import Mark
from bgdemo.lessons import folder
from bgdemo.notebook import choose, predict, watch
from bgdemo.questions.waiting import who_waited

file = folder() / "log_test.txt"  # what the task writes

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two apps, one decisive line
#
# Both apps have the same route, and the same function that sends the mail: it takes 5 s, writes a file, and needs
# 2 s more. The request is what the client sends; the response is what it gets back.
#
# A route is a function that answers requests to one address: here `POST /send_info`. `folder()` is a folder that
# belongs to this notebook. Look for the line that makes the difference.

# %% tags=["app"] slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

waiting = FastAPI()
background = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    time.sleep(5)
    with open(folder() / "log_test.txt", mode="w", encoding="utf-8") as email_file:
        email_file.write(f"notification for {email}: {message}")
    print("write end")
    time.sleep(2)


@waiting.post("/send_info")
async def send_and_wait(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    write_notification(email, message="some notification")  # <- the difference
    return {"message": "Notification sent"}


@background.post("/send_info")
async def send_in_background(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="some notification")  # <- the difference
    return {"message": "Notification sent in the background"}


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** After how many seconds does the client have its response, from each app?
# Put a number in the place of each `...`. A wrong guess costs nothing and teaches most.

# %% tags=["predict"] slideshow={"slide_type": "-"}
guess = predict(waiting=..., background=...)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Run the app that makes its client wait
#
# Run this cell and watch the `[*]` beside it: that is you, in front of the spinner.

# %% tags=["real-time"] slideshow={"slide_type": "-"}
client_1 = TestClient(waiting)
client_1.post("/send_info", params={"email": "a@example.com"})
client_1.timeline

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Run the app that works in the background
#
# The same request. We throw the old file away first, to see when the new one comes.

# %% tags=["real-time"] slideshow={"slide_type": "-"}
file.unlink(missing_ok=True)
client_2 = TestClient(background)
client_2.post("/send_info", params={"email": "a@example.com"})

# %% [markdown] slideshow={"slide_type": "fragment"}
# The response is here. Is the mail sent? The task writes a file, so let us look.

# %% tags=["real-time"] slideshow={"slide_type": "-"}
file.read_text(encoding="utf-8") if file.exists() else "The file is not there yet."

# %% [markdown] slideshow={"slide_type": "slide"}
# Not yet: the **task** is still running. Watch it: the bar is the task, and it grows until the task has **ended**.

# %% tags=["real-time"] slideshow={"slide_type": "-"}
watch(client_2, until=7, marks=[Mark(5, "the file is written")])

# %% tags=["real-time"] slideshow={"slide_type": "-"}
file.read_text(encoding="utf-8") if file.exists() else "The file is not there yet."

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Guess and truth

# %% tags=["real-time"] slideshow={"slide_type": "-"}
guess.compare(waiting=client_1, background=client_2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# Read the pictures from left to right. The black mark with **200** is the moment when the client has its response.
#
# - In the first picture the client waits for 7 s. No task was **added**: the route did the work itself.
# - In the second one the response is there at 0 s. The blue bar is the task: it starts when the response has left,
#   and ends at 7 s. The file came at 5 s.
#
# The work takes just as long. Only the client no longer waits for it.
#
# ## Change it
#
# Here is the background app once more, with the waits in two variables. **Change `before` to 1 and `after` to 1**:
# then the task takes 2 s. What moves in the picture, and what stays? Guess first.

# %% tags=["change"] slideshow={"slide_type": "-"}
before, after = 5, 2  # seconds
app = FastAPI()


def send_mail(email: str) -> None:
    time.sleep(before + after)


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_mail, email)
    return {"message": "Notification sent in the background"}


# %% tags=["real-time", "predict"] slideshow={"slide_type": "-"}
second_guess = predict(response=..., task_end=...)
client_3 = TestClient(app)
client_3.post("/send_info", params={"email": "a@example.com"})
client_3.drain()  # wait until all tasks have ended
second_guess.compare(client_3)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your turn
#
# This shop sends the receipt before it says thank you, and each customer waits for it.
# Change **one line**, so that the customer is answered at once and the receipt is still sent.

# %% tags=["exercise"] slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_receipt(email: str) -> None:
    time.sleep(1)


@app.post("/buy")
async def buy(email: str, background_tasks: BackgroundTasks):
    send_receipt(email)
    return {"message": "Thank you!"}


# %% tags=["check"] slideshow={"slide_type": "-"}
exercises.add_task.turn_the_route.check(app)  # stuck? exercises.add_task.turn_the_route.hint()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., who_waited)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# You have felt the difference. Where does it matter? Three small apps show it: tickets, purchases and uploads.
# Run one of them in a terminal, and look who waits:
# `bgdemo trace bgdemo.lessons.tickets:app "POST /tickets?passenger=Li"`, and then the same with `/tickets/waiting`.
# To read on: the FastAPI tutorial's page *Background Tasks*.
