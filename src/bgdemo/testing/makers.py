"""What the fixtures are: called with an app, they make a client; used as if they were one, they say so."""

from typing import Any, NoReturn, Unpack

from starlette.types import ASGIApp

from bgdemo.client.options import Options
from bgdemo.testing.fixtures import ClientsOfTest
from bgdemo.testing.managed import ManagedAsyncClient, ManagedClient


class ClientMaker:
    """What bg_client is: see pytest_plugin.BgClient."""

    def __init__(self, clients: ClientsOfTest) -> None:
        self._clients = clients

    def __call__(self, app: ASGIApp, *, lifespan: bool = True, **options: Unpack[Options]) -> ManagedClient:
        return self._clients.make(app, lifespan=lifespan, **options)

    def __getattr__(self, name: str) -> NoReturn:
        raise _forgotten_call("bg_client", ManagedClient, name, f"client.{name}(...)")


class AsyncClientMaker:
    """What async_bg_client is: see pytest_plugin.AsyncBgClient."""

    def __init__(self, clients: ClientsOfTest) -> None:
        self._clients = clients

    def __call__(self, app: ASGIApp, *, lifespan: bool = True, **options: Unpack[Options]) -> ManagedAsyncClient:
        return self._clients.make_async(app, lifespan=lifespan, **options)

    def __getattr__(self, name: str) -> NoReturn:
        raise _forgotten_call("async_bg_client", ManagedAsyncClient, name, f"await client.{name}(...)")


def _forgotten_call(fixture: str, kind: type[Any], name: str, use: str) -> AttributeError:
    if name.startswith("_") or not hasattr(kind, name):
        return AttributeError(f"the fixture {fixture} has no attribute {name!r}")
    return AttributeError(
        f"{fixture}.{name}: {fixture} makes clients, and is none itself. Make one with your app, "
        f"`client = {fixture}(app)`, and use that: `{use}`."
    )
