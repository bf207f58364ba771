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
from kafka_bridge.models import DeadLetter, Offset, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.positions import LogBroken, rebuild_mark
from shopsite.models import Operator
from tests.conftest import Consume, Publish

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
