"""Carries out an operator's decision about a dead letter and those that wait behind it."""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from kafka_bridge.batch import Batch, Document, Item, Key, Record, read
from kafka_bridge.envelope import Envelope
from kafka_bridge.events import DeadLetterDiscarded
from kafka_bridge.models import DeadLetter, Receipt
from kafka_bridge.registry import Decision, Rejection

OPEN, DISCARDED = DeadLetter.Status.OPEN.value, DeadLetter.Status.DISCARDED.value


class Queue(NamedTuple):
    """The open dead letters of one key, in the order of the log; `chosen` is the decision's."""

    chosen: str
    letters: list[Document]
    items: list[Item]


def is_decision(item: Item) -> bool:
    """Whether the event is an operator's decision about a dead letter."""
    return item.event is not None and isinstance(item.event.data, Decision)


def queue_of(
    letters: Collection[Document], log: str, decision: Item, session: ClientSession
) -> Queue | None:
    """Return the queue of the dead letter that is decided about, or None if it is not open.

    A decision counts only in its letter's own partition, where nobody else applies that key.
    """
    chosen = decision.event.subject if decision.event else ""
    found = letters.find_one({"_id": chosen, "status": OPEN}, session=session)
    if found is None or (found["log"] == log and found["partition"] != decision.record.partition):
        return None
    same = {"log": found["log"], "partition": found["partition"], "key": found["key"]}
    waiting = letters.find({"status": OPEN, **same}, session=session).sort("offset", 1)
    queue = [found] if found["key"] is None else list(waiting)
    return Queue(chosen, queue, [read(_record(letter)) for letter in queue])


def blocked(letters: Collection[dict[str, Any]], log: str, partitions: list[int]) -> dict[Key, str]:
    """Return the keys with open dead letters, each with the id of the first."""
    query = {"status": OPEN, "log": log, "partition": {"$in": partitions}, "key": {"$ne": None}}
    found = letters.find(query, {"partition": 1, "key": 1}).sort("offset", -1)
    return {(letter["partition"], bytes(letter["key"])): letter["_id"] for letter in found}


def resolve(batch: Batch, decision: Item, queue: Queue | None) -> dict[str, Document]:
    """Carry out a decision in the batch; return what changes about each dead letter by its id."""
    event = cast(Envelope[Any], decision.event)
    if event.id in batch.seen:
        return {}
    if queue is None:
        batch.conclude(decision.record, event, Rejection("dead_letter_unknown"))
        return {}
    discarded = isinstance(event.data, DeadLetterDiscarded)
    signed = {"resolved_by": event.data.by, "resolved_at": event.time}
    changes = {queue.chosen: {"status": DISCARDED, **signed}} if discarded else {}
    # Who discards a letter that itself waits asks nothing of those before it.
    held = discarded and queue.letters[0]["_id"] != queue.chosen
    failure = "" if held else _replay(batch, queue, changes, signed)
    failed = Rejection("dead_letter_failed", {"error": failure})
    batch.conclude(decision.record, event, failed if failure and not discarded else ())
    return changes


def failed(decision: Item, error: Exception) -> Callable[[], Batch]:
    """Return what says of a decision that its effect cannot be written."""

    def say() -> Batch:
        batch = Batch({}, set())
        detail = {"error": f"cannot be written: {error}"[:1000]}
        event = cast(Envelope[Any], decision.event)
        batch.conclude(decision.record, event, Rejection("dead_letter_failed", detail))
        return batch

    return say


def _replay(batch: Batch, queue: Queue, changes: dict[str, Document], signed: Document) -> str:
    """Decide the queue's events in order until one fails; return why it fails, or nothing."""
    for letter, item in zip(queue.letters, queue.items, strict=True):
        if letter["_id"] in changes:
            continue
        if error := batch.judge(item):
            changes[letter["_id"]] = {"error": error[:1000], "failed_at": batch.now}
            return error
        changes[letter["_id"]] = {"status": _status(batch, item), **signed}
    return ""


def _status(batch: Batch, item: Item) -> str:
    given = {receipt["_id"]: receipt["status"] for receipt in batch.receipts}
    event_id = item.event.id if item.event else ""
    # Without a new receipt the event had its effect before: it was sent twice.
    return str(given.get(event_id, Receipt.Status.APPLIED.value))


def _record(letter: Document) -> Record:
    headers = [
        (name, None if value is None else value.encode("latin-1"))
        for name, value in letter["headers"]
    ]
    place = letter["partition"], letter["offset"]
    return Record(*place, letter["key"], letter["value"], headers, letter["published_at"])
