"""The consumer: takes batches of messages and has them applied, for as long as it is wanted.

Whatever goes wrong, there is one way back: forget the batch, wait until MongoDB answers, and go
on from the stored offsets. While it waits it keeps polling, with its partitions paused, so that
it stays a member of its group.
"""

import logging
import time
from collections.abc import Sequence

from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings
from pymongo.errors import PyMongoError

from kafka_bridge import clients
from kafka_bridge.applier import Applier
from kafka_bridge.batch import record_of
from kafka_bridge.positions import Fenced, Log

SHORTEST_WAIT, LONGEST_WAIT = 0.05, 5.0  # seconds between attempts to reach MongoDB
TOLD_EVERY = 60.0  # seconds between log lines about the same trouble

log = logging.getLogger(__name__)


class LogBroken(Exception):
    """The log does not hold what comes next; the text says what an operator can do."""


class Consumer:
    """Applies one topic's events.

    As a member of its group under the name `instance` it gets a share of the partitions; without
    a name it takes them all and ends as soon as it is idle if `until_idle`.
    """

    def __init__(self, *, instance: str | None, batch: int, until_idle: bool = False) -> None:
        self.topic = settings.KAFKA_TOPIC
        self.batch = batch
        self.until_idle = until_idle
        self.stopping = False
        self.applied = 0
        self._shared = instance is not None
        config = clients.member(instance) if instance else clients.reader()
        self._kafka = KafkaConsumer(config | {"enable.partition.eof": until_idle})
        self._partitions = clients.partitions_of(self._kafka, self.topic)
        identity = clients.topic_identity(self.topic)
        named = Log(settings.KAFKA_GROUP, self.topic, identity)
        self._applier = Applier(named, instance or "alone")
        self._lost = False
        self._ended: set[int] = set()

    def run(self) -> None:
        """Consume until `stopping` is set, or until idle; raises `LogBroken`."""
        try:
            self._join()
            while not self.stopping and not self._idle():
                if self._lost:
                    self._recover()
                self._step()
        finally:
            self._kafka.close()

    def _join(self) -> None:
        if self._shared:
            self._kafka.subscribe(
                [self.topic], on_assign=self._on_assign, on_revoke=self._on_revoke
            )
        else:
            self._lost = True
            everything = range(self._partitions)
            self._kafka.assign([TopicPartition(self.topic, p, 0) for p in everything])

    def _idle(self) -> bool:
        return self.until_idle and not self._lost and len(self._ended) == self._partitions

    def _step(self) -> None:
        messages = self._take()
        if not messages or self._lost:
            return
        try:
            self._applier.apply([record_of(message) for message in messages])
        except Fenced as fenced:
            log.warning("Going back to the stored offsets: %s.", fenced)
            self._lost = True
        except PyMongoError as error:
            log.warning("MongoDB failed (%s); the batch will be applied again.", name_of(error))
            self._lost = True
        else:
            self.applied += len(messages)
            self._follow(messages)

    def _take(self) -> list[Message]:
        """Wait for one message, then take what else is there without waiting."""
        first = self._kafka.poll(1.0)
        if first is None:
            return []
        more = self._kafka.consume(self.batch - 1, 0) if self.batch > 1 else []
        held = self._applier.positions.next
        return [m for m in [first, *more] if self._usable(m) and m.partition() in held]

    def _usable(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            self._ended.discard(message.partition() or 0)
            return True
        if error.code() == KafkaError._PARTITION_EOF:
            self._ended.add(message.partition() or 0)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise LogBroken(self._broken(message.partition() or 0))
        elif error.fatal():
            raise KafkaException(error)
        else:
            log.warning("Kafka: %s", error.str())
        return False

    def _follow(self, messages: Sequence[Message]) -> None:
        """Let Kafka's own committed offsets follow, for tools that show the group's lag."""
        if self._shared:
            ends = self._applier.positions.next
            touched = {m.partition() for m in messages} & ends.keys()
            self._kafka.store_offsets(
                offsets=[TopicPartition(self.topic, p, ends[p]) for p in touched if p is not None]
            )

    def _on_assign(self, kafka: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        numbers = [partition.partition for partition in partitions]
        try:
            self._check(positions := self._applier.claim(numbers))
        except PyMongoError as error:
            log.warning("MongoDB failed (%s) when partitions were assigned.", name_of(error))
            self._lost = True
            kafka.incremental_assign([TopicPartition(self.topic, p, 0) for p in numbers])
        else:
            kafka.incremental_assign(self._at(positions))
            log.info("Assigned partitions %s.", sorted(numbers))

    def _on_revoke(self, kafka: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        self._applier.positions.release(partition.partition for partition in partitions)
        kafka.incremental_unassign(partitions)

    def _at(self, positions: dict[int, int]) -> list[TopicPartition]:
        return [TopicPartition(self.topic, p, offset) for p, offset in positions.items()]

    def _recover(self) -> None:
        """Wait until MongoDB answers, then go on from the stored offsets."""
        self._kafka.pause(self._kafka.assignment())
        wait, told = SHORTEST_WAIT, 0.0
        while not self.stopping:
            try:
                self._reposition()
            except PyMongoError as error:
                if time.monotonic() - told > TOLD_EVERY:
                    log.warning("Waiting for MongoDB (%s).", name_of(error))
                    told = time.monotonic()
                self._kafka.poll(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                return

    def _reposition(self) -> None:
        assigned = self._kafka.assignment()
        positions = self._applier.claim([tp.partition for tp in assigned]) if assigned else {}
        self._check(positions)
        if self._shared:
            for place in self._at(positions):
                self._kafka.seek(place)
        else:
            self._kafka.assign(self._at(positions))
        self._kafka.resume(assigned)
        self._ended.clear()
        self._lost = False

    def _check(self, positions: dict[int, int]) -> None:
        """Raise `LogBroken` if the log does not hold a stored offset."""
        for place in self._at(positions):
            first, end = self._kafka.get_watermark_offsets(place, timeout=clients.ANSWER_WITHIN)
            if not first <= place.offset <= end:
                raise LogBroken(self._broken(place.partition))

    def _broken(self, partition: int) -> str:
        place = TopicPartition(self.topic, partition)
        first, end = self._kafka.get_watermark_offsets(place, timeout=clients.ANSWER_WITHIN)
        wanted = self._applier.positions.next.get(partition, 0)
        return (
            f"Partition {partition} of {self.topic} holds offsets {first} to {end}, but the next "
            f"one to apply is {wanted}: "
            + ("records were deleted." if wanted < first else "records are missing at the end.")
        )


def name_of(error: Exception) -> str:
    """Return an error's name: its text may hold documents, which are no matter for a log."""
    return type(error).__name__
