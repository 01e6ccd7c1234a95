"""A thread pool that no interpreter waits for when it exits."""

import concurrent.futures
import concurrent.futures.thread
from typing import Any

_joined_at_exit: Any = concurrent.futures.thread._threads_queues


class DaemonExecutor(concurrent.futures.ThreadPoolExecutor):
    """Where asyncio.to_thread runs; the interpreter does not wait for its threads when it exits."""

    def submit(self, *args: Any, **kwargs: Any) -> "concurrent.futures.Future[Any]":
        future = super().submit(*args, **kwargs)
        for thread in self._threads:
            _joined_at_exit.pop(thread, None)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=cancel_futures)
