"""Why an event was refused, in the reader's words."""

from copy import copy
from decimal import Decimal

from catalog.money import money
from kafka_bridge.models import Receipt


def explanation(receipt: Receipt) -> str:
    """Return the reason of a receipt, prices as the reader writes them."""
    shown = copy(receipt)
    if price := receipt.detail.get("price"):
        shown.detail = receipt.detail | {"price": money(Decimal(price))}
    return shown.explanation
