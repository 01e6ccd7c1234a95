"""`bgdemo doctor`: what the course needs, whether it is here, and the line that mends it."""

import importlib.metadata
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bgdemo.cli.terminal import Failed, encoding, plural, python_command

COURSE = "notebooks"
"""The extra without which the course cannot run; the others are for work on bgdemo, and for more than the course."""
PYTHON = (3, 11)
KERNEL_SECONDS = 60.0
"""How long a kernel may take to start on a busy machine."""

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(\[.*?\])?\s*(>=\s*(?P<lowest>[0-9.]+))?[^;]*(;.*extra\s*==\s*['\"](?P<extra>.+?)['\"])?"
)
_PLATFORM = re.compile(r"sys_platform\s*==\s*['\"](.+?)['\"]")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        what: what was looked at, and what was seen.
        mend: the line to type, or what to do, if it is not as it should be; None if all is well.
        needed: True if the course cannot run without it.
    """

    what: str
    mend: str | None = None
    needed: bool = True

    def __str__(self) -> str:
        if self.mend is None:
            return f"ok       {self.what}"
        return f"{'missing' if self.needed else 'optional'}  {self.what}\n         to mend it: {self.mend}"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of pyproject.toml's dependencies, as the installed package states it."""

    name: str
    lowest: str
    """The lowest version allowed; empty if any will do."""
    extra: str
    """Empty for what is always needed."""


def run() -> bool:
    """Look at everything and report it.

    Returns:
        True if the course can run here.
    """
    sound = True
    for finding in findings():
        print(finding, flush=True)
        sound = sound and (finding.mend is None or not finding.needed)
    print("\nThe course can run here." if sound else "\nThe course cannot run here yet.")
    return sound


def findings() -> Iterator[Finding]:
    """Look at one thing after another."""
    yield python_version(sys.version_info[:3])
    required = requirements(importlib.metadata.requires("bgdemo") or [])
    yield from packages([each for each in required if each.extra in ("", COURSE)])
    yield from other_extras(required)
    yield kernel()
    yield course()
    yield writable(Path.cwd())
    yield writable(Path(tempfile.gettempdir()))
    yield utf8(encoding())
    yield loopback()


def requirements(lines: list[str]) -> list[Requirement]:
    """Read the lines of a package's metadata, without those for other platforms and those about this package itself."""
    here = [line for line in lines if (only := _PLATFORM.search(line)) is None or only[1] == sys.platform]
    found = [match for line in here if (match := _REQUIREMENT.match(line))]
    read = [Requirement(each["name"], each["lowest"] or "", each["extra"] or "") for each in found]
    return [each for each in read if each.name != "bgdemo"]


def python_version(version: tuple[int, ...]) -> Finding:
    """Python itself."""
    seen = f"Python {'.'.join(map(str, version))}, {sys.executable}"
    lowest = ".".join(map(str, PYTHON))
    return Finding(
        seen, None if version >= PYTHON else f"install Python {lowest} or later, and make a new .venv with it"
    )


def packages(required: list[Requirement]) -> Iterator[Finding]:
    """One line for each package, and if several are not as they should be, one that mends them all."""
    yield from map(installed, required)
    wanting = [each for each in required if installed(each).mend is not None]
    if len(wanting) > 1:
        yield Finding(f"{len(wanting)} packages, as said above: all at once", pip_install(wanting))


def pip_install(required: list[Requirement]) -> str:
    """The line that installs packages."""
    wanted = [f'"{each.name}>={each.lowest}"' if each.lowest else each.name for each in required]
    return f"{python_command()} -m pip install {' '.join(wanted)}"


def installed(requirement: Requirement) -> Finding:
    """One package: is it here, and not too old?"""
    mend = pip_install([requirement])
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(f"{requirement.name}: not installed", mend)
    if _numbers(version) < _numbers(requirement.lowest):
        return Finding(f"{requirement.name} {version}: {requirement.lowest} or later is needed", mend)
    return Finding(f"{requirement.name} {version}")


def other_extras(required: list[Requirement]) -> Iterator[Finding]:
    """One line for each extra that the course does without."""
    for extra in dict.fromkeys(each.extra for each in required if each.extra not in ("", COURSE)):
        wanting = [each for each in required if each.extra == extra and installed(each).mend is not None]
        if not wanting:
            yield Finding(f"what the extra {extra!r} names")
            continue
        names = ", ".join(each.name for each in wanting)
        yield Finding(f"extra {extra!r}: without {names}", pip_install(wanting), needed=False)


def kernel() -> Finding:
    """Does Jupyter start a kernel, and is it this interpreter?"""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # as `bgdemo lab` does
    mend = f"{python_command()} -m ipykernel install --sys-prefix"
    try:
        seen = _kernel_prefix()
    except ImportError:
        return Finding("Jupyter kernel: ipykernel is not installed", f"{python_command()} -m pip install ipykernel")
    except Exception as error:
        return Finding(f"Jupyter kernel does not start: {error}", mend)
    if seen != sys.prefix:
        return Finding(f"Jupyter kernel python3 runs {seen}, not {sys.prefix}", mend)
    return Finding("Jupyter kernel runs with this Python")


def course() -> Finding:
    """Are the notebooks here?"""
    from bgdemo.cli.lab import notebooks

    try:
        return Finding(f"course: {plural(len(notebooks()), 'notebook')}")
    except Failed as error:
        return Finding(str(error), "install bgdemo again, from the whole archive")


def writable(folder: Path) -> Finding:
    """Can a file be made in this folder?"""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding(f"can write into {folder}")
    except OSError as error:
        return Finding(f"cannot write into {folder}: {error.strerror}", "cd into a folder of yours, and try there")


def utf8(name: str) -> Finding:
    """Does the terminal take box characters and Chinese?"""
    seen = f"terminal takes {name}"
    if name.lower().replace("-", "").replace("_", "") == "utf8":
        return Finding(seen)
    mend = '$env:PYTHONUTF8 = "1"   (cmd: set PYTHONUTF8=1)' if os.name == "nt" else "export PYTHONUTF8=1"
    return Finding(f"{seen}, not UTF-8: characters may come out wrong", mend, needed=False)


def loopback() -> Finding:
    """Can a server listen on 127.0.0.1, as JupyterLab and uvicorn do?"""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = server.getsockname()
            with socket.create_connection(address, timeout=5):
                return Finding("servers can be reached on 127.0.0.1")
    except OSError as error:
        return Finding(f"no server can be reached on 127.0.0.1: {error}", "let Python through this machine's firewall")


def _kernel_prefix() -> str:
    from jupyter_client.manager import start_new_kernel

    said: list[str] = []
    manager, client = start_new_kernel(KERNEL_SECONDS, "python3", stderr=subprocess.DEVNULL)
    try:
        client.execute_interactive(
            "import sys, bgdemo; print(sys.prefix)",
            timeout=KERNEL_SECONDS,
            output_hook=lambda message: said.append(_text(message["content"])),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(said).strip()


def _text(content: dict[str, str]) -> str:
    return content.get("text") or content.get("evalue") or ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.match(r"[0-9.]*", version)[0].strip(".").split(".") if number)  # type: ignore[index]
