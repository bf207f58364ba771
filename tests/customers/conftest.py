"""What tests of the older shop's messages share: a topic of it, and ways to write to it."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from django.core.management import call_command

from kafka_bridge import clients
from tests.conftest import create_topic

ANNA = {
    "id": "customer_k_001",
    "first_name": "Anna",
    "last_name": "Żak",
    "address": "ul. Długa 1\n90-001 Łódź",
    "event_type": "new_customer",
}
MILK = {
    "id": "mleko_k_1",
    "name": "Mleko",
    "type": "nabiał",
    "price": 0.53,
    "event_type": "new_product",
}
BUYS = {
    "event_type": "customer_buys_product",
    "customer_id": "customer_k_001",
    "product_id": "mleko_k_1",
    "quantity": 4,
}
Write = Callable[..., None]


@pytest.fixture
def source() -> str:
    """A topic of the older shop, with three partitions."""
    name = f"older-{uuid4().hex}"
    create_topic(name, 3)
    return name


def write_to(topic: str, *values: Any, partition: int = 0, **more: Any) -> None:
    """Write messages into a partition: bare JSON, without key or headers."""
    producer = Producer(clients.web_producer())
    errors: list[Any] = []
    told = more | {"partition": partition, "on_delivery": lambda error, _: errors.append(error)}
    for value in values:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        producer.produce(topic, raw, **told)
    assert producer.flush(10) == 0
    assert not any(errors)


@pytest.fixture
def write(source: str) -> Write:
    """Write messages into a partition of the older shop's topic."""
    return partial(write_to, source)


def run(source: str, *options: str) -> None:
    """Run the command until all is read and nothing waits."""
    call_command("bridge", "--from", source, "--until-idle", *options)
