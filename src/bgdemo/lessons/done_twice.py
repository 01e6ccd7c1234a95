"""Step 3, what a queue changes: a task may be run twice, has a memory of its own, and is sent before the route ends."""

from fastapi import FastAPI, HTTPException

from bgdemo.lessons import folder
from bgdemo.queue import Tasks

app = FastAPI()
done: list[int] = []  # in the memory of this process


def write_log(order: int) -> None:
    with open(folder() / "log.txt", mode="a", encoding="utf-8") as log:
        log.write(f"order {order} is paid\n")
    raise ConnectionError("the bank hung up")  # when the work was done


def write_log_once(order: int) -> None:
    try:
        (folder() / f"order-{order}.done").touch(exist_ok=False)
    except FileExistsError:
        return  # it was done before
    write_log(order)


def remember(order: int) -> None:
    done.append(order)


@app.post("/pay")
def pay(order: int, background_tasks: Tasks) -> None:
    background_tasks.add_task(write_log, order)


@app.post("/pay/once")
def pay_once(order: int, background_tasks: Tasks) -> None:
    background_tasks.add_task(write_log_once, order)


@app.post("/pay/sold_out")
def pay_sold_out(order: int, background_tasks: Tasks) -> None:
    background_tasks.add_task(remember, order)
    raise HTTPException(409, "sold out")
