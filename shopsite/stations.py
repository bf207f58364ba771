"""The stations of an event's way, and what is recorded of one's own event at each of them.

Nothing here is made up: a time stands where a program wrote it down, and nowhere else.
"""

import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from kafka_bridge.heartbeat import GONE_AFTER
from kafka_bridge.journal import Sighting
from kafka_bridge.models import DeadLetter, Heartbeat, Receipt

DARK, LIT, WAITING, FAILED = "dark", "lit", "awaited", "failed"
SECONDS_FROM = timedelta(seconds=2)  # shorter times are told in milliseconds


class Station(NamedTuple):
    """A station as it is drawn: `state` is one of the four above, `after` a time since the form."""

    name: str
    icon: str
    state: str = DARK
    after: str = ""
    said: Sequence[str] = ()


class Known(NamedTuple):
    """What stands in MongoDB about some events; `running` says that a consumer lives."""

    receipts: dict[str, Receipt]
    buried: frozenset[str]
    running: bool


def known(sightings: Sequence[Sighting]) -> Known:
    """Look what became of the events."""
    ids = [one.id for one in sightings]
    receipts = Receipt.objects.in_bulk(ids) if ids else {}
    open_ = [one for one in ids if one not in receipts]
    letters = DeadLetter.objects.filter(event_id__in=open_).values_list("event_id", flat=True)
    lately = datetime.now(UTC) - timedelta(seconds=GONE_AFTER)
    alive = Heartbeat.objects.filter(group=settings.KAFKA_GROUP, at__gte=lately)
    return Known(receipts, frozenset(letters if open_ else ()), alive.exists())


def consumer_here() -> int | None:
    """Return the process id of a consumer on this machine, if one gave a sign of life."""
    here = Heartbeat.objects.filter(group=settings.KAFKA_GROUP, host=socket.gethostname())
    newest = here.order_by("-at").first()
    return newest.pid if newest else None


def way(sight: Sighting | None, found: Known, logged: datetime | None) -> list[Station]:
    """Return all stations of one event; `logged` is the time of its record, if the log was read."""
    receipt = found.receipts.get(sight.id) if sight else None
    return [
        _form(sight),
        _kafka(sight, logged),
        _consumer(sight, receipt, found),
        _mongodb(sight, receipt, found),
        _page(sight, receipt),
    ]


def _form(sight: Sighting | None) -> Station:
    blank = Station(_("Form"), "form")
    if sight is None:
        return blank._replace(said=[_("publishes an event")])
    return blank._replace(state=LIT, after=_clock(sight.sent), said=[_("published the event")])


def _kafka(sight: Sighting | None, logged: datetime | None) -> Station:
    blank = Station("Kafka", "log")
    if sight is None:
        return blank._replace(said=[_("writes it into its log")])
    if sight.acknowledged is None:
        silent = [_("gave no acknowledgement, and the form said so")]
        return blank._replace(state=FAILED, said=silent)
    place = {"partition": sight.partition, "offset": sight.offset}
    said = [_("acknowledged it: partition %(partition)d, offset %(offset)d") % place]
    if logged:
        said.append(_("time of the record: %(time)s") % {"time": _clock(logged)})
    return blank._replace(state=LIT, after=since(sight, sight.acknowledged), said=said)


def _consumer(sight: Sighting | None, receipt: Receipt | None, found: Known) -> Station:
    blank = Station(_("Consumer"), "consumer")
    absent = [] if found.running else [_("None is running.")]
    if sight and receipt:
        why = {"reason": receipt.explanation}
        said = [_("applied it") if receipt.applied else _("rejected it: %(reason)s") % why]
        return blank._replace(state=LIT, after=since(sight, receipt.applied_at), said=said)
    if sight and sight.id in found.buried:
        return blank._replace(state=FAILED, said=[_("could not apply it and set it aside")])
    if sight and sight.acknowledged:
        return blank._replace(state=WAITING, said=[_("has not taken it yet"), *absent])
    return blank._replace(said=[_("takes it and decides"), *absent])


def _mongodb(sight: Sighting | None, receipt: Receipt | None, found: Known) -> Station:
    blank = Station("MongoDB", "store")
    if receipt and receipt.applied:
        said = _("holds document, receipt and offset, written in one transaction")
    elif receipt:
        said = _("holds receipt and offset; no document was changed")
    elif sight and sight.id in found.buried:
        said = _("holds a dead letter, for an operator to decide")
    else:
        return blank._replace(said=[_("keeps what was decided")])
    return blank._replace(state=LIT, said=[said])


def _page(sight: Sighting | None, receipt: Receipt | None) -> Station:
    blank = Station(_("Page"), "page")
    if sight and sight.seen:
        said = [_("found the receipt and told you")]
        return blank._replace(state=LIT, after=since(sight, sight.seen), said=said)
    if receipt:
        return blank._replace(state=WAITING, said=[_("has not looked yet")])
    return blank._replace(said=[_("says what the receipt says")])


class Leg(NamedTuple):
    """A part of the time between form and page: where its bar begins, of 1000, and how wide."""

    name: str
    x: float
    width: float
    took: str


def legs(sight: Sighting | None, found: Known) -> list[Leg]:
    """Return the parts of an event's time once a page has seen it, else nothing."""
    receipt = found.receipts.get(sight.id) if sight else None
    if not (sight and sight.acknowledged and sight.seen and receipt):
        return []
    moments = [sight.sent, sight.acknowledged, receipt.applied_at, sight.seen]
    names = [_("to Kafka and back"), _("until the consumer decided"), _("until the page saw it")]
    # The consumer may decide before the acknowledgement is back: a part of no length, then.
    took = [max(end - begin, timedelta()) for begin, end in pairwise(moments)]
    return list(_drawn(names, took))


def _drawn(names: Sequence[str], took: Sequence[timedelta]) -> Iterator[Leg]:
    whole, x = sum(took, timedelta()) or timedelta.resolution, 0.0
    for name, time in zip(names, took, strict=True):
        width = time / whole * 1000
        yield Leg(name, round(x, 1), round(width, 1), _told(time))
        x += width


def since(sight: Sighting, moment: datetime) -> str:
    """Return how long after the form something was, in words."""
    return f"+{_told(max(moment - sight.sent, timedelta()))}"


def _told(time: timedelta) -> str:
    if time < SECONDS_FROM:
        return f"{time / timedelta(milliseconds=1):.0f} ms"
    return f"{number_format(time.total_seconds(), 1)} s"


def _clock(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%H:%M:%S.%f")[:-3]
