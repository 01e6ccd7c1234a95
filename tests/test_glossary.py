"""The glossary has the course's terms, in both languages, and no notebook has too many new ones."""

import re
from pathlib import Path

import pytest

from course import SOURCES, build

GLOSSARY = Path(__file__).parents[1] / "GLOSSARY.md"
MOST_NEW_TERMS = 3
PROPER_NAMES = {"OpenAPI", "uvicorn", "WebSocket"}


def rows() -> list[list[str]]:
    """Term, Chinese, meaning and notebook of each."""
    table = GLOSSARY.read_text(encoding="utf-8").partition("|---|---|---|---|\n")[2]
    return [[cell.strip() for cell in line.strip("| \n").split("|")] for line in table.splitlines()]


def terms() -> set[str]:
    """All terms, in lower case, without what is in brackets."""
    return {re.sub(r" \(.*\)$", "", row[0]).removeprefix("to ").lower() for row in rows()}


def introduced(name: str) -> list[str]:
    """The terms that a notebook writes in bold, which it does where it explains them."""
    texts = [cell.source for cell in build.read(source(name)).cells if cell.cell_type == "markdown"]
    bold = [found.lower() for text in texts for found in re.findall(r"\*\*([^*\n]+)\*\*", text)]
    return [term for term in dict.fromkeys(bold) if term in terms()]


def source(name: str) -> Path:
    return next(path for path in SOURCES if path.stem == name)


def test_every_term_has_its_chinese_its_meaning_and_its_notebook() -> None:
    numbers = {path.name[:2] for path in SOURCES}
    for term, chinese, meaning, notebook in rows():
        assert re.search(r"[\u4e00-\u9fff]", chinese) or term in PROPER_NAMES, term
        assert len(meaning.split()) >= 4, term
        assert meaning.endswith("."), term
        assert notebook in numbers, term


def test_the_terms_are_in_order_and_each_is_there_once() -> None:
    listed = [row[0].removeprefix("to ").lower() for row in rows()]
    assert listed == sorted(set(listed))


@pytest.mark.parametrize("name", [path.stem for path in SOURCES])
def test_a_notebook_explains_three_new_terms_at_most(name: str) -> None:
    before = {term for path in SOURCES if path.stem < name for term in introduced(path.stem)}
    new = [term for term in introduced(name) if term not in before]
    assert len(new) <= MOST_NEW_TERMS, new


def test_the_words_of_the_api_that_a_learner_meets_are_in_it() -> None:
    assert terms() >= {"request", "response", "task", "added", "ended", "timeline", "drain"}
