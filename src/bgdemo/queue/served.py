"""The process of a ProcessClient: `python -m bgdemo.queue.served module:app folder`; its notes go into the folder."""

import asyncio
import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from bgdemo._compat import uvicorn as uvicorn_compat
from bgdemo.clock import RealClock
from bgdemo.queue.broker.engine import EMBEDDED
from bgdemo.queue.dependency import queue_of_environment
from bgdemo.queue.notes.notes import KEEP, Writer, known
from bgdemo.record.log import Log
from bgdemo.record.naming import names
from bgdemo.record.reading import EntryKind
from bgdemo.record.recorder import Recorder

CHECK_STARTED_EVERY = 0.01
"""Seconds between two looks whether uvicorn has started."""


class WrittenLog(Log):
    """A log whose entries are in a file as soon as they are made."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(RealClock())
        self._writer = writer

    def append(self, kind: EntryKind, request_id: int, task_id: int | None = None, detail: Any = None) -> None:
        """Append what happens now."""
        super().append(kind, request_id, task_id, detail)
        if kind in ("task_added", "task_known"):
            function, args, kwargs = detail
            detail = names(function)[1], list(map(known, args)), {name: known(value) for name, value in kwargs.items()}
        self._writer.write(kind, request=request_id, number=task_id, detail=detail)


async def serve(app: Any, folder: Path) -> None:
    """Serve an app until standard input ends, and its tasks have."""
    import uvicorn

    writer = Writer(folder)
    recorder = Recorder(app)
    recorder.log = WrittenLog(writer)
    server = uvicorn.Server(uvicorn.Config(recorder, port=0, log_level="warning"))
    serving = asyncio.ensure_future(server.serve())
    while not uvicorn_compat.has_started(server):
        if serving.done():
            return
        await asyncio.sleep(CHECK_STARTED_EVERY)
    writer.write("served", url=uvicorn_compat.url_of(server))
    last_words = await asyncio.to_thread(sys.stdin.buffer.read)
    uvicorn_compat.ask_to_exit(server)
    await serving
    if last_words != KEEP:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Serve the app that the command line names."""
    target, folder = sys.argv[1:]
    module, _, attribute = target.partition(":")
    if os.environ.get("BGDEMO_BROKER") == EMBEDDED:
        queue_of_environment().start_worker()
    asyncio.run(serve(getattr(importlib.import_module(module), attribute), Path(folder)))


if __name__ == "__main__":
    main()
