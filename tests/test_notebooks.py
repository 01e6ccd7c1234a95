"""Every notebook keeps the course's rules, as far as they can be counted. What each one claims is tested by itself."""

import re

import pytest

from course import SOURCES, build, code_cells, committed, source_of, tags, words_in
from fresh import ROOT

MOST_CODE_CELLS, MOST_WORDS_BETWEEN_RUNS, MOST_LINES = 15, 80, 10
WIDEST = 108
"""Characters of a line of code: all that JupyterLab shows in a window of 1280 pixels."""

each = pytest.mark.parametrize("name", [source.stem for source in SOURCES])


@each
def test_a_committed_notebook_has_the_cells_of_its_source(name: str) -> None:
    fresh = build.read(source_of(name))
    kept = [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in committed(name).cells]
    assert kept == [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in fresh.cells]


@each
def test_a_notebook_keeps_the_rules_that_can_be_counted(name: str) -> None:
    cells = [cell for cell in build.read(source_of(name)).cells if "colab" not in tags(cell)]
    words = 0
    assert len([cell for cell in cells if cell.cell_type == "code"]) <= MOST_CODE_CELLS
    for cell in cells[1:]:
        if cell.cell_type == "code":
            words = 0
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert max(map(len, lines)) <= WIDEST, cell.source
            assert len(lines) <= MOST_LINES or {"app", "exercise"} & set(tags(cell)), cell.source
        else:
            words += words_in(cell.source)
            assert words <= MOST_WORDS_BETWEEN_RUNS or cell is cells[-1] or "What you saw" in cell.source, cell.source
        assert "slideshow" in cell.metadata
    assert [cell.source.count("\n# ") + cell.source.startswith("# ") for cell in cells].count(1) >= 1
    assert sum(cell.source.startswith("# ") for cell in cells if cell.cell_type == "markdown") == 1


@each
def test_a_notebook_opens_with_the_article_s_heading_two_chinese_lines_objectives_and_minutes(name: str) -> None:
    opening = build.read(source_of(name)).cells[0].source
    assert "the article" in opening.lower()
    assert len([line for line in opening.splitlines() if len(re.findall(r"[\u4e00-\u9fff]", line)) > 10]) == 2
    for part in ("you will be able to", "minutes", "What differs from the article"):
        assert part in opening


@each
def test_a_notebook_takes_30_minutes_at_most_and_the_teacher_is_told_the_same(name: str) -> None:
    opening = build.read(source_of(name)).cells[0].source
    title, minutes = opening.partition("\n")[0].removeprefix("# "), re.search(r"\*\*Time:\*\* (\d+) minutes", opening)
    assert minutes is not None
    assert int(minutes.group(1)) <= (25 if name.startswith("04") else 30)
    teaching = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
    assert f"\n## Notebook {name[:2]}: {title} ({minutes.group(1)} minutes" in teaching


@each
def test_a_notebook_keeps_times_paths_and_versions_of_the_machine_out(name: str) -> None:
    text = source_of(name).with_suffix(".ipynb").read_text(encoding="utf-8")
    assert not re.search(r"/tmp/|/home/|/root/|127\.0\.0\.1|0x[0-9a-f]{6,}|\"version\"|iopub", text)


@each
def test_no_output_of_a_notebook_is_printed_strings_alone(name: str) -> None:
    pictures = [o for cell in code_cells(committed(name)) for o in cell.outputs if "image/svg+xml" in o.get("data", {})]
    assert pictures
