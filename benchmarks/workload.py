"""The events that the benches apply."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from catalog.events import ProductAdded, ProductChanged
from customers.events import CustomerRegistered, ProductBought
from customers.identity import customer_id
from kafka_bridge import direct
from kafka_bridge.envelope import Envelope, Message, encode, wrap
from kafka_bridge.registry import Change, Event

PRODUCTS = 60
PRICE = Decimal("4.90")
SOURCE = "/shop/bench"
NAMES = ("Mleko", "Chleb żytni", "Sok jabłkowy", "Masło", "Ser gouda", "Herbata czarna")
TYPES = ("nabiał", "pieczywo", "napoje")


def message(event: Event, key: str) -> Message:
    """Return the Kafka message of an event that happens now, under a new id."""
    return encode(wrap(event, subject=key, source=SOURCE))


def product_id(number: int) -> str:
    """Return the id of product `number`."""
    return f"product-{number:06}"


def price(number: int) -> Decimal:
    """Return what product `number` costs."""
    return PRICE + number % 500


def buyer(number: int) -> str:
    """Return the id of customer `number`, as long as the shop's."""
    return f"{number:032x}"


def products(amount: int = PRODUCTS) -> Iterator[Change]:
    """Make products."""
    for number in range(amount):
        event = wrap(_product(number), subject=product_id(number), source=SOURCE)
        yield from direct.changes(event, None)


def added(number: int) -> Message:
    """Return the event of product `number`'s coming on sale."""
    return message(_product(number), product_id(number))


def _product(number: int) -> ProductAdded:
    name = f"{NAMES[number % len(NAMES)]} {number}"
    return ProductAdded(name, TYPES[number % len(TYPES)], price(number))


def bought(number: int = 1) -> Envelope[ProductBought]:
    """Return customer `number`'s purchase, now, of a product at its price."""
    product = number % PRODUCTS
    data = ProductBought(buyer(number), 1, price(product))
    return wrap(data, subject=product_id(product), source=SOURCE)


def purchases(
    amount: int, *, customers: int, products: int = PRODUCTS, hot: float = 0
) -> Iterator[Message]:
    """Make purchases by so many customers; the share `hot` of them is of one product."""
    chance = Random(7)  # noqa: S311  nothing secret about it
    for number in range(amount):
        chosen = 0 if chance.random() < hot else chance.randrange(products)
        bought = ProductBought(buyer(number % customers), 2, price(chosen))
        yield message(bought, product_id(chosen))


def registration(number: int) -> Message:
    """Return the registration of customer `number`."""
    email = f"anna.{number}@example.com"
    data = CustomerRegistered(
        "Anna", "Nowak", "Długa 5", "00-001", "Warszawa", email, "pbkdf2_sha256$1$salt$" + "h" * 44
    )
    return message(data, customer_id(email))


def mixed(amount: int) -> Iterator[Message]:
    """Make 60% purchases, 20% changes of products and 20% registrations.

    The changed products are not those that are bought, so that every event has its effect.
    """
    chance, versions = Random(7), [1] * PRODUCTS  # noqa: S311  nothing secret about it
    for number in range(amount):
        kind = chance.random()
        if kind < 0.6:
            chosen = chance.randrange(PRODUCTS // 2)
            bought = ProductBought(buyer(number % 1000), 2, price(chosen))
            yield message(bought, product_id(chosen))
        elif kind < 0.8:
            chosen = chance.randrange(PRODUCTS // 2, PRODUCTS)
            changed = ProductChanged(f"Chleb {number}", "pieczywo", PRICE, versions[chosen])
            versions[chosen] += 1
            yield message(changed, product_id(chosen))
        else:
            yield registration(number)
