"""What tests of customers' pages share: customers, their browsers, and products on the shelf."""

from decimal import Decimal
from functools import cache
from typing import Any

from confluent_kafka import Producer
from django.conf import settings
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
from kafka_bridge import clients, publisher, submission
from kafka_bridge.envelope import wrap
from kafka_bridge.events import DeadLetterDiscarded
from kafka_bridge.models import DeadLetter
from tests.conftest import Consume, Publish
from tests.operators import form_of

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
BREAD = ProductAdded(name="Chleb żytni", type="pieczywo", price=Decimal("7.20"))
BUTTER = ProductAdded(name="Masło ekstra", type="nabiał", price=Decimal("8.49"))


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


def shelf(publish: Publish, consume: Consume) -> None:
    """Put milk for 4.90, bread for 7.20 and butter for 8.49 on the shelf through Kafka."""
    publish(MILK, "milk")
    publish(BREAD, "bread")
    publish(BUTTER, "butter")
    consume()


def put(browser: Client, product_id: str, quantity: int = 1, **changed: Any) -> Any:
    """Put a product into the basket from its page."""
    page = f"/products/{product_id}/"
    form = form_of(browser.get(page), "price") | {"quantity": str(quantity), "basket": "1"}
    return browser.post(page, form | changed)


def send_junk(key: str) -> None:
    """Write what is no event under a key: later events of the key wait behind it."""
    producer = Producer(clients.web_producer())
    producer.produce(settings.KAFKA_TOPIC, b"junk", key.encode())
    assert producer.flush(5) == 0


def discard(event_id: str) -> None:
    """Have an operator discard the dead letter of an event; of junk it has no id."""
    letter = DeadLetter.objects.get(event_id=event_id)
    event = wrap(DeadLetterDiscarded("op"), subject=letter.pk, source="/tests")
    publisher.publish(event, letter.partition)


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
