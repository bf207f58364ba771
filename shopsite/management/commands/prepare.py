"""`manage.py prepare`: makes what `manage.py demo` needs before its consumer can start."""

import json
import secrets
from io import StringIO
from typing import Any

from django.core.management import call_command

from catalog.models import Product
from customers.identity import customer_id
from customers.models import Customer
from kafka_bridge.management.base import ShopCommand
from shopsite import credentials
from shopsite.credentials import LogIn
from shopsite.models import Operator

NAME = "operator"


class Command(ShopCommand):
    help = (
        "Migrate, create the topic, and make an operator for a demonstration. Says as JSON whose "
        "passwords are known and whether the shop is empty."
    )
    examples = {
        "": "what `manage.py demo` calls",
    }

    def handle(self, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("groups", stdout=StringIO())
        call_command("topic", stdout=StringIO())
        found = {
            "operator": _operator(),
            "customer": _customer(),
            "empty": not Product.objects.exists(),
        }
        self.stdout.write(json.dumps(found))


def _operator() -> LogIn | None:
    """Return the operator's log-in; None if there is one whose password is not known here."""
    operator = Operator.objects.filter(username=NAME).first()
    if operator is None:
        made = LogIn(NAME, secrets.token_urlsafe(12))
        Operator.objects.create_superuser(NAME, password=made.password)
        credentials.keep("operator", made)
        return made
    kept = credentials.find("operator")
    return kept if kept and operator.check_password(kept.password) else None


def _customer() -> LogIn | None:
    """Return the log-in of the customer that an earlier demonstration told, if it is still true."""
    if (kept := credentials.find("customer")) is None:
        return None
    customer = Customer.objects.filter(pk=customer_id(kept.name)).first()
    return kept if customer is not None and customer.check_password(kept.password) else None
