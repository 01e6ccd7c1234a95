"""How a client behaves that is like a real one: what it passes on, who waits for whom, and what leaving does."""

import asyncio
from contextvars import ContextVar
from typing import Any

import httpx
import pytest

from bgdemo import Recorder
from bgdemo.client.live import LiveBehaviour
from bgdemo.errors import ClientError

var: ContextVar[str] = ContextVar("var", default="unset")


class Left:
    """Work that writes down what happens to it."""

    abandoned = complete = cancelled = ended = False

    def __init__(self) -> None:
        self.log: list[Any] = []

    def wake(self) -> None: ...

    async def run(self, recorder: Recorder, keep: Any) -> None:
        self.log.append((recorder, keep))

    def disconnect(self) -> None:
        self.log.append("disconnected")

    def raise_error(self) -> None:
        raise AssertionError("a live client raises nothing when it leaves")

    def abandon(self, work: Any) -> None:
        """What a session would do with it."""
        assert work is self
        self.log.append("abandoned")


class Thread:
    """A loop's thread that is called."""

    def __init__(self, *, stopped: bool = False) -> None:
        self._stopped = stopped

    def call_soon(self, callback: Any) -> None:
        if self._stopped:
            raise ClientError("the loop has stopped")
        callback()


def test_the_app_finds_nothing_of_the_callers_context() -> None:
    token = var.set("of the caller")
    try:
        assert LiveBehaviour().context().run(var.get) == "unset"
    finally:
        var.reset(token)


@pytest.mark.parametrize(("chunk", "is_passed_on", "size"), [(b"", False, 0), (b"x", True, 1), (b"12345", True, 5)])
def test_chunks_that_are_not_empty_are_passed_on_and_count_by_their_bytes(
    chunk: bytes, is_passed_on: bool, size: int
) -> None:
    behaviour = LiveBehaviour()
    assert behaviour.passes_on(chunk) is is_passed_on
    assert behaviour.size(chunk) == size


def test_the_app_waits_for_its_reader_but_not_after_the_last_chunk() -> None:
    behaviour = LiveBehaviour()
    assert behaviour.waits_for_reader(is_last=False)
    assert not behaviour.waits_for_reader(is_last=True)


@pytest.mark.parametrize("wants_errors", [True, False])
def test_a_websocket_raises_what_the_app_raises_if_the_client_wants_to_know(wants_errors: bool) -> None:
    assert LiveBehaviour(raise_server_exceptions=wants_errors).raises_in_websockets is wants_errors


@pytest.mark.parametrize("timeout", [None, 1.0, 60.0])
def test_any_timeout_of_a_call_will_do(timeout: float | None) -> None:
    request = httpx.Request("GET", "/", extensions={"timeout": httpx.Timeout(timeout).as_dict()})
    LiveBehaviour().check_timeout(request, httpx.Timeout(60.0))


def test_work_runs_to_its_own_end() -> None:
    work, recorder, keep = Left(), Recorder(lambda scope, receive, send: None), list[BaseException]().append  # type: ignore[arg-type, return-value]
    asyncio.run(LiveBehaviour().run(work, recorder, keep))
    assert work.log == [(recorder, keep)]


def test_work_that_is_left_is_abandoned_first_and_then_hears_of_it() -> None:
    """In this order: what the app does upon the disconnect is background work by then."""
    work = Left()
    asyncio.run(LiveBehaviour().leave(work, work.abandon))
    assert work.log == ["abandoned", "disconnected"]


def test_work_that_is_left_from_another_thread_is_abandoned_first_and_then_hears_of_it() -> None:
    work, thread = Left(), Thread()
    LiveBehaviour().leave_from_thread(work, work.abandon, thread)  # type: ignore[arg-type]
    assert work.log == ["abandoned", "disconnected"]


def test_work_on_a_loop_that_has_stopped_can_be_left_all_the_same() -> None:
    work, thread = Left(), Thread(stopped=True)
    LiveBehaviour().leave_from_thread(work, work.abandon, thread)  # type: ignore[arg-type]
    assert work.log == ["abandoned"]


@pytest.mark.parametrize(
    ("options", "goes_first"), [({}, False), ({"same_loop": True}, True), ({"hold": asyncio.Event().wait}, True)]
)
def test_a_reader_on_the_same_loop_or_a_clock_that_holds_goes_before_an_async_task(
    options: dict[str, Any], goes_first: bool
) -> None:
    assert LiveBehaviour(**options).reader_goes_first is goes_first
