"""The question of notebook 09, Surprises."""

from bgdemo.questions.question import Question

which_one_works = Question(
    text="Each of these lines is in a route, and none of them raises there. After which one is the log written?",
    choices={
        "a": (
            '`background_tasks.add_task(write_log, "hello")` in a WebSocket route.',
            "Look at the picture of the chat: the task was dropped. A WebSocket has no response that would run it.",
        ),
        "b": (
            '`background_tasks.add_task(write_log("hello"))`, where `write_log` is `async`.',
            "You ran that: the task failed. It got a coroutine, which is no function and cannot be called.",
        ),
        "c": (
            '`background_tasks.add_task(write_lines, "hello")`, where `write_lines` has a `yield`.',
            "Look for the word *printed* in that picture: it is not there. Calling such a function only makes a "
            "generator, and nobody asked that for its first item.",
        ),
        "d": (
            '`background_tasks.add_task(write_log, "hello")` in a route that answers 204, without a body.',
            "A response has an end, body or not, and its tasks run after it.",
        ),
    },
    right="d",
)
