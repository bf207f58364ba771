"""Amounts of money as the reader's language writes them."""

from decimal import Decimal

from babel.numbers import format_currency
from django.conf import settings
from django.utils.translation import get_language


def money(amount: Decimal) -> str:
    """Return an amount in the shop's currency: "12,34 zł" in Polish, "12.34 PLN" in English."""
    language = get_language() or "en"
    return format_currency(amount, settings.CURRENCY, "#,##0.00\xa0¤", locale=language)
