"""Servers of the chaos tests: their own, since they are killed."""

from collections.abc import Callable, Iterator

import pytest

from tests.chaos.servers import EmbeddedKafka, KafkaServer, MongoServer, RealKafka
from tests.chaos.world import World

NewWorld = Callable[[], World]


@pytest.fixture(scope="session")
def mongo() -> Iterator[MongoServer]:
    """A MongoDB that may be killed."""
    server = MongoServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def real_kafka() -> Iterator[RealKafka]:
    """An Apache Kafka that may be killed."""
    if missing := RealKafka.missing():
        pytest.skip(missing)
    server = RealKafka()
    yield server
    server.close()


@pytest.fixture(scope="session")
def embedded_kafka() -> Iterator[EmbeddedKafka]:
    """A test cluster that may go away."""
    server = EmbeddedKafka()
    yield server
    server.close()


@pytest.fixture(params=["embedded", "real"])
def kafka(request: pytest.FixtureRequest) -> KafkaServer:
    """Both kinds of Kafka, one after the other."""
    server: KafkaServer = request.getfixturevalue(f"{request.param}_kafka")
    return server


@pytest.fixture
def world(kafka: KafkaServer, mongo: MongoServer) -> Iterator[World]:
    """A shop on either Kafka. No process of it may end in a traceback."""
    with World(kafka, mongo) as made:
        yield made
        assert not made.tracebacks()


@pytest.fixture
def real_world(real_kafka: RealKafka, mongo: MongoServer) -> Iterator[World]:
    """A shop on Apache Kafka, for what only that can do."""
    with World(real_kafka, mongo) as made:
        yield made
        assert not made.tracebacks()
