"""The consumer: takes batches of messages and has them applied, for as long as it is wanted.

Whatever goes wrong, there is one way back: forget the batch, wait until MongoDB answers, and go
on from the stored offsets. While it waits it keeps polling, with its partitions paused, so that
it stays a member of its group.

One batch is applied in a thread of its own, which mostly waits for MongoDB; meanwhile this thread
takes the next one and reads it. Whoever changes what is held settles the batch under way first.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings
from pymongo.errors import PyMongoError

from kafka_bridge import clients
from kafka_bridge.applier import Applier
from kafka_bridge.batch import Item, read, record_of
from kafka_bridge.heartbeat import Pulse
from kafka_bridge.positions import Fenced, Log, LogBroken
from kafka_bridge.troubles import Troubles
from kafka_bridge.watch import APPLIED_ANEW, GONE, Watch, gone, missing

SHORTEST_WAIT, LONGEST_WAIT = 0.05, 5.0  # seconds between attempts
IDLE_WAIT = 0.2  # seconds for a first message, before a look at whether to stop

log = logging.getLogger(__name__)


class Underway(NamedTuple):
    """A batch that is being applied."""

    done: Future[None]
    items: list[Item]


class Consumer:
    """Applies one topic's events.

    As a member of its group under the name `instance` it gets a share of the partitions; without
    a name it takes them all. With `until_idle` it ends when it has applied all that is there.
    `skip_deleted` accepts that records were deleted before they were applied. Raises
    `clients.KafkaUnavailable` if the topic cannot be found.
    """

    def __init__(
        self,
        *,
        instance: str | None,
        batch: int,
        until_idle: bool = False,
        skip_deleted: bool = False,
    ) -> None:
        self.topic = settings.KAFKA_TOPIC
        self.batch = batch
        self.until_idle = until_idle
        self.skip_deleted = skip_deleted
        self.stopping = False
        self.applied = 0
        self._shared = instance is not None
        config = clients.member(instance) if instance else clients.reader()
        self._config = config | {"enable.partition.eof": until_idle}
        self._kafka = KafkaConsumer(self._config)
        self._partitions = clients.partitions_of(self._kafka, self.topic)
        identity = clients.topic_identity(self.topic, self._kafka)
        named = Log(settings.KAFKA_GROUP, self.topic, identity)
        self._watch = Watch(self.topic, identity, APPLIED_ANEW)
        self._applier = Applier(named, instance or "alone")
        self._pulse = Pulse(self._applier.database, named.group, instance or "alone")
        self._worker = ThreadPoolExecutor(1, "applier")
        self._underway: Underway | None = None
        self._lost = False
        self._wait = 0.0
        self._troubles = Troubles()
        self._ended: set[int] = set()

    def run(self) -> None:
        """Consume until `stopping` is set, or until idle; raises `LogBroken`."""
        try:
            self._join()
            while not self.stopping and not self._idle():
                if self._pulse.due():
                    self._pulse.beat(self._held())
                try:
                    self._turn()
                except KafkaException as error:
                    self._rejoin(error)
            self._settle()
            self._pulse.stop()
        finally:
            self._worker.shutdown()
            self._kafka.close()

    def _turn(self) -> None:
        self._look_at_log()
        if self._lost:
            self._recover()
        else:
            self._step()

    def _rejoin(self, error: KafkaException) -> None:
        """Join the group with a new client; raise the error if the old one lasted no session.

        A client forgets its member id when its broker is away for longer than a session; when it
        then commits offsets it is fenced as a namesake. A real one fences it much sooner.
        """
        if not self._shared or time.monotonic() - self._joined < clients.SESSION_TIMEOUT:
            raise error
        self._troubles.tell("Joining the group anew", error.args[0])
        self._settle()
        self._kafka.close()
        self._applier.positions.next.clear()
        self._kafka = KafkaConsumer(self._config)
        self._join()

    def _look_at_log(self) -> None:
        """Stop with `LogBroken` if the log is no longer the one that was begun."""
        found = self._watch.partitions()
        if found > self._partitions:
            self._partitions = found
            self._lost = True  # so that going on means to hold it against the stored offsets

    def _join(self) -> None:
        self._joined = time.monotonic()
        if self._shared:
            self._kafka.subscribe(
                [self.topic], on_assign=self._on_assign, on_revoke=self._on_revoke
            )
        self._lost = not self._shared

    def _held(self) -> list[int]:
        """Return the partitions that are ours."""
        if self._shared:
            return [place.partition for place in self._kafka.assignment()]
        return list(range(self._partitions))

    def _idle(self) -> bool:
        through = not self._lost and self._underway is None
        return self.until_idle and through and len(self._ended) == self._partitions

    def _step(self) -> None:
        """Read a batch while the one before it is applied, and begin to apply it."""
        busy = self._underway is not None
        items = self._take(self.batch, 0) if busy else []
        self._settle()
        items += self._take(self.batch - len(items), 0 if busy else IDLE_WAIT)
        held = self._applier.positions.next
        items = [item for item in items if item.record.partition in held]
        if items and not (self._lost or self.stopping):
            done = self._worker.submit(self._applier.apply_items, items)
            self._underway = Underway(done, items)

    def _take(self, most: int, seconds: float) -> list[Item]:
        """Wait so long for one message, then take what else is there without waiting."""
        first = self._kafka.poll(seconds) if most else None
        if first is None:
            return []
        more = self._kafka.consume(most - 1, 0) if most > 1 else []
        return [read(record_of(m)) for m in [first, *more] if self._usable(m)]

    def _settle(self) -> None:
        """Wait until the batch under way is applied, or has failed and what is held is lost."""
        if self._underway is None:
            return
        (done, items), self._underway = self._underway, None
        try:
            done.result()
        except Fenced as fenced:
            self._troubles.tell("Going back to the stored offsets", fenced)
            self._lost = True
        except PyMongoError as error:
            self._troubles.tell("MongoDB failed, the batch will be applied again", error)
            self._lost = True
        else:
            self._wait = SHORTEST_WAIT
            self.applied += len(items)
            self._follow(items)

    def _usable(self, message: Message) -> bool:
        error, partition = message.error(), message.partition() or 0
        if error is None:
            self._ended.discard(partition)
            return True
        if error.fatal() or error.code() == KafkaError._FATAL:  # a message has the code only
            raise KafkaException(error)
        if error.code() == KafkaError._PARTITION_EOF:
            self._ended.add(partition)
        elif self._lost:
            pass  # it may be about a place where we do not mean to read
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            self._watch.look()
            raise LogBroken(self._broken(partition))
        elif error.code() in GONE:
            raise LogBroken(gone(self.topic))
        else:
            self._troubles.tell("Kafka", error)
        return False

    def _follow(self, items: Sequence[Item]) -> None:
        """Let Kafka's own committed offsets follow, for tools that show the group's lag."""
        if self._shared:
            ends = self._applier.positions.next
            touched = {item.record.partition for item in items} & ends.keys()
            try:
                self._kafka.store_offsets(offsets=self._at({p: ends[p] for p in touched}))
            except KafkaException as error:
                self._troubles.tell("Kafka's own offsets do not follow", error.args[0])

    def _on_assign(self, kafka: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        self._settle()
        numbers = [partition.partition for partition in partitions]
        try:
            kafka.incremental_assign(self._at(self._claim(numbers)))
        except (Fenced, PyMongoError, KafkaException) as error:
            self._troubles.tell("The stored offsets could not be read", error)
            kafka.incremental_assign(self._at(dict.fromkeys(numbers, 0)))
            self._lost = True
        else:
            log.info("Assigned partitions %s.", sorted(numbers))

    def _on_revoke(self, kafka: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        self._settle()
        self._applier.positions.release(partition.partition for partition in partitions)
        # What goes paused comes back paused, and then it is too late (see `_stop_reading`).
        kafka.resume(partitions)
        kafka.incremental_unassign(partitions)

    def _claim(self, partitions: Sequence[int]) -> dict[int, int]:
        """Take over partitions; return where each goes on. Raises `LogBroken`."""
        # A group hands out new partitions before we know of them.
        self._partitions = max([self._partitions, *(number + 1 for number in partitions)])
        self._applier.positions.prepare(self._partitions)
        for partition, offset in self._applier.claim(partitions).items():
            first, end = self._range(partition)
            if offset < first and self.skip_deleted:
                self._applier.positions.skip_deleted(partition, first)
            elif not first <= offset <= end:
                raise LogBroken(self._broken(partition))
        held = self._applier.positions.next
        return {partition: held[partition] for partition in partitions}

    def _at(self, positions: dict[int, int]) -> list[TopicPartition]:
        return [TopicPartition(self.topic, p, offset) for p, offset in positions.items()]

    def _recover(self) -> None:
        """Make one attempt to go on from the stored offsets, after a pause that grows."""
        self._stop_reading()
        if message := self._kafka.poll(self._wait):
            self._usable(message)  # it cannot be used, but its error may be the end
        self._wait = min(max(self._wait * 2, SHORTEST_WAIT), LONGEST_WAIT)
        try:
            self._applier.renew()
            self._reposition(self._claim(self._held()))
        except (Fenced, PyMongoError, KafkaException) as error:
            if _is_unread(error):
                raise
            self._troubles.tell("Waiting", error)
        else:
            self._ended.clear()
            self._lost = False

    def _stop_reading(self) -> None:
        if self._shared:
            self._kafka.pause(self._kafka.assignment())
        else:
            # Not paused: librdkafka begins to read what is assigned in a thread of its own, and a
            # resumption that overtakes it there has the partition never be read.
            self._kafka.unassign()

    def _reposition(self, positions: dict[int, int]) -> None:
        places = self._at(positions)
        if self._shared:
            for place in places:
                self._kafka.seek(place)
            self._kafka.resume(places)
        else:
            self._kafka.assign(places)

    def _range(self, partition: int) -> tuple[int, int]:
        """Return the first offset that the log holds and the one after its last."""
        place = TopicPartition(self.topic, partition)
        first, end = self._kafka.get_watermark_offsets(place, timeout=clients.ANSWER_WITHIN)
        return first, end

    def _broken(self, partition: int) -> str:
        wanted = self._applier.positions.next.get(partition, 0)
        return missing(self.topic, partition, self._range(partition), wanted)


def _is_unread(error: Exception) -> bool:
    """Whether Kafka's client does not read a partition that was assigned to it."""
    return isinstance(error, KafkaException) and error.args[0].code() == KafkaError._STATE
