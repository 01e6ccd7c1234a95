"""Grade a class: each answer in a process of its own, held to limits; the verdict here, from what it did."""

from bgdemo.grading.exam import Question
from bgdemo.grading.nbgrader import score

__all__ = ["Question", "score"]
