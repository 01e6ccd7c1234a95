"""Step 2.5, the levels: BackgroundTasks can be declared wherever a dependency can be, and all add to one list."""

import time
from collections.abc import Callable

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI

levels = FastAPI()


def note(level: str) -> None:
    time.sleep(1)
    print(level)


def adds(level: str) -> Callable[[BackgroundTasks], None]:
    def dependency(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(note, level)

    return dependency


get_user = adds("sub-dependency")


def get_query(background_tasks: BackgroundTasks, user: None = Depends(get_user)) -> None:
    background_tasks.add_task(note, "dependency")


router = APIRouter(dependencies=[Depends(adds("router"))])


@router.post("/send_info", dependencies=[Depends(adds("decorator"))])
async def send_info(background_tasks: BackgroundTasks, q: None = Depends(get_query)) -> None:
    background_tasks.add_task(note, "path operation")


levels.include_router(router, dependencies=[Depends(adds("include_router"))])


@levels.post("/twice")
async def declared_twice(first: None = Depends(get_user), second: None = Depends(get_user)) -> None:
    pass


@levels.post("/twice/without_cache")
async def declared_twice_without_cache(
    first: None = Depends(get_user), second: None = Depends(get_user, use_cache=False)
) -> None:
    pass
