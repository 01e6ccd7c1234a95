"""The article's apps, as a client of a real uvicorn server and a reader of their files see them."""

import importlib
import inspect
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from types import ModuleType
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, params

from bgdemo.lessons import (
    _folder,
    add_task,
    dependency_injection,
    folder,
    parameter,
    parameter_renamed,
    payment,
    purchase,
    task_function,
    tickets,
    upload,
    use_folder,
    waiting,
)

LESSONS = [
    waiting,
    parameter,
    parameter_renamed,
    task_function,
    add_task,
    dependency_injection,
    tickets,
    purchase,
    upload,
    payment,
]
SOURCE = Path(_folder.__file__).parents[2]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The lessons write into this folder, with a Chinese name, and no test of this file writes into the current one."""
    current = tmp_path / "current"
    current.mkdir()
    monkeypatch.chdir(current)
    monkeypatch.delenv("BGDEMO_FOLDER", raising=False)
    use_folder(tmp_path / "后台任务" / "文件")
    yield folder()
    use_folder(None)
    assert list(current.iterdir()) == [], "a lesson wrote into the current folder"


@contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of an app on a real server, on a free loopback port; leaving waits for the app's background tasks."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", ws="none", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "uvicorn did not start"
            sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


class Held:
    """Stands in for time.sleep: notes the seconds and returns only when the test lets it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._begun = threading.Event()
        self._released = threading.Event()

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._begun.set()
        assert self._released.wait(5), "the test never let time.sleep return"

    def wait_until_begun(self) -> None:
        assert self._begun.wait(5), "nobody called time.sleep"

    def release(self) -> None:
        self._released.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held()
    monkeypatch.setattr(time, "sleep", held)
    return held


def text(path: Path) -> str:
    return path.read_bytes().decode("utf-8").replace(os.linesep, "\n")


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: argument.default for name, argument in inspect.signature(function).parameters.items()}


def in_a_process(code: str, **environment: str) -> str:
    """What a fresh interpreter prints that runs this code and takes every warning as an error."""
    env = {**os.environ, "PYTHONPATH": str(SOURCE), **environment}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode("utf-8").strip()


# The modules


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.__name__)
def test_a_lesson_is_one_complete_app_on_one_screen(lesson: ModuleType) -> None:
    lines = inspect.getsource(lesson).splitlines()
    assert isinstance(lesson.app, FastAPI)
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120
    assert (lesson.__doc__ or "").count("\n") == 0


