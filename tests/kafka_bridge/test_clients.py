"""What is asked of a cluster, and the settings that the event path rests on."""

import pytest
from django.conf import settings
from pytest_django import Settings

from kafka_bridge import clients
from kafka_bridge.clients import NoTopic
from kafka_bridge.local.kafka import TestCluster
from tests.conftest import PARTITIONS


def test_a_topic_keeps_its_identity(topic: str) -> None:
    assert clients.topic_identity(topic) == clients.topic_identity(topic)


def test_a_namesake_in_another_cluster_has_another_identity(
    cluster: TestCluster, settings: Settings
) -> None:
    topic = settings.KAFKA_TOPIC
    before = clients.topic_identity(topic)
    another = TestCluster()
    another.create_topic(topic, PARTITIONS)
    settings.KAFKA_BOOTSTRAP_SERVERS = another.bootstrap_servers
    try:
        assert clients.topic_identity(topic) != before
    finally:
        another.stop()


def test_the_partitions_of_a_topic_are_counted(topic: str) -> None:
    assert clients.partitions_of(clients.admin(), topic) == PARTITIONS


def test_a_missing_topic_is_said_in_words(topic: str) -> None:
    with pytest.raises(NoTopic, match=r"run `manage\.py topic`"):
        clients.topic_identity("no-such-topic")


def test_an_acknowledged_event_is_on_all_replicas_and_in_order() -> None:
    for config in (clients.web_producer(), clients.bulk_producer()):
        assert (config["acks"], config["enable.idempotence"]) == ("all", True)


def test_no_consumer_skips_what_it_does_not_find_or_commits_what_it_did_not_apply() -> None:
    for config in (clients.reader(), clients.member("one")):
        assert config["auto.offset.reset"] == "error"
        assert config["enable.auto.offset.store"] is False
        assert config["group.id"] == settings.KAFKA_GROUP
