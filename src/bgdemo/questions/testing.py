"""The questions of notebook 07, Testing."""

from bgdemo.questions.question import Question

which_client = Question(
    text="A route adds a task that takes 2 s, and the task raises. Your test posts to it. What does the post give you?",
    choices={
        "a": (
            "With both clients a response 200: the task comes after it.",
            "With ours, and with a server. The stock client raised the task's error in `post`, and you had no response "
            "to look at: see the cell above.",
        ),
        "b": (
            "With ours a response 200, and with the stock client the task's error.",
            "Ours gives you what a real client gets, and keeps the error for `drain()`, or for the end of the test. "
            "Nothing is lost.",
        ),
        "c": (
            "With both clients the task's error.",
            "The stock client does that. A real client has had its 200 when the task begins, and so has ours: "
            "the error comes from `drain()`.",
        ),
        "d": (
            "With the stock client a response 500.",
            "It has no response for you at all: the error of the task goes straight through `post`. And the server's "
            "own answer was a 200.",
        ),
    },
    right="b",
)
