"""What a lesson shows where its broker is not installed: the same experiment, recorded where it was."""

import json
from importlib.resources import files
from typing import Literal

from bgdemo.record.timeline import Timeline


def recorded(broker: Literal["redis", "rabbitmq"]) -> Timeline:
    """A worker of that broker is killed after 2 s, and another one started: notebook 08's experiment.

    Recorded on Debian 12 with Redis 7.0 and RabbitMQ 3.10, on a visibility timeout of 8 s.
    """
    text = (files("bgdemo.lessons") / f"recorded_{broker}.json").read_text(encoding="utf-8")
    return Timeline.from_dict(json.loads(text))
