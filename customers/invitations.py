"""The link with which a customer who came from elsewhere takes their account over.

It is Django's token for a forgotten password: signed, good for a few days, and made of the password
and the e-mail address among others, so it is worth nothing once either has changed.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.urls import reverse
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from customers.models import Customer


class _Tokens(PasswordResetTokenGenerator):
    key_salt = "customers.invitations"


_tokens = _Tokens()


def lifetime() -> timedelta:
    """Return how long a link is good for."""
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def new_link(customer: Customer) -> str:
    """Return a new link's secret; whoever has it can take the account over."""
    return _tokens.make_token(customer)


def address_of(customer: Customer, link: str) -> str:
    """Return the path of the page that a link leads to."""
    who = urlsafe_base64_encode(customer.pk.encode())
    return reverse("customers:invitation", args=[who, link])


def whose(who: str) -> Customer | None:
    """Return whom a link is for, without saying that it is good."""
    try:
        key = urlsafe_base64_decode(who).decode()
    except ValueError:
        return None
    return Customer.objects.filter(pk=key).first()


def is_good(customer: Customer, link: str) -> bool:
    """Return whether the link was made for this customer, is not too old, and was not used."""
    return _tokens.check_token(customer, link)
