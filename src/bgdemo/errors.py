"""The errors of this package: one small tree, so that `except BgdemoError` catches them all."""

import httpx
from starlette.exceptions import HTTPException


class BgdemoError(Exception):
    """Something that bgdemo itself has to tell you, not your app.

    >>> from bgdemo import BgdemoError, TestClient
    >>> try:
    ...     TestClient("my_module:app")
    ... except BgdemoError as error:
    ...     print(type(error).__name__)
    ClientError
    """


class ClientError(BgdemoError, RuntimeError):
    """The client was used in a way that cannot work; the message says what to do instead.

    >>> from bgdemo import TestClient
    >>> TestClient("my_module:app")
    Traceback (most recent call last):
    bgdemo.errors.ClientError: A client needs an ASGI app, such as FastAPI(), and got 'my_module:app': not callable. ...
    """


class AppError(BgdemoError, RuntimeError, AssertionError):
    """The app broke the ASGI protocol: it never answered, or answered twice. Starlette's client raises AssertionError.

    >>> from bgdemo import TestClient
    >>> async def app(scope, receive, send):
    ...     pass
    >>> client = TestClient(app)
    >>> client.get("/")
    Traceback (most recent call last):
    bgdemo.errors.AppError: The app ended without an answer: GET /. ...
    >>> client.close()
    """


class DrainTimeout(BgdemoError, TimeoutError):
    """Background work was still going on when the time was up. Nothing is lost: drain again.

    >>> from bgdemo import TestClient
    >>> from bgdemo.lessons.add_task import app
    >>> client = TestClient(app, clock="simulated")
    >>> response = client.post("/send_info", params={"email": "a@example.com"})
    >>> client.drain(timeout=5)
    Traceback (most recent call last):
    bgdemo.errors.DrainTimeout: After 5 s there was still background work: write_notification of POST /send_info ...
    >>> client.drain().now
    7.0
    >>> client.close()
    """


class ResponseTimeout(BgdemoError, httpx.ReadTimeout):
    """The route did not answer in time.

    >>> import asyncio
    >>> from bgdemo import TestClient
    >>> from fastapi import FastAPI
    >>> app = FastAPI()
    >>> @app.get("/")
    ... async def index():
    ...     await asyncio.sleep(60)
    >>> client = TestClient(app, clock="simulated", timeout=1)
    >>> client.get("/")
    Traceback (most recent call last):
    bgdemo.errors.ResponseTimeout: GET / has not answered within 1 s. ...
    >>> client.close()
    """


class GradingError(BgdemoError):
    """Submissions cannot be graded; the message says what is missing or wrong, and what to do about it.

    >>> from pathlib import Path
    >>> from bgdemo.grading.judging.exam import load_exam
    >>> load_exam(Path("no_exam.py"))
    Traceback (most recent call last):
    bgdemo.errors.GradingError: The exam no_exam.py cannot be read: No such file or directory.
    """


class EndlessLoopError(BaseException):
    """Raised in code that computes without end, where a limit was set; no `except Exception` is to stop it.

    >>> from fastapi import FastAPI
    >>> from bgdemo import SimulatedClock, TestClient
    >>> app = FastAPI()
    >>> @app.get("/")
    ... def index():
    ...     while True:
    ...         pass
    >>> client = TestClient(app, clock=SimulatedClock(compute_timeout=0.2))
    >>> client.get("/")
    Traceback (most recent call last):
    bgdemo.errors.EndlessLoopError: this line went on without end, and was stopped: does its loop have a way out?
    >>> client.close()
    """

    def __str__(self) -> str:
        return "this line went on without end, and was stopped: does its loop have a way out?"


class DeadlockError(BgdemoError, RuntimeError):
    """Everybody waits and nothing is scheduled, or one instant goes on without end: simulated time cannot move.

    >>> import asyncio
    >>> from fastapi import FastAPI
    >>> from bgdemo import TestClient
    >>> app = FastAPI()
    >>> @app.get("/")
    ... async def index():
    ...     await asyncio.Event().wait()  # nobody will set it
    >>> client = TestClient(app, clock="simulated", timeout=None)
    >>> client.get("/")
    Traceback (most recent call last):
    bgdemo.errors.DeadlockError: At 0 s on the simulated clock everybody waits and nothing is scheduled, ...
    >>> client.close()
    """


class RealBlockingError(BgdemoError, RuntimeError):
    """A thread of the app waits for something real, which a simulated clock cannot see or shorten.

    >>> import os
    >>> from fastapi import FastAPI
    >>> from bgdemo import SimulatedClock, TestClient
    >>> app = FastAPI()
    >>> reads, writes = os.pipe()
    >>> @app.get("/")
    ... def index():
    ...     return os.read(reads, 1)  # a real wait
    >>> client = TestClient(app, clock=SimulatedClock(real_timeout=0.2))
    >>> client.get("/")
    Traceback (most recent call last):
    bgdemo.errors.RealBlockingError: Thread 'AnyIO worker thread' has waited for 0.2 real seconds ...
    >>> written = os.write(writes, b"!")
    >>> client.close()
    """


class RealIOError(BgdemoError, RuntimeError):
    """A real socket or pipe was given to the simulated event loop; how long it takes cannot be simulated.

    >>> import asyncio
    >>> from fastapi import FastAPI
    >>> from bgdemo import TestClient
    >>> app = FastAPI()
    >>> @app.get("/")
    ... async def index():
    ...     server = await asyncio.start_server(print, "127.0.0.1", 0)
    ...     try:
    ...         await asyncio.sleep(1)
    ...     finally:
    ...         server.close()
    >>> client = TestClient(app, clock="simulated")
    >>> client.get("/")
    Traceback (most recent call last):
    bgdemo.errors.RealIOError: A real socket or pipe is registered with the simulated event loop, ...
    >>> client.close()
    """


class QueueError(BgdemoError, RuntimeError):
    """A task cannot be given to the queue like this; the message says what to do instead.

    >>> from bgdemo.queue import Queue
    >>> Queue("carrier pigeons")
    Traceback (most recent call last):
    bgdemo.errors.QueueError: ...
    """


class BrokerUnavailable(BgdemoError, HTTPException):
    """The queue's broker did not take a task in time. A route that does not catch it answers 503, with this message.

    >>> from bgdemo import BrokerUnavailable
    >>> error = BrokerUnavailable("The task shop.write_log was not sent: Redis did not take it within 4.0 s.")
    >>> error.status_code
    503
    """

    def __init__(self, message: str) -> None:
        super().__init__(status_code=503, detail=message)

    def __str__(self) -> str:
        return str(self.detail)


class QueuedTaskFailed(BgdemoError):
    """A task failed in a worker's process for the last time, or was lost with it; the message has its traceback.

    >>> from bgdemo import QueuedTaskFailed, TestClient
    >>> def expect(client: TestClient) -> str:
    ...     try:
    ...         client.drain()
    ...     except QueuedTaskFailed as error:
    ...         return f"it failed in the worker: {error}"
    ...     return "it went well"
    """
