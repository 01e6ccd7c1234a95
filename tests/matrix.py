"""Run the tests on every Python that is installed, with the newest and with the lowest direct dependencies.

`python tests/matrix.py [--lowest] [--no-tests] [pytest arguments]`; each combination gets an environment in .matrix/.
With --lowest only one: the newest Python that is installed, with the lowest dependencies. With --no-tests nothing is
run, and what is printed on standard output is the environments' folders: `make test VENV=...` takes one as it is.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13")
"""What the classifiers and environment.yml name. The next one comes here when its tests have run; tests/compat/ has the
names of 3.14 before that."""


def requirements() -> list[str]:
    """What pyproject.toml asks for directly, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    return [one for one in [*project["dependencies"], *extras] if not one.startswith("bgdemo")]


def lowest(requirement: str) -> str:
    """`name>=1.2; marker` as `name==1.2; marker`; pip takes 1.2 for 1.2.0."""
    return re.sub(r">=\s*([\w.]+)[^;]*", r"==\1", requirement)


def interpreter(version: str) -> str | None:
    """A working Python of that version, from PATH or from pyenv."""
    candidates = [shutil.which(f"python{version}")]
    candidates += [str(path) for path in Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for candidate in candidates:
        if candidate and subprocess.run([candidate, "-c", "import ensurepip"], capture_output=True).returncode == 0:
            return candidate
    return None


def environment(python: str, name: str, wanted: list[str]) -> Path:
    """The Python of a virtual environment with these requirements and this package."""
    folder = ROOT / ".matrix" / name
    bin_folder = folder / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(bin_folder / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *wanted], check=True)
    subprocess.run([*pip, "--no-deps", "--editable", str(ROOT)], check=True)
    (folder / "with-test").touch()  # for make, which would install the newest dependencies
    return bin_folder / "python"


def combinations(*, lowest_only: bool) -> list[tuple[str, str, str, list[str]]]:
    """Version, interpreter, level and requirements of each combination that can be made here."""
    found = []
    for version in VERSIONS:
        python = interpreter(version)
        if python is None:
            print(f"Python {version}: not installed here", file=sys.stderr)
            continue
        found.append((version, python, "lowest", [lowest(one) for one in requirements()]))
        found.append((version, python, "newest", requirements()))
    return found[-2:-1] if lowest_only else found


def main() -> int:
    """Run the combinations; the exit code is 1 if one of them failed."""
    arguments = [one for one in sys.argv[1:] if one not in ("--lowest", "--no-tests")]
    failed = []
    for version, python, level, wanted in combinations(lowest_only="--lowest" in sys.argv):
        name = f"{version}-{level}"
        print(f"Python {version}, {level} direct dependencies", file=sys.stderr)
        command = [str(environment(python, name, wanted)), "-m", "pytest", "--quiet", *arguments]
        if "--no-tests" in sys.argv:
            print(f".matrix/{name}", flush=True)
        elif subprocess.run(command, cwd=ROOT).returncode != 0:
            failed.append(name)
    if "--no-tests" in sys.argv:
        return 0
    print(f"Failed: {', '.join(failed)}" if failed else "All combinations passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
