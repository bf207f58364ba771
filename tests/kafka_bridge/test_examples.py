"""The example programs of docs/consume-from-elsewhere.md read what the shop writes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from django.conf import settings

from catalog.events import ProductWithdrawn
from kafka_bridge import clients
from tests import services
from tests.conftest import Publish

EXAMPLES = settings.BASE_DIR / "docs" / "examples"
TYPE = "shop.product.withdrawn.v1"
# librdkafka's test cluster does not know kafkajs, and waits 45 s for a member that has left.
real = pytest.mark.skipif(services.cluster is not None, reason="needs a real Kafka")


@pytest.fixture
def written(publish: Publish, topic: str) -> list[str]:
    """Write three events with something else among them; returns the events' ids."""
    ids = [publish(ProductWithdrawn(), f"milk-{number}").id for number in range(2)]
    producer = Producer(clients.web_producer())
    producer.produce(topic, b"no event", "milk-0")
    assert producer.flush(10) == 0
    return [*ids, publish(ProductWithdrawn(), "milk-0").id]


def arguments(topic: str) -> list[str]:
    """Return what both programs are called with."""
    return [settings.KAFKA_BOOTSTRAP_SERVERS, topic, f"reader-{uuid4().hex}"]


@pytest.mark.parametrize("name", ["consume.py", "consume.mjs"])
def test_the_page_shows_the_programs_as_they_are(name: str) -> None:
    page = (EXAMPLES.parent / "consume-from-elsewhere.md").read_text("utf-8")
    assert (EXAMPLES / name).read_text("utf-8") in page


@real
def test_the_python_program_prints_the_events_and_goes_on_behind_what_is_none(
    topic: str, written: list[str]
) -> None:
    command = [sys.executable, str(EXAMPLES / "consume.py"), *arguments(topic), "--until-idle"]
    first = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = [line.split() for line in first.stdout.splitlines()]
    assert sorted(line[0] for line in lines) == sorted(written)
    assert {line[1] for line in lines} == {TYPE}
    assert len(first.stderr.splitlines()) == 1
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert again.stdout == ""


@pytest.fixture
def program(node: Path) -> Iterator[str]:
    """The Node program where Node finds its packages."""
    place = node / f"consume-{uuid4().hex}.mjs"
    place.symlink_to(EXAMPLES / "consume.mjs")
    yield str(place)
    place.unlink()


@real
def test_the_node_program_prints_the_events_and_goes_on_behind_what_is_none(
    topic: str, written: list[str], program: str
) -> None:
    command = ["node", "--preserve-symlinks-main", program, *arguments(topic)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as reader:
        assert reader.stdout
        assert reader.stderr
        deadline = threading.Timer(60, reader.kill)
        deadline.start()
        lines = [reader.stdout.readline().split() for _ in written]
        reader.send_signal(signal.SIGTERM)
        _, errors = reader.communicate()
        deadline.cancel()
    assert sorted(line[0] for line in lines) == sorted(written)
    assert {line[1] for line in lines} == {TYPE}
    assert reader.returncode == 0
    assert len(errors.splitlines()) == 1
