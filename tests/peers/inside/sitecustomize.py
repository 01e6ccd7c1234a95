"""Runs first in every Python that the peers' tests start: Starlette's TestClient becomes bgdemo's as it is imported.

BGDEMO_PEERS_CLIENT says which: "default", or "waiting" for wait_for_tasks=True; anything else leaves it Starlette's.
BGDEMO_PEERS_LATE holds the app up for so many seconds after each response: what a test did not wait for is not there.
"""

import asyncio
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

CLIENT = os.environ.get("BGDEMO_PEERS_CLIENT")
LATE = float(os.environ.get("BGDEMO_PEERS_LATE", "0"))


class Replacement:
    """An import hook that waits for `starlette.testclient`."""

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != "starlette.testclient":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def execute_and_replace(module: ModuleType) -> None:
            execute(module)
            module.TestClient = own_client()  # type: ignore[attr-defined]

        spec.loader.exec_module = execute_and_replace  # type: ignore[method-assign]
        return spec


def own_client() -> type:
    import bgdemo

    class TestClient(bgdemo.TestClient):
        __test__ = False

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, wait_for_tasks=CLIENT == "waiting", **late_clock(), **options)

    return TestClient


def late_clock() -> dict[str, Any]:
    """The option of a client whose app pauses after each response."""
    if not LATE:
        return {}
    import anyio

    from bgdemo.clock import RealClock

    class LateClock(RealClock):
        holds = True

        async def hold(self) -> None:
            with anyio.CancelScope(shield=True):  # a StreamingResponse cancels what it does when its client has all
                await asyncio.sleep(LATE)

    make_websockets_late()
    return {"clock": LateClock()}


def make_websockets_late() -> None:
    """Have an app pause after each message that it sends, and hear later that it was left."""
    from bgdemo.client.websocket import Conversation

    if getattr(Conversation, "is_late", False):
        return
    send, tell = Conversation._send, Conversation.tell

    async def send_and_pause(self: Conversation, message: Any) -> None:
        await send(self, message)
        await asyncio.sleep(LATE)

    def tell_later(self: Conversation, message: Any) -> None:
        if message["type"] == "websocket.disconnect":
            asyncio.get_running_loop().call_later(LATE, tell, self, message)
        else:
            tell(self, message)

    Conversation._send, Conversation.tell = send_and_pause, tell_later  # type: ignore[method-assign]
    Conversation.is_late = True  # type: ignore[attr-defined]


if CLIENT in ("waiting", "default"):
    sys.meta_path.insert(0, Replacement())  # type: ignore[arg-type]
