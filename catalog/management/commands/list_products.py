"""`manage.py list_products`: lists the products."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any, cast

from django.conf import settings

from catalog.management.columns import left
from catalog.models import Product, ProductDocument
from kafka_bridge.management.base import ShopCommand
from kafka_bridge.mongo import database


class Command(ShopCommand):
    help = "List the products by name, those on sale first."
    examples = {
        "": "for people",
        "--json": "a product a line, as JSON",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="a JSON object a line")

    def handle(self, *, json: bool, **options: Any) -> None:
        line, count = as_json if json else for_people, 0
        for product in products():
            self.stdout.write(line(product))
            count += 1
        if not json:
            self.stdout.write(f"{count} products, prices in {settings.CURRENCY}")


def products() -> Iterator[ProductDocument]:
    """Read all products, page by page, in the order of an index."""
    table = database()[Product._meta.db_table]
    for withdrawn in (False, True):
        found = table.find({"withdrawn": withdrawn}).sort([("name_key", 1), ("_id", 1)])
        yield from cast(Iterator[ProductDocument], found)


def for_people(product: ProductDocument) -> str:
    """Return name, type, price and state in columns."""
    state = "  withdrawn" if product["withdrawn"] else ""
    shown = f"{left(product['name'], 48)}  {left(product['type'], 18)}"
    return f"{shown}{product['price'].to_decimal():>10}{state}"


def as_json(product: ProductDocument) -> str:
    """Return what people see as JSON, with the id and the version."""
    told = {
        "id": product["_id"],
        "name": product["name"],
        "type": product["type"],
        "price": str(product["price"]),
        "version": product["version"],
        "withdrawn": product["withdrawn"],
    }
    return json.dumps(told, ensure_ascii=False)
