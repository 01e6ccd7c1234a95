"""Step 2.4, more of add_task: three tasks on one response, a function that was called instead, a task that raises."""

import time

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response

several = FastAPI()
seen_by: list[str] = []


def send_mail(email: str, message: str = "") -> str:
    time.sleep(2)
    return f"sent to {email}: {message}"


def send_to_broken_server(email: str) -> None:
    time.sleep(1)
    raise ConnectionError("the mail server is down")


def give_up(email: str) -> None:
    raise HTTPException(status_code=503, detail="the mail server is down")


@several.exception_handler(Exception)
async def answer_503(request: Request, error: Exception) -> JSONResponse:
    seen_by.append("handler")
    return JSONResponse({"message": "No mail today"}, status_code=503)


@several.middleware("http")
async def catch_errors(request: Request, call_next: RequestResponseEndpoint) -> Response:
    try:
        return await call_next(request)
    except Exception:
        seen_by.append("middleware")
        raise


@several.post("/three")
async def send_three(background_tasks: BackgroundTasks) -> dict[str, str]:
    for email in ("a@example.com", "b@example.com", "c@example.com"):
        background_tasks.add_task(send_mail, email, message="hello")
    return {"message": "Three mails will be sent"}


@several.post("/called")
async def send_called(background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(send_mail("a@example.com", message="hello"))  # type: ignore[arg-type]
    return {"message": "One mail will be sent"}


@several.post("/broken")
async def send_broken(background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(send_mail, "a@example.com")
    background_tasks.add_task(send_to_broken_server, "b@example.com")
    background_tasks.add_task(send_mail, "c@example.com")
    return {"message": "Three mails will be sent"}


@several.post("/gives_up")
async def send_or_give_up(background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(give_up, "a@example.com")
    return {"message": "One mail will be sent"}
