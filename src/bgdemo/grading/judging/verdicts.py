"""The verdict on one answer: run in a process of its own, judged here."""

import signal
import tempfile
from dataclasses import asdict

from bgdemo.errors import GradingError
from bgdemo.exercises import AnyExercise, Exercise, Verdict, WriteATest
from bgdemo.exercises.engine.code import remember
from bgdemo.exercises.engine.trial import Trial, follow
from bgdemo.grading.judging.answers import misconception, not_loaded, points, wanted
from bgdemo.grading.judging.exam import ExamQuestion
from bgdemo.grading.judging.remote import Link, RemoteClient
from bgdemo.grading.judging.sandbox import Ended, Sandbox
from bgdemo.grading.judging.scores import Score, ScoredAs
from bgdemo.grading.judging.submitted import SubmittedAnswer
from bgdemo.grading.protocol import wire
from bgdemo.grading.protocol.channel import ChannelClosed
from bgdemo.grading.protocol.files import FULL
from bgdemo.grading.protocol.wire import Tampered
from bgdemo.grading.walls.limits import Limits
from bgdemo.record.log import describe

LOADING = 0.5
"""The share of its time that an answer may take before it is asked anything."""


def score_answer(sandbox: Sandbox, limits: Limits, question: ExamQuestion, answer: SubmittedAnswer) -> Score:
    """Run an answer, and say what it is worth.

    Args:
        sandbox: gives it a process.
        limits: of that process.
        question: what is asked.
        answer: the answer.

    Raises:
        GradingError: the disk is full.
    """
    verdict: Verdict | None = None
    instead: tuple[ScoredAs, str] | None = None
    with sandbox.process() as running:
        try:
            verdict = _verdict_of(
                Link(running.channel, {chunk.name for chunk in answer.chunks}), question.exercise, answer, limits
            )
            ended = running.end()
        except ChannelClosed:
            ended = running.ended()
        except Tampered:
            instead = "tampered", _TAMPERED
            ended = running.end()
        except KeyboardInterrupt:  # never an answer's: see rebuilt.py
            raise
        except BaseException as error:
            refuse_full(error)
            instead = "crashed", f"It could not be judged, and this is why: {describe(error)}. Look at it."
            ended = running.end()
    if verdict is not None:
        return _judged(question, verdict, ended)
    why, message = instead or _stopped(ended, limits)
    return Score(question.name, 0.0, question.points, why, message, seconds=ended.seconds, printed=ended.printed)


def _verdict_of(link: Link, exercise: AnyExercise, answer: SubmittedAnswer, limits: Limits) -> Verdict:
    for chunk in answer.chunks:
        remember(chunk)
    given = {
        "chunks": [asdict(chunk) for chunk in answer.chunks],
        "seconds": limits.seconds * LOADING,
        "wanted": wanted(exercise),
    }
    try:
        loaded = link.call("load", given, with_files=False)
    except (ChannelClosed, Tampered, KeyboardInterrupt):
        raise
    except BaseException as error:
        refuse_full(error)
        return not_loaded(error, answer)
    if isinstance(exercise, WriteATest):
        return exercise.judge(lambda code: _tried(link, code), answer.source)
    if isinstance(exercise, Exercise):
        tried = follow(RemoteClient(link), exercise.scenario)  # type: ignore[arg-type]
        link.refuse_broken()
        return exercise.judge(tried, answer.source)
    return exercise.check(wire.decode(loaded))


def refuse_full(error: BaseException) -> None:
    """Raise GradingError if the disk is full on this side; an error that was raised on the other has no number."""
    if isinstance(error, OSError) and error.errno in FULL:
        where = error.filename or tempfile.gettempdir()
        raise GradingError(f"{where} cannot be written: {error.strerror}.") from None


def _tried(link: Link, code: str) -> Trial:
    match link.call("try", code, with_files=False):
        case {"timeline": timeline, "errors": list(errors), **rest} if not rest:
            return Trial(wire.timeline_from_data(timeline), (), None, tuple(link.errors(errors)))
    raise Tampered("an attempt that is none")


def _judged(question: ExamQuestion, verdict: Verdict, ended: Ended) -> Score:
    message = verdict.message
    if ended.left:
        message += f" It left {ended.left} process{'es' * (ended.left > 1)} running, which had to be ended."
    return Score(
        question.name,
        points(question, verdict),
        question.points,
        verdict.kind,
        message,
        verdict.passed,
        verdict.checks,
        misconception(question.exercise, verdict),
        ended.seconds,
        ended.printed,
    )


_TAMPERED = "What came back was not written by the grader: the answer has reached for the grader itself. Look at it."


def _stopped(ended: Ended, limits: Limits) -> tuple[ScoredAs, str]:
    match ended.why:
        case "time":
            return "stopped", f"It was stopped after {limits.seconds:g} s: it does not come to an end."
        case "memory":
            return "stopped", f"It was stopped: it wanted more than {limits.memory} MB of memory."
        case "output":
            return "stopped", f"It was stopped: it printed more than {limits.output} MB."
        case "processes":
            return "stopped", f"It was stopped: it started more than {limits.processes} processes."
        case "files":
            return "stopped", (
                f"It was stopped: it wrote more than {limits.folder} MB, or more than {limits.files} files."
            )
        case "signal":
            return "crashed", f"It crashed Python itself: {_signal(ended.code)}."
        case "exit":
            return "crashed", (
                f"It ended the process that it ran in, with exit code {ended.code}, before it was judged: does it call "
                "os._exit?"
            )
    return "crashed", "It was gone before it was judged."


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
