"""Publishes what another topic holds as events of this shop, each once, however often it is read.

Their partitions promise no order, so a purchase may come before its product or its customer. It
waits here until both were published: the product's events have the purchase's key, so then they
stand before it in our log. What waits longer than the deadline is published, to be refused.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from msgspec.structs import replace

from customers.events import PurchaseImported
from customers.legacy import messages
from customers.legacy.messages import Meaning, Unusable
from customers.legacy.reader import Reader
from customers.legacy.state import Held, State
from kafka_bridge import clients
from kafka_bridge.batch import Record
from kafka_bridge.bulk import Bulk
from kafka_bridge.envelope import LONGEST_ATTRIBUTE, Envelope
from kafka_bridge.publisher import NotPublished


class Complaint(NamedTuple):
    """A message that cannot be used, and why."""

    partition: int
    offset: int
    why: str


Pair = tuple[Held, Meaning]


class Bridge:
    """Reads one topic; `deadline` is how long a purchase waits, in seconds.

    Raises `KafkaUnavailable`, and `NotPublished` if our Kafka did not take all: then nothing is
    remembered, and the next run does it again.
    """

    def __init__(self, topic: str, deadline: float) -> None:
        self._log = f"{clients.topic_identity(topic)}/{topic}"
        self._source = f"{settings.EVENT_SOURCE}/bridge/{topic}"[:LONGEST_ATTRIBUTE]
        self._deadline = timedelta(seconds=deadline)
        self._state = State(self._log)
        self._known = self._state.known()
        self.held = self._state.held()
        self.reader = Reader(topic, self._state.positions())
        self.read = self.published = self.overdue = 0
        self.unusable: list[Complaint] = []

    @property
    def idle(self) -> bool:
        """Whether all is read, and nothing waits."""
        return self.reader.ended and not self.held

    def step(self, patience: float) -> None:
        """Publish what came within so many seconds, and what has waited for it or for too long."""
        records, now, known = self.reader.take(patience), datetime.now(UTC), set(self._known)
        ready: list[Pair] = []
        waiting: list[Pair] = [(one, messages.meaning(one.value)) for one in self.held]
        for one, found in self._understood(_held(record, now) for record in records):
            # In the order of the log: a purchase between two prices has the first one.
            (ready if found.needs <= known else waiting).append((one, found))
            known |= found.brings
        due = [(one, m) for one, m in waiting if m.needs <= known or self._late(one, now)]
        self._publish([*ready, *due], known)
        self._remember(known, [one for one, _ in waiting], [one for one, _ in due], records)
        self.overdue += sum(not found.needs <= known for _, found in due)
        self.read += len(records)

    def _understood(self, new: Iterable[Held]) -> Iterator[Pair]:
        for one in new:
            try:
                yield one, messages.meaning(one.value)
            except Unusable as error:
                self.unusable.append(Complaint(one.partition, one.offset, str(error)))

    def _late(self, one: Held, now: datetime) -> bool:
        return now - one.since >= self._deadline

    def _publish(self, pairs: list[Pair], known: set[str]) -> None:
        if not pairs:
            return
        bulk = Bulk()
        bulk.publish((self._event(one, found, known) for one, found in pairs), lambda done: None)
        if not bulk.complete:
            raise NotPublished(bulk.error)
        self.published += bulk.sent

    def _event(self, one: Held, found: Meaning, known: set[str]) -> Envelope[Any]:
        data = found.event
        if isinstance(data, PurchaseImported) and messages.lacks_customer(found.needs - known):
            data = replace(data, customer_came=False)
        event_id = str(uuid5(NAMESPACE_URL, f"kafka:{self._log}/{one.partition}/{one.offset}"))
        return Envelope(data, found.key, event_id, self._source, one.published_at)

    def _remember(
        self, known: set[str], waiting: list[Held], done: list[Held], records: list[Record]
    ) -> None:
        stay = [one for one in waiting if one not in done]
        self._state.keep(
            known=known - self._known,
            held=[one for one in stay if one not in self.held],
            done=[one for one in done if one in self.held],
            positions={record.partition: record.offset + 1 for record in records},
        )
        self._known, self.held = known, stay


def _held(record: Record, now: datetime) -> Held:
    # MongoDB keeps milliseconds.
    since = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Held(record.partition, record.offset, record.value or b"", record.published_at, since)
