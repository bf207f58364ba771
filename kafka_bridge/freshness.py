"""Since when what pages show is behind the log, as far as this process knows.

A thread looks once a second, so that no page waits for Kafka. Before a page says that it is
behind, the stored offsets are asked whether that still holds: so it is said no longer than it is
true, and it is also said while Kafka, or the thread's knowledge of it, has gone away meanwhile.
"""

import atexit
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pymongo
from confluent_kafka import KafkaException
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from kafka_bridge import lag
from kafka_bridge.clients import KafkaUnavailable
from kafka_bridge.lag import Lag, Look, Lookout
from kafka_bridge.positions import Log

LOOK_EVERY = 1.0  # seconds
MONGODB_WITHIN = 5.0  # seconds that one look may take, if Kafka answers
BEHIND_AFTER = timedelta(seconds=3)  # an event may take so long before anybody is told

_watches: dict[int, "Watch"] = {}  # by process


class Watch:
    """The thread that looks, and what it saw last."""

    def __init__(self) -> None:
        self.seen: Look | None = None
        self._process = os.getpid()
        self._lookout = Lookout()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="freshness", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def _run(self) -> None:
        while not self._ended.is_set():
            self.look()
            self._ended.wait(LOOK_EVERY)

    def look(self) -> None:
        """Look once; while a server is away, what was seen before is all that is known."""
        away = suppress(KafkaUnavailable, KafkaException, DatabaseError, PyMongoError)
        with away, pymongo.timeout(MONGODB_WITHIN):
            self.seen = self._lookout.look()

    def stop(self) -> None:
        """End the thread; in a forked process there is none."""
        if os.getpid() == self._process:
            self._ended.set()
            self._thread.join()
            _watches.pop(self._process, None)
        atexit.unregister(self.stop)


def watch(**_: object) -> Watch:
    """Have this process know how far pages are behind, from now on.

    A web server connects it to `request_started`, and does not call it as it is loaded: some fork
    afterwards, and a process must not be forked while threads of it talk to Kafka.
    """
    process = os.getpid()
    if process not in _watches:
        _watches[process] = Watch()
    return _watches[process]


def behind_since() -> datetime | None:
    """Return the time of the oldest event that is not applied, if that is some seconds ago.

    None if all is applied, or if nothing is known. Asks MongoDB only if something waited when the
    thread looked; raises `DatabaseError`.
    """
    watching = _watches.get(os.getpid())
    if watching is None or watching.seen is None:
        return None
    log, lags = watching.seen
    due = datetime.now(UTC) - BEHIND_AFTER
    late = [one for one in lags if one.since is not None and one.since < due]
    return _still(late, log) if late else None


def _still(late: Iterable[Lag], log: Log) -> datetime | None:
    """Return since when the oldest of these has waited, without those that are through by now.

    One that has moved, but is not through, counts from where it stood: a second ago at most.
    """
    now = lag.stored(log)
    waiting = [one for one in late if one.partition not in now or now[one.partition].next < one.end]
    return min((one.since for one in waiting if one.since is not None), default=None)
