"""`topic`, `events` and `services`, and how every command says that a server is away."""

import json
import subprocess
import sys
import threading
from decimal import Decimal
from uuid import uuid4

import pytest
from confluent_kafka import Producer, admin
from django.core.management.base import CommandError
from pytest_django import Settings

from catalog.events import ProductWithdrawn
from customers.events import CustomerRegistered, ProductBought
from kafka_bridge import clients, tail, topics
from kafka_bridge.bulk import Bulk
from kafka_bridge.envelope import wrap
from kafka_bridge.management.base import TRY_AGAIN
from kafka_bridge.models import Offset
from tests import commands, services
from tests.commands import said
from tests.conftest import Consume, Publish, create_topic

JAN = CustomerRegistered(
    "Jan", "Kowalski", "Długa 1", "00-001", "Łódź", "jan@example.com", "!unusable"
)
PERSONAL = ["Jan", "Kowalski", "Długa", "00-001", "Łódź", "jan@example.com", "!unusable"]


def test_topic_tells_of_a_topic_that_is_there(topic: str) -> None:
    assert said("topic") == f"Topic {topic} is there, with 6 partitions.\n"


def test_topic_says_what_too_few_partitions_mean(settings: Settings) -> None:
    settings.KAFKA_TOPIC = f"test-{uuid4().hex}"
    create_topic(settings.KAFKA_TOPIC, 2)
    told = said("topic")
    assert "with 2 partitions" in told
    assert "fewer than 6" in told


def test_topic_creates_a_topic_that_forgets_nothing(settings: Settings) -> None:
    settings.KAFKA_TOPIC = f"test-{uuid4().hex}"
    if services.cluster is not None:
        with pytest.raises(CommandError, match=r"start `manage\.py services` anew"):
            said("topic")
        return
    assert "Created" in said("topic")
    assert topics.partitions(settings.KAFKA_TOPIC) == 6
    assert "is there" in said("topic")
    assert _config(settings.KAFKA_TOPIC)["retention.ms"] == "-1"


def _config(topic: str) -> dict[str, str]:
    wanted = admin.ConfigResource("topic", topic)  # type: ignore[attr-defined]
    client = clients.admin()
    found = client.describe_configs([wanted])[wanted].result()
    return {name: entry.value for name, entry in found.items()}


def junk(topic: str, value: bytes = b"\x1b[31msecret") -> None:
    """Put a message on the topic that is no event."""
    producer = Producer(clients.web_producer())
    producer.produce(topic, value, b"junk")
    assert producer.flush(10) == 0


def test_events_are_shown_a_line_each(publish: Publish, topic: str) -> None:
    publish(ProductWithdrawn(), "milk")
    publish(ProductBought("c1", 2, Decimal("4.90")), "milk")
    first, second = said("events").splitlines()
    assert first.split()[3:] == ["shop.product.withdrawn.v1", "milk"]
    assert second.endswith('milk customer_id="c1" quantity=2 price="4.90"')


def test_personal_data_are_masked_unless_asked_for(publish: Publish, topic: str) -> None:
    publish(JAN, "c1")
    junk(topic)
    for masked in (said("events"), said("events", "--json")):
        assert not [word for word in [*PERSONAL, "secret", "junk"] if word in masked]
        assert "***" in masked
    for shown in (said("events", "--unmasked"), said("events", "--json", "--unmasked")):
        assert not [word for word in [*PERSONAL, "secret", "junk"] if word not in shown]
        assert "\x1b" not in shown


def test_events_for_machines(publish: Publish, topic: str) -> None:
    sent = publish(ProductBought("c1", 2, Decimal("4.90")), "milk")
    junk(topic)
    told = [json.loads(line) for line in said("events", "--json").splitlines()]
    (event,) = [line for line in told if "data" in line]
    (other,) = [line for line in told if "error" in line]
    assert (event["id"], event["subject"], event["type"]) == (sent.id, "milk", sent.type)
    assert event["data"] == {"customer_id": "c1", "quantity": 2, "price": "4.90"}
    assert "CloudEvents" in other["error"]


def test_events_from_an_offset_and_of_a_type(publish: Publish, topic: str) -> None:
    for _ in range(3):
        publish(ProductWithdrawn(), "milk")
    publish(ProductBought("c1", 2, Decimal("4.90")), "milk")
    assert len(said("events", "--from", "2").splitlines()) == 2
    assert said("events", "--from", "9") == ""
    (only,) = said("events", "--type", "shop.product.bought.v1").splitlines()
    assert "shop.product.bought.v1" in only


def test_reading_moves_no_consumer(publish: Publish, consume: Consume) -> None:
    publish(ProductWithdrawn(), "milk")
    assert consume() == 1
    before = list(Offset.objects.order_by("pk").values())
    said("events")
    assert list(Offset.objects.order_by("pk").values()) == before


def test_following_shows_what_comes_later(publish: Publish, topic: str) -> None:
    found: list[int] = []
    arrived = threading.Event()

    def follow() -> None:
        for records in tail.records(0, follow=True):
            found.extend(record.offset for record in records)
            if len(found) == 2:
                arrived.set()
                return

    thread = threading.Thread(target=follow)
    publish(ProductWithdrawn(), "milk")
    thread.start()
    publish(ProductWithdrawn(), "milk")
    assert arrived.wait(20)
    thread.join()
    assert found == [0, 1]


def test_a_reader_that_leaves_is_no_error(topic: str) -> None:
    event = wrap(ProductWithdrawn(), subject="milk", source="/tests")
    bulk = Bulk()
    bulk.publish([event] * 3000, lambda sent: None)  # more than a pipe holds
    assert bulk.complete
    command = f"{sys.executable} manage.py events | head -1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, cwd=commands.ROOT, timeout=60,
        env=commands.environment({"KAFKA_TOPIC": topic}), check=True,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


NO_KAFKA = {"KAFKA_BOOTSTRAP_SERVERS": commands.NOBODY}
NO_MONGODB = {"MONGODB_URI": f"mongodb://somebody:secret@{commands.NOBODY}/"}


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        pytest.param("events", NO_KAFKA),
        pytest.param("topic", NO_KAFKA, marks=pytest.mark.slow),
        pytest.param("seed", NO_KAFKA, marks=pytest.mark.slow),
        pytest.param("list_products", NO_MONGODB),
        pytest.param("list_customers", NO_MONGODB, marks=pytest.mark.slow),
        pytest.param("seed --direct", NO_MONGODB, marks=pytest.mark.slow),
    ],
)
def test_a_server_that_is_away_gives_one_sentence(command: str, variables: dict[str, str]) -> None:
    done = commands.run(*command.split(), **variables)
    assert done.returncode == TRY_AGAIN
    assert f"does not answer at {commands.NOBODY}" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "secret" not in done.stderr
    assert done.stdout == ""
