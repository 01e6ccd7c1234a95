"""The questions of notebook 04, add_task, part 2: where a task runs."""

from bgdemo.questions.question import Question

why_the_ping_waited = Question(
    text="Beside the `async def` task the ping waited for 7 s. Why?",
    choices={
        "a": (
            "The ping was sent to a busy client.",
            "The ping has a row of its own: it was sent at 0 s, by somebody who had nothing else to do. What was busy "
            "is the server.",
        ),
        "b": (
            "`time.sleep(7)` kept the event loop's one thread for 7 s, and the ping needs that thread.",
            "While the thread sleeps, it can neither take a request nor answer one. The task **blocks** the loop.",
        ),
        "c": (
            "Async tasks are slower than tasks in threads.",
            "Compare the two blue bars: both are 7 s long. What differs is who else has to wait meanwhile.",
        ),
        "d": (
            "A response waits until all tasks before it have ended.",
            "Then the ping of the first picture had waited as well. It has its answer at 0 s, beside a task that runs "
            "until 7 s.",
        ),
    },
    right="b",
)

which_task_is_polite = Question(
    text="A library has only one way to send a mail: `mailer.send(email)`, which waits for 3 s. Which task do you add?",
    choices={
        "a": (
            "`async def send(email): mailer.send(email)`: async code never blocks.",
            "That is the task of the second picture: nothing in it is awaited, so it keeps the event loop for all of "
            "the 3 s, and every ping waits.",
        ),
        "b": (
            "`async def send(email): await mailer.send(email)`: with `await` it gives way.",
            "Python calls `mailer.send` before it can await anything, and that call blocks. Then there is nothing to "
            "await. `await` gives way only where something is made to be awaited, as `asyncio.sleep` is.",
        ),
        "c": (
            "`def send(email): mailer.send(email)`: it waits in a thread of the pool.",
            "So the event loop stays free. Keep the number in mind: 40 of them can wait at once, then the next ones "
            "and the `def` routes queue up.",
        ),
        "d": (
            "A `def` or an `async def`: in the background it holds up nobody.",
            "It holds up no client that has its response. But the second picture has another client, whose ping was "
            "sent after that: it waited for 7 s.",
        ),
    },
    right="c",
)
