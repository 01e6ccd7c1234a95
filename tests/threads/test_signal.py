"""A signal: one thread wakes another, whichever of them comes first."""

import threading

from bgdemo.threads.signal import Signal
from gates import DEADLINE, in_thread


def test_a_wait_ends_when_the_signal_is_set() -> None:
    signal = Signal()
    waiting = in_thread(lambda: signal.wait(DEADLINE))
    signal.set()
    assert waiting.result(DEADLINE)


def test_a_wait_that_begins_later_finds_the_signal_set() -> None:
    signal = Signal()
    signal.set()
    assert signal.wait(0)


def test_a_signal_that_nobody_set_is_waited_for_in_vain() -> None:
    assert not Signal().wait(0)


def test_a_wait_uses_the_signal_up() -> None:
    signal = Signal()
    signal.set()
    assert signal.wait(0)
    assert not signal.wait(0)


def test_setting_it_twice_is_setting_it_once() -> None:
    signal = Signal()
    signal.set()
    signal.set()
    assert signal.wait(0)
    assert not signal.wait(0)


def test_it_can_be_set_again_after_a_wait() -> None:
    signal = Signal()
    for _ in range(3):
        signal.set()
        assert signal.wait(0)


def test_several_threads_may_set_it_at_once() -> None:
    for _ in range(50):
        signal, together = Signal(), threading.Barrier(4, timeout=DEADLINE)

        def set_it(signal: Signal = signal, together: threading.Barrier = together) -> None:
            together.wait()
            signal.set()

        for setting in [in_thread(set_it) for _ in range(4)]:
            setting.result(DEADLINE)
        assert signal.wait(0)
