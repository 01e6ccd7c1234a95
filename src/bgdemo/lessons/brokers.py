"""Redis and RabbitMQ on this machine, for notebook 08 and for tests: on loopback, with their files in one folder.

What is installed is started, on a free port, without the configuration of the distribution, and ends with the
process that started it. Debian and Ubuntu have both: `apt-get install redis-server rabbitmq-server`.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from bgdemo.errors import QueueError

DEADLINE = 60.0
"""Seconds on the wall that a server may take to start."""

_DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's script in the path starts it for the whole machine, as another user; this one starts it for us."""

_GUARD = """
import os, shutil, signal, sys
sys.stdin.read()
os.killpg(int(sys.argv[1]), signal.SIGKILL)
shutil.rmtree(sys.argv[2], ignore_errors=True) if len(sys.argv) > 2 else None
"""
"""A process that waits for the end of this one, however it ends, and then ends the server."""


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class BrokerServer:
    """A server in a process group of its own.

    Args:
        folder: for its files, which stay when it ends; None for a temporary one.
    """

    package: ClassVar[str]
    """Debian's, which has it."""

    def __init__(self, folder: Path | None = None) -> None:
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="bgdemo-broker-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._processes: list[tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]] = []

    @property
    def url(self) -> str:
        """For a Queue."""
        raise NotImplementedError

    @property
    def groups(self) -> list[int]:
        """The process groups of what runs."""
        return [process.pid for process, _ in self._processes]

    @classmethod
    def is_installed(cls) -> bool:
        """Whether this machine has it, and can start it."""
        raise NotImplementedError

    def start(self) -> Self:
        """Start it, also once more after `kill`, and wait until it answers.

        Raises:
            QueueError: it does not; what it said is in the message.
        """
        raise NotImplementedError

    def kill(self) -> None:
        """End it at once, with all that it started, as a power cut would (kill -9)."""
        for process, guard in reversed(self._processes):
            guard.kill()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            for ended in (process, guard):
                ended.wait()
            if guard.stdin is not None:
                guard.stdin.close()
        self._processes.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

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
        leaves = [str(self.folder)] if self._temporary else []
        guard = [sys.executable, "-c", _GUARD, str(process.pid), *leaves]
        self._processes.append((process, subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)))

    def _wait_for(self, answer: bytes, *, to: bytes) -> None:
        deadline = time.monotonic() + DEADLINE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0) as connection:
                connection.sendall(to)
                if connection.recv(64).startswith(answer):
                    return
            if self._processes[-1][0].poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "output.txt").read_text(encoding="utf-8", errors="replace")[-2000:]
                self.kill()
                raise QueueError(f"{type(self).__name__} did not start. What it said:\n{said}")
            time.sleep(0.05)


class Redis(BrokerServer):
    """Redis.

    Args:
        folder: as for every server.
        appendonly: write each change to the disk before it is answered: without that its messages are in memory alone.
    """

    package = "redis-server"

    def __init__(self, folder: Path | None = None, *, appendonly: bool = True) -> None:
        super().__init__(folder)
        self._appendonly = appendonly

    @property
    def url(self) -> str:
        """For a Queue."""
        return f"redis://127.0.0.1:{self.port}/0"

    @classmethod
    def is_installed(cls) -> bool:
        """Whether this machine has it, and can start it."""
        return os.name == "posix" and shutil.which("redis-server") is not None and find_spec("redis") is not None

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        options = {"--bind": "127.0.0.1", "--port": str(self.port), "--dir": str(self.folder.absolute()), "--save": ""}
        if self._appendonly:
            options |= {"--appendonly": "yes", "--appendfsync": "always"}
        self._run(["redis-server", *(word for option in options.items() for word in option)])
        self._wait_for(b"+PONG", to=b"PING\r\n")
        return self


class RabbitMQ(BrokerServer):
    """RabbitMQ, with an epmd of its own; all its listeners, the one between nodes too, are on loopback."""

    package = "rabbitmq-server"

    @property
    def url(self) -> str:
        """For a Queue."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @classmethod
    def is_installed(cls) -> bool:
        """Whether this machine has it, and can start it."""
        return os.name == "posix" and cls._script() is not None and shutil.which("epmd") is not None

    def start(self) -> Self:
        """Start it, and wait until it answers; that takes some seconds."""
        names, between = str(free_port()), str(free_port())
        self._run(["epmd", "-address", "127.0.0.1", "-port", names])
        (self.folder / "plugins").write_text("[].\n", encoding="utf-8")
        none = str(self.folder / "none")
        self._run(
            [str(self._script())],
            HOME=str(self.folder),
            ERL_EPMD_ADDRESS="127.0.0.1",
            ERL_EPMD_PORT=names,
            RABBITMQ_NODENAME=f"bgdemo{self.port}@localhost",
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
            RABBITMQ_NODE_PORT=str(self.port),
            RABBITMQ_DIST_PORT=between,
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
            RABBITMQ_MNESIA_BASE=str(self.folder / "data"),
            RABBITMQ_LOG_BASE=str(self.folder / "log"),
            RABBITMQ_PID_FILE=str(self.folder / "pid"),
            RABBITMQ_CONFIG_FILE=none,
            RABBITMQ_ADVANCED_CONFIG_FILE=none,
            RABBITMQ_CONF_ENV_FILE=none,
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self.folder / "plugins"),
            RABBITMQ_GENERATED_CONFIG_DIR=str(self.folder / "generated"),
        )
        self._wait_for(b"\x01\x00\x00", to=b"AMQP\x00\x00\x09\x01")
        return self

    @staticmethod
    def _script() -> str | None:
        return str(_DEBIAN) if _DEBIAN.exists() else shutil.which("rabbitmq-server")
