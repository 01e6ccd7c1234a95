"""A class is graded: points, messages, who is missing, what was misunderstood; again where it was interrupted."""

import csv
import json
import os
import tempfile
from pathlib import Path

import pytest

from bgdemo import exercises
from bgdemo.exercises.engine.code import load
from bgdemo.grading.judging import judges
from bgdemo.grading.judging.exam import load_exam
from bgdemo.grading.judging.grade import Grading, grade, journal_of
from bgdemo.grading.judging.journal import Journal
from bgdemo.grading.judging.judges import Judges
from bgdemo.grading.judging.scores import Row, Score
from bgdemo.grading.judging.submissions import find
from bgdemo.grading.judging.summary import summarize
from bgdemo.grading.judging.tables import write_csv
from bgdemo.grading.walls.limits import Limits
from grading.conftest import EXAM, MARKER, ROUTE, Class, graded, hand_in, write_exam

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]

QUESTIONS = (
    exercises.add_task.turn_the_route,
    exercises.use_cases.purchase,
    exercises.add_task.who_waits_for_whom,
    exercises.testing.catch_what_is_broken,
    exercises.parameter.mend_the_annotation.seeded(5),
)
"""An exercise with a file, a prediction, a test, and a variant, beside the first."""

FIVE = """\
from bgdemo import exercises
from bgdemo.grading import Question

questions = [
    Question(exercises.add_task.turn_the_route, points=4),
    Question(exercises.use_cases.purchase, points=5),
    Question(exercises.add_task.who_waits_for_whom, points=2),
    Question(exercises.testing.catch_what_is_broken, points=5),
    Question(exercises.parameter.mend_the_annotation.seeded(5), points=4),
]
"""


def script(*answers: str) -> str:
    return "\n".join(f"# bgdemo: {one.name}\n{text}" for one, text in zip(QUESTIONS, answers, strict=False))


def notebook(*answers: str) -> str:
    cells = ["from bgdemo import exercises\nfrom bgdemo import TestClient"]
    for one, text in zip(QUESTIONS, answers, strict=False):
        cells += [f"# bgdemo: {one.name}\n{text}", f"exercises.{one.subject}.{one.name}.check(app)", "1 / 0"]
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]}, ensure_ascii=False)


