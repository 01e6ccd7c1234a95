"""The question of notebook 06, Async in a notebook."""

from bgdemo.questions.question import Question

the_patched_notebook = Question(
    text="A colleague's notebook begins with `nest_asyncio.apply()`, because a later cell has `asyncio.run(main())`. "
    "What do you advise?",
    choices={
        "a": (
            "Leave it: the patch only takes a check away.",
            "Look at the list of what was replaced: tasks, futures, the step of the event loop. And look at the last "
            "picture: a mail of 1 s took 3 s.",
        ),
        "b": (
            "Take the patch out, write `await main()` in the cell, and restart the kernel.",
            "The kernel has a running event loop, so a cell can await. Nothing needs to be patched, and the restart "
            "gives the kernel its own asyncio back.",
        ),
        "c": (
            "Keep the patch, and put `nest_asyncio.apply()` into the server's code as well: the same everywhere.",
            "Then the server's tasks nest as well: look at the last picture, where one mail waits for the other. "
            "On a server, call such a function in a `def` task: it ran in its thread without any patch.",
        ),
        "d": (
            "Write `time.sleep` where the script awaits: then no event loop is needed.",
            "Look at the picture of the cell that slept: the whole kernel stood still, the app's task with it.",
        ),
    },
    right="b",
)
