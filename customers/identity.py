"""Who a customer is: the id is computed from the e-mail address.

So two registrations of one address meet under one Kafka key and the first wins, and the id tells
nobody the address.
"""

import hmac
import unicodedata

from django.conf import settings


def normalise(email: str) -> str:
    """Return the one form of an address under which it is known: trimmed, in lower case.

    A letter with a mark is one character in it (Unicode's form NFC), however it was typed.
    """
    return unicodedata.normalize("NFC", email.strip().casefold())


def customer_id(email: str) -> str:
    """Return the customer's id: 32 hexadecimal digits of an HMAC-SHA-256 (RFC 2104)."""
    key = settings.CUSTOMER_ID_KEY.encode()
    return hmac.digest(key, normalise(email).encode(), "sha256").hex()[:32]
