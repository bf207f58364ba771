"""`manage.py list_customers`: lists the customers, each with what they bought."""

from argparse import ArgumentParser
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

from django.conf import settings
from django.utils import timezone

from catalog.management.columns import left, printable
from customers import export
from customers.models import Customer, CustomerDocument, PurchaseDocument
from kafka_bridge.management.base import ShopCommand
from kafka_bridge.mongo import database


class Command(ShopCommand):
    help = "List the customers, newest first, each with their purchases, newest first."
    examples = {
        "": "for people",
        "--json": "a customer a line with all purchases, as JSON",
    }

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
        for purchase in export.purchases(customer):
            self.stdout.write(for_people(purchase))
            total, count = total + purchase["value"].to_decimal(), count + 1
        self.stdout.write(f"    {left(f'{count} purchases', 79)}{total:>24}\n\n", ending="")

    def _as_json(self, customer: CustomerDocument) -> None:
        for piece in export.open_object(customer):
            self.stdout.write(piece, ending="")
        self.stdout.write("}")


def customers() -> Iterator[CustomerDocument]:
    """Read all customers, page by page, in the order of an index."""
    newest_first = [("registered_at", -1)]
    found = database()[Customer._meta.db_table].find().sort(newest_first)
    return cast(Iterator[CustomerDocument], found)


def who(customer: CustomerDocument) -> str:
    """Return a customer's name and addresses as a line.

    Who was imported has no e-mail address at first, and an address whose parts are not told apart.
    """
    name = f"{customer['first_name']} {customer['last_name']}"
    email = f" <{customer['email']}>" if customer["email"] else ""
    town = f"{customer['postcode']} {customer['city']}".strip()
    address = ", ".join(part for part in (customer["street"], town) if part)
    return printable(f"{name}{email}, {address}")


def for_people(purchase: PurchaseDocument) -> str:
    """Return time, name, type, quantity, unit price and value in columns."""
    when = timezone.localtime(purchase["bought_at"])
    what = f"{left(purchase['name'], 38)}  {left(purchase['type'], 16)}"
    price, value = purchase["price"].to_decimal(), purchase["value"].to_decimal()
    return f"    {when:%Y-%m-%d %H:%M}  {what}{purchase['quantity']:>6} x{price:>9}{value:>12}"
