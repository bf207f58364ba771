"""What tests of customers' pages share: customers, their browsers, and products on the shelf."""

from decimal import Decimal
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client

from catalog.events import ProductAdded
from catalog.models import Product
from customers import invitations
from customers.events import (
    CustomerChanged,
    CustomerEmailGiven,
    CustomerImported,
    CustomerRegistered,
)
from customers.identity import customer_id
from customers.models import Customer
from kafka_bridge import submission
from tests.conftest import Consume, Publish

PASSWORD = "kasza-gryczana-1"
OLA = {
    "first_name": "Ola",
    "last_name": "Żółć",
    "street": "Dębowa 3/4",
    "postcode": "00-950",
    "city": "Łódź",
    "email": "ola@example.com",
}
FILLED_IN = OLA | {"password": PASSWORD, "repeated": PASSWORD}
MILK = ProductAdded(name="Mleko 3,2%", type="nabiał", price=Decimal("4.90"))
ANNA = CustomerImported("Anna", "Żak", "ul. Długa 1\n90-001 Łódź")


@cache
def _hash() -> str:
    return make_password(PASSWORD)


def stranger(language: str = "en") -> Client:
    """Return a browser in which nobody is logged in."""
    return Client(headers={"accept-language": language})


def browser_of(customer: Customer, language: str = "en") -> Client:
    """Return a browser in which the customer is logged in."""
    client = stranger(language)
    client.force_login(customer, backend="customers.auth.CustomerBackend")
    return client


def customer(publish: Publish, consume: Consume, email: str = "ola@example.com") -> Customer:
    """Register a customer through Kafka."""
    personal = OLA | {"email": email}
    registered = CustomerRegistered(**personal, password=_hash())
    publish(registered, customer_id(email))
    consume()
    return Customer.objects.get(pk=customer_id(email))


def milk(publish: Publish, consume: Consume) -> Product:
    """Put milk for 4.90 on the shelf through Kafka."""
    publish(MILK, "milk")
    consume()
    return Product.objects.get(pk="milk")


def buying(who: Customer, product: Product, **changed: Any) -> dict[str, Any]:
    """Return what the customer's buy form sends: 2 pieces at the price now, as a new event."""
    token = submission.new_token(f"buy:{who.pk}:{product.pk}")
    return {"quantity": "2", "price": str(product.price), "token": token} | changed


def imported(publish: Publish, consume: Consume, key: str = "legacy:anna") -> Customer:
    """Take a customer over from elsewhere through Kafka."""
    publish(ANNA, key)
    consume()
    return Customer.objects.get(pk=key)


def given(publish: Publish, consume: Consume, email: str, key: str = "legacy:anna") -> Customer:
    """Take a customer over and give them an address."""
    version = imported(publish, consume, key).version
    publish(CustomerEmailGiven(email, version), key)
    consume()
    return Customer.objects.get(pk=key)


def link_for(who: Customer) -> str:
    """Return the path of a new link with which an imported customer takes their account over."""
    return invitations.address_of(who, invitations.new_link(who))


def settled(publish: Publish, consume: Consume, email: str, key: str = "legacy:anna") -> Customer:
    """Take a customer over who then has an address and the password."""
    version = given(publish, consume, email, key).version
    person = ("Anna", "Żak", "Długa 1", "90-001", "Łódź")
    publish(CustomerChanged(*person, version=version, password=_hash()), key)
    consume()
    return Customer.objects.get(pk=key)
