"""Signs of life of consumers, for the event panel."""

import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo.database import Database
from pymongo.errors import PyMongoError

from kafka_bridge.models import Heartbeat
from kafka_bridge.troubles import Troubles

EVERY = 5.0  # seconds between two heartbeats
GONE_AFTER = 15.0  # seconds of silence
WITHIN = 1.0  # seconds that writing one may take


class Pulse:
    """The heartbeat of one consumer; it is written outside the transactions of batches.

    That it cannot be written is told in the log, and is no reason to apply nothing.
    """

    def __init__(self, database: Database[Any], group: str, consumer: str) -> None:
        self._heartbeats = database[Heartbeat._meta.db_table]
        self._id = f"{group}/{consumer}"
        self._told = {"group": group, "consumer": consumer, "host": socket.gethostname()}
        self._next = 0.0
        self._troubles = Troubles()

    def due(self) -> bool:
        """Whether the last heartbeat, or the last attempt at one, is long enough ago."""
        return time.monotonic() >= self._next

    def beat(self, partitions: Sequence[int]) -> None:
        """Write that the consumer lives and holds these partitions."""
        self._next = time.monotonic() + EVERY
        told = self._told | {"pid": os.getpid(), "partitions": sorted(partitions)}
        with self._trying("The heartbeat was not written"):
            now = {"$set": told | {"at": datetime.now(UTC)}}
            self._heartbeats.update_one({"_id": self._id}, now, upsert=True)

    def stop(self) -> None:
        """Take the heartbeat away: the consumer ends as it should."""
        with self._trying("The heartbeat was not taken away"):
            self._heartbeats.delete_one({"_id": self._id, "pid": os.getpid()})

    @contextmanager
    def _trying(self, otherwise: str) -> Iterator[None]:
        try:
            with pymongo.timeout(WITHIN):
                yield
        except PyMongoError as error:
            self._troubles.tell(otherwise, error)
