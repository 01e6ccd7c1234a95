"""Real Redis and RabbitMQ servers for tests: on free loopback ports, in temporary folders, ended by their handles."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

DEADLINE = 60.0
"""Seconds that a server may take to start on a busy machine."""

RABBITMQ_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's own script at /usr/sbin starts it for the system, as another user: this one starts it for us."""


GUARD = "import os, signal, sys; sys.stdin.read(); os.killpg(int(sys.argv[1]), signal.SIGKILL)"
"""Python code of a process that outlives a killed test run just as long as it takes to kill a server."""


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Server:
    """A server in a process group of its own, with its files in a folder; what is killed can be started again.

    Attributes:
        package: Debian's, which has it.
    """

    package = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._processes: list[tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]] = []
        """Each with its guard, which ends it should this process be killed."""

    @property
    def url(self) -> str:
        """For a Queue."""
        raise NotImplementedError

    @classmethod
    def is_installed(cls) -> bool:
        """Whether this machine has it."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it answers."""
        raise NotImplementedError

    def kill(self) -> None:
        """End it at once, with all that it started, as a power cut would (kill -9); also what stopped by itself."""
        for process, guard in reversed(self._processes):
            guard.kill()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            for ended in (process, guard):
                ended.wait()
            assert guard.stdin is not None
            guard.stdin.close()
        self._processes.clear()

    def listens_at(self) -> list[str]:
        """The addresses that its processes accept connections at."""
        groups = [process.pid for process, _ in self._processes]
        ours = [one for one in psutil.process_iter() if _group(one.pid) in groups]
        return [at.laddr.ip for one in ours for at in one.net_connections("inet") if at.status == "LISTEN"]

    def pause(self, *, on: bool) -> None:
        """Let it hang, or go on: it still accepts connections, and answers nobody."""
        os.killpg(self._processes[-1][0].pid, signal.SIGSTOP if on else signal.SIGCONT)

    def _run(self, command: list[str], **environment: str) -> None:
        with (self.folder / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        guard = subprocess.Popen([sys.executable, "-c", GUARD, str(process.pid)], stdin=subprocess.PIPE)
        self._processes.append((process, guard))

    def _until_it_answers(self, hello: bytes, answer: bytes) -> None:
        deadline = time.monotonic() + DEADLINE
        while True:
            assert self._processes[-1][0].poll() is None, self._said()
            assert time.monotonic() < deadline, f"{self.url} does not answer: {self._said()}"
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    connection.sendall(hello)
                    if connection.recv(64).startswith(answer):
                        return
            except OSError:
                pass
            time.sleep(0.05)

    def _said(self) -> str:
        return (self.folder / "output.txt").read_text(encoding="utf-8", errors="replace")[-2000:]


def _group(process: int) -> int | None:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return None


class Redis(Server):
    """Redis, without the files that its distribution configures.

    Args:
        appendonly: write each change to the disk before it is answered.
    """

    package = "redis-server"

    def __init__(self, folder: Path, *, appendonly: bool = False) -> None:
        super().__init__(folder)
        self._appendonly = appendonly

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @classmethod
    def is_installed(cls) -> bool:
        return shutil.which("redis-server") is not None

    def start(self) -> None:
        options = {"--bind": "127.0.0.1", "--port": str(self.port), "--dir": str(self.folder), "--save": ""}
        if self._appendonly:
            options |= {"--appendonly": "yes", "--appendfsync": "always"}
        self._run(["redis-server", *(word for option in options.items() for word in option)])
        self._until_it_answers(b"PING\r\n", b"+PONG")


class RabbitMQ(Server):
    """RabbitMQ, unprivileged, with an epmd of its own; all its listeners, the one between nodes too, on loopback."""

    package = "rabbitmq-server"

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @classmethod
    def is_installed(cls) -> bool:
        return RABBITMQ_SCRIPT.exists()

    def start(self) -> None:
        names, between = free_port(), free_port()
        self._run(["epmd", "-address", "127.0.0.1", "-port", str(names)])
        (self.folder / "plugins").write_text("[].\n", encoding="utf-8")
        self._run(
            [str(RABBITMQ_SCRIPT)],
            HOME=str(self.folder),
            ERL_EPMD_ADDRESS="127.0.0.1",
            ERL_EPMD_PORT=str(names),
            RABBITMQ_NODENAME=f"bgdemo{self.port}@localhost",
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
            RABBITMQ_NODE_PORT=str(self.port),
            RABBITMQ_DIST_PORT=str(between),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
            RABBITMQ_MNESIA_BASE=str(self.folder / "data"),
            RABBITMQ_LOG_BASE=str(self.folder / "log"),
            RABBITMQ_PID_FILE=str(self.folder / "pid"),
            RABBITMQ_CONFIG_FILE=str(self.folder / "none"),
            RABBITMQ_ADVANCED_CONFIG_FILE=str(self.folder / "none"),
            RABBITMQ_CONF_ENV_FILE=str(self.folder / "none"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self.folder / "plugins"),
            RABBITMQ_GENERATED_CONFIG_DIR=str(self.folder / "generated"),
        )
        self._until_it_answers(b"AMQP\x00\x00\x09\x01", b"\x01\x00\x00")
