"""An app's start-up and shutdown, as a server asks for them."""

import asyncio
from contextvars import Context
from typing import Any

from starlette.types import ASGIApp, Message

from bgdemo.errors import AppError
from bgdemo.record.cancellation import is_cancelled


class Lifespan:
    """Run the lifespan of `app` in a task of its own, from `start` to `stop`.

    Args:
        app: any ASGI 3 app.
        state: filled by the app at start-up; each request gets a copy.
    """

    def __init__(self, app: ASGIApp, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    async def start(self, context: Context) -> None:
        """Start the app up, in this context; raises what its start-up raises."""
        self._task = asyncio.get_running_loop().create_task(self._run(), context=context)
        await self._ask("startup")

    async def stop(self) -> None:
        """Shut the app down; raises what its shutdown raises."""
        if self._task is not None and not self._task.done():
            await self._ask("shutdown")
            await self._task
        self._raise_error()

    async def _ask(self, what: str) -> None:
        await self._to_app.put({"type": f"lifespan.{what}"})
        answer = await self._from_app.get()
        if answer is None or answer["type"] == f"lifespan.{what}.failed":
            assert self._task is not None
            await self._task
            self._raise_error()
        if answer is not None and answer["type"] == f"lifespan.{what}.failed":
            raise AppError(f"The app's {what} failed: {answer.get('message') or 'it gave no reason'}")

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        try:
            await self._app(scope, self._to_app.get, self._from_app.put)
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            self._error = AppError("The app's lifespan raised CancelledError: something that it awaited was cancelled.")
            self._error.__cause__ = error
        except BaseException as error:  # sys.exit() too, which would end the event loop
            self._error = error
        finally:
            self._from_app.put_nowait(None)

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error
