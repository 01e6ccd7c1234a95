"""Who can play a scenario: a real uvicorn server, which is the reference, and the clients of this package.

All of them are httpx clients, so that a request is the same to each.
"""

import asyncio
import dataclasses
import functools
import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import websockets.sync.client
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from bgdemo import AsyncTestClient, Recorder, TestClient
from bgdemo.clock import ClockName
from bgdemo.record.log import describe
from conformance.scenario import (
    Call,
    GiveUp,
    Observation,
    OpenGate,
    Reply,
    Scenario,
    Stage,
    Step,
    Stream,
    Until,
    Wait,
    WebSocket,
    event_labels,
    first_line,
    observe,
    unfinished,
)
from servers import DEADLINE, serve, until

OPTIONS: dict[str, Any] = {
    "headers": {"host": "testserver", "user-agent": "conformance"},
    "follow_redirects": False,
}
"""Make the requests of all clients the same."""

IN_PROCESS_OPTIONS: dict[str, Any] = {"raise_server_exceptions": False, "timeout": DEADLINE, **OPTIONS}
"""A caller over TCP never gets the app's exceptions."""

A_CONNECTION_EACH = httpx.Limits(max_keepalive_connections=0)
"""Uvicorn closes a connection whose task has failed; a next request that is just using it again is cut off, or not."""

TIMED_OUT = Reply(None, "timed out")
REFUSED = Reply(None, "refused")
CUT_OFF = Reply(None, "cut off")

OF_THE_SERVER = {"connection", "date", "server", "transfer-encoding"}
"""Headers that a server adds to what the app sent."""


