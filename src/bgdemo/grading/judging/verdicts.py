"""The verdict on one answer: run in a process of its own, judged here."""

import signal
from dataclasses import asdict

from bgdemo.exercises import AnyExercise, Exercise, Outcome, Proof
from bgdemo.exercises.engine.code import remember
from bgdemo.exercises.engine.trial import Attempt, follow
from bgdemo.grading.judging.answers import misconception, not_loaded, points, wanted
from bgdemo.grading.judging.exam import Question
from bgdemo.grading.judging.marks import Mark, Verdict
from bgdemo.grading.judging.parts import Part
from bgdemo.grading.judging.remote import Link, RemoteClient
from bgdemo.grading.judging.sandbox import Ended, Sandbox
from bgdemo.grading.protocol import wire
from bgdemo.grading.protocol.channel import ChannelClosed
from bgdemo.grading.protocol.wire import Tampered
from bgdemo.grading.walls.limits import Limits

LOADING = 0.5
"""The share of its time that an answer may take before it is asked anything."""


def mark(sandbox: Sandbox, limits: Limits, question: Question, part: Part) -> Mark:
    """Run an answer, and say what it is worth.

    Args:
        sandbox: gives it a process.
        limits: of that process.
        question: what is asked.
        part: the answer.
    """
    outcome: Outcome | None = None
    tampered = False
    with sandbox.process() as running:
        try:
            outcome = _outcome(
                Link(running.channel, {chunk.name for chunk in part.chunks}), question.exercise, part, limits
            )
            ended = running.end()
        except ChannelClosed:
            ended = running.ended()
        except Tampered:
            tampered = True
            ended = running.end()
    if outcome is not None:
        return _judged(question, outcome, ended)
    verdict, message = _stopped(ended, limits)
    if tampered:
        verdict, message = "tampered", _TAMPERED
    return Mark(question.name, 0.0, question.points, verdict, message, seconds=ended.seconds, printed=ended.printed)


def _outcome(link: Link, exercise: AnyExercise, part: Part, limits: Limits) -> Outcome:
    for chunk in part.chunks:
        remember(chunk)
    given = {
        "chunks": [asdict(chunk) for chunk in part.chunks],
        "seconds": limits.seconds * LOADING,
        "wanted": wanted(exercise),
    }
    try:
        loaded = link.call("load", given, with_files=False)
    except (ChannelClosed, Tampered):
        raise
    except BaseException as error:
        return not_loaded(error, part)
    if isinstance(exercise, Proof):
        return exercise.judge(lambda code: _tried(link, code), part.source)
    if isinstance(exercise, Exercise):
        tried = follow(RemoteClient(link), exercise.scenario)  # type: ignore[arg-type]
        return exercise.judge(tried, part.source)
    return exercise.check(wire.decode(loaded))


def _tried(link: Link, code: str) -> Attempt:
    match link.call("try", code, with_files=False):
        case {"timeline": timeline, "errors": list(errors), **rest} if not rest:
            return Attempt(wire.timeline_from_data(timeline), (), None, tuple(link.errors(errors)))
    raise Tampered("an attempt that is none")


def _judged(question: Question, outcome: Outcome, ended: Ended) -> Mark:
    message = outcome.message
    if ended.left:
        message += f" It left {ended.left} process{'es' * (ended.left > 1)} running, which had to be ended."
    return Mark(
        question.name,
        points(question, outcome),
        question.points,
        outcome.verdict,
        message,
        outcome.passed,
        outcome.checks,
        misconception(question.exercise, outcome),
        ended.seconds,
        ended.printed,
    )


_TAMPERED = "What came back was not written by the grader: the answer has reached for the grader itself. Look at it."


def _stopped(ended: Ended, limits: Limits) -> tuple[Verdict, str]:
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
