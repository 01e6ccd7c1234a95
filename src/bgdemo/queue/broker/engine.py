"""Celery, set up so that a task outlives the processes around it as well as its broker lets it."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bgdemo._compat.borrowed import require
from bgdemo.errors import QueueError

EMBEDDED = "embedded"
"""The broker that is a folder of this machine: nothing to install, no server."""

NEEDS = {"celery": "celery>=5.6", "redis": "redis>=6.4"}
"""What to install where a module is missing: the lines in pyproject.toml that bring them."""

TASK = "bgdemo.run"
"""The one task that Celery knows: it runs a function by its name, so that task functions stay plain functions."""

NAME, THREADS, VISIBILITY_TIMEOUT, TIMEOUT = "bgdemo", 4, 3600.0, 3.0
"""What holds where nobody says anything else; what they mean is said at Queue."""

FOLDERS = "messages", "taken", "control"
"""In the folder of the embedded broker: what waits, what a worker has taken, and kombu's own notes on the queue."""

IN_WORKER = "BGDEMO_IN_WORKER"
"""The environment variable that a worker's process has, and what it imports can see."""

SCHEMES = {"redis": "Redis", "rediss": "Redis", "amqp": "RabbitMQ", "amqps": "RabbitMQ", "pyamqp": "RabbitMQ"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where messages go, and how long things may take: the same on both sides of the broker."""

    broker: str
    """"embedded", or a URL."""
    name: str
    """Of the queue at the broker."""
    folder: Path
    """For the messages of the embedded broker."""
    notes: Path
    """The folder for the notes of what happens."""
    visibility_timeout: float
    """Seconds until Redis gives a message to another worker, if nobody has said that it is done."""
    timeout: float
    """Seconds that sending may take."""

    @property
    def kind(self) -> str:
        """The broker's name, for people."""
        return "embedded" if self.broker == EMBEDDED else SCHEMES[urlsplit(self.broker).scheme]

    @property
    def attempt(self) -> float:
        """Seconds for one wait: for an answer on a connection that was kept, for a new one, for an answer on that."""
        return self.timeout / 3

    @property
    def redelivers(self) -> bool:
        """True if the broker gives a message to another worker when its worker has died."""
        return self.broker != EMBEDDED

    @property
    def shown(self) -> str:
        """The broker without a password."""
        parts = urlsplit(self.broker)
        return self.broker if parts.password is None else self.broker.replace(f":{parts.password}@", ":...@")


def refuse_unknown(broker: str) -> None:
    """Raise QueueError if this package does not know the broker, or what it takes is not installed."""
    if broker != EMBEDDED and urlsplit(broker).scheme not in SCHEMES:
        raise QueueError(
            f"{broker!r} is no broker: give {EMBEDDED!r}, or a URL such as redis://127.0.0.1:6379/0 "
            "or amqp://guest:guest@127.0.0.1:5672//."
        )
    _needed("celery")
    if broker != EMBEDDED and SCHEMES[urlsplit(broker).scheme] == "Redis":
        _needed("redis")


def celery_app(settings: Settings, *, sends: bool) -> Any:
    """A Celery app with these settings.

    Args:
        settings: the same on both sides of the broker.
        sends: True on the side where a client waits for the answer of a route.
    """
    app = _needed("celery").Celery("bgdemo", set_as_current=False)
    app.conf.update(
        broker_url=_url(settings),
        broker_transport_options=_transport_options(settings, sends=sends),
        broker_connection_timeout=settings.attempt,
        task_default_queue=settings.name,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # A message is done with when its task has ended, and not when a worker has taken it.
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_redirect_stdouts=False,
    )
    return app


def _needed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise QueueError(f'{module} is not installed. Install it: python -m pip install "{NEEDS[module]}"') from None


def _url(settings: Settings) -> str:
    if settings.broker != EMBEDDED:
        return settings.broker
    from bgdemo._compat import kombu

    require(QueueError, *kombu.BORROWED)
    kombu.name_transport("bgdemo-files", _files_transport)
    return "bgdemo-files://"


def _files_transport() -> type:
    # Late, because kombu takes long to import and a queue on Redis does not need its files.
    from bgdemo.queue.broker.files import FileTransport

    return FileTransport


def _transport_options(settings: Settings, *, sends: bool) -> dict[str, Any]:
    if settings.broker == EMBEDDED:
        messages, taken, control = (str(settings.folder / name) for name in FOLDERS)
        return {
            "data_folder_in": messages,
            "data_folder_out": messages,
            "store_processed": True,  # a message on its way is then in this folder, too, and not in one that all share
            "processed_folder": taken,
            "control_folder": control,
            "polling_interval": 0.05,
        }
    if settings.kind == "Redis":
        options = {
            "visibility_timeout": settings.visibility_timeout,
            "socket_connect_timeout": settings.attempt,
            "socket_timeout": settings.attempt if sends else None,
        }
        if settings.visibility_timeout < 100:  # kombu looks every 100 s whether one has passed
            options |= {"unacked_restore_interval": 1, "unacked_restore_throttle": 1}
        return options
    # Without the broker's word that it has it, a message is lost if the broker dies right after it was sent.
    return {"confirm_publish": True}
