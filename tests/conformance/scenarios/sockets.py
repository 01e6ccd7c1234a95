"""Row 17: WebSocket routes take BackgroundTasks, accept tasks, and never run them."""

import asyncio

from fastapi import BackgroundTasks, FastAPI, WebSocketDisconnect
from fastapi import WebSocket as Socket

from conformance.scenario import Reply, Scenario, Stage, WebSocket, never_ran


def write_log() -> None:
    print("written")


def _app_that_closes(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(socket: Socket, background_tasks: BackgroundTasks) -> None:
        await socket.accept()
        text = await socket.receive_text()
        background_tasks.add_task(write_log)
        await socket.send_text(f"you said {text}")
        await socket.close(4000)

    return app


def _app_that_ends(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(socket: Socket, background_tasks: BackgroundTasks) -> None:
        await socket.accept()
        background_tasks.add_task(write_log)
        await socket.send_text("bye")

    return app


def _app_that_listens(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(socket: Socket, background_tasks: BackgroundTasks) -> None:
        await socket.accept("chat")
        try:
            while True:
                await socket.send_text(await socket.receive_text())
                background_tasks.add_task(write_log)
        except WebSocketDisconnect as left:
            stage.note(f"left with {left.code}")
            await asyncio.sleep(0.02)
            stage.note("tidied up")

    return app


def _app_that_refuses(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(socket: Socket, background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(write_log)
        await socket.close(1008)

    return app


def _app_that_fails(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(socket: Socket, background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(write_log)
        await socket.accept()
        await socket.send_text("hello")
        raise ValueError("no disk")

    return app


NEVER_RAN = (never_ran("write_log", "dropped"),)

SCENARIOS = [
    Scenario(
        name="17 a WebSocket that the app closes: the task never runs",
        build=_app_that_closes,
        steps=(WebSocket("/ws", send=("hello",), until_closed=True),),
        replies=(Reply(4000, "you said hello"),),
        events="""
            request_sent 1
            response_started 1
            task_added write_log
            response_ended 1
            request_ended 1
        """,
        tasks=NEVER_RAN,
    ),
    Scenario(
        name="17 a WebSocket that the client leaves: the task never runs",
        build=_app_that_listens,
        steps=(WebSocket("/ws", send=("hello",), receive=1, subprotocols=("chat",)),),
        replies=(Reply(None, "hello"),),
        events="""
            request_sent 1
            response_started 1
            task_added write_log
            client_left 1
            note left with 1000
            note tidied up
            request_ended 1
        """,
        tasks=NEVER_RAN,
    ),
    Scenario(
        name="17 a WebSocket that the app refuses: the task never runs",
        build=_app_that_refuses,
        steps=(WebSocket("/ws", until_closed=True),),
        replies=(Reply(None, "refused"),),
        events="""
            request_sent 1
            task_added write_log
            response_ended 1
            request_ended 1
        """,
        tasks=NEVER_RAN,
    ),
    Scenario(
        name="17 a WebSocket whose app returns without closing is cut off: 1006",
        build=_app_that_ends,
        steps=(WebSocket("/ws", until_closed=True),),
        replies=(Reply(1006, "bye"),),
        events="""
            request_sent 1
            response_started 1
            task_added write_log
            request_ended 1
        """,
        tasks=NEVER_RAN,
    ),
    Scenario(
        name="17 a WebSocket whose app fails is cut off: 1006",
        build=_app_that_fails,
        steps=(WebSocket("/ws", until_closed=True),),
        replies=(Reply(1006, "hello"),),
        events="""
            request_sent 1
            task_added write_log
            response_started 1
            request_ended 1
        """,
        tasks=NEVER_RAN,
        errors={1: "ValueError: no disk"},
    ),
]
