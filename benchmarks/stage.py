"""Topics full of events, and empty databases with the shop's collections and indexes."""

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count, islice
from math import inf
from typing import NamedTuple
from uuid import uuid4

from confluent_kafka import Message, Producer
from confluent_kafka.cimpl import NewTopic
from django.apps import apps
from django.conf import settings
from django.db import connection

from benchmarks import servers
from catalog.models import Product
from customers.models import Customer, Purchase
from kafka_bridge import clients
from kafka_bridge.envelope import Message as Parts
from kafka_bridge.models import DeadLetter, Offset, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.registry import Change

PARTITIONS = 6
AT_ONCE = 1000  # documents
KEPT = (Product, Customer, Purchase, Receipt, Offset, DeadLetter)
_numbers = count(1)
_run = uuid4().hex[:8]


def _name(what: str) -> str:
    return f"bench-{_run}-{what}-{next(_numbers)}"


def new_topic(what: str, partitions: int = PARTITIONS) -> str:
    """Create an empty topic."""
    name = _name(what)
    if servers.cluster is not None:
        servers.cluster.create_topic(name, partitions)
    else:
        admin = clients.admin()  # it has to live until the broker has answered
        admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
    return name


def fill(topic: str, messages: Iterable[Parts], **other: int) -> int:
    """Write messages into a topic and return how many; raise `RuntimeError` if any was not.

    `other` are settings of the producer that are not the shop's.
    """
    producer, failed, sent = Producer(clients.bulk_producer() | other), [], 0

    def delivered(error: object, message: Message) -> None:
        if error is not None:
            failed.append(error)

    for key, value, headers in messages:
        while True:
            try:
                producer.produce(topic, value, key, headers=headers, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        sent += 1
    if producer.flush(120) or failed:
        raise RuntimeError(f"not all was written: {failed[:1]}")
    return sent


def filled(what: str, messages: Iterable[Parts]) -> str:
    """Create a topic that holds these messages."""
    topic = new_topic(what)
    fill(topic, messages)
    return topic


class Place(NamedTuple):
    """Where the shop is: its database, its log, and the group of its consumers."""

    database: str
    topic: str
    group: str


@contextmanager
def empty_shop(topic: str, *, for_people: bool = False) -> Iterator[Place]:
    """A database of its own, with the shop's collections and indexes, and that topic as the log.

    Those of sessions and operators are made only `for_people`, who have pages shown. It is gone
    afterwards, at the latest when the benches end.
    """
    models = apps.get_models() if for_people else KEPT
    with at(Place(_name("db"), topic, _name("group"))) as place:
        try:
            with connection.schema_editor() as editor:
                for model in models:
                    editor.create_model(model)
            yield place
        finally:
            if not servers.embedded:  # whose data end with it, and which drops them in a minute
                database().client.drop_database(place.database)


@contextmanager
def at(place: Place) -> Iterator[Place]:
    """The shop is there during the block."""
    before = _here()
    _choose(place)
    try:
        yield place
    finally:
        _choose(before)


def log(topic: str) -> AbstractContextManager[Place]:
    """That topic as the shop's log, where nothing is applied."""
    return at(_here()._replace(topic=topic))


def _here() -> Place:
    return Place(connection.settings_dict["NAME"], settings.KAFKA_TOPIC, settings.KAFKA_GROUP)


def _choose(place: Place) -> None:
    connection.ensure_connection()
    connection.settings_dict["NAME"] = place.database
    connection.database = connection.connection[place.database]  # type: ignore[attr-defined]
    settings.KAFKA_TOPIC, settings.KAFKA_GROUP = place.topic, place.group


def stock(changes: Iterable[Change], until: float = inf) -> int:
    """Put documents of one model into the database as if their events had been applied.

    Stops at that moment of `time.monotonic` if not all are there by then; returns how many are.
    """
    rest, done = iter(changes), 0
    while time.monotonic() < until and (some := list(islice(rest, AT_ONCE))):
        table = some[0].model._meta.db_table
        database()[table].insert_many([dict(change.document) for change in some], ordered=False)
        done += len(some)
    return done
