"""A batch of messages: what they are, and what applying them changes."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from operator import methodcaller
from typing import Any, NamedTuple, cast

from confluent_kafka import Message
from django.db.models import Model

from kafka_bridge import envelope, registry
from kafka_bridge.envelope import Envelope, Headers, Undecodable
from kafka_bridge.models import DeadLetter, Receipt

LARGEST_VALUE = 12 * 2**20  # bytes of a dead letter that are kept; a document has room for 16 MiB
LARGEST_HEADERS = 2**20  # bytes that a document needs for them
# Python's own call of a method that is called often no longer looks whether it failed, and this one
# then gives a broken list, over which the process dies; a call through C always looks.
READ_HEADERS = methodcaller("headers")
LATEST_TIME = int(envelope.LATEST.timestamp() * 1000) - 1  # milliseconds since 1970

Document = dict[str, Any]
Place = tuple[type[Model], str]
Key = tuple[int, bytes]


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
    # Anybody may write any number as a record's time; a document holds years that can be shown.
    milliseconds = min(max(message.timestamp()[1], 0), LATEST_TIME)
    return Record(
        message.partition() or 0,
        message.offset() or 0,
        message.key(),
        message.value(),
        _headers(message),
        datetime.fromtimestamp(milliseconds / 1000, UTC),
    )


def _headers(message: Message) -> Headers:
    try:
        return cast(Headers, READ_HEADERS(message) or ())
    except SystemError:  # how the client answers to a header whose name is not UTF-8
        return ()


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
    events that had their effect before; `blocked` the keys whose events wait, each with the id of
    the dead letter that they wait for. `faulty` says that a handler failed.
    """

    def __init__(
        self,
        loaded: Mapping[Place, Document | None],
        seen: set[str],
        blocked: Mapping[Key, str] | None = None,
    ) -> None:
        self._loaded = loaded
        self._documents = dict(loaded)
        self.seen = set(seen)
        self._blocked = blocked or {}
        self.now = datetime.now(UTC)
        self.faulty = False
        self.blocking: dict[Key, str] = {}
        self.changed: dict[Place, Document] = {}
        self.receipts: list[Document] = []
        self.dead_letters: list[Document] = []

    def decide(self, items: Iterable[Item], log: str) -> "Batch":
        """Decide all items in order; what cannot be decided becomes a dead letter of that log."""
        for item in items:
            if error := self._waits(item.record) or self.judge(item):
                self.bury(item, error, log)
        return self

    def _waits(self, record: Record) -> str:
        if record.key is None:
            return ""
        key = (record.partition, record.key)
        first = self._blocked.get(key) or self.blocking.get(key)
        return f"waits for {first}" if first else ""

    def judge(self, item: Item) -> str:
        """Decide one item; return why that is impossible, or nothing."""
        event = item.event
        if event is None:
            return item.error
        if event.id in self.seen:
            return ""
        handler, reads = registry.registrations[type(event.data)]
        try:
            outcome = handler(event, self._documents[reads, event.subject])
        except Exception as error:  # noqa: BLE001  the event is kept, with the handler's fault
            self.faulty = True
            return f"{type(error).__name__} in the handler: {error}"
        self.conclude(item.record, event, outcome)
        return ""

    def conclude(
        self, record: Record, event: Envelope[registry.Event], outcome: registry.Outcome
    ) -> None:
        """Take an outcome into the changes, with the event's receipt."""
        self.seen.add(event.id)
        rejection = outcome if isinstance(outcome, registry.Rejection) else None
        self.receipts.append(self._receipt(record, event, rejection))
        for model, document in () if rejection else cast(Iterable[registry.Change], outcome):
            place, stored = (model, document["_id"]), dict(document)
            self._documents[place] = self.changed[place] = stored

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
            "applied_at": self.now,
        }

    def bury(self, item: Item, error: str, log: str) -> None:
        """Make the item a dead letter; later events of its key wait for it."""
        letter = _dead_letter(item, error, log, self.now)
        self.dead_letters.append(letter)
        if item.record.key is not None:
            self.blocking.setdefault((item.record.partition, item.record.key), letter["_id"])


def _dead_letter(item: Item, error: str, log: str, now: datetime) -> Document:
    record, event = item.record, item.event
    return {
        "_id": f"{log}/{record.partition}/{record.offset}",
        "log": log,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "value": record.value and record.value[:LARGEST_VALUE],
        "headers": _kept_headers(record.headers),
        "event_id": event.id if event else "",
        "type": event.type if event else "",
        "error": error[:1000],
        "status": DeadLetter.Status.OPEN.value,
        "published_at": record.published_at,
        "failed_at": now,
        "resolved_by": "",
        "resolved_at": None,
    }


def _kept_headers(headers: Headers) -> list[list[str | None]]:
    """Return headers as JSON can hold them: Latin-1 gives every byte a character of its own."""
    kept = headers if sum(map(_size, headers)) <= LARGEST_HEADERS else ()
    return [[name, None if value is None else value.decode("latin-1")] for name, value in kept]


def _size(header: tuple[str, bytes | None]) -> int:
    """Return how many bytes of a document a header takes at most, as a list within a list."""
    name, value = header
    return 40 + len(name.encode()) + 2 * len(value or b"")
