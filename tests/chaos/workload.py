"""Customers and operators that never rest: they publish, and remember what was acknowledged."""

import random
import threading
import time
from decimal import Decimal
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from catalog.events import ProductAdded, ProductChanged, ProductWithdrawn
from customers.events import CustomerChanged, CustomerRegistered, ProductBought
from customers.identity import customer_id
from kafka_bridge import clients
from kafka_bridge.envelope import Envelope, encode, wrap
from kafka_bridge.registry import Event
from tests.chaos.waiting import until

PRODUCTS, CUSTOMERS = 60, 200
PAUSE = 0.02  # seconds between two handfuls of events


class Shoppers:
    """Publishes events at a rate (a second) in a thread of its own, until stopped.

    Every kind of event is among them, those that the shop must reject as well: wrong prices, old
    versions, a second registration, and now and then an event twice, or bytes that are none.
    """

    def __init__(
        self, servers: str, topic: str, *, rate: int, seed: int, again: float = 0.03
    ) -> None:
        self.acknowledged: set[str] = set()
        self.refused = 0
        self._topic, self._rate, self._twice = topic, rate, again
        self._random = random.Random(seed)
        self._prices: dict[str, Decimal] = {}
        self._versions: dict[str, int] = {}
        self._last: list[Envelope[Any]] = []
        config = clients.web_producer() | {"bootstrap.servers": servers, "log_level": 2}
        self._producer = Producer({**config, "message.timeout.ms": 120_000})
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shoppers", daemon=True)

    def __enter__(self) -> "Shoppers":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Publish no more, and wait until the fate of all is known."""
        self._stop.set()
        self._thread.join()
        until(lambda: not self._producer.flush(1.0), 130, "all events are acknowledged")

    def publish(self, count: int) -> None:
        """Publish so many events at once."""
        for _ in range(count):
            self._send()
        until(lambda: not self._producer.flush(1.0), 130, "all events are acknowledged")

    def _run(self) -> None:
        begun, sent = time.monotonic(), 0
        while not self._stop.wait(PAUSE):
            due = int((time.monotonic() - begun) * self._rate)
            # Not all that an outage kept back at once: the other threads want to run too.
            for _ in range(min(due - sent, self._rate // 5 + 1)):
                self._send()
                sent += 1

    def _send(self) -> None:
        if self._random.random() < 0.001:
            self._produce(f"junk-{self._random.randrange(3)}".encode(), b"\xff{", [], None)
            return
        event = self._again() or self._next()
        key, value, headers = encode(event)
        self._produce(key, value, headers, event.id)

    def _again(self) -> Envelope[Any] | None:
        again = bool(self._last) and self._random.random() < self._twice
        return self._random.choice(self._last) if again else None

    def _produce(self, key: bytes, value: bytes, headers: Any, event_id: str | None) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self.refused += 1
            elif event_id is not None:
                self.acknowledged.add(event_id)

        while True:
            try:
                self._producer.produce(self._topic, value, key, headers=headers, callback=delivered)
            except BufferError:
                self._producer.poll(0.05)
            else:
                self._producer.poll(0)
                return

    def _next(self) -> Envelope[Any]:
        number = self._random.randrange(100)
        if number < 8:
            made = self._about_customer()
        elif number < 30:
            made = self._about_product()
        else:
            made = self._purchase()
        event, subject = made
        wrapped = wrap(event, subject=subject, source="/chaos")
        self._last = [*self._last[-50:], wrapped]
        return wrapped

    def _about_customer(self) -> tuple[Event, str]:
        email = f"c{self._random.randrange(CUSTOMERS)}@example.org"
        subject, street = customer_id(email), f"Street {self._random.randrange(9)}"
        if self._random.random() < 0.5:
            lines = ("Jan", "Kowalski", street, "00-001", "Warszawa")
            return CustomerRegistered(*lines, email, "!"), subject
        version = self._version(subject)
        return CustomerChanged("Jan", "Nowak", street, "00-001", "Łódź", version, None), subject

    def _about_product(self) -> tuple[Event, str]:
        # Some keys are those of the junk, whose events wait for an operator who never comes.
        number = self._random.randrange(PRODUCTS)
        subject = f"junk-{number}" if number < 3 else f"product-{number}"
        price = Decimal(self._random.randrange(100, 999)).scaleb(-2)
        if subject not in self._prices:
            self._prices[subject] = price
            return ProductAdded(name=subject, type="any", price=price), subject
        if self._random.random() < 0.002:
            return ProductWithdrawn(), subject
        self._prices[subject] = price
        version = self._version(subject)
        return ProductChanged(name=subject, type="any", price=price, version=version), subject

    def _version(self, subject: str) -> int:
        """Return a version as one sees it on a page: the latest as a rule, now and then an old."""
        seen = self._versions.get(subject, 1)
        if self._random.random() < 0.1:
            return max(1, seen - 1)
        self._versions[subject] = seen + 1
        return seen

    def _purchase(self) -> tuple[Event, str]:
        subject = self._random.choice([*self._prices, "unknown"])
        price = self._prices.get(subject, Decimal("1.00"))
        wrong = self._random.random() < 0.1
        quantity = self._random.randrange(1, 9)
        return ProductBought("c1", quantity, price + 1 if wrong else price), subject
