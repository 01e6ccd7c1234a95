"""What the documents show, runs."""

import re
from pathlib import Path

import pytest

from test_notebooks import load_builder

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_of_the_readme_runs(block: str) -> None:
    exec(compile(block, "README.md", "exec"), {"__name__": "readme"})


def test_the_first_screen_is_a_sentence_the_picture_and_the_commands() -> None:
    first = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:10]
    assert first[0] == "# bgdemo"
    assert first[2].startswith("**Learn, test and watch")
    assert "](notebooks/picture.svg)" in first[4]
    assert [line.split("#")[0].strip() for line in first[7:10]] == ["$ make lab", "$ make test", "$ make demo"]


def test_the_picture_is_what_the_article_s_app_draws() -> None:
    assert (ROOT / "notebooks" / "picture.svg").read_text(encoding="utf-8") == load_builder().picture()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "TEACHING.md", "CHANGELOG.md"])
def test_a_document_links_only_to_what_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", text):
        assert (ROOT / target).exists(), target
