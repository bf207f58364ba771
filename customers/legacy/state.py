"""What the bridge must not forget between two runs: where it is, who came, and what waits."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pymongo.operations import DeleteOne, InsertOne, ReplaceOne

from kafka_bridge.mongo import database

TABLE = "customers_bridge"


class Held(NamedTuple):
    """A message of a log. `since` is when it was read first; `value` is the whole of it."""

    log: str
    partition: int
    offset: int
    value: bytes
    published_at: datetime
    since: datetime

    @property
    def place(self) -> str:
        """Where it stands: no other message has the same."""
        return f"{self.log}/{self.partition}/{self.offset}"


class State:
    """The state about one topic, in a collection of its own.

    Its log is told from that of a namesake by the topic's identity. What waits is the topic's,
    also if it was made anew meanwhile; who came is known whatever topic they came from. Positions
    are written after what was read up to them, so after a fault some messages are read again, and
    give the same events.
    """

    def __init__(self, topic: str, identity: str) -> None:
        self.log = f"{identity}/{topic}"
        self._topic = topic
        self._table = database()[TABLE]

    def made_anew(self) -> bool:
        """Whether another topic of this name was read, and this one was not."""
        logs = self._table.distinct("log", {"kind": "position"})
        return self.log not in logs and any(map(self._is_ours, logs))

    def _is_ours(self, log: str) -> bool:
        return log.rpartition("/")[2] == self._topic  # an identity may have slashes, a topic none

    def positions(self) -> dict[int, int]:
        """Return the next offset of each partition that was read."""
        found = self._table.find({"kind": "position", "log": self.log})
        return {one["partition"]: one["next"] for one in found}

    def known(self) -> set[str]:
        """Return what has come."""
        return {name for one in self._table.find({"kind": "came"}) for name in one["names"]}

    def held(self) -> list[Held]:
        """Return the purchases that wait, in the order in which they came."""
        kept = self._table.find({"kind": "held"})
        found = (Held(*(one[name] for name in Held._fields)) for one in kept)
        ours = (one for one in found if self._is_ours(one.log))
        return sorted(ours, key=lambda one: (one.since, one.partition, one.offset))

    def keep(
        self,
        positions: Mapping[int, int],
        *,
        came: Iterable[str] = (),
        held: Iterable[Held] = (),
        done: Iterable[Held] = (),
    ) -> None:
        """Remember who came, what waits from now on or no longer, and how far was read."""
        names = sorted(came)
        writes: list[InsertOne[Any] | ReplaceOne[Any] | DeleteOne] = [
            *([InsertOne({"kind": "came", "names": names})] if names else []),
            *(self._put("held", one.place, one._asdict()) for one in held),
            *(DeleteOne({"_id": f"held/{one.place}"}) for one in done),
            *(self._position(partition, offset) for partition, offset in positions.items()),
        ]
        if writes:
            self._table.bulk_write(writes)

    def _position(self, partition: int, offset: int) -> ReplaceOne[Any]:
        told = {"log": self.log, "partition": partition, "next": offset}
        return self._put("position", f"{self.log}/{partition}", told)

    def _put(self, kind: str, name: str, told: Mapping[str, Any]) -> ReplaceOne[Any]:
        place = f"{kind}/{name}"
        return ReplaceOne({"_id": place}, {"_id": place, "kind": kind, **told}, upsert=True)
