"""What the fixtures of the pytest plugin hand out: the clients of one test, and their end."""

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable
from typing import Any, Unpack

from starlette.types import ASGIApp

from bgdemo import display
from bgdemo.client.options import Mode, Options
from bgdemo.clock import Clock, ClockName
from bgdemo.errors import ClientError
from bgdemo.record.log import describe
from bgdemo.record.timeline import Timeline
from bgdemo.simulation import SimulatedClock
from bgdemo.testing.managed import ManagedAsyncClient, ManagedClient, in_words

AsyncTest = Callable[..., Awaitable[object]]


class ClientsOfTest:
    """The clients of one test.

    Args:
        clock: of a client that is made without one; None for a simulated clock, and for the real one where the
            client is on the event loop of its test.
        mode: of a client that is made without one.
        own_loop: the test is an async function that runs on an event loop of a simulated clock.
    """

    def __init__(self, clock: ClockName | None, mode: Mode, *, own_loop: bool) -> None:
        self.clock = SimulatedClock() if own_loop else None
        """What the test itself runs on, if that is a simulated clock."""
        self._clock_name = clock
        self._mode: Mode = mode
        self._clients: list[ManagedClient] = []
        self._async_clients: list[ManagedAsyncClient] = []
        self._timelines: list[Timeline] | None = None
        self._found: BaseException | None = None

    def make(self, app: ASGIApp, *, lifespan: bool = True, **options: Unpack[Options]) -> ManagedClient:
        """A TestClient that ends with the test: see pytest_plugin.BgClient."""
        options.setdefault("clock", self._clock_name or "simulated")
        options.setdefault("mode", self._mode)
        client = ManagedClient(app, **options)
        self._clients.append(client)
        if lifespan:
            client.__enter__()
        return client

    def make_async(self, app: ASGIApp, *, lifespan: bool = True, **options: Unpack[Options]) -> ManagedAsyncClient:
        """An AsyncTestClient that ends with the test: see pytest_plugin.AsyncBgClient."""
        clock = options.get("clock", self._clock_name or "real")
        _refuse_other_seconds(clock, own_loop=self.clock is not None)
        options["clock"] = self.clock if self.clock is not None and isinstance(clock, str) else clock
        options.setdefault("mode", self._mode)
        client = ManagedAsyncClient(app, **options)
        client.starts_app = lifespan
        self._async_clients.append(client)
        return client

    def around(self, test: AsyncTest, *, awaited: bool) -> Callable[..., object]:
        """What to call in the place of an async test: it ends the clients on their own event loop.

        Args:
            test: the test function.
            awaited: a plugin for async tests is going to await it, on a loop of its own.

        Returns:
            An async function; for a test on a simulated clock that nobody awaits, an ordinary one.
        """
        with_end = self._with_end(test)
        if self.clock is None:
            return with_end
        clock = self.clock

        @functools.wraps(test)
        def on_clock(*args: Any, **kwargs: Any) -> object:
            __tracebackhide__ = True
            return clock.run(functools.partial(with_end, *args, **kwargs))

        @functools.wraps(test)
        async def awaited_on_clock(*args: Any, **kwargs: Any) -> object:
            __tracebackhide__ = True
            return on_clock(*args, **kwargs)

        return awaited_on_clock if awaited else on_clock

    def drain(self, error: BaseException | None) -> None:
        """Wait for what the apps still do; the clients can be used after it.

        Args:
            error: what the test has raised, if it has: then what is found is added to it as a note.

        Raises:
            Exception: what nobody has seen yet, or what keeps the work from ending.
        """
        __tracebackhide__ = True
        self._remember()
        for client in self._clients:
            try:
                client.drain_at_end(error or self._found)
            except Exception as found:
                self._found = found
        if error is None and self._found is not None:
            self._remember(anew=True)
            raise self._found

    def close(self) -> None:
        """Close the clients that `make` has made; raises what their end raises."""
        self._timelines = None
        with contextlib.ExitStack() as stack:
            for client in self._clients:
                stack.callback(client.close_at_end)

    def abandon(self) -> None:
        """Let go of the clients that `make_async` has made and that nobody has ended on their event loop."""
        self._timelines = None
        with contextlib.ExitStack() as stack:
            for client in self._async_clients:
                if not client.is_closed:
                    stack.callback(client.abandon)

    def drawn(self) -> str:
        """The timelines as text, as they were at the end of the test function; empty where there is none."""
        clients: list[ManagedClient | ManagedAsyncClient] = [*self._clients, *self._async_clients]
        timelines = self._timelines or [client.timeline for client in clients]
        parts = [
            f"client {number} ({in_words(client)}):\n{display.text(timeline)}"
            for number, (client, timeline) in enumerate(zip(clients, timelines, strict=False), 1)
        ]
        return "\n\n".join(parts)

    def _with_end(self, test: AsyncTest) -> AsyncTest:
        @functools.wraps(test)
        async def test_with_end(*args: Any, **kwargs: Any) -> object:
            __tracebackhide__ = True
            try:
                result = await test(*args, **kwargs)
            except BaseException as error:
                await self._close_async(error)
                raise
            await self._close_async(None)
            return result

        return test_with_end

    async def _close_async(self, error: BaseException | None) -> None:
        """End the clients on their event loop. What is found is raised later, by `drain`, outside of the loop."""
        __tracebackhide__ = True
        self._remember()
        for client in self._async_clients:
            try:
                await client.aclose_at_end(error or self._found)
            except asyncio.CancelledError:
                raise
            except BaseException as found:  # sys.exit() too, which would end the event loop
                if error is None:
                    self._found = found
                else:
                    error.add_note(f"Besides, {describe(found)}")

    def _remember(self, *, anew: bool = False) -> None:
        if anew or self._timelines is None:
            self._timelines = [client.timeline for client in (*self._clients, *self._async_clients)]


def _refuse_other_seconds(clock: ClockName | Clock, *, own_loop: bool) -> None:
    if own_loop and clock == "real":
        raise ClientError(
            "This test runs on an event loop of the simulated clock, and its clients with it: leave clock='real' out, "
            "or mark the test @pytest.mark.bgdemo(clock='real')."
        )
    if not own_loop and clock == "simulated" and SimulatedClock.of_running_loop() is None:
        raise ClientError(
            "This client is on the event loop of its test, whose seconds are real. For the simulated clock mark the "
            "async test function @pytest.mark.bgdemo(clock='simulated'): then bgdemo runs it, on a loop of that clock."
        )
