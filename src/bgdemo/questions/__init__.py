"""The course's questions, one module a notebook: every choice, and every guess, has an answer of its own."""

from bgdemo.questions.guesses import is_close
from bgdemo.questions.question import Answer, Question

__all__ = ["Answer", "Question", "is_close"]