def test_importing_the_lessons_creates_no_file_and_starts_no_thread(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    names = ", ".join(lesson.__name__ for lesson in LESSONS)
    code = f"import {names}, threading; print(threading.active_count())"
    places = {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    assert in_a_process(code, BGDEMO_FOLDER=str(tmp_path / "chosen"), **places) == "1"
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "chosen").exists()


def test_the_command_line_of_uvicorn_runs_a_lesson(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "BGDEMO_FOLDER": str(tmp_path / "命令行")}
    command = [sys.executable, "-m", "uvicorn", "bgdemo.lessons.add_task:app", "--port", "0", "--no-use-colors"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            assert process.stderr is not None
            addresses = (re.search(r"running on (http://\S+)", line) for line in process.stderr)
            url = next(address[1] for address in addresses if address)
            response = httpx.post(f"{url}/send_info", params={"email": "a@example.com"}, trust_env=False)
            assert "Notification sent in the background" in response.json()["message"]
        finally:
            process.kill()


# The folder


def test_the_default_folder_is_temporary_and_gone_after_the_process(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from bgdemo.lessons import folder
        (folder() / "file.txt").touch()
        sys.stdout.reconfigure(encoding="utf-8")
        print(folder())
    """
    places = {"TMPDIR": str(tmp_path), "TEMP": str(tmp_path), "TMP": str(tmp_path)}
    used = Path(in_a_process(code, **places))
    assert used.parent == tmp_path
    assert not used.exists()


def test_tasks_in_several_threads_get_one_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    use_folder(None)
    monkeypatch.setattr(_folder, "_temporary", None)  # as in a process that has not asked yet
    together = threading.Barrier(8)

    def ask() -> Path:
        together.wait()
        return folder()

    with ThreadPoolExecutor(8) as pool:
        answers = {future.result() for future in [pool.submit(ask) for _ in range(8)]}
    assert len(answers) == 1
    assert answers.pop().is_dir()


def test_the_environment_names_a_folder_and_use_folder_wins_over_it(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BGDEMO_FOLDER", str(tmp_path / "环境"))
    assert folder() == files
    use_folder(None)
    assert folder() == tmp_path / "环境"
    assert folder().is_dir()


def test_an_empty_name_is_no_name_and_never_the_current_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BGDEMO_FOLDER", "")
    use_folder("")
    assert folder() != Path.cwd()
    assert folder().name.startswith("bgdemo-")


def test_a_relative_folder_stays_where_it_was_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    use_folder("mine")
    monkeypatch.chdir(tmp_path / "current")
    assert folder() == tmp_path / "mine"


def test_a_folder_that_cannot_be_made_is_refused_at_once_and_the_old_one_stays(files: Path, tmp_path: Path) -> None:
    (tmp_path / "file.txt").touch()
    with pytest.raises(OSError, match=r"file\.txt"):
        use_folder(tmp_path / "file.txt")
    assert folder() == files


# 2.1 The parameter


def test_openapi_lists_the_email_and_not_the_background_tasks() -> None:
    operation = parameter.app.openapi()["paths"]["/send_info"]["post"]
    assert [(item["name"], item["in"], item["required"]) for item in operation["parameters"]] == [
        ("email", "query", True)
    ]
    assert "requestBody" not in operation


def test_the_empty_route_answers_null_and_no_email_is_a_422() -> None:
    with served(parameter.app) as client:
        answer = client.post("/send_info", params={"email": "a@example.com"})
        refused = client.post("/send_info")
    assert (answer.status_code, answer.text) == (200, "null")
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["query", "email"])


@pytest.mark.parametrize("lesson", [parameter, task_function, add_task, waiting], ids=lambda lesson: lesson.__name__)
def test_the_route_takes_the_articles_arguments(lesson: ModuleType) -> None:
    assert list(arguments(lesson.send_notification)) == ["email", "background_tasks"]
    assert inspect.iscoroutinefunction(lesson.send_notification)


# 2.2 The task function


@pytest.mark.parametrize(
    "function",
    [
        task_function.write_notification,
        task_function.write_notification_async,
        add_task.write_notification,
        waiting.write_notification,
    ],
)
def test_the_task_function_takes_an_email_and_an_empty_message(function: Callable[..., Any]) -> None:
    assert arguments(function) == {"email": inspect.Parameter.empty, "message": ""}


def test_a_second_mail_overwrites_the_first(files: Path) -> None:
    task_function.write_notification("first@example.com", message="a long message")
    task_function.write_notification("小明@例子.中国", "你好")
    assert text(files / "log_test.txt") == "notification for 小明@例子.中国: 你好"


def test_without_a_message_the_text_ends_after_the_colon(files: Path) -> None:
    task_function.write_notification("a@example.com")
    assert text(files / "log_test.txt") == "notification for a@example.com: "


@pytest.mark.parametrize(("path", "on_the_event_loop"), [("/send_info", False), ("/send_info/async", True)])
def test_a_sync_task_runs_in_a_worker_thread_and_its_async_twin_on_the_event_loop(
    path: str, on_the_event_loop: bool, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran_in: list[str] = []

    def noted_folder() -> Path:
        ran_in.append(threading.current_thread().name)
        return files

    monkeypatch.setattr(task_function, "folder", noted_folder)
    with served(task_function.app) as client:
        response = client.post(path, params={"email": "a@example.com"})
    assert response.json() == {"message": "Notification sent in the background"}
    assert text(files / "log_test.txt") == "notification for a@example.com: some notification"
    assert [name != "AnyIO worker thread" for name in ran_in] == [on_the_event_loop]


# 2.3 and 2.4 Adding it, or waiting for it


def test_the_waiting_route_differs_from_add_task_in_one_line() -> None:
    pairs = zip(inspect.getsource(waiting).splitlines(), inspect.getsource(add_task).splitlines(), strict=True)
    different = [(a.strip(), b.strip()) for a, b in list(pairs)[1:] if a != b]
    assert different == [
        (
            'write_notification(email, message="some notification")',
            'background_tasks.add_task(write_notification, email, message="some notification")',
        )
    ]


def test_write_end_is_printed_after_the_file_and_between_the_sleeps(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[float, bool, str]] = []

    def note(seconds: float) -> None:
        seen.append((seconds, (files / "log_test.txt").exists(), capsys.readouterr().out))

    monkeypatch.setattr(time, "sleep", note)
    add_task.write_notification("a@example.com", message="hello")
    assert seen == [(5, False, ""), (2, True, "write end\n")]


def test_on_the_wall_clock_one_client_waits_7_seconds_and_the_other_has_its_answer_at_once(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both write log_test.txt: the waiting route gets a folder of its own.
    monkeypatch.setattr(waiting, "folder", lambda: files.parent)
    notification = files / "log_test.txt"
    email = {"email": "a@example.com"}

    with served(waiting.app) as waits, ThreadPoolExecutor(1) as pool:
        with served(add_task.app) as goes_on:
            goes_on.get("/openapi.json")
            begun, today = time.perf_counter(), time.time()
            slow = pool.submit(waits.post, "/send_info", params=email)
            quick = goes_on.post("/send_info", params=email)
            answered = time.perf_counter() - begun
            assert answered < 1, f"the background version answered after {answered:.3f} s"
            sleep(begun + 4.7 - time.perf_counter())
            assert not notification.exists()
            sleep(begun + 5.8 - time.perf_counter())
            assert text(notification) == "notification for a@example.com: some notification"
        ended = time.perf_counter() - begun
        waited = slow.result().elapsed.total_seconds()

    assert 7 <= ended < 8.5, f"uvicorn waited for the task until {ended:.3f} s"
    assert 7 <= waited < 8.5, f"the waiting version answered after {waited:.3f} s"
    now = re.fullmatch(r"now: (.+) Notification sent in the background", quick.json()["message"])
    assert now is not None
    assert abs(time.mktime(time.strptime(now[1])) - today) < 2


def test_waiting_in_the_articles_async_route_holds_up_every_other_client(held: Held) -> None:
    with served(waiting.app) as client, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, "/send_info", params={"email": "a@example.com"})
        held.wait_until_begun()
        with pytest.raises(httpx.ReadTimeout):
            client.get("/openapi.json", timeout=0.3)
        held.release()
        assert answer.result().status_code == 200


def test_the_task_of_add_task_holds_up_nobody(held: Held) -> None:
    with served(add_task.app) as client:
        client.post("/send_info", params={"email": "a@example.com"})
        held.wait_until_begun()
        assert client.get("/openapi.json").status_code == 200
        held.release()


# 2.5 Dependency injection


def test_the_dependency_takes_the_articles_arguments() -> None:
    assert list(arguments(dependency_injection.write_log)) == ["message"]
    assert arguments(dependency_injection.get_query) == {"background_tasks": inspect.Parameter.empty, "q": None}
    route = arguments(dependency_injection.send_notification)
    assert list(route) == ["email", "background_tasks", "q"]
    assert isinstance(route["q"], params.Depends)
    assert route["q"].dependency is dependency_injection.get_query


def test_the_dependencys_task_runs_before_the_routes_and_the_log_grows(files: Path) -> None:
    with served(dependency_injection.app) as client:
        first = client.post("/send_info", params={"email": "小明@例子.中国", "q": "机票"})
    assert text(files / "log.txt") == "found query: 机票\nmessage to 小明@例子.中国\n"
    with served(dependency_injection.app) as client:
        second = client.post("/send_info", params={"email": "b@example.com"})
    assert first.json() == second.json() == {"message": "Message sent"}
    assert text(files / "log.txt") == "found query: 机票\nmessage to 小明@例子.中国\nmessage to b@example.com\n"


# 1 The use cases


@dataclass(frozen=True)
class UseCase:
    app: FastAPI
    path: str
    request: dict[str, Any]
    message: str
    sleeps: list[float]
    file: str
    written: str


USE_CASES = {
    "tickets": UseCase(
        tickets.app,
        "/tickets",
        {"params": {"passenger": "王小明"}},
        "Ticket issued for 王小明",
        [2.0, 2.0, 2.0],
        "itineraries.txt",
        "to Ctrip: itinerary of 王小明\nto Qunar: itinerary of 王小明\nto Fliggy: itinerary of 王小明\n",
    ),
    "purchase": UseCase(
        purchase.app,
        "/purchase",
        {"json": ["a@example.com", "小明@例子.中国"]},
        "Purchase succeeded",
        [3.0, 3.0],
        "mails.txt",
        "to a@example.com: your purchase succeeded\nto 小明@例子.中国: your purchase succeeded\n",
    ),
    "upload": UseCase(
        upload.app,
        "/upload",
        {"files": {"file": ("行程.txt", b"x" * 2_000_000)}},
        "2000000 bytes received",
        [5.0],
        "processed.txt",
        "行程.txt: 2000000 bytes\n",
    ),
}
each_use_case = pytest.mark.parametrize("case", USE_CASES.values(), ids=USE_CASES.keys())


@each_use_case
def test_in_the_waiting_version_the_client_has_no_answer_before_the_work_is_done(
    case: UseCase, held: Held, files: Path
) -> None:
    with served(case.app) as client, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, f"{case.path}/waiting", **case.request)
        held.wait_until_begun()
        assert client.get("/openapi.json").status_code == 200  # only this client waits: its route is `def`
        assert not answer.done()
        held.release()
        assert answer.result().json() == {"message": case.message}
        assert text(files / case.file) == case.written
    assert held.seconds == case.sleeps


@each_use_case
def test_in_the_background_version_the_client_has_its_answer_while_the_work_waits(
    case: UseCase, held: Held, files: Path
) -> None:
    with served(case.app) as client:
        answer = client.post(case.path, **case.request)
        assert answer.json() == {"message": case.message}
        assert not (files / case.file).exists()
        held.release()
    assert text(files / case.file) == case.written
    assert held.seconds == case.sleeps


def test_without_python_multipart_the_upload_lesson_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_multipart", None)
    monkeypatch.setitem(sys.modules, "multipart", None)
    monkeypatch.setitem(sys.modules, "multipart.multipart", None)
    monkeypatch.delitem(sys.modules, upload.__name__)
    with pytest.raises(RuntimeError, match="pip install python-multipart"):
        importlib.import_module(upload.__name__)
