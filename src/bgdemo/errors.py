"""The errors of this package: one small tree, so that `except BgdemoError` catches them all."""

import httpx
from starlette.exceptions import HTTPException


class BgdemoError(Exception):
    """Something that bgdemo itself has to tell you, not your app."""


class ClientError(BgdemoError, RuntimeError):
    """The client was used in a way that cannot work; the message says what to do instead."""


class AppError(BgdemoError, RuntimeError, AssertionError):
    """The app broke the ASGI protocol: it never answered, or answered twice. The stock client raises AssertionError."""


class DrainTimeout(BgdemoError, TimeoutError):
    """Background work was still going on when the time was up. Nothing is lost: drain again."""


class ResponseTimeout(BgdemoError, httpx.ReadTimeout):
    """The route did not answer in time."""


class GradingError(BgdemoError):
    """Submissions cannot be graded; the message says what is missing or wrong, and what to do about it."""


class EndlessLoopError(BaseException):
    """Raised in code that computes without end, where a limit was set; no `except Exception` is to stop it."""

    def __str__(self) -> str:
        return "this line went on without end, and was stopped: does its loop have a way out?"


class DeadlockError(BgdemoError, RuntimeError):
    """Everybody waits and nothing is scheduled, or one instant goes on without end: time cannot move."""


class RealBlockingError(BgdemoError, RuntimeError):
    """A thread of the app waits for something real, which a simulated clock cannot see or shorten."""


class RealIOError(BgdemoError, RuntimeError):
    """A real socket or pipe was given to the simulated event loop; how long it takes cannot be simulated."""


class QueueError(BgdemoError, RuntimeError):
    """A task cannot be given to the queue like this; the message says what to do instead."""


class BrokerUnavailable(BgdemoError, HTTPException):
    """The queue's broker did not take a task in time. A route that does not catch it answers 503, with this message."""

    def __init__(self, message: str) -> None:
        super().__init__(status_code=503, detail=message)

    def __str__(self) -> str:
        return str(self.detail)


class QueuedTaskFailed(BgdemoError):
    """A task failed in a worker's process for the last time, or was lost with it; the message has its traceback."""
