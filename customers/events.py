"""What customers can do.

The Kafka key of a customer's own events is the customer's id; that of a purchase is the
product's id, since the product's price and state decide about it.
"""

from typing import Annotated, ClassVar

from django.utils.translation import gettext_lazy as _
from msgspec import Meta

from catalog.events import ONE_LINE, Price, check_price
from kafka_bridge.registry import Event, event_type, reasons

MOST_AT_ONCE = 1000

Line = Annotated[str, Meta(min_length=1, max_length=100, pattern=ONE_LINE)]
Postcode = Annotated[str, Meta(min_length=1, max_length=20, pattern=ONE_LINE)]
Email = Annotated[
    str,
    Meta(
        min_length=3, max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+(?!\n)$"
    ),
]
# Only a salted hash in Django's format, or its mark for "no password works": never the password.
PasswordHash = Annotated[str, Meta(max_length=128, pattern=r"^(!|[a-z0-9_]+\$)[!-~]*(?!\n)$")]
CustomerId = Annotated[str, Meta(min_length=1, max_length=128)]
Quantity = Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)]

PERSONAL = frozenset({"first_name", "last_name", "street", "postcode", "city", "email", "password"})

reasons.update(
    {
        "already_registered": _("This e-mail address is already registered. Log in instead."),
        "foreign_key": _("The registration is not filed under its e-mail address."),
        "customer_unknown": _("There is no such customer."),
        "customer_stale": _("Your data were changed elsewhere in the meantime. Look again."),
        "price_changed": _("The price has changed: it is now %(price)s."),
    }
)


@event_type("shop.customer.registered.v1")
class CustomerRegistered(Event, frozen=True):
    """A customer registered. `password` is a salted hash in Django's format."""

    personal: ClassVar[frozenset[str]] = PERSONAL

    first_name: Line
    last_name: Line
    street: Line
    postcode: Postcode
    city: Line
    email: Email
    password: PasswordHash


@event_type("shop.customer.changed.v1")
class CustomerChanged(Event, frozen=True):
    """A customer changed their data. Without `password` the old one stays."""

    personal: ClassVar[frozenset[str]] = PERSONAL

    first_name: Line
    last_name: Line
    street: Line
    postcode: Postcode
    city: Line
    version: Annotated[int, Meta(ge=1, le=2**31)]
    password: PasswordHash | None = None


@event_type("shop.product.bought.v1")
class ProductBought(Event, frozen=True):
    """A customer bought a product at the price that they saw."""

    customer_id: CustomerId
    quantity: Quantity
    price: Price

    def __post_init__(self) -> None:
        check_price(self, self.price)
