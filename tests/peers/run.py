"""Run FastAPI's and Starlette's own tests with bgdemo's TestClient in the place of the stock one: `make peers`.

Both packages carry their tests in their source distributions. Those of the installed versions are fetched with pip into
.peers, and run in a virtual environment of their own, with their own settings, three times: with Starlette's client,
with this package's and wait_for_tasks=True, and with this package's default manners. Whatever passes in the first run
passes in the others, but for the tests that the tables beside this file name, each with its reason.
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
from dataclasses import dataclass
from pathlib import Path

from comparison import Outcome, Outcomes, problems, ratio, read_table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".peers"
CLIENTS = {
    "stock": "Starlette's",
    "waiting": "bgdemo's, wait_for_tasks=True",
    "default": "bgdemo's",
}
LATE = 0.25
"""Seconds for which --late holds an app up."""
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


PEERS = (
    Peer("fastapi", "FastAPI", "all", "tests", ("tests", "-n", "auto", "--dist", "loadgroup", "-p", "no:sugar")),
    Peer("starlette", "Starlette", "full", "dev", ("tests",)),
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


def run(python: Path, peer: Peer, client: str, *, late: bool) -> Run:
    """Run all tests of a peer with one client.

    Raises:
        RuntimeError: pytest did not come to its end.
    """
    results = CACHE / f"{peer.name}-{client}.json"
    results.unlink(missing_ok=True)
    paths = [HERE / "inside", ROOT / "src", peer.folder / "docs_src"]
    settings = {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "BGDEMO_PEERS_CLIENT": client,
        "BGDEMO_PEERS_OUTCOMES": str(results),
        "BGDEMO_PEERS_LATE": str(LATE if late else 0.0),
    }
    # A failure is told in a line: to show its source, CPython 3.11 parses it, which goes wrong beside other threads.
    command = [str(python), "-m", "pytest", "-p", "peers_plugin", "-p", "no:cacheprovider", "--tb=line", "--quiet"]
    before, began = processor_seconds(), time.monotonic()
    done = subprocess.run(
        [*command, f"--timeout={TIMEOUT}", *peer.arguments],
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


def compare(python: Path, peer: Peer, *, late: bool) -> list[str]:
    """Run a peer's tests with each client, print the rows of the table, and return what is not as it should be."""
    found = []
    stock = None
    for client, title in CLIENTS.items():
        if late and client == "waiting":
            continue
        one = run(python, peer, client, late=late)
        excepted = read_table(HERE / f"{peer.name}.toml", client) if stock else {}
        print(row(peer, title, one, stock, len(excepted)), flush=True)
        if stock is None:
            stock = one
            print("".join(f"  fails, and is not compared: {test}\n" for test in failed(one)), end="", flush=True)
        else:
            wrong = problems(stock.outcomes, one.outcomes, excepted, late=late)
            found += [f"{peer.title}, {title}: {problem}" for problem in wrong]
    return found


def failed(run: Run) -> list[str]:
    return [test for test, outcome in run.outcomes.items() if outcome.how == "failed"]


def row(peer: Peer, title: str, run: Run, stock: Run | None, excepted: int) -> str:
    counts = f"{run.count('passed'):7} {run.count('failed'):7} {excepted:7}"
    times = f"{run.seconds:7.0f} s {run.processor_seconds:7.0f} s"
    compared = "" if stock is None else f"{ratio(stock.outcomes, run.outcomes):9.2f}"
    return f"{peer.title + ' ' + peer.version:17} {title:30}{counts}{times}{compared}"


def main() -> int:
    """Run the peers; the exit code is 1 if a test ended otherwise than its table says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="*", metavar="PEER", help="fastapi, starlette; both if none is named")
    parser.add_argument(
        "--late",
        action="store_true",
        help="hold apps up after each response, so that whatever a test does not wait for is missing",
    )
    arguments = parser.parse_args()
    for peer in PEERS:
        fetch(peer)
    python = environment()
    print(f"{'client':>24}{'':24} passed  failed   named  on the wall, processor    ratio", flush=True)
    found = []
    for peer in PEERS:
        if not arguments.peers or peer.name in arguments.peers:
            found += compare(python, peer, late=arguments.late)
    print("\n".join(["", *found, f"{len(found)} not as the tables say." if found else "All as the tables say."]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
