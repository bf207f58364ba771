"""`manage.py groups`: makes the groups of operators, with what each may do."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import Group, Permission

from kafka_bridge.management.base import ShopCommand

PRODUCTS = {"view_product", "add_product", "change_product", "delete_product"}
GROUPS: dict[str, set[str] | None] = {
    "operator": PRODUCTS | {"view_receipt"},
    "support": {"view_product", "view_customer", "view_purchase", "view_receipt"},
    "admin": None,  # all there are
}


class Command(ShopCommand):
    help = (
        "Make the groups operator (products), support (customers, purchases and receipts, with "
        "personal data masked) and admin (everything). Groups that are there get what they lack, "
        "and keep what else they were given; so run it again after an upgrade."
    )
    examples = {
        "": "make them, or give them what they lack",
        "--json": "the same for a script",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="say it as a JSON object")

    def handle(self, *, json: bool, **options: Any) -> None:
        facts: dict[str, bool] = {}
        for name, rights in GROUPS.items():
            group, made = Group.objects.get_or_create(name=name)
            wanted = Permission.objects.order_by()
            if rights is not None:
                wanted = wanted.filter(codename__in=rights)
            group.permissions.add(*wanted)
            facts[name] = made
        words = [f"{name}: {'made' if made else 'was there'}" for name, made in facts.items()]
        self.say("\n".join(words), {"made": facts}, as_json=json)
