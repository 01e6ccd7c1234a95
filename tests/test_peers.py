"""`make peers`: what it compares, what it finds, and how it puts this package's client in the stock one's place."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from peers.comparison import Excepted, Outcome, problems, ratios, read_table

PEERS = Path(__file__).parent / "peers"
PASSED = Outcome("passed", seconds=1.0)
FAILED = Outcome("failed", "ClientError: no trio\nand where", seconds=1.0)
TABLE = """
[[waiting]]
reason = "There is no trio."
error = "no trio"
tests = ["a[trio]"]

[[default]]
reason = "It counts on the task's end."
races = true
tests = ["b"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "table.toml"
    path.write_text(text, encoding="utf-8")
    return path


def found(stock: Outcome, own: Outcome | None, excepted: Excepted | None = None, *, late: bool = False) -> list[str]:
    table = {} if excepted is None else {"a": excepted}
    return list(problems({"a": stock}, {} if own is None else {"a": own}, table, late=late))


class TestTables:
    def test_what_holds_for_a_client_that_waits_holds_for_one_that_does_not(self, tmp_path: Path) -> None:
        path = written(tmp_path, TABLE)
        no_trio = Excepted("There is no trio.", "no trio")
        assert read_table(path, "waiting") == {"a[trio]": no_trio}
        assert read_table(path, "default") == {
            "a[trio]": no_trio,
            "b": Excepted("It counts on the task's end.", races=True),
        }

    def test_a_test_is_named_once(self, tmp_path: Path) -> None:
        path = written(tmp_path, TABLE.replace('"b"', '"a[trio]"'))
        with pytest.raises(ValueError, match=r"^table\.toml names a\[trio\] twice$"):
            read_table(path, "default")

    def test_a_reason_is_given(self, tmp_path: Path) -> None:
        path = written(tmp_path, TABLE.replace("There is no trio.", " "))
        with pytest.raises(ValueError, match=r"^table\.toml: a reason is missing, before a\[trio\]$"):
            read_table(path, "waiting")

    @pytest.mark.parametrize("client", ["waiting", "default"])
    @pytest.mark.parametrize("peer", ["fastapi", "starlette"])
    def test_those_that_are_committed_can_be_read(self, peer: str, client: str) -> None:
        for test in read_table(PEERS / f"{peer}.toml", client):
            assert test.startswith("tests/")
            assert "::" in test


class TestProblems:
    def test_a_test_that_passes_with_both_clients_is_none(self) -> None:
        assert found(PASSED, PASSED) == []

    def test_a_test_that_does_not_pass_with_the_stock_client_is_not_compared(self) -> None:
        assert found(FAILED, PASSED) == []
        assert found(Outcome("skipped"), FAILED) == []

    def test_a_test_that_no_longer_passes_is_one(self) -> None:
        assert found(PASSED, FAILED) == ["a: failed, and no table names it: ClientError: no trio"]
        assert found(PASSED, Outcome("skipped", "no time")) == ["a: skipped, and no table names it: no time"]
        assert found(PASSED, None) == ["a: not run, and no table names it: "]

    def test_a_test_that_fails_as_its_table_says_is_none(self) -> None:
        assert found(PASSED, FAILED, Excepted("no trio", "no trio")) == []

    def test_a_test_that_fails_otherwise_than_its_table_says_is_one(self) -> None:
        assert found(PASSED, FAILED, Excepted("", "no curio")) == [
            "a: failed, and not with 'no curio', as a table says: ClientError: no trio"
        ]

    def test_a_test_that_passes_again_is_one(self) -> None:
        wrong = ["a: passes, and a table says that it does not"]
        assert found(PASSED, PASSED, Excepted("")) == wrong
        assert found(PASSED, PASSED, Excepted(""), late=True) == wrong

    def test_a_test_that_races_may_pass_unless_the_app_is_held_up(self) -> None:
        races = Excepted("", races=True)
        assert found(PASSED, PASSED, races) == []
        assert found(PASSED, FAILED, races) == []
        assert found(PASSED, FAILED, races, late=True) == []
        assert found(PASSED, PASSED, races, late=True) == ["a: passes, and a table says that it does not"]

    def test_a_test_that_fails_rarely_may_always_pass(self) -> None:
        rarely = Excepted("", rarely=True)
        assert found(PASSED, PASSED, rarely) == []
        assert found(PASSED, FAILED, rarely, late=True) == []
        assert found(PASSED, PASSED, rarely, late=True) == []

    def test_a_table_that_names_what_does_not_pass_with_the_stock_client_is_one(self) -> None:
        wrong = ["a: a table names it, and with Starlette's client it does not pass"]
        assert found(FAILED, FAILED, Excepted("")) == wrong
        assert list(problems({}, {}, {"a": Excepted("")})) == wrong


def test_the_ratios_are_those_of_the_tests_that_pass_with_both_clients() -> None:
    stock = {
        "a": Outcome("passed", "", seconds=1.0, processor_seconds=0.25),
        "b": Outcome("passed", "", seconds=3.0, processor_seconds=0.25),
        "c": FAILED,
        "d": PASSED,
    }
    own = {
        "a": Outcome("passed", "", seconds=0.5, processor_seconds=0.5),
        "b": Outcome("passed", "", seconds=1.5, processor_seconds=0.25),
        "c": PASSED,
        "d": FAILED,
    }
    assert ratios(stock, own) == (0.5, 1.5)


def in_a_peers_python(*arguments: str, client: str, **variables: str) -> str:
    """Run Python as run.py has the peers' tests run."""
    settings = {"PYTHONPATH": str(PEERS / "inside"), "BGDEMO_PEERS_CLIENT": client, **variables}
    done = subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **settings}, capture_output=True, encoding="utf-8", check=False
    )
    return done.stdout + done.stderr


