# %% [markdown] slideshow={"slide_type": "slide"}
# # The parameter
#
# **The article, 2.1: 添加参数 (the parameter)**
#
# 在路径操作函数里声明一个类型为 BackgroundTasks 的参数，FastAPI 就会自动把它传进来。
# 起作用的是类型，而不是名字：本课逐一试验，看看哪些写法可行、哪些不行。
#
# **After this notebook you will be able to** predict how FastAPI fills each parameter of a route,
# and tell from a 422 or an error at start-up what is wrong with yours. **Time:** 20 minutes.
#
# *What differs from the article's listing:* nothing in the first app. The others are ours.
#
# A shop wants to send a mail in the background. Its route needs a list to put that work in. Where does the
# list come from? No line of the app makes it, and no client sends it.

# %% slideshow={"slide_type": "skip"}
from bgdemo import TestClient, exercises
from bgdemo.notebook import choose, predict
from bgdemo.questions.parameter import how_it_is_found

EMAIL = {"email": "a@example.com"}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two parameters
#
# The route's function has two parameters, and its body is still empty.
# What stands behind a parameter's colon is its **annotation**: here `str` and `BackgroundTasks`.

# %% tags=["app"] slideshow={"slide_type": "-"}
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks) -> None:
    pass


# %% [markdown] slideshow={"slide_type": "fragment"}
# FastAPI describes to the world what a client may send: that is **OpenAPI**, and the page `/docs` is made from it.
#
# **Predict.** How many parameters does it list for this route?

# %% tags=["predict"] slideshow={"slide_type": "-"}
listed_guess = predict(listed=...)
listed = app.openapi()["paths"]["/send_info"]["post"]["parameters"]
print([(parameter["name"], "in", parameter["in"]) for parameter in listed])
listed_guess.compare(listed=len(listed))

# %% [markdown] slideshow={"slide_type": "slide"}
# `email` is a **query parameter**: the client writes it into the address, `/send_info?email=a@example.com`.
# `background_tasks` is nobody's business but the app's.
#
# **Predict.** Which status does the response have: with an `email`, and without one? (200: fine.
# 204: fine, with an empty body. 422: the server cannot use what was sent. 500: the app failed.)

# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
status_guess = predict(with_email=..., without_email=...)
client = TestClient(app)
answered = client.post("/send_info", params=EMAIL)
refused = client.post("/send_info")
status_guess.compare(client, with_email=answered.status_code, without_email=refused.status_code)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two requests, and no task: nobody has added one yet. What did the two clients read?

# %% slideshow={"slide_type": "-"}
answered.text, refused.json()["detail"]

# %% [markdown] slideshow={"slide_type": "slide"}
# A function that returns nothing returns `None`. JSON, the language of the response, calls that `null`.
# And the 422 names the place where FastAPI looked: the query.
#
# ## Another name
#
# Now the parameter is called `later`, and the route adds a task to it (that line is the subject of notebook 04).

# %% tags=["app"] slideshow={"slide_type": "-"}
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def write_notification(email: str) -> None:
    print(f"notification for {email}")


@app.post("/send_info")
async def send_notification(email: str, later: BackgroundTasks) -> None:
    later.add_task(write_notification, email)


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The client sends the same `email` as before. Does the task run? `True` or `False`.

# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
name_guess = predict(it_runs=...)
client = TestClient(app)
client.post("/send_info", params=EMAIL)
client.drain()  # wait until all tasks have ended
name_guess.compare(client, it_runs=bool(client.timeline.tasks))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## No annotation
#
# The name does not matter. Does the annotation? Here it is gone.
#
# **Predict** the status: for the same request, and for one with `later=hello` in the query.


# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
@app.post("/untyped")
async def send_without_annotation(email: str, later):
    later.add_task(write_notification, email)


untyped_guess = predict(same=..., with_later=...)
client = TestClient(app, raise_server_exceptions=False)  # the picture shows the error
same = client.post("/untyped", params=EMAIL)
with_later = client.post("/untyped", params={**EMAIL, "later": "hello"})
untyped_guess.compare(client, same=same.status_code, with_later=with_later.status_code)

# %% [markdown] slideshow={"slide_type": "slide"}
# Without its annotation `later` is a query parameter, like `email`. A client that leaves it out gets a 422.
# A client that sends it hands the route a string, and a string has no `add_task`.
#
# ## Five variants
#
# They are found in real code, and differ in one line each. (`Depends` is the subject of notebook 05.)

# %% tags=["app"] slideshow={"slide_type": "-"}
from typing import Annotated

from fastapi import Depends
from starlette.background import BackgroundTask


async def nullable(later: BackgroundTasks | None):
    later.add_task(write_notification, "a@example.com")


async def singular(later: BackgroundTask):
    later.add_task(write_notification, "a@example.com")


async def depends(later: BackgroundTasks = Depends()):
    later.add_task(write_notification, "a@example.com")


async def defaulted(later: BackgroundTasks = None):
    later.add_task(write_notification, "a@example.com")


async def noted(later: Annotated[BackgroundTasks, "for later"]):
    later.add_task(write_notification, "a@example.com")


def starts(route):
    try:
        app.post(f"/{route.__name__}")(route)
        return True
    except Exception as error:
        print(f"{route.__name__}: {str(error).split('. ')[0]}")
        return False


routes = nullable, singular, depends, defaulted, noted

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** With which of them does the app start? `True` or `False` for each.

# %% tags=["predict", "real-time"] slideshow={"slide_type": "-"}
start_guess = predict(nullable=..., singular=..., depends=..., defaulted=..., noted=...)
started = {route.__name__: starts(route) for route in routes}
client = TestClient(app)
client.post("/defaulted")
client.post("/noted")
client.drain()
start_guess.compare(client, **started)

# %% [markdown] slideshow={"slide_type": "slide"}
# The last two start, and their tasks run: a default value or a note changes nothing. The type is still
# `BackgroundTasks`. Remember the message: by *response field* it means a parameter whose type FastAPI does not know.
#
# ## Your turn
#
# This shop wants to send a receipt in the background. **Take the `#` away, and add the parameter that the line needs.**
# The client still sends nothing but `email`.

# %% tags=["exercise"] slideshow={"slide_type": "-"}
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_receipt(email: str) -> None:
    print(f"receipt for {email}")


@app.post("/buy")
async def buy(email: str):
    # background_tasks.add_task(send_receipt, email)
    return {"message": "Thank you!"}


# %% slideshow={"slide_type": "-"}
exercises.parameter.add_the_parameter.check(app)
# stuck? exercises.parameter.add_the_parameter.hint()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## And repair one
#
# This app starts, each client reads "Thank you!", and no customer ever gets a receipt.
# **Repair the parameter.**

# %% tags=["exercise"] slideshow={"slide_type": "-"}
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_receipt(email: str) -> None:
    print(f"receipt for {email}")


@app.post("/buy")
async def buy(email: str, background_tasks=BackgroundTasks()):
    background_tasks.add_task(send_receipt, email)
    return {"message": "Thank you!"}


# %% slideshow={"slide_type": "-"}
exercises.parameter.mend_the_annotation.check(app)
# stuck? exercises.parameter.mend_the_annotation.hint()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., how_it_is_found)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# The route has its place for work. **03 The task function** is about what is put there.
# More exercises: `practice_parameter.ipynb`. To read on: the FastAPI tutorial's page *Query Parameters*, to see how
# FastAPI fills all the other ones.
