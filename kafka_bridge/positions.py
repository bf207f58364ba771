"""Where a consumer stands: the next offset of each partition, kept in MongoDB.

Offsets are written in the transaction of the documents, and compared-and-set: a consumer that
lost its partition to another finds an offset that it did not write, and changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from bson import Binary
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure
from pymongo.operations import UpdateOne
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from kafka_bridge.models import Claims, Offset

# Of every transaction: it reads what is agreed on, and counts when a majority has it on disk.
SNAPSHOT, DURABLE = ReadConcern("snapshot"), WriteConcern("majority", j=True)

CLAIMS = 100  # that are remembered: more than can be under way within a transaction's minute


class Fenced(Exception):
    """Another consumer moved the offset: whatever was decided here is void."""


class LogBroken(Exception):
    """The log does not hold what comes next; the text says what an operator can do."""


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


def rebuild_mark(group: str) -> str:
    """Return the `_id` of the document that stands beside the offsets during a rebuild."""
    return f"{group}/rebuild"


class Positions:
    """The stored offsets of one consumer's partitions."""

    def __init__(self, database: Database[Any], log: Log, consumer: str) -> None:
        self.log = log
        self.consumer = consumer
        self.next: dict[int, int] = {}
        self._offsets = database[Offset._meta.db_table]
        self._claims = database[Claims._meta.db_table]
        self._database = database

    def prepare(self, partitions: int) -> None:
        """Store a first offset for each partition of a log that this group never read.

        Raises `LogBroken` if a rebuild was interrupted, or if the log was read with another number
        of partitions: new ones take keys away from old ones, and the order within a key is lost.
        """
        if self._offsets.find_one({"_id": rebuild_mark(self.log.group)}):
            raise LogBroken("A rebuild is under way or was interrupted: run `manage.py rebuild`.")
        known = list(self._offsets.find({"group": self.log.group, "log": self.log.name}))
        for found in known:
            if found["partitions"] != partitions:
                raise LogBroken(
                    f"{self.log.topic} has {partitions} partitions, but its events were applied "
                    f"from {found['partitions']}. Keys are in other partitions now, so their order "
                    "is lost: make a topic anew with the events in order (docs/reliability.md)."
                )
        if missing := set(range(partitions)) - {found["partition"] for found in known}:
            self._offsets.bulk_write([self._first(p, partitions) for p in missing])

    def _first(self, partition: int, partitions: int) -> UpdateOne:
        named = {"group": self.log.group, "log": self.log.name, "partition": partition}
        start = {"partitions": partitions, "next": 0, "session": None, "consumer": ""}
        first = {"$setOnInsert": named | start}
        return UpdateOne({"_id": self.log.key(partition)}, first, upsert=True)

    def claim(self, partitions: Collection[int], session: ClientSession) -> dict[int, int]:
        """Take over partitions and return their next offsets.

        A consumer that was killed leaves its transaction open, and the documents in it locked for
        up to a minute. So each notes its session before it claims, where no transaction locks it,
        and those who claimed before are ended if an offset is locked. Raises `Fenced` if a rebuild
        took offsets away.
        """
        mine = _id_of(session)
        earlier = self._note(partitions, mine)
        try:
            positions = self._take(partitions, session)
        except OperationFailure as error:
            if not error.has_error_label("TransientTransactionError"):
                raise
            self._end_sessions(earlier - {mine})
            positions = self._take(partitions, session)
        if len(positions) < len(partitions):
            raise Fenced("a rebuild took the stored offsets away")
        self.next.update(positions)
        return positions

    def _note(self, partitions: Collection[int], mine: Binary) -> set[Binary]:
        """Note who claims partitions; return whose sessions may have locked them."""
        claim = {"session": mine, "partitions": list(partitions)}
        noted = self._claims.find_one_and_update(
            {"_id": f"{self.log.group}/{self.log.name}"},
            {"$push": {"claims": {"$each": [claim], "$slice": -CLAIMS}}},
            upsert=True,
        )
        earlier = noted["claims"] if noted else []  # as it was before
        claimed = {c["session"] for c in earlier if {*partitions} & {*c["partitions"]}}
        owners = {found["session"] for found in self._offsets.find(self._chosen(partitions))}
        return (claimed | owners) - {None}

    def _chosen(self, partitions: Collection[int]) -> dict[str, Any]:
        return {"_id": {"$in": [self.log.key(partition) for partition in partitions]}}

    def _take(self, partitions: Collection[int], session: ClientSession) -> dict[int, int]:
        # In a transaction a locked offset is an error at once; a plain write would wait for it,
        # and while it waits the embedded server lets the transaction's own writes wait too.
        chosen = self._chosen(partitions)
        named = {"$set": {"session": _id_of(session), "consumer": self.consumer}}
        with session.start_transaction(read_concern=SNAPSHOT, write_concern=DURABLE):
            self._offsets.update_many(chosen, named, session=session)
            found = list(self._offsets.find(chosen, session=session))
        return {offset["partition"]: offset["next"] for offset in found}

    def _end_sessions(self, sessions: set[Binary]) -> None:
        if sessions:
            ended = [{"id": session} for session in sessions]
            self._database.client.admin.command("killSessions", ended)

    def skip_deleted(self, partition: int, first: int) -> None:
        """Go on at the first record that is still there; what was deleted is not applied."""
        self._offsets.update_one(
            {"_id": self.log.key(partition), "next": self.next[partition]},
            {"$set": {"next": first}},
        )
        self.next[partition] = first

    def release(self, partitions: Iterable[int]) -> None:
        """Forget partitions that now belong to somebody else."""
        for partition in partitions:
            self.next.pop(partition, None)

    def advance(self, ends: Mapping[int, int], session: ClientSession) -> None:
        """Compare-and-set the next offsets within the transaction; raise `Fenced`.

        Who lost a partition fails at once, though the new owner has not moved the offset yet: else
        it could begin a transaction, be killed in it, and nobody would look for its session.
        """
        mine = _id_of(session)
        moves = [
            UpdateOne(
                {"_id": self.log.key(partition), "next": self.next[partition], "session": mine},
                {"$set": {"next": end}},
            )
            for partition, end in ends.items()
        ]
        if self._offsets.bulk_write(moves, session=session).matched_count != len(moves):
            raise Fenced("another consumer applied these events")


def _id_of(session: ClientSession) -> Binary:
    return Binary(bytes(session.session_id["id"]), 4)
