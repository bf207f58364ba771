"""Amounts of money as the reader's language writes them."""

from decimal import Decimal

from babel.numbers import format_currency
from django.conf import settings
from django.utils.translation import get_language


def money(amount: Decimal) -> str:
    """Return an amount in the shop's currency: "12,34 zł" in Polish."""
    return format_currency(amount, settings.CURRENCY, locale=get_language() or "en")
