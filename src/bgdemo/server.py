"""A real uvicorn server in this process, for whoever does not want to take a client's word for it."""

import asyncio
import contextlib

from starlette.types import ASGIApp

from bgdemo._compat import uvicorn as uvicorn_compat
from bgdemo.client.asgi import as_asgi
from bgdemo.errors import ClientError
from bgdemo.record.recorder import Recorder
from bgdemo.record.timeline import Timeline
from bgdemo.threads.loop_thread import LoopThread

GLANCE = 0.01
"""Seconds between two looks at whether uvicorn has started."""

GRACE = 1.0
"""Seconds on the wall that the thread may take to end, once uvicorn has stopped."""


class Server:
    """Uvicorn, serving one app on a free port of this machine, in a daemon thread, until `stop()`.

    Args:
        app: any ASGI app, such as FastAPI(); it runs in a Recorder.

    Raises:
        ClientError: it is no app, or uvicorn does not start with it.
    """

    def __init__(self, app: ASGIApp) -> None:
        import uvicorn

        self._recorder = Recorder(as_asgi(app))
        self._uvicorn = uvicorn.Server(uvicorn.Config(self._recorder, port=0, log_config=None, log_level="warning"))
        self._thread = LoopThread()
        try:
            self._serving = self._thread.run(self._start())
            self.url = uvicorn_compat.url_of(self._uvicorn)
        except BaseException:
            self._thread.close(GRACE)
            raise

    @property
    def timeline(self) -> Timeline:
        """What has happened so far, as a snapshot."""
        return self._recorder.timeline

    def stop(self) -> Timeline:
        """Stop as a server does when it is asked to: it waits for its requests, their background tasks included.

        Returns:
            The timeline, in which everything has ended.
        """
        if self._thread.is_alive:
            self._thread.run(self._finish())
            self._thread.close(GRACE)
            self._recorder.close()
        return self.timeline

    async def _start(self) -> asyncio.Task[None]:
        serving = asyncio.create_task(self._serve())
        while not uvicorn_compat.has_started(self._uvicorn):
            if serving.done():
                raise ClientError("uvicorn did not start: the app's own start-up failed, and uvicorn logged why.")
            await asyncio.sleep(GLANCE)
        return serving

    async def _serve(self) -> None:
        with contextlib.suppress(SystemExit):  # uvicorn's way to say that it cannot start
            await self._uvicorn.serve()

    async def _finish(self) -> None:
        uvicorn_compat.ask_to_exit(self._uvicorn)
        await self._serving


def serve(app: ASGIApp) -> Server:
    """Serve an app with uvicorn until `stop()`, beside whatever else this process does.

    Args:
        app: any ASGI app, such as FastAPI().
    """
    return Server(app)
