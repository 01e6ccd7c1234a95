"""Grade a class: each answer in a process of its own, held to limits; the verdict here, from what it did."""

from bgdemo.grading.exports.nbgrader import score
from bgdemo.grading.judging.exam import Question

__all__ = ["Question", "score"]
