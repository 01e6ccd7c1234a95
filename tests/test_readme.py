"""What the documents show, runs."""

import re
from pathlib import Path

import pytest

from bgdemo import TestClient
from bgdemo.assertions import assert_added
from bgdemo.lessons import add_task
from course import build

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_of_the_readme_runs(block: str, pytester: pytest.Pytester) -> None:
    if "\ndef test_" not in block:
        exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
        return
    pytester.makepyfile(block)
    tests = block.count("\ndef test_")
    pytester.runpytest_inprocess("-p", "no:asyncio", "-W", "error").assert_outcomes(passed=tests)


def test_the_failure_that_the_readme_shows_is_what_is_said() -> None:
    with TestClient(add_task.app, clock="simulated") as client:
        client.post("/send_info", params={"email": "a@example.com"})
        with pytest.raises(AssertionError) as caught:
            assert_added(client.timeline, add_task.write_notification, args=("b@example.com",))
    assert f"```\n{caught.value}\n```" in README


def test_the_first_screen_is_a_sentence_the_picture_and_the_commands() -> None:
    first = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:10]
    assert first[0] == "# bgdemo"
    assert first[2].startswith("**Learn, test and watch")
    assert "](notebooks/picture.svg)" in first[4]
    assert [line.split("#")[0].strip() for line in first[7:10]] == ["$ make lab", "$ make test", "$ make demo"]


def test_the_picture_is_what_the_article_s_app_draws() -> None:
    assert (ROOT / "notebooks" / "picture.svg").read_text(encoding="utf-8") == build.picture()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "TEACHING.md", "CHANGELOG.md"])
def test_a_document_links_only_to_what_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", text):
        assert (ROOT / target).exists(), target
