"""What the shop knows of a customer, as JSON: amounts as decimal strings, times as RFC 3339."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

from customers.models import Customer, CustomerDocument, Purchase, PurchaseDocument
from kafka_bridge.envelope import rfc3339
from kafka_bridge.models import Receipt
from kafka_bridge.mongo import database

AT_ONCE = 500  # documents: by itself MongoDB sends up to 16 MiB of them


def purchases(customer: CustomerDocument) -> Iterator[PurchaseDocument]:
    """Read a customer's purchases, newest first, page by page, in the order of an index."""
    found = database()[Purchase._meta.db_table].find({"customer_id": customer["_id"]})
    newest_first = [("bought_at", -1), ("_id", -1)]
    return cast(Iterator[PurchaseDocument], found.sort(newest_first).batch_size(AT_ONCE))


def events(key: str) -> Iterator[dict[str, Any]]:
    """Read the receipts of a key, oldest first, page by page, in the order of an index."""
    found = database()[Receipt._meta.db_table].find({"key": key})
    return iter(found.sort("happened_at", 1).batch_size(AT_ONCE))


def everything(key: str) -> Iterator[str]:
    """Return all that is known of the customer with this key, piece by piece, as a JSON object."""
    customer = database()[Customer._meta.db_table].find_one({"_id": key})
    yield from open_object(cast(CustomerDocument, customer))
    yield ', "events": ['
    comma = ""
    for receipt in events(key):
        yield comma + as_json(told(receipt))
        comma = ", "
    yield "]}\n"


def open_object(customer: CustomerDocument) -> Iterator[str]:
    """Return the JSON object of a customer and their purchases piece by piece, but for its `}`.

    The purchases of one customer may not fit in memory.
    """
    yield f'{as_json(data_of(customer))[:-1]}, "purchases": ['
    total, comma = Decimal("0.00"), ""
    for purchase in purchases(customer):
        yield comma + as_json(bought(purchase))
        total, comma = total + purchase["value"].to_decimal(), ", "
    yield f'], "total": "{total}"'


def data_of(customer: CustomerDocument) -> dict[str, Any]:
    """Return what is known of a customer, but for the password."""
    return {
        "id": customer["_id"],
        "first_name": customer["first_name"],
        "last_name": customer["last_name"],
        "street": customer["street"],
        "postcode": customer["postcode"],
        "city": customer["city"],
        "email": customer["email"],
        "registered_at": rfc3339(customer["registered_at"]),
        "changed_at": rfc3339(customer["changed_at"]),
    }


def bought(purchase: PurchaseDocument) -> dict[str, Any]:
    """Return a purchase."""
    return {
        "id": purchase["_id"],
        "product_id": purchase["product_id"],
        "order_id": purchase["order_id"],
        "name": purchase["name"],
        "type": purchase["type"],
        "quantity": purchase["quantity"],
        "price": str(purchase["price"]),
        "value": str(purchase["value"]),
        "bought_at": rfc3339(purchase["bought_at"]),
    }


def told(receipt: dict[str, Any]) -> dict[str, Any]:
    """Return an event, and what became of it."""
    return {
        "id": receipt["_id"],
        "type": receipt["type"],
        "happened_at": rfc3339(receipt["happened_at"]),
        "applied_at": rfc3339(receipt["applied_at"]),
        "status": receipt["status"],
        "reason": receipt["reason"],
    }


def as_json(value: object) -> str:
    """Return a value as JSON on one line, letters as they are."""
    return json.dumps(value, ensure_ascii=False)
