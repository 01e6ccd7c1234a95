"""The errors of this package: one small tree, so that `except BgdemoError` catches them all."""

import httpx


class BgdemoError(Exception):
    """Something that bgdemo itself has to tell you, not your app."""


class ClientError(BgdemoError, RuntimeError):
    """The client was used in a way that cannot work; the message says what to do instead."""


class AppError(BgdemoError, RuntimeError):
    """The app broke the ASGI protocol: it never answered, or answered twice."""


class DrainTimeout(BgdemoError, TimeoutError):
    """Background work was still going on when the time was up. Nothing is lost: drain again."""


class ResponseTimeout(BgdemoError, httpx.ReadTimeout):
    """The route did not answer in time."""


class EndlessLoopError(BaseException):
    """Raised in code that computes without end, where a limit was set; no `except Exception` is to stop it."""

    def __str__(self) -> str:
        return "this line went on without end, and was stopped: does its loop have a way out?"
