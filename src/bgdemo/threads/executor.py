"""A thread pool that no interpreter waits for when it exits."""

import concurrent.futures
from typing import Any

from bgdemo._compat.cpython import let_interpreter_end


class DaemonExecutor(concurrent.futures.ThreadPoolExecutor):
    """Where asyncio.to_thread runs; the interpreter does not wait for its threads when it exits."""

    def submit(self, *args: Any, **kwargs: Any) -> "concurrent.futures.Future[Any]":
        future = super().submit(*args, **kwargs)
        let_interpreter_end(self)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=cancel_futures)
