"""A timeline as a verdict: each assertion passes in silence, or says what was expected, what was seen, and where.

They read a Timeline and nothing else, so that they judge what a client, a server or a queue has done in the same way.

A function is given as itself, by its full name (`Task.function`), or by the end of that where no other function of
the timeline shares it. `args` and `kwargs` narrow a claim to the tasks that were added with exactly these.

An argument is compared with `==`, so that `pytest.approx` and `unittest.mock.ANY` work. One that is not equal and can
be called is a predicate, `lambda email: email.endswith(".com")`, and returns True or False. A class is always a value;
and where the argument that was seen can itself be called, both are values: neither is ever called.

>>> from bgdemo import TestClient, assertions
>>> from bgdemo.lessons.add_task import app, write_notification
>>> with TestClient(app, clock="simulated") as client:
...     response = client.post("/send_info", params={"email": "a@example.com"})
...     timeline = client.drain()
write end
>>> (task,) = assertions.assert_finished(timeline, write_notification)
>>> task.ended
7.0
>>> assertions.assert_added(timeline, write_notification, args=("b@example.com",))
Traceback (most recent call last):
AssertionError: Expected write_notification with args ('b@example.com',) to be added, but ...
"""

from bgdemo.assertions.added import assert_added, assert_not_added, assert_nothing_added
from bgdemo.assertions.moments import assert_order, assert_response_within
from bgdemo.assertions.outcomes import (
    assert_dropped,
    assert_failed,
    assert_finished,
    assert_ran_after_response,
    assert_ran_in,
    assert_skipped,
)

__all__ = [
    "assert_added",
    "assert_dropped",
    "assert_failed",
    "assert_finished",
    "assert_not_added",
    "assert_nothing_added",
    "assert_order",
    "assert_ran_after_response",
    "assert_ran_in",
    "assert_response_within",
    "assert_skipped",
]
