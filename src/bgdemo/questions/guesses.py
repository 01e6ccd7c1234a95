"""A learner's guess and the truth: whether they agree, and the sentence that says so."""

import math
from collections.abc import Sequence
from types import EllipsisType
from typing import Any

from bgdemo.questions.question import Answer

CLOSE = 0.1
"""A guess that is off by at most this part of the truth, or by half a second, is right: real clocks vary."""

Value = float | str | Sequence[str]
"""What can be guessed: seconds, another number, True or False, a word, or words in an order."""

Guess = Value | EllipsisType


def is_close(guess: float, truth: float) -> bool:
    """True if a guess of a time, in seconds, is near enough."""
    return abs(guess - truth) <= max(0.5, CLOSE * truth)


def refuse_what_cannot_be_guessed(name: str, guess: Guess) -> None:
    """Raise TypeError or ValueError, with what to write instead, if that is no guess at all."""
    if isinstance(guess, EllipsisType):
        return
    if isinstance(guess, str) and guess.strip().replace(".", "", 1).isdigit():
        raise TypeError(f"{name}={guess!r} is no guess: leave the quotes out, {name}={guess.strip()}.")
    if isinstance(guess, (list, tuple)) and all(isinstance(word, str) for word in guess):
        return
    if not isinstance(guess, (int, float, str)) or guess == "":
        raise TypeError(
            f"{name}={guess!r} is no guess: give a number, such as {name}=3, or True or False, or a word in "
            "quotes, or a list of words."
        )
    if not isinstance(guess, str) and (not math.isfinite(guess) or guess < 0):
        raise ValueError(f"{name}={guess!r} is no time: give a number of seconds from 0 on, such as {name}=3.")


def answer_to_seconds(name: str, guess: Guess, truth: float | None) -> Answer:
    """What a guess of a time is answered with.

    Args:
        name: of the guess.
        guess: seconds.
        truth: seconds; None if it has not happened yet.
    """
    what = name.replace("_", " ")
    if isinstance(guess, EllipsisType):
        return _undecided(what, "you have not guessed yet. Put a number of seconds in the place of ...")
    if isinstance(guess, bool) or not isinstance(guess, (int, float)):
        return _undecided(what, f"{guess!r} is no number of seconds. Guess one, such as {name}=3,")
    if truth is None:
        return _not_yet(what, f"{guess:g} s")
    seen = f"{what}: you guessed {guess:g} s and it was {truth:.1f} s"
    if is_close(guess, truth):
        return Answer(f"{seen}. Right!", True)
    off = guess - truth
    return Answer(f"{seen}, {abs(off):.1f} s {'earlier' if off > 0 else 'later'}.", False)


def answer_to_value(name: str, guess: Guess, truth: Any) -> Answer:
    """What a guess of anything else is answered with.

    Args:
        name: of the guess.
        guess: a number, True or False, a word or several.
        truth: what was seen; None if it has not happened yet.
    """
    what = name.replace("_", " ")
    if isinstance(guess, EllipsisType):
        return _undecided(what, "you have not guessed yet. Put your guess in the place of ...")
    if truth is None:
        return _not_yet(what, _in_words(guess))
    right = _is_right(guess, truth)
    seen = f"{what}: you guessed {_in_words(guess)} and it was {_in_words(truth)}."
    return Answer(f"{seen} Right!" if right else seen, right)


def _undecided(what: str, words: str) -> Answer:
    return Answer(f"{what}: {words} and run it again.", None)


def _not_yet(what: str, guessed: str) -> Answer:
    return Answer(f"{what}: you guessed {guessed}, but it has not happened (yet). Run the cells before this one.", None)


def _is_right(guess: Any, truth: Any) -> bool:
    if isinstance(truth, float) and isinstance(guess, (int, float)) and not isinstance(guess, bool):
        return is_close(guess, truth)
    return _alike(_in_words(guess)) == _alike(_in_words(truth))


def _alike(words: str) -> str:
    """Words as they are compared: "Thread pool" is "threadpool"."""
    return words.casefold().replace("_", "").replace(" ", "")


def _in_words(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", then ".join(str(word).strip() for word in value) if value else "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value).strip()
