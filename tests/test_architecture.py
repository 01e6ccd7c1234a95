"""The walls between the rooms: imports run one way, and heavy packages stay where they are used."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bgdemo

SOURCE = Path(bgdemo.__file__).parent
ROOMS = [
    # from the ground up: a room may import from the rooms before it
    ["errors", "timeline", "clock", "turnstile", "naming"],
    ["hooks", "printed", "log", "asgi"],
    ["display"],
    ["assertions"],
    ["watched_task", "elsewhere", "recorder"],
    ["lifespan", "exchange", "faked"],
    ["session", "threads"],
    ["simulation"],
    ["readers", "transport", "websocket"],
    ["stock_websocket", "shared"],
    ["client", "server"],
    ["queue", "advice"],
    ["lessons"],
    ["managed"],
    ["fixtures"],
    ["pytest_plugin"],
    ["questions", "blame"],
    ["exercises"],
    ["grading"],
    ["notebook"],
    ["cli", "__init__"],
    ["__main__"],
]
ONLY_IN = {"IPython": {"notebook"}, "pytest": {"pytest_plugin"}, "celery": {"queue"}, "typer": {"cli"}}
NEVER_AT_THE_TOP = {"uvicorn", "IPython", "jupyterlab", "nbformat", "celery"}
ALONE = {"timeline", "clock"}

FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}


def modules() -> list[tuple[str, ast.Module]]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        found.append((room, ast.parse(path.read_text(encoding="utf-8"))))
    return found


MODULES = modules()
each = pytest.mark.parametrize(("room", "tree"), MODULES, ids=[f"{at}-{room}" for at, (room, _) in enumerate(MODULES)])


UNIX_ONLY = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
NEEDS_UNIX = (
    *[f"bgdemo.grading.{name}" for name in ("inside.", "grading", "journal", "judge", "sandbox", "users", "verdicts")],
    "bgdemo.queue.files",
)
"""What is behind grading's refuse_elsewhere(), and the room that imports kombu, whose file locks are others there."""


def imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module is not None:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(name: str) -> str | None:
    """The room that `bgdemo.record.log.Log` or `bgdemo.record.hooks` is in; the package's own names are in __init__."""
    parts = name.split(".")
    if parts[0] != "bgdemo":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in FLOOR else "__init__"


def test_every_room_has_its_floor() -> None:
    assert {room for room, _ in MODULES} == set(FLOOR)


@each
def test_imports_run_one_way(room: str, tree: ast.Module) -> None:
    for node in ast.walk(tree):
        for name in imported(node):
            other = room_of(name)
            if other is None or other == room:
                continue
            assert room not in ALONE, f"{room} imports {name}"
            assert FLOOR[other] <= FLOOR[room], f"{room} imports {name}, which is above it"


@each
def test_heavy_packages_are_imported_where_they_are_used(room: str, tree: ast.Module) -> None:
    for node in tree.body:
        for name in imported(node):
            assert name.split(".")[0] not in NEVER_AT_THE_TOP, f"{room} imports {name} when it is imported"
    for node in ast.walk(tree):
        for name in imported(node):
            assert room in ONLY_IN.get(name.split(".")[0], {room}), f"{room} imports {name}"


def test_the_package_exports_what_it_names_and_nothing_else() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    (shown,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in shown.body if isinstance(node, ast.ImportFrom)]
    assert sorted(bgdemo.__all__) == sorted(alias.name for node in imports for alias in node.names)
    for node in imports:
        for alias in node.names:
            home = importlib.import_module(f"{node.module}")
            assert getattr(bgdemo, alias.name) is getattr(home, alias.name)
    assert set(bgdemo.__all__) <= set(dir(bgdemo))
    with pytest.raises(AttributeError, match="module 'bgdemo' has no attribute 'TestClients'"):
        bgdemo.TestClients  # noqa: B018


def imported_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has imported after this code."""
    code += "; import sys, threading; print(threading.active_count(), *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    threads, *names = done.stdout.split()
    assert threads == "1"
    return set(names)


def test_importing_the_clients_imports_nothing_heavy_and_starts_no_thread() -> None:
    names = imported_by("from bgdemo import TestClient, AsyncTestClient, Recorder, SimulatedClock, assertions")
    assert names >= {"starlette", "httpx"}
    assert not names & {"IPython", "pytest", "uvicorn", "typer", "celery"}
    assert "starlette.testclient" not in names


def test_importing_the_package_alone_imports_nothing() -> None:
    assert not imported_by("import bgdemo") & {"fastapi", "starlette", "httpx", "anyio", "asyncio", "dataclasses"}


def test_what_windows_does_not_have_is_imported_by_grading_alone() -> None:
    code = f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({UNIX_ONLY}))  # as if they were not there
import bgdemo, bgdemo.grading
for found in pkgutil.walk_packages(bgdemo.__path__, "bgdemo."):
    if not found.name.startswith({NEEDS_UNIX}) and not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_modules_and_functions_stay_small() -> None:
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        assert lines <= 320, f"{path.name} has {lines} lines: it holds two ideas"