RIGHT = [one.answer for one in QUESTIONS]
WRONG = [one.wrong[1][0] for one in QUESTIONS]
STARTERS = [one.starter for one in QUESTIONS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("课程 one")
    (folder / "roster.csv").write_text(
        "学号,姓名\n1,王小明\n2,Ann\n3,李雷\n4,韩梅梅\n5,Bob\n6,=SUM(A1)\n", encoding="gb18030"
    )
    return folder


@pytest.fixture(scope="module")
def seen(folder: Path) -> Class:
    """A class of five questions."""
    files = {
        "1-王小明.py": script(*RIGHT),
        "2.ipynb": notebook(*WRONG),
        "李雷/第一题.py": script(*STARTERS[:2]),
        "李雷/第二题.ipynb": notebook(*RIGHT),
        "5.py": "print('hello')\n",
        "Bob.py": script(RIGHT[0]),
        "=stranger.py": script(*WRONG[:1]),
        "6.py": script(*STARTERS),
    }
    submissions = hand_in(folder / "作业", files)
    return Class(graded(folder, submissions, exam=FIVE, roster=folder / "roster.csv"))


def verdicts(row: Row) -> list[str]:
    return [score.verdict for score in row.scores]


def test_right_answers_have_all_points(seen: Class) -> None:
    row = seen.row("1-王小明.py")
    assert (row.id, row.name, row.points, row.note) == ("1", "王小明", 20.0, "")
    assert [(score.points, score.message) for score in row.scores] == [
        (points, one.notice) for points, one in zip((4, 5, 2, 5, 4), QUESTIONS, strict=True)
    ]


def test_wrong_answers_have_the_share_of_the_checks_that_they_pass(seen: Class) -> None:
    row = seen.row("2.ipynb")
    assert row.id == "2"
    for score, one, code in zip(row.scores, QUESTIONS, WRONG, strict=True):
        here = one.check(load(f"# bgdemo: {one.name}\n{code}"))  # the same verdict, by the same checks, in this process
        assert (score.verdict, score.message) == (here.kind, here.message)
        share = here.passed / here.checks if here.kind == "wrong" else 0
        assert score.points == round(score.out_of * share, 2)


def test_a_folder_is_one_submission_and_its_first_answer_counts(seen: Class) -> None:
    row = seen.row("李雷")
    assert (row.id, row.name) == ("3", "李雷")
    assert verdicts(row) == ["not attempted", "not attempted", "right", "right", "right"]
    assert row.points == 11.0


def test_starters_are_not_attempted(seen: Class) -> None:
    assert verdicts(seen.row("6.py")) == ["not attempted"] * 5
    assert seen.row("6.py").points == 0


def test_who_handed_in_nothing_is_missing(seen: Class) -> None:
    (row,) = (row for row in seen.graded.rows if row.id == "4")
    assert (row.name, row.file, row.note, row.points) == ("韩梅梅", "", "missing", 0)
    assert verdicts(row) == ["missing"] * 5


def test_a_file_without_markers_says_what_is_missing(seen: Class) -> None:
    assert seen.row("5.py").scores[1].message == "There is no answer that begins with `# bgdemo: purchase`."


def test_who_handed_in_twice_is_told_of(seen: Class) -> None:
    assert seen.row("5.py").note == "handed in more than once, also as Bob.py"
    assert seen.row("Bob.py").id == "5"


def test_who_is_not_on_the_roster_is_graded_and_named(seen: Class) -> None:
    row = seen.row("=stranger.py")
    assert (row.id, row.note, verdicts(row)[0]) == ("", "not on the roster", "wrong")
    assert seen.graded.summary.unknown == ("=stranger.py",)


def test_each_answer_has_the_time_that_it_took(seen: Class) -> None:
    assert all(0 < score.seconds < 10 for score in seen.row("1-王小明.py").scores)


def test_a_summary_counts_verdicts_and_misconceptions(seen: Class) -> None:
    summary = seen.graded.summary
    assert (summary.handed_in, summary.missing) == (7, ("韩梅梅 (4)",))
    assert summary.questions[0].verdicts == {"right": 2, "wrong": 2, "not attempted": 2, "missing": 1}
    assert summary.questions[0].mean == round((4 + 2.4 + 4 + 2.4) / 7, 2)
    first = summary.misconceptions[0]
    assert (first.question, first.students) == ("turn_the_route", 2)
    assert first.message.startswith("The receipt is sent twice")


def test_messages_that_differ_only_in_numbers_and_names_are_one_misconception(tmp_path: Path) -> None:
    exam = load_exam(write_exam(tmp_path))

    def row(message: str) -> Row:
        return Row("", "", "x.py", (Score("turn_the_route", 0, 4, "raised", message),))

    rows = [row("KeyError: 'a' (line 3: `x['a']`)"), row("KeyError: 'b' (line 9: `y['b']`)"), row("KeyError")]
    assert [one.students for one in summarize(exam, rows).misconceptions] == [2, 1]


def test_the_table_opens_in_a_spreadsheet_and_runs_nothing_there(seen: Class, folder: Path) -> None:
    content = (folder / "results.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5", "5", "6", ""]
    assert rows[0]["name"] == "王小明"
    assert (rows[0]["points"], rows[0]["out of"], rows[0]["purchase"]) == ("20.0", "20", "5.0")
    assert rows[0]["purchase: message"] == QUESTIONS[1].notice
    assert rows[6]["name"] == "'=SUM(A1)"
    assert (rows[7]["name"], rows[7]["file"]) == ("'=stranger", "'=stranger.py")


def test_the_json_has_all_that_is_known(seen: Class, folder: Path) -> None:
    data = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert [student["file"] for student in data["students"]] == [row.file for row in seen.graded.rows]
    score = data["students"][1]["scores"][0]
    assert (score["passed"], score["checks"], score["misconception"]) == (3, 5, "sent twice")
    assert data["summary"]["missing"] == ["韩梅梅 (4)"]
    assert data["questions"][4] == {"name": "mend_the_annotation", "points": 4}


def test_nothing_is_left_beside_the_results(seen: Class, folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "exam.py",
        "results.csv",
        "results.json",
        "roster.csv",
        "作业",
    ]


def test_text_that_no_file_can_hold_is_written_all_the_same(tmp_path: Path) -> None:
    row = Row("", "", "x.py", (Score("turn_the_route", 0, 4, "wrong", "half a character: \ud800"),))
    write_csv(tmp_path / "r.csv", load_exam(write_exam(tmp_path)), [row])
    assert "half a character: \\ud800" in (tmp_path / "r.csv").read_text(encoding="utf-8-sig")


# -- going on where it stopped


def test_what_is_graded_is_not_graded_again_after_an_interruption(tmp_path: Path, submissions: Path) -> None:
    hand_in(submissions, dict.fromkeys(("a.py", "b.py", "c.py"), MARKER + ROUTE.answer))
    grading = Grading(submissions, write_exam(tmp_path), tmp_path / "results.csv", jobs=1)

    def interrupt(done: int, total: int, last: str) -> None:
        if last == "b.py":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(grading, interrupt)
    assert journal_of(grading.out).exists()
    assert not grading.out.exists()
    (submissions / "a.py").write_text(MARKER + ROUTE.wrong[1][0], encoding="utf-8")
    told: list[tuple[int, int, str]] = []
    done = grade(grading, lambda *progress: told.append(progress))

    assert told == [(0, 3, ""), (1, 3, ""), (2, 3, "a.py"), (3, 3, "c.py")]
    assert done.taken_over == 1
    assert [row.scores[0].verdict for row in done.rows] == ["wrong", "right", "right"]
    assert not journal_of(grading.out).exists()


def test_a_journal_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path, submissions: Path) -> None:
    hand_in(submissions, {"a.py": "1", "b.py": "1"})
    one, other = find(submissions)
    path = tmp_path / "journal"
    scores = [Score("q", 1.0, 2.0, "wrong", "消息")]
    with Journal(path, "exam", Limits()) as journal:
        journal.record(one, scores)
        journal.record(other, scores)
    path.write_bytes(path.read_bytes()[:-10])
    assert Journal(path, "exam", Limits()).known(one) == scores
    assert Journal(path, "exam", Limits()).known(other) is None


