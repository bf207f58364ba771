"""`manage.py list_customers`: lists the customers, each with what they bought."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

from django.conf import settings
from django.utils import timezone

from catalog.management.columns import left, printable
from customers.models import Customer, CustomerDocument, Purchase, PurchaseDocument
from kafka_bridge.envelope import rfc3339
from kafka_bridge.management.base import ShopCommand
from kafka_bridge.mongo import database


class Command(ShopCommand):
    help = "List the customers, newest first, each with their purchases, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="a JSON object a line")

    def handle(self, *, json: bool, **options: Any) -> None:
        write, count = self._as_json if json else self._for_people, 0
        for customer in customers():
            write(customer)
            count += 1
        if not json:
            self.stdout.write(f"{count} customers, values in {settings.CURRENCY}")

    def _for_people(self, customer: CustomerDocument) -> None:
        self.stdout.write(who(customer))
        total, count = Decimal("0.00"), 0
        for purchase in purchases(customer):
            self.stdout.write(for_people(purchase))
            total, count = total + purchase["value"].to_decimal(), count + 1
        self.stdout.write(f"    {left(f'{count} purchases', 79)}{total:>24}\n\n", ending="")

    def _as_json(self, customer: CustomerDocument) -> None:
        """Write an object piece by piece: the purchases of one customer may not fit in memory."""
        self.stdout.write(f'{_json(data_of(customer))[:-1]}, "purchases": [', ending="")
        total, comma = Decimal("0.00"), ""
        for purchase in purchases(customer):
            self.stdout.write(comma + _json(bought(purchase)), ending="")
            total, comma = total + purchase["value"].to_decimal(), ", "
        self.stdout.write(f'], "total": "{total}"}}')


def customers() -> Iterator[CustomerDocument]:
    """Read all customers, page by page, in the order of an index."""
    newest_first = [("registered_at", -1)]
    found = database()[Customer._meta.db_table].find().sort(newest_first)
    return cast(Iterator[CustomerDocument], found)


def purchases(customer: CustomerDocument) -> Iterator[PurchaseDocument]:
    """Read a customer's purchases, page by page, in the order of an index."""
    found = database()[Purchase._meta.db_table].find({"customer_id": customer["_id"]})
    newest_first = [("bought_at", -1), ("_id", -1)]
    return cast(Iterator[PurchaseDocument], found.sort(newest_first))


def who(customer: CustomerDocument) -> str:
    """Return a customer's name and addresses as a line."""
    return printable(
        f"{customer['first_name']} {customer['last_name']} <{customer['email']}>, "
        f"{customer['street']}, {customer['postcode']} {customer['city']}"
    )


def for_people(purchase: PurchaseDocument) -> str:
    """Return time, name, type, quantity, unit price and value in columns."""
    when = timezone.localtime(purchase["bought_at"])
    what = f"{left(purchase['name'], 38)}  {left(purchase['type'], 16)}"
    price, value = purchase["price"].to_decimal(), purchase["value"].to_decimal()
    return f"    {when:%Y-%m-%d %H:%M}  {what}{purchase['quantity']:>6} x{price:>9}{value:>12}"


def data_of(customer: CustomerDocument) -> dict[str, Any]:
    """Return what a customer told of themselves, but for the password."""
    return {
        "id": customer["_id"],
        "first_name": customer["first_name"],
        "last_name": customer["last_name"],
        "street": customer["street"],
        "postcode": customer["postcode"],
        "city": customer["city"],
        "email": customer["email"],
        "registered_at": rfc3339(customer["registered_at"]),
    }


def bought(purchase: PurchaseDocument) -> dict[str, Any]:
    """Return a purchase for JSON: amounts as decimal strings."""
    return {
        "id": purchase["_id"],
        "product_id": purchase["product_id"],
        "name": purchase["name"],
        "type": purchase["type"],
        "quantity": purchase["quantity"],
        "price": str(purchase["price"]),
        "value": str(purchase["value"]),
        "bought_at": rfc3339(purchase["bought_at"]),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
