"""A turnstile: one job at a time, and a finalizer's job never waits."""

import threading

import pytest

from bgdemo.threads.turnstile import Turnstile
from gates import DEADLINE, Gate, in_thread


def fail() -> None:
    raise ValueError("the job failed")


def test_a_job_gives_what_it_returns() -> None:
    assert Turnstile().run(lambda: 42) == 42


def test_jobs_of_several_threads_run_one_at_a_time() -> None:
    turnstile, inside, seen = Turnstile(), threading.Semaphore(1), list[bool]()

    def job() -> None:
        alone = inside.acquire(blocking=False)
        seen.append(alone)
        if alone:
            inside.release()

    def use() -> None:
        for _ in range(100):
            turnstile.run(job)

    for thread in [in_thread(use) for _ in range(8)]:
        thread.result(DEADLINE)
    assert seen == [True] * 800


def test_a_job_waits_for_the_one_that_is_inside(gate: Gate) -> None:
    turnstile, order = Turnstile(), list[str]()

    def first() -> None:
        gate.hold()
        order.append("first")

    one = in_thread(lambda: turnstile.run(first))
    gate.wait_until_reached()
    other = in_thread(lambda: turnstile.run(lambda: order.append("second")))
    assert order == []
    gate.open()
    one.result(DEADLINE)
    other.result(DEADLINE)
    assert order == ["first", "second"]


def test_a_job_that_is_to_run_soon_runs_at_once_if_nobody_is_inside() -> None:
    ran: list[str] = []
    Turnstile().run_soon(lambda: ran.append("soon"))
    assert ran == ["soon"]


def test_a_job_that_comes_up_amid_another_on_the_same_thread_runs_right_after_it() -> None:
    turnstile, order = Turnstile(), list[str]()

    def job() -> None:
        turnstile.run_soon(lambda: order.append("soon"))
        order.append("job")

    in_thread(lambda: turnstile.run(job)).result(DEADLINE)  # in a thread: it would hang, if it waited for itself
    assert order == ["job", "soon"]


def test_a_job_that_comes_up_while_another_thread_is_inside_is_left_to_that_one(gate: Gate) -> None:
    turnstile, ran_on = Turnstile(), list[threading.Thread]()
    inside: list[threading.Thread] = []

    def job() -> None:
        inside.append(threading.current_thread())
        gate.hold()

    one = in_thread(lambda: turnstile.run(job))
    gate.wait_until_reached()
    turnstile.run_soon(lambda: ran_on.append(threading.current_thread()))  # returns, although the gate is shut
    assert ran_on == []
    gate.open()
    one.result(DEADLINE)
    assert ran_on == inside


def test_jobs_that_were_left_run_in_their_order_and_so_do_those_that_they_leave() -> None:
    turnstile, order = Turnstile(), list[int]()

    def leaves_another() -> None:
        order.append(1)
        turnstile.run_soon(lambda: order.append(3))

    def job() -> None:
        turnstile.run_soon(leaves_another)
        turnstile.run_soon(lambda: order.append(2))

    in_thread(lambda: turnstile.run(job)).result(DEADLINE)
    assert order == [1, 2, 3]


def test_what_a_job_raises_is_raised_and_the_next_one_gets_through() -> None:
    turnstile = Turnstile()
    with pytest.raises(ValueError, match="the job failed"):
        turnstile.run(fail)
    assert in_thread(lambda: turnstile.run(lambda: "next")).result(DEADLINE) == "next"


def test_a_job_that_was_left_runs_although_the_one_inside_fails() -> None:
    turnstile, ran = Turnstile(), list[str]()

    def job() -> None:
        turnstile.run_soon(lambda: ran.append("soon"))
        fail()

    with pytest.raises(ValueError, match="the job failed"):
        turnstile.run(job)
    assert ran == ["soon"]


def test_a_left_job_that_fails_shuts_nobody_out() -> None:
    turnstile = Turnstile()
    with pytest.raises(ValueError, match="the job failed"):
        turnstile.run(lambda: turnstile.run_soon(fail))
    assert in_thread(lambda: turnstile.run(lambda: "next")).result(DEADLINE) == "next"
