"""Row 13: the signatures that FastAPI refuses when the app is built, before any server or client."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.exceptions import FastAPIError
from starlette.background import BackgroundTask


def optional(background_tasks: BackgroundTasks | None) -> None: ...


def optional_with_default(background_tasks: BackgroundTasks | None = None) -> None: ...


def singular(background_task: BackgroundTask) -> None: ...


def depends(background_tasks: BackgroundTasks = Depends()) -> None: ...  # noqa: B008 - what is tested


def annotated_depends(background_tasks: Annotated[BackgroundTasks, Depends()]) -> None: ...


@pytest.mark.parametrize("route", [optional, optional_with_default, singular, depends, annotated_depends])
def test_a_wrong_signature_is_an_error_when_the_app_is_built(route: Callable[..., Any]) -> None:
    with pytest.raises((FastAPIError, AssertionError)):
        FastAPI().get("/")(route)
