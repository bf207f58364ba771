"""How far the projections are behind the log, partition by partition."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from django.conf import settings

from kafka_bridge import clients, tail
from kafka_bridge.models import Offset
from kafka_bridge.positions import Log

KAFKA_WITHIN = 2.0  # seconds that a look waits for Kafka, each time it asks


class Lag(NamedTuple):
    """One partition: the next offset to be applied, and the one after its last event.

    `since` is the time of the first event that waits; None if none does, or if the log did not
    give it in time. `looked_at` is when this was so.
    """

    partition: int
    next: int
    end: int
    consumer: str
    since: datetime | None
    looked_at: datetime

    @property
    def events(self) -> int:
        """How many events wait."""
        return max(self.end - self.next, 0)

    @property
    def seconds(self) -> float | None:
        """For how long the first of them has waited; None if that is not known."""
        if self.since is None:
            return None if self.events else 0.0
        return max((self.looked_at - self.since).total_seconds(), 0)


class Look(NamedTuple):
    """What one look found: which log it was, and the lag of each partition."""

    log: Log
    lags: list[Lag]


class Lookout:
    """Looks at the log and at the stored offsets, as often as one likes, with one client."""

    def __init__(self) -> None:
        self._client = clients.admin()
        self._times: dict[tuple[str, int, int], datetime] = {}

    def look(self) -> Look:
        """Return the lag of each partition now.

        Raises `KafkaUnavailable` or `KafkaException` if Kafka does not answer or has no such topic,
        and Django's and PyMongo's errors if MongoDB does not.
        """
        topic = settings.KAFKA_TOPIC
        # The log first: what is applied meanwhile must not look as if it waited.
        ends = clients.ends(self._client, topic, within=KAFKA_WITHIN)
        identity = clients.topic_identity(topic, self._client)
        log = Log(settings.KAFKA_GROUP, topic, identity)
        offsets = stored(log)
        nexts = {p: offsets[p].next if p in offsets else 0 for p in ends}
        since = self._since(log, {p: nexts[p] for p, end in ends.items() if nexts[p] < end})
        now = datetime.now(UTC)
        return Look(log, [
            Lag(p, nexts[p], end, _consumer(offsets.get(p)), since.get(p), now)
            for p, end in sorted(ends.items())
        ])  # fmt: skip

    def _since(self, log: Log, waiting: Mapping[int, int]) -> dict[int, datetime]:
        """Return the times of the first waiting events; those known from before are not read."""
        places = {p: (log.name, p, first) for p, first in waiting.items()}
        new = {p: waiting[p] for p, place in places.items() if place not in self._times}
        read = tail.at(new, within=KAFKA_WITHIN) if new else {}
        known = self._times | {places[p]: record.published_at for p, record in read.items()}
        self._times = {place: known[place] for place in places.values() if place in known}
        return {p: known[place] for p, place in places.items() if place in known}


def _consumer(offset: Offset | None) -> str:
    return offset.consumer if offset else ""


def stored(log: Log) -> dict[int, Offset]:
    """Return where the consumers stand in a log, by partition; raises `DatabaseError`."""
    found = Offset.objects.filter(group=log.group, log=log.name)
    return {offset.partition: offset for offset in found}
