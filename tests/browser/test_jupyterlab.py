"""The copied course in JupyterLab, started by `bgdemo lab`."""

import pytest

from browser.application import JUPYTERLAB, Application
from browser.course_seen import CourseSeen


@pytest.fixture(scope="module")
def application() -> Application:
    return JUPYTERLAB


class TestJupyterLab(CourseSeen):
    pass
