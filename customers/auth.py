"""How customers log in: with e-mail and password, against the projection."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.http import HttpRequest

from customers.identity import customer_id, normalise
from customers.models import Customer
from customers.passwords import matches

MOST_OF_AN_ADDRESS = 50  # customers that are looked for: there should be one


class CustomerBackend(BaseBackend):
    """Django's log-in for customers. It reads only: no hash is renewed on the way."""

    def authenticate(
        self,
        request: HttpRequest | None,
        email: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Customer | None:
        """Return the customer with this address and password, or None."""
        if email is None or password is None:
            return None
        customer = account_of(email)
        if customer is None:
            make_password(password)  # so that an unknown address takes as long as a known one
            return None
        return customer if matches(password, customer.password) else None

    def get_user(self, user_id: Any) -> Customer | None:
        """Return the customer with this id, or None."""
        return Customer.objects.filter(pk=user_id).first()


def account_of(email: str) -> Customer | None:
    """Return who logs in with this address, or None.

    That is who registered it. Else it is the customer who came from elsewhere, was given it and has
    set a password; if that is true of several it is none of them, lest one get into another's
    account. `docs/decisions/0009-an-email-for-imported-customers.md` says more.
    """
    registered = Customer.objects.filter(pk=customer_id(email)).first()
    if registered is not None or not email.strip():
        return registered
    given = Customer.objects.filter(email=normalise(email))
    ready = list(given.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)[:2])
    return ready[0] if len(ready) == 1 else None


def with_address(email: str) -> list[str]:
    """Return the ids of all who may have this address, registered or given it."""
    given = Customer.objects.filter(email=normalise(email)).values_list("pk", flat=True)
    return [customer_id(email), *given[:MOST_OF_AN_ADDRESS]]
