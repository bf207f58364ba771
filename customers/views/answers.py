"""What a page says about an event that is not applied, or not yet."""

from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from customers.refusals import explanation
from kafka_bridge.models import Receipt

SOURCE = f"{settings.EVENT_SOURCE}/web"


class Answer(NamedTuple):
    """How a form is shown: the HTTP status, what is said above it, and its token.

    Without a token the form gets a new one: to send it is then another event.
    """

    status: int = 200
    said: str = ""
    token: str = ""


FRESH = Answer()


def foreign_form() -> Answer:
    """Answer a form whose event id was not given out for it and to this person."""
    said = _(
        "This form was made for somebody else, or changed on its way. Nothing was done. "
        "Check it and send it again."
    )
    return Answer(400, said)


def invalid(token: str) -> Answer:
    """Answer a form whose fields have messages of their own."""
    return Answer(422, token=token)


def not_sent(token: str) -> Answer:
    """Answer that Kafka acknowledged nothing; the form keeps its event id."""
    said = _(
        "We could not record this just now. Please send it again in a moment: "
        "even if it did get through, it will count only once."
    )
    return Answer(503, said, token)


def rejected(receipt: Receipt) -> Answer:
    """Answer with the reason of the receipt."""
    return Answer(409, explanation(receipt))


def sent_before() -> Answer:
    """Answer a form whose event was applied with what an earlier submit of it said."""
    said = _(
        "This form was sent before, filled in otherwise, and that was applied. "
        "To change it once more, send it again."
    )
    return Answer(409, said)


def waiting(request: HttpRequest, template: str) -> HttpResponse:
    """Show that an event waits for its turn; to the page that follows it, say nothing new."""
    if HtmxDetails(request):
        return HttpResponse(status=204)
    return render(request, template)


def following(request: HttpRequest, waiting: int) -> HttpResponse | None:
    """Answer a page that follows several events, and says how many it knows to be waiting.

    None if a browser asks by itself.
    """
    if not HtmxDetails(request):
        return None
    same = request.GET.get("waiting") == str(waiting)
    return HttpResponse(status=204) if same else HttpResponseClientRefresh()


def turned(request: HttpRequest) -> HttpResponse | None:
    """Have a page that follows an event load itself anew; None if a browser asks by itself."""
    return HttpResponseClientRefresh() if HtmxDetails(request) else None
