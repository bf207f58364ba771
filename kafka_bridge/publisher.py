"""Publishes events and says what is known of them.

One idempotent producer a process, made when it is first needed, so that servers that fork work.
"""

import atexit
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from functools import cache
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from django.conf import settings

from kafka_bridge import clients
from kafka_bridge.envelope import Envelope, encode

BY_KEY = -1  # librdkafka's mark for a partition that the key chooses
ANSWER_WITHIN = 4.5  # seconds; a form that cannot publish answers within 5
FLUSH_WITHIN = 5.0  # seconds at the end of the process

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
    """A producer and the thread that takes its delivery reports."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._producer = Producer(config)
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="publisher", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def _serve(self) -> None:
        while self._open:
            self._producer.poll(0.1)

    def send(self, event: Envelope[Any], delivered: Delivered, partition: int = BY_KEY) -> None:
        """Hand an event over; `delivered` is called when its fate is known.

        Waits while the producer's queue is full. Raises `TooLarge` at once.
        """
        key, value, headers = encode(event)
        while True:
            try:
                self._producer.produce(
                    settings.KAFKA_TOPIC,
                    value,
                    key,
                    partition,
                    headers=headers,
                    on_delivery=delivered,
                )
            except BufferError:
                self._producer.poll(0.05)
            except KafkaException as error:
                raise TooLarge(error.args[0].str()) from error
            else:
                return

    def publish(self, event: Envelope[Any], partition: int = BY_KEY) -> Published:
        """Publish one event and wait for Kafka's acknowledgement; raise `NotPublished`."""
        acknowledged: Future[Published] = Future()

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                acknowledged.set_exception(NotPublished(error.str()))
            else:
                place = Published(message.partition() or 0, message.offset() or 0)
                acknowledged.set_result(place)

        self.send(event, delivered, partition)
        try:
            return acknowledged.result(ANSWER_WITHIN)
        except Late:
            raise NotPublished("no answer in time") from None

    def flush(self, seconds: float) -> int:
        """Wait until all that was sent is acknowledged; return how many events are not."""
        return self._producer.flush(seconds)

    def close(self) -> None:
        """Send what is under way and end the thread."""
        self._producer.flush(FLUSH_WITHIN)
        self._open = False
        self._thread.join()
        atexit.unregister(self.close)


@cache
def _of_process(pid: int, servers: str) -> Publisher:
    return Publisher(clients.web_producer())


def warm() -> None:
    """Have a producer that is connected by the time somebody sends a form (it takes 0.5 s)."""
    _of_process(os.getpid(), settings.KAFKA_BOOTSTRAP_SERVERS)


def publish(event: Envelope[Any], partition: int = BY_KEY) -> Published:
    """Publish one event through this process's producer; raise `NotPublished`.

    Its key chooses the partition; only a decision about a dead letter names one.
    """
    return _of_process(os.getpid(), settings.KAFKA_BOOTSTRAP_SERVERS).publish(event, partition)
