"""The questions of notebook 00, Does the client wait?"""

from bgdemo.questions.question import Question

who_waited = Question(
    text="The background app's mail took 7 s as well. Who waited for it?",
    choices={
        "a": (
            "The client: it sent the request.",
            "Look at the second picture again: the client's response is there at 0 s, and the bar of the task goes on "
            "for 7 s after it. The client was long gone.",
        ),
        "b": (
            "Nobody who sent a request: the task ran after the response, inside the server.",
            "The server's process did the work, in one of its threads, after the response had left.",
        ),
        "c": (
            "Nobody at all: in the background the function takes no time.",
            "The bar of the task is just as long as the wait in the first picture, 7 s. The work is not gone and not "
            "faster. It only starts when the response has left.",
        ),
        "d": (
            "The file: it was written at once, and the rest was waiting.",
            "You read the file right after the response, and it was not there. It came at 5 s, when the task wrote it.",
        ),
    },
    right="b",
)
