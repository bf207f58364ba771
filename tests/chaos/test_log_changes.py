"""The log is deleted, made anew, cut off or extended: a clear stop, never a silent gap."""

import time

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.cimpl import NewPartitions

from tests.chaos.audit import audit
from tests.chaos.servers import RealKafka
from tests.chaos.waiting import until
from tests.chaos.workload import Shoppers
from tests.chaos.world import PARTITIONS, Process, World

pytestmark = pytest.mark.slow

NOTICED_WITHIN = 30.0  # seconds


def admin(world: World) -> RealKafka:
    assert isinstance(world.kafka, RealKafka)
    return world.kafka


def delete_topic(world: World) -> None:
    kafka = admin(world)
    kafka.admin.delete_topics([world.topic])[world.topic].result()
    until(lambda: world.topic not in kafka.admin.list_topics(timeout=5).topics, 20, "deleted")


def make_anew(world: World) -> None:
    delete_topic(world)
    world.kafka.create_topic(world.topic, PARTITIONS)


def filled(world: World, count: int, seed: int = 1) -> Shoppers:
    shoppers = world.shoppers(seed=seed)
    shoppers.publish(count)
    return shoppers


def stopped(process: Process, sentence: str) -> None:
    """Expect that the consumer ends with code 1 and one sentence."""
    assert process.wait(NOTICED_WITHIN) == 1, process.words
    assert sentence in process.words.splitlines()[-1], process.words


def consumed(world: World, *options: str) -> Process:
    """Have everything applied by a consumer that ends by itself."""
    process = world.consumer("--until-idle", *options)
    process.wait(60)
    return process


def decided(world: World) -> set[object]:
    """Return the ids of events that have a receipt or are kept as dead letters."""
    receipts = world.collection("kafka_bridge_receipt").distinct("_id")
    return {*receipts, *world.collection("kafka_bridge_deadletter").distinct("event_id")}


@pytest.mark.parametrize("running", [False, True])
def test_made_anew_and_shorter(real_world: World, running: bool) -> None:
    world = real_world
    filled(world, 500)
    consumer = world.consumer() if running else consumed(world)
    world.catch_up()
    make_anew(world)
    if running:
        stopped(consumer, f"The topic {world.topic} was deleted")
    new = filled(world, 100, seed=2)
    assert consumed(world).code == 0
    assert new.acknowledged <= decided(world)


def test_made_anew_and_longer_while_it_runs(real_world: World) -> None:
    """Going on at the old offset would leave out the beginning of the new log."""
    world = real_world
    filled(world, 100)
    consumer = world.consumer()
    world.catch_up()
    begun = time.monotonic()
    make_anew(world)
    new = filled(world, 2000, seed=2)
    stopped(consumer, f"The topic {world.topic} was deleted")
    print(f"\nnoticed after {time.monotonic() - begun:.1f} s")
    assert consumed(world).code == 0
    assert new.acknowledged <= decided(world)


def test_deleted_while_it_runs(real_world: World) -> None:
    world = real_world
    filled(world, 100)
    consumer = world.consumer()
    world.catch_up()
    delete_topic(world)
    stopped(consumer, f"The topic {world.topic} was deleted")
    world.kafka.create_topic(world.topic, PARTITIONS)


def cut_off(world: World, offset: int) -> None:
    places = [TopicPartition(world.topic, number, offset) for number in range(PARTITIONS)]
    for done in admin(world).admin.delete_records(places).values():
        done.result()


def test_records_deleted_before_they_were_applied(real_world: World) -> None:
    world = real_world
    filled(world, 1000)
    cut_off(world, 20)
    stopped(world.consumer("--alone"), "`consume --skip-deleted` goes on without them.")
    assert world.applied() == 0
    assert consumed(world, "--skip-deleted").code == 0
    assert world.behind() == 0
    # From then on nothing is missing, and nobody has to allow it again.
    filled(world, 100, seed=2)
    assert consumed(world).code == 0
    assert world.behind() == 0


def test_records_deleted_after_they_were_applied(real_world: World) -> None:
    world = real_world
    shoppers = filled(world, 1000)
    consumer = world.consumer()
    world.catch_up()
    found = audit(world, shoppers.acknowledged)
    assert found.clean, found
    cut_off(world, 20)
    filled(world, 100, seed=2)
    world.catch_up()
    assert consumer.code is None


def test_records_deleted_under_its_hands(real_world: World) -> None:
    """The consumer was frozen while retention passed it by."""
    world = real_world
    first = filled(world, 200)
    consumer = world.consumer("--alone")
    world.catch_up()
    world.mongo.pause()
    try:
        second = filled(world, 3000, seed=2)
        cut_off(world, 300)
    finally:
        world.mongo.resume()
    # What it has fetched by then is applied; at the gap it stops or there is none for it.
    until(lambda: consumer.code is not None or world.behind() == 0, 60, world.all_words)
    if consumer.code is not None:
        stopped(consumer, "`consume --skip-deleted` goes on without them.")
    else:
        assert all(each.acknowledged <= decided(world) for each in (first, second))


def test_the_log_lost_its_end(real_world: World) -> None:
    world = real_world
    filled(world, 600)
    consumed(world)
    offsets = world.collection("kafka_bridge_offset")
    offsets.update_one({"group": world.group, "partition": 3}, {"$inc": {"next": 1000}})
    stopped(world.consumer("--alone"), "The log lost its end; docs/reliability.md says what to do.")
    stopped(world.consumer(), "The log lost its end; docs/reliability.md says what to do.")


@pytest.mark.parametrize("running", [False, True])
def test_partitions_added(real_world: World, running: bool) -> None:
    world = real_world
    filled(world, 300)
    consumer = world.consumer() if running else consumed(world)
    world.catch_up()
    more = NewPartitions(world.topic, PARTITIONS + 2)
    admin(world).admin.create_partitions([more])[world.topic].result()
    filled(world, 100, seed=2)
    if not running:
        consumer = world.consumer()
    stopped(consumer, "make a topic anew with the events in order (docs/reliability.md).")