SHOW = """
import fastapi.testclient, starlette.testclient
client = starlette.testclient.TestClient(lambda: None)
assert fastapi.testclient.TestClient is starlette.testclient.TestClient
session = getattr(client, "_session", None)
print(type(client).__mro__[1].__module__, session and not session.behaviour.hands_over)
"""


@pytest.mark.parametrize(
    ("client", "shown"),
    [("stock", "httpx2"), ("waiting", "bgdemo.client.testclient True"), ("default", "bgdemo.client.testclient False")],
)
def test_the_client_is_put_in_the_stock_ones_place(client: str, shown: str) -> None:
    assert in_a_peers_python("-c", SHOW, client=client).startswith(shown)


def test_it_is_written_down_how_each_test_ended(tmp_path: Path) -> None:
    test = tmp_path / "test_app.py"
    test.write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_busy(): sum(range(100_000))\n"
        "def test_bad(): assert 1 == 2, 'bad'\n"
        "@pytest.mark.skip(reason='not here')\n"
        "def test_skipped(): pass\n"
        "@pytest.mark.xfail\n"
        "def test_known(): assert False\n"
        "@pytest.fixture\n"
        "def closed():\n"
        "    yield\n"
        "    raise ValueError('left open')\n"
        "def test_torn(closed): pass\n",
        encoding="utf-8",
    )
    outcomes = tmp_path / "outcomes.json"
    pytest_arguments = ["-m", "pytest", "-p", "peers_plugin", "--rootdir", str(tmp_path), str(test)]
    in_a_peers_python(*pytest_arguments, client="stock", BGDEMO_PEERS_OUTCOMES=str(outcomes))
    seen = json.loads(outcomes.read_text(encoding="utf-8"))
    assert {name.partition("::")[2]: (it["how"], it["said"].partition("\n")[0]) for name, it in seen.items()} == {
        "test_good": ("passed", ""),
        "test_busy": ("passed", ""),
        "test_bad": ("failed", "AssertionError: bad"),
        "test_skipped": ("skipped", f"('{test}', 5, 'Skipped: not here')"),
        "test_known": ("xfailed", "assert False"),
        "test_torn": ("failed", "ValueError: left open"),
    }
    assert all(it["seconds"] > 0 for it in seen.values())
    spent = {name.partition("::")[2]: it["processor_seconds"] for name, it in seen.items()}
    assert spent["test_busy"] > 0.0005
    assert spent["test_skipped"] == 0


TINY = """
import time
import pytest
from fastapi import FastAPI, BackgroundTasks
from fastapi.testclient import TestClient

done = []
app = FastAPI()

@app.get("/{seconds:int}")
def index(seconds: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(lambda: (time.sleep(seconds), done.append(seconds)))

def test_good(): assert TestClient(app).get("/docs").status_code == 200
def test_quick(): TestClient(app).get("/0"); assert done.count(0)
def test_slow(): TestClient(app).get("/1"); assert done.count(1)
def test_bad(): assert TestClient(app) is None
def test_stock(): assert TestClient.__mro__[1].__module__ != "bgdemo.client.testclient"
"""


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[ModuleType, Any]:
    """run.py, and a peer with five tests."""
    monkeypatch.syspath_prepend(str(PEERS))
    run = importlib.import_module("run")
    monkeypatch.setattr(run, "CACHE", tmp_path)
    monkeypatch.setattr(run, "LATE", 5.0)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take a second to load

    class Tiny(run.Peer):  # type: ignore[misc,name-defined]
        version = "1"
        table = tmp_path / "tiny.toml"

    peer = Tiny("tiny", "Tiny", "", "", ("-p", "pytest_timeout"))
    (peer.folder / "tests").mkdir(parents=True)
    (peer.folder / "tests" / "test_tiny.py").write_text(TINY, encoding="utf-8")
    return run, peer


def test_what_differs_is_found_unless_the_table_names_it(
    tiny: tuple[ModuleType, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run, peer = tiny
    peer.table.write_text(
        """
        [[waiting]]
        reason = "It is about the stock client itself."
        tests = ["tests/test_tiny.py::test_stock"]

        [[default]]
        reason = "It counts on the task's end."
        races = true
        tests = ["tests/test_tiny.py::test_quick", "tests/test_tiny.py::test_good"]
        """,
        encoding="utf-8",
    )
    assert [
        line.partition("test_tiny.py::")[::2] for line in run.compare(Path(sys.executable), peer, all_late=False)
    ] == [
        ("Tiny, default: tests/", "test_slow: failed, and no table names it: assert 0"),
        ("Tiny, late: tests/", "test_good: passes, and a table says that it does not"),
    ]
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    rows = [" ".join(line[2:6]) for line in shown if line[0] == "Tiny"]
    assert rows[0].startswith("Starlette's 4 1 ")  # passed, failed
    assert rows[1] == "bgdemo's, wait_for_tasks=True 3 2"
    assert len(rows) == 4
    assert ["fails,", "and", "is", "not", "compared:", "tests/test_tiny.py::test_bad"] in shown
