"""The questions of notebook 02, The parameter."""

from bgdemo.questions.question import Question

how_it_is_found = Question(
    text="How does FastAPI know which parameter gets the background tasks?",
    choices={
        "a": (
            "By its type, `BackgroundTasks`.",
            "The annotation is what FastAPI goes by. The name is yours to choose.",
        ),
        "b": (
            "By its place: it is the second parameter.",
            "In the app without the annotation it was the second parameter as well, and the answer was 422: FastAPI "
            "looked for it in the query.",
        ),
        "c": (
            "By its name, `background_tasks`.",
            "Look at the app with `later`: another name, and its task ran. And where `later` had no type, the name "
            "alone made it a part of the query.",
        ),
        "d": (
            "By its value: the client sends none.",
            "A client that does not send `email` gets a 422. What the client sends or leaves out makes no parameter "
            "special; its type does.",
        ),
    },
    right="a",
)
