"""The app that "my_module:app" names, imported from the current folder as uvicorn does it."""

import importlib
import inspect
import os
import sys
from types import ModuleType
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from bgdemo.cli.terminal import Failed, WrongUsage
from bgdemo.record.own_code import blame


def load(target: str, *, factory: bool = False) -> ASGIApp:
    """Import an app.

    Args:
        target: "module:attribute"; both may have dots.
        factory: the attribute is a function without arguments that makes the app.

    Raises:
        WrongUsage: there is no such module, no such attribute, or it is no ASGI app.
        Failed: the module, or the function that makes the app, raised.
    """
    module_name, colon, attribute = target.partition(":")
    if os.path.splitext(module_name)[1] == ".py" or os.sep in module_name or "/" in module_name:
        raise WrongUsage(f"{target!r} names a file. Name the module: {_as_module(module_name)}:{attribute or 'app'}")
    if not module_name:
        raise WrongUsage(f"{target!r} names no module. Write module:app, as for uvicorn.")
    module = _module(module_name)
    if not colon or not attribute:
        raise WrongUsage(f"{target!r} does not say which app. Write module:app, as for uvicorn.{_apps(module)}")
    found = _attribute(module, attribute)
    return _made(found, target) if factory else _checked(found, target)


def _module(name: str) -> ModuleType:
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if name != missing and not name.startswith(f"{missing}."):
            raise Failed(f"{name} imports {missing}, which is not installed for {sys.executable}.") from error
        raise WrongUsage(
            f"There is no module {missing!r} in {here}, nor among what is installed for {sys.executable}. "
            "Run the command in the folder that holds it."
        ) from error
    except (Exception, SystemExit) as error:
        raise Failed(f"{name} could not be imported: {blame(error)}") from error


def _attribute(module: ModuleType, path: str) -> Any:
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            raise WrongUsage(f"{module.__name__} has no {path!r}.{_apps(module)}")
        found = getattr(found, name)
    return found


def _apps(module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, Starlette)]
    if not names:
        return " It has no FastAPI or Starlette app at its top level; an app that a function makes needs --factory."
    return f" Its apps: {', '.join(f'{module.__name__}:{name}' for name in names)}"


def _made(factory: Any, target: str) -> ASGIApp:
    if not callable(factory):
        raise WrongUsage(f"--factory: {target} is a {type(factory).__name__}, not a function that makes an app.")
    if not _takes(factory, 0):
        raise WrongUsage(f"--factory: {target} must be a function without arguments that makes the app.")
    try:
        app = factory()
    except (Exception, SystemExit) as error:
        raise Failed(f"{target} could not make the app: {blame(error)}") from error
    return _checked(app, f"what {target}() returned")


def _checked(app: Any, what: str) -> ASGIApp:
    if not callable(app):
        raise WrongUsage(f"{what} is no ASGI app, such as FastAPI(): it is a {type(app).__name__}.")
    if isinstance(app, Starlette) or _takes(app, 3):
        return app  # type: ignore[no-any-return]
    if _takes(app, 2):
        raise WrongUsage(f"{what} takes two arguments, as WSGI apps do (Flask): an ASGI app takes three.")
    if _takes(app, 0):
        raise WrongUsage(f"{what} is called without arguments: if it makes the app, add --factory.")
    if not _takes(app, 1):
        raise WrongUsage(f"{what} is no ASGI app: it does not take (scope, receive, send).")
    return app  # type: ignore[no-any-return]


def _takes(function: Any, count: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # written in C, without a signature: the call will tell
        return True
    return True


def _as_module(path: str) -> str:
    return os.path.splitext(path)[0].replace("\\", "/").strip("./").replace("/", ".")
