"""Writes what events would change straight into MongoDB, without the log.

For filling a database quickly. The documents come from the same handlers, but nothing in the log
stands behind them: they have no receipts, and a rebuild does not have them.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Model
from pymongo.errors import BulkWriteError

from kafka_bridge import registry
from kafka_bridge.applier import DUPLICATE_KEY
from kafka_bridge.envelope import Envelope
from kafka_bridge.mongo import database
from kafka_bridge.registry import Change, Rejection

AT_ONCE = 1000  # documents


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
    try:
        database()[table].insert_many(documents, ordered=False)
    except BulkWriteError as error:
        if any(fault["code"] != DUPLICATE_KEY for fault in error.details["writeErrors"]):
            raise
        return int(error.details["nInserted"])
    return len(documents)
