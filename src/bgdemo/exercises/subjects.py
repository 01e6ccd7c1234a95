"""The library of exercises, one file each in library/<subject>/; nothing is loaded before somebody asks for it."""

import functools
import importlib
from collections.abc import Iterator
from pathlib import Path

from bgdemo.exercises.engine.exercise import AnyExercise

_LIBRARY = Path(__file__).parent / "library"


class Subject:
    """The exercises on one step of the course, by their names."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> AnyExercise:
        if name in self:
            return _load(self._name, name)
        raise AttributeError(f"exercises.{self._name} has no {name!r}; it has {', '.join(self)}")

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def __iter__(self) -> Iterator[str]:
        return iter(_names(_LIBRARY / self._name))

    def __dir__(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        return f"<exercises on {self._name}: {', '.join(self)}>"


def subjects() -> list[str]:
    """The names of all subjects."""
    return sorted(path.name for path in _LIBRARY.iterdir() if path.is_dir() and not path.name.startswith("_"))


def subject(name: str) -> Subject:
    """The exercises on one subject.

    Raises:
        KeyError: there are none.
    """
    if name not in subjects():
        raise KeyError(name)
    return Subject(name)


def all_exercises() -> list[AnyExercise]:
    """Every exercise, subject by subject."""
    return [_load(name, exercise) for name in subjects() for exercise in subject(name)]


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


@functools.cache
def _load(subject: str, name: str) -> AnyExercise:
    module = importlib.import_module(f"bgdemo.exercises.library.{subject}.{name}")
    exercise = module.exercise
    assert isinstance(exercise, AnyExercise)
    return exercise
