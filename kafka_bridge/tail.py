"""Reads the log beside the consumers: it joins no group and moves nobody's offsets."""

import time
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings

from kafka_bridge import clients
from kafka_bridge.batch import Record, record_of

AT_ONCE = 500  # messages
SILENCE = 10.0  # seconds without an answer, short of the end, after which Kafka counts as away


def records(start: int, *, follow: bool) -> Iterator[list[Record]]:
    """Yield the topic's records from that offset of each partition, in handfuls.

    They are in order within a partition only. It ends where the log ends, or never if `follow`.
    Raises `KafkaUnavailable`.
    """
    consumer = Consumer(clients.reader(**{"enable.partition.eof": not follow}))
    try:
        unread = _assign(consumer, start)
        while unread or follow:
            messages = _take(consumer, patient=follow)
            unread -= {m.partition() for m in messages if _is_end(m)}
            yield [record_of(m) for m in messages if not m.error()]
    finally:
        consumer.close()


def _assign(consumer: Consumer, start: int) -> set[int | None]:
    topic = settings.KAFKA_TOPIC
    places = [TopicPartition(topic, p) for p in range(clients.partitions_of(consumer, topic))]
    for place in places:
        first, end = consumer.get_watermark_offsets(place, timeout=clients.ANSWER_WITHIN)
        place.offset = min(max(start, first), end)
    consumer.assign(places)
    return {place.partition for place in places}


def _take(consumer: Consumer, *, patient: bool) -> list[Message]:
    """Wait for messages, for ever if `patient`; raise `KafkaUnavailable` if none come."""
    deadline = time.monotonic() + SILENCE
    while (first := consumer.poll(0.5)) is None:
        if not patient and time.monotonic() > deadline:
            raise clients.KafkaUnavailable(
                f"Kafka no longer answers at {settings.KAFKA_BOOTSTRAP_SERVERS}. Is it running?"
            )
    messages = [first, *consumer.consume(AT_ONCE, 0)]
    for error in (message.error() for message in messages):
        if error is not None and error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise KafkaException(error)
    return messages


def _is_end(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF


def at(places: Mapping[int, int], *, within: float) -> dict[int, Record]:
    """Return, by partition, the first record from each of these offsets on.

    What the log no longer holds, or does not give within so many seconds, is left out. Raises
    `KafkaUnavailable` or `KafkaException`.
    """
    found: dict[int, Record] = {}
    deadline = time.monotonic() + within
    # One record of each partition is wanted, and not what a consumer would take at once.
    consumer = Consumer(clients.reader(**{"fetch.message.max.bytes": 65536}))
    try:
        held = [place for place in _places(places) if _holds(consumer, place, within)]
        consumer.assign(held)
        while len(found) < len(held) and (left := deadline - time.monotonic()) > 0:
            message = consumer.poll(left)
            if message is not None and not message.error():
                record = record_of(message)
                found.setdefault(record.partition, record)
                consumer.pause([TopicPartition(settings.KAFKA_TOPIC, record.partition)])
    finally:
        consumer.close()
    return found


def _places(offsets: Mapping[int, int]) -> list[TopicPartition]:
    return [TopicPartition(settings.KAFKA_TOPIC, *place) for place in offsets.items()]


def _holds(consumer: Consumer, place: TopicPartition, within: float) -> bool:
    first, end = consumer.get_watermark_offsets(place, timeout=within)
    return bool(first <= place.offset < end)