class Play:
    """One run of a scenario: its stage, its app in a recorder, and what the caller has got so far."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.stage = Stage()
        self.recorder = self.stage.recorder = Recorder(scenario.build(self.stage))
        self.replies: list[Reply] = []
        self.headers: list[dict[str, str]] = []

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.scenario.steps, Wait())

    def has_happened(self, event: str) -> bool:
        return event in event_labels(self.recorder.timeline)

    def got(self, step: Call | Stream, response: httpx.Response, body: bytes) -> None:
        """The caller has a response, as much of it as it wanted."""
        watched = unfinished(self.recorder.timeline) if isinstance(step, Call) and step.watch else ()
        self.replies.append(Reply(response.status_code, body.decode(), watched))
        self.headers.append({k: v for k, v in response.headers.items() if k not in OF_THE_SERVER})

    def observed(self) -> Observation:
        seen = observe(self.scenario, self.stage, self.recorder.timeline, self.replies)
        return dataclasses.replace(seen, headers=tuple(self.headers))


def run_on_uvicorn(scenario: Scenario) -> Observation:
    """Play a scenario over loopback."""
    play = Play(scenario)
    over_tcp: dict[str, Any] = {"trust_env": False, "timeout": DEADLINE, "limits": A_CONNECTION_EACH, **OPTIONS}
    with serve(play.recorder, root_path=scenario.root_path) as server:
        with httpx.Client(base_url=server.url, **over_tcp) as client, play.stage:
            websocket = functools.partial(_websocket_on_uvicorn, server.url)
            _play(play, client, websocket, wait=server.wait)
        logged = tuple(first_line(describe(error)) for error in server.exceptions)
    return dataclasses.replace(play.observed(), logged=logged)


def run_in_process(scenario: Scenario, clock: ClockName = "real") -> Observation:
    """Play a scenario with TestClient."""
    play = Play(scenario)
    client = TestClient(play.recorder, root_path=scenario.root_path, clock=clock, **IN_PROCESS_OPTIONS)
    with client, play.stage:
        _play(play, client, functools.partial(_websocket_in_process, client), lambda: client.drain(timeout=DEADLINE))
        return play.observed()


def run_in_process_awaited(scenario: Scenario) -> Observation:
    """Play a scenario with AsyncTestClient."""
    return asyncio.run(_play_awaited(Play(scenario)))


IN_PROCESS: dict[str, Callable[[Scenario], Observation]] = {
    "TestClient": run_in_process,
    "AsyncTestClient": run_in_process_awaited,
    "TestClient on a simulated clock": functools.partial(run_in_process, clock="simulated"),
}
"""What is held against uvicorn; another runner is one more line."""


def _play(
    play: Play,
    client: httpx.Client,
    websocket: Callable[[WebSocket], Reply],
    wait: Callable[[], object],
) -> None:
    for step in play.steps:
        match step:
            case Call():
                try:
                    response = client.request(step.method, step.path, **_arguments(step))
                    play.got(step, response, response.content)
                except httpx.RemoteProtocolError:
                    play.replies.append(CUT_OFF)
            case Stream():
                with client.stream("GET", step.path) as response:
                    play.got(step, response, next(response.iter_raw())[: step.keep])
            case GiveUp():
                with pytest.raises(httpx.ReadTimeout):
                    client.get(step.path, timeout=step.timeout)
                play.replies.append(TIMED_OUT)
            case WebSocket():
                play.replies.append(websocket(step))
            case OpenGate():
                play.stage.open_gate()
            case Until(event):
                _until(play, client, event)
            case Wait():
                wait()


def _until(play: Play, client: httpx.Client, event: str) -> None:
    if play.recorder.timeline.simulated:
        clock: Any = getattr(client, "clock")  # noqa: B009 - the other sync client, httpx's own, has none
        clock.advance(0)
    until(functools.partial(play.has_happened, event), event)


async def _play_awaited(play: Play) -> Observation:
    client = AsyncTestClient(play.recorder, root_path=play.scenario.root_path, **IN_PROCESS_OPTIONS)
    async with client:
        with play.stage:
            for step in play.steps:
                await _take(play, client, step)
        return play.observed()


async def _take(play: Play, client: AsyncTestClient, step: Step) -> None:
    match step:
        case Call():
            try:
                response = await client.request(step.method, step.path, **_arguments(step))
                play.got(step, response, response.content)
            except httpx.RemoteProtocolError:
                play.replies.append(CUT_OFF)
        case Stream():
            async with client.stream("GET", step.path) as response:
                chunks = response.aiter_raw()
                play.got(step, response, (await anext(chunks))[: step.keep])
        case GiveUp():
            with pytest.raises(httpx.ReadTimeout):
                await client.get(step.path, timeout=step.timeout)
            play.replies.append(TIMED_OUT)
        case WebSocket():
            play.replies.append(await _websocket_awaited(client, step))
        case OpenGate():
            play.stage.open_gate()
        case Until(event):
            async with asyncio.timeout(DEADLINE):
                while not play.has_happened(event):
                    await asyncio.sleep(0.002)
        case Wait():
            await client.drain(timeout=DEADLINE)


def _arguments(step: Call) -> dict[str, Any]:
    arguments = {name: getattr(step, name) for name in ("params", "json", "files", "content", "headers")}
    return {name: value for name, value in arguments.items() if value is not None}


def _websocket_on_uvicorn(url: str, step: WebSocket) -> Reply:
    got: list[str] = []
    subprotocols = [Subprotocol(name) for name in step.subprotocols] or None
    address = url.replace("http", "ws", 1) + step.path
    try:
        with websockets.sync.client.connect(address, subprotocols=subprotocols, proxy=None) as connection:
            try:
                for text in step.send:
                    connection.send(text)
                for _ in itertools.count() if step.until_closed else range(step.receive):
                    got.append(str(connection.recv(DEADLINE)))
            except ConnectionClosed as closed:
                return Reply(closed.rcvd.code if closed.rcvd else 1006, "\n".join(got))
    except InvalidStatus:
        return REFUSED
    return Reply(None, "\n".join(got))


def _websocket_in_process(client: TestClient, step: WebSocket) -> Reply:
    got: list[str] = []
    accepted = False
    try:
        with client.websocket_connect(step.path, subprotocols=step.subprotocols or None) as session:
            accepted = True
            for text in step.send:
                session.send_text(text)
            for _ in itertools.count() if step.until_closed else range(step.receive):
                got.append(session.receive_text())
    except WebSocketDisconnect as closed:
        return Reply(closed.code, "\n".join(got)) if accepted else REFUSED
    return Reply(None, "\n".join(got))


async def _websocket_awaited(client: AsyncTestClient, step: WebSocket) -> Reply:
    got: list[str] = []
    accepted = False
    try:
        async with client.websocket_connect(step.path, subprotocols=step.subprotocols or None) as session:
            accepted = True
            for text in step.send:
                await session.send_text(text)
            for _ in itertools.count() if step.until_closed else range(step.receive):
                got.append(await session.receive_text())
    except WebSocketDisconnect as closed:
        return Reply(closed.code, "\n".join(got)) if accepted else REFUSED
    return Reply(None, "\n".join(got))
