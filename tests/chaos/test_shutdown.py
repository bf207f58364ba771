"""SIGTERM ends a consumer in order, whatever it is doing; a fatal error ends it with one line."""

import signal
import time

import pytest

from kafka_bridge.management.base import TRY_AGAIN
from tests.chaos.audit import audit
from tests.chaos.servers import RealKafka
from tests.chaos.waiting import until
from tests.chaos.world import World

pytestmark = pytest.mark.slow

ENDS_WITHIN = 10.0  # seconds


def test_sigterm_under_load(world: World) -> None:
    with world.shoppers(rate=600) as shoppers:
        for _ in range(3):
            before = world.applied()
            consumer = world.consumer()
            world.progress(before)
            asked = time.monotonic()
            consumer.send(signal.SIGTERM)
            assert consumer.wait(ENDS_WITHIN) == 0, consumer.words
            print(f"\nended in {time.monotonic() - asked:.1f} s")
            applied = world.applied()
            assert f"Applied {applied - before} messages." in consumer.words
    world.consumer()
    world.catch_up()
    found = audit(world, shoppers.acknowledged)
    assert found.clean, found


@pytest.mark.parametrize("which", ["kafka", "mongodb"])
def test_sigterm_while_a_server_is_away(world: World, which: str) -> None:
    world.shoppers().publish(100)
    consumer = world.consumer()
    world.catch_up()
    server = world.kafka if which == "kafka" else world.mongo
    server.kill()
    try:
        settled = time.monotonic() + 5
        until(lambda: time.monotonic() > settled, 6, "the outage is noticed")
        consumer.send(signal.SIGTERM)
        assert consumer.wait(ENDS_WITHIN) == 0, consumer.words
    finally:
        server.start()


def test_a_second_sigterm_ends_it_at_once(world: World) -> None:
    consumer = world.consumer()
    with world.shoppers(rate=300) as shoppers:
        world.progress(0)
        world.mongo.pause()
        try:
            settled = time.monotonic() + 1
            until(lambda: time.monotonic() > settled, 2, "the consumer waits for MongoDB")
            consumer.send(signal.SIGTERM)
            consumer.send(signal.SIGTERM)
            again = time.monotonic()
            until(lambda: again + 0.5 < time.monotonic(), 1, "the first is taken")
            consumer.send(signal.SIGTERM)
            assert consumer.wait(2) == 128 + signal.SIGTERM
        finally:
            world.mongo.resume()
    world.consumer()
    world.catch_up()
    found = audit(world, shoppers.acknowledged)
    assert found.clean, found


def test_two_under_one_name(real_world: World) -> None:
    """Each has a folder of its own, as in two containers with one host name."""
    world = real_world
    world.shoppers().publish(100)
    namesakes = [world.consumer(LOCAL_DIR=str(world.local / "first"))]
    world.catch_up()
    namesakes.append(world.consumer(LOCAL_DIR=str(world.local / "second")))
    # A fenced client may be replaced once; with a namesake there, one of them has to give up.
    until(lambda: any(each.code is not None for each in namesakes), 60, world.all_words)
    [ended] = [each for each in namesakes if each.code is not None]
    assert ended.code == 1
    last = ended.words.splitlines()[-1]
    assert last.startswith("CommandError: Kafka: "), last
    assert "fenced" in last
    world.shoppers(seed=2).publish(100)
    world.catch_up()


def test_no_broker_at_start(world: World) -> None:
    consumer = world.consumer("--alone", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert consumer.wait(30) == TRY_AGAIN
    assert "Kafka does not answer at 127.0.0.1:1" in consumer.words.splitlines()[-1]


def test_no_topic_at_start(real_kafka: RealKafka, real_world: World) -> None:
    consumer = real_world.consumer(KAFKA_TOPIC="nothing")
    assert consumer.wait(30) == 1
    assert "run `manage.py topic`" in consumer.words.splitlines()[-1]
