"""An event loop in a thread of its own: what crosses over to it, what comes back, and how it ends."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from bgdemo.errors import ClientError
from bgdemo.threads.loop_thread import LoopThread
from bgdemo.threads.signal import Signal
from gates import DEADLINE, Gate, in_thread, until

STOPPED = r"event loop has stopped: did the app call sys\.exit\(\)"

var: ContextVar[str] = ContextVar("var", default="unset")


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close(DEADLINE)


def own_thread(loop_thread: LoopThread) -> threading.Thread:
    async def current() -> threading.Thread:
        return threading.current_thread()

    return loop_thread.run(current())


def stopped(thread: LoopThread) -> LoopThread:
    """The same, after the app has ended its loop."""
    its_own = own_thread(thread)
    thread.call_soon(sys.exit)
    its_own.join(DEADLINE)
    return thread


async def forever() -> None:
    await asyncio.Event().wait()


# -- across, and back


def test_it_keeps_no_interpreter_from_ending(thread: LoopThread) -> None:
    assert own_thread(thread).daemon


def test_a_coroutine_gives_its_result(thread: LoopThread) -> None:
    async def add(one: int, other: int) -> int:
        return one + other

    assert thread.run(add(1, 2)) == 3


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_what_a_coroutine_raises_is_raised_where_it_is_waited_for_and_the_loop_goes_on(
    thread: LoopThread, error: BaseException
) -> None:
    async def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        thread.run(fail())
    assert raised.value is error
    assert thread.answers(within=DEADLINE)


def test_callbacks_are_called_in_their_order_on_the_loops_thread(thread: LoopThread) -> None:
    seen: list[tuple[int, threading.Thread]] = []
    for number in range(3):
        thread.call_soon(lambda number: seen.append((number, threading.current_thread())), number)
    its_own = own_thread(thread)  # by then the loop has called them
    assert seen == [(number, its_own) for number in range(3)]


@pytest.mark.parametrize("call", [LoopThread.call_soon, LoopThread.call_next])
def test_context_variables_stay_behind(thread: LoopThread, call: Callable[..., None]) -> None:
    seen: list[str] = []
    token = var.set("of the caller")
    try:
        call(thread, lambda: seen.append(var.get()))
        own_thread(thread)
    finally:
        var.reset(token)
    assert seen == ["unset"]


def test_it_knows_its_own_thread(thread: LoopThread) -> None:
    async def is_current() -> bool:
        return thread.is_current

    assert thread.run(is_current())
    assert not thread.is_current


# -- how the loop is made


def test_the_loop_is_made_as_it_was_asked_for() -> None:
    class Loop(asyncio.SelectorEventLoop):
        pass

    thread = LoopThread(debug=True, loop_factory=Loop)
    try:
        assert type(thread.loop) is Loop
        assert thread.loop.get_debug()
    finally:
        thread.close(DEADLINE)


def test_what_keeps_a_loop_from_being_made_is_raised() -> None:
    def no_loop() -> Any:
        raise OSError("no loop today")

    with pytest.raises(OSError, match="no loop today"):
        LoopThread(loop_factory=no_loop)


# -- waiting


def test_a_wait_ends_with_the_signal(thread: LoopThread) -> None:
    signal = Signal()
    thread.call_soon(signal.set)
    assert thread.wait(signal, None)


def test_a_wait_ends_when_its_time_is_up(thread: LoopThread) -> None:
    assert not thread.wait(Signal(), 0)


def test_a_signal_that_was_set_is_found_even_without_any_time(thread: LoopThread) -> None:
    signal = Signal()
    signal.set()
    assert thread.wait(signal, 0)


def test_a_loop_that_turns_answers(thread: LoopThread) -> None:
    assert thread.answers(within=DEADLINE)


def test_a_loop_that_something_blocks_does_not_answer(thread: LoopThread, gate: Gate) -> None:
    thread.call_soon(gate.hold)
    gate.wait_until_reached()
    assert not thread.answers(within=0)
    gate.open()
    assert thread.answers(within=DEADLINE)


# -- a loop that the app has stopped

ends_its_loop = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
"""Python keeps silent about a thread that ends with SystemExit; pytest does not."""


@ends_its_loop
def test_a_stopped_loop_is_not_alive(thread: LoopThread) -> None:
    assert thread.is_alive
    assert not stopped(thread).is_alive


@ends_its_loop
def test_a_stopped_loop_does_not_answer(thread: LoopThread) -> None:
    assert not stopped(thread).answers(within=DEADLINE)


@ends_its_loop
def test_a_stopped_loop_takes_no_callbacks(thread: LoopThread) -> None:
    with pytest.raises(ClientError, match=STOPPED):
        stopped(thread).call_soon(print)


@ends_its_loop
def test_a_wait_for_a_stopped_loop_is_told(thread: LoopThread) -> None:
    with pytest.raises(ClientError, match=STOPPED):
        stopped(thread).wait(Signal(), None)


@ends_its_loop
def test_what_happened_before_the_loop_stopped_has_happened(thread: LoopThread) -> None:
    signal = Signal()
    thread.call_soon(signal.set)
    assert stopped(thread).wait(signal, None)


@ends_its_loop
def test_a_stopped_loop_can_be_closed(thread: LoopThread) -> None:
    stopped(thread).close(DEADLINE)


# -- the end


def test_close_ends_the_thread(thread: LoopThread) -> None:
    its_own = own_thread(thread)
    thread.close(DEADLINE)
    assert not its_own.is_alive()


def test_close_may_be_called_again(thread: LoopThread) -> None:
    thread.close(DEADLINE)
    thread.close(DEADLINE)


def test_close_cancels_what_runs_and_lets_it_clean_up(thread: LoopThread) -> None:
    order: list[str] = []

    async def clean_up() -> None:
        try:
            order.append("began")
            await forever()
        finally:
            await asyncio.sleep(0)
            order.append("cleaned up")

    async def begin() -> "asyncio.Task[None]":
        return asyncio.create_task(clean_up())

    task = thread.run(begin())
    until(lambda: order == ["began"], "the coroutine to begin")
    thread.close(DEADLINE)
    assert order == ["began", "cleaned up"]
    assert task.cancelled()


def test_a_call_that_waits_for_its_coroutine_is_told_of_the_close(thread: LoopThread, gate: Gate) -> None:
    began = threading.Event()

    async def begin() -> None:
        began.set()
        await forever()

    call = in_thread(lambda: thread.run(begin()))
    assert began.wait(DEADLINE)
    thread.close(DEADLINE)
    with pytest.raises(ClientError, match="was closed while this call was under way"):
        call.result(DEADLINE)


def test_close_on_the_loops_own_thread_does_not_wait_for_itself(thread: LoopThread) -> None:
    its_own = own_thread(thread)
    thread.call_soon(thread.close, DEADLINE)
    its_own.join(DEADLINE)
    assert not its_own.is_alive()


def test_close_leaves_behind_what_blocks_the_loop(thread: LoopThread, gate: Gate) -> None:
    its_own = own_thread(thread)
    thread.call_soon(gate.hold)
    gate.wait_until_reached()
    thread.close(0)  # returns, although the gate is shut
    assert its_own.is_alive()
    gate.open()
    its_own.join(DEADLINE)
    assert not its_own.is_alive()


def test_a_loop_that_nobody_waits_for_ends_when_there_is_nothing_left_to_do(thread: LoopThread) -> None:
    its_own, when_drained = own_thread(thread), list[Callable[[], object]]()
    thread.close_when(when_drained.append, within=3600)
    assert thread.answers(within=DEADLINE)
    (close,) = when_drained
    close()
    its_own.join(DEADLINE)
    assert not its_own.is_alive()


def test_a_loop_that_nobody_waits_for_ends_when_its_time_is_up(thread: LoopThread) -> None:
    its_own = own_thread(thread)
    thread.close_when(lambda close: None, within=0)
    its_own.join(DEADLINE)
    assert not its_own.is_alive()


@ends_its_loop
def test_a_stopped_loop_needs_no_end(thread: LoopThread) -> None:
    stopped(thread).close_when(lambda close: None, within=0)
