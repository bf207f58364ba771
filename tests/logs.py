"""Logs in memory, so that a test can apply records as no Kafka would hand them out so soon."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from catalog.models import Product
from customers.models import Customer, Purchase
from kafka_bridge.applier import Applier
from kafka_bridge.batch import Record
from kafka_bridge.envelope import Envelope, Headers, encode
from kafka_bridge.models import DeadLetter, Offset, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.positions import Log

PUBLISHED = datetime(2026, 1, 1, tzinfo=UTC)
KEPT = (Product, Customer, Purchase, Receipt, DeadLetter)


class MemoryLog:
    """A log with some partitions; a key always falls into the same one."""

    def __init__(self, partitions: int = 1) -> None:
        self.name = Log("tests", uuid4().hex, "1")
        self.partitions: list[list[Record]] = [[] for _ in range(partitions)]

    def append(self, event: Envelope[Any], partition: int | None = None) -> Record:
        """Write an event at the end of its partition."""
        key, value, headers = encode(event)
        return self.append_bytes(key, value, cast(Headers, headers), partition)

    def append_bytes(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> Record:
        """Write any message at the end of a partition."""
        if partition is None:
            partition = zlib.crc32(key or b"") % len(self.partitions)
        queue = self.partitions[partition]
        queue.append(Record(partition, len(queue), key, value, headers, PUBLISHED))
        return queue[-1]

    def applier(self, partitions: Sequence[int] | None = None) -> Applier:
        """A consumer's applier that has just taken over partitions; all, if none are named."""
        applier = Applier(self.name, "tests")
        applier.positions.prepare(len(self.partitions))
        applier.claim(list(range(len(self.partitions))) if partitions is None else partitions)
        return applier

    def place(self, record: Record) -> str:
        """The id of the dead letter that a record would become."""
        return f"{self.name.name}/{record.partition}/{record.offset}"

    def stored(self) -> list[int]:
        """The stored next offset of each partition."""
        found = database()[Offset._meta.db_table].find({"log": self.name.name})
        return [offset["next"] for offset in sorted(found, key=lambda one: one["partition"])]


def kept(*models: type[Any]) -> dict[str, list[dict[str, Any]]]:
    """All documents of the models, in the order of their ids; of all that events change if none."""
    tables = [model._meta.db_table for model in models or KEPT]
    return {table: list(database()[table].find().sort("_id", 1)) for table in tables}


def forget() -> None:
    """Throw away all that events have changed."""
    for model in KEPT:
        database()[model._meta.db_table].delete_many({})
