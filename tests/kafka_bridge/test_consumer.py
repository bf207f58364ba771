"""The consumer between Kafka and MongoDB: where it begins, what stops it, what does not."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from django.conf import settings
from pymongo.client_session import ClientSession
from pymongo.errors import AutoReconnect, OperationFailure
from pytest_django import Settings

from catalog.events import ProductAdded
from catalog.models import Product
from customers.events import ProductBought
from customers.models import Purchase
from kafka_bridge import clients, receipts
from kafka_bridge import consumer as consumer_module
from kafka_bridge.applier import Applier
from kafka_bridge.batch import Item
from kafka_bridge.clients import KafkaUnavailable, NoTopic
from kafka_bridge.consumer import Consumer, Underway
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.local.kafka import TestCluster
from kafka_bridge.local.mongodb import free_port
from kafka_bridge.models import DeadLetter, Offset, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.positions import Log, LogBroken
from tests import faults
from tests.conftest import PARTITIONS, Consume, Publish, Running
from tests.logs import kept

pytestmark = pytest.mark.django_db

MILK = ProductAdded("Mleko", "nabiał", Decimal("4.90"))
BOUGHT = ProductBought("c1", 2, Decimal("4.90"))
KEYS = [f"product-{number}" for number in range(12)]  # enough to fall into several partitions


def until_idle(batch: int = 1000, **options: Any) -> int:
    """Apply all that stands in the topic; return how many messages that were."""
    consumer = Consumer(instance=None, batch=batch, until_idle=True, **options)
    consumer.run()
    return consumer.applied


@pytest.fixture
def bought(publish: Publish) -> list[Envelope[Any]]:
    """Products that were added and bought once each, in several partitions; nothing is applied."""
    for key in KEYS:
        publish(MILK, key)
    return [publish(BOUGHT, key) for key in KEYS]


def assert_bought_once(events: list[Envelope[Any]]) -> None:
    """Each purchase stands there, once, and nothing else does."""
    assert sorted(Purchase.objects.values_list("pk", flat=True)) == sorted(e.id for e in events)
    assert Receipt.objects.filter(status="applied").count() == 2 * len(events)
    assert not DeadLetter.objects.exists()
    assert sum(Offset.objects.values_list("next", flat=True)) == 2 * len(events)


class TestUntilIdle:
    """`--until-idle` ends when all is applied, and not before."""

    def test_an_empty_topic_ends_at_once(self, topic: str) -> None:
        begun = time.monotonic()
        assert until_idle() == 0
        assert time.monotonic() - begun < 3
        assert Offset.objects.count() == PARTITIONS

    @pytest.mark.parametrize("batch", [1, 5, 1000])
    def test_everything_is_applied(self, bought: list[Envelope[Any]], batch: int) -> None:
        assert until_idle(batch) == len(bought) * 2
        assert_bought_once(bought)

    def test_it_does_not_end_while_a_batch_is_under_way(self, topic: str) -> None:
        consumer = Consumer(instance=None, batch=10, until_idle=True)
        consumer._ended = set(range(PARTITIONS))
        assert consumer._idle()
        consumer._underway = Underway(Future(), [])
        assert not consumer._idle()

    def test_a_second_run_has_nothing_to_do(self, bought: list[Envelope[Any]]) -> None:
        until_idle()
        before = kept()
        assert until_idle() == 0
        assert kept() == before


class TestRunning:
    """A consumer that runs applies what comes, and ends when it is told to."""

    def test_it_ends_soon_after_it_is_told_to(self, topic: str) -> None:
        consumer = Consumer(instance=None, batch=10)
        thread = threading.Thread(target=consumer.run)
        thread.start()
        consumer.stopping = True
        thread.join(3)
        assert not thread.is_alive()

    def test_told_to_end_it_finishes_what_it_began_and_begins_nothing(
        self, bought: list[Envelope[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        consumer = Consumer(instance=None, batch=1)
        take = consumer._take

        def told_meanwhile(most: int, seconds: float) -> list[Item]:
            consumer.stopping |= consumer._underway is not None
            return take(most, seconds)

        monkeypatch.setattr(consumer, "_take", told_meanwhile)
        consumer.run()
        assert consumer.applied == Receipt.objects.count() == 1

    def test_it_applies_what_comes_while_it_runs(
        self, publish: Publish, running_consumer: Running
    ) -> None:
        with running_consumer() as consumer:
            for key in KEYS:
                added = publish(MILK, key)
                assert receipts.wait_for(added.id, 10) is not None
        assert consumer.applied == len(KEYS)

    def test_a_member_of_the_group_tells_kafka_how_far_it_is(self, publish: Publish) -> None:
        consumer = Consumer(instance="one", batch=10)
        thread = threading.Thread(target=consumer.run)
        thread.start()
        try:
            added = [publish(MILK, key) for key in KEYS]
            for event in added:
                assert receipts.wait_for(event.id, 20) is not None
        finally:
            consumer.stopping = True
            thread.join()
        reader = KafkaConsumer(clients.reader())
        places = [TopicPartition(settings.KAFKA_TOPIC, p) for p in range(PARTITIONS)]
        told = {place.partition: place.offset for place in reader.committed(places, 10)}
        reader.close()
        stored = dict(Offset.objects.values_list("partition", "next"))
        assert sum(stored.values()) == len(KEYS)
        assert {p: offset for p, offset in told.items() if offset > 0} == {
            p: offset for p, offset in stored.items() if offset > 0
        }


@contextmanager
def failing(
    monkeypatch: pytest.MonkeyPatch, method: str, *faults: Callable[[Callable[[], Any]], Any]
) -> Iterator[list[str]]:
    """Have a session's next calls of a method go wrong while a batch is applied, a fault each."""
    left, met, applying = list(faults), list[str](), threading.Event()
    original, in_transaction = getattr(ClientSession, method), Applier._in_transaction

    def call(session: ClientSession, *args: Any, **options: Any) -> Any:
        if not left or not applying.is_set():
            return original(session, *args, **options)
        met.append(method)
        return left.pop(0)(lambda: original(session, *args, **options))

    def apply(applier: Applier, *args: Any) -> Any:
        applying.set()
        try:
            return in_transaction(applier, *args)
        finally:
            applying.clear()

    with monkeypatch.context() as patched:
        patched.setattr(ClientSession, method, call)
        patched.setattr(Applier, "_in_transaction", apply)
        yield met


