# %% [markdown] slideshow={"slide_type": "slide"}
# # Testing
#
# **Beside the article (2.4): 用测试验证先后 (verifying what comes first)**
#
# 文章用等待来验证：响应先到，任务后完成。
# 本课把这种验证写成 pytest 测试：不必真的等待，结果每次都一样，失败时还会说明原因。
#
# **After this notebook you will be able to** predict what a test sees of a response and of its tasks, write such a test
# with pytest, and read what a failing one says. **Time:** 25 minutes.
# **You need:** notebooks 00 and 04, a first look at pytest.
#
# *What differs from the article's listing:* the article looks with its own eyes; here a test looks.
#
# You have felt that the client does not wait. Will that still be so next year, when ten people have changed the code?

# %% slideshow={"slide_type": "skip"}
from bgdemo import TestClient, exercises
from bgdemo.notebook import choose, predict, run_pytest
from bgdemo.questions.testing import which_client

tea = {"item": "tea", "email": "li@example.com"}  # an order

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The app to be tested
#
# A shop confirms an order at once. The receipt takes 2 s, and goes out in the background.

# %% tags=["app"] slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_receipt(email: str, item: str) -> None:
    if "@" not in email:
        raise ValueError(f"{email} is no address")
    time.sleep(2)
    print(f"receipt for {item} to {email}")


@app.post("/orders")
async def order(item: str, email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(send_receipt, email, item=item)
    return {"message": f"{item} is on its way"}


# %% [markdown] slideshow={"slide_type": "fragment"}
# A test is a script that nobody watches, so it uses `with`: at its end the block waits for the tasks.
#
# **Predict:** what does the client's clock show right after the post, and what after the block?

# %% tags=["predict"] slideshow={"slide_type": "-"}
first_guess = predict(after_post=..., after_block=...)

# %% slideshow={"slide_type": "-"}
with TestClient(app, clock="simulated") as client:
    client.post("/orders", params=tea)
    after_post = client.clock.time()
first_guess.compare(client, after_post=after_post, after_block=client.clock.time())

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A test in a file
#
# The next cell writes a file. `bg_client` is a **fixture**: pytest sees the name, and passes the test a function that
# makes clients on the simulated clock; they are closed when the test ends. An **assertion** of `bgdemo` then looks
# at the timeline.

# %% tags=["app"] slideshow={"slide_type": "-"}
# %%writefile test_orders.py
from bgdemo import assertions
from bgdemo.lessons.orders import app, send_receipt


def test_the_receipt_is_sent_after_the_response(bg_client):
    client = bg_client(app)
    client.post("/orders", params={"item": "tea", "email": "li@example.com"})
    timeline = client.drain()
    assertions.assert_ran_after_response(timeline, send_receipt)


# %% slideshow={"slide_type": "-"}
run_pytest("test_orders.py")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Passed, and the test did not wait for the receipt's 2 s: its clock is simulated.
#
# ## A test that fails
#
# The client must get its answer within half a second, and the receipt names the item. Which of these two tests fails?

# %% tags=["app"] slideshow={"slide_type": "slide"}
# %%writefile test_claims.py
from bgdemo import assertions
from bgdemo.lessons.orders import app, send_receipt


def test_the_client_does_not_wait(bg_client):
    client = bg_client(app)
    client.post("/orders", params={"item": "tea", "email": "li@example.com"})
    assertions.assert_response_within(client.drain(), 0.5)


def test_the_receipt_names_the_item(bg_client):
    client = bg_client(app)
    client.post("/orders", params={"item": "tea", "email": "li@example.com"})
    assertions.assert_added(client.drain(), send_receipt, args=["li@example.com", "tea"])


# %% slideshow={"slide_type": "-"}
run_pytest("test_claims.py")

# %% [markdown] slideshow={"slide_type": "slide"}
# Read the lines that begin with `E`, and find the arrow.
# The item was passed by its name. So the test is wrong, and not the app. Right is
# `args=["li@example.com"], kwargs={"item": "tea"}`.
#
# ## What the stock client would have told you
#
# FastAPI has a TestClient of its own; we call it the stock client. **Predict:** for how many seconds does its `post`
# keep a test waiting?
# And for how many would a real client wait?

# %% tags=["real-time", "predict"] slideshow={"slide_type": "-"}
from fastapi.testclient import TestClient as StockClient

second_guess = predict(stock=..., real_client=...)
start = time.perf_counter()
StockClient(app).post("/orders", params=tea)
waited = round(time.perf_counter() - start)
second_guess.compare(client, stock=waited, real_client=client.timeline.requests[0].responded)

# %% [markdown] slideshow={"slide_type": "fragment"}
# It waits for the tasks, and a real client does not. And what if a task raises? Here the address is no address.
# **Predict:** what do the two clients have for you: `200`, `500`, or `"no response"`?

# %% tags=["predict"] slideshow={"slide_type": "-"}
third_guess = predict(stock_client=..., our_client=...)
try:
    seen = StockClient(app).post("/orders", params={**tea, "email": "nobody"}).status_code
except ValueError as error:
    seen = "no response"
    print(f"The stock client raised {error!r}")
bad_order = TestClient(app, clock="simulated")
ours = bad_order.post("/orders", params={**tea, "email": "nobody"}).status_code
third_guess.compare(stock_client=seen, our_client=ours)

# %% slideshow={"slide_type": "-"}
try:
    bad_order.drain()
except ValueError as error:
    print(f"drain() raised {error!r}")
bad_order.timeline

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your turn
#
# This test passes, and it would pass on broken apps too. Complete it, so that it fails where the wrong person gets the
# receipt, where the receipt is sent twice, where the client waits, and where nothing is sent.
# The app comes with the check, so the task is named by a text: `"send_receipt"`.

# %% tags=["exercise"] slideshow={"slide_type": "-"}
from bgdemo import assertions


def test(client):
    client.post("/orders", params={"item": "tea", "email": "li@example.com"})
    timeline = client.drain()
    assertions.assert_added(timeline, "send_receipt")


# %% tags=["check"] slideshow={"slide_type": "-"}
exercises.testing.catch_what_is_broken.check(test)  # stuck? exercises.testing.catch_what_is_broken.hint()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., which_client)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# All assertions are in `help(bgdemo.assertions)`. Where `bgdemo` is installed, pytest knows `bg_client`.
# Sometimes one process is not enough, and the work must survive it: that is notebook 08.
# More exercises: `practice_testing.ipynb`. To read on: the pytest documentation, *How to use fixtures*.
