"""Publishes events and says what is known of them.

One idempotent producer a process, made when it is first needed, so that servers that fork work.
"""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from django.conf import settings

from kafka_bridge import clients
from kafka_bridge.envelope import Envelope, encode
from kafka_bridge.envelope import Message as Parts

BY_KEY = -1  # librdkafka's mark for a partition that the key chooses
ANSWER_WITHIN = 3.0  # seconds; a form that cannot publish answers within 5, hashing included
# Of several events that long: what is known of them by then has to be written down in that time.
TOGETHER_WITHIN = 2.5
FLUSH_WITHIN = 5.0  # seconds at the end of the process
GIVE_BACK_WITHIN = 1.0  # seconds in which a producer that gave itself up reports what it had

log = logging.getLogger(__name__)

Delivered = Callable[[KafkaError | None, Message], None]


class NotPublished(Exception):
    """Kafka did not acknowledge the event. Sending it again under the same id is safe."""


class TooLarge(NotPublished):
    """The event is larger than Kafka takes; sending it again cannot help."""


class Published(NamedTuple):
    """Where the event stands in the log."""

    partition: int
    offset: int


class Publisher:
    """A producer and the thread that takes its delivery reports.

    A producer gives itself up after some faults, such as a log that lost its end; a new one takes
    its place, so that the process need not be started again.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._producer = Producer(config)
        self._replacing = threading.Lock()
        self._process = os.getpid()
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="publisher", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def _serve(self) -> None:
        while self._open:
            self._poll(0.1)

    def _poll(self, seconds: float) -> None:
        producer = self._producer
        try:
            producer.poll(seconds)
        except KafkaException as error:
            self._replace(producer, error)

    def _replace(self, failed: Producer, error: KafkaException) -> None:
        with self._replacing:
            if self._producer is not failed:
                return
            log.error("The producer gave up and is replaced: %s", error.args[0].str())
            self._producer = Producer(self._config)
        _give_back(failed)

    def send(self, event: Envelope[Any], delivered: Delivered, partition: int = BY_KEY) -> None:
        """Hand an event over; `delivered` is called when its fate is known.

        Waits while the producer's queue is full. Raises `TooLarge` or `NotPublished` at once.
        """
        message = encode(event)
        while not self._taken(message, delivered, partition):
            self._poll(0.05)

    def _taken(self, message: Parts, delivered: Delivered, partition: int) -> bool:
        producer, (key, value, headers) = self._producer, message
        try:
            producer.produce(
                settings.KAFKA_TOPIC,
                value,
                key,
                partition,
                headers=headers,
                on_delivery=delivered,
            )
        except BufferError:
            return False
        except KafkaException as error:
            if error.args[0].code() != KafkaError._FATAL:
                raise _refusal(error.args[0]) from error
            self._replace(producer, error)
            return False
        return True

    def publish(self, event: Envelope[Any], partition: int = BY_KEY) -> Published:
        """Publish one event and wait for Kafka's acknowledgement; raise `NotPublished`."""
        try:
            return self._begin(event, partition).result(ANSWER_WITHIN)
        except Late:
            raise NotPublished("no answer in time") from None

    def publish_together(self, events: Sequence[Envelope[Any]]) -> list[Published | None]:
        """Publish events of different keys in the time of one.

        Returns where each stands, or None if Kafka did not acknowledge it; others may be.
        """
        begun = [self._begin(event, BY_KEY) for event in events]
        wait(begun, TOGETHER_WITHIN)
        return [one.result() if one.done() and not one.exception() else None for one in begun]

    def _begin(self, event: Envelope[Any], partition: int) -> "Future[Published]":
        """Hand an event over; where it stands, or why it does not, is told by the future."""
        acknowledged: Future[Published] = Future()

        def delivered(error: KafkaError | None, message: Message) -> None:
            if refused := why_not(error, message):
                acknowledged.set_exception(refused)
            else:
                place = Published(message.partition() or 0, message.offset() or 0)
                acknowledged.set_result(place)

        try:
            self.send(event, delivered, partition)
        except NotPublished as refusal:
            acknowledged.set_exception(refusal)
        return acknowledged

    def flush(self, seconds: float) -> int:
        """Wait until all that was sent is acknowledged; return how many events are not."""
        return self._producer.flush(seconds)

    def close(self) -> None:
        """Send what is under way and end the thread; in a forked process there is neither."""
        if os.getpid() == self._process:
            self._producer.flush(FLUSH_WITHIN)
            self._open = False
            self._thread.join()
        atexit.unregister(self.close)


def _give_back(failed: Producer) -> None:
    """Tell whoever waits for what a producer had in hand that it is not published."""
    failed.purge()
    deadline = time.monotonic() + GIVE_BACK_WITHIN
    while len(failed) and time.monotonic() < deadline:
        with suppress(KafkaException):  # it has said already what is wrong with it
            failed.poll(0.05)


def why_not(error: KafkaError | None, message: Message) -> NotPublished | None:
    """Return why a delivery report does not say that its event is published, or None."""
    if error is not None:
        return _refusal(error)
    # librdkafka believes it; no broker said so of this very event.
    unplaced = message.offset() is None
    return NotPublished("acknowledged without an offset") if unplaced else None


def _refusal(error: KafkaError) -> NotPublished:
    too_large = error.code() == KafkaError.MSG_SIZE_TOO_LARGE
    return TooLarge(error.str()) if too_large else NotPublished(error.str())


_publishers: dict[tuple[int, str], Publisher] = {}  # by process and servers


def _ours() -> Publisher:
    named = os.getpid(), settings.KAFKA_BOOTSTRAP_SERVERS
    if named not in _publishers:
        _publishers[named] = Publisher(clients.web_producer())
    return _publishers[named]


def warm() -> None:
    """Have a producer that is connected by the time somebody sends a form (it takes 0.5 s)."""
    _ours()


def publish(event: Envelope[Any], partition: int = BY_KEY) -> Published:
    """Publish one event through this process's producer; raise `NotPublished`.

    Its key chooses the partition; only a decision about a dead letter names one.
    """
    return _ours().publish(event, partition)


def publish_together(events: Sequence[Envelope[Any]]) -> list[Published | None]:
    """Publish events of different keys at once; say of each where it stands, or None."""
    return _ours().publish_together(events)