def lost_before(call: Callable[[], Any]) -> None:
    """The connection is lost before the server hears of it."""
    raise AutoReconnect("connection closed")


def lost_after(call: Callable[[], Any]) -> None:
    """The server does it, but the connection is lost before it can say so."""
    call()
    raise AutoReconnect("connection closed")


def refused(call: Callable[[], Any]) -> None:
    """The server refuses it for now."""
    raise OperationFailure("conflict", 112, {"errorLabels": ["TransientTransactionError"]})


class TestMongoFails:
    """What MongoDB does not answer is asked again, and has its effect once."""

    @pytest.mark.parametrize(
        ("method", "faults", "batch"),
        [
            ("start_transaction", [lost_before] * 2, 7),
            ("commit_transaction", [lost_before], 7),  # the next batch has been read by then
            ("commit_transaction", [lost_before] * 2, 7),
            ("commit_transaction", [lost_after], 7),
            ("commit_transaction", [refused] * 2, 7),
            ("commit_transaction", [refused] * 2, 1000),
        ],
    )
    def test_a_batch_has_its_effect_once(
        self,
        bought: list[Envelope[Any]],
        monkeypatch: pytest.MonkeyPatch,
        method: str,
        faults: list[Callable[..., Any]],
        batch: int,
    ) -> None:
        with failing(monkeypatch, method, *faults) as met:
            until_idle(batch)
        assert len(met) == len(faults)
        assert_bought_once(bought)

    def test_the_log_tells_the_code_of_a_failure_and_not_its_text(
        self,
        bought: list[Envelope[Any]],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        with failing(monkeypatch, "commit_transaction", refused):
            until_idle()
        assert "(OperationFailure 112)" in caplog.text
        assert "conflict" not in caplog.text

    def test_what_was_read_behind_a_failed_batch_is_not_applied_before_it(
        self, publish: Publish, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publish(MILK, "milk")
        events = [publish(BOUGHT, "milk") for _ in range(30)]
        with failing(monkeypatch, "commit_transaction", lost_before):
            until_idle(batch=5)
        assert Purchase.objects.count() == len(events)

    def test_alone_it_lets_go_of_its_partitions_and_never_resumes_one(
        self, bought: list[Envelope[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Once in some thousand times, on a busy machine, librdkafka never reads a partition that
        # is resumed while it still begins to read it.
        called = list[str]()

        class Told(KafkaConsumer):
            def assign(self, places: list[TopicPartition]) -> None:
                called.append("assign")
                super().assign(places)

            def resume(self, places: list[TopicPartition]) -> None:
                called.append("resume")
                super().resume(places)

        monkeypatch.setattr(consumer_module, "KafkaConsumer", Told)
        with failing(monkeypatch, "commit_transaction", lost_before):
            until_idle(batch=7)
        assert called == ["assign", "assign"]
        assert_bought_once(bought)

    def test_a_member_whose_partition_is_not_read_joins_anew(
        self, bought: list[Envelope[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def rejoin(consumer: Consumer, error: KafkaException) -> None:
            consumer.stopping = True

        class Unread(KafkaConsumer):
            attempts = iter(range(3))

            def seek(self, place: TopicPartition) -> None:
                next(self.attempts)
                raise KafkaException(KafkaError(KafkaError._STATE))

        monkeypatch.setattr(consumer_module, "KafkaConsumer", Unread)
        monkeypatch.setattr(Consumer, "_rejoin", rejoin)
        with failing(monkeypatch, "commit_transaction", lost_before) as met:
            Consumer(instance="one", batch=7).run()
        assert met

    def test_it_waits_until_the_stored_offsets_can_be_read(
        self, bought: list[Envelope[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim, failures = Applier.claim, [AutoReconnect("away")] * 3

        def fail_at_first(applier: Applier, partitions: Any) -> Any:
            if failures:
                raise failures.pop()
            return claim(applier, partitions)

        monkeypatch.setattr(Applier, "claim", fail_at_first)
        until_idle()
        assert not failures
        assert_bought_once(bought)


def test_a_consumer_that_was_overtaken_goes_on_behind_the_other(
    bought: list[Envelope[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    apply, overtaken = Applier.apply_items, list[int]()

    def be_slow_at_first(applier: Applier, items: Any) -> None:
        if not overtaken:
            overtaken.append(len(items))
            faster = Applier(applier.positions.log, "faster")
            faster.claim(list(range(PARTITIONS)))
            apply(faster, items[: len(items) // 2])
        apply(applier, items)

    monkeypatch.setattr(Applier, "apply_items", be_slow_at_first)
    until_idle()
    assert overtaken
    assert_bought_once(bought)


class TestLogs:
    """A log that is not the one that was read before, or not all of it."""

    @pytest.fixture
    def applied(self, cluster: TestCluster) -> dict[int, int]:
        """Products that were added in a log of this test's own, and applied; the stored offsets."""
        with faults.publishing() as publisher:
            for key in KEYS:
                publisher.publish(wrap(MILK, subject=key, source="/tests"))
        until_idle()
        return dict(Offset.objects.values_list("partition", "next"))

    def test_a_log_made_anew_begins_at_its_start(
        self, applied: dict[int, int], settings: Settings
    ) -> None:
        another = TestCluster()
        another.create_topic(settings.KAFKA_TOPIC, PARTITIONS)
        settings.KAFKA_BOOTSTRAP_SERVERS = another.bootstrap_servers
        again = Receipt.objects.all()[0]
        with faults.publishing() as publisher:
            first = wrap(MILK, subject=again.key, source="/tests", event_id=again.pk)
            second = wrap(MILK, subject="new", source="/tests")
            publisher.publish(first)
            publisher.publish(second)
        try:
            assert until_idle() == 2
        finally:
            another.stop()
        assert Product.objects.count() == len(KEYS) + 1
        assert Receipt.objects.count() == len(KEYS) + 1
        assert Offset.objects.values_list("log", flat=True).distinct().count() == 2

    def test_an_offset_beyond_the_end_stops_the_consumer(self, applied: dict[int, int]) -> None:
        before = kept()
        Offset.objects.filter(partition=2).update(next=applied[2] + 5)
        with pytest.raises(LogBroken) as broken:
            until_idle()
        assert f"holds offsets 0 to {applied[2]}" in str(broken.value)
        assert f"the next one to apply is {applied[2] + 5}" in str(broken.value)
        assert "Partition 2" in str(broken.value)
        assert kept() == before

    def test_deleted_records_that_were_applied_are_no_matter(
        self, cluster: TestCluster, applied: dict[int, int]
    ) -> None:
        for partition, end in applied.items():
            faults.delete_records(cluster, settings.KAFKA_TOPIC, partition, end)
        assert until_idle() == 0

    def test_deleted_records_that_were_not_applied_stop_the_consumer(
        self, cluster: TestCluster, applied: dict[int, int]
    ) -> None:
        partition = max(applied, key=lambda number: applied[number])
        faults.delete_records(cluster, settings.KAFKA_TOPIC, partition, applied[partition])
        Offset.objects.filter(partition=partition).update(next=0)
        with pytest.raises(LogBroken, match="were deleted before they were applied"):
            until_idle()
        assert until_idle(skip_deleted=True) == 0
        assert dict(Offset.objects.values_list("partition", "next")) == applied

    def test_records_that_are_deleted_while_it_runs_stop_it(
        self, cluster: TestCluster, applied: dict[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between the look at the log's ends and the first fetch, retention takes the records."""
        partition = max(applied, key=lambda number: applied[number])
        Offset.objects.filter(partition=partition).update(next=0)
        reposition = Consumer._reposition

        def too_late(consumer: Consumer, positions: dict[int, int]) -> None:
            faults.delete_records(cluster, settings.KAFKA_TOPIC, partition, applied[partition])
            reposition(consumer, positions)

        monkeypatch.setattr(Consumer, "_reposition", too_late)
        with pytest.raises(LogBroken, match="were deleted before they were applied"):
            until_idle()

    def test_more_partitions_stop_the_consumer(
        self, applied: dict[int, int], settings: Settings
    ) -> None:
        Offset.objects.update(partitions=PARTITIONS - 1)
        with pytest.raises(LogBroken, match=f"has {PARTITIONS} partitions"):
            until_idle()


class TestStart:
    """What is missing at the start is said in words."""

    def test_no_topic(self, topic: str, settings: Settings) -> None:
        settings.KAFKA_TOPIC = "no-such-topic"
        with pytest.raises(NoTopic, match="There is no topic no-such-topic"):
            Consumer(instance=None, batch=10)

    @pytest.mark.slow
    def test_no_kafka(self, settings: Settings) -> None:
        settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{free_port()}"
        with pytest.raises(KafkaUnavailable, match="does not answer"):
            Consumer(instance=None, batch=10)


def test_a_first_start_that_was_interrupted_is_completed(topic: str, consume: Consume) -> None:
    consume()
    assert Offset.objects.filter(partition__gt=2).delete()[0] == PARTITIONS - 3
    consume()
    assert sorted(Offset.objects.values_list("partition", flat=True)) == [*range(PARTITIONS)]


def test_the_offsets_are_named_after_group_log_and_partition(
    publish: Publish, consume: Consume
) -> None:
    publish(MILK, "milk")
    consume()
    log = Log(
        settings.KAFKA_GROUP, settings.KAFKA_TOPIC, clients.topic_identity(settings.KAFKA_TOPIC)
    )
    [offset] = database()[Offset._meta.db_table].find({"next": 1})
    assert offset["_id"] == log.key(offset["partition"])
