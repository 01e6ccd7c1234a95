"""Where CI=true, a skipped test has failed unless its reason is on the list; and which tests `make test` leaves out."""

import runpy
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")

TESTS = """
import unittest

import pytest

ran = []

@pytest.mark.skip(reason="no time")
def test_is_marked(): ...

def test_skips_itself():
    pytest.skip("not today")

@pytest.fixture
def database():
    pytest.skip("no database")

def test_has_a_fixture_that_skips(database): ...

class TestOld(unittest.TestCase):
    @unittest.skip("too old")
    def test_it(self): ...

def test_lacks_a_package():
    pytest.importorskip("trio_of_another_name")

@pytest.mark.xfail
def test_is_expected_to_fail():
    assert False

@pytest.mark.skip(reason="not a git checkout")
def test_is_on_the_list(): ...

def test_passes(): ...
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with the conftest of these tests, and with tests that skip."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makepyfile(TESTS)
    return pytester


def test_on_a_machine_of_one_s_own_tests_may_be_skipped(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    project.runpytest_inprocess().assert_outcomes(skipped=6, xfailed=1, passed=1)


def test_where_ci_is_true_they_have_failed_unless_they_are_on_the_list(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=3, errors=2, skipped=1, xfailed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["Skipped: no database", "Where CI=true, that counts as failed: it is not in ALLOWED_SKIPS, tests/conftest.py."]
    )
    for reason in ("no time", "not today", "too old", "could not import 'trio_of_another_name': No module named *"):
        result.stdout.fnmatch_lines([f"Skipped: {reason}"])


def test_a_module_that_skips_itself_has_failed_too(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    project.makepyfile(test_other="import pytest\npytest.skip('no module', allow_module_level=True)")
    result = project.runpytest_inprocess("test_other.py")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["Skipped: no module", "Where CI=true, that counts as failed: *"])


PARTS = """
import pytest

order = []

@pytest.fixture
def redis(): ...

@pytest.mark.parametrize("number", [1, 2])
def test_of_python_alone(number):
    order.append("short")

def test_that_uses_a_broker(redis): ...

@pytest.mark.starts("a hostile class")
def test_that_says_what_it_starts(): ...

@pytest.mark.long
def test_that_takes_long():
    order.append("long")

def test_the_long_one_came_first():
    assert order[0] == "long"
"""


def test_what_uses_more_than_python_is_marked_and_what_takes_long_comes_first(project: pytest.Pytester) -> None:
    project.makepyfile(test_parts=PARTS)
    project.runpytest_inprocess("test_parts.py", "-m", "starts").assert_outcomes(passed=2, deselected=4)
    project.runpytest_inprocess("test_parts.py", "-m", "not starts").assert_outcomes(passed=4, deselected=2)


def test_each_fixture_that_starts_something_is_one_that_a_test_uses() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("*.py")]
    for fixture in runpy.run_path(str(CONFTEST))["STARTED_BY"]:
        assert sum(f"def {fixture}(" in text for text in texts) == 1 + (fixture == "redis"), fixture  # one is above


def test_each_allowed_reason_is_one_that_a_test_gives() -> None:
    allowed = runpy.run_path(str(CONFTEST))["ALLOWED_SKIPS"]
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("*.py")]
    elsewhere = {r"Skipping benchmark \(--benchmark-skip active\)", r"could not import 'trio'"}
    for pattern in set(allowed) - elsewhere:
        for reason in pattern.replace("\\", "").split("|"):
            assert sum(f'reason="{reason}' in text for text in texts), reason
    assert all(why for why in allowed.values())
