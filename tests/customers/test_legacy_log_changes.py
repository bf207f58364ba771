"""The older shop's topic is cut off, loses its end, is deleted or made anew: never a silent gap."""

from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.cimpl import NewPartitions
from django.core.management import CommandError
from pytest_django import Settings

from catalog.models import Product
from customers.legacy.bridge import Bridge
from customers.legacy.state import TABLE
from customers.models import Purchase
from kafka_bridge import clients
from kafka_bridge.local.kafka import TestCluster
from kafka_bridge.models import Receipt
from kafka_bridge.mongo import database
from kafka_bridge.positions import LogBroken
from tests import services
from tests.conftest import Consume, create_topic
from tests.customers.conftest import ANNA, BUYS, MILK, Write, run, write_to

pytestmark = pytest.mark.django_db
real = pytest.mark.skipif(services.cluster is not None, reason="only a real Kafka can do it")

CUT = "Messages were deleted before they were read: `bridge --skip-deleted` reads what is there"
ANEW = r"made anew\. `bridge --skip-deleted` reads the new one"
BREAD = {**MILK, "id": "chleb_k_1", "name": "Chleb"}


def cut_off(source: str) -> None:
    """Have all deleted that partition 0 holds: by retention, or else by hand."""
    if services.cluster is None:
        admin = clients.admin()  # it has to live until the broker has answered
        [deleted] = admin.delete_records([TopicPartition(source, 0, -1)]).values()
        deleted.result()
    else:  # of each partition it keeps the newest 5 MiB
        write_to(source, *[{**MILK, "more": "x" * 900_000}] * 8)


def read_all(bridge: Bridge) -> None:
    """Have a bridge read what is there, and go on as it will."""
    while not bridge.reader.ended:
        bridge.step(0.2)


def read_on(bridge: Bridge) -> NoReturn:
    """Have a bridge go on until something stops it."""
    while True:
        bridge.step(0.2)


def test_what_was_deleted_before_it_was_read_stops_it_until_that_is_accepted(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(ANNA)
    cut_off(source)
    with pytest.raises(CommandError, match=f"the next one to read is 0. {CUT}"):
        run(source)
    assert consume() == 0
    write(BREAD, partition=1)
    run(source, "--skip-deleted")
    consume()
    assert Product.objects.filter(pk="legacy:chleb_k_1").exists()
    run(source)  # from then on nothing is missing


def test_what_was_deleted_behind_what_was_read_stops_it_until_that_is_accepted(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(ANNA)
    run(source)
    write(BREAD)
    cut_off(source)
    with pytest.raises(CommandError, match=f"the next one to read is 1. {CUT}"):
        run(source)
    write(MILK)
    run(source, "--skip-deleted")
    consume()
    assert {*Product.objects.values_list("name", flat=True)} == {"Mleko"}


@real
def test_what_was_deleted_after_it_was_read_is_not_missed(
    source: str, write: Write, topic: str
) -> None:
    write(ANNA)
    run(source)
    cut_off(source)
    run(source)


def test_what_is_deleted_under_its_hands_stops_it(source: str, write: Write, topic: str) -> None:
    write(ANNA)
    bridge = Bridge(source, 60)
    read_all(bridge)
    places = [TopicPartition(source, number) for number in range(3)]
    bridge.reader._kafka.pause(places)
    write(BREAD)
    cut_off(source)
    bridge.reader._kafka.resume(places)
    with pytest.raises(LogBroken, match=CUT):
        read_on(bridge)


def test_a_lost_end_stops_it_and_what_is_there_is_read_again_and_not_doubled(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(ANNA, MILK, BUYS)
    run(source)
    ahead = {"kind": "position", "partition": 0}
    database()[TABLE].update_one(ahead, {"$inc": {"next": 1000}})
    with pytest.raises(CommandError, match=r"to read is 1003. It lost its end: `bridge --skip-"):
        run(source)
    run(source, "--skip-deleted")
    assert consume() == 6
    assert (Receipt.objects.count(), Purchase.objects.count()) == (3, 1)
    run(source)


@pytest.fixture
def elsewhere(settings: Settings, source: str, topic: str) -> Iterator[TestCluster]:
    """Another Kafka, empty, with topics of the same names."""
    cluster = TestCluster()
    for name in (source, topic):
        cluster.create_topic(name, 3)
    yield cluster
    cluster.stop()


def test_a_message_at_an_offset_that_was_given_before_is_another_message(
    source: str,
    elsewhere: TestCluster,
    settings: Settings,
    consume: Consume,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The topic is restored, older than it was, and goes on."""
    monkeypatch.setattr(clients, "topic_identity", lambda topic, client=None: "restored")
    write_to(source, ANNA, MILK)
    run(source)
    consume()
    settings.KAFKA_BOOTSTRAP_SERVERS = elsewhere.bootstrap_servers
    write_to(source, BREAD)
    with pytest.raises(CommandError, match="It lost its end"):
        run(source)
    run(source, "--skip-deleted")
    database()["kafka_bridge_offset"].delete_many({})  # ours was restored as well
    consume()
    assert {*Product.objects.values_list("name", flat=True)} == {"Chleb", "Mleko"}


def test_a_topic_made_anew_is_read_when_that_is_accepted_and_what_waits_goes_on_waiting(
    source: str, write: Write, elsewhere: TestCluster, settings: Settings, consume: Consume
) -> None:
    write(BUYS)
    read_all(Bridge(source, 60))
    settings.KAFKA_BOOTSTRAP_SERVERS = elsewhere.bootstrap_servers
    write_to(source, MILK, ANNA)
    with pytest.raises(CommandError, match=ANEW):
        run(source)
    assert consume() == 0
    run(source, "--skip-deleted")
    consume()
    assert Purchase.objects.get().quantity == 4
    run(source)  # it is known by now


def delete(source: str) -> None:
    """Delete the topic, and return when it is gone."""
    admin = clients.admin()
    admin.delete_topics([source])[source].result()
    while source in admin.list_topics(timeout=5).topics:
        pass


@real
def test_a_topic_that_is_really_made_anew(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(ANNA, MILK, BUYS)
    run(source)
    delete(source)
    create_topic(source, 2)
    write(BREAD)
    with pytest.raises(CommandError, match=ANEW):
        run(source)
    run(source, "--skip-deleted")
    consume()
    assert (Product.objects.count(), Purchase.objects.count()) == (2, 1)


@real
@pytest.mark.parametrize("anew", [False, True])
def test_a_topic_that_is_deleted_while_it_is_read(
    source: str, write: Write, topic: str, anew: bool
) -> None:
    write(ANNA)
    bridge = Bridge(source, 60)
    read_all(bridge)
    delete(source)
    if anew:
        create_topic(source, 3)
        write(MILK)
    with pytest.raises(LogBroken, match=f"The topic {source} was deleted"):
        read_on(bridge)


@real
def test_partitions_that_are_added_while_it_reads_are_read_too(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    bridge = Bridge(source, 60)
    read_all(bridge)
    admin = clients.admin()  # it has to live until the broker has answered
    admin.create_partitions([NewPartitions(source, 4)])[source].result()
    write(ANNA, MILK, partition=3)
    while bridge.read < 2:
        bridge.step(0.2)
    assert consume() == 2


@pytest.mark.parametrize("skip", [[], ["--skip-deleted"]])
def test_a_topic_that_is_not_there_is_told(topic: str, skip: Any) -> None:
    with pytest.raises(CommandError, match="There is no topic older-nowhere"):
        run("older-nowhere", *skip)
