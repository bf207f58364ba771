"""Waiting for what becomes of an event: found soon, given up in time, and cheap."""

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from kafka_bridge import receipts
from kafka_bridge.models import Receipt
from kafka_bridge.mongo import database

pytestmark = pytest.mark.django_db


def document(event_id: str, **fields: Any) -> dict[str, Any]:
    """A receipt as the consumer writes it."""
    now = datetime.now(UTC)
    return {
        "_id": event_id,
        "type": "shop.product.added.v1",
        "key": "milk",
        "source": "/tests",
        "status": "applied",
        "reason": "",
        "detail": {},
        "partition": 0,
        "offset": 0,
        "happened_at": now,
        "applied_at": now,
        **fields,
    }


def test_a_receipt_that_is_there_is_found_at_once() -> None:
    database()[Receipt._meta.db_table].insert_one(document("e-1"))
    begun = time.monotonic()
    receipt = receipts.wait_for("e-1", 30)
    assert time.monotonic() - begun < 30
    assert receipt is not None
    assert receipt.applied
    assert receipt.explanation == ""


def test_a_receipt_that_comes_is_found_soon() -> None:
    table = database()[Receipt._meta.db_table]
    written: list[float] = []

    def write() -> None:
        table.insert_one(document("e-1"))
        written.append(time.monotonic())

    later = threading.Timer(0.3, write)
    later.start()
    assert receipts.wait_for("e-1", 5) is not None
    found = time.monotonic()
    later.join()
    assert found - written[0] < 2


@pytest.mark.parametrize("patience", [0.0, 0.4])
def test_a_receipt_that_does_not_come_is_given_up_in_time(patience: float) -> None:
    begun = time.monotonic()
    assert receipts.wait_for("e-1", patience) is None
    assert patience <= time.monotonic() - begun < patience + 5


def test_waiting_is_no_busy_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    monkeypatch.setattr(receipts, "find", looks.append)
    receipts.wait_for("e-1", 1.0)
    assert 5 < len(looks) < 25


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": "price_changed", "detail": {"price": "5.10"}}, "it is now 5.10"),
        ({"reason": "already_registered"}, "already registered"),
        ({"reason": "of_a_later_version"}, "of_a_later_version"),
    ],
)
def test_a_rejection_is_explained(fields: dict[str, Any], said: str) -> None:
    database()[Receipt._meta.db_table].insert_one(document("e-1", status="rejected", **fields))
    receipt = Receipt.objects.get()
    with translation.override("en"):
        assert said in receipt.explanation
    assert not receipt.applied


@pytest.mark.parametrize("change", ["save", "delete"])
def test_nobody_but_the_consumer_writes_a_projection(change: str) -> None:
    database()[Receipt._meta.db_table].insert_one(document("e-1"))
    with pytest.raises(TypeError, match="publish an event"):
        getattr(Receipt.objects.get(), change)()
    assert Receipt.objects.count() == 1
