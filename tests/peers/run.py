"""Run FastAPI's and Starlette's own tests with bgdemo's TestClient in the place of the stock one: `make peers`.

Both packages carry their tests in their source distributions. Those of the installed versions are fetched with pip into
.peers, and run in a virtual environment of their own, with their own settings, three times: with Starlette's client,
with this package's and wait_for_tasks=True, and with this package's as it is by default. What passes in the first run
passes in the others, but for the tests that the tables beside this file name, each with its reason. Some of these race:
they pass where the app happens to be faster than the test. They are run once more, with an app that is held up.
"""

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from comparison import Outcome, Outcomes, problems, ratios, read_table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".peers"
TITLES = {
    "stock": "Starlette's",
    "waiting": "bgdemo's, wait_for_tasks=True",
    "default": "bgdemo's",
    "late": "bgdemo's, the app held up",
}
"""Of the four runs."""
LATE = 0.5
"""Seconds for which an app is held up after each response."""
TIMEOUT = 20
"""Seconds on the wall after which a test that hangs fails, as FastAPI's own settings have it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A package whose tests are run."""

    name: str
    title: str
    extra: str
    """What installs all that it can be used with."""
    group: str
    """The dependency group that its tests need."""
    arguments: tuple[str, ...]
    """For pytest, as its own scripts call it."""

    @property
    def version(self) -> str:
        return importlib.metadata.version(self.name)

    @property
    def folder(self) -> Path:
        """Its source distribution, unpacked."""
        return CACHE / f"{self.name}-{self.version}"

    @property
    def table(self) -> Path:
        """The tests that are excepted, and why."""
        return HERE / f"{self.name}.toml"


