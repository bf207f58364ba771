"""A Kafka to be ill-treated: librdkafka's, whichever Kafka the suite runs against."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from pytest_django import Settings

from kafka_bridge import publisher
from kafka_bridge.local.kafka import TestCluster
from tests.conftest import PARTITIONS


@pytest.fixture(scope="module")
def ill_treated() -> Iterator[TestCluster]:
    """A Kafka for the faults of one module's tests."""
    started = TestCluster()
    yield started
    # A producer of this process would look for it for ever.
    publisher._of_process(os.getpid(), started.bootstrap_servers).close()
    started.stop()


@pytest.fixture
def cluster(ill_treated: TestCluster, settings: Settings) -> TestCluster:
    """It, as the shop's Kafka, with a topic of the test's own."""
    settings.KAFKA_BOOTSTRAP_SERVERS = ill_treated.bootstrap_servers
    settings.KAFKA_TOPIC = f"test-{uuid4().hex}"
    ill_treated.create_topic(settings.KAFKA_TOPIC, PARTITIONS)
    return ill_treated
