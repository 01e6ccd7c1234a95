"""A recorder's entries, one after another, and how they are read back as the records of a timeline.

Entries are only ever appended, by any thread, so that a writer needs no lock: what was appended up to now is a
consistent whole. Reading them is put off until somebody looks, since recording is what every request pays for; and what
was read is read once.
"""

import itertools
import threading
import weakref
from typing import Any

from bgdemo.clock import ClientClock
from bgdemo.model import Records
from bgdemo.record.reading import Entry, EntryKind, Reading
from bgdemo.record.timeline import Timeline

_MANY = 1_000
"""Entries that may wait for somebody to look, where not all are kept."""


class Log:
    """Append entries; read them as a timeline.

    Args:
        clock: says when an entry is made.
        keep: how many requests to keep, the newest, with their tasks and events; None for all.
    """

    def __init__(self, clock: ClientClock, *, keep: int | None = None) -> None:
        self.clock = clock
        self._time = clock.time
        self._entries: list[Entry] = []
        self._sequence = itertools.count()
        self._reading = Reading(keep)
        self._read = 0  # how many entries were, and are no more in the list
        self._lock = threading.Lock()  # of those who read
        self._unread: weakref.WeakSet[_Snapshot] = weakref.WeakSet()
        self._is_mixed = False  # entries of other processes come late, and in no order

    def __len__(self) -> int:
        return self._read + len(self._entries)

    def append(self, kind: EntryKind, request_id: int, task_id: int | None = None, detail: Any = None) -> None:
        """Append what happens now."""
        self._entries.append((self._time(), next(self._sequence), kind, request_id, task_id, detail, None))

    def append_remote(
        self,
        kind: EntryKind,
        request_id: int,
        task_id: int | None,
        detail: Any,
        *,
        reading: float,
        process: int | None = None,
    ) -> None:
        """Append what has happened in another process of this machine.

        Args:
            kind: what happened.
            request_id: to which request.
            task_id: to which task.
            detail: what there is to say.
            reading: of `time.perf_counter`, when it happened; a clock that cannot tell takes it to be now.
            process: the id of a worker's process; None for the app's own.
        """
        self._is_mixed = True
        self._entries.append((self.clock.at(reading), next(self._sequence), kind, request_id, task_id, detail, process))

    def forget_the_oldest(self) -> None:
        """Let go of what is not kept, if that has become much; called when a request has ended."""
        if self._reading.keep is not None and len(self._entries) > _MANY:
            with self._lock:
                self._read_up_to(self._read + len(self._entries))

    def timeline(self) -> Timeline:
        """All entries up to now, as a timeline."""
        with self._lock:
            snapshot = _Snapshot(self._read + len(self._entries))
            self._unread.add(snapshot)
        return Timeline.read_later(
            lambda: self._records(snapshot), now=self.clock.time(), simulated=self.clock.simulated
        )

    def _records(self, snapshot: "_Snapshot") -> Records:
        with self._lock:
            if snapshot.found is None:
                if self._is_mixed:
                    reading = self._reading.copy()
                    reading.apply(self._entries[: snapshot.length - self._read])
                    snapshot.found = reading.records()
                else:
                    self._read_up_to(snapshot.length)
                    snapshot.found = self._reading.records()
                self._unread.discard(snapshot)
            return snapshot.found

    def _read_up_to(self, length: int) -> None:
        """Read entries, those first that an older snapshot ends with. Under the lock."""
        for snapshot in sorted(self._unread, key=lambda one: one.length):
            if snapshot.length < length and snapshot.found is None:
                self._apply(snapshot.length)
                snapshot.found = self._reading.records()
        self._apply(length)

    def _apply(self, length: int) -> None:
        count = length - self._read
        if count > 0:
            self._reading.apply(self._entries[:count])
            del self._entries[:count]
            self._read = length


class _Snapshot:
    """How much there was when somebody asked, and what it was, once it is known."""

    __slots__ = ("__weakref__", "found", "length")

    def __init__(self, length: int) -> None:
        self.length = length
        self.found: Records | None = None


def describe(error: BaseException) -> str:
    """An exception as a timeline gives it: "Type: message"."""
    try:
        message = str.__str__(str(error))
    except BaseException:  # an exception of anybody's making may raise any other
        message = "(its message cannot be read)"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
