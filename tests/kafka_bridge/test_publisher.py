"""What the publisher says of an event is true, whatever Kafka does."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from decimal import Decimal
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from django.conf import settings
from pytest_django import Settings

from catalog.events import ProductAdded
from customers.events import ProductBought
from customers.models import Purchase
from kafka_bridge import clients, publisher
from kafka_bridge.consumer import Consumer as Applying
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.local.kafka import TestCluster
from kafka_bridge.local.mongodb import free_port
from kafka_bridge.models import Receipt
from kafka_bridge.publisher import NotPublished, Published, Publisher, TooLarge
from kafka_bridge.registry import Event
from tests import faults
from tests.conftest import PARTITIONS
from tests.faults import publishing

MILK = ProductAdded("Mleko", "nabiał", Decimal("4.90"))


def event(data: Event = MILK, subject: str = "milk", event_id: str | None = None) -> Envelope[Any]:
    """An event that happens now."""
    return wrap(data, subject=subject, source="/tests", event_id=event_id)


def id_of(message: Message) -> str:
    """The id of the event in a message."""
    headers = cast(list[tuple[str, bytes]], message.headers())
    return dict(headers)["ce_id"].decode()


def ids() -> list[str]:
    """The ids of all events in the topic, each partition's in their order."""
    found = []
    reader = Consumer(clients.reader() | {"enable.partition.eof": True})
    for partition in range(PARTITIONS):
        reader.assign([TopicPartition(settings.KAFKA_TOPIC, partition, 0)])
        while (message := reader.poll(10)) is not None and message.error() is None:
            found.append(id_of(message))
    reader.close()
    return found


@pytest.fixture
def impatient(cluster: TestCluster) -> Iterator[Publisher]:
    """A publisher that has published and from now on gives up after one or two seconds."""
    with publishing(**{"message.timeout.ms": 1500, "socket.timeout.ms": 1500}) as made:
        made.publish(event())
        yield made


def test_an_acknowledged_event_stands_where_it_was_said_to(topic: str) -> None:
    sent = {f"product-{number}": event(subject=f"product-{number}") for number in range(20)}
    places = {key: publisher.publish(one) for key, one in sent.items()}
    assert len({place.partition for place in places.values()}) > 1
    reader = Consumer(clients.reader())
    for key, place in places.items():
        reader.assign([TopicPartition(topic, place.partition, place.offset)])
        message = reader.poll(10)
        assert message is not None
        assert (message.key(), id_of(message)) == (key.encode(), sent[key].id)
    reader.close()


def test_events_of_a_key_stand_in_one_partition_in_their_order(topic: str) -> None:
    places = [publisher.publish(event()) for _ in range(10)]
    assert places == [Published(places[0].partition, number) for number in range(10)]


def test_a_named_partition_is_taken(topic: str) -> None:
    assert [publisher.publish(event(), partition=p).partition for p in range(PARTITIONS)] == [
        *range(PARTITIONS)
    ]


def test_a_closed_port_is_reported_within_five_seconds(settings: Settings) -> None:
    settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{free_port()}"
    with publishing() as closed:
        begun = time.monotonic()
        with pytest.raises(NotPublished) as raised:
            closed.publish(event())
        assert time.monotonic() - begun < 5
    assert not isinstance(raised.value, TooLarge)


def test_an_event_that_is_too_large_is_refused_at_once(topic: str) -> None:
    begun = time.monotonic()
    with pytest.raises(TooLarge):  # nothing checks an event that is made in a process of ours
        publisher.publish(event(ProductAdded("x" * 2_000_000, "nabiał", MILK.price)))
    assert time.monotonic() - begun < publisher.ANSWER_WITHIN
    publisher.publish(event())


def test_many_threads_publish_at_once(topic: str) -> None:
    events = [event(subject=f"product-{number % 17}") for number in range(400)]
    with ThreadPoolExecutor(16) as threads:
        places = list(threads.map(publisher.publish, events))
    assert len(set(places)) == 400
    assert sorted(ids()) == sorted(one.id for one in events)


def test_a_passing_fault_is_none(cluster: TestCluster, impatient: Publisher) -> None:
    passing = [
        faults.NOT_LEADER,
        faults.TIMED_OUT,
        faults.NOT_ENOUGH_REPLICAS,
        faults.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        faults.CONNECTION_CLOSED,
    ]
    events = [event() for _ in passing]
    for fault, one in zip(passing, events, strict=True):
        faults.answer_with(cluster, faults.PRODUCE, fault)
        impatient.publish(one)
    assert ids()[1:] == [one.id for one in events]


def test_what_was_refused_is_not_acknowledged_by_what_came_after_it(
    cluster: TestCluster, impatient: Publisher
) -> None:
    """Until they know a producer, brokers take whichever of its requests comes first."""
    faults.answer_with(cluster, faults.PRODUCE, faults.NOT_LEADER, 0, late=200)
    events, begun = [event(), event()], list[Future[Published]]()
    for one in events:
        begun.append(impatient._begin(one, publisher.BY_KEY))
        wait(begun, 0.05)  # else both go out in one request
    offsets = [place.result().offset for place in begun]
    assert ids()[1:] == [one.id for one in events]
    assert offsets == [1, 2]


def test_what_no_broker_tells_the_place_of_is_not_called_published(
    cluster: TestCluster, impatient: Publisher
) -> None:
    faults.answer_with(cluster, faults.PRODUCE, faults.SENT_BEFORE)
    with pytest.raises(NotPublished, match="without an offset"):
        impatient.publish(event())


