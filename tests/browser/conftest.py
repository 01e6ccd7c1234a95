"""The course as seen by eyes: a real browser, in which real Jupyter applications show the copied course."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from browser.application import Application, Server, copy_course, serve
from browser.page import ARGUMENTS, SIZE
from browser.seen import SeenNotebook
from course import NOTEBOOKS

pytest.register_assert_rewrite("browser.course_seen")

INSTALL = "Chromium is not installed. On Debian and Ubuntu: apt-get install chromium fonts-noto-cjk"
SEEN = [*NOTEBOOKS.glob("00_*.ipynb"), *sorted(NOTEBOOKS.glob("04_*.ipynb"))]
"""The notebooks that are run in a browser; test_rendered.py looks at all."""
FOLDER = "后台 任务/我的 课程"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    path = shutil.which("chromium")
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(INSTALL)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def new_page(chromium: Browser) -> Callable[[], Page]:
    """What opens a new window in a session of its own."""
    return lambda: chromium.new_context(viewport=SIZE).new_page()


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the screen are written: the folder that BGDEMO_SCREENSHOTS names, or a temporary one."""
    named = os.environ.get("BGDEMO_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def server(application: Application, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The application that the test module names, showing a fresh copy of the course."""
    folder = tmp_path_factory.mktemp("reader") / FOLDER
    copy_course(folder)
    with serve(application, folder, tmp_path_factory.mktemp("private")) as server:
        yield server


@pytest.fixture(scope="module")
def all_seen(server: Server, new_page: Callable[[], Page]) -> dict[Path, SeenNotebook]:
    """The notebooks after Run All Cells. They run side by side, since most of their time is real seconds of waiting."""
    opened = {original: SeenNotebook(new_page(), server, original) for original in SEEN}
    for notebook in opened.values():
        notebook.start()
    for notebook in opened.values():
        notebook.finish()
    return opened


@pytest.fixture(params=SEEN, ids=lambda path: path.stem)
def seen(request: pytest.FixtureRequest, all_seen: dict[Path, SeenNotebook]) -> SeenNotebook:
    """One notebook after Run All Cells."""
    return all_seen[request.param]
