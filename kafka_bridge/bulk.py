"""Publishes many events and counts what became of them."""

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from confluent_kafka import KafkaError, Message

from kafka_bridge import clients
from kafka_bridge.envelope import Envelope
from kafka_bridge.publisher import Publisher, why_not

FLUSH_WITHIN = 90.0  # seconds; by then each event is acknowledged or given up


class Bulk:
    """What became of the events: `sent`, of these `acknowledged`; `error` is the first reason."""

    def __init__(self) -> None:
        self.sent = self.acknowledged = 0
        self.error = ""
        self._lock = Lock()  # reports come in this thread and in the publisher's

    @property
    def complete(self) -> bool:
        """Whether Kafka acknowledged all that was sent."""
        return self.acknowledged == self.sent

    def publish(self, events: Iterable[Envelope[Any]], told: Callable[[int], None]) -> None:
        """Publish all events, or as many as there were before the first fault.

        `told` is called with the number sent so far. Whatever the events raise is raised once
        those that were sent are accounted for.
        """
        publisher = Publisher(clients.bulk_producer())
        try:
            for event in events:
                publisher.send(event, self._delivered)
                self.sent += 1
                told(self.sent)
                if self.error:
                    break
        finally:
            publisher.flush(FLUSH_WITHIN)
            publisher.close()

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        with self._lock:
            if refused := why_not(error, message):
                self.error = self.error or str(refused)
            else:
                self.acknowledged += 1
