"""The copied course in the application Jupyter Notebook 7."""

import pytest

from browser.application import NOTEBOOK_7, Application
from browser.course_seen import CourseSeen


@pytest.fixture(scope="module")
def application() -> Application:
    return NOTEBOOK_7


class TestNotebook7(CourseSeen):
    pass
