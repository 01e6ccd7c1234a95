"""A process that has imported all that submissions need, once, and forks one keeper and one process for each."""

import contextlib
import gc
import os
import signal
import socket
import sys

from bgdemo.grading.answer_process.process import become_the_answer
from bgdemo.grading.answer_process.warm import warm_up
from bgdemo.grading.protocol.channel import Channel, ChannelClosed
from bgdemo.grading.walls import landlock, mounts
from bgdemo.grading.walls.keeper import Enclosure, keep
from bgdemo.grading.walls.limits import Limits, hide_memory


def main() -> None:
    """Serve the judge at the other end of the socket whose number is the last argument, until it hangs up."""
    judge = socket.socket(fileno=int(sys.argv[-1]))
    channel = Channel(judge)
    asked = channel.receive()
    place = Enclosure(asked["base"], tuple(asked["read"]), asked["uid"], Limits(**asked["limits"]))
    try:
        if place.uid is not None:
            mounts.open_the_way([*place.read, place.base])
            _try_as(place.uid, place.read)
    except OSError as error:
        with contextlib.suppress(ChannelClosed):
            channel.send({"failed": str(error)})
        return
    warm_up()
    hide_memory()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers: they report by themselves
    gc.collect()
    gc.freeze()
    channel.send({"ready": True, "landlock": landlock.version()})
    _serve(judge, place)


def _serve(judge: socket.socket, place: Enclosure) -> None:
    while True:
        asked, descriptors, _, _ = socket.recv_fds(judge, 1, 2)
        if not asked:
            return
        control, channel = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        if os.fork() == 0:
            judge.close()
            try:
                keep(place, control, channel, become_the_answer)
            finally:
                os._exit(0)
        control.close()
        channel.close()


def _try_as(uid: int, paths: tuple[str, ...]) -> None:
    """Raise PermissionError if that user cannot read one of the paths."""
    helper = os.fork()
    if helper == 0:
        os.setresuid(uid, uid, uid)
        os._exit(0 if all(os.access(path, os.R_OK) for path in paths if os.path.exists(path)) else 1)
    _, status = os.waitpid(helper, 0)
    if status != 0:
        raise PermissionError("a user without rights cannot read this Python's files")
