"""The events of one document, in their order, as their receipts tell them."""

from collections.abc import Sequence
from typing import NamedTuple

from kafka_bridge import receipts
from kafka_bridge.models import Receipt

LONGEST = 200  # events


class Timeline(NamedTuple):
    """Receipts, the newest last; `cut` says that there are older ones."""

    receipts: list[Receipt]
    cut: bool


def of(key: str, event_ids: Sequence[str] = ()) -> Timeline:
    """Return the last events of a key, and of events with other keys those named."""
    newest = Receipt.objects.filter(key=key).order_by("-happened_at")[: LONGEST + 1]
    found = {receipt.pk: receipt for receipt in newest}
    found |= receipts.find_all(event_ids)
    in_order = sorted(found.values(), key=lambda one: (one.happened_at, one.offset))
    return Timeline(in_order[-LONGEST:], len(in_order) > LONGEST)


def of_partition(partition: int) -> Timeline:
    """Return the events of a partition that were applied last."""
    newest = Receipt.objects.filter(partition=partition).order_by("-applied_at")[: LONGEST + 1]
    found = list(newest)
    return Timeline(found[LONGEST - 1 :: -1], len(found) > LONGEST)
