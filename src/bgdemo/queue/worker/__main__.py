"""A worker's process, for a terminal: `python -m bgdemo.queue.worker --broker redis://127.0.0.1:6379/0`.

A worker that a queue has started has a pipe from that queue's process as its standard input. The pipe is closed when
the queue is, and when that process dies, however it dies: then the worker finishes what is left, and ends.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from bgdemo._compat import celery
from bgdemo._compat.cpython import run_exit_functions
from bgdemo.queue.broker.engine import (
    EMBEDDED,
    NAME,
    THREADS,
    TIMEOUT,
    VISIBILITY_TIMEOUT,
    Settings,
    celery_app,
    refuse_unknown,
)
from bgdemo.queue.notes.notes import Writer
from bgdemo.queue.worker.run import WorkerNotes, serve
from bgdemo.threads.loop_thread import LoopThread

CHECK_OVER_EVERY = 0.05
"""Seconds between two looks whether all is over: the messages here, or Celery itself."""


def main() -> int:
    """Run messages until somebody says stop."""
    arguments = _parser().parse_args()
    refuse_unknown(arguments.broker)
    folder = arguments.folder or Path(tempfile.gettempdir())
    notes = arguments.notes or folder
    settings = Settings(arguments.broker, arguments.name, folder, notes, arguments.visibility_timeout, TIMEOUT)
    app = celery_app(settings, sends=False)
    taken = serve(app)
    worker = celery.make_worker(
        app,
        lambda consumer: _ready(consumer, arguments.notes),
        hostname=f"{settings.name}-{os.getpid()}@%h",
        pool="threads",  # not solo, which keeps RabbitMQ waiting for 10 s at a time; and Windows has no prefork
        concurrency=arguments.threads,
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    if arguments.watched:
        # What waits in the folder waits for this process; a server keeps its messages for the next one.
        left = (lambda: _left(folder, taken)) if settings.broker == EMBEDDED else (lambda: bool(taken.open))
        _in_the_background(_end_when_alone(left, folder if arguments.remove else None))
    worker.start()
    return int(worker.exitcode or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bgdemo.queue.worker", description="Run the tasks of a queue.")
    broker = os.environ.get("BGDEMO_BROKER") or None
    parser.add_argument("--broker", default=broker, required=broker is None, help="URL; or BGDEMO_BROKER")
    parser.add_argument("--name", default=NAME, help="the queue's name at the broker")
    parser.add_argument("--threads", type=int, default=THREADS, help="how many tasks at a time")
    parser.add_argument("--visibility-timeout", type=float, default=VISIBILITY_TIMEOUT, help="seconds; Redis only")
    parser.add_argument("--folder", type=Path, help="for the messages of the embedded broker")
    parser.add_argument("--notes", type=Path, help="the folder to note in that this worker is ready")
    parser.add_argument("--watched", action="store_true", help="end when standard input does")
    parser.add_argument("--remove", action="store_true", help="remove the folder at the end")
    return parser


def _ready(consumer: Any, notes: Path | None) -> None:
    celery.look_often(consumer, CHECK_OVER_EVERY)
    if notes is not None:
        Writer(notes).write("worker_ready")


def _in_the_background(coroutine: Coroutine[Any, Any, None]) -> None:
    thread = LoopThread()
    thread.call_soon(lambda: setattr(thread, "task", asyncio.ensure_future(coroutine)))


async def _end_when_alone(left: Callable[[], bool], folder: Path | None) -> None:
    await asyncio.to_thread(sys.stdin.buffer.read)
    while left():
        await asyncio.sleep(CHECK_OVER_EVERY)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        run_exit_functions()  # what the tasks' modules have registered
        os._exit(0)  # no message can come any more, and Celery would look for one for 4 s
    celery.stop_worker()


def _left(folder: Path, taken: WorkerNotes) -> bool:
    """Whether a message is left, here or in the folder; looked at twice: one may be on its way from there to here."""
    for _ in range(2):
        if taken.open or any((folder / "messages").glob("*.msg")):
            return True
        time.sleep(2 * CHECK_OVER_EVERY)
    return False


if __name__ == "__main__":
    sys.exit(main())
