"""Where a consumer stands: the next offset of each partition, kept in MongoDB.

Offsets are written in the transaction of the documents, and compared-and-set: a consumer that
lost its partition to another finds an offset that it did not write, and changes nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from bson import Binary
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.operations import UpdateOne

from kafka_bridge.models import Offset


class Fenced(Exception):
    """Another consumer moved the offset: whatever was decided here is void."""


class Log(NamedTuple):
    """One topic as one consumer group reads it; `identity` tells it from a namesake."""

    group: str
    topic: str
    identity: str

    @property
    def name(self) -> str:
        """The log's name in stored documents."""
        return f"{self.topic}@{self.identity}"

    def key(self, partition: int) -> str:
        """Return the `_id` of a partition's stored offset."""
        return f"{self.group}/{self.name}/{partition}"


class Positions:
    """The stored offsets of one consumer's partitions."""

    def __init__(self, database: Database[Any], log: Log, consumer: str) -> None:
        self.log = log
        self.consumer = consumer
        self.next: dict[int, int] = {}
        self._offsets = database[Offset._meta.db_table]
        self._database = database

    def claim(self, partitions: Iterable[int], session: ClientSession) -> dict[int, int]:
        """Take over partitions and return their next offsets.

        A consumer that was killed leaves its transaction open, and the documents in it locked for
        up to a minute: its session stands beside the offset and is ended before anything is read.
        """
        mine = Binary(bytes(session.session_id["id"]), 4)
        chosen = {partition: self.log.key(partition) for partition in partitions}
        stored = list(self._offsets.find({"_id": {"$in": list(chosen.values())}}))
        self._end_sessions({bytes(found["session"]) for found in stored} - {bytes(mine)})
        self._offsets.bulk_write([self._claim(p, key, mine) for p, key in chosen.items()])
        claimed = self._offsets.find({"_id": {"$in": list(chosen.values())}})
        positions = {found["partition"]: int(found["next"]) for found in claimed}
        self.next.update(positions)
        return positions

    def _claim(self, partition: int, key: str, session: Binary) -> UpdateOne:
        named = {"group": self.log.group, "log": self.log.name, "partition": partition}
        return UpdateOne(
            {"_id": key},
            {
                "$set": {"session": session, "consumer": self.consumer},
                "$setOnInsert": {**named, "next": 0},
            },
            upsert=True,
        )

    def _end_sessions(self, sessions: set[bytes]) -> None:
        if sessions:
            ended = [{"id": Binary(session, 4)} for session in sessions]
            self._database.client.admin.command("killSessions", ended)

    def release(self, partitions: Iterable[int]) -> None:
        """Forget partitions that now belong to somebody else."""
        for partition in partitions:
            self.next.pop(partition, None)

    def advance(self, ends: Mapping[int, int], session: ClientSession) -> None:
        """Compare-and-set the next offsets within the transaction; raise `Fenced`."""
        moves = [
            UpdateOne(
                {"_id": self.log.key(partition), "next": self.next[partition]},
                {"$set": {"next": end}},
            )
            for partition, end in ends.items()
        ]
        if self._offsets.bulk_write(moves, session=session).matched_count != len(moves):
            raise Fenced("another consumer applied these events")
