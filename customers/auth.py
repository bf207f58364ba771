"""How customers log in: with e-mail and password, against the projection."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from customers.identity import customer_id
from customers.models import Customer
from customers.passwords import matches


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
        customer = self.get_user(customer_id(email))
        if customer is None:
            make_password(password)  # so that an unknown address takes as long as a known one
            return None
        return customer if matches(password, customer.password) else None

    def get_user(self, user_id: Any) -> Customer | None:
        """Return the customer with this id, or None."""
        return Customer.objects.filter(pk=user_id).first()
