"""Pages say how old they are when they are behind, and only then."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import timezone, translation
from pytest_django import Settings

from catalog.events import ProductAdded
from kafka_bridge import freshness, lag, tail
from kafka_bridge.consumer import Consumer
from kafka_bridge.freshness import Watch
from kafka_bridge.local.kafka import TestCluster
from kafka_bridge.local.mongodb import free_port
from kafka_bridge.models import Offset
from kafka_bridge.mongo import database
from tests import commands, faults
from tests.commands import wait_for
from tests.conftest import Consume, Publish, PublishAt, publish_as_of
from tests.operators import log_in
from tests.pages import browser_of, customer, milk, stranger

pytestmark = pytest.mark.django_db

MILK = ProductAdded("Mleko", "nabiał", Decimal("4.90"))
NOTE = "Newer changes are recorded"


@pytest.fixture
def watch(topic: str, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """This process looks at the log, and often."""
    monkeypatch.setattr(freshness, "LOOK_EVERY", 0.05)
    made = freshness.watch()
    yield made
    made.stop()


def looked(watch: Watch) -> None:
    """Wait for a look that began from now on."""
    watch.seen = None
    wait_for(lambda: watch.seen)
    watch.seen = None
    wait_for(lambda: watch.seen)


def age() -> float | None:
    """Return how many seconds behind pages are said to be."""
    since = freshness.behind_since()
    return (datetime.now(UTC) - since).total_seconds() if since else None


def test_without_a_look_nothing_is_known(publish_at: PublishAt) -> None:
    publish_at(MILK, "milk", ago=60)
    assert freshness.behind_since() is None


def test_the_age_counts_from_the_oldest_event_that_waits(
    watch: Watch, publish_at: PublishAt, consume: Consume
) -> None:
    looked(watch)
    assert age() is None
    publish_at(MILK, "milk", ago=20)
    publish_at(MILK, "bread", ago=40)
    publish_at(MILK, "butter", ago=30)
    looked(watch)
    assert 40 <= (age() or 0) < 60
    consume()
    assert age() is None  # at once, without another look
    looked(watch)
    assert age() is None


def test_a_moment_is_no_delay(watch: Watch, publish_at: PublishAt) -> None:
    publish_at(MILK, "milk", ago=-60)  # by a clock that is fast
    looked(watch)
    assert age() is None


def test_an_idle_shop_is_as_new_as_can_be(
    watch: Watch, publish_at: PublishAt, consume: Consume
) -> None:
    publish_at(MILK, "milk", ago=3600)
    consume()
    looked(watch)
    assert age() is None


def stand_at(offset: int) -> None:
    """Have the consumers stand there, in the one partition that has events."""
    database()[Offset._meta.db_table].update_one({"next": {"$gt": 0}}, {"$set": {"next": offset}})


def test_a_consumer_that_is_slow_is_told_from_where_it_stands(
    watch: Watch, publish_at: PublishAt, consume: Consume
) -> None:
    for seconds in (300, 200, 100):
        publish_at(MILK, "milk", ago=seconds)
    consume()
    stand_at(1)
    looked(watch)
    assert 200 <= (age() or 0) < 290
    stand_at(2)
    looked(watch)
    assert 100 <= (age() or 0) < 190
    stand_at(3)
    assert age() is None


def test_what_was_seen_is_still_told_while_kafka_is_away(cluster: TestCluster, db: None) -> None:
    watching = freshness.watch()
    publish_as_of(MILK, "milk", ago=20)
    wait_for(age)
    faults.go_down(cluster)
    watching.look()
    assert 20 <= (age() or 0) < 60
    before = watching.seen
    faults.come_up(cluster)
    wait_for(lambda: watching.seen is not before)
    Consumer(instance=None, batch=10, until_idle=True).run()
    assert age() is None
    watching.stop()


def test_without_kafka_nothing_is_said_and_nobody_waits(
    publish: Publish, consume: Consume, settings: Settings
) -> None:
    milk(publish, consume)
    settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{free_port()}"
    watching = freshness.watch()
    try:
        assert stranger().get("/products/").status_code == 200
        begun = time.monotonic()
        page = stranger().get("/products/").content.decode()
        assert time.monotonic() - begun < lag.KAFKA_WITHIN
        assert NOTE not in page
        assert watching.seen is None
    finally:
        watching.stop()


def test_every_page_of_projections_says_it(
    watch: Watch, publish: Publish, publish_at: PublishAt, consume: Consume
) -> None:
    who = customer(publish, consume)
    milk(publish, consume)
    looked(watch)
    shop, office = browser_of(who), log_in()
    pages = [(shop, "/products/"), (shop, "/products/milk/"), (shop, "/purchases/")]
    pages += [(office, "/admin/catalog/product/"), (office, "/admin/customers/purchase/")]

    def saying() -> list[str]:
        return [address for who, address in pages if NOTE in who.get(address).content.decode()]

    assert not saying()
    publish_at(MILK, "bread", ago=12)
    wait_for(age)
    assert saying() == [address for _, address in pages]
    missing = shop.get("/products/nothing/")
    assert missing.status_code == 404
    assert NOTE not in missing.content.decode()
    consume()
    assert not saying()


@pytest.mark.parametrize(
    ("ago", "english", "polish"),
    [
        (12, "As of 12 s ago (", "Stan sprzed 12 s ("),
        (90, "As of 90 s ago (", "Stan sprzed 90 s ("),
        (125, "As of 2 min ago (", "Stan sprzed 2 min ("),
        (3 * 3600, "As of 3 h ago (", "Stan sprzed 3 godz. ("),
        (5 * 24 * 3600, "As of 5 days ago (", "Stan sprzed 5 dni ("),
    ],
)
def test_the_age_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, ago: int, english: str, polish: str
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=ago)
    monkeypatch.setattr(freshness, "behind_since", lambda: since)
    page = Template("{% load freshness %}{% as_of %}")
    for language, told in (("en", english), ("pl", polish)):
        with translation.override(language):
            said = page.render(Context())
        assert said.startswith(told)
        if timezone.localtime(since).date() == timezone.localdate():
            assert f"({timezone.localtime(since):%H:%M:%S})" in said


FORKING = """
import os, sys, time
from django.core.signals import request_started
from shopsite import wsgi
from django.conf import settings
from kafka_bridge import freshness
settings.KAFKA_TOPIC, settings.DATABASES["default"]["NAME"] = sys.argv[1:]
children = []
for number in range(2):
    children.append(os.fork())
    if not children[-1]:
        assert not freshness._watches
        request_started.send(None)
        [watch] = freshness._watches.values()
        while not watch.seen:
            time.sleep(0.02)
        sys.exit()
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
assert not freshness._watches
"""


def test_a_server_that_forks_looks_in_each_process_from_its_first_request(topic: str) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "shopsite.settings"}
    command = [sys.executable, "-c", FORKING, topic, "nothing-yet"]
    subprocess.run(command, check=True, env=environment, timeout=commands.ENDS_WITHIN)


def test_one_record_of_a_partition_is_read_however_large_it_is(publish: Publish) -> None:
    publish(ProductAdded("x" * 900_000, "nabiał", Decimal("4.90")), "milk")
    publish(MILK, "milk")
    found = {p: tail.at({p: 0}, within=5) for p in range(6)}
    [record] = [found[p][p] for p in found if p in found[p]]
    assert len(record.value or b"") > 900_000
