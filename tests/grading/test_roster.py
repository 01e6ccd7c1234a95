"""Who is in the class, and whose a file is."""

import unicodedata
from pathlib import Path

import pytest

from bgdemo.errors import GradingError
from bgdemo.grading.judging.roster import Student, read_roster, whose
from bgdemo.grading.judging.submissions import find

CLASS = [Student("2024001", "王小明"), Student("2024002", "Ann Smith"), Student("20240021", "Zoë Li"), Student("7", "")]


def roster(folder: Path, text: str, encoding: str = "utf-8") -> list[Student]:
    path = folder / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return read_roster(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("header", ["学号,姓名", "id,name", "ID,Name"])
def test_a_roster_is_read_as_spreadsheets_write_it(tmp_path: Path, header: str, encoding: str) -> None:
    assert roster(tmp_path, f"{header}\r\n2024001,王小明\r\n\r\n 7 , \r\n", encoding) == [CLASS[0], CLASS[3]]


def test_columns_may_stand_in_any_order_among_others(tmp_path: Path) -> None:
    assert roster(tmp_path, "group,name,id\n1,王小明,2024001\n") == [CLASS[0]]


def test_a_roster_without_a_header_has_ids_and_names(tmp_path: Path) -> None:
    assert roster(tmp_path, "2024001,王小明\n7\n") == [CLASS[0], CLASS[3]]


def test_who_has_no_id_goes_by_the_name(tmp_path: Path) -> None:
    assert roster(tmp_path, "name\nAnn\n") == [Student("Ann", "Ann")]


def test_a_roster_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="has two students 1"):
        roster(tmp_path, "id,name\n1,Ann\n1,Bob\n")
    with pytest.raises(GradingError, match="is empty"):
        roster(tmp_path, "\n\n")
    with pytest.raises(GradingError, match="cannot be read: No such file"):
        read_roster(tmp_path / "nothing.csv")
    (tmp_path / "r.csv").write_bytes(b"\xff\xff\xff")
    with pytest.raises(GradingError, match="no CSV file in UTF-8"):
        read_roster(tmp_path / "r.csv")


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("2024001.py", "2024001"),
        ("20240101-2024001-作业1.ipynb", "2024001"),
        ("王小明.py", "2024001"),
        ("第一次作业王小明最终版.ipynb", "2024001"),
        ("Ann_Smith_51234_assignsubmission_file_", "2024002"),
        ("ann smith (2).py", "2024002"),
        ("20240021.py", "20240021"),
        (unicodedata.normalize("NFD", "Zoë Li.py"), "20240021"),
        ("7", "7"),
        ("hw_7.py", "7"),
        ("17.py", None),
        ("2024001 2024002.py", None),
        ("2024001.tar", "2024001"),
        ("somebody.py", None),
    ],
)
def test_a_file_belongs_to_whom_its_name_names(name: str, id: str | None) -> None:
    student = whose(name, CLASS)
    assert (student and student.id) == id


def test_submissions_are_files_and_folders_in_the_order_of_their_names(submissions: Path) -> None:
    (submissions / "b.py").write_text("1", encoding="utf-8")
    (submissions / "a" / "deep").mkdir(parents=True)
    for name in ("a/two.ipynb", "a/deep/one.py", "a/.hidden.py", "a/readme.txt", ".DS_Store", "作业.docx"):
        (submissions / name).write_text("1", encoding="utf-8")
    (submissions / "__pycache__").mkdir()
    (submissions / "nothing").mkdir()
    (submissions / "exam.py").write_text("1", encoding="utf-8")
    found = find(submissions, but_not=frozenset({(submissions / "exam.py").resolve()}))
    assert [(one.name, [path.name for path in one.files]) for one in found] == [
        ("a", ["two.ipynb", "one.py"]),
        ("b.py", ["b.py"]),
        ("nothing", []),
        ("作业.docx", []),
    ]
    assert [one.problem for one in found if not one.files] == [
        "There is no .py and no .ipynb in this folder.",
        "A .docx cannot be graded: hand in .py or .ipynb.",
    ]


def test_where_nothing_was_handed_in_there_is_nothing_to_grade(submissions: Path) -> None:
    with pytest.raises(GradingError, match="There is nothing to grade in"):
        find(submissions)
    with pytest.raises(GradingError, match="cannot be read: No such file"):
        find(submissions / "elsewhere")
