"""Reads another topic from stored offsets, whatever its number of partitions."""

from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from django.conf import settings

from kafka_bridge import clients
from kafka_bridge.batch import Record, record_of

AT_ONCE = 500  # messages


class Reader:
    """Reads all partitions; `ended` says that each was at its end when last looked at.

    Raises `KafkaUnavailable`, and `KafkaException` if what comes next was deleted.
    """

    def __init__(self, topic: str, positions: Mapping[int, int]) -> None:
        group = {"group.id": f"{settings.KAFKA_GROUP}.bridge", "enable.partition.eof": True}
        self._kafka = Consumer(clients.reader(**group))
        self._partitions = clients.partitions_of(self._kafka, topic)
        places = [TopicPartition(topic, p, positions.get(p, 0)) for p in range(self._partitions)]
        self.total = 0  # messages that are there to be read
        for place in places:
            _, end = self._kafka.get_watermark_offsets(place, timeout=clients.ANSWER_WITHIN)
            self.total += max(end - place.offset, 0)
        self._kafka.assign(places)
        self._ended: set[int | None] = set()

    @property
    def ended(self) -> bool:
        """Whether all that was there has been read."""
        return len(self._ended) == self._partitions

    def take(self, patience: float) -> list[Record]:
        """Return the next messages, or none if there are none within so many seconds."""
        first = self._kafka.poll(patience)
        if first is None:
            return []
        taken = []
        for message in [first, *self._kafka.consume(AT_ONCE, 0)]:
            error = message.error()
            if error is None:
                self._ended.discard(message.partition())
                taken.append(record_of(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                self._ended.add(message.partition())
            elif error.fatal() or error.code() == KafkaError._AUTO_OFFSET_RESET:
                raise KafkaException(error)
        return taken

    def close(self) -> None:
        """Let the connection go."""
        self._kafka.close()
