"""Beside step 1, work that does not belong in the background: the response needs what the bank says."""

import time

from fastapi import BackgroundTasks, FastAPI, HTTPException

SECONDS_OF_THE_BANK = 3.0

app = FastAPI()


def charge(card: str) -> bool:
    time.sleep(SECONDS_OF_THE_BANK)
    accepted = card != "expired"
    print("accepted" if accepted else "declined")
    return accepted


@app.post("/pay/waiting")
def pay_waiting(card: str) -> dict[str, str]:
    if not charge(card):
        raise HTTPException(402, "Your bank declined the card")
    return {"message": "Thank you!"}


@app.post("/pay")
def pay(card: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(charge, card)
    return {"message": "Thank you!"}
