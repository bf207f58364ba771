"""A batch of messages: what they are, and what applying them changes."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from confluent_kafka import Message
from django.db.models import Model

from kafka_bridge import envelope, registry
from kafka_bridge.envelope import Envelope, Headers, Undecodable
from kafka_bridge.models import DeadLetter, Receipt

Document = Mapping[str, Any]
Place = tuple[type[Model], str]


class Record(NamedTuple):
    """One message as it stands in the log. `published_at` is the broker's time."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    published_at: datetime


class Item(NamedTuple):
    """A record and the event in it, or why there is none."""

    record: Record
    event: Envelope[registry.Event] | None
    error: str


def record_of(message: Message) -> Record:
    """Return the parts of a consumed message."""
    published = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
    return Record(
        message.partition() or 0,
        message.offset() or 0,
        message.key(),
        message.value(),
        cast(Headers, message.headers() or ()),
        published,
    )


def read(record: Record) -> Item:
    """Decode a record; what is no event of ours becomes an item with an error."""
    try:
        return Item(record, envelope.decode(record.key, record.value, record.headers), "")
    except Undecodable as error:
        return Item(record, None, str(error))


def needs(items: Iterable[Item]) -> set[Place]:
    """Return the documents that the items' handlers read."""
    return {
        (registry.registrations[type(item.event.data)].reads, item.event.subject)
        for item in items
        if item.event is not None
    }


class Batch:
    """The unit of work: decides events in order on documents in memory, and collects the changes.

    `loaded` holds the documents that the events need, None where there is none; `seen` the ids of
    events that had their effect before.
    """

    def __init__(self, log: str, loaded: Mapping[Place, Document | None], seen: set[str]) -> None:
        self._log = log
        self._loaded = loaded
        self._documents = dict(loaded)
        self._seen = set(seen)
        self._now = datetime.now(UTC)
        self.changed: dict[Place, Document] = {}
        self.receipts: list[Document] = []
        self.dead_letters: list[Document] = []

    def decide(self, items: Iterable[Item]) -> "Batch":
        """Decide all items in order."""
        for item in items:
            self._decide(item)
        return self

    def _decide(self, item: Item) -> None:
        if item.event is None:
            self._bury(item, item.error)
        elif item.event.id not in self._seen:
            self._apply(item, item.event)

    def _apply(self, item: Item, event: Envelope[registry.Event]) -> None:
        handler, reads = registry.registrations[type(event.data)]
        try:
            outcome = handler(event, self._documents[reads, event.subject])
        except Exception as error:  # noqa: BLE001  a fault of the handler: the event is kept, with the fault
            self._bury(item, f"{type(error).__name__} in its handler: {error}")
            return
        self._seen.add(event.id)
        if isinstance(outcome, registry.Rejection):
            self.receipts.append(self._receipt(item.record, event, outcome))
            return
        self.receipts.append(self._receipt(item.record, event, None))
        for model, document in outcome:
            self._documents[model, document["_id"]] = document
            self.changed[model, document["_id"]] = document

    def is_new(self, place: Place) -> bool:
        """Whether a changed document did not stand in MongoDB before the batch."""
        return self._loaded.get(place) is None

    def _receipt(
        self,
        record: Record,
        event: Envelope[registry.Event],
        rejection: registry.Rejection | None,
    ) -> Document:
        status = Receipt.Status.REJECTED if rejection else Receipt.Status.APPLIED
        return {
            "_id": event.id,
            "type": event.type,
            "key": event.subject,
            "source": event.source,
            "status": status.value,
            "reason": rejection.reason if rejection else "",
            "detail": dict(rejection.detail) if rejection else {},
            "partition": record.partition,
            "offset": record.offset,
            "happened_at": event.time,
            "applied_at": self._now,
        }

    def _bury(self, item: Item, error: str) -> None:
        record, event = item.record, item.event
        self.dead_letters.append(
            {
                "_id": f"{self._log}/{record.partition}/{record.offset}",
                "log": self._log,
                "partition": record.partition,
                "offset": record.offset,
                "key": record.key,
                "value": record.value,
                "headers": [[name, value] for name, value in record.headers],
                "event_id": event.id if event else "",
                "type": event.type if event else "",
                "error": error[:1000],
                "status": DeadLetter.Status.OPEN.value,
                "published_at": record.published_at,
                "failed_at": self._now,
                "resolved_by": "",
                "resolved_at": None,
            }
        )
