"""The pytest plugin: clients as fixtures, which end with their test and leave nothing unseen.

pytest loads this module wherever bgdemo is installed, so it imports pytest and nothing else; what the fixtures need
is imported when a test asks for one of them.
"""

import contextlib
import inspect
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from bgdemo._compat import pytest as compat

if TYPE_CHECKING:
    from typing import Unpack

    from starlette.types import ASGIApp

    from bgdemo.client import AsyncTestClient, TestClient
    from bgdemo.client.options import Options
    from bgdemo.testing.fixtures import ClientsOfTest

_CLIENTS: pytest.StashKey["ClientsOfTest"] = pytest.StashKey()
_FIXTURES = {"bg_client", "async_bg_client"}
_CHOICES = {"clock": ("real", "simulated"), "mode": ("live", "fake")}
_MARKER = (
    "bgdemo(clock=None, mode=None): the clock ('real' or 'simulated') and the mode ('live', or 'fake': tasks are "
    "recorded and do not run) of the clients that bg_client and async_bg_client make."
)


class BgClient(Protocol):
    """What the fixture bg_client is: called with an app, it makes a TestClient that ends with the test."""

    def __call__(self, app: "ASGIApp", *, lifespan: bool = True, **options: "Unpack[Options]") -> "TestClient":
        """Make a client.

        Args:
            app: as for TestClient.
            lifespan: run the app's start-up now and its shutdown at the end, as `with TestClient(app)` does.
            options: as for TestClient. `clock` is "simulated" and `mode` is "live", unless the test's mark or the ini
                file say otherwise; what is said here wins.
        """
        ...


class AsyncBgClient(Protocol):
    """What the fixture async_bg_client is: called with an app, it makes an AsyncTestClient that ends with the test."""

    def __call__(self, app: "ASGIApp", *, lifespan: bool = True, **options: "Unpack[Options]") -> "AsyncTestClient":
        """Make a client that runs the app on the test's own event loop.

        Args:
            app: as for AsyncTestClient.
            lifespan: run the app's start-up before the first request, and its shutdown at the end of the test function.
            options: as for AsyncTestClient. `clock` is that of the event loop: "real", and "simulated" in a test that
                is marked so, which bgdemo runs on a loop of that clock.
        """
        ...


@pytest.fixture
def bg_client(request: pytest.FixtureRequest) -> Iterator[BgClient]:
    """Make TestClients, on the simulated clock, that end with the test: `client = bg_client(app)`."""
    from bgdemo.testing.makers import ClientMaker

    clients = _clients_of(request.node)
    yield ClientMaker(clients)
    clients.close()


@pytest.fixture
def async_bg_client(request: pytest.FixtureRequest) -> Iterator[AsyncBgClient]:
    """Make AsyncTestClients that end with the test: `client = async_bg_client(app)`, `await client.get("/")`."""
    from bgdemo.testing.makers import AsyncClientMaker

    clients = _clients_of(request.node)
    yield AsyncClientMaker(clients)
    clients.abandon()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("bgdemo_clock", "clock of the clients that bg_client and async_bg_client make: real or simulated")
    parser.addini("bgdemo_mode", "mode of these clients: live, or fake", default="live")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    for name, choices in _CHOICES.items():
        value = config.getini(f"bgdemo_{name}")
        if value and value not in choices:
            raise pytest.UsageError(f"bgdemo_{name} = {value}: it is {' or '.join(choices)}.")


def pytest_collection_finish(session: pytest.Session) -> None:
    # Before any test: what bgdemo finds in Starlette and in the standard library has to be the real thing.
    if any(not _FIXTURES.isdisjoint(compat.fixture_names(item)) for item in session.items):
        import bgdemo.testing.fixtures  # noqa: F401


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if _has_own_loop(item):
        for name, function in compat.fixture_functions(item).items():
            if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
                pytest.fail(
                    f"{item.name} runs on an event loop of the simulated clock, and its async fixture {name!r} on "
                    "another one: make the fixture an ordinary function, or leave the test on the real clock, "
                    "@pytest.mark.bgdemo(clock='real').",
                    pytrace=False,
                )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    __tracebackhide__ = True
    clients = item.stash.get(_CLIENTS, None)
    if clients is None:
        return (yield)
    with _ending_on_its_loop(item, clients):
        try:
            result = yield
        except BaseException as error:
            clients.drain(error)
            raise
    clients.drain(None)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    clients = item.stash.get(_CLIENTS, None)
    if clients is not None:
        if report.failed and (drawn := clients.drawn()):
            report.sections.append(("bgdemo timelines", drawn))
        if call.when == "teardown":
            del item.stash[_CLIENTS]
    return report


def _clients_of(item: pytest.Item) -> "ClientsOfTest":
    from bgdemo.testing.fixtures import ClientsOfTest

    if _CLIENTS not in item.stash:
        clock, mode = _choice(item, "clock"), _choice(item, "mode")
        item.stash[_CLIENTS] = ClientsOfTest(clock or None, mode, own_loop=_has_own_loop(item))
    return item.stash[_CLIENTS]


def _choice(item: pytest.Item, name: str) -> Any:
    """The clock or the mode that the closest mark names, or the ini file; empty if none does."""
    for mark in item.iter_markers("bgdemo"):
        wrong = [key for key, value in mark.kwargs.items() if value not in _CHOICES.get(key, ())]
        if mark.args or wrong:
            given = ", ".join([*map(repr, mark.args), *(f"{key}={mark.kwargs[key]!r}" for key in wrong)])
            wanted = "it takes clock='real' or 'simulated', and mode='live' or 'fake'"
            pytest.fail(f"@pytest.mark.bgdemo({given}): {wanted}.", pytrace=False)
        if name in mark.kwargs:
            return mark.kwargs[name]
    return item.config.getini(f"bgdemo_{name}")


def _has_own_loop(item: pytest.Item) -> bool:
    """True for an async test function that is to run on an event loop of a simulated clock."""
    if "async_bg_client" not in compat.fixture_names(item):
        return False
    return inspect.iscoroutinefunction(compat.function_of(item)) and _choice(item, "clock") == "simulated"


@contextlib.contextmanager
def _ending_on_its_loop(item: pytest.Item, clients: "ClientsOfTest") -> Iterator[None]:
    """Have an async test function end its clients itself: nobody else is on its event loop."""
    test = compat.function_of(item)
    if not isinstance(item, pytest.Function) or not inspect.iscoroutinefunction(test):
        yield
        return
    compat.call_instead(item, clients.around(test, awaited=item.get_closest_marker("asyncio") is not None))
    try:
        yield
    finally:
        compat.call_instead(item, test)