def test_marks_of_another_exam_or_under_other_limits_are_not_taken_over(tmp_path: Path, submissions: Path) -> None:
    hand_in(submissions, {"a.py": "1"})
    (one,) = find(submissions)
    path = tmp_path / "journal"
    with Journal(path, "exam", Limits()) as journal:
        journal.record(one, [])
    assert Journal(path, "exam", Limits()).known(one) == []
    assert Journal(path, "another exam", Limits()).known(one) is None
    assert Journal(path, "exam", Limits(seconds=99)).known(one) is None
    with Journal(path, "another exam", Limits()):
        pass
    assert Journal(path, "exam", Limits()).known(one) is None


LOST = "The grader itself was lost over this submission: it {}. Look at it before you run it."


def test_a_judge_that_is_lost_is_replaced_and_only_its_submission_is_without_marks(
    tmp_path: Path, submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    hand_in(
        submissions,
        {
            "a.py": MARKER + ROUTE.answer,
            "b.py": MARKER + "import time\ntime.sleep(1000)\n",
            "c.py": MARKER + ROUTE.answer,
        },
    )
    path = write_exam(tmp_path)
    seen = {}
    with Judges(1, path, load_exam(path), Limits(seconds=20)) as staff:
        for submission, scores in staff.grade(find(submissions)):
            seen[submission.name] = scores[0].verdict, scores[0].message
            if submission.name == "a.py":
                (lost,) = staff.processes
                os.kill(lost, 9)
    assert seen == {
        "a.py": ("right", ROUTE.notice),
        "b.py": ("crashed", LOST.format("was killed by signal 9")),
        "c.py": ("right", ROUTE.notice),
    }
    assert not list(tmp_path.glob("bgdemo-*"))


STUCK = EXAM.replace(
    "questions = [",
    """from dataclasses import replace


def check(tried):
    while "stuck" in tried.responses[0].json():
        pass


ROUTE = exercises.add_task.turn_the_route
questions = [""",
).replace("Question(exercises.add_task.turn_the_route,", "Question(replace(ROUTE, checks=(*ROUTE.checks, check)),")


def test_a_judge_that_is_stuck_is_ended_and_only_its_submission_is_without_marks(
    tmp_path: Path, submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "PATIENCE", 6.0)
    stuck = ROUTE.answer.replace("return {", 'return {"stuck": True, ')
    hand_in(submissions, {"a.py": MARKER + ROUTE.answer, "b.py": MARKER + stuck, "c.py": MARKER + ROUTE.answer})
    rows = graded(tmp_path, submissions, exam=STUCK, limits=Limits(seconds=4)).rows
    assert [row.scores[0].verdict for row in rows] == ["right", "crashed", "right"]
    assert rows[1].scores[0].message == LOST.format("did not come to an end")


ENDS_THE_JUDGE = """
def check(tried):
    if "ends" in tried.responses[0].json():
        import os
        os._exit(3)
"""


def test_a_judge_that_ends_names_the_row_and_the_class_goes_on(tmp_path: Path, submissions: Path) -> None:
    ends = ROUTE.answer.replace("return {", 'return {"ends": True, ')
    hand_in(submissions, {"a.py": MARKER + ROUTE.answer, "b.py": MARKER + ends, "c.py": MARKER + ROUTE.answer})
    exam = STUCK.replace(STUCK[STUCK.index("def check") : STUCK.index("ROUTE =")], ENDS_THE_JUDGE)
    rows = graded(tmp_path, submissions, exam=exam).rows
    assert [row.scores[0].verdict for row in rows] == ["right", "crashed", "right"]
    assert rows[1].scores[0].message == LOST.format("ended with exit code 3")


def test_what_a_judge_had_begun_to_say_when_it_was_lost_is_not_taken_for_scores() -> None:
    assert judges._whole(b'{"scores": [{"question": "on') == {}


def test_judges_that_cannot_begin_are_not_hired_for_ever(
    tmp_path: Path, submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bgdemo.errors import GradingError

    hand_in(submissions, {"a.py": MARKER + ROUTE.answer})
    exam = load_exam(write_exam(tmp_path))
    monkeypatch.setattr(judges.sys, "executable", "/bin/false")
    with Judges(1, tmp_path / "exam.py", exam, Limits()) as staff:
        with pytest.raises(GradingError, match="No judge can begin here: the last one ended with exit code 1"):
            list(staff.grade(find(submissions)))
        assert len(staff.processes) == judges.STILLBORN + 1


def test_submissions_are_graded_side_by_side(
    tmp_path: Path, submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "PATIENCE", 1.0)  # with the judge of a.py, when all that is asked was seen
    hand_in(submissions, {"a.py": MARKER + "import time\ntime.sleep(1000)\n", "b.py": MARKER + ROUTE.answer})
    path = write_exam(tmp_path)
    with Judges(2, path, load_exam(path), Limits(seconds=100)) as staff:
        submission, scores = next(staff.grade(find(submissions)))
    assert (submission.name, scores[0].verdict) == ("b.py", "right")


def test_an_exam_that_cannot_be_loaded_by_a_judge_ends_the_grading(tmp_path: Path, submissions: Path) -> None:
    from bgdemo.errors import GradingError

    hand_in(submissions, {"a.py": MARKER + ROUTE.answer})
    exam = load_exam(write_exam(tmp_path))
    with pytest.raises(GradingError, match="cannot be read"), Judges(2, tmp_path / "gone.py", exam, Limits()) as staff:
        list(staff.grade(find(submissions)))


def test_a_question_alone_needs_no_marker(tmp_path: Path, submissions: Path) -> None:
    hand_in(submissions, {"a.py": ROUTE.answer, "b.py": ROUTE.starter, "c/x.py": "import os", "c/y.py": ROUTE.answer})
    rows = graded(tmp_path, submissions).rows
    assert [row.scores[0].verdict for row in rows] == ["right", "not attempted", "missing"]


def test_a_name_error_in_a_notebook_says_what_is_run(tmp_path: Path, submissions: Path) -> None:
    cells = [MARKER + "helper()", "def helper(): pass"]
    text = json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})
    hand_in(submissions, {"a.ipynb": text})
    (row,) = graded(tmp_path, submissions, exam=EXAM).rows
    assert row.scores[0].verdict == "raised"
    assert "name 'helper' is not defined" in row.scores[0].message
    assert row.scores[0].message.endswith(
        "Only cells that begin with `# bgdemo: turn_the_route`, and those before the first such line, are run."
    )
