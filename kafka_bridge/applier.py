"""Applies batches of records: everything that a batch changes is one MongoDB transaction.

See docs/decisions for why this gives each event exactly one effect.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from bson.errors import InvalidDocument
from pymongo.errors import BulkWriteError, DocumentTooLarge
from pymongo.operations import ReplaceOne
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from kafka_bridge import letters
from kafka_bridge.batch import Batch, Document, Item, Key, Place, Record, needs, read
from kafka_bridge.models import DeadLetter, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.positions import Fenced, Log, Positions

DUPLICATE_KEY, WRITE_CONFLICT = 11000, 112  # MongoDB's error codes
# Bytes of values in one transaction: dead letters keep them whole, and the embedded server waits
# for itself for ever if a transaction changes more than a tenth of its cache.
LARGEST_PART = 4 * 2**20
IDS_AT_ONCE = 100  # the embedded server's $in costs the square of its hits
# What a batch holds cannot be written, however often it is tried.
UNWRITABLE = (InvalidDocument, OverflowError, DocumentTooLarge, BulkWriteError)


class SeenBefore(Fenced):
    """Some event of the batch has a receipt already."""


class Applier:
    """Applies the records of one consumer, in one session that lives as long as it does."""

    def __init__(self, log: Log, consumer: str) -> None:
        self.database = database()
        self.session = self.database.client.start_session()
        self.positions = Positions(self.database, log, consumer)
        self._letters = self.database[DeadLetter._meta.db_table]
        self._blocked: dict[Key, str] = {}

    def claim(self, partitions: Sequence[int]) -> dict[int, int]:
        """Take over partitions; return the offset at which each goes on."""
        positions = self.positions.claim(partitions, self.session)
        self._learn_blocked(partitions)
        return positions

    def renew(self) -> None:
        """Begin a new session: the old one may have a transaction open on the server."""
        self.session.end_session()
        self.session = self.database.client.start_session()

    def apply(self, records: Sequence[Record]) -> None:
        """Read and apply records; see `apply_items`."""
        self.apply_items([read(record) for record in records])

    def apply_items(self, read_ahead: Sequence[Item]) -> None:
        """Apply records, read already, that follow one another in each partition.

        Raises `Fenced` if another consumer was faster, and PyMongo's errors if MongoDB fails; in
        both cases nothing has changed, unless a failed commit did come through: so go on from
        the stored offsets.
        """
        items = list(_forward(read_ahead, self.positions.next))
        for decisions, group in groupby(items, letters.is_decision):
            if decisions:
                for decision in group:
                    self._resolve(decision)
            else:
                for part in _parts(group):
                    self._apply(part)

    def _apply(self, items: Sequence[Item]) -> None:
        """Apply items; if they cannot be written, find by halves the one that is to blame."""
        try:
            self._decide(items)
        except UNWRITABLE as error:
            if _is_passing(error):
                raise
            if len(items) > 1:
                middle = len(items) // 2
                self._apply(items[:middle])
                self._apply(items[middle:])
            else:
                self._bury(items[0], error)

    def _decide(self, items: Sequence[Item]) -> None:
        log = self.positions.log.name

        def unknowing() -> Batch:
            batch = Batch(self._load(items), set(), self._blocked).decide(items, log)
            if batch.faulty:  # perhaps over an event that had its effect long ago
                raise SeenBefore
            return batch

        def knowing() -> Batch:
            return Batch(self._load(items), self._seen(items), self._blocked).decide(items, log)

        try:
            batch = self._in_transaction(items, unknowing)
        except SeenBefore:
            batch = self._in_transaction(items, knowing)
        self._blocked.update(batch.blocking)

    def _bury(self, item: Item, error: Exception) -> None:
        def buried() -> Batch:
            batch = Batch({}, set())
            batch.bury(item, f"cannot be written: {error}", self.positions.log.name)
            return batch

        self._blocked.update(self._in_transaction([item], buried).blocking)

    def _resolve(self, decision: Item) -> None:
        """Carry out an operator's decision about a dead letter, once."""

        def resolved() -> Batch:
            log = self.positions.log.name
            queue = letters.queue_of(self._letters, log, decision, self.session)
            items = queue.items if queue else []
            batch = Batch(self._load(items), self._seen([decision, *items]))
            for letter, change in letters.resolve(batch, decision, queue).items():
                self._letters.update_one({"_id": letter}, {"$set": change}, session=self.session)
            return batch

        try:
            self._in_transaction([decision], resolved)
        except UNWRITABLE as error:
            if _is_passing(error):
                raise
            self._in_transaction([decision], letters.failed(decision, error))
        self._learn_blocked([decision.record.partition])

    def _learn_blocked(self, partitions: Sequence[int]) -> None:
        others = {key: first for key, first in self._blocked.items() if key[0] not in partitions}
        found = letters.blocked(self._letters, self.positions.log.name, list(partitions))
        self._blocked = others | found

    def _in_transaction(self, items: Sequence[Item], decide: Callable[[], Batch]) -> Batch:
        ends = {item.record.partition: item.record.offset + 1 for item in items}
        with self.session.start_transaction(
            read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
        ):
            self.positions.advance(ends, self.session)
            batch = decide()
            self._write(batch)
        self.positions.next.update(ends)
        return batch

    def _load(self, items: Sequence[Item]) -> dict[Place, Document | None]:
        places = needs(items)
        loaded: dict[Place, Document | None] = dict.fromkeys(places)
        for model in {model for model, _ in places}:
            for found in self._find(
                model._meta.db_table, [key for of, key in places if of is model]
            ):
                loaded[model, found["_id"]] = found
        return loaded

    def _seen(self, items: Sequence[Item]) -> set[str]:
        ids = [item.event.id for item in items if item.event is not None]
        return {found["_id"] for found in self._find(Receipt._meta.db_table, ids)}

    def _find(self, table: str, ids: Sequence[str]) -> Iterator[Document]:
        for start in range(0, len(ids), IDS_AT_ONCE):
            chunk = ids[start : start + IDS_AT_ONCE]
            yield from self.database[table].find({"_id": {"$in": chunk}}, session=self.session)

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
            if DUPLICATE_KEY in _codes(error):
                raise SeenBefore from error
            raise

    def _insert(self, table: str, documents: Sequence[Document]) -> None:
        if documents:
            self.database[table].insert_many(documents, ordered=False, session=self.session)

    def _replace(self, table: str, documents: Sequence[Document]) -> None:
        if documents:
            writes = [ReplaceOne({"_id": document["_id"]}, document) for document in documents]
            self.database[table].bulk_write(writes, session=self.session)


def _forward(items: Sequence[Item], held: Mapping[int, int]) -> Iterator[Item]:
    """Leave out what is not ours, was applied before, or came twice as partitions moved."""
    due = dict(held)
    for item in items:
        number, offset = item.record.partition, item.record.offset
        if offset >= due.get(number, offset + 1):
            due[number] = offset + 1
            yield item


def _parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut items into parts of no more than `LARGEST_PART` bytes, or of one item that is larger."""
    part: list[Item] = []
    size = 0
    for item in items:
        size += len(item.record.value or b"")
        if part and size > LARGEST_PART:
            yield part
            part, size = [], len(item.record.value or b"")
        part.append(item)
    yield part


def _codes(error: BulkWriteError) -> set[int]:
    return {fault["code"] for fault in error.details["writeErrors"]}


def _is_passing(error: Exception) -> bool:
    """Whether the same write may succeed later: a conflict with another transaction."""
    return isinstance(error, BulkWriteError) and (
        error.has_error_label("TransientTransactionError") or WRITE_CONFLICT in _codes(error)
    )
