"""The way of a form: what was filled in becomes an event, and a page follows it if need be."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from customers.views import answers
from customers.views.answers import Answer
from kafka_bridge import publisher, receipts, standing
from kafka_bridge.envelope import Envelope
from kafka_bridge.models import Receipt
from kafka_bridge.registry import Event
from kafka_bridge.standing import State
from kafka_bridge.submission import ForgedToken, event_id_of, submit

MOST_REMEMBERED = 5  # forms of one kind in a session

EventT = TypeVar("EventT", bound=Event)


class Sent(NamedTuple, Generic[EventT]):
    """An event that Kafka has, and its receipt, or None while it is not decided."""

    event: Envelope[EventT]
    receipt: Receipt | None


def send(
    form: Form, token: str, purpose: str, event: Callable[[str], Envelope[EventT]]
) -> Sent[EventT] | Answer:
    """Publish what was filled in, under the id in the token; or answer why that was not done."""
    try:
        event_id = event_id_of(token, purpose)
    except ForgedToken:
        return answers.foreign_form()
    if not form.is_valid():
        return answers.invalid(token)
    published = event(event_id)
    try:
        return Sent(published, submit(published))
    except publisher.NotPublished:
        return answers.not_sent(token)


def is_decided(token: str, purpose: str) -> bool:
    """Return whether the form was sent before and its event has a receipt."""
    try:
        return receipts.find(event_id_of(token, purpose)) is not None
    except ForgedToken:
        return False


def follow(request: HttpRequest, event_id: UUID, template: str) -> Receipt | HttpResponse:
    """Return an event's receipt, or the page that waits for it or says that it is held up."""
    now = standing.of([str(event_id)])[str(event_id)]
    if now.state is State.WAITING:
        return answers.waiting(request, template)
    return answers.turned(request) or now.receipt or _held_up(request, now.state)


def _held_up(request: HttpRequest, state: State) -> HttpResponse:
    """Say of a form that its event is a dead letter, or was one and was discarded."""
    context = {"dropped": state is State.DROPPED}
    return render(request, "customers/form_held.html", context)


def remember(request: HttpRequest, kind: str, event_id: UUID | str, what: Any) -> None:
    """Keep in the session what the page that follows an event needs; never a password."""
    others = {k: v for k, v in request.session.get(kind, {}).items() if k != str(event_id)}
    newest = list(others.items())[1 - MOST_REMEMBERED :]
    request.session[kind] = {**dict(newest), str(event_id): what}


def recall(request: HttpRequest, kind: str, event_id: UUID) -> Any:
    """Return what was kept; raise `Http404` if this session sent no such form."""
    kept = request.session.get(kind, {})
    if str(event_id) not in kept:
        raise Http404
    return kept[str(event_id)]
