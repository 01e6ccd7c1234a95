"""Run a command as a user without rights, also where Python lies in a folder of root's."""

import os
import subprocess
import sys
from pathlib import Path

import bgdemo

UID = 60_999

LAUNCHER = """
import os, sys
from bgdemo.grading.walls import mounts

folder, source, *command = sys.argv[1:]
mounts.open_the_way([sys.prefix, sys.base_prefix, source, folder])
os.setgroups([])
os.setresgid({uid}, {uid}, {uid})
os.setresuid({uid}, {uid}, {uid})
os.chdir(folder)
os.execv(sys.executable, [sys.executable, *command])
"""


def run_as_ordinary_user(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with these arguments in a folder, which becomes that user's; without root, as whoever one is."""
    source = Path(bgdemo.__file__).parents[1]
    if os.geteuid() != 0:
        return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, UID, UID, follow_symlinks=False)
    launcher = LAUNCHER.format(uid=UID)
    return subprocess.run(
        [sys.executable, "-c", launcher, str(folder), str(source), *command],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
