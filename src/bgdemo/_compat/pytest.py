"""pytest: what a test is about to use, and the function that is called for it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from bgdemo._compat.borrowed import Borrowed

BORROWED = (
    Borrowed(
        "pytest.Function().fixturenames",
        needed_for="knowing which tests use bg_client and async_bg_client, before one of them runs",
        breaks_when="a test keeps the names of its fixtures elsewhere",
        then="an async test on a simulated clock is left to the plugin that runs async tests",
        has_fallback=True,
    ),
    Borrowed(
        "pytest.Function()._fixtureinfo",
        needed_for="naming an async fixture of a test that runs on a simulated clock",
        breaks_when="a test keeps its fixtures elsewhere",
        then="the test gets the fixture as its plugin leaves it, and fails by itself",
        has_fallback=True,
    ),
    Borrowed(
        "pytest.Function().obj",
        needed_for="ending the clients of an async test on its own event loop",
        breaks_when="a test calls another function than that",
        then="they are ended after the test, and what runs then is cancelled",
        has_fallback=True,
    ),
)


def fixture_names(item: Any) -> Collection[str]:
    """The names of all fixtures that a test uses; none if it says nothing of them."""
    names: Collection[str] = getattr(item, "fixturenames", ())
    return names


def fixture_functions(item: Any) -> Mapping[str, Callable[..., Any]]:
    """By name: the functions of these fixtures, as far as they are known."""
    known: Mapping[str, Sequence[Any]] = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return {name: definitions[-1].func for name, definitions in known.items()}


def function_of(item: Any) -> Any:
    """The function that is called for a test; None if it has none."""
    return getattr(item, "obj", None)


def call_instead(item: Any, function: Any) -> None:
    """Have another function called for a test."""
    item.obj = function
