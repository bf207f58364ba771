"""What this process itself saw of a visitor's events, for the page that shows learners their way.

It stands in the visitor's session, and only where notes are taken of a request; elsewhere they go
nowhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec
import pymongo
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from kafka_bridge.envelope import Envelope
from kafka_bridge.models import Receipt
from kafka_bridge.publisher import Published

MOST = 10  # events of a session
KEY = "journal"  # in the session

MONGODB_WITHIN = 0.5  # seconds that keeping notes may take

Facts = dict[str, Any]
Notes = dict[str, Facts]  # by event id


class Sighting(msgspec.Struct, frozen=True):
    """One event of the visitor's. `sent` is the event's own time.

    `acknowledged` is when Kafka's acknowledgement came, `seen` when a page found the receipt. What
    has not happened, or nobody saw, is None.
    """

    id: str
    type: str
    key: str
    sent: datetime
    partition: int = 0
    offset: int = 0
    acknowledged: datetime | None = None
    seen: datetime | None = None


_notes: ContextVar[Notes | None] = ContextVar("notes", default=None)


@contextmanager
def taking_notes() -> Iterator[Notes]:
    """Collect what is noted inside the block."""
    notes: Notes = {}
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def keep(notes: Notes, session: SessionBase) -> None:
    """Write notes into a session that is stored already; if that cannot be, they are dropped."""
    if not notes or session.session_key is None:
        return
    # As it stands now: other requests may have written into it since this one began.
    stored = type(session)(session.session_key)
    lost = suppress(UpdateError, DatabaseError, PyMongoError)
    with lost, pymongo.timeout(MONGODB_WITHIN):
        before = stored.get(KEY, [])
        after = _merged(before, notes)
        # Logging in or out in another tab takes a session away: it is not revived.
        if after != before and stored.session_key is not None:
            stored[KEY] = after
            stored.save()


def _merged(known: list[Facts], notes: Notes) -> list[Facts]:
    """Return what is known after a request; of events that were not sent from here nothing is."""
    entries = {facts["id"]: facts for facts in known}
    for event_id, facts in notes.items():
        before = entries.get(event_id, {})
        # A form that is sent again changes nothing about an event that Kafka has.
        merged = facts | before if "acknowledged" in before else before | facts
        if "sent" in merged:
            entries[event_id] = merged
    return list(entries.values())[-MOST:]


def _note(event_id: str, facts: Facts) -> None:
    if (notes := _notes.get()) is not None:
        before = notes.get(event_id, {"id": event_id})
        notes[event_id] = msgspec.to_builtins(facts) | before


def sent(event: Envelope[Any]) -> None:
    """Note that an event is handed to Kafka."""
    _note(event.id, {"type": event.type, "key": event.subject, "sent": event.time})


def acknowledged(event: Envelope[Any], place: Published) -> None:
    """Note that Kafka has it, and where."""
    _note(event.id, place._asdict() | {"acknowledged": datetime.now(UTC)})


def seen(receipt: Receipt) -> None:
    """Note that a page has found an event's receipt."""
    _note(receipt.pk, {"seen": datetime.now(UTC)})


def of(session: SessionBase) -> list[Sighting]:
    """Return what is known of the visitor's last events, the newest first."""
    return msgspec.convert(session.get(KEY, []), list[Sighting])[::-1]
