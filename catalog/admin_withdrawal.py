"""Withdrawing products from the admin: one event each, and the truth about each."""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID, uuid5

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pymongo.errors import PyMongoError

from catalog.admin_forms import source_of
from catalog.events import ProductWithdrawn
from catalog.models import Product
from kafka_bridge import publisher, receipts
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.models import Receipt

MOST_AT_ONCE = 200  # they are published one after the other, while the operator waits


class Withdrawal(NamedTuple):
    """A product and its event, which Kafka has acknowledged."""

    product: Product
    event: Envelope[ProductWithdrawn]


class Outcome(NamedTuple):
    """What is known of each product that was to be withdrawn."""

    applied: list[Product]
    pending: list[Product]
    rejected: list[tuple[Product, str]]
    not_sent: list[Product]


def withdraw(products: Sequence[Product], confirmation: str, operator: str) -> Outcome:
    """Publish a withdrawal of each product, then wait a moment for all the receipts.

    `confirmation` is the id that was born with the confirmation page: sent again, it gives each
    product the same event. After the first event that Kafka does not take no other is tried.
    """
    sent: list[Withdrawal] = []
    for product in products:
        event = _event(product, confirmation, operator)
        try:
            publisher.publish(event)
        except publisher.NotPublished:
            break
        sent.append(Withdrawal(product, event))
    return _outcome(sent, products[len(sent) :])


def _event(product: Product, confirmation: str, operator: str) -> Envelope[ProductWithdrawn]:
    event_id = str(uuid5(UUID(confirmation), product.pk))
    return wrap(
        ProductWithdrawn(), subject=product.pk, source=source_of(operator), event_id=event_id
    )


def _outcome(sent: Iterable[Withdrawal], not_sent: Sequence[Product]) -> Outcome:
    found = _receipts([event.id for product, event in sent])
    outcome = Outcome([], [], [], list(not_sent))
    for product, event in sent:
        if event.id not in found:
            outcome.pending.append(product)
        elif found[event.id].applied:
            outcome.applied.append(product)
        else:
            outcome.rejected.append((product, found[event.id].explanation))
    return outcome


def _receipts(event_ids: Iterable[str]) -> dict[str, Receipt]:
    """Return the receipts that there are within the patience of one page, by event id."""
    found: dict[str, Receipt] = {}
    deadline = time.monotonic() + receipts.PATIENCE
    for event_id in event_ids:
        try:
            receipt = receipts.wait_for(event_id, max(0.0, deadline - time.monotonic()))
        except (DatabaseError, PyMongoError):
            break  # the events stand in the log and are applied when MongoDB is back
        if receipt is not None:
            found[event_id] = receipt
    return found


def tell(request: HttpRequest, outcome: Outcome) -> None:
    """Leave a message about each kind of outcome."""
    if outcome.applied:
        messages.success(request, _counted_applied(outcome.applied))
    if outcome.pending:
        messages.warning(request, _counted_pending(outcome.pending))
    for product, why in outcome.rejected:
        rejected = _("“%(name)s” was not withdrawn: %(why)s")
        messages.error(request, rejected % {"name": product.name, "why": why})
    if outcome.not_sent:
        messages.error(request, _counted_not_sent(outcome.not_sent))


def _counted_applied(products: list[Product]) -> str:
    return ngettext(
        "“%(name)s” was withdrawn.", "%(count)d products were withdrawn.", len(products)
    ) % {"name": products[0].name, "count": len(products)}


def _counted_pending(products: list[Product]) -> str:
    return ngettext(
        "The withdrawal of “%(name)s” was sent but is not yet applied.",
        "%(count)d withdrawals were sent but are not yet applied.",
        len(products),
    ) % {"name": products[0].name, "count": len(products)}


def _counted_not_sent(products: list[Product]) -> str:
    return ngettext(
        "Not sent: Kafka did not confirm the withdrawal of “%(name)s”. Confirm it again in a "
        "moment; however often you do, it counts once.",
        "Not sent: Kafka did not confirm the withdrawal of %(count)d products. Confirm it again "
        "in a moment; however often you do, it counts once.",
        len(products),
    ) % {"name": products[0].name, "count": len(products)}
