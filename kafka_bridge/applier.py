"""Applies batches of records: everything that a batch changes is one MongoDB transaction.

See docs/decisions for why this gives each event exactly one effect.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError
from pymongo.operations import ReplaceOne
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from kafka_bridge.batch import Batch, Document, Item, Place, Record, needs, read
from kafka_bridge.models import DeadLetter, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.positions import Log, Positions

DUPLICATE_KEY = 11000
IDS_AT_ONCE = 100  # the embedded server's $in costs the square of its hits


class SeenBefore(Exception):
    """Some event of the batch has a receipt already."""


class Applier:
    """Applies the records of one consumer, in one session that lives as long as it does."""

    def __init__(self, log: Log, consumer: str) -> None:
        self.database = database()
        self.session: ClientSession = self.database.client.start_session()
        self.positions = Positions(self.database, log, consumer)

    def claim(self, partitions: Sequence[int]) -> dict[int, int]:
        """Take over partitions; return the offset at which each goes on."""
        return self.positions.claim(partitions, self.session)

    def apply(self, records: Sequence[Record]) -> None:
        """Apply records that follow one another in each partition.

        Raises `Fenced` if another consumer was faster, and PyMongo's errors if MongoDB fails; in
        both cases nothing has changed, unless a failed commit did come through: so go on from
        the stored offsets.
        """
        items = [read(record) for record in records]
        try:
            self._in_transaction(items, set())
        except SeenBefore:
            self._in_transaction(items, self._seen(items))
        self.positions.next.update(_ends(items))

    def _in_transaction(self, items: Sequence[Item], seen: set[str]) -> None:
        with self.session.start_transaction(
            read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
        ):
            self.positions.advance(_ends(items), self.session)
            log = self.positions.log.name
            self._write(Batch(log, self._load(needs(items)), seen).decide(items))

    def _load(self, places: set[Place]) -> dict[Place, Document | None]:
        loaded: dict[Place, Document | None] = dict.fromkeys(places)
        for model in {model for model, _ in places}:
            for ids in _chunks([key for of, key in places if of is model]):
                for found in self._find(model._meta.db_table, ids):
                    loaded[model, found["_id"]] = found
        return loaded

    def _seen(self, items: Sequence[Item]) -> set[str]:
        table = Receipt._meta.db_table
        ids = [item.event.id for item in items if item.event is not None]
        return {found["_id"] for chunk in _chunks(ids) for found in self._find(table, chunk)}

    def _find(self, table: str, ids: list[str]) -> Iterator[dict[str, Any]]:
        session = self.session if self.session.in_transaction else None
        return iter(self.database[table].find({"_id": {"$in": ids}}, session=session))

    def _write(self, batch: Batch) -> None:
        self._give_receipts(batch.receipts)
        for model in {model for model, _ in batch.changed}:
            table = model._meta.db_table
            places = [place for place in batch.changed if place[0] is model]
            self._insert(table, [batch.changed[p] for p in places if batch.is_new(p)])
            self._replace(table, [batch.changed[p] for p in places if not batch.is_new(p)])
        self._insert(DeadLetter._meta.db_table, batch.dead_letters)

    def _give_receipts(self, receipts: Sequence[Document]) -> None:
        try:
            self._insert(Receipt._meta.db_table, receipts)
        except BulkWriteError as error:
            if any(e["code"] == DUPLICATE_KEY for e in error.details["writeErrors"]):
                raise SeenBefore from error
            raise

    def _insert(self, table: str, documents: Sequence[Document]) -> None:
        if documents:
            self.database[table].insert_many(documents, ordered=False, session=self.session)

    def _replace(self, table: str, documents: Sequence[Document]) -> None:
        if documents:
            writes = [ReplaceOne({"_id": document["_id"]}, document) for document in documents]
            self.database[table].bulk_write(writes, session=self.session)


def _ends(items: Sequence[Item]) -> dict[int, int]:
    return {item.record.partition: item.record.offset + 1 for item in items}


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE))
