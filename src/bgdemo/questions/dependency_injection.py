"""The questions of notebook 05, Dependency injection."""

from bgdemo.questions.question import Question

what_becomes_of_the_log = Question(
    text="A dependency has added `write_log`, the route adds `send_mail`, then the route raises. Which of them run?",
    choices={
        "a": (
            "None: all levels add to one list, and that list is gone.",
            "One request, one list. Either the response takes it along, or all of it is dropped.",
        ),
        "b": (
            "Both, if the client gets an answer: it gets a 500, or a 400.",
            "In `/raise` the client got its 400, and no task ran. What counts is whether FastAPI can make a response "
            "of what the route returned.",
        ),
        "c": (
            "`write_log`: the dependency had already ended when the route raised.",
            "In `/raise` it was so, too: `count_visit` came from a dependency, and the picture shows it dropped. A "
            "task is only a line in a list until the response has left.",
        ),
        "d": (
            "`send_mail`: the route's tasks belong to the route's response.",
            "There is no list of the route's own. And the response that left is not the route's: it was made of the "
            "exception.",
        ),
    },
    right="a",
)
