"""Made-up customers who buy from a made-up grocery: what `manage.py seed` publishes.

Everything follows from the random seed and a number, ids included: the same seed makes the same
events again, which then change nothing, and no event needs the ones before it in memory. The
products are the same in every seed, so that the shop has none of them twice.
"""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.crypto import salted_hmac
from faker import Faker

from catalog import grocery
from catalog.naming import words
from customers.events import CustomerRegistered, ProductBought
from customers.identity import customer_id
from kafka_bridge import direct
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.registry import Change

SALT = "customers.seeding"
MOST_BOUGHT = 5  # of one product at once


class Amounts(NamedTuple):
    """How many of each to make."""

    customers: int
    products: int
    purchases: int


def password(random_seed: int) -> str:
    """Return the password that a seed's customers get: the same each time, in this shop alone."""
    return salted_hmac(SALT, str(random_seed)).hexdigest()[:12]


@lru_cache(maxsize=10_000)
def product_id(number: int) -> str:
    """Return the id of the grocery's product `number`: it is put on sale once, by any seed."""
    return _id(f"product/{number}")


def _id(what: str) -> str:
    """Return a UUID of what it is the id of (RFC 9562, version 8), in a fifth of uuid5's time."""
    made = blake2b(what.encode(), digest_size=16).hexdigest()
    return f"{made[:8]}-{made[8:12]}-8{made[13:16]}-8{made[17:20]}-{made[20:]}"


class Choice(NamedTuple):
    """Who buys what: numbers of a product and a customer, and how many pieces."""

    product: int
    customer: int
    quantity: int


class Seeding:
    """The events of one random seed. All customers share one password hash: hashing is slow."""

    def __init__(self, random_seed: int, amounts: Amounts, password_hash: str) -> None:
        self.random_seed = random_seed
        self.amounts = amounts
        self._password = password_hash
        self._source = f"{settings.EVENT_SOURCE}/seed"
        self._faker = Faker("pl_PL")
        # Purchases come back to the same ones; where there are more, some are made again.
        self._added = lru_cache(10_000)(self._make_product)
        self._id_of_customer = lru_cache(100_000)(self._make_id)

    def events(self) -> Iterator[Envelope[Any]]:
        """Make products, then customers, then purchases."""
        yield from map(self.added, range(self.amounts.products))
        yield from map(self.registered, range(self.amounts.customers))
        yield from map(self.bought, range(self.amounts.purchases))

    def added(self, number: int) -> Envelope[Any]:
        """Return the event of product `number`'s coming on sale."""
        return self._wrap(grocery.product(number), product_id(number), f"added/{number}")

    def registered(self, number: int) -> Envelope[Any]:
        """Return the event of customer `number`'s registration."""
        customer = self.customer(number)
        what = f"{self.random_seed}/registered/{number}"
        return self._wrap(customer, customer_id(customer.email), what)

    def bought(self, number: int) -> Envelope[Any]:
        """Return the event of purchase `number`: somebody buys something at its price."""
        choice = self._choice(number)
        price = grocery.product(choice.product).price
        purchase = ProductBought(self._id_of_customer(choice.customer), choice.quantity, price)
        what = f"{self.random_seed}/bought/{number}"
        return self._wrap(purchase, product_id(choice.product), what)

    def _choice(self, number: int) -> "Choice":
        # A digest is as good as a generator of random numbers, and made in a tenth of the time.
        what = f"{self.random_seed}/bought/{number}"
        rest = int.from_bytes(blake2b(what.encode(), digest_size=32).digest())
        rest, product = divmod(rest, self.amounts.products)
        rest, customer = divmod(rest, self.amounts.customers)
        return Choice(product, customer, quantity=rest % MOST_BOUGHT + 1)

    def changes(self) -> Iterator[Change]:
        """Make the documents that the events would lead to in an empty shop."""
        for number in range(self.amounts.products):
            yield self._added(number)
        for number in range(self.amounts.customers):
            yield from direct.changes(self.registered(number), None)
        for number in range(self.amounts.purchases):
            product = self._added(self._choice(number).product).document
            yield from direct.changes(self.bought(number), product)

    def _make_product(self, number: int) -> Change:
        (change,) = direct.changes(self.added(number), None)
        return change

    def customer(self, number: int) -> CustomerRegistered:
        """Return who customer `number` is."""
        faker = self._faker
        faker.seed_instance(f"{self.random_seed}/customer/{number}")
        woman = number % 2
        first = faker.first_name_female() if woman else faker.first_name_male()
        last = faker.last_name_female() if woman else faker.last_name_male()
        name = ".".join(words(first) + words(last))
        return CustomerRegistered(
            first_name=first,
            last_name=last,
            street=faker.street_address(),
            postcode=faker.postcode(),
            city=faker.city(),
            # A domain of RFC 2606: nobody's address.
            email=f"{name}.{number + 1}@seed{self.random_seed}.example.com",
            password=self._password,
        )

    def _make_id(self, number: int) -> str:
        return customer_id(self.customer(number).email)

    def _wrap(self, event: Any, subject: str, what: str) -> Envelope[Any]:
        return wrap(event, subject=subject, source=self._source, event_id=_id(what))
