"""The page "What just happened": the way of one's own last events, as it was recorded.

It is for people who learn, so it is there outside production only.
"""

import hashlib
from typing import Any, NamedTuple

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from kafka_bridge import journal, masking, trail
from kafka_bridge.batch import Item
from kafka_bridge.journal import Sighting
from shopsite import stations
from shopsite.stations import Known

# In the order in which an event meets them.
CODE = {
    "customers/views/buying.py": gettext_lazy("makes an event of what you filled in"),
    "kafka_bridge/submission.py": gettext_lazy("publishes it and waits for its receipt"),
    "kafka_bridge/publisher.py": gettext_lazy(
        "hands it to Kafka and waits for the acknowledgement"
    ),
    "kafka_bridge/consumer.py": gettext_lazy("takes batches of events from Kafka"),
    "customers/projection.py": gettext_lazy(
        "decides, by the event and the document of its key alone"
    ),
    "kafka_bridge/applier.py": gettext_lazy("writes all of a batch in one transaction"),
    "kafka_bridge/receipts.py": gettext_lazy(
        "finds the receipt, so that the page can say what is so"
    ),
}


class Mine(NamedTuple):
    """A line of the list of one's own events."""

    sight: Sighting
    outcome: str
    after: str


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the way of one of the visitor's events; to htmx, its picture alone if it is new."""
    _refuse_in_production()
    request.session.setdefault(journal.KEY, [])  # so that there is a session to keep notes in
    sightings = journal.of(request.session)
    asked = request.GET.get("event", "")
    chosen = next((one for one in sightings if one.id == asked), next(iter(sightings), None))
    found = stations.known(sightings)
    state = _digest(sightings, found)
    live = bool(HtmxDetails(request))
    if live and request.GET.get("known") == state:
        return HttpResponse(status=204)
    context = {
        "code": CODE,
        "consumer": stations.consumer_here(),
        "state": state,
        "asked": asked,
        "mine": [_mine(one, found) for one in sightings],
        **_shown(request, chosen, found),
    }
    return render(request, "learning/live.html" if live else "learning/page.html", context)


@require_safe
def code(request: HttpRequest, name: str) -> HttpResponse:
    """Show one of the files that the page names."""
    _refuse_in_production()
    if name not in CODE:
        raise Http404
    text = (settings.BASE_DIR / name).read_text("utf-8")
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _refuse_in_production() -> None:
    if not settings.LEARNING_PAGE:
        raise Http404


def _digest(sightings: list[Sighting], found: Known) -> str:
    told = [sightings, sorted(found.receipts), sorted(found.buried), found.running]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _shown(request: HttpRequest, sight: Sighting | None, found: Known) -> dict[str, Any]:
    """Return what the page shows of the event that was chosen."""
    log = _from_log(sight)
    item = log and log.item
    return {
        "chosen": sight,
        "outcome": sight and _outcome(sight, found),
        "receipt": found.receipts.get(sight.id) if sight else None,
        "way": stations.way(sight, found, item.record.published_at if item else None),
        "legs": stations.legs(sight, found),
        "json": item and masking.event_json(item, masked=False),
        "headers": item and _headers(item),
        "trouble": log and log.trouble,
        "trail": sight and masking.may(request, "kafka_bridge.view_receipt"),
    }


def _from_log(sight: Sighting | None) -> trail.InLog | None:
    if sight is None or sight.acknowledged is None:
        return None
    return trail.from_log(sight.partition, sight.offset, sight.id)


def _headers(item: Item) -> str:
    return "\n".join(f"{name}: {(value or b'').decode()}" for name, value in item.record.headers)


def _mine(sight: Sighting, found: Known) -> Mine:
    receipt = found.receipts.get(sight.id)
    after = stations.since(sight, receipt.applied_at) if receipt else ""
    return Mine(sight, _outcome(sight, found), after)


def _outcome(sight: Sighting, found: Known) -> str:
    if receipt := found.receipts.get(sight.id):
        return receipt.get_status_display()
    if sight.id in found.buried:
        return _("dead letter")
    return _("waiting") if sight.acknowledged else _("not sent")
