"""`manage.py groups`: makes the groups of operators, with what each may do."""

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

    def handle(self, **options: Any) -> None:
        for name, rights in GROUPS.items():
            group, made = Group.objects.get_or_create(name=name)
            wanted = Permission.objects.order_by()
            if rights is not None:
                wanted = wanted.filter(codename__in=rights)
            group.permissions.add(*wanted)
            self.stdout.write(f"{name}: {'made' if made else 'was there'}")
