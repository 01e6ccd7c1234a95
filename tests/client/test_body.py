"""What waits between an app and its reader: how much, who may go on when, and that nobody is forgotten."""

import asyncio
from typing import Any

import pytest

from bgdemo.client.behaviour import Behaviour
from bgdemo.client.body import Body
from bgdemo.client.live import LiveBehaviour
from bgdemo.client.stock import StockBehaviour
from gates import DEADLINE

HIGH_WATER = LiveBehaviour.high_water
FULL = b"x" * (HIGH_WATER + 1)


class Sender:
    """A part of the app that waits for room, as a task of the running loop."""

    def __init__(self, body: Body) -> None:
        self.task = asyncio.get_running_loop().create_task(body.until_there_is_room())

    @classmethod
    async def waiting(cls, body: Body) -> "Sender":
        """One that waits by now."""
        sender = cls(body)
        await turn()
        assert not sender.task.done()
        return sender

    async def may_go_on(self) -> bool:
        """True if nothing keeps it any more."""
        await turn()
        return self.task.done()


async def turn() -> None:
    """Let the loop do all that is ready, and what that makes ready."""
    for _ in range(3):
        await asyncio.sleep(0)


def run(main: Any) -> None:
    async def limited() -> None:
        await asyncio.wait_for(main(), DEADLINE)

    asyncio.run(limited())


@pytest.fixture(params=[LiveBehaviour, StockBehaviour])
def either(request: pytest.FixtureRequest) -> Behaviour:
    behaviour: Behaviour = request.param()
    return behaviour


# -- what the reader gets


def test_the_reader_takes_the_chunks_in_their_order(either: Behaviour) -> None:
    body = Body(either)
    for chunk in (b"one", b"two"):
        body.put(chunk)
    assert len(body) == 2
    assert [body.take(), body.take()] == [b"one", b"two"]
    assert len(body) == 0


def test_where_there_is_nothing_yet_the_reader_gets_none(either: Behaviour) -> None:
    assert Body(either).take() is None


@pytest.mark.parametrize(("behaviour", "chunks"), [(LiveBehaviour(), 0), (StockBehaviour(), 1)], ids=["live", "stock"])
def test_an_empty_chunk_is_passed_on_to_the_stock_clients_reader_only(behaviour: Behaviour, chunks: int) -> None:
    body = Body(behaviour)
    body.put(b"")
    assert len(body) == chunks


# -- who waits


def test_with_nothing_on_its_way_there_is_room(either: Behaviour) -> None:
    async def main() -> None:
        assert await Sender(Body(either)).may_go_on()

    run(main)


def test_a_live_app_may_be_ahead_of_its_reader_up_to_the_high_water_mark() -> None:
    async def main() -> None:
        body = Body(LiveBehaviour())
        body.put(b"x" * HIGH_WATER)
        assert await Sender(body).may_go_on()
        body.put(b"x")
        await Sender.waiting(body)
        body.let_in()

    run(main)


def test_a_stock_app_waits_until_each_chunk_is_taken() -> None:
    async def main() -> None:
        body = Body(StockBehaviour())
        body.put(b"x")
        sender = await Sender.waiting(body)
        body.take()
        assert await sender.may_go_on()

    run(main)


def test_a_sender_waits_until_enough_was_taken_not_until_something_was() -> None:
    async def main() -> None:
        body = Body(LiveBehaviour())
        for _ in range(3):
            body.put(b"x" * HIGH_WATER)
        sender = await Sender.waiting(body)
        body.take()
        assert not await sender.may_go_on()
        body.take()
        assert await sender.may_go_on()

    run(main)


def test_several_senders_wait_at_once_and_all_go_on_when_there_is_room(either: Behaviour) -> None:
    async def main() -> None:
        body = Body(either)
        body.put(FULL)
        senders = [await Sender.waiting(body) for _ in range(3)]
        body.take()
        assert [await sender.may_go_on() for sender in senders] == [True] * 3

    run(main)


def test_several_senders_that_wait_all_go_on_when_the_reader_is_gone(either: Behaviour) -> None:
    async def main() -> None:
        body = Body(either)
        body.put(FULL)
        senders = [await Sender.waiting(body) for _ in range(3)]
        body.let_in()
        assert [await sender.may_go_on() for sender in senders] == [True] * 3

    run(main)


def test_a_sender_that_was_cancelled_keeps_none_of_the_others(either: Behaviour) -> None:
    async def main() -> None:
        body = Body(either)
        body.put(FULL)
        first, second = await Sender.waiting(body), await Sender.waiting(body)
        first.task.cancel()
        assert await first.may_go_on()
        assert first.task.cancelled()
        assert not await second.may_go_on()
        body.take()
        assert await second.may_go_on()

    run(main)


def test_a_sender_that_is_cancelled_when_it_was_just_let_in_is_cancelled(either: Behaviour) -> None:
    async def main() -> None:
        body = Body(either)
        body.put(FULL)
        sender = await Sender.waiting(body)
        body.let_in()
        sender.task.cancel()
        assert await sender.may_go_on()
        assert sender.task.cancelled()
        body.take()

    run(main)


def test_letting_in_nobody_is_nothing(either: Behaviour) -> None:
    Body(either).let_in()


# -- a reader on another thread


def test_a_reader_on_another_thread_lets_the_app_go_on(either: Behaviour) -> None:
    async def main() -> None:
        body = Body(either)
        body.put(FULL)
        senders = [await Sender.waiting(body) for _ in range(2)]
        assert await asyncio.to_thread(body.take) == FULL
        for sender in senders:
            await sender.task

    run(main)


def test_what_was_sent_before_the_loop_was_closed_can_be_taken_after_it(either: Behaviour) -> None:
    body = Body(either)
    body.put(FULL)
    waiting = body.until_there_is_room()

    async def begin() -> None:
        waiting.send(None)  # as far as the future that it waits for

    asyncio.run(begin())
    assert body.take() == FULL
    waiting.close()
