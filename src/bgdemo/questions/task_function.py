"""The questions of notebook 03, The task function."""

from bgdemo.questions.question import Question

what_makes_a_task = Question(
    text="What makes a function a task function?",
    choices={
        "a": (
            "It is `async def`.",
            "Look at the picture of the two kinds: both tasks finished. One ran in the thread pool, one on the event "
            "loop, and that is all the difference.",
        ),
        "b": (
            "A mark of FastAPI's on it, as `@app.post` is one.",
            "The only mark in the first app stands above the routes. `write_notification` has none: you called it by "
            "hand, and it was an ordinary function.",
        ),
        "c": (
            "It returns nothing.",
            "Called by hand, a function may return what it likes, and it stays the same function. As a task it may, "
            "too; but look at the picture: the client has its response before the task begins.",
        ),
        "d": (
            "Nothing about the function: somebody adds it to the background tasks.",
            "The same `write_notification` was called by you and added by a route. It did not notice any difference.",
        ),
    },
    right="d",
)
