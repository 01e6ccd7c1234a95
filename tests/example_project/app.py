"""A ticket office: what a customer need not wait for is done in the background."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException

PRICES = {"Beijing": 553.0, "Xi'an": 515.5}
audit_log: list[str] = []


class PaymentError(Exception):
    """The bank has said no."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    audit_log.append("opened")
    yield
    audit_log.append("closed")


app = FastAPI(lifespan=lifespan)


def write_audit(line: str) -> None:
    audit_log.append(line)


def send_itinerary(email: str, *, destination: str, price: float) -> None:
    time.sleep(3)  # a mail server takes its time


async def tell_agencies(destination: str) -> None:
    await anyio.sleep(1)


def refund(ticket: int) -> None:
    time.sleep(2)
    if ticket > 1000:
        raise PaymentError(f"ticket {ticket} was never paid")


def audited(background_tasks: BackgroundTasks, agent: str = "web") -> str:
    background_tasks.add_task(write_audit, f"asked by {agent}")
    return agent


@app.get("/prices")
def prices() -> dict[str, float]:
    return PRICES


@app.post("/tickets")
def buy(email: str, destination: str, background_tasks: BackgroundTasks, agent: str = Depends(audited)) -> str:
    if destination not in PRICES:
        raise HTTPException(404, "We do not go there.")
    price = PRICES[destination] * 0.9
    background_tasks.add_task(send_itinerary, email, destination=destination, price=price)
    background_tasks.add_task(tell_agencies, destination)
    return f"A ticket to {destination}, sold by {agent}."


@app.post("/tickets/{ticket}/refund")
def give_back(ticket: int, background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(refund, ticket)
    background_tasks.add_task(write_audit, f"refunded {ticket}")
    return "You get your money back."
