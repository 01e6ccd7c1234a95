"""Step 1, use case (a): a ticket is issued, and its itinerary goes to every OTA (online travel agency) platform."""

import time

from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

PLATFORMS = ["Ctrip", "Qunar", "Fliggy"]
SECONDS_A_PLATFORM = 2.0

app = FastAPI()


def send_itinerary(platform: str, passenger: str) -> None:
    time.sleep(SECONDS_A_PLATFORM)
    with open(folder() / "itineraries.txt", mode="a", encoding="utf-8") as sent:
        sent.write(f"to {platform}: itinerary of {passenger}\n")


@app.post("/tickets/waiting")
def issue_ticket_waiting(passenger: str) -> dict[str, str]:
    for platform in PLATFORMS:
        send_itinerary(platform, passenger)
    return {"message": f"Ticket issued for {passenger}"}


@app.post("/tickets")
def issue_ticket(passenger: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    for platform in PLATFORMS:
        background_tasks.add_task(send_itinerary, platform, passenger)
    return {"message": f"Ticket issued for {passenger}"}
