"""Notebook 07: a test that passes on an app that is right, and fails on four that are broken."""

from bgdemo.exercises.engine.write_a_test import WriteATest

CODE = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_receipt(email: str, item: str) -> None:
    time.sleep(2)


@app.post("/orders")
async def order(item: str, email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_receipt, email, item=item)
    return {"message": f"{item} is on its way"}
"""

ADD = "background_tasks.add_task(send_receipt, email, item=item)"

STARTER = """\
from bgdemo import assertions


def test(client):
    client.post("/orders", params={"item": "tea", "email": "li@example.com"})
    timeline = client.drain()
    assertions.assert_added(timeline, "send_receipt")
"""

ANSWER = STARTER.replace(
    'assertions.assert_added(timeline, "send_receipt")\n',
    'assertions.assert_added(timeline, "send_receipt", args=["li@example.com"], kwargs={"item": "tea"}, times=1)\n'
    '    assertions.assert_ran_after_response(timeline, "send_receipt")\n'
    "    assertions.assert_response_within(timeline, 0.5)\n",
)
LINE = STARTER.splitlines()[-1] + "\n"


def _with(claim: str) -> str:
    return STARTER.replace(LINE, f"    assertions.assert_added(timeline, 'send_receipt', {claim})\n")


exercise = WriteATest(
    __name__,
    level="complete",
    statement="""\
This test passes, and it would pass on broken apps too. Complete it, so that it fails where the wrong person gets the
receipt, where the receipt is sent twice, where the client waits, and where nothing is sent.
The app comes with the check, so the task is named by a text: `"send_receipt"`.
""",
    code=CODE,
    broken=(
        (CODE.replace(ADD, ADD.replace("email,", '"me@example.com",')), "the wrong person gets the receipt"),
        (CODE.replace(ADD, f"{ADD}\n    {ADD}"), "the receipt is sent twice"),
        (CODE.replace(ADD, f"time.sleep(2)\n    {ADD}"), "the client waits for 2 s"),
        (CODE.replace(ADD, "pass"), "nothing is sent"),
    ),
    starter=STARTER,
    answer=ANSWER,
    hints=(
        "`assert_added` can be told more: args=[...], kwargs={...}, times=1.",
        "That the client does not wait is a claim of its own: `assertions.assert_response_within(timeline, 0.5)`.",
        'assert_added(timeline, "send_receipt", args=["li@example.com"], kwargs={"item": "tea"}, times=1)',
    ),
    notice="A test is worth what it fails on. Each of your claims has caught an app that is broken.",
    wrong=(
        (_with("times=1"), "the wrong person"),
        (_with("args=['li@example.com']"), "the receipt is sent twice"),
        (_with("args=['li@example.com'], times=1"), "the client waits for 2 s"),
        (_with("args=['li@example.com', 'tea']"), "fails on the app that is right: Expected send_receipt with args"),
        (STARTER.replace("li@", "wang@").replace(LINE, "    assert timeline.tasks\n"), "the wrong person"),
        ("def test(client):\n    client.get('/orders')\n    assert False\n", "fails on the app that is right"),
        ("test = 7\n", "check() needs the test itself"),
    ),
)
