"""The settings of every Kafka client of the shop, and what can be asked of a cluster.

docs/performance.md has the figure behind each setting that is not librdkafka's default.
"""

import logging
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ClusterMetadata, OffsetSpec  # type: ignore[attr-defined]
from django.conf import settings

ANSWER_WITHIN = 5.0  # seconds that a question to the cluster may take
SESSION_TIMEOUT = 6.0  # seconds after which a silent consumer's partitions go to another

log = logging.getLogger(__name__)


class KafkaUnavailable(Exception):
    """The cluster does not answer, or the topic is not there; the text says what to do."""


class NoTopic(KafkaUnavailable):
    """The cluster answers, but the topic is not there."""


def common() -> dict[str, Any]:
    """Return what all clients share."""
    return {
        "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
        "logger": log,
        # A client waits half of this, in milliseconds, before it knocks at a second address of the
        # cluster; from then on it doubles.
        "reconnect.backoff.ms": 20,
        # A broker that was away is tried again this often, in milliseconds: by default a form
        # would fail up to ten seconds longer.
        "reconnect.backoff.max.ms": 1000,
    }


def web_producer() -> dict[str, Any]:
    """Return the configuration of a producer that somebody waits for."""
    return common() | {
        "acks": "all",
        "enable.idempotence": True,
        # A second request under way would be the first that a broker takes, if it refuses the one
        # before it; then librdkafka calls that one acknowledged, too, and its events are lost.
        "max.in.flight.requests.per.connection": 1,
        # As Kafka's own clients choose a key's partition, so that a key has one, whoever writes.
        "partitioner": "murmur2_random",
        "linger.ms": 0,
        # Every form answers within 5 s: an event that is not out by then is reported as not sent.
        "message.timeout.ms": 2500,
        "socket.timeout.ms": 2500,
        "message.max.bytes": 1_000_000,
    }


def bulk_producer() -> dict[str, Any]:
    """Return the configuration of a producer that sends much and waits at the end."""
    return web_producer() | {
        "linger.ms": 20,
        "message.timeout.ms": 60000,
        "queue.buffering.max.messages": 100_000,
    }


def reader(**more: Any) -> dict[str, Any]:
    """Return the configuration of a consumer that reads from stored or chosen offsets."""
    return common() | {
        "group.id": settings.KAFKA_GROUP,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        # An offset that the log does not have is a reason to stop, never to skip.
        "auto.offset.reset": "error",
        "fetch.min.bytes": 1,
        # How long the broker may hold a question while nothing is new: the end of the log is
        # known after this time, and other questions wait behind it.
        "fetch.wait.max.ms": 100,
        "fetch.queue.backoff.ms": 10,
        "queued.max.messages.kbytes": 16384,
        "allow.auto.create.topics": False,
        **more,
    }


def member(instance: str) -> dict[str, Any]:
    """Return the configuration of a consumer that shares the topic with its group."""
    return reader(
        **{
            "group.instance.id": instance,
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": int(SESSION_TIMEOUT * 1000),
            "heartbeat.interval.ms": 1500,
            # Kafka's own offsets follow, so that lag tools see the group.
            "enable.auto.commit": True,
            "auto.commit.interval.ms": 1000,
        }
    )


def admin() -> AdminClient:
    """Return a client for questions about the cluster."""
    return AdminClient(common())


def partitions_of(client: AdminClient | Consumer, topic: str, within: float = ANSWER_WITHIN) -> int:
    """Return how many partitions a topic has; raise `KafkaUnavailable`."""
    return len(_described(client, topic, within).topics[topic].partitions)


def _described(client: AdminClient | Consumer, topic: str, within: float) -> ClusterMetadata:
    """Return what the cluster says of one topic, which must be there, and of itself."""
    # Of this topic only, since there may be thousands; but asked by an admin client, a broker may
    # create it.
    asked = {"topic": topic} if isinstance(client, Consumer) else {}
    try:
        found = client.list_topics(timeout=within, **asked)
    except KafkaException as error:
        raise KafkaUnavailable(
            f"Kafka does not answer at {settings.KAFKA_BOOTSTRAP_SERVERS} "
            f"({error.args[0].str()}). Is it running?"
        ) from error
    if topic not in found.topics or not found.topics[topic].partitions:
        raise NoTopic(f"There is no topic {topic}: run `manage.py topic` to create it.")
    return found


def embedded_cluster_id(client: AdminClient) -> str | None:
    """Return the id of librdkafka's test cluster, or None if the cluster is a real one."""
    return _embedded(client.list_topics(timeout=ANSWER_WITHIN))


def _embedded(found: ClusterMetadata) -> str | None:
    made = found.cluster_id
    return str(made) if made is not None and made.startswith("mockCluster") else None


def ends(client: AdminClient, topic: str, *, within: float) -> dict[int, int]:
    """Return the offset after the last record of each partition.

    Raises `KafkaUnavailable` if there is no such topic or no answer within so many seconds, or
    `KafkaException` if one about a partition is missing.
    """
    numbers = range(partitions_of(client, topic, within))
    last = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(topic, number): last for number in numbers}
    found = client.list_offsets(asked, request_timeout=within)
    return {place.partition: answer.result().offset for place, answer in found.items()}


def first_offsets(topic: str) -> dict[int, int]:
    """Return the first offset that each partition still holds; raise `KafkaUnavailable`."""
    consumer = Consumer(reader())
    try:
        return {
            number: consumer.get_watermark_offsets(
                TopicPartition(topic, number), timeout=ANSWER_WITHIN
            )[0]
            for number in range(partitions_of(consumer, topic))
        }
    finally:
        consumer.close()


def topic_identity(topic: str, client: AdminClient | Consumer | None = None) -> str:
    """Return a name of this very topic: one made anew under the same name has another.

    That is the topic's id (KIP-516); librdkafka's test cluster gives none, but a cluster id that
    is new with each cluster. Raises `KafkaUnavailable`.
    """
    client = client or admin()
    if made := _embedded(_described(client, topic, ANSWER_WITHIN)):
        return made
    asker = admin() if isinstance(client, Consumer) else client
    asked = asker.describe_topics(TopicCollection([topic]), request_timeout=ANSWER_WITHIN)
    try:
        return str(asked[topic].result().topic_id)
    except KafkaException as error:
        raise KafkaUnavailable(f"Kafka does not describe the topic {topic}: {error}") from error
