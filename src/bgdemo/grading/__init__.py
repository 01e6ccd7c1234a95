"""Grade a class: each answer in a process of its own, held to limits; the verdict here, from what it did."""

from bgdemo.grading.exports.nbgrader import score

# "Question" is the public name, for a teacher's file; bgdemo.questions has another class of that name.
from bgdemo.grading.judging.exam import ExamQuestion as Question

__all__ = ["Question", "score"]
