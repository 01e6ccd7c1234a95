"""What tests wait with instead of sleeping: gates, calls in threads, and scripts that have to end by themselves."""

import concurrent.futures
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.background import BackgroundTask

T = TypeVar("T")

_TASK_INIT = BackgroundTask.__init__

DEADLINE = 20.0
"""Seconds after which a wait fails instead of hanging; nothing in a passing test takes so long."""


class Gate:
    """Holds whoever comes to it until the test opens it; tells the test that somebody came."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._reached = threading.Event()

    def hold(self) -> None:
        """Stand at the gate, blocking this thread, until it is open."""
        self._reached.set()
        assert self._open.wait(DEADLINE), "nobody opened the gate"

    def wait_until_reached(self) -> None:
        """Wait until somebody stands at the gate."""
        assert self._reached.wait(DEADLINE), "nobody came to the gate"

    def open(self) -> None:
        """Let everybody through, for good."""
        self._open.set()


def in_thread(call: Callable[[], T]) -> "concurrent.futures.Future[T]":
    """Make a call in a daemon thread, so that a call that hangs fails its test and nothing else."""
    future: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="test", daemon=True).start()
    return future


def until(happened: Callable[[], bool], what: str) -> None:
    """Wait for something that no event tells of; fails after DEADLINE."""
    deadline = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < deadline, f"waited {DEADLINE:g} s for {what}"
        time.sleep(0.002)


def forget_clients() -> None:
    """Have the clients collected that an earlier test left in a traceback, so that Starlette is as it was."""
    for _ in range(100):
        if BackgroundTask.__init__ is _TASK_INIT:
            return
        gc.collect()
        time.sleep(0.002)


class Threads:
    """The threads that were started since this object was made."""

    def __init__(self) -> None:
        self._before = set(threading.enumerate())

    def new(self) -> list[threading.Thread]:
        """The new threads that are alive, without those of `in_thread`."""
        return [t for t in threading.enumerate() if t not in self._before and t.name != "test"]

    def loops(self) -> list[threading.Thread]:
        """The new event loop threads of clients."""
        return [thread for thread in self.new() if thread.name == "bgdemo event loop"]


@dataclass
class Script:
    """A script that was run: how it ended, and what it printed."""

    code: int
    out: str
    err: str


def run_script(source: str, *, timeout: float = DEADLINE, interrupt_at: str | None = None) -> Script:
    """Run Python source in a process of its own, with warnings as errors.

    Args:
        source: may be indented.
        timeout: seconds on the wall; a script that has not ended by then fails the test.
        interrupt_at: a line of output, without its end, upon which the script gets a SIGINT.
    """
    source = textwrap.dedent(source)
    if interrupt_at is not None:  # it is ignored in what a shell started in the background
        source = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n" + source
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    out = ""
    try:
        if interrupt_at is not None:
            assert process.stdout is not None
            for line in process.stdout:
                out += line
                if line.strip() == interrupt_at:
                    process.send_signal(signal.SIGINT)
                    break
        rest, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        rest, err = process.communicate()
        raise AssertionError(f"the script had not ended after {timeout:g} s: {out + rest}{err}") from None
    return Script(process.returncode, out + rest, err)
