"""Rebuilding: what stands in MongoDB comes out of the log again, the same."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from catalog.events import ProductAdded, ProductChanged
from catalog.models import Product
from customers.events import ProductBought
from customers.models import Purchase
from kafka_bridge import rebuild
from kafka_bridge.models import DeadLetter, Offset, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.positions import Fenced, LogBroken, rebuild_mark
from shopsite.models import Operator
from tests.conftest import Consume, Publish
from tests.logs import MemoryLog

MILK = ProductAdded(name="Mleko", type="nabiał", price=Decimal("4.90"))


def documents() -> list[Any]:
    models = (Product, Purchase, DeadLetter)
    receipts = Receipt.objects.order_by("pk").values("pk", "status", "reason", "offset")
    return [list(model.objects.order_by("pk").values()) for model in models] + [list(receipts)]


@pytest.fixture
def log(publish: Publish, consume: Consume) -> list[Any]:
    """A short history, applied; returns the documents."""
    publish(MILK, "milk")
    publish(ProductBought("c", 2, Decimal("4.90")), "milk")
    publish(ProductBought("c", 2, Decimal("5.00")), "milk")
    publish(ProductChanged("Mleko", "nabiał", Decimal("5.10"), version=1), "milk")
    consume()
    return documents()


def test_a_rebuild_brings_the_same_documents(log: list[Any]) -> None:
    operator = Operator.objects.create_superuser("op")
    database()[Product._meta.db_table].update_many({}, {"$set": {"name": "spoiled"}})
    call_command("rebuild", "--yes")
    assert documents() == log
    assert Operator.objects.get() == operator


def test_an_interrupted_rebuild_stops_the_consumer(log: list[Any], consume: Consume) -> None:
    offsets = database()[Offset._meta.db_table]
    offsets.insert_one({"_id": rebuild_mark("shop")})
    with pytest.raises(LogBroken, match="rebuild"):
        consume()
    call_command("rebuild", "--yes")
    assert documents() == log


def test_what_the_log_does_not_hold_is_not_thrown_away(log: list[Any], settings: Settings) -> None:
    Offset.objects.update(log="an older log")
    with pytest.raises(CommandError, match="--accept-loss"):
        call_command("rebuild", "--yes")
    assert documents() == log


def test_a_consumer_that_began_just_before_spoils_nothing(
    log: list[Any], consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked for the mark before that was set, and applies before the documents are deleted."""
    clear, offsets = rebuild._clear, database()[Offset._meta.db_table]

    def late() -> int:
        monkeypatch.setattr(rebuild, "_clear", clear)
        offsets.delete_one(mark)
        consume()
        offsets.insert_one(mark)
        return clear()

    mark = {"_id": rebuild_mark("shop")}
    monkeypatch.setattr(rebuild, "_clear", late)
    call_command("rebuild", "--yes")
    assert documents() == log


def test_whose_offsets_a_rebuild_took_has_claimed_nothing(log: list[Any]) -> None:
    applier = MemoryLog().applier()
    Offset.objects.all().delete()
    with pytest.raises(Fenced, match="rebuild"):
        applier.claim([0])
