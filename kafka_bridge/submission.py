"""One submit of a form is one event, however often it is sent.

The event's id is born with the form and travels in it, signed: a double click, a reload or a
retry after a fault sends the same id, and an id that was not given out here is refused.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from django.core import signing
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from kafka_bridge import journal, publisher, receipts
from kafka_bridge.envelope import Envelope, new_event_id
from kafka_bridge.models import Receipt

SALT = "kafka_bridge.submission"
AT_ONCE = 0.05  # seconds; nobody looks into another tab sooner for what is on its way


class ForgedToken(Exception):
    """The form's event id was not given out by this shop, or to somebody else."""


def new_token(purpose: str) -> str:
    """Return a new event id, signed; `purpose` names the form and who may send it."""
    return token_for(new_event_id(), purpose)


def token_for(event_id: str, purpose: str) -> str:
    """Return a token for a known event id."""
    return signing.dumps([event_id, purpose], salt=SALT)


def event_id_of(token: str, purpose: str) -> str:
    """Return the event id in a token; raise `ForgedToken` unless it was made for this purpose."""
    try:
        event_id, made_for = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise ForgedToken from None
    if made_for != purpose:
        raise ForgedToken
    return str(event_id)


def submit(
    event: Envelope[Any],
    partition: int = publisher.BY_KEY,
    undecided: Callable[[], None] | None = None,
) -> Receipt | None:
    """Publish an event and wait a moment for its receipt.

    `undecided` is called if the event stands in the log and was not decided at once, as most are.
    Returns None if it is not decided yet: the consumer or MongoDB is slow or away. Raises
    `publisher.NotPublished` if Kafka did not acknowledge it.
    """
    _publish(event, partition)
    at_once = min(AT_ONCE, receipts.PATIENCE)
    if found := _receipts([event.id], at_once):
        return found[event.id]
    try:
        if undecided:
            undecided()
    except (DatabaseError, PyMongoError):
        return None
    return _receipts([event.id], receipts.PATIENCE - at_once).get(event.id)


def _publish(event: Envelope[Any], partition: int) -> None:
    journal.sent(event)
    journal.acknowledged(event, publisher.publish(event, partition))


class Fate(NamedTuple):
    """What is known of one of several events: whether Kafka took it, and its receipt if any."""

    sent: bool
    receipt: Receipt | None


def submit_all(events: Sequence[tuple[Envelope[Any], int]]) -> list[Fate]:
    """Publish events, each with its partition or `BY_KEY`, and wait a moment for all receipts.

    After the first that Kafka does not take no other is tried. Returns a fate for each event.
    """
    sent = 0
    for event, partition in events:
        try:
            _publish(event, partition)
        except publisher.NotPublished:
            break
        sent += 1
    found = _receipts([event.id for event, _ in events[:sent]], receipts.PATIENCE)
    known = [Fate(True, found.get(event.id)) for event, _ in events[:sent]]
    return known + [Fate(False, None)] * (len(events) - sent)


def submit_together(
    events: Sequence[Envelope[Any]], acknowledged: Callable[[Sequence[bool]], None]
) -> list[Fate]:
    """Publish events of different keys in the time of one, and wait a moment for all receipts.

    `acknowledged` is called as soon as it is known which of them stand in the log. All this keeps
    within the time of one form. Returns a fate for each event.
    """
    begun = time.monotonic()
    sent = _publish_together(events)
    acknowledged(sent)
    left = publisher.ANSWER_WITHIN - (time.monotonic() - begun)
    ids = [event.id for event, known in zip(events, sent, strict=True) if known]
    found = _receipts(ids, min(receipts.PATIENCE, left))
    return [Fate(s, found.get(event.id)) for event, s in zip(events, sent, strict=True)]


def _publish_together(events: Sequence[Envelope[Any]]) -> list[bool]:
    for event in events:
        journal.sent(event)
    places = publisher.publish_together(events)
    for event, place in zip(events, places, strict=True):
        if place:
            journal.acknowledged(event, place)
    return [place is not None for place in places]


def _receipts(event_ids: Iterable[str], patience: float) -> dict[str, Receipt]:
    """Return the receipts that there are within so many seconds, by event id."""
    found: dict[str, Receipt] = {}
    deadline = time.monotonic() + patience
    time.sleep(min(receipts.FIRST_PAUSE, max(0.0, patience)))  # no consumer is faster
    for event_id in event_ids:
        try:
            receipt = receipts.wait_for(event_id, max(0.0, deadline - time.monotonic()))
        except (DatabaseError, PyMongoError):
            break  # the events stand in the log and are applied when MongoDB is back
        if receipt is not None:
            found[event_id] = receipt
    return found
