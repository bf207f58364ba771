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

from kafka_bridge import clients
from kafka_bridge.heartbeat import GONE_AFTER
from kafka_bridge.lag import Lag, Lookout
from kafka_bridge.masking import may
from kafka_bridge.models import DeadLetter, Heartbeat, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.registry import reasons

MOST = 10_000  # documents that a figure counts
REMEMBERED = timedelta(days=1)  # for how long a consumer that is gone is shown
MOST_CONSUMERS = 100


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
    lags = _lags()
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


def _lags() -> list[Lag] | None:
    """Return the lag of each partition, or None if Kafka does not answer or has no such topic."""
    try:
        return Lookout().look().lags
    except (clients.KafkaUnavailable, KafkaException):
        return None


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
