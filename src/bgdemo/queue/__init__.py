"""The same tasks in other processes: `add_task` of a queue on Celery, embedded here, on Redis, or on RabbitMQ.

A route that asks for `background_tasks: Tasks` has FastAPI's own BackgroundTasks, until its app is given a queue:
`app.dependency_overrides[tasks] = Queue(...)`. Route and task function stay as they are, and so does the timeline.

Whoever can write to a broker can let its workers call any function that they can import: keep it to yourself.
"""

from bgdemo.queue.dependency import AddsTasks, Tasks, tasks
from bgdemo.queue.notes.failures import Failure
from bgdemo.queue.process import ProcessClient
from bgdemo.queue.queue import Queue

__all__ = ["AddsTasks", "Failure", "ProcessClient", "Queue", "Tasks", "tasks"]
