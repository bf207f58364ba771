"""Histories of a very small shop, in which whatever can go wrong does: Hypothesis strategies.

Few keys, prices and versions make stale edits, changed prices and second registrations common.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from bson import Decimal128
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from catalog.events import ProductAdded, ProductChanged, ProductWithdrawn
from catalog.models import Product
from customers.events import CustomerChanged, CustomerRegistered, ProductBought
from customers.identity import customer_id
from customers.models import Customer, Purchase
from kafka_bridge.batch import Record
from kafka_bridge.envelope import Envelope
from kafka_bridge.models import DeadLetter, Receipt
from kafka_bridge.registry import Event
from tests.logs import MemoryLog, kept
from tests.model import Decided, Shop

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PRODUCTS = ("milk", "bread")
EMAILS = ("ola@example.com", "jan@example.com")
MILK = ProductAdded("A", "A", Decimal("1.00"))
JUNK = b"this is no event"


class Step(NamedTuple):
    """Something that somebody sends: an event or, without one, junk under a key."""

    key: str
    data: Event | None


names = st.sampled_from(["A", "B"])
prices = st.sampled_from([Decimal("1.00"), Decimal("2.00")])
versions = st.integers(1, 3)
PERSON = ("Ola", "Żak", "Długa 1", "00-001", "Łódź")
unsaid = st.sampled_from([None, "", "A"])
edits = st.builds(ProductChanged, names, names, prices, versions, unsaid, unsaid)
orders = st.sampled_from(["", "o1"])
purchases = st.builds(
    ProductBought, st.sampled_from(["c0", "c1"]), st.integers(1, 3), prices, orders
)
additions = st.builds(ProductAdded, names, names, prices, st.just("A"), st.just("A"))
# What ends a product's sale is rare, lest nothing happen after it.
product_events: SearchStrategy[Event] = st.one_of(
    *(edits, edits, purchases, purchases, purchases, additions), st.builds(ProductWithdrawn)
)
registrations = st.builds(
    lambda email: Step(customer_id(email), CustomerRegistered(*PERSON, email, "!")),
    st.sampled_from(EMAILS),
)
moves = st.builds(
    lambda email, street, version, password: Step(
        customer_id(email),
        CustomerChanged("Ola", "Żak", street, "00-001", "Łódź", version, password),
    ),
    st.sampled_from(EMAILS),
    names,
    versions,
    st.none() | st.just("!new"),
)
misfiled = st.builds(
    lambda key: Step(key, CustomerRegistered(*PERSON, EMAILS[0], "!")),
    st.sampled_from([customer_id(EMAILS[1]), *PRODUCTS]),
)
junk = st.builds(
    lambda key: Step(key, None), st.sampled_from([*PRODUCTS, *map(customer_id, EMAILS)])
)
steps: SearchStrategy[Step] = st.one_of(
    st.builds(Step, st.sampled_from(PRODUCTS), product_events),
    st.builds(Step, st.sampled_from(PRODUCTS), product_events),
    registrations,
    moves,
    misfiled,
    junk,
)


class History:
    """A log that is being written, with what each of its records means."""

    def __init__(self, partitions: int) -> None:
        self.log = MemoryLog(partitions)
        self.sent: list[tuple[Envelope[Any], int]] = []
        self.in_order: list[Record] = []
        self.meaning: dict[str, Envelope[Any] | None] = {}

    def send(self, step: Step, partition: int) -> Record:
        """Write a step at the end of a partition."""
        number = len(self.meaning)
        if step.data is None:
            record = self.log.append_bytes(step.key.encode(), JUNK, [], partition)
            return self._noted(record, None)
        time = BEGIN + timedelta(seconds=number)
        event = Envelope(step.data, step.key, f"e{number}", "/tests", time)
        self.sent.append((event, partition))
        return self._noted(self.log.append(event, partition), event)

    def send_again(self, number: int) -> None:
        """Write an event that stands in the log already once more, at the end of its partition."""
        event, partition = self.sent[number % len(self.sent)]
        self._noted(self.log.append(event, partition), event)

    def _noted(self, record: Record, event: Envelope[Any] | None) -> Record:
        self.in_order.append(record)
        self.meaning[self.log.place(record)] = event
        return record

    def tell(self, shop: Shop, record: Record) -> None:
        """Have the model take a record of the log."""
        place = self.log.place(record)
        shop.take(place, (record.key or b"").decode(), self.meaning[place])


Observed = dict[str, dict[str, Any]]
PRODUCT = (
    *("name", "type", "price", "description", "unit"),
    *("version", "withdrawn", "changed_at"),
)
CUSTOMER = ("street", "password", "version", "changed_at")
PURCHASE = (
    *("customer_id", "product_id", "order_id", "name", "type"),
    *("price", "quantity", "value", "bought_at"),
)


def expected(shop: Shop) -> Observed:
    """What MongoDB has to hold by the model."""
    queues = {key: [letter.place for letter in queue] for key, queue in shop.waiting.items()}
    return {
        "products": shop.products,
        "customers": shop.customers,
        "purchases": shop.purchases,
        "receipts": shop.receipts,
        "waiting": {key: queue for key, queue in queues.items() if queue},
    }


def observed() -> Observed:
    """What MongoDB does hold, in the model's terms."""
    waiting: dict[str, list[str]] = {}
    for letter in sorted(found(DeadLetter), key=lambda one: one["offset"]):
        if letter["status"] == DeadLetter.Status.OPEN:
            waiting.setdefault(letter["key"].decode(), []).append(letter["_id"])
    return {
        "products": {one["_id"]: plain(one, PRODUCT) for one in found(Product)},
        "customers": {one["_id"]: plain(one, CUSTOMER) for one in found(Customer)},
        "purchases": {one["_id"]: plain(one, PURCHASE) for one in found(Purchase)},
        "receipts": {one["_id"]: decided(one) for one in found(Receipt)},
        "waiting": waiting,
    }


def found(model: type[Any]) -> list[dict[str, Any]]:
    """All documents of a model."""
    [documents] = kept(model).values()
    return documents


def plain(document: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Some fields of a document, with amounts as Python has them."""
    values = ((name, document[name]) for name in fields)
    return {n: v.to_decimal() if isinstance(v, Decimal128) else v for n, v in values}


def decided(receipt: dict[str, Any]) -> Decided:
    """The reason and details of a receipt; why a dead letter failed is no matter of the model."""
    assert (receipt["status"] == Receipt.Status.REJECTED) == bool(receipt["reason"])
    detail = {} if receipt["reason"] == "dead_letter_failed" else receipt["detail"]
    return receipt["reason"], detail
