"""`bgdemo doctor`: what the course needs, whether it is here, and the command that fixes it."""

import importlib.metadata
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from bgdemo.cli.terminal import Failed, encoding, plural, python_command

COURSE = "notebooks"
"""The extra without which the course cannot run; the others are for work on bgdemo, and for more than the course."""
PYTHON = (3, 11)
KERNEL_SECONDS = 60.0
"""How long a kernel may take to start on a busy machine."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        what: what was looked at, and what was seen.
        fix: the line to type, or what to do, if it is not as it should be; None if all is well.
        needed: True if the course cannot run without it.
    """

    what: str
    fix: str | None = None
    needed: bool = True

    def __str__(self) -> str:
        if self.fix is None:
            return f"ok       {self.what}"
        return f"{'missing' if self.needed else 'optional'}  {self.what}\n         to fix it: {self.fix}"


def run() -> bool:
    """Look at everything and report it.

    Returns:
        True if the course can run here.
    """
    sound = True
    for finding in findings():
        print(finding, flush=True)
        sound = sound and (finding.fix is None or not finding.needed)
    print("\nThe course can run here." if sound else "\nThe course cannot run here yet.")
    return sound


def findings() -> Iterator[Finding]:
    """Look at one thing after another."""
    yield python_version(sys.version_info[:3])
    about = importlib.metadata.metadata("bgdemo")
    required = requirements(about.get_all("Requires-Dist") or [], about.get_all("Provides-Extra") or [])
    yield from packages([*required.pop(""), *required.pop(COURSE, ())])
    yield from other_extras(required)
    yield kernel()
    yield course()
    yield writable(Path.cwd())
    yield writable(Path(tempfile.gettempdir()))
    yield utf8(encoding())
    yield loopback()


def requirements(lines: Iterable[str], extras: Iterable[str]) -> dict[str, list[Requirement]]:
    """Read what a package's metadata requires on this machine.

    Args:
        lines: of the metadata; those about this package itself are left out.
        extras: of the package, by name.

    Returns:
        The requirements of each extra; those that always hold are under "".
    """
    read = [requirement for line in lines if (requirement := Requirement(line)).name != "bgdemo"]
    always = [requirement for requirement in read if _applies(requirement, "")]
    found = {"": always}
    for extra in extras:
        found[extra] = [each for each in read if each not in always and _applies(each, extra)]
    return found


def python_version(version: tuple[int, ...]) -> Finding:
    """Python itself."""
    seen = f"Python {'.'.join(map(str, version))}, {sys.executable}"
    lowest = ".".join(map(str, PYTHON))
    return Finding(
        seen, None if version >= PYTHON else f"install Python {lowest} or later, and make a new .venv with it"
    )


def packages(required: list[Requirement]) -> Iterator[Finding]:
    """One line for each package, and if several are not as they should be, one command that fixes them all."""
    yield from map(installed, required)
    wanting = [each for each in required if installed(each).fix is not None]
    if len(wanting) > 1:
        yield Finding(f"{len(wanting)} packages, as said above: all at once", pip_install(wanting))


def pip_install(required: list[Requirement]) -> str:
    """The line that installs packages."""
    return f"{python_command()} -m pip install {' '.join(map(_quoted, required))}"


def installed(requirement: Requirement) -> Finding:
    """One package: is it here, and in a version that will do?"""
    fix = pip_install([requirement])
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(f"{requirement.name}: not installed", fix)
    if not requirement.specifier.contains(version, prereleases=True):
        return Finding(f"{requirement.name} {version}: {requirement.specifier} is needed", fix)
    return Finding(f"{requirement.name} {version}")


def other_extras(required: Mapping[str, list[Requirement]]) -> Iterator[Finding]:
    """One line for each extra that the course does without."""
    for extra, requirements_of_it in required.items():
        wanting = [each for each in requirements_of_it if installed(each).fix is not None]
        if not wanting:
            yield Finding(f"what the extra {extra!r} names")
            continue
        names = ", ".join(each.name for each in wanting)
        yield Finding(f"extra {extra!r}: without {names}", pip_install(wanting), needed=False)


def kernel() -> Finding:
    """Does Jupyter start a kernel, and is it this interpreter?"""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # as `bgdemo lab` does
    fix = f"{python_command()} -m ipykernel install --sys-prefix"
    try:
        seen = _kernel_prefix()
    except ImportError:
        return Finding("Jupyter kernel: ipykernel is not installed", f"{python_command()} -m pip install ipykernel")
    except Exception as error:
        return Finding(f"Jupyter kernel does not start: {error}", fix)
    if seen != sys.prefix:
        return Finding(f"Jupyter kernel python3 runs {seen}, not {sys.prefix}", fix)
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
    fix = '$env:PYTHONUTF8 = "1"   (cmd: set PYTHONUTF8=1)' if os.name == "nt" else "export PYTHONUTF8=1"
    return Finding(f"{seen}, not UTF-8: characters may come out wrong", fix, needed=False)


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


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _quoted(requirement: Requirement) -> str:
    """A requirement as one types it in a shell, without its marker."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    wanted = f"{requirement.name}{extras}{requirement.specifier}"
    return requirement.name if wanted == requirement.name else f'"{wanted}"'
