"""The shop once more, as simply as it can be said: plain dicts, one event after another.

Written without the handlers, the batches or MongoDB, so that a test can hold them against it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from catalog.events import ProductAdded, ProductChanged, ProductWithdrawn
from customers.events import CustomerChanged, CustomerRegistered, ProductBought
from customers.identity import customer_id
from kafka_bridge.envelope import Envelope
from kafka_bridge.events import DeadLetterDiscarded
from kafka_bridge.registry import Decision

Event = Envelope[Any]
Decided = tuple[str, dict[str, str]]  # the reason of a rejection, and its details
APPLIED: Decided = ("", {})


@dataclass
class Letter:
    """A message in the log that waits for the operator, or for one that does."""

    place: str
    event: Event | None


@dataclass
class Shop:
    """What the shop knows. `broken` names the types of events whose handlers raise."""

    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    purchases: dict[str, dict[str, Any]] = field(default_factory=dict)
    receipts: dict[str, Decided] = field(default_factory=dict)
    waiting: dict[str, list[Letter]] = field(default_factory=lambda: defaultdict(list))
    broken: set[type] = field(default_factory=set)

    def take(self, place: str, key: str, event: Event | None) -> None:
        """A message was read from the log; `event` is what is in it, None if it is no event."""
        if event is not None and isinstance(event.data, Decision):
            discard = isinstance(event.data, DeadLetterDiscarded)
            self.decide(event.id, event.subject, discard=discard)
            return
        queue = self.waiting[key]
        if queue or not self._decided(event):
            queue.append(Letter(place, event))

    def decide(self, decision: str, place: str, *, discard: bool) -> None:
        """The operator retries a dead letter's queue, or discards the letter."""
        if decision in self.receipts:
            return
        queue = next((q for q in self.waiting.values() if place in [one.place for one in q]), None)
        if queue is None:
            self.receipts[decision] = ("dead_letter_unknown", {})
            return
        alone = discard and queue[0].place != place  # those before it are asked nothing
        if discard:
            queue[:] = [letter for letter in queue if letter.place != place]
        while queue and not alone and self._decided(queue[0].event):
            del queue[0]
        failed = bool(queue) and not discard
        self.receipts[decision] = ("dead_letter_failed", {}) if failed else APPLIED

    def _decided(self, event: Event | None) -> bool:
        if event is None:
            return False
        if event.id in self.receipts:
            return True
        if type(event.data) in self.broken:
            return False
        self.receipts[event.id] = self._effect(event)
        return True

    def _effect(self, event: Event) -> Decided:
        match event.data:
            case ProductAdded():
                return self._add(event)
            case ProductBought():
                return self._sell(event)
            case ProductChanged() | ProductWithdrawn():
                return self._edit(event)
            case CustomerRegistered():
                return self._register(event)
            case CustomerChanged():
                return self._move(event)
        raise AssertionError(f"the model does not know {event.type}")

    def _add(self, event: Event) -> Decided:
        if event.subject in self.products:
            return ("product_exists", {})
        self.products[event.subject] = {
            "name": event.data.name,
            "type": event.data.type,
            "price": event.data.price,
            "description": event.data.description,
            "unit": event.data.unit,
            "version": 1,
            "withdrawn": False,
            "changed_at": event.time,
        }
        return APPLIED

    def _edit(self, event: Event) -> Decided:
        product = self.products.get(event.subject)
        if product is None:
            return ("product_unknown", {})
        if product["withdrawn"]:
            return ("product_withdrawn", {})
        if isinstance(event.data, ProductWithdrawn):
            product["withdrawn"] = True
        elif event.data.version != product["version"]:
            return ("product_stale", {})
        else:
            product["name"] = event.data.name
            product["type"] = event.data.type
            product["price"] = event.data.price
            for name in ("description", "unit"):
                said = getattr(event.data, name)
                product[name] = product[name] if said is None else said
        product["version"] += 1
        product["changed_at"] = event.time
        return APPLIED

    def _sell(self, event: Event) -> Decided:
        product = self.products.get(event.subject)
        if product is None:
            return ("product_unknown", {})
        if product["withdrawn"]:
            return ("product_withdrawn", {})
        if product["price"] != event.data.price:
            return ("price_changed", {"price": str(product["price"])})
        self.purchases[event.id] = {
            "customer_id": event.data.customer_id,
            "product_id": event.subject,
            "order_id": event.data.order_id,
            "name": product["name"],
            "type": product["type"],
            "price": product["price"],
            "quantity": event.data.quantity,
            "value": sum([product["price"]] * event.data.quantity, Decimal(0)),
            "bought_at": event.time,
        }
        return APPLIED

    def _register(self, event: Event) -> Decided:
        if customer_id(event.data.email) != event.subject:
            return ("foreign_key", {})
        if event.subject in self.customers:
            return ("already_registered", {})
        self.customers[event.subject] = {
            "street": event.data.street,
            "password": event.data.password,
            "version": 1,
            "changed_at": event.time,
        }
        return APPLIED

    def _move(self, event: Event) -> Decided:
        customer = self.customers.get(event.subject)
        if customer is None:
            return ("customer_unknown", {})
        if customer["version"] != event.data.version:
            return ("customer_stale", {})
        customer["street"] = event.data.street
        if event.data.password is not None:
            customer["password"] = event.data.password
        customer["version"] += 1
        customer["changed_at"] = event.time
        return APPLIED
