"""Producers that cannot be trusted: each rule of docs/events/README.md, on a real topic."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import Producer
from django.contrib.auth import get_user_model
from django.test import Client

from catalog.events import ProductAdded
from catalog.models import Product
from kafka_bridge import clients, registry
from kafka_bridge.envelope import wrap
from kafka_bridge.models import DeadLetter, Receipt
from kafka_bridge.publisher import publish
from tests.conftest import Consume

Headers = list[tuple[str, str | bytes | None]]
Send = Callable[..., None]

MILK = {"name": "Mleko", "type": "nabiał", "price": "4.90"}
HEADERS = {
    "ce_specversion": "1.0",
    "ce_type": "shop.product.added.v2",
    "ce_id": "stranger-1",
    "ce_source": "/warehouse",
    "ce_time": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def send(topic: str) -> Send:
    """Send a message as another program would: `send(MILK, key="milk", ce_id="e1")`."""
    producer = Producer(clients.web_producer())

    def to_topic(
        value: Any, key: str = "milk", more: Headers | None = None, **changed: str
    ) -> None:
        headers: Headers = [*(HEADERS | changed).items(), *(more or [])]
        text = value if isinstance(value, str) else json.dumps(value)
        producer.produce(topic, text, key, headers=headers)
        assert producer.flush(10) == 0

    return to_topic


def error() -> str:
    """Return why the only dead letter is one."""
    assert Receipt.objects.count() == 0
    return DeadLetter.objects.get().error


def test_a_time_in_the_future_is_kept_as_said_and_not_trusted_for_order(
    send: Send, consume: Consume, client: Client
) -> None:
    send(MILK, ce_time="9998-12-31T23:59:59Z")
    changed = {**MILK, "name": "Mleko 2%", "version": 1}
    send(changed, ce_id="stranger-2", ce_type="shop.product.changed.v1")
    consume()
    milk = Product.objects.get()
    assert (milk.name, milk.version) == ("Mleko 2%", 2)
    assert milk.added_at == datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert milk.changed_at == datetime(2026, 1, 1, tzinfo=UTC)
    receipt = Receipt.objects.get(pk="stranger-1")
    assert receipt.happened_at == milk.added_at
    assert receipt.applied_at.year < 9998
    assert client.get(milk.get_absolute_url()).status_code == 200


def test_a_source_decides_nothing(send: Send, consume: Consume) -> None:
    send(MILK, ce_source="urn:whoever")
    consume()
    assert Product.objects.get().pk == "milk"
    assert Receipt.objects.get().source == "urn:whoever"


def test_an_id_counts_once_whatever_its_source(send: Send, consume: Consume) -> None:
    send(MILK, ce_source="/warehouse")
    send({**MILK, "name": "Chleb"}, key="bread", ce_source="/newsletter")
    assert consume() == 2
    receipt = Receipt.objects.get()
    assert (receipt.source, receipt.key) in {("/warehouse", "milk"), ("/newsletter", "bread")}
    assert Product.objects.get().pk == receipt.key
    assert not DeadLetter.objects.exists()


def test_a_key_that_is_not_the_subject_is_a_dead_letter(send: Send, consume: Consume) -> None:
    send(MILK, ce_subject="bread")
    consume()
    assert error() == "ce_subject is not the message key"
    assert not Product.objects.exists()


@pytest.mark.parametrize("name", [*HEADERS, "content-type", "ce_subject"])
def test_a_header_that_stands_twice_is_a_dead_letter(
    send: Send, consume: Consume, name: str
) -> None:
    value = {"content-type": "application/json", "ce_subject": "milk", **HEADERS}[name]
    twice = [(name, value)] if name in HEADERS else [(name, value)] * 2
    send(MILK, more=twice)
    consume()
    assert "twice" in error()


def test_header_names_are_in_small_letters(send: Send, consume: Consume) -> None:
    send(MILK, more=[("CE_ID", "other")])
    consume()
    assert Receipt.objects.get().pk == "stranger-1"


def test_headers_of_others_may_be_many_and_large(send: Send, consume: Consume) -> None:
    send(MILK, more=[("trace", b"\xff" * 50_000), *[("trace", None)] * 1000])
    consume()
    assert Product.objects.get().pk == "milk"


@pytest.mark.parametrize(("name", "longest", "fits"), [("ce_id", 128, True), ("ce_id", 129, False)])
def test_headers_of_ours_have_a_longest_length(
    send: Send, consume: Consume, name: str, longest: int, fits: bool
) -> None:
    send(MILK, **{name: "ż" * longest})
    consume()
    assert Product.objects.exists() == fits
    assert DeadLetter.objects.exists() != fits


def test_what_is_more_in_a_large_value_is_ignored(send: Send, consume: Consume) -> None:
    send({**MILK, "more": "x" * 500_000})
    consume()
    assert Product.objects.get().name == "Mleko"


def test_of_a_name_that_stands_twice_the_last_counts(send: Send, consume: Consume) -> None:
    send('{"name":"Chleb","name":"Mleko","type":"nabiał","price":"4.90"}')
    consume()
    assert Product.objects.get().name == "Mleko"


def test_a_type_of_a_newer_shop_is_kept(send: Send, consume: Consume) -> None:
    send(MILK, ce_type="shop.product.added.v99")
    consume()
    assert error() == "unknown event type shop.product.added.v99"


def test_no_event_makes_an_operator() -> None:
    read = {registration.reads for registration in registry.registrations.values()}
    assert get_user_model() not in read


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's own clients choose: MurmurHash2 in 32 bits, seeded."""
    mix, whole = 0x5BD1E995, 0xFFFFFFFF
    found = 0x9747B28C ^ len(key)
    end = len(key) - len(key) % 4
    for start in range(0, end, 4):
        word = int.from_bytes(key[start : start + 4], "little") * mix & whole
        found = (found * mix & whole) ^ ((word ^ word >> 24) * mix & whole)
    if rest := key[end:]:
        found = (found ^ int.from_bytes(rest, "little")) * mix & whole
    found = (found ^ found >> 13) * mix & whole
    return ((found ^ found >> 15) & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize("key", ["", "21", "foobar", "a-little-bit-long-string"])
def test_the_reckoning_of_partitions_gives_known_values(key: str) -> None:
    """Values that Kafka's own clients give."""
    known = {"": 275646681, "21": -973932308, "foobar": -790332482}
    known["a-little-bit-long-string"] = -985981536
    assert partition_of(key.encode(), 2**31) == known[key] & 0x7FFFFFFF


@pytest.mark.parametrize("key", ["milk", "a", "żur", "3f2a9c1e5b7d4f60a8c2e4061b3d5f79"])
def test_a_key_has_the_partition_that_kafkas_own_clients_choose(topic: str, key: str) -> None:
    event = wrap(ProductAdded("Mleko", "nabiał", Decimal("4.90")), subject=key, source="/tests")
    partitions = clients.partitions_of(clients.admin(), topic)
    assert publish(event).partition == partition_of(key.encode(), partitions)
