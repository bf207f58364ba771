"""What customers can do.

The Kafka key of a customer's own events is the customer's id; that of a purchase is the
product's id, since the product's price and state decide about it.
"""

from typing import Annotated, ClassVar

from django.utils.translation import gettext_lazy as _
from msgspec import Meta

from catalog.events import IMPORTED, ONE_LINE, Price, ProductEvent, Version, check_price
from kafka_bridge.registry import Event, event_type, reasons

MOST_AT_ONCE = 1000

Line = Annotated[str, Meta(min_length=1, max_length=100, pattern=ONE_LINE)]
FirstName = Annotated[Line, Meta(examples=["Anna"])]
LastName = Annotated[Line, Meta(examples=["Żak"])]
Street = Annotated[Line, Meta(examples=["ul. Długa 1 m. 2"])]
City = Annotated[Line, Meta(examples=["Łódź"])]
Postcode = Annotated[str, Meta(min_length=1, max_length=20, pattern=ONE_LINE, examples=["90-001"])]
Email = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+(?!\n)$",
        examples=["anna.zak@example.com"],
    ),
]
# Only a salted hash in Django's format, or its mark for "no password works": never the password.
PasswordHash = Annotated[
    str, Meta(max_length=128, pattern=r"^(!|[a-z0-9_]+\$)[!-~]*(?!\n)$", examples=["!"])
]
# Lines of text: as elsewhere an address is written.
Address = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=300,
        pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]*$",
        examples=["ul. Długa 1 m. 2\n90-001 Łódź"],
    ),
]
CUSTOMER = "3f2a9c1e5b7d4f60a8c2e4061b3d5f79"
CustomerId = Annotated[str, Meta(min_length=1, max_length=128, examples=[CUSTOMER])]
ORDER = "7d1f6c52-90ab-4c1e-8f35-2b6a4d8e0c17"
OrderId = Annotated[str, Meta(max_length=128, examples=[ORDER])]
Quantity = Annotated[int, Meta(ge=1, le=MOST_AT_ONCE, examples=[2])]

PERSONAL = frozenset(
    {"first_name", "last_name", "street", "postcode", "city", "email", "password", "address"}
)

reasons.update(
    {
        "already_registered": _("This e-mail address is already registered. Log in instead."),
        "foreign_key": _("The registration is not filed under its e-mail address."),
        "customer_unknown": _("There is no such customer."),
        "customer_took_over": _(
            "The customer has an account here by now: what another system says of them no longer "
            "counts."
        ),
        "customer_stale": _("The data were changed elsewhere in the meantime. Look again."),
        "price_changed": _("The price has changed: it is now %(price)s."),
    }
)


class CustomerEvent(Event, frozen=True):
    """Base of what a customer does about their own data."""

    personal: ClassVar[frozenset[str]] = PERSONAL
    secret: ClassVar[frozenset[str]] = frozenset({"password"})
    key: ClassVar[str] = "the id of the customer"
    key_example: ClassVar[str] = CUSTOMER


@event_type("shop.customer.registered.v1")
class CustomerRegistered(CustomerEvent, frozen=True):
    """A customer registered. `password` is a salted hash in Django's format.

    The customer's id, and so the key, is computed of the e-mail address with a key that only the
    shop has: nobody else can write an event of this type that is applied.
    """

    first_name: FirstName
    last_name: LastName
    street: Street
    postcode: Postcode
    city: City
    email: Email
    password: PasswordHash


@event_type("shop.customer.changed.v1")
class CustomerChanged(CustomerEvent, frozen=True):
    """A customer changed their data. Without `password` the old one stays.

    `version` is the one that the customer saw.
    """

    first_name: FirstName
    last_name: LastName
    street: Street
    postcode: Postcode
    city: City
    version: Version
    password: PasswordHash | None = None


@event_type("shop.product.bought.v1")
class ProductBought(ProductEvent, frozen=True, omit_defaults=True):
    """A customer bought a product at the price that they saw.

    `price` is in the shop's currency, for one piece. Its key is the product's id, so `customer_id`
    is not looked up: the purchase counts even if the shop does not know the customer. Purchases
    of one basket have the same `order_id`; each is decided by itself.
    """

    customer_id: CustomerId
    quantity: Quantity
    price: Price
    order_id: OrderId = ""

    def __post_init__(self) -> None:
        check_price(self, self.price)


@event_type("shop.customer.imported.v1")
class CustomerImported(CustomerEvent, frozen=True):
    """Another system has this customer, without e-mail address: they cannot log in here.

    Their key begins with `legacy:`. Of a customer who came from there before, name and address are
    replaced; not of one who has set a password here: they look after their own data.
    """

    key_example: ClassVar[str] = f"{IMPORTED}customer_k_001"

    first_name: FirstName
    last_name: LastName
    address: Address


@event_type("shop.customer.email_given.v1")
class CustomerEmailGiven(CustomerEvent, frozen=True):
    """An operator gave a customer who came from another system an e-mail address to log in with.

    `version` is the one that the operator saw. By the address alone nobody can log in: the customer
    sets a password first. Whether somebody else has the address too is not looked up.
    """

    key_example: ClassVar[str] = f"{IMPORTED}customer_k_001"

    email: Email
    version: Version


@event_type("shop.purchase.imported.v1")
class PurchaseImported(ProductEvent, frozen=True):
    """In another system a customer bought a product, at the price that it has here by then.

    Its key is the id of the product. `customer_came` says that the customer was imported first;
    who imports waits for that, and if they wait in vain the purchase is refused.
    """

    key_example: ClassVar[str] = f"{IMPORTED}mleko_k_1"

    customer_id: CustomerId
    quantity: Quantity
    customer_came: Annotated[bool, Meta(examples=[True])]
