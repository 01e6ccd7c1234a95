"""Several judges side by side, each in a process of its own; one that is lost is replaced."""

import contextlib
import dataclasses
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from bgdemo.errors import GradingError
from bgdemo.grading.judging.exam import Exam, ExamQuestion
from bgdemo.grading.judging.scores import Score
from bgdemo.grading.judging.submissions import Submission
from bgdemo.grading.judging.temporary import HeldFolder
from bgdemo.grading.walls.limits import Limits

CHECK_LATE_EVERY = 1.0
"""Seconds between two looks for judges that are late."""

STILLBORN = 3
"""Judges that may be lost before they have begun."""

PATIENCE = 30.0
"""Real seconds that a judge may take to end, or for each answer beyond what that may take itself."""


class Judges:
    """Grades submissions in parallel; a context manager, at whose end all judges have ended.

    Args:
        count: how many at a time.
        path: the teacher's file.
        exam: what is in it.
        limits: for each answer.
        hidden: files and folders that no answer may read, wherever they lie.
    """

    def __init__(self, count: int, path: Path, exam: Exam, limits: Limits, hidden: Iterable[Path] = ()) -> None:
        first = {"exam": str(path.absolute()), "limits": dataclasses.asdict(limits)}
        self._first = json.dumps({**first, "hidden": [str(path.absolute()) for path in hidden]})
        self._patience = len(exam.questions) * (limits.seconds + PATIENCE)
        self._count = count
        self._exam = exam
        self._judges: list[_Judge] = []
        self._stillborn = 0
        self._folder = HeldFolder()

    def grade(self, submissions: Sequence[Submission]) -> Iterator[tuple[Submission, list[Score]]]:
        """Grade; each submission is given back with its scores as soon as it has them.

        Raises:
            GradingError: no judge can work here, or the exam cannot be loaded there.
        """
        waiting = list(reversed(submissions))
        with selectors.DefaultSelector() as selector:
            for _ in range(min(self._count, len(waiting))):
                self._hire(selector)
            while selector.get_map():
                for key, _ in selector.select(CHECK_LATE_EVERY):
                    judge: _Judge = key.data
                    scores = judge.hear()
                    if scores is not None and judge.submission is not None:
                        yield judge.submission, scores
                    elif judge.is_lost:
                        if judge.submission is not None:
                            how = judge.how_it_ended()
                            yield judge.submission, [_lost(question, how) for question in self._exam.questions]
                        else:
                            self._count_stillborn(judge)
                        self._hire(selector)
                    if waiting and not judge.is_lost:
                        judge.give(waiting.pop())
                    else:
                        selector.unregister(judge.output)
                        judge.dismiss()
                self._end_the_stuck()

    def _end_the_stuck(self) -> None:
        """End each judge that takes too long, over whatever it is; it is heard as lost then."""
        for judge in self._judges:
            if judge.is_late(self._patience):
                judge.kill()

    def _count_stillborn(self, judge: "_Judge") -> None:
        """One judge may be lost before its first submission, to a machine that is short of memory, say; not each."""
        self._stillborn += 1
        if self._stillborn > STILLBORN:
            raise GradingError(f"No judge can begin here: the last one {judge.how_it_ended()}; see above.")

    def _hire(self, selector: selectors.BaseSelector) -> None:
        judge = _Judge(self._first, self._folder.path)
        self._judges.append(judge)
        selector.register(judge.output, selectors.EVENT_READ, judge)

    @property
    def landlock(self) -> int | None:
        """The version of Landlock that the kernel speaks; None if there was nothing to run."""
        return next((judge.landlock for judge in self._judges if judge.landlock is not None), None)

    @property
    def processes(self) -> list[int]:
        """The ids of the judges' processes, those that were lost too."""
        return [judge.pid for judge in self._judges]

    def __enter__(self) -> "Judges":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for judge in self._judges:
            judge.end(is_done=kind is None)
        self._folder.close()


def _lost(question: ExamQuestion, how: str) -> Score:
    message = f"The grader itself was lost over this submission: it {how}. Look at it before you run it."
    return Score(question.name, 0.0, question.points, "crashed", message)


def _whole(line: bytes) -> dict[str, Any]:
    """What a judge has said; nothing if it was lost in the middle of it."""
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return answer


class _Judge:
    """One judge, and what it is working on."""

    def __init__(self, first: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bgdemo.grading.judging.judge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(folder)},  # so that nothing is left of one that is lost
            start_new_session=True,  # Ctrl-C is for the one who started it, who ends it in order
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None
        self.output = self._process.stdout
        self.submission: Submission | None = None
        """What it is working on, or was last."""
        self._since: float | None = None
        """When it was given that; None while it works on nothing."""
        self.is_lost = False
        self._was_late = False
        self.landlock: int | None = None
        """The version of Landlock that its kernel speaks; None until it is ready."""
        self._write(first)

    def hear(self) -> list[Score] | None:
        """What it has to say: scores; None if it is ready for the first submission, or lost."""
        line = self.output.readline()
        answer = _whole(line)
        if "failed" in answer:
            raise GradingError(answer["failed"])
        self.landlock = answer.get("ready", self.landlock)
        self.is_lost = not answer
        self._since = None
        return [Score(**score) for score in answer["scores"]] if "scores" in answer else None

    def how_it_ended(self) -> str:
        """What became of one that is lost, as the rest of a sentence."""
        if self._was_late:
            return "did not come to an end"
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return "said nothing more"
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def give(self, submission: Submission) -> None:
        """Let it grade this."""
        self.submission = submission
        self._since = time.monotonic()
        self._write(json.dumps([str(path.absolute()) for path in submission.files]))

    def is_late(self, patience: float) -> bool:
        """True if it has worked on one submission for longer than that."""
        return self._since is not None and time.monotonic() - self._since > patience

    def kill(self) -> None:
        """End it without its help: it takes too long."""
        self._was_late = True
        self._process.kill()

    def dismiss(self) -> None:
        """There is nothing more to do."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def end(self, *, is_done: bool) -> None:
        """Be sure that it is gone, and what it has started too; if all is not done, at once."""
        self.dismiss()
        try:
            self._process.wait(PATIENCE if is_done else 0)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()
        self.output.close()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # if it is gone, that will be heard
            self._process.stdin.write(line.encode("ascii") + b"\n")
            self._process.stdin.flush()
