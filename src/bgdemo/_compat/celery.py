"""Celery's worker: how it says that it is ready, what it has received, and how it is stopped from within.

Celery is imported in the functions: a queue says by itself that it is not installed.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from bgdemo._compat.borrowed import Borrowed, require
from bgdemo.errors import QueueError

_REFUSES = "a queue's worker refuses to start: install a Celery that bgdemo is tested with, 5.6 or later"


def _an_app() -> Any:
    from celery import Celery

    return Celery(set_as_current=False)


BORROWED = (
    Borrowed(
        "celery.Celery().producer_pool",
        sample=_an_app,
        needed_for="importing what the first task would wait for when a queue is made",
        breaks_when="an app keeps its producers elsewhere",
        then="the first task waits for it",
        has_fallback=True,
    ),
    Borrowed(
        "celery.worker.worker.WorkController.setup_instance(ready_callback)",
        needed_for="hearing that a worker can be given tasks",
        breaks_when="a worker says in another way that it is ready",
        then=_REFUSES,
    ),
    Borrowed(
        "celery.utils.timer2.Timer.call_repeatedly",
        needed_for="a worker that notices soon that it is to stop",
        breaks_when="its timer is another one",
        then="it notices within 10 s",
        has_fallback=True,
    ),
    Borrowed(
        "celery.worker.request.Request.message",
        needed_for="noting that a task was received",
        breaks_when="a request keeps its message elsewhere",
        then=_REFUSES,
    ),
    Borrowed(
        "celery.worker.request.Request.delivery_info",
        needed_for="noting that a task was delivered again",
        breaks_when="a request keeps how it came elsewhere",
        then=_REFUSES,
    ),
    Borrowed(
        "celery.worker.state.should_stop",
        needed_for="a worker that ends when its tasks have",
        breaks_when="a worker is told in another way",
        then="its process gets SIGTERM, which Celery takes the same way",
        has_fallback=True,
    ),
)


def warm_up(app: Any) -> None:
    """Import now what the first task would wait for."""
    app.finalize()
    getattr(app, "producer_pool", None)


def make_worker(app: Any, when_ready: Callable[[Any], object], **options: Any) -> Any:
    """A worker of a Celery app.

    Args:
        app: Celery's.
        when_ready: called with the worker's consumer.
        options: as Celery's.

    Raises:
        QueueError: this Celery does not have what is needed.
    """
    require(QueueError, *BORROWED)
    return app.Worker(ready_callback=when_ready, **options)


def look_often(consumer: Any, seconds: float) -> None:
    """Have a worker look so often whether it is to stop: where nothing else wakes it, that is every 10 s."""
    timer = getattr(consumer, "timer", None)
    if timer is not None and hasattr(timer, "call_repeatedly"):
        timer.call_repeatedly(seconds, lambda: None)


def message_of(request: Any) -> Any:
    """The first argument of the task that a worker has received."""
    return request.message.payload[0][0]


def came_again(request: Any) -> bool:
    """True if the broker has delivered this task before."""
    return bool((request.delivery_info or {}).get("redelivered"))


def stop_worker() -> None:
    """Have the worker of this process take no more messages, and end when its tasks have."""
    from celery.worker import state

    if hasattr(state, "should_stop"):
        state.should_stop = 0
    else:
        os.kill(os.getpid(), signal.SIGTERM)
