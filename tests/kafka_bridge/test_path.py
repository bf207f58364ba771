"""The event path from publishing to the stored document, end to end."""

from decimal import Decimal

import pytest

from catalog.events import ProductAdded
from catalog.models import Product
from customers.events import ProductBought
from customers.models import Purchase
from kafka_bridge import receipts
from kafka_bridge.models import Receipt
from tests.conftest import Consume, Publish, Running

MILK = ProductAdded(name="Mleko 3,2%", type="nabiał", price=Decimal("4.90"))


def test_an_event_becomes_a_document(publish: Publish, consume: Consume) -> None:
    publish(MILK, "milk")
    bought = publish(ProductBought("c1", 2, Decimal("4.90")), "milk")
    assert consume() == 2
    assert Product.objects.get().version == 1
    purchase = Purchase.objects.get()
    assert (purchase.pk, purchase.name, purchase.value) == (bought.id, MILK.name, Decimal("9.80"))


def test_the_same_event_twice_has_one_effect(publish: Publish, consume: Consume) -> None:
    publish(MILK, "milk")
    bought = publish(ProductBought("c1", 2, Decimal("4.90")), "milk")
    consume()
    for _ in range(3):
        publish(bought.data, "milk", bought.id)
    consume()
    assert Purchase.objects.count() == 1
    assert Receipt.objects.filter(pk=bought.id).count() == 1


@pytest.mark.parametrize("price", ["4.89", "4.91"])
def test_another_price_is_rejected(publish: Publish, consume: Consume, price: str) -> None:
    publish(MILK, "milk")
    bought = publish(ProductBought("c1", 2, Decimal(price)), "milk")
    consume()
    receipt = Receipt.objects.get(pk=bought.id)
    assert (receipt.status, receipt.reason) == ("rejected", "price_changed")
    assert "4.90" in receipt.explanation
    assert not Purchase.objects.exists()


def test_a_running_consumer_applies_at_once(publish: Publish, running_consumer: Running) -> None:
    with running_consumer():
        added = publish(MILK, "milk")
        receipt = receipts.wait_for(added.id, 10)
    assert receipt is not None
    assert receipt.applied
