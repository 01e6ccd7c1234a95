"""The app that a command is to use: what names none is explained."""

import sys
from pathlib import Path

import pytest

from cli.conftest import SHOP, Run


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("shop", "'shop' does not say which app. Write module:app, as for uvicorn. Its apps: {apps}"),
        ("shop:ap", "shop has no 'ap'. Its apps: {apps}"),
        ("json:app", "json has no 'app'. It has no FastAPI or Starlette app at its top level; an app that a "
         "function makes needs --factory."),
        ("shop.py:app", "'shop.py:app' names a file. Name the module: shop:app"),
        ("sub/shop:app", "'sub/shop:app' names a file. Name the module: sub.shop:app"),
        (":app", "':app' names no module. Write module:app, as for uvicorn."),
        ("shp:app", "There is no module 'shp' in {here}, nor among what is installed for {python}. "
         "Run the command in the folder that holds it."),
        ("shop:number", "shop:number is no ASGI app, such as FastAPI(): it is a int."),
        ("shop:wsgi", "shop:wsgi takes two arguments, as WSGI apps do (Flask): an ASGI app takes three."),
        ("shop:make_app", "shop:make_app is called without arguments: if it makes the app, add --factory."),
    ],
)  # fmt: skip
def test_a_target_that_is_no_app_is_explained(bgdemo: Run, shop: Path, target: str, message: str) -> None:
    ran = bgdemo("trace", target, "GET /")
    expected = message.format(apps="shop:app, shop:starlette_app", here=shop, python=sys.executable)

    assert ran.code == 2
    assert ran.err == f"Error: {expected}\n"
    assert "start-up ran" not in ran.out


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("shop:number", "--factory: shop:number is a int, not a function that makes an app."),
        ("shop:wsgi", "--factory: shop:wsgi must be a function without arguments that makes the app."),
        ("shop:sleep_nothing", "shop has no 'sleep_nothing'. Its apps: shop:app, shop:starlette_app"),
    ],
)
def test_a_factory_that_is_none_is_explained(bgdemo: Run, shop: Path, target: str, message: str) -> None:
    ran = bgdemo("trace", target, "GET /", "--factory")

    assert (ran.code, ran.err) == (2, f"Error: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["broken:app"], "broken imports no_such_module_at_all, which is not installed for {python}."),
        (["raising:app"], "raising could not be imported: ZeroDivisionError: division by zero "
         "(raising.py, line 2, in <module>)"),
        (["shop:broken_factory", "--factory"], "shop:broken_factory could not make the app: RuntimeError: "
         "no database (shop.py, line {line}, in broken_factory)"),
    ],
)  # fmt: skip
def test_an_app_that_cannot_be_had_is_the_apps_failure(
    bgdemo: Run, shop: Path, arguments: list[str], message: str
) -> None:
    ran = bgdemo("trace", *arguments, "GET /")
    line = SHOP[: SHOP.index('raise RuntimeError("no')].count("\n") + 1

    assert (ran.code, ran.err) == (1, f"Error: {message.format(python=sys.executable, line=line)}\n")