PEERS = (
    Peer("fastapi", "FastAPI", "all", "tests", ("-n", "auto", "--dist", "loadgroup", "-p", "no:sugar")),
    Peer("starlette", "Starlette", "full", "dev", ()),
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a peer's tests."""

    outcomes: Outcomes
    seconds: float
    processor_seconds: float

    def count(self, how: str) -> int:
        return sum(1 for outcome in self.outcomes.values() if outcome.how == how)


def fetch(peer: Peer) -> None:
    """Have pip fetch a source distribution, and unpack it, unless that was done."""
    if peer.folder.exists():
        return
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        wanted = ["--no-deps", "--no-binary", peer.name, "--dest", folder, f"{peer.name}=={peer.version}"]
        pip(Path(sys.executable), "download", *wanted)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
        (Path(folder) / peer.folder.name).rename(peer.folder)


def environment() -> Path:
    """The Python of a virtual environment with the peers and all that their tests need, made unless it was made."""
    folder = CACHE / "venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], "httpx[zstd]>=0.28"]  # httpx2[zstd] is what Starlette's tests expect
    for peer in PEERS:
        wanted.append(f"{peer.name}[{peer.extra}]=={peer.version}")
        wanted += ["--group", f"{peer.folder.relative_to(ROOT).as_posix()}/pyproject.toml:{peer.group}"]
    stamp = folder / "has.json"
    if not stamp.exists() or json.loads(stamp.read_text(encoding="utf-8")) != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip(python, "install", "--upgrade", "pip>=25.1")  # the first with --group
        pip(python, "install", *wanted)
        stamp.write_text(json.dumps(wanted), encoding="utf-8")
    return python


def pip(python: Path, command: str, *arguments: str) -> None:
    subprocess.run(
        [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", command, *arguments], cwd=ROOT, check=True
    )


def run(python: Path, peer: Peer, name: str, tests: Collection[str] = ("tests",)) -> Run:
    """Run tests of a peer.

    Args:
        python: has the peer, and all that its tests need.
        peer: whose tests are run.
        name: of the run, which says the client.
        tests: files, folders or ids; all if none are named.

    Raises:
        RuntimeError: pytest did not come to its end.
    """
    results = CACHE / f"{peer.name}-{name}.json"
    results.unlink(missing_ok=True)
    paths = [HERE / "inside", ROOT / "src", peer.folder / "docs_src"]
    settings = {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "BGDEMO_PEERS_CLIENT": "default" if name == "late" else name,
        "BGDEMO_PEERS_OUTCOMES": str(results),
        "BGDEMO_PEERS_LATE": str(LATE if name == "late" else 0.0),
    }
    # A failure is told in a line: to show its source, CPython 3.11 parses it, which goes wrong beside other threads.
    command = [str(python), "-m", "pytest", "-p", "peers_plugin", "-p", "no:cacheprovider", "--tb=line", "--quiet"]
    before, began = processor_seconds(), time.monotonic()
    done = subprocess.run(
        [*command, f"--timeout={TIMEOUT}", *peer.arguments, *tests],
        cwd=peer.folder,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    seconds = time.monotonic() - began
    if done.returncode not in (0, 1) or not results.exists():
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout[-5000:]}")
    outcomes = json.loads(results.read_text(encoding="utf-8"))
    return Run({test: Outcome(**it) for test, it in outcomes.items()}, seconds, processor_seconds() - before)


def processor_seconds() -> float:
    """Seconds on a processor of all processes that this one has waited for; 0 where the system does not tell."""
    times = os.times()
    return times.children_user + times.children_system


def compare(python: Path, peer: Peer, *, all_late: bool) -> Iterator[str]:
    """Run a peer's tests with each client, print the rows of the table, and yield what is not as it should be.

    Args:
        python: has the peer, and all that its tests need.
        peer: whose tests are run.
        all_late: run all tests, and not just those that are known to race, with an app that is held up.
    """
    stock = run(python, peer, "stock")
    print(row(peer, "stock", stock), flush=True)
    print("".join(f"  fails, and is not compared: {test}\n" for test in failed(stock)), end="", flush=True)
    for name in ("waiting", "default"):
        table = read_table(peer.table, name)
        own = run(python, peer, name)
        wall, processor = ratios(stock.outcomes, own.outcomes)
        print(row(peer, name, own, f"{len(table):7} {wall:7.2f} {processor:7.2f}"), flush=True)
        yield from (f"{peer.title}, {name}: {line}" for line in problems(stock.outcomes, own.outcomes, table))
    racing = table if all_late else {test: excepted for test, excepted in table.items() if excepted.races}
    if racing or all_late:
        late = run(python, peer, "late", ("tests",) if all_late else racing)
        print(row(peer, "late", late, f"{len(racing):7}"), flush=True)
        compared = {test: it for test, it in stock.outcomes.items() if all_late or test in racing}
        yield from (f"{peer.title}, late: {line}" for line in problems(compared, late.outcomes, racing, late=True))


def failed(run: Run) -> list[str]:
    return [test for test, outcome in run.outcomes.items() if outcome.how == "failed"]


def row(peer: Peer, name: str, run: Run, compared: str = "") -> str:
    counts = f"{run.count('passed'):7} {run.count('failed'):7}"
    times = f"{run.seconds:7.0f} s {run.processor_seconds:7.0f} s"
    return f"{peer.title + ' ' + peer.version:17} {TITLES[name]:30}{counts}{times} {compared}"


def main() -> int:
    """Run the peers; the exit code is 1 if a test ended otherwise than its table says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="*", metavar="PEER", help="fastapi, starlette; both if none is named")
    parser.add_argument(
        "--all-late",
        action="store_true",
        help="hold the app up in all tests: whatever then fails belongs into a table, for it might in another run",
    )
    arguments = parser.parse_args()
    for peer in PEERS:
        fetch(peer)
    python = environment()
    print(f"{'':17} {'client':31} passed  failed  on the wall, processor   named   ratios", flush=True)
    found = []
    for peer in PEERS:
        if not arguments.peers or peer.name in arguments.peers:
            found += compare(python, peer, all_late=arguments.all_late)
    print("\n".join(["", *found, f"{len(found)} not as the tables say." if found else "All as the tables say."]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
