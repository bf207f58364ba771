"""How events stand that somebody follows: decided, held up, or neither yet."""

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from kafka_bridge import receipts
from kafka_bridge.models import DeadLetter, Receipt


class State(StrEnum):
    """What is known of an event that stands in the log."""

    WAITING = "waiting"  # the consumer has not come to it
    APPLIED = "applied"
    REJECTED = "rejected"
    HELD = "held"  # it is a dead letter or waits behind one: an operator decides
    DROPPED = "dropped"  # it was a dead letter, and an operator discarded it


class Standing(NamedTuple):
    """How an event stands; the receipt says why it was rejected."""

    state: State
    receipt: Receipt | None = None


def of(event_ids: Sequence[str]) -> dict[str, Standing]:
    """Return how each of these events stands."""
    found = receipts.find_all(event_ids)
    letters = _letters([event_id for event_id in event_ids if event_id not in found])
    return {
        event_id: _decided(found[event_id])
        if event_id in found
        else Standing(_undecided(letters[event_id]))
        for event_id in event_ids
    }


def _letters(event_ids: Sequence[str]) -> defaultdict[str, set[str]]:
    """Return the states of the events' dead letters; an event sent twice may have several."""
    states: defaultdict[str, set[str]] = defaultdict(set)
    for start in range(0, len(event_ids), receipts.IDS_AT_ONCE):
        chunk = event_ids[start : start + receipts.IDS_AT_ONCE]
        found = DeadLetter.objects.filter(event_id__in=chunk)
        for event_id, status in found.values_list("event_id", "status"):
            states[event_id].add(status)
    return states


def _decided(receipt: Receipt) -> Standing:
    return Standing(State.APPLIED if receipt.applied else State.REJECTED, receipt)


def _undecided(letters: set[str]) -> State:
    if DeadLetter.Status.OPEN in letters:
        return State.HELD
    # Of a letter that was applied or refused since we looked, the receipt says more at once.
    return State.DROPPED if DeadLetter.Status.DISCARDED in letters else State.WAITING
