"""The walls between the rooms: imports run one way, and heavy packages stay where they are used."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import bgdemo

SOURCE = Path(bgdemo.__file__).parent
CONTRIBUTING = SOURCE.parents[1] / "CONTRIBUTING.md"

MOST_ENTRIES, MOST_LINES = 24, 250
ONLY_IN = {
    "IPython": {"notebook", "_compat"}, "pytest": {"pytest_plugin"}, "celery": {"queue", "_compat"},
    "kombu": {"queue", "_compat"}, "typer": {"cli"},
}  # fmt: skip
NEVER_AT_THE_TOP = {"uvicorn", "IPython", "jupyterlab", "nbformat", "celery", "kombu"}
AT_THEIR_TOP = {"bgdemo._compat.kombu", "bgdemo.queue.broker.files"}
"""Celery loads the second one by its name, and only an embedded broker asks for it."""
COMPAT_ONLY_IN = {
    "anyio": {"simulation", "grading"}, "celery": {"queue"}, "ipython": {"record", "notebook"}, "kombu": {"queue"},
    "pytest": {"pytest_plugin"}, "rich": {"cli"}, "starlette_testclient": {"client"}, "uvicorn": {"server", "queue"},
}  # fmt: skip
"""Which rooms may borrow from a package: those that have the feature. The rest borrows nothing of it, loads nothing."""
ALONE = {"model", "errors"}


@dataclass(frozen=True)
class Module:
    """One file."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder or the file of the package that it is or lies in; "bgdemo" for the package itself."""
        return self.name.split(".")[1] if "." in self.name else self.name


def modules() -> dict[str, Module]:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ["bgdemo", *path.relative_to(SOURCE).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module is not None:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


MODULES = modules()
each = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)


def own(name: str) -> str | None:
    """The file that `bgdemo.record.log.Log` or `bgdemo.record.log` is in; None for other packages."""
    while name not in MODULES and "." in name:
        name = name.rpartition(".")[0]
    return name if name in MODULES else None


def arrows() -> dict[str, set[str]]:
    """Which files each file imports: at its top, in its functions, and for the type checker."""
    found: dict[str, set[str]] = {}
    for module in MODULES.values():
        names = {own(name) for node in ast.walk(module.tree) for name in imported(node)}
        found[module.name] = {name for name in names if name is not None and name != module.name}
    return found


def arrows_between_rooms() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {module.room: set() for module in MODULES.values()}
    for name, others in arrows().items():
        found[MODULES[name].room] |= {MODULES[other].room for other in others} - {MODULES[name].room}
    return found


def floors() -> list[list[str]]:
    """The rooms from the ground up: each stands on rooms of lower floors only."""
    sorter = TopologicalSorter(arrows_between_rooms())
    sorter.prepare()
    found = []
    while sorter.is_active():
        found.append(sorted(sorter.get_ready()))
        sorter.done(*found[-1])
    return found


def test_no_file_imports_one_that_imports_it() -> None:
    try:
        TopologicalSorter(arrows()).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


def test_imports_between_rooms_run_one_way() -> None:
    try:
        floors()
    except CycleError as error:
        pytest.fail(f"a circle of rooms: {' <- '.join(error.args[1])}")
    for room in ALONE:
        assert not arrows_between_rooms()[room], f"{room} imports something of the package"


def test_nothing_is_imported_by_its_name_at_run_time_but_what_cannot_be_written_down() -> None:
    allowed = {
        "bgdemo": "the public names, when they are first asked for",
        "bgdemo.queue.engine": "Celery is told by a string where its transport is",
        "bgdemo.exercises.subjects": "the library's files, of which nobody has a list",
        "bgdemo.grading.answer_process.warm": "packages that may not be installed",
    }
    for module in MODULES.values():
        calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)]
        if any(node.attr == "import_module" for node in calls):
            strings = [node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant)]
            own_names = [text for text in strings if isinstance(text, str) and own(text) not in (None, "bgdemo")]
            assert module.name in allowed or not own_names, f"{module.name} hides an import: {own_names}"


def test_contributing_draws_the_floors_as_they_are() -> None:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    drawn = text.partition("<!-- floors -->\n```\n")[2].partition("```")[0]
    width = max(len(", ".join(rooms)) for rooms in floors())
    expected = [f"{number:2}  {', '.join(rooms)}" for number, rooms in reversed(list(enumerate(floors())))]
    assert width <= 110
    assert drawn.splitlines() == expected, "\n".join(["The floors are now:", *expected])


def test_a_newcomer_can_take_the_house_in_at_a_glance() -> None:
    entries = [path.name for path in SOURCE.iterdir() if path.name != "__pycache__"]
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


def test_each_room_says_in_a_sentence_what_lives_there() -> None:
    for module in MODULES.values():
        if module.path.name == "__init__.py":
            words = ast.get_docstring(module.tree)
            assert words, f"{module.name} does not say what lives there"
            assert re.search(r"[.:]$", words.splitlines()[0]), f"{module.name} begins with no sentence: {words}"


@each
def test_heavy_packages_are_imported_where_they_are_used(module: Module) -> None:
    for node in module.tree.body:
        for name in imported(node) if module.name not in AT_THEIR_TOP else ():
            assert name.split(".")[0] not in NEVER_AT_THE_TOP, f"{module.name} imports {name} when it is imported"
            assert own(name) not in AT_THEIR_TOP, f"{module.name} imports {name} when it is imported"
    for node in ast.walk(module.tree):
        for name in imported(node):
            assert module.room in ONLY_IN.get(name.split(".")[0], {module.room}), f"{module.name} imports {name}"
            room, _, file = (own(name) or "").removeprefix("bgdemo.").partition(".")
            if room == "_compat":
                assert module.room in {"_compat", *COMPAT_ONLY_IN.get(file, {module.room})}, f"{module.name}: {name}"


def test_what_is_borrowed_knows_nothing_of_this_package_but_errors() -> None:
    assert arrows_between_rooms()["_compat"] <= {"errors"}


UNIX_ONLY = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
NEEDS_UNIX = (
    *[f"bgdemo.grading.{name}." for name in ("answer_process", "walls")],
    *[
        f"bgdemo.grading.judging.{name}"
        for name in ("grade", "journal", "judge", "sandbox", "temporary", "users", "verdicts")
    ],
    *AT_THEIR_TOP,
)
"""What is behind grading's refuse_elsewhere(), and what imports kombu, whose file locks are others there."""


def test_the_package_exports_what_it_names_and_nothing_else() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    (shown,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in shown.body if isinstance(node, ast.ImportFrom)]
    assert sorted(bgdemo.__all__) == sorted(alias.name for node in imports for alias in node.names)
    for node in imports:
        for alias in node.names:
            home = importlib.import_module(f"{node.module}")
            assert getattr(bgdemo, alias.name) is getattr(home, alias.name)
    assert dir(bgdemo) == sorted(bgdemo.__all__)
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
    assert not names & {"IPython", "pytest", "uvicorn", "typer", "celery", "kombu"}
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


def test_modules_stay_small() -> None:
    too_long = {}
    for module in MODULES.values():
        lines = len(module.path.read_text(encoding="utf-8").splitlines())
        if lines > MOST_LINES:
            too_long[module.name] = lines
    assert not too_long, f"these hold two ideas: {too_long}"
