"""Reads another topic from stored offsets, whatever its number of partitions."""

from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings

from kafka_bridge import clients
from kafka_bridge.batch import Record, record_of
from kafka_bridge.positions import LogBroken
from kafka_bridge.troubles import Troubles
from kafka_bridge.watch import GONE, Watch, gone

AT_ONCE = 5000  # messages
READ_ANEW = (
    "`bridge --skip-deleted` reads the new one from its beginning; what stood in the old one too "
    "counts twice then."
)


class Reader:
    """Reads all partitions, also those that are added meanwhile.

    `next` has the offset after the last message taken of each, `ended` says that each was at its
    end when last looked at, `caught_up` that each has been there. Raises `KafkaUnavailable`, and
    `LogBroken` if the topic is gone or no longer holds what comes next: with `skip_deleted` it
    begins at what such a partition holds.
    """

    def __init__(
        self, topic: str, identity: str, positions: Mapping[int, int], *, skip_deleted: bool
    ) -> None:
        group = {"group.id": f"{settings.KAFKA_GROUP}.bridge", "enable.partition.eof": True}
        self._kafka = Consumer(clients.reader(**group))
        self._topic, self._skip_deleted = topic, skip_deleted
        self._watch = Watch(topic, identity, READ_ANEW)
        self._troubles = Troubles()
        self.next = dict(positions)
        self.total = 0  # messages that are there to be read
        self._assign()

    def _assign(self) -> None:
        self._partitions = clients.partitions_of(self._kafka, self._topic)
        places = [self._place(number) for number in range(self._partitions)]
        self._kafka.assign(places)
        self._ended: set[int] = set()
        self._reached: set[int] = set()

    def _place(self, partition: int) -> TopicPartition:
        """Return where to go on in a partition."""
        wanted = self.next.setdefault(partition, 0)
        first, end = self._held(partition)
        if not first <= wanted <= end:
            if not self._skip_deleted:
                raise LogBroken(self._lost(partition))
            self.next[partition] = first
        self.total += end - self.next[partition]
        return TopicPartition(self._topic, partition, self.next[partition])

    def _held(self, partition: int) -> tuple[int, int]:
        """Return the first offset that a partition holds and the one after its last."""
        place = TopicPartition(self._topic, partition)
        first, end = self._kafka.get_watermark_offsets(place, timeout=clients.ANSWER_WITHIN)
        return first, end

    def _lost(self, partition: int) -> str:
        (first, end), wanted = self._held(partition), self.next[partition]
        what = (
            "Messages were deleted before they were read" if wanted < first else "It lost its end"
        )
        return (
            f"Partition {partition} of {self._topic} holds offsets {first} to {end}, and the next "
            f"one to read is {wanted}. {what}: `bridge --skip-deleted` reads what is there from "
            "its beginning, and doubles nothing."
        )

    @property
    def ended(self) -> bool:
        """Whether all that was there has been read."""
        return len(self._ended) == self._partitions

    @property
    def caught_up(self) -> bool:
        """Whether all that was there at the start has been read."""
        return len(self._reached) == self._partitions

    def take(self, patience: float) -> list[Record]:
        """Return the next messages, or none if there are none within so many seconds."""
        if self._watch.partitions() > self._partitions:
            self._assign()
        first = self._kafka.poll(patience)
        messages = [first, *self._kafka.consume(AT_ONCE, 0)] if first else []
        return [self._taken(message) for message in messages if self._usable(message)]

    def _taken(self, message: Message) -> Record:
        record = record_of(message)
        self.next[record.partition] = record.offset + 1
        return record

    def _usable(self, message: Message) -> bool:
        error, partition = message.error(), message.partition() or 0
        if error is None:
            self._ended.discard(partition)
            return True
        if error.code() == KafkaError._PARTITION_EOF:
            self._ended.add(partition)
            self._reached.add(partition)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            self._watch.look()
            raise LogBroken(self._lost(partition))
        elif error.code() in GONE:
            raise LogBroken(gone(self._topic))
        elif error.fatal():
            raise KafkaException(error)
        else:
            self._troubles.tell("Kafka", error)
        return False

    def close(self) -> None:
        """Let the connection go."""
        self._kafka.close()
