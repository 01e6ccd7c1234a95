"""Rows 6, 7 and 13: when tasks that were added do not run, and how the parameter may be written."""

from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse, Response
from starlette.background import BackgroundTask

from conformance.scenario import Call, Outcome, Reply, Scenario, Stage, finished, never_ran

OK = '{"message":"ok"}'
GET = Call("GET", "/")


def write_log() -> None:
    print("written")


def own() -> None:
    print("own")


def add_write_log(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log)


def _http_exception(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(write_log)
        raise HTTPException(404, "no such thing")

    return app


def _exception(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(write_log)
        raise ValueError("no disk")

    return app


def _exception_with_a_handler(stage: Stage) -> FastAPI:
    app = _exception(stage)

    @app.exception_handler(ValueError)
    async def handle(request: object, error: Exception) -> Response:
        return JSONResponse({"message": "sorry"}, 503)

    return app


def _failing_dependency(stage: Stage) -> FastAPI:
    app = FastAPI()

    def refuse(_: Annotated[None, Depends(add_write_log)]) -> None:
        raise HTTPException(401, "who are you")

    @app.get("/", dependencies=[Depends(refuse)])
    def index() -> None:
        stage.note("the route ran")

    return app


def _wrong_parameter(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(add_write_log)])
    def index(number: int) -> None:
        stage.note("the route ran")

    return app


def _failing_response_model(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/", response_model=dict[str, int])
    def index(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_log)
        return {"number": "one"}

    return app


def _returned_400(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> JSONResponse:
        background_tasks.add_task(write_log)
        return JSONResponse({"message": "bad"}, status_code=400)

    return app


def _response_with_its_own_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> JSONResponse:
        background_tasks.add_task(write_log)
        return JSONResponse({"message": "ok"}, background=BackgroundTask(own))

    return app


def _response_with_an_empty_list(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> JSONResponse:
        background_tasks.add_task(write_log)
        return JSONResponse({"message": "ok"}, background=BackgroundTasks())

    return app


def _response_without_a_task(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> JSONResponse:
        background_tasks.add_task(write_log)
        return JSONResponse({"message": "ok"})

    return app


def _response_with_the_injected_list(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> JSONResponse:
        background_tasks.add_task(write_log)
        return JSONResponse({"message": "ok"}, background=background_tasks)

    return app


def _no_annotation(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks) -> None:  # type: ignore[no-untyped-def]
        stage.note("the route ran")

    return app


def _default_none(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: BackgroundTasks = None) -> dict[str, str]:  # type: ignore[assignment]
        background_tasks.add_task(write_log)
        return {"message": "ok"}

    return app


def _annotated(stage: Stage) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: Annotated[BackgroundTasks, "the tasks of this request"]) -> dict[str, str]:
        background_tasks.add_task(write_log)
        return {"message": "ok"}

    return app


DROPPED = """
    request_sent 1
    task_added write_log
    response_started 1
    response_ended 1
    request_ended 1
"""
RAN = """
    request_sent 1
    task_added write_log
    response_started 1
    response_ended 1
    task_started write_log
    task_ended write_log
    request_ended 1
"""
WRITTEN: tuple[Outcome, ...] = (finished("write_log", printed="written\n"),)
NOT_WRITTEN: tuple[Outcome, ...] = (never_ran("write_log", "dropped"),)
ERROR = "Internal Server Error"

SCENARIOS = [
    Scenario(
        name="6 HTTPException after add_task: the task is dropped",
        build=_http_exception,
        steps=(GET,),
        replies=(Reply(404, '{"detail":"no such thing"}'),),
        events=DROPPED,
        tasks=NOT_WRITTEN,
    ),
    Scenario(
        name="6 an exception after add_task: the task is dropped",
        build=_exception,
        steps=(GET,),
        replies=(Reply(500, ERROR),),
        events=DROPPED,
        tasks=NOT_WRITTEN,
        errors={1: "ValueError: no disk"},
    ),
    Scenario(
        name="6 an exception after add_task that a handler answers: the task is dropped",
        build=_exception_with_a_handler,
        steps=(GET,),
        replies=(Reply(503, '{"message":"sorry"}'),),
        events=DROPPED,
        tasks=NOT_WRITTEN,
    ),
    Scenario(
        name="6 a dependency fails: the tasks of the others are dropped",
        build=_failing_dependency,
        steps=(GET,),
        replies=(Reply(401, '{"detail":"who are you"}'),),
        events=DROPPED,
        tasks=NOT_WRITTEN,
    ),
    Scenario(
        name="6 a parameter fails, 422: a dependency's task is dropped",
        build=_wrong_parameter,
        steps=(Call("GET", "/", params={"number": "x"}),),
        replies=(
            Reply(
                422,
                '{"detail":[{"type":"int_parsing","loc":["query","number"],'
                '"msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"}]}',
            ),
        ),
        events=DROPPED,
        tasks=NOT_WRITTEN,
    ),
    Scenario(
        name="6 the response model fails: the task is dropped",
        build=_failing_response_model,
        steps=(GET,),
        replies=(Reply(500, ERROR),),
        events=DROPPED,
        tasks=NOT_WRITTEN,
        errors={1: "ResponseValidationError: 1 validation error:"},
    ),
    Scenario(
        name="6 a returned 400: the task runs",
        build=_returned_400,
        steps=(GET,),
        replies=(Reply(400, '{"message":"bad"}'),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="7 a response with its own background: the injected task is dropped",
        build=_response_with_its_own_task,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events="""
            request_sent 1
            task_added write_log
            task_added own
            response_started 1
            response_ended 1
            task_started own
            task_ended own
            request_ended 1
        """,
        tasks=(*NOT_WRITTEN, finished("own", printed="own\n")),
    ),
    Scenario(
        name="7 a response with an empty BackgroundTasks of its own: the injected task is dropped",
        build=_response_with_an_empty_list,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events=DROPPED,
        tasks=NOT_WRITTEN,
    ),
    Scenario(
        name="7 a response without background: the injected task runs",
        build=_response_without_a_task,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="7 a response with the injected BackgroundTasks as its background: the task runs once",
        build=_response_with_the_injected_list,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="13 background_tasks without annotation is a query parameter: 422",
        build=_no_annotation,
        steps=(GET,),
        replies=(
            Reply(
                422,
                '{"detail":[{"type":"missing","loc":["query","background_tasks"],'
                '"msg":"Field required","input":null}]}',
            ),
        ),
        events="""
            request_sent 1
            response_started 1
            response_ended 1
            request_ended 1
        """,
    ),
    Scenario(
        name="13 BackgroundTasks = None works",
        build=_default_none,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events=RAN,
        tasks=WRITTEN,
    ),
    Scenario(
        name="13 Annotated works",
        build=_annotated,
        steps=(GET,),
        replies=(Reply(200, OK),),
        events=RAN,
        tasks=WRITTEN,
    ),
]
