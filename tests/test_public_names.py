"""The public names: each says what it is, with an example that runs."""

import doctest

import pytest

import bgdemo
from bgdemo.lessons import temporary_folder

FLAGS = doctest.ELLIPSIS


@pytest.mark.parametrize("name", ["bgdemo", *bgdemo.__all__])
def test_its_docstring_has_an_example_that_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    public = bgdemo if name == "bgdemo" else getattr(bgdemo, name)
    test = doctest.DocTestParser().get_doctest(public.__doc__ or "", {}, name, None, 0)
    assert test.examples, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    with temporary_folder():
        runner.run(test)
    assert runner.failures == 0, capsys.readouterr().out


def test_help_reads_as_a_page() -> None:
    words = (bgdemo.__doc__ or "").split()
    for name in ("TestClient", "Recorder", "Timeline", "assertions", "display", "guide", "BgdemoError"):
        assert any(word.strip(",;.:") == name for word in words), f"help(bgdemo) does not name {name}"
