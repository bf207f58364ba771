"""Publishes what another topic holds as events of this shop, each once, however often it is read.

Their partitions promise no order, so a purchase may come before its product or its customer. It
waits here until both were published: the product's events have the purchase's key, so then they
stand before it in our log. What waits longer than the deadline is published, to be refused.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from msgspec.structs import replace

from customers.events import PurchaseImported
from customers.legacy import messages
from customers.legacy.messages import Meaning, Unusable
from customers.legacy.reader import READ_ANEW, Reader
from customers.legacy.state import Held, State
from kafka_bridge import clients
from kafka_bridge.batch import Record
from kafka_bridge.bulk import Bulk
from kafka_bridge.envelope import LONGEST_ATTRIBUTE, Envelope, rfc3339
from kafka_bridge.positions import LogBroken
from kafka_bridge.publisher import NotPublished
from kafka_bridge.watch import made_anew


class Complaint(NamedTuple):
    """What became of a message that has no effect, and why."""

    fate: str
    partition: int
    offset: int
    why: str


Pair = tuple[Held, Meaning]


class Bridge:
    """Reads one topic; `deadline` is how long a purchase waits, in seconds.

    `skip_deleted` accepts that messages were deleted before they were read, or the topic was made
    anew. Raises `KafkaUnavailable`, `LogBroken` if the topic is not as it was left, and
    `NotPublished` if our Kafka did not take all: then nothing is remembered, and the next run does
    it again.
    """

    def __init__(self, topic: str, deadline: float, *, skip_deleted: bool = False) -> None:
        identity = clients.topic_identity(topic)
        self._state = State(topic, identity)
        if self._state.made_anew() and not skip_deleted:
            raise LogBroken(made_anew(topic, READ_ANEW))
        positions = self._state.positions()
        self.reader = Reader(topic, identity, positions, skip_deleted=skip_deleted)
        self._state.keep(self.reader.next)
        self._source = f"{settings.EVENT_SOURCE}/bridge/{topic}"[:LONGEST_ATTRIBUTE]
        self._deadline = timedelta(seconds=deadline)
        self._known = self._state.known()
        self.waiting = {one.place: (one, messages.meaning(one.value)) for one in self._state.held()}
        self.read = self.published = self.unusable = self.refused = 0

    @property
    def idle(self) -> bool:
        """Whether all is read, and nothing waits."""
        return self.reader.ended and not self.waiting

    def step(self, patience: float) -> list[Complaint]:
        """Publish what came within so many seconds, and what has waited for it or for too long.

        Returns what has no effect.
        """
        records, now = self.reader.take(patience), datetime.now(UTC)
        self.read += len(records)
        found, complaints = self._understood(self._held(record, now) for record in records)
        ready, early, came = self._sorted(found)
        self.waiting |= early
        due = self._due(now)
        self._publish([*ready, *due.values()])
        for place in due:
            del self.waiting[place]
        self._state.keep(
            self.reader.next if records else {},
            came=came,
            held=[early[place][0] for place in early.keys() - due],
            done=[one for one, _ in due.values()],
        )
        return complaints + self._refused(due.values())

    def _understood(self, new: Iterable[Held]) -> tuple[list[Pair], list[Complaint]]:
        found: list[Pair] = []
        complaints = []
        for one in new:
            try:
                found.append((one, messages.meaning(one.value)))
            except Unusable as error:
                complaints.append(Complaint("Unusable", one.partition, one.offset, str(error)))
        self.unusable += len(complaints)
        return found, complaints

    def _sorted(self, found: Iterable[Pair]) -> tuple[list[Pair], dict[str, Pair], set[str]]:
        """Return what can be published, what came too early, and who came that was not known.

        In the order of the log: a purchase between two prices has the first one.
        """
        ready: list[Pair] = []
        early: dict[str, Pair] = {}
        came: set[str] = set()
        for one, meaning in found:
            if meaning.needs <= self._known:
                ready.append((one, meaning))
            else:
                early[one.place] = (one, meaning)
            came |= meaning.brings - self._known
            self._known |= meaning.brings
        return ready, early, came

    def _due(self, now: datetime) -> dict[str, Pair]:
        """Return what waits no longer: all that it needs has come, or its time is over."""
        return {
            place: (one, meaning)
            for place, (one, meaning) in self.waiting.items()
            if meaning.needs <= self._known or self._late(one, now)
        }

    def _late(self, one: Held, now: datetime) -> bool:
        # What it waits for may stand in what was not read so far.
        return self.reader.caught_up and now - one.since >= self._deadline

    def _publish(self, pairs: list[Pair]) -> None:
        if not pairs:
            return
        bulk = Bulk()
        bulk.publish((self._event(one, meaning) for one, meaning in pairs), lambda done: None)
        if not bulk.complete:
            raise NotPublished(bulk.error)
        self.published += bulk.sent

    def _event(self, one: Held, meaning: Meaning) -> Envelope[Any]:
        data = meaning.event
        if isinstance(data, PurchaseImported) and self._lacks(meaning, "c"):
            data = replace(data, customer_came=False)
        # With its time: a log that lost its end gives an offset to another message.
        place = f"kafka:{one.place}@{rfc3339(one.published_at)}"
        event_id = str(uuid5(NAMESPACE_URL, place))
        return Envelope(data, meaning.key, event_id, self._source, one.published_at)

    def _lacks(self, meaning: Meaning, kind: str) -> bool:
        return any(one.startswith(f"{kind}/") for one in meaning.needs - self._known)

    def _refused(self, published: Iterable[Pair]) -> list[Complaint]:
        refused = [(one, meaning) for one, meaning in published if meaning.needs - self._known]
        self.refused += len(refused)
        return [
            Complaint("Refused", one.partition, one.offset, self._missing(meaning))
            for one, meaning in refused
        ]

    def _missing(self, meaning: Meaning) -> str:
        lacking = {"p": "its product", "c": "its customer"}
        missing = [said for kind, said in lacking.items() if self._lacks(meaning, kind)]
        return f"{' and '.join(missing)} did not come"

    def _held(self, record: Record, now: datetime) -> Held:
        value, published_at = record.value or b"", _kept(record.published_at)
        place = (self._state.log, record.partition, record.offset)
        return Held(*place, value, published_at, _kept(now))


def _kept(moment: datetime) -> datetime:
    """Return a moment as MongoDB keeps it: in milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
