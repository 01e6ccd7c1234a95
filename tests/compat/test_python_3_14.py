"""Python 3.14, as far as it can be had elsewhere: its names, on this Python; and what it says no to, in the sources."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bgdemo

SOURCE = Path(bgdemo.__file__).parent
TESTS = Path(__file__).parents[1]

DEPRECATED = {
    *("get_event_loop_policy", "set_event_loop_policy", "iscoroutinefunction", "get_event_loop"),
    *("AbstractEventLoopPolicy", "DefaultEventLoopPolicy", "get_child_watcher", "set_child_watcher"),
}
"""Of asyncio, from 3.14 on."""

ABOUT_THEM = {"asyncio_parts.py"}
"""A lesson that shows what nest_asyncio replaces, these among it."""


def test_nothing_asks_asyncio_for_what_is_deprecated_from_python_3_14_on() -> None:
    for path in SOURCE.rglob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        used = names & DEPRECATED - ({"iscoroutinefunction"} if "inspect." in path.read_text("utf-8") else set())
        assert not used or path.name in ABOUT_THEM, f"{path.name}: {used}"


def test_no_finally_ends_with_a_return() -> None:
    # Python 3.14 warns of it, and what was raised is lost.
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for last in node.finalbody if isinstance(node, ast.Try) else ():
                jumps = [one for one in ast.walk(last) if isinstance(one, (ast.Return, ast.Break, ast.Continue))]
                assert not jumps, f"{path.name}, line {last.lineno}"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this is Python 3.14")
def test_the_simulation_holds_with_the_names_of_python_3_14() -> None:
    tests = [f"simulation/{name}.py" for name in ("test_loop", "test_threads", "test_waits")]
    options = ["-p", "compat.python_3_14", "-p", "no:cacheprovider", "-q", "--timeout", "30"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
