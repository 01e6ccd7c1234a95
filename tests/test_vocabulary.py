"""One word a concept: no two classes share a name, and no word that has been retired comes back as an identifier."""

import ast
from collections.abc import Iterator
from pathlib import Path

import bgdemo

SOURCE = Path(bgdemo.__file__).parent
WRITTEN_AS_A_LEARNER_WOULD = ("lessons/", "exercises/library/")
"""Apps of the course: each is read alone, so two of them may well have a class Session."""

RETIRED = {
    "manners": "behaviour",
    "elsewhere": "remote, or what it is",
    "let_go": "abandon",
    "shut_down": "close",
    "close_for_good": "close",
    "begin_closing": "expect_close",
    "stop_by_itself": "close_when",
    "settle": "drain",
    "cut_off": "cancel",
    "watched_task": "task",
    "faked": "fake_mode",
}
"""What a word is now; ends are drain, close, cancel and abandon."""

RETIRED_MODULES = {"printed": "stdout", "here": "what it is"}
"""Words that may name a value, but no file any more."""


def files() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith(WRITTEN_AS_A_LEARNER_WOULD):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def identifiers(tree: ast.Module) -> Iterator[str]:
    """Every name that the code gives or uses; not the words of its strings and comments."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name
            case ast.ImportFrom(module=str(module)):
                yield from module.split(".")
            case ast.alias(name=name):
                yield from name.split(".")


def test_no_two_classes_have_one_name() -> None:
    homes: dict[str, list[str]] = {}
    for file, tree in files():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(file)
    twice = {name: found for name, found in homes.items() if len(found) > 1}
    assert not twice, f"one name, two meanings: {twice}"


def test_no_retired_word_is_an_identifier() -> None:
    found = {
        f"{file}: {word}, which is {RETIRED[word]} now"
        for file, tree in files()
        for word in (name.strip("_") for name in identifiers(tree))
        if word in RETIRED
    }
    assert not found, "\n".join(sorted(found))


def test_no_file_or_folder_has_a_retired_name() -> None:
    retired = {**RETIRED, **RETIRED_MODULES}
    parts = {part for file, _ in files() for part in Path(file).with_suffix("").parts}
    assert not {part.strip("_") for part in parts} & set(retired)