def test_a_refusal_is_reported_and_the_next_event_published(
    cluster: TestCluster, impatient: Publisher
) -> None:
    refused, taken = event(), event()
    faults.answer_with(cluster, faults.PRODUCE, faults.CLUSTER_AUTHORIZATION_FAILED)
    with pytest.raises(NotPublished, match="authorization"):
        impatient.publish(refused)
    faults.answer_with(cluster, faults.PRODUCE, faults.TOO_LARGE)
    with pytest.raises(TooLarge):
        impatient.publish(refused)
    impatient.publish(taken)
    assert ids()[1:] == [taken.id]


def test_many_events_together_take_the_time_of_few(
    settings: Settings,
) -> None:
    slow = TestCluster()  # of its own: how many of its late answers are used up is not known
    settings.KAFKA_BOOTSTRAP_SERVERS, settings.KAFKA_TOPIC = slow.bootstrap_servers, "slow"
    slow.create_topic("slow", PARTITIONS)
    events = [event(subject=f"product-{number}") for number in range(20)]
    with publishing() as made:
        faults.answer_with(slow, faults.PRODUCE, *[0] * 20, late=200)
        begun = time.monotonic()
        places = made.publish_together(events)
        assert time.monotonic() - begun < 20 * 0.2
    assert None not in places
    assert len(set(places)) == 20
    assert sorted(ids()) == sorted(one.id for one in events)
    slow.stop()


def test_of_many_events_together_those_that_were_refused_are_told(
    cluster: TestCluster, impatient: Publisher
) -> None:
    events = [event(subject=f"product-{number}") for number in range(20)]
    large = event(ProductAdded("x" * 2_000_000, "nabiał", MILK.price))
    faults.answer_with(cluster, faults.PRODUCE, faults.CLUSTER_AUTHORIZATION_FAILED)
    places = impatient.publish_together([*events, large])
    assert places[-1] is None
    assert 0 < places[:-1].count(None) < 20
    written = {one.id for one, place in zip(events, places, strict=False) if place}
    assert written == set(ids()) & {one.id for one in events}


def test_of_many_events_together_none_is_waited_for_beyond_five_seconds(
    settings: Settings,
) -> None:
    settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{free_port()}"
    with publishing() as closed:
        begun = time.monotonic()
        assert closed.publish_together([event(subject=key) for key in "abc"]) == [None] * 3
        assert time.monotonic() - begun < 5


def test_a_producer_that_gave_itself_up_is_replaced(
    cluster: TestCluster, impatient: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    faults.answer_with(cluster, faults.PRODUCE, faults.OUT_OF_ORDER_SEQUENCE)
    failed = event()
    begun = time.monotonic()
    with pytest.raises(NotPublished):
        impatient.publish(failed)
    assert time.monotonic() - begun < publisher.ANSWER_WITHIN
    for _ in range(3):
        impatient.publish(event())
    impatient.publish(failed)
    assert ids().count(failed.id) == 1
    assert caplog.text.count("is replaced") == 1


def test_a_short_absence_of_the_broker_is_waited_out(cluster: TestCluster) -> None:
    with publishing() as patient:
        patient.publish(event())
        faults.go_down(cluster)
        back = threading.Timer(0.5, faults.come_up, [cluster])
        back.start()
        second = event()
        patient.publish(second)
        back.join()
    assert ids()[1:] == [second.id]


@pytest.mark.slow
def test_a_broker_that_comes_back_is_used_again(cluster: TestCluster) -> None:
    with publishing() as patient:
        patient.publish(event())
        faults.go_down(cluster)
        lost = event()
        begun = time.monotonic()
        with pytest.raises(NotPublished):
            patient.publish(lost)
        assert time.monotonic() - begun < 5
        faults.come_up(cluster)
        patient.publish(lost)
    assert ids()[1:] == [lost.id]


def test_an_event_of_unknown_fate_sent_again_has_one_effect(
    cluster: TestCluster, impatient: Publisher, db: None
) -> None:
    faults.answer_with(cluster, faults.PRODUCE, 0, late=3000)  # it is written, but nobody hears
    bought = event(ProductBought("c1", 1, MILK.price))
    with pytest.raises(NotPublished):
        impatient.publish(bought)
    impatient.publish(bought)
    assert ids().count(bought.id) == 2
    Applying(instance=None, batch=100, until_idle=True).run()
    assert Purchase.objects.count() == 1
    assert Receipt.objects.filter(pk=bought.id, status="applied").count() == 1


FORKING = """
import os, sys, time
import django
django.setup()
from django.conf import settings
from catalog.events import ProductWithdrawn
from kafka_bridge import publisher
from kafka_bridge.envelope import wrap

settings.KAFKA_TOPIC = sys.argv[1]
def event(name):
    return wrap(ProductWithdrawn(), subject="milk", source="/tests", event_id=name)
publisher.publish(event("parent"))
mine = publisher._ours()
for number in range(5000):  # under way while the process forks
    mine.send(event(f"parent-{number}"), lambda error, message: None)
begun = time.monotonic()
for number in range(2):
    if os.fork() == 0:
        publisher.publish(event(f"child-{number}"))
        sys.exit()
assert [os.wait()[1] for number in range(2)] == [0, 0]
assert time.monotonic() - begun < publisher.FLUSH_WITHIN  # they do not wait for the parent's events
publisher.publish(event("parent again"))
"""


def test_forked_workers_publish_each_and_end_at_once(topic: str) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "shopsite.settings",
        "PYTHONWARNINGS": "ignore::DeprecationWarning",  # that a process with threads forks
    }
    subprocess.run([sys.executable, "-c", FORKING, topic], check=True, env=environment, timeout=60)
    written = [f"parent-{number}" for number in range(5000)]
    written += ["parent", "parent again", "child-0", "child-1"]
    assert sorted(ids()) == sorted(written)
