"""The topic that is the shop's log: how it is made, and what it must be like."""

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.cimpl import NewTopic
from django.conf import settings

from kafka_bridge import clients

PARTITIONS = 6


def partitions(topic: str) -> int:
    """Return how many partitions the topic has, 0 if there is none; raise `KafkaUnavailable`."""
    try:
        return clients.partitions_of(clients.admin(), topic)
    except clients.NoTopic:
        return 0


def create(topic: str) -> None:
    """Create the topic, unless it is there by now.

    The log is the truth, so nothing in it is ever deleted; and where there are three copies of an
    event, two must be written before it counts. Raises `KafkaUnavailable`.
    """
    copies = settings.KAFKA_REPLICATION
    config = {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "min.insync.replicas": "2" if copies > 2 else "1",
    }
    client = clients.admin()  # kept in a name: it must outlive the answer
    if clients.embedded_cluster_id(client):
        raise clients.KafkaUnavailable(
            "The local test cluster gets its topic when it starts: start `manage.py services` anew."
        )
    wanted = NewTopic(topic, PARTITIONS, copies, config=config)
    created = client.create_topics([wanted], request_timeout=clients.ANSWER_WITHIN)
    try:
        created[topic].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise clients.KafkaUnavailable(
                f"Kafka does not create {topic}: {error.args[0].str()}."
            ) from error
