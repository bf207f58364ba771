"""An event's way: from the form or command, through the log, to the documents it is about."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from confluent_kafka import KafkaException
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kafka_bridge import masking, tail
from kafka_bridge.admin_base import link_to
from kafka_bridge.batch import Item, read
from kafka_bridge.clients import KafkaUnavailable
from kafka_bridge.models import DeadLetter, Projection, Receipt

PATIENCE = 3.0  # seconds that the page waits for the log


class Document(NamedTuple):
    """A document that an event is about; `made` says that it bears the event's own id."""

    kind: str
    link: SafeString
    made: bool


class InLog(NamedTuple):
    """The event as the log holds it, or in words why it could not be read."""

    item: Item | None
    trouble: str


def page(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    """Show the way of the event whose id is asked for; 404 if nothing is known of it."""
    if not masking.may(request, "kafka_bridge.view_receipt"):
        raise PermissionDenied
    event_id = request.GET.get("event", "").strip()
    receipt = Receipt.objects.filter(pk=event_id).first()
    letter = _letter(event_id)
    context = {
        **site.each_context(request),
        "title": _("Event trail"),
        "event_id": event_id,
        "receipt": receipt,
        "letter": letter,
        **_told(request, receipt, letter),
    }
    known = receipt or letter or not event_id
    status = 200 if known else 404
    return TemplateResponse(request, "admin/kafka_bridge/trail.html", context, status=status)


def _told(
    request: HttpRequest, receipt: Receipt | None, letter: DeadLetter | None
) -> dict[str, Any]:
    """Return what the page says of an event that has a receipt, a dead letter or both."""
    known = receipt or letter
    if known is None:
        return {}
    found = from_log(known.partition, known.offset, request.GET["event"].strip())
    hidden = not masking.may_see(request)
    return {
        "place": known,
        "trouble": found.trouble,
        "event": found.item and found.item.event,
        "published_at": _published(found, letter),
        "json": found.item and masking.event_json(found.item, masked=hidden),
        "masked": hidden,
        "documents": list(documents(request, receipt)) if receipt else [],
        "decisions": list(Receipt.objects.filter(key=letter.pk)[:50]) if letter else [],
    }


def _published(found: InLog, letter: DeadLetter | None) -> Any:
    if found.item:
        return found.item.record.published_at
    return letter and letter.published_at


def _letter(event_id: str) -> DeadLetter | None:
    letters = (
        DeadLetter.objects.filter(event_id=event_id) if event_id else DeadLetter.objects.none()
    )
    return letters.only("log", "partition", "offset", "event_id", "status", "error").first()


def from_log(partition: int, offset: int, event_id: str) -> InLog:
    """Read the event where it was applied from; another log may hold another event there."""
    try:
        record = tail.at({partition: offset}, within=PATIENCE).get(partition)
    except (KafkaUnavailable, KafkaException):
        return InLog(None, _("Kafka does not answer, so the log cannot be read now."))
    if record is None or record.offset != offset:
        return InLog(None, _("The log no longer holds this event, or did not give it in time."))
    item = read(record)
    if item.event is None or item.event.id != event_id:
        return InLog(None, _("The log holds another event at this place: it was made anew."))
    return InLog(item, "")


def documents(request: HttpRequest, receipt: Receipt) -> Iterator[Document]:
    """Yield the documents with the event's key or its id, as the operator may see them."""
    for model in apps.get_models():
        if not issubclass(model, Projection) or model is Receipt:
            continue
        if admin.site.is_registered(model):
            for document in model._default_manager.filter(pk__in=[receipt.key, receipt.pk]):
                made = receipt.applied and document.pk == receipt.pk
                link = link_to(masking.shown_to(request, document))
                yield Document(str(model._meta.verbose_name), link, made)
