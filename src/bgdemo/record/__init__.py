"""What an app does, written down: requests, tasks and what they print, read back as a timeline; knows no client."""

from bgdemo.record.recorder import Recorder
from bgdemo.record.timeline import Timeline

__all__ = ["Recorder", "Timeline"]
