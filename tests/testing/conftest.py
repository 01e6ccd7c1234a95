"""What the tests of the plugin share."""

import inspect

import fastapi  # noqa: F401 (pytester forgets what a run imports: half of a package must not stay behind)
import pytest

from testing.projects import HEAD, SHOP, WARNINGS, Run


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a test file in a project with the shop; other plugins are off unless they are named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(shop=SHOP)

    def run(code: str, *arguments: str, plugins: tuple[str, ...] = (), apart: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_shop=HEAD + inspect.cleandoc(code))
        named = [part for plugin in ("bgdemo", *plugins) for part in ("-p", plugin)]
        line = [*named, "--strict-markers", "--tb=short", "--color=no", *WARNINGS, *arguments]
        return pytester.runpytest_subprocess(*line) if apart else pytester.runpytest_inprocess(*line)

    return run
