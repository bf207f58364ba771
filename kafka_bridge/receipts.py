"""Finds what became of events, and waits for it."""

import time
from collections.abc import Sequence

from kafka_bridge import journal
from kafka_bridge.models import Receipt
from kafka_bridge.mongo import database

PATIENCE = 1.0  # seconds that a page waits before it shows that it waits
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.1  # seconds between two looks
GROWTH = 1.25  # of a pause: a page is late by half of one
IDS_AT_ONCE = 100  # the embedded server's $in costs the square of its hits


def find(event_id: str) -> Receipt | None:
    """Return the event's receipt if it has been decided; raises PyMongo's errors.

    It is looked for again and again, so without the ORM, which takes longer than MongoDB.
    """
    found = database()[Receipt._meta.db_table].find_one({"_id": event_id})
    if found is None:
        return None
    receipt = Receipt(id=found.pop("_id"), **found)
    journal.seen(receipt)
    return receipt


def find_all(event_ids: Sequence[str]) -> dict[str, Receipt]:
    """Return the receipts of those events that have been decided, by event id."""
    found: dict[str, Receipt] = {}
    for start in range(0, len(event_ids), IDS_AT_ONCE):
        found |= Receipt.objects.in_bulk(event_ids[start : start + IDS_AT_ONCE])
    for receipt in found.values():
        journal.seen(receipt)
    return found


def wait_for(event_id: str, patience: float) -> Receipt | None:
    """Return the event's receipt, or None if there is none after so many seconds."""
    deadline, pause = time.monotonic() + patience, FIRST_PAUSE
    while (receipt := find(event_id)) is None and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
    return receipt
