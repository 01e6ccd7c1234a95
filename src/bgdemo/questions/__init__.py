"""The course's questions, one module a notebook: every choice has an answer of its own."""

from bgdemo.questions.core import Answer, Question, is_close

__all__ = ["Answer", "Question", "is_close"]
