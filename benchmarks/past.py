"""A shop with a past: documents as events would have left them, made without the events."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import workload
from customers.events import CustomerRegistered, ProductBought
from customers.identity import customer_id
from customers.models import Customer, Purchase
from kafka_bridge import direct
from kafka_bridge.envelope import new_event_id, wrap
from kafka_bridge.models import DeadLetter, Receipt
from kafka_bridge.registry import Change

EMAIL = "anna.nowak@example.com"
BOUGHT_PRODUCTS = 10
REJECTED_EVERY = 10
SECOND = timedelta(seconds=1)

Document = dict[str, Any]


def customers(amount: int) -> Iterator[Change]:
    """Make customers, who differ in nothing but their ids and when they came."""
    data = CustomerRegistered("Anna", "Nowak", "Długa 5", "00-001", "Łódź", EMAIL, "!no log-in")
    event = wrap(data, subject=customer_id(EMAIL), source=workload.SOURCE)
    ((_, anna),) = direct.changes(event, None)
    for number, at in enumerate(_moments(amount)):
        yield Change(Customer, {**anna, "_id": workload.buyer(number), "registered_at": at})


def purchases(amount: int, customers: int) -> Iterator[Change]:
    """Make purchases, one a second until now, by so many customers in turn."""
    some = [_bought(found.document) for found in workload.products(BOUGHT_PRODUCTS)]
    for number, at in enumerate(_moments(amount)):
        new = {"_id": new_event_id(), "customer_id": workload.buyer(number % customers)}
        yield Change(Purchase, some[number % BOUGHT_PRODUCTS] | new | {"bought_at": at})


def _bought(product: Any) -> Document:
    data = ProductBought(workload.buyer(0), 2, product["price"].to_decimal())
    event = wrap(data, subject=product["_id"], source=workload.SOURCE)
    ((_, purchase),) = direct.changes(event, product)
    return dict(purchase)


def receipts(amount: int) -> Iterator[Change]:
    """Make receipts of purchases, one a second until now; some of them say no."""
    for number, at in enumerate(_moments(amount)):
        rejected = number % REJECTED_EVERY == 0
        yield Change(
            Receipt,
            {
                "_id": new_event_id(),
                "type": "shop.product.bought.v1",
                "key": workload.product_id(number % BOUGHT_PRODUCTS),
                "source": workload.SOURCE,
                "status": "rejected" if rejected else "applied",
                "reason": "product_withdrawn" if rejected else "",
                "detail": {},
                "partition": 0,
                "offset": number,
                "happened_at": at,
                "applied_at": at,
            },
        )


def dead_letters(amount: int) -> Iterator[Change]:
    """Make messages that are no events, one a second until now; every other one is discarded."""
    for number, at in enumerate(_moments(amount)):
        yield Change(
            DeadLetter,
            {
                "_id": f"bench/0/{number}",
                "log": "bench",
                "partition": 0,
                "offset": number,
                "key": b"key",
                "value": b"junk",
                "headers": [],
                "event_id": "",
                "type": "",
                "error": "no CloudEvents 1.0 message",
                "status": ("open", "discarded")[number % 2],
                "published_at": at,
                "failed_at": at,
                "resolved_by": "",
                "resolved_at": None,
            },
        )


def _moments(amount: int) -> Iterator[datetime]:
    start = datetime.now(UTC) - amount * SECOND
    return (start + number * SECOND for number in range(amount))
