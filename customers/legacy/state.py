"""What the bridge must not forget between two runs: where it is, who came, and what waits."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pymongo.operations import DeleteOne, ReplaceOne

from kafka_bridge.mongo import database

TABLE = "customers_bridge"


class Held(NamedTuple):
    """A purchase that waits. `since` is when it was read first; `value` is the whole message."""

    partition: int
    offset: int
    value: bytes
    published_at: datetime
    since: datetime


class State:
    """The state about one log, in a collection of its own: `log` tells it from all others.

    Positions are written after what was read up to them, so after a fault some messages are read
    again, and give the same events.
    """

    def __init__(self, log: str) -> None:
        self._log = log
        self._table = database()[TABLE]

    def positions(self) -> dict[int, int]:
        """Return the next offset of each partition that was read."""
        return {one["partition"]: one["next"] for one in self._found("position")}

    def known(self) -> set[str]:
        """Return what has come."""
        return {one["known"] for one in self._found("known")}

    def held(self) -> list[Held]:
        """Return the purchases that wait, in the order in which they came."""
        found = (Held(*(one[name] for name in Held._fields)) for one in self._found("held"))
        return sorted(found, key=lambda one: (one.since, one.partition, one.offset))

    def keep(
        self,
        *,
        known: Iterable[str],
        held: Iterable[Held],
        done: Iterable[Held],
        positions: Mapping[int, int],
    ) -> None:
        """Remember what came, what waits from now on or no longer, and how far was read."""
        writes: list[ReplaceOne[Any] | DeleteOne] = [
            *(self._put("known", one, {"known": one}) for one in known),
            *(self._put("held", _place(one), one._asdict()) for one in held),
            *(DeleteOne({"_id": self._id("held", _place(one))}) for one in done),
            *(
                self._put("position", str(partition), {"partition": partition, "next": offset})
                for partition, offset in positions.items()
            ),
        ]
        if writes:
            self._table.bulk_write(writes)

    def _found(self, kind: str) -> Iterable[dict[str, Any]]:
        return self._table.find({"log": self._log, "kind": kind})

    def _put(self, kind: str, name: str, told: Mapping[str, Any]) -> ReplaceOne[Any]:
        place = self._id(kind, name)
        document = {"_id": place, "log": self._log, "kind": kind, **told}
        return ReplaceOne({"_id": place}, document, upsert=True)

    def _id(self, kind: str, name: str) -> str:
        return f"{self._log}/{kind}/{name}"


def _place(purchase: Held) -> str:
    return f"{purchase.partition}/{purchase.offset}"
