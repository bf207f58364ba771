"""No message stops the consumer: poison becomes a dead letter, and the next event is applied."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import Producer
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from catalog.events import ProductAdded
from catalog.models import Product
from customers.events import ProductBought
from customers.models import Purchase
from kafka_bridge import clients, registry
from kafka_bridge.batch import LARGEST_VALUE
from kafka_bridge.consumer import Consumer
from kafka_bridge.envelope import Envelope, Headers, wrap
from kafka_bridge.events import DeadLetterDiscarded, DeadLetterRetried
from kafka_bridge.local.kafka import TestCluster
from kafka_bridge.models import DeadLetter, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.publisher import publish
from kafka_bridge.registry import Registration
from tests import faults, strategies
from tests.conftest import Consume
from tests.logs import MemoryLog, forget

PRICE = Decimal("4.90")
MILK = ProductAdded("Mleko", "nabiał", PRICE)
REGISTRATIONS: Any = registry.registrations
VALUE = {"customer_id": "c1", "quantity": 1, "price": "4.90"}
HEADERS: dict[str, bytes | None] = {
    "ce_specversion": b"1.0",
    "ce_id": b"e-1",
    "ce_source": b"/tests",
    "ce_type": b"shop.product.bought.v1",
    "ce_time": b"2026-02-03T04:05:06Z",
    "content-type": b"application/json",
}

Send = Callable[..., None]


@pytest.fixture
def send(topic: str) -> Send:
    """Send a message, by default a purchase of nothing, to partition 0."""
    producer = Producer(clients.web_producer())

    def to_the_first_partition(
        key: bytes | None = b"poison",
        value: bytes | None = json.dumps(VALUE).encode(),
        **headers: bytes | None,
    ) -> None:
        named = HEADERS | {name.replace("content_", "content-"): v for name, v in headers.items()}
        producer.produce(topic, value, key, 0, headers=list(named.items()))
        assert producer.flush(10) == 0

    return to_the_first_partition


def event(data: registry.Event, key: str = "milk") -> Envelope[Any]:
    """An event that happens now."""
    return wrap(data, subject=key, source="/tests")


def add_milk() -> None:
    """Publish an event that stands behind the poison."""
    publish(event(MILK), 0)


POISON: dict[str, tuple[dict[str, Any], str]] = {
    "no key": ({"key": None}, "no key"),
    "an empty key": ({"key": b""}, "the key is not of 1 to"),
    "a long key": ({"key": b"k" * 129}, "the key is not of 1 to"),
    "a key of any bytes": ({"key": b"\xff\x00"}, "not UTF-8"),
    "no value": ({"value": None}, "no value"),
    "an empty value": ({"value": b""}, "does not fit"),
    "any bytes": ({"value": bytes(range(256))}, "does not fit"),
    "deep JSON": ({"value": b'{"x":' * 100_000}, "nested too deeply"),
    "a negative quantity": ({"value": json.dumps(VALUE | {"quantity": -1}).encode()}, "quantity"),
    "a number as price": ({"value": json.dumps(VALUE | {"price": 4.9}).encode()}, "price"),
    "an unknown type": ({"ce_type": b"shop.product.stolen.v1"}, "unknown event type"),
    "an empty header": ({"ce_id": b""}, "ce_id"),
    "a null header": ({"ce_id": None}, "no value"),
    "a header of any bytes": ({"ce_source": b"\xff"}, "not UTF-8"),
    "another time": ({"ce_time": b"0001-01-01T00:00:00+14:00"}, "ce_time"),
    "structured mode": ({"content_type": b"application/cloudevents+json"}, "content-type"),
    "a large value": ({"value": b"\x00" * 500_000}, "does not fit"),
}


def test_poison_of_every_kind_is_kept_and_the_next_event_applied(
    send: Send, consume: Consume
) -> None:
    kinds = [(kind, {"key": kind.encode()} | message) for kind, (message, _) in POISON.items()]
    for _, message in kinds:
        send(**message)
    add_milk()
    assert consume() == len(POISON) + 1
    assert Product.objects.get().pk == "milk"
    assert Receipt.objects.count() == 1
    letters = DeadLetter.objects.order_by("offset")
    for (kind, message), letter in zip(kinds, letters, strict=True):
        assert POISON[kind][1] in letter.error, kind
        assert (letter.key, letter.status) == (message["key"], "open"), kind
        assert letter.value == message.get("value", json.dumps(VALUE).encode()), kind


def test_what_the_kafka_client_cannot_read_is_kept_too(cluster: TestCluster, db: None) -> None:
    names = [b"\xff\xfe", b"ce_\xc3", b"", b"na\x00me"] * 10
    for name in names:
        faults.send_oddly(cluster.bootstrap_servers, settings.KAFKA_TOPIC, name, 0)
    for timestamp in (2**61, -62_135_596_800_001):
        faults.send_oddly(cluster.bootstrap_servers, settings.KAFKA_TOPIC, b"name", timestamp)
    with faults.publishing() as publisher:
        publisher.publish(event(MILK), 0)
    Consumer(instance=None, batch=100, until_idle=True).run()
    assert Product.objects.get().pk == "milk"
    letters = DeadLetter.objects.all()
    assert {(letter.key, letter.value) for letter in letters} == {(b"odd", b"odd")}
    assert len(letters) == len(names) + 2
    assert all(1970 <= letter.published_at.year <= 9999 for letter in letters)


@pytest.mark.django_db
@pytest.mark.parametrize("megabytes", [10, 40])
def test_a_huge_message_is_kept_as_far_as_a_document_can(megabytes: int) -> None:
    log = MemoryLog()
    junk = b"\x01" * (megabytes * 1_000_000)
    records = [log.append_bytes(key, junk) for key in (b"one", b"two", b"three")]
    log.applier().apply([*records, log.append(event(MILK))])
    assert Product.objects.get().pk == "milk"
    assert log.stored() == [4]
    for letter in DeadLetter.objects.all():
        assert bytes(letter.value or b"") == junk[:LARGEST_VALUE]
    assert DeadLetter.objects.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers",
    [
        [("trace", b"\xff" * 2_000_000)],
        [("ż" * 700_000, None)],
        [("", None)] * 600_000,
    ],
    ids=["a large value", "a long name", "many"],
)
def test_headers_that_are_too_much_for_a_document_are_left_out(headers: Headers) -> None:
    log = MemoryLog()
    log.append_bytes(b"one", b"\x01" * LARGEST_VALUE, headers)
    small = [("trace", b"\xff\x00"), ("", None)]
    log.append_bytes(b"two", b"junk", small)
    log.applier().apply(log.partitions[0])
    first, second = DeadLetter.objects.order_by("offset")
    assert (len(bytes(first.value or b"")), first.headers) == (LARGEST_VALUE, [])
    assert second.headers == [["trace", "\xff\x00"], ["", None]]


def test_many_poisoned_messages_in_one_batch(send: Send, consume: Consume) -> None:
    for number in range(50):
        send(key=f"poison-{number % 5}".encode(), value=b"junk")
    add_milk()
    assert consume() == 51
    assert DeadLetter.objects.count() == 50
    # Behind the first of each key the others wait, poisoned or not.
    assert DeadLetter.objects.filter(error__startswith="waits for").count() == 45
    assert consume() == 0


def test_a_handler_that_raises_poisons_its_event_alone(
    topic: str, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(event: object, product: object) -> registry.Outcome:
        raise ZeroDivisionError("a fault of the program")

    add_milk()
    consume()
    monkeypatch.setitem(REGISTRATIONS, ProductBought, Registration(break_down, Product))
    bought = event(ProductBought("c1", 1, PRICE))
    publish(bought, 0)
    publish(event(MILK, "bread"), 0)
    consume()
    letter = DeadLetter.objects.get()
    assert (letter.event_id, letter.type) == (bought.id, "shop.product.bought.v1")
    assert letter.error == "ZeroDivisionError in the handler: a fault of the program"
    assert Product.objects.count() == 2
    assert not Receipt.objects.filter(pk=bought.id).exists()


@pytest.mark.django_db
def test_an_event_that_had_its_effect_is_not_poison_when_its_handler_breaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def break_down(event: object, product: object) -> registry.Outcome:
        raise ZeroDivisionError

    log = MemoryLog()
    applier = log.applier()
    added = event(MILK)
    applier.apply([log.append(added)])
    monkeypatch.setitem(REGISTRATIONS, ProductAdded, Registration(break_down, Product))
    applier.apply([log.append(added)])
    assert not DeadLetter.objects.exists()
    assert log.stored() == [2]


@pytest.mark.django_db
def test_an_event_that_cannot_be_written_poisons_its_key_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler, reads = REGISTRATIONS[ProductBought]

    def too_much(bought: Any, product: Any) -> registry.Outcome:
        [change] = handler(bought, product)
        unwritable = {"x": 2**100, "y": "y" * 17_000_000}[bought.data.customer_id]
        return [change._replace(document={**change.document, "quantity": unwritable})]

    monkeypatch.setitem(REGISTRATIONS, ProductBought, Registration(too_much, reads))
    log = MemoryLog()
    applier = log.applier()
    events = [
        event(data, key)
        for key in ("milk", "bread", "butter")
        for data in (MILK, ProductBought("x", 1, PRICE), ProductBought("y", 1, PRICE))
    ]
    events.append(event(MILK, "cheese"))
    applier.apply([log.append(one) for one in events])
    assert Product.objects.count() == 4
    assert not Purchase.objects.exists()
    errors = list(DeadLetter.objects.order_by("offset").values_list("error", flat=True))
    assert [error.split(":")[0].split()[0] for error in errors] == ["cannot", "waits"] * 3
    assert log.stored() == [10]


@pytest.mark.django_db
def test_a_document_in_the_way_of_a_dead_letter_does_not_lose_the_message() -> None:
    """Even what stands where it should not leaves the offset where it is, or the message kept."""
    log = MemoryLog()
    applier = log.applier()
    record = log.append_bytes(b"poison", b"junk")
    database()[DeadLetter._meta.db_table].insert_one({"_id": log.place(record)})
    with pytest.raises(Exception, match=r"E11000|duplicate"):
        applier.apply([record])
    assert log.stored() == [0]


@pytest.mark.django_db
@settings_of(
    max_examples=settings_of().max_examples // 2,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    key=st.none() | st.binary(max_size=150),
    value=st.none() | st.binary(max_size=200),
    headers=strategies.headers | st.just(list(HEADERS.items())),
    discard=st.booleans(),
)
def test_any_message_is_kept_and_can_be_decided_about(
    db: None, key: bytes | None, value: bytes | None, headers: Headers, discard: bool
) -> None:
    forget()
    log = MemoryLog()
    applier = log.applier()
    record = log.append_bytes(key, value, headers)
    applier.apply([record])
    letter = DeadLetter.objects.get()
    decision = DeadLetterDiscarded("op") if discard else DeadLetterRetried("op")
    decided = event(decision, log.place(record))
    applier.apply([log.append(decided)])
    receipt = Receipt.objects.get(pk=decided.id)
    assert receipt.reason == ("" if discard else "dead_letter_failed")
    if not discard:  # what was kept is what came, so it fails for the same reason
        assert receipt.detail == {"error": letter.error}
    assert log.stored() == [2]
