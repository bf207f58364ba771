"""What tests share: a topic of its own for each, and ways to have its events applied."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.cimpl import NewTopic
from django.conf import settings as shop
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache import cache
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis
from pytest_django import Settings

from kafka_bridge import clients, publisher, receipts
from kafka_bridge.consumer import Consumer
from kafka_bridge.envelope import Envelope, encode, wrap
from kafka_bridge.local.mongodb import free_port
from kafka_bridge.mongo import database
from kafka_bridge.registry import Event
from tests import faults, services
from tests.chaos.waiting import until_led

PARTITIONS = 6
WAITED_FOR = 20.0  # seconds that a test waits for a consumer on a busy machine
# What migrations wrote, and no test changes.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}

# HYPOTHESIS_PROFILE=long looks at many more examples.
hypothesis.register_profile("quick", deadline=None, max_examples=40)
hypothesis.register_profile("long", deadline=None, max_examples=2000)
hypothesis.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

Publish = Callable[..., Envelope[Any]]
Consume = Callable[[], int]
Running = Callable[[], AbstractContextManager[Consumer]]
PublishAt = Callable[..., None]
NoKafka = Callable[[], AbstractContextManager[None]]


def create_topic(name: str, partitions: int = PARTITIONS) -> None:
    """Create a topic on whichever Kafka the suite runs against."""
    if services.cluster is not None:
        services.cluster.create_topic(name, partitions)
    else:
        admin = clients.admin()  # it has to live until the broker has answered
        admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
        until_led(admin, name)


@pytest.fixture(scope="session", autouse=True)
def emptied() -> Iterator[None]:
    """After each test only empty the collections.

    Django's own way makes all content types and permissions anew, which takes longer than a test.
    """

    def empty(test: TransactionTestCase) -> None:
        for name in database().list_collection_names():
            if name not in KEPT:
                database()[name].delete_many({})
        cache.clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hash passwords as ever, but not a million times over, which takes half a second each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 100)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_scan() -> Iterator[None]:
    """Look for static files when they are asked for: each browser of a test would list them all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shop, "WHITENOISE_AUTOREFRESH", True, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def short_questions() -> Iterator[None]:
    """Let no broker hold a question for long: tests wait for the end of a log all the time."""
    reader = clients.reader
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "reader", partial(reader, **{"fetch.wait.max.ms": 5}))
        yield


@pytest.fixture
def topic(settings: Settings) -> str:
    """A new topic that the shop uses during the test."""
    settings.KAFKA_TOPIC = f"test-{uuid4().hex}"
    create_topic(settings.KAFKA_TOPIC)
    return str(settings.KAFKA_TOPIC)


@pytest.fixture
def publish(topic: str) -> Publish:
    """Publish an event: `publish(event, subject)`; returns its envelope."""

    def send(event: Event, subject: str, event_id: str | None = None) -> Envelope[Any]:
        envelope = wrap(event, subject=subject, source="/tests", event_id=event_id)
        publisher.publish(envelope)
        return envelope

    return send


def publish_as_of(event: Event, subject: str, ago: float) -> None:
    """Publish an event whose record says that it came so many seconds ago."""
    key, value, headers = encode(wrap(event, subject=subject, source="/tests"))
    producer = Producer(clients.web_producer())
    then = int((time.time() - ago) * 1000)
    producer.produce(shop.KAFKA_TOPIC, value, key, headers=headers, timestamp=then)
    assert producer.flush(10) == 0


@pytest.fixture
def publish_at(topic: str) -> PublishAt:
    """Publish an event as of some seconds ago: `publish_at(event, "milk", ago=9)`."""
    return publish_as_of


@pytest.fixture
def consume(topic: str, db: None) -> Consume:
    """Apply all that stands in the topic; returns how many messages were applied."""

    def until_idle() -> int:
        consumer = Consumer(instance=None, batch=1000, until_idle=True)
        consumer.run()
        return consumer.applied

    return until_idle


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a rule no consumer runs: do not wait for it."""
    monkeypatch.setattr(receipts, "PATIENCE", 0.05)


@pytest.fixture
def running_consumer(topic: str, db: None, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A consumer that runs beside the test, and is waited for: `with running_consumer():`."""

    @contextmanager
    def run() -> Iterator[Consumer]:
        with monkeypatch.context() as patch:
            patch.setattr(receipts, "PATIENCE", WAITED_FOR)
            with beside() as consumer:
                yield consumer

    @contextmanager
    def beside() -> Iterator[Consumer]:
        consumer = Consumer(instance=None, batch=1000)
        thread = threading.Thread(target=consumer.run, name="consumer")
        thread.start()
        try:
            yield consumer
        finally:
            consumer.stopping = True
            thread.join()

    return run


@pytest.fixture
def no_kafka(settings: Settings) -> NoKafka:
    """Nothing listens where this process publishes to: `with no_kafka():`."""

    @contextmanager
    def away() -> Iterator[None]:
        there, nowhere = settings.KAFKA_BOOTSTRAP_SERVERS, f"127.0.0.1:{free_port()}"
        settings.KAFKA_BOOTSTRAP_SERVERS = nowhere
        yield
        settings.KAFKA_BOOTSTRAP_SERVERS = there
        faults.let_go(nowhere)

    return away
