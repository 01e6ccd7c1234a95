"""The walls between the rooms: imports run one way, and heavy packages stay where they are used."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bgdemo

SOURCE = Path(bgdemo.__file__).parent
ROOMS = [
    # from the ground up: a room may import from the rooms before it
    ["errors", "timeline", "clock", "turnstile"],
    ["hooks", "printed", "log", "lessons", "asgi"],
    ["display"],
    ["recorder"],
    ["lifespan", "exchange"],
    ["session", "threads"],
    ["simulation"],
    ["transport", "websocket"],
    ["stock_websocket"],
    ["client"],
    ["questions", "exercises"],
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


def imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module is not None:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(name: str) -> str | None:
    """The room that `bgdemo.log.Log` or `bgdemo.hooks` is in; the package's own names are in __init__."""
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
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert sorted(bgdemo.__all__) == sorted(alias.name for node in imports for alias in node.names)
    assert all(isinstance(node, (ast.ImportFrom, ast.Expr, ast.Assign)) for node in tree.body)


def test_importing_the_package_imports_nothing_heavy_and_starts_no_thread() -> None:
    import subprocess

    code = (
        "import sys, threading, bgdemo\n"
        "print([name for name in ('IPython', 'pytest', 'uvicorn', 'typer', 'celery', 'starlette.testclient')"
        " if name in sys.modules], threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] 1"


def test_modules_and_functions_stay_small() -> None:
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        assert lines <= 320, f"{path.name} has {lines} lines: it holds two ideas"
