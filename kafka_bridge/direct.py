"""Writes what events would change straight into MongoDB, without the log.

For filling a database quickly. The documents come from the same handlers, but nothing in the log
stands behind them: they have no receipts, and a rebuild does not have them.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Model

from kafka_bridge import registry
from kafka_bridge.applier import IDS_AT_ONCE
from kafka_bridge.envelope import Envelope
from kafka_bridge.mongo import database
from kafka_bridge.registry import Change, Rejection

AT_ONCE = 200  # documents


def changes(event: Envelope[Any], document: Any) -> Sequence[Change]:
    """Return what an event changes about a document; raise `ValueError` if it is rejected."""
    outcome = registry.registrations[type(event.data)].handler(event, document)
    if isinstance(outcome, Rejection):
        raise ValueError(outcome.reason)
    return outcome


def is_migrated(model: type[Model]) -> bool:
    """Whether the model's collection is there, with its indexes."""
    return model._meta.db_table in connection.introspection.table_names()


def insert(wanted: Iterable[Change], told: Callable[[int], None]) -> int:
    """Insert documents and return how many were new; those that are there stay as they are.

    `told` is called with the number gone through so far.
    """
    rest, done, new = iter(wanted), 0, 0
    while changed := list(islice(rest, AT_ONCE)):
        tables: dict[str, list[Any]] = {}
        for model, document in changed:
            tables.setdefault(model._meta.db_table, []).append(document)
        new += sum(_insert(table, documents) for table, documents in tables.items())
        done += len(changed)
        told(done)
    return new


def _insert(table: str, documents: list[Any]) -> int:
    # Asked for first: the embedded server takes very long over a thousand duplicate keys.
    there = _there(table, documents)
    new = [document for document in documents if document["_id"] not in there]
    if new:
        database()[table].insert_many(new, ordered=False)
    return len(new)


def _there(table: str, documents: list[Any]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(documents), IDS_AT_ONCE):
        ids = [document["_id"] for document in documents[start : start + IDS_AT_ONCE]]
        found.update(database()[table].distinct("_id", {"_id": {"$in": ids}}))
    return found
