"""One judge: a process that grades submissions one after another, and runs none of their code itself."""

import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bgdemo.errors import GradingError
from bgdemo.grading.judging.exam import Exam, ExamQuestion, load_exam
from bgdemo.grading.judging.sandbox import Sandbox
from bgdemo.grading.judging.scores import Score
from bgdemo.grading.judging.submitted import SubmittedAnswer, SubmittedFile, read_answers
from bgdemo.grading.judging.texts import Unreadable, display
from bgdemo.grading.judging.verdicts import score_answer
from bgdemo.grading.walls.limits import Limits, hide_memory
from bgdemo.record.log import describe


def grade(sandbox: Sandbox, limits: Limits, exam: Exam, files: Iterable[Path]) -> Iterator[Score]:
    """The scores of one submission, question by question.

    Args:
        sandbox: runs its code.
        limits: of the sandbox.
        exam: what is asked.
        files: what was handed in.
    """
    read: list[SubmittedFile] = []
    problems: list[str] = []
    for path in files:
        try:
            read.append(read_answers(path))
        except Unreadable as error:
            problems.append(f"{display(path.name)}: {error}")
        except Exception as error:
            problems.append(f"{display(path.name)}: it cannot be read: {describe(error)}.")
    for question in exam.questions:
        answer = _answer_to(question, read, exam)
        if answer is not None:
            yield score_answer(sandbox, limits, question, answer)
        elif problems:
            yield Score(question.name, 0.0, question.points, "unreadable", " ".join(problems))
        else:
            message = f"There is no answer that begins with `# bgdemo: {question.name}`."
            yield Score(question.name, 0.0, question.points, "missing", message)


def _answer_to(question: ExamQuestion, read: list[SubmittedFile], exam: Exam) -> SubmittedAnswer | None:
    found = (file.answer(question.name, names=question.names) for file in read)
    answer = next((answer for answer in found if answer is not None), None)
    if answer is None and len(exam.questions) == 1 and len(read) == 1 and not read[0].marked:
        return read[0].whole(question.name)
    return answer


def main() -> None:
    """Grade what comes as lines of JSON on standard input; the scores leave as lines on standard output."""
    hide_memory()
    signal.signal(signal.SIGTERM, _dismiss)
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever an exam prints is no score
    try:
        asked: dict[str, Any] = json.loads(sys.stdin.readline())
        limits = Limits(**asked["limits"])
        exam = load_exam(Path(asked["exam"]))
        with Sandbox(limits, map(Path, asked["hidden"])) as sandbox:
            _say(answers, {"ready": sandbox.landlock})
            for line in sys.stdin:
                files = [Path(name) for name in json.loads(line)]
                _say(answers, {"scores": [score.to_dict() for score in grade(sandbox, limits, exam, files)]})
    except GradingError as error:  # only ever this side's own: see rebuilt.py
        _say(answers, {"failed": str(error)})
    except _Dismissed:
        sys.exit(1)


class _Dismissed(KeyboardInterrupt):
    """Ends this judge by way of the sandbox's end; whatever catches what an app raises lets it pass."""


def _dismiss(*_: object) -> None:
    raise _Dismissed


def _say(answers: Any, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
