"""The event panel: lag, consumers, rejections and dead letters as they are, and never older."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import Producer
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from catalog.events import ProductAdded
from customers.events import ProductBought
from kafka_bridge import heartbeat, panel, receipts
from kafka_bridge.consumer import Consumer
from kafka_bridge.heartbeat import Pulse
from kafka_bridge.local.mongodb import free_port
from kafka_bridge.models import Heartbeat, Receipt
from kafka_bridge.mongo import database
from shopsite.models import Operator
from tests.conftest import PARTITIONS, Consume, Publish, PublishAt, Running
from tests.operators import browser_of, log_in

pytestmark = pytest.mark.django_db

MILK = ProductAdded("Mleko", "nabiał", Decimal("4.90"))


def look(client: Client, **headers: str) -> Any:
    return client.get(reverse("admin:kafka_bridge_panel"), headers=headers)


def silent_for(seconds: float) -> None:
    """Make all heartbeats so old."""
    old = datetime.now(UTC) - timedelta(seconds=seconds)
    database()[Heartbeat._meta.db_table].update_many({}, {"$set": {"at": old}})


def alive(group: str | None = None) -> None:
    """Write a consumer's heartbeat."""
    Pulse(database(), group or django_settings.KAFKA_GROUP, "till-1").beat([2, 0, 1])


def test_the_lag_is_told_in_events_and_in_seconds(publish: Publish, consume: Consume) -> None:
    publish(MILK, "milk")
    consume()
    [before] = [lag for lag in panel.figures()["lags"] if lag.end]
    assert (before.events, before.seconds, before.next) == (0, 0.0, 1)
    for _ in range(3):
        publish(ProductBought("c1", 1, Decimal("4.90")), "milk")
    found = panel.figures()
    [behind] = [lag for lag in found["lags"] if lag.events]
    assert (behind.partition, behind.events, found["behind"]) == (before.partition, 3, 3)
    assert behind.seconds is not None
    assert 0 < behind.seconds < 20
    assert len(found["lags"]) == PARTITIONS


def test_the_lag_in_seconds_counts_from_the_first_event_that_waits(
    publish_at: PublishAt, consume: Consume
) -> None:
    consume()
    publish_at(MILK, "milk", ago=90)
    publish_at(MILK, "milk", ago=10)
    [behind] = [lag for lag in panel.figures()["lags"] if lag.events]
    assert behind.seconds is not None
    assert 89 < behind.seconds < 110


def test_a_running_consumer_is_alive_and_one_that_ended_is_not_shown(
    running_consumer: Running, publish: Publish
) -> None:
    with running_consumer():
        assert receipts.wait_for(publish(MILK, "milk").id, 20)
        [shown] = panel.figures()["consumers"]
        assert not shown.gone
        assert shown.heartbeat.partitions == list(range(PARTITIONS))
        assert "alive" in look(log_in()).content.decode()
    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize(("seconds", "gone"), [(1, False), (14, False), (16, True)])
def test_a_consumer_that_died_is_gone_within_15_seconds(
    topic: str, seconds: float, gone: bool
) -> None:
    alive()
    silent_for(seconds)
    text = look(log_in()).content.decode()
    assert ("<strong>gone</strong>" in text) is gone
    assert "till-1" in text
    assert "0, 1, 2" in text


def test_other_groups_and_yesterday_are_left_out(topic: str) -> None:
    alive("somebody-else")
    assert not panel.figures()["consumers"]
    assert "No consumer runs" in look(log_in()).content.decode()
    alive()
    silent_for(25 * 3600)
    assert not panel.figures()["consumers"]


def test_a_consumer_beats_every_5_seconds_and_no_more_often(db: None) -> None:
    pulse = Pulse(database(), "g", "till-1")
    assert pulse.due()
    pulse.beat([0])
    assert not pulse.due()
    pulse._next -= heartbeat.EVERY
    assert pulse.due()


def test_a_heartbeat_that_cannot_be_written_stops_no_consumer(
    publish: Publish, db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heartbeat, "WITHIN", 1e-9)  # MongoDB cannot answer that fast
    publish(MILK, "milk")
    consumer = Consumer(instance=None, batch=10, until_idle=True)
    consumer.run()
    assert consumer.applied == 1
    assert "The heartbeat was not written" in caplog.text
    assert "The heartbeat was not taken away" in caplog.text


def test_rejections_of_the_last_hour_are_counted_by_reason(
    publish: Publish, consume: Consume
) -> None:
    publish(MILK, "milk")
    for _ in range(2):
        publish(ProductBought("c1", 1, Decimal("1.00")), "milk")
    publish(MILK, "milk")
    consume()
    found = dict(panel.figures()["rejections"])
    assert sorted(found.values()) == [1, 2]
    text = look(log_in()).content.decode()
    assert "There is already a product with this id." in text
    assert panel.figures()["minute"].number == 4
    old = datetime.now(UTC) - timedelta(minutes=61)
    database()[Receipt._meta.db_table].update_many({}, {"$set": {"applied_at": old}})
    assert panel.figures()["rejections"] == []
    assert panel.figures()["minute"].number == 0


def test_counting_ends_somewhere_and_says_so(
    publish: Publish, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel, "MOST", 2)
    for _ in range(3):
        publish(MILK, "milk")
    consume()
    assert panel.figures()["minute"] == (2, True)
    assert "2+" in look(log_in()).content.decode()


def test_waiting_dead_letters_are_counted_and_linked(topic: str, consume: Consume) -> None:
    producer = Producer({"bootstrap.servers": django_settings.KAFKA_BOOTSTRAP_SERVERS})
    producer.produce(topic, b"junk", key=b"k")
    assert producer.flush(10) == 0
    consume()
    text = look(log_in()).content.decode()
    assert "/admin/kafka_bridge/deadletter/?status__exact=open" in text
    assert panel.figures()["waiting"] == (1, False)


def test_without_kafka_it_says_so_and_shows_the_rest(topic: str, settings: Settings) -> None:
    office = log_in()
    alive()
    settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{free_port()}"
    page = look(office)
    assert page.status_code == 200
    assert "Kafka does not answer" in page.content.decode()
    assert "till-1" in page.content.decode()
    assert page.context["lags"] is None


def test_without_the_topic_it_says_so(db: None, settings: Settings) -> None:
    settings.KAFKA_TOPIC = "nowhere"
    assert "the topic is not there" in look(log_in()).content.decode()


def test_htmx_gets_the_figures_alone_and_nobody_keeps_them(topic: str) -> None:
    office = log_in()
    whole, part = look(office), look(office, **{"HX-Request": "true"})
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert "As of" in part.content.decode()
    assert "no-store" in part.headers["Cache-Control"]


def test_the_panel_is_not_for_everybody(topic: str) -> None:
    adam = Operator.objects.create_user("adam", is_staff=True)
    assert look(browser_of(adam)).status_code == 403
    adam.user_permissions.set(Permission.objects.filter(codename="view_offset"))
    assert look(browser_of(Operator.objects.get())).status_code == 200
    assert look(Client()).status_code == 302
