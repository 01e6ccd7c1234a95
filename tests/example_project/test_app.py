"""How the ticket office is tested: each fixture and each assertion once, in the ways that people write tests."""

import asyncio
import unittest
from unittest.mock import ANY

import pytest
from app import PaymentError, app, audit_log, refund, send_itinerary, tell_agencies, write_audit

from bgdemo import TestClient
from bgdemo.assertions import (
    assert_added,
    assert_dropped,
    assert_failed,
    assert_finished,
    assert_not_added,
    assert_nothing_added,
    assert_order,
    assert_ran_after_response,
    assert_ran_in,
    assert_response_within,
    assert_skipped,
)
from bgdemo.pytest_plugin import AsyncBgClient, BgClient

ORDER = {"email": "li@example.com", "destination": "Beijing"}


@pytest.fixture
def client(bg_client: BgClient) -> TestClient:
    """A client for the office: opened before the test, on the simulated clock, closed after it."""
    audit_log.clear()
    return bg_client(app, headers={"accept-language": "zh"})


def test_asking_for_prices_adds_nothing(client: TestClient) -> None:
    assert client.get("/prices").json()["Beijing"] == 553.0
    assert_nothing_added(client.drain())


def test_a_customer_has_the_ticket_before_the_mail_is_sent(client: TestClient) -> None:
    assert client.post("/tickets", params=ORDER).status_code == 200
    timeline = client.drain()

    assert_response_within(timeline, 0.1)
    assert_ran_after_response(timeline, send_itinerary)
    (mail,) = assert_finished(timeline, send_itinerary)
    assert mail.ended == 3.0


def test_what_is_in_the_mail(client: TestClient) -> None:
    client.post("/tickets", params=ORDER)

    details = {"destination": "Beijing", "price": pytest.approx(497.7)}
    assert_added(client.timeline, send_itinerary, args=("li@example.com",), kwargs=details, times=1)
    assert_added(client.timeline, send_itinerary, args=(lambda email: email.endswith("@example.com"),))
    assert_added(client.timeline, send_itinerary, kwargs={"destination": "Beijing", "price": ANY})
    assert_not_added(client.timeline, send_itinerary, args=("wang@example.com",))


def test_a_dependency_comes_first_and_each_function_runs_where_it_belongs(client: TestClient) -> None:
    client.post("/tickets", params=ORDER)
    timeline = client.drain()

    assert_order(timeline, write_audit, send_itinerary, tell_agencies)
    assert_ran_in(timeline, send_itinerary, "threadpool")
    assert_ran_in(timeline, tell_agencies, "event_loop")


def test_a_ticket_to_nowhere_sends_no_mail_and_loses_the_audit(client: TestClient) -> None:
    assert client.post("/tickets", params=ORDER | {"destination": "Atlantis"}).status_code == 404
    timeline = client.drain()

    assert_not_added(timeline, send_itinerary)
    assert_dropped(timeline, write_audit, args=("asked by web",))
    assert audit_log == ["opened"]


def test_a_refund_that_the_bank_refuses(client: TestClient) -> None:
    assert client.post("/tickets/1001/refund").status_code == 200
    with pytest.raises(PaymentError, match="ticket 1001 was never paid"):
        client.drain()

    assert_failed(client.timeline, refund, PaymentError)
    assert_skipped(client.timeline, write_audit)


def test_in_the_middle_of_the_work(client: TestClient) -> None:
    client.post("/tickets", params=ORDER)
    client.clock.advance(2.5)

    assert_finished(client.timeline, write_audit)
    assert [task.status for task in client.timeline.tasks] == ["finished", "running", "added"]


@pytest.mark.bgdemo(mode="fake")
def test_only_what_the_test_is_about_runs(client: TestClient) -> None:
    client.post("/tickets", params=ORDER)
    client.post("/tickets/1/refund")
    timeline = client.run_tasks(only=write_audit)

    assert_finished(timeline, write_audit, times=2)
    assert audit_log == ["opened", "asked by web", "refunded 1"]
    assert_added(timeline, send_itinerary)


@pytest.mark.bgdemo(clock="real")
def test_on_the_real_clock(bg_client: BgClient) -> None:
    with bg_client(app) as client:
        client.get("/prices")
    assert audit_log[-1] == "closed"
    assert not client.timeline.simulated


@pytest.mark.bgdemo(clock="simulated")
async def test_three_customers_at_once(async_bg_client: AsyncBgClient) -> None:
    client = async_bg_client(app)
    await asyncio.gather(*(client.post("/tickets", params=ORDER) for _ in range(3)))
    await asyncio.sleep(60)

    assert_finished(client.timeline, send_itinerary, times=3)
    assert_response_within(client.timeline, 0)
    assert client.clock.time() == 60.0


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_on_the_loop_of_another_plugin(async_bg_client: AsyncBgClient) -> None:
    async with async_bg_client(app, mode="fake") as client:
        await client.post("/tickets/1001/refund")
        assert_added(await client.drain(), refund, args=(1001,))


class TestRefunds(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _client(self, client: TestClient) -> None:
        self.client = client

    def test_a_refund_is_written_down_after_the_bank_has_paid(self) -> None:
        self.client.post("/tickets/1/refund")
        timeline = self.client.drain()
        assert_order(timeline, refund, write_audit)
        assert timeline.now == 2.0
