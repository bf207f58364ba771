"""How far the consumers are behind the log."""

import time

from confluent_kafka import Consumer, TopicPartition
from django.conf import settings

from kafka_bridge import clients
from kafka_bridge.models import Offset
from kafka_bridge.positions import Log

LOOK_EVERY = 0.05  # seconds


class Stuck(Exception):
    """The consumers make no progress, or none is running."""


class Backlog:
    """The events of the topic that the shop's consumers have not decided yet.

    Raises `KafkaUnavailable` when it is made without a topic.
    """

    def __init__(self) -> None:
        topic = settings.KAFKA_TOPIC
        self._kafka = Consumer(clients.reader())
        identity = clients.topic_identity(topic, self._kafka)
        self._log = Log(settings.KAFKA_GROUP, topic, identity)
        count = clients.partitions_of(self._kafka, topic)
        self._places = [TopicPartition(topic, partition) for partition in range(count)]

    def size(self) -> int:
        """Return how many events there are."""
        decided = dict(
            Offset.objects.filter(group=self._log.group, log=self._log.name).values_list(
                "partition", "next"
            )
        )
        return sum(self._end(place) - decided.get(place.partition, 0) for place in self._places)

    def _end(self, place: TopicPartition) -> int:
        end: int = self._kafka.get_watermark_offsets(place, timeout=clients.ANSWER_WITHIN)[1]
        return end

    def wait(self, *, most: int, patience: float) -> None:
        """Wait until there are at most so many.

        Raises `Stuck` if they have not become fewer for `patience` seconds.
        """
        size, deadline = self.size(), time.monotonic() + patience
        while size > most:
            time.sleep(LOOK_EVERY)
            if (now := self.size()) < size:
                deadline = time.monotonic() + patience
            elif time.monotonic() > deadline:
                raise Stuck
            size = now

    def close(self) -> None:
        """Let the connection go."""
        self._kafka.close()
