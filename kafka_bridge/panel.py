"""The event panel: how far the consumers are, who of them lives, and what goes wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from confluent_kafka import KafkaException
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from kafka_bridge import clients, tail
from kafka_bridge.heartbeat import GONE_AFTER
from kafka_bridge.masking import may
from kafka_bridge.models import DeadLetter, Heartbeat, Offset, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.positions import Log
from kafka_bridge.registry import reasons

KAFKA_WITHIN = 2.0  # seconds that the panel waits for Kafka, each time it asks
MOST = 10_000  # documents that a figure counts
REMEMBERED = timedelta(days=1)  # for how long a consumer that is gone is shown
MOST_CONSUMERS = 100


class Lag(NamedTuple):
    """One partition: how many events wait, and for how many seconds the first of them has.

    `seconds` is None if the log did not say so in time.
    """

    partition: int
    next: int
    end: int
    consumer: str
    seconds: float | None

    @property
    def events(self) -> int:
        """How many events wait."""
        return max(self.end - self.next, 0)


class Consumer(NamedTuple):
    """A consumer and how many seconds ago it gave its last sign of life."""

    heartbeat: Heartbeat
    age: float

    @property
    def gone(self) -> bool:
        """Whether it has been silent for too long."""
        return self.age > GONE_AFTER


class Count(NamedTuple):
    """A number of documents; `more` says that counting ended there."""

    number: int
    more: bool


def page(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    """Show the panel, or to htmx the figures alone."""
    if not may(request, "kafka_bridge.view_offset"):
        raise PermissionDenied
    name = "figures" if request.headers.get("HX-Request") else "panel"
    around = {} if name == "figures" else site.each_context(request)
    context = {**around, "title": _("Event panel"), **figures()}
    return TemplateResponse(request, f"admin/kafka_bridge/{name}.html", context)


def figures() -> dict[str, Any]:
    """Return all that the panel shows; without Kafka, `lags` is None."""
    now = datetime.now(UTC)
    lags = _lags(now)
    minute = Receipt.objects.filter(applied_at__gte=now - timedelta(minutes=1))
    waiting = DeadLetter.objects.filter(status=DeadLetter.Status.OPEN)
    return {
        "now": timezone.localtime(now),
        "lags": lags,
        "behind": sum(lag.events for lag in lags or ()),
        "consumers": list(_consumers(now)),
        "minute": _count(minute.order_by("-applied_at")),
        "waiting": _count(waiting),
        "rejections": _rejections(now - timedelta(hours=1)),
        "most": MOST,
    }


def _count(found: Any) -> Count:
    number = found[: MOST + 1].count()
    return Count(min(number, MOST), number > MOST)


def _lags(now: datetime) -> list[Lag] | None:
    """Return the lag of each partition, or None if Kafka does not answer or has no such topic."""
    try:
        ends = tail.ends(within=KAFKA_WITHIN)
        identity = clients.topic_identity(settings.KAFKA_TOPIC)
        offsets = _offsets(Log(settings.KAFKA_GROUP, settings.KAFKA_TOPIC, identity))
        behind = {p: offsets[p].next for p, end in ends.items() if p in offsets}
        behind = {p: first for p, first in behind.items() if first < ends[p]}
        waiting = tail.at(behind, within=KAFKA_WITHIN) if behind else {}
    except (clients.KafkaUnavailable, KafkaException):
        return None
    ages = {p: max((now - record.published_at).total_seconds(), 0) for p, record in waiting.items()}
    return [_lag(p, end, offsets.get(p), ages.get(p)) for p, end in sorted(ends.items())]


def _lag(partition: int, end: int, offset: Offset | None, age: float | None) -> Lag:
    first = offset.next if offset else 0
    seconds = age if first < end else 0.0
    return Lag(partition, first, end, offset.consumer if offset else "", seconds)


def _offsets(log: Log) -> dict[int, Offset]:
    found = Offset.objects.filter(group=log.group, log=log.name)
    return {offset.partition: offset for offset in found}


def _consumers(now: datetime) -> Iterator[Consumer]:
    known = Heartbeat.objects.filter(group=settings.KAFKA_GROUP, at__gte=now - REMEMBERED)
    for heartbeat in known.order_by("id")[:MOST_CONSUMERS]:
        yield Consumer(heartbeat, max((now - heartbeat.at).total_seconds(), 0))


def _rejections(since: datetime) -> list[tuple[str, int]]:
    """Return why events were rejected, and how often, the most frequent first."""
    rejected = {"status": Receipt.Status.REJECTED.value, "applied_at": {"$gte": since}}
    steps: list[dict[str, Any]] = [
        {"$match": rejected},
        {"$sort": {"applied_at": -1}},
        {"$limit": MOST},
        {"$group": {"_id": "$reason", "number": {"$sum": 1}}},
        {"$sort": {"number": -1, "_id": 1}},
    ]
    found = database()[Receipt._meta.db_table].aggregate(steps)
    return [(_words(one["_id"]), one["number"]) for one in found]


def _words(reason: str) -> str:
    """Return a reason's text, or its code where the text is about one event."""
    text = str(reasons.get(reason, reason))
    return reason if "%(" in text else text
