"""The questions of notebook 01, Where background work belongs."""

from bgdemo.questions.question import Question

before_the_ticket = Question(
    text="The passenger looks at the screen. What must be done before the response may leave?",
    choices={
        "a": (
            "All three platforms must have the itinerary.",
            'The response says "Ticket issued". No platform has a part in that. In the second picture it leaves '
            "at 0 s, and the three itineraries are still sent, the last one by 6 s.",
        ),
        "b": (
            "The ticket must be issued.",
            "That is what the response says, and all that it says. The itineraries can be sent after it.",
        ),
        "c": (
            "The first platform must have the itinerary. The other two can follow.",
            "Then the passenger waits for 2 s, until the first bar of the second picture ends, and reads the same "
            "words: the response says nothing about a platform.",
        ),
        "d": (
            "Nothing: even the ticket can be issued in the background.",
            'Then the response says "Ticket issued" before it is true. The fourth case of this notebook shows what '
            "comes of that.",
        ),
    },
    right="b",
)

mails_in_the_background = Question(
    text="The shop sends its mails in the background from now on. What changes for a customer who waits for the mail?",
    choices={
        "a": (
            "The mail comes earlier.",
            "Compare the ends: in the first picture all mails are sent when the response leaves, in the second one "
            "when the last bar ends. Both are the same second. Only the response has moved.",
        ),
        "b": (
            "The mail comes later, since the response goes first.",
            "Compare the ends: in the second picture the last bar ends in the very second in which the waiting shop's "
            "response leaves. The response goes first, but it holds nothing up.",
        ),
        "c": (
            "Nothing: the mails are sent at the same times.",
            "The work takes what it takes. What has moved is the response: it no longer stands behind the mails.",
        ),
    },
    right="c",
)

file_received = Question(
    text='At 0 s the client reads "2000 bytes received". What does it know then?',
    choices={
        "a": (
            "That the file has been processed.",
            "Look at the bar in the second picture: at 0 s the processing has only begun, and it ends at 5 s.",
        ),
        "b": (
            "That the file has arrived. It will be processed later.",
            "The route has counted the bytes before it answered. The bar of the processing begins with the response.",
        ),
        "c": (
            "Nothing: perhaps the file is still on its way.",
            "The route read the whole file first: that is how it could say 2000.",
        ),
    },
    right="b",
)

answer_at_once = Question(
    text="The shop wants both: a response at once, and what the bank says in it. What helps?",
    choices={
        "a": (
            "Let the task raise `HTTPException(402)`.",
            "Look at the picture: the background app's response left at 3 s, with its 200. What happens in the task's "
            "bar, up to 6 s, can no longer change it.",
        ),
        "b": (
            "Let the route return what the task returns.",
            "When the route returns, the task has not even begun: in the picture its bar starts where the response "
            "has left. There is nothing to return yet.",
        ),
        "c": (
            "Make the bank faster, and leave it in the background.",
            "A shorter bar still begins after the response. However short it is, its news comes too late.",
        ),
        "d": (
            "Nothing: the response needs what the bank says, so the client has to wait for it.",
            "This work does not belong in the background. The wait of 3 s is what the answer costs.",
        ),
    },
    right="d",
)

belongs_in_the_background = Question(
    text="You build a travel site. Which of these can wait until the response has left?",
    choices={
        "a": (
            "Note in a statistics file which flights people search for.",
            "No word of the response depends on it. As with the itineraries, the client has no reason to wait.",
        ),
        "b": (
            "Check that a seat is still free before you sell it.",
            'A "no" must reach the client. As with the bank: after the response it cannot.',
        ),
        "c": (
            "Look up the price of a flight for the page that the client asked for.",
            "The response is the price. As with the bank: what a task finds out after the response comes too late.",
        ),
        "d": (
            "Check a password.",
            "The response depends on it: a task that finds the password wrong finds it too late, like the bank.",
        ),
    },
    right="a",
)
