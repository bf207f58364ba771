"""A Kafka to be ill-treated: librdkafka's, whichever Kafka the suite runs against; and Node."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings as shop
from pytest_django import Settings

from kafka_bridge.local.kafka import TestCluster
from tests import faults
from tests.conftest import PARTITIONS


@pytest.fixture(scope="module")
def ill_treated() -> Iterator[TestCluster]:
    """A Kafka for the faults of one module's tests."""
    started = TestCluster()
    yield started
    faults.let_go(started.bootstrap_servers)
    started.stop()


@pytest.fixture
def cluster(ill_treated: TestCluster, settings: Settings) -> TestCluster:
    """It, as the shop's Kafka, with a topic of the test's own."""
    settings.KAFKA_BOOTSTRAP_SERVERS = ill_treated.bootstrap_servers
    settings.KAFKA_TOPIC = f"test-{uuid4().hex}"
    ill_treated.create_topic(settings.KAFKA_TOPIC, PARTITIONS)
    return ill_treated


@pytest.fixture(scope="session")
def node() -> Path:
    """A folder with the npm packages of the tests, installed."""
    if shutil.which("npm") is None and "CI" not in os.environ:
        pytest.skip("Node is not installed")
    folder: Path = shop.BASE_DIR / "tests" / "node"
    installed, wanted = folder / "node_modules/.package-lock.json", folder / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        command = ["npm", "ci", "--ignore-scripts"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder
