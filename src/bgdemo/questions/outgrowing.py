"""The questions of notebook 08, Outgrowing one process."""

from bgdemo.questions.question import Question

heavy_uploads = Question(
    text="The third use case grows: each upload is now computed on for 30 s. What do you do?",
    choices={
        "a": (
            "Make the task `async def`: then it does not block.",
            "Computing never awaits. On the event loop it would keep every client waiting for 30 s, as in notebook 04.",
        ),
        "b": (
            "Leave it with BackgroundTasks: it runs in a thread.",
            "The client that sent the file does not wait. But the thread takes the processor from all the others, and "
            "the first picture shows what a crash leaves of it.",
        ),
        "c": (
            "Send the file to a queue: `add_task(process_again, file)`.",
            "An `UploadFile` is an open file of this process: it cannot travel, and `add_task` has refused one above.",
        ),
        "d": (
            "Save the file, and send its path to a queue.",
            "A worker computes in a process of its own, and finds the file where the path says. With several machines "
            "that has to be a place that all of them can read.",
        ),
    },
    right="d",
)
