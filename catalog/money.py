"""Amounts of money as the reader's language writes them."""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency
from django.conf import settings
from django.utils.translation import get_language


def money(amount: Decimal) -> str:
    """Return an amount in the shop's currency: "12,34 zł" in Polish, "12.34 PLN" in English."""
    return _written(amount, get_language() or "en")


@lru_cache(maxsize=10_000)  # prices come again and again, and are half of what a long page writes
def _written(amount: Decimal, language: str) -> str:
    return format_currency(amount, settings.CURRENCY, "#,##0.00\xa0¤", locale=language)
