"""Step 2.5, what becomes of tasks that were added: raising, returning an error, a response's own background=."""

import time

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask


def count_visit() -> None:
    time.sleep(1)


def send_mail(email: str) -> None:
    time.sleep(2)


def send_receipt(email: str) -> None:
    time.sleep(2)


def visited(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(count_visit)


shop = FastAPI(dependencies=[Depends(visited)])


@shop.post("/raise")
async def raise_error(email: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(send_mail, email)
    raise HTTPException(status_code=400, detail="sold out")


@shop.post("/return")
async def return_error(email: str, background_tasks: BackgroundTasks) -> JSONResponse:
    background_tasks.add_task(send_mail, email)
    return JSONResponse({"detail": "sold out"}, status_code=400)


@shop.post("/own")
async def own_background(email: str, background_tasks: BackgroundTasks) -> JSONResponse:
    background_tasks.add_task(send_mail, email)
    return JSONResponse({"message": "Thank you!"}, background=BackgroundTask(send_receipt, email))


def count_tickets() -> int:
    raise RuntimeError("the database is down")


@shop.post("/dependency")
async def failing_dependency(tickets: int = Depends(count_tickets)) -> None:
    pass


@shop.post("/model")
async def failing_response_model(email: str, background_tasks: BackgroundTasks) -> int:
    background_tasks.add_task(send_mail, email)
    return "no number"  # type: ignore[return-value]
