"""Withdrawing products from the admin: one event each, and the truth about each."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid5

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin_forms import source_of
from catalog.events import ProductWithdrawn
from catalog.models import Product
from kafka_bridge import publisher, submission
from kafka_bridge.envelope import Envelope, wrap

MOST_AT_ONCE = 200  # they are published one after the other, while the operator waits


class Outcome(NamedTuple):
    """What is known of each product that was to be withdrawn."""

    applied: list[Product]
    pending: list[Product]
    rejected: list[tuple[Product, str]]
    not_sent: list[Product]

    def take(self, product: Product, fate: submission.Fate) -> None:
        """Put the product where its event's fate says."""
        if not fate.sent:
            self.not_sent.append(product)
        elif fate.receipt is None:
            self.pending.append(product)
        elif fate.receipt.applied:
            self.applied.append(product)
        else:
            self.rejected.append((product, fate.receipt.explanation))


def withdraw(products: Sequence[Product], confirmation: str, operator: str) -> Outcome:
    """Publish a withdrawal of each product, then wait a moment for all the receipts.

    `confirmation` is the id that was born with the confirmation page: sent again, it gives each
    product the same event. After the first event that Kafka does not take no other is tried.
    """
    events = [_event(product, confirmation, operator) for product in products]
    outcome = Outcome([], [], [], [])
    fates = submission.submit_all([(event, publisher.BY_KEY) for event in events])
    for product, fate in zip(products, fates, strict=True):
        outcome.take(product, fate)
    return outcome


def _event(product: Product, confirmation: str, operator: str) -> Envelope[ProductWithdrawn]:
    event_id = str(uuid5(UUID(confirmation), product.pk))
    return wrap(
        ProductWithdrawn(), subject=product.pk, source=source_of(operator), event_id=event_id
    )


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
