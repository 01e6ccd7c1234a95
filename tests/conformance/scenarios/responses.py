"""Row 19: tasks run whatever the response looks like and wherever the route comes from."""

from fastapi import APIRouter, BackgroundTasks, FastAPI
from fastapi.responses import RedirectResponse, Response
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from conformance.scenario import Call, Reply, Scenario, Stage, finished

OK = '{"message":"ok"}'
GET = Call("GET", "/")


def write_log() -> None:
    print("written")


def _route(app: FastAPI | APIRouter, method: str, path: str) -> None:
    @app.api_route(path, methods=[method])
    def route(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log)
        return {"message": "ok"}


def _head(stage: Stage) -> FastAPI:
    app = FastAPI()
    _route(app, "HEAD", "/")
    return app


def _streamed_head(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.head("/")
    def index(background_tasks: BackgroundTasks) -> Response:
        background_tasks.add_task(write_log)
        return Response("never sent", media_type="text/plain")

    return app


def _no_content(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.delete("/", status_code=204)
    def delete(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(write_log)

    return app


def _not_modified(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> Response:
        background_tasks.add_task(write_log)
        return Response(status_code=304, headers={"etag": '"1"'})

    return app


def _redirect(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> RedirectResponse:
        background_tasks.add_task(write_log)
        return RedirectResponse("/elsewhere")

    return app


def _missing_slash(stage: Stage) -> FastAPI:
    app = FastAPI()
    _route(app, "GET", "/items/")
    return app


def _mounted(stage: Stage) -> FastAPI:
    sub = FastAPI()
    _route(sub, "GET", "/items")
    app = FastAPI()
    app.mount("/sub", sub)
    return app


def _mounted_starlette(stage: Stage) -> FastAPI:
    def index(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok", background=BackgroundTask(write_log))

    app = FastAPI()
    app.router.routes.append(Mount("/sub", app=Starlette(routes=[Route("/items", index)])))
    return app


def _routers(stage: Stage) -> FastAPI:
    inner, outer = APIRouter(prefix="/inner"), APIRouter(prefix="/outer")
    _route(inner, "GET", "/items")
    outer.include_router(inner)
    app = FastAPI()
    app.include_router(outer)
    return app


def _method_not_allowed(stage: Stage) -> FastAPI:
    app = FastAPI()
    _route(app, "POST", "/")
    return app


RAN = """
    request_sent 1
    task_added write_log
    response_started 1
    response_ended 1
    task_started write_log
    task_ended write_log
    request_ended 1
"""
NO_TASK = """
    request_sent 1
    response_started 1
    response_ended 1
    request_ended 1
"""
WRITTEN = (finished("write_log", printed="written\n"),)

SCENARIOS = [
    Scenario(
        name="19 HEAD",
        build=_head,
        steps=(Call("HEAD", "/"),),
        replies=(Reply(200),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="19 HEAD with a Response that has a body",
        build=_streamed_head,
        steps=(Call("HEAD", "/"),),
        replies=(Reply(200),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="19 204 No Content",
        build=_no_content,
        steps=(Call("DELETE", "/"),),
        replies=(Reply(204),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="19 304 Not Modified",
        build=_not_modified,
        steps=(GET,),
        replies=(Reply(304),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="19 a redirect",
        build=_redirect,
        steps=(GET,),
        replies=(Reply(307),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="19 the redirect to a path with a slash is not the route: no task",
        build=_missing_slash,
        steps=(Call("GET", "/items"),),
        replies=(Reply(307),),
        events=NO_TASK,
    ),
    Scenario(
        name="19 a mounted app",
        build=_mounted,
        steps=(Call("GET", "/sub/items"),),
        replies=(Reply(200, OK),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="19 a mounted Starlette app",
        build=_mounted_starlette,
        steps=(Call("GET", "/sub/items"),),
        replies=(Reply(200, "ok"),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="19 routers in routers",
        build=_routers,
        steps=(Call("GET", "/outer/inner/items"),),
        replies=(Reply(200, OK),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="19 a method that the route does not know: no task",
        build=_method_not_allowed,
        steps=(GET,),
        replies=(Reply(405, '{"detail":"Method Not Allowed"}'),),
        events=NO_TASK,
    ),
]
