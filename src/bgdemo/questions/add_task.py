"""The questions of notebook 04, add_task, part 1."""

from bgdemo.questions.question import Question

what_the_response_can_say = Question(
    text="A shop adds `send_mail` as a background task. What can the response tell the customer about this mail?",
    choices={
        "a": (
            'What `send_mail` returned: "sent to a@example.com".',
            "Look at the record of the first task: there is no place in it for what the function returned. And look at "
            "the picture above it: the response leaves at 0 s, when no mail has been sent yet.",
        ),
        "b": (
            "An error, if the mail server is down: a handler makes it a 503.",
            "You ran that: in `/broken` the app has such a handler, and the client still had its 200. It left "
            "at 0 s, the error came at 3 s.",
        ),
        "c": (
            "That it will be sent. Not that it was.",
            "The response leaves before the task starts. So it can only promise: nothing later can reach it.",
        ),
        "d": (
            "A number, with which the customer can ask later how the task went.",
            "`add_task` gives you no such number, and the record that you saw is made by bgdemo's recorder, to teach; "
            "FastAPI keeps none. Whoever needs that needs a job queue, or a table of their own.",
        ),
    },
    right="c",
)
