"""What can happen to a product. The Kafka key of these events is the product's id."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar

from django.utils.translation import gettext_lazy as _
from msgspec import Meta
from msgspec.structs import force_setattr

from kafka_bridge.registry import Event, event_type, reasons, upcasts

LOWEST_PRICE = Decimal("0.01")
HIGHEST_PRICE = Decimal("99999.99")

# No control characters and no line separators, and not only white space. `$` alone would let a
# last line feed through in Python, though not in JSON Schema.
ONE_LINE = r"^(?!\s*$)[^\x00-\x1f\x7f-\x9f\u2028\u2029]+(?!\n)$"
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE, examples=["Mleko 3,2%"])]
Type = Annotated[str, Meta(min_length=1, max_length=50, pattern=ONE_LINE, examples=["nabiał"])]
# Lines of text, or none: no control characters but line feeds.
Description = Annotated[
    str,
    Meta(
        max_length=2000,
        pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]*$",
        examples=["Od krów z łąk nad Biebrzą.\nPasteryzowane."],
    ),
]
Unit = Annotated[
    str,
    Meta(
        max_length=20,
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*(?!\n)$",
        examples=["1 l"],
    ),
]
Version = Annotated[int, Meta(ge=1, le=2**31, examples=[1])]
if TYPE_CHECKING:
    Price = Decimal
else:
    # In JSON a string, since many readers make a float of a number; `check_price` makes the
    # Decimal of it.
    Price = Annotated[
        str,
        Meta(
            pattern=r"^(?!0\.00$)(0|[1-9][0-9]{0,4})\.[0-9]{2}(?!\n)$",
            examples=["4.90"],
        ),
    ]


class ProductEvent(Event, frozen=True):
    """Base of what happens to one product."""

    key: ClassVar[str] = "the id of the product"
    key_example: ClassVar[str] = "milk"


# What came from elsewhere has ids of its own: it can neither take nor change those of the shop.
IMPORTED = "legacy:"

reasons.update(
    {
        "not_imported": _("Only what came from elsewhere can come from there again."),
        "product_exists": _("There is already a product with this id."),
        "product_unknown": _("There is no such product."),
        "product_withdrawn": _("This product is no longer sold."),
        "product_stale": _(
            "Somebody changed this product while you were editing it. "
            "Look at what stands there now and make your change again."
        ),
    }
)


def check_price(event: Event, price: Decimal) -> None:
    """Make an event's price the `Decimal` that its text stands for.

    Raises `ValueError` unless it has two decimals and lies in the allowed range.
    """
    exact = Decimal(price)
    if exact.as_tuple().exponent != -2 or not LOWEST_PRICE <= exact <= HIGHEST_PRICE:
        raise ValueError(f"price is not from {LOWEST_PRICE} to {HIGHEST_PRICE} with two decimals")
    force_setattr(event, "price", exact)


@event_type("shop.product.added.v1")
class ProductAddedV1(ProductEvent, frozen=True):
    """An operator put a new product on sale. `price` is in the shop's currency."""

    name: Name
    type: Type
    price: Price

    def __post_init__(self) -> None:
        check_price(self, self.price)


@event_type("shop.product.added.v2")
class ProductAdded(ProductEvent, frozen=True):
    """An operator put a new product on sale. `price` is in the shop's currency, for one `unit`.

    Where nothing is said of a product, `description` and `unit` are empty.
    """

    name: Name
    type: Type
    price: Price
    description: Description = ""
    unit: Unit = ""

    def __post_init__(self) -> None:
        check_price(self, self.price)


@upcasts(ProductAddedV1)
def _described(old: ProductAddedV1) -> ProductAdded:
    return ProductAdded(old.name, old.type, old.price)


@event_type("shop.product.changed.v1")
class ProductChangedV1(ProductEvent, frozen=True):
    """An operator changed a product. `version` is the one that the operator saw.

    Its description and unit stay as they are.
    """

    name: Name
    type: Type
    price: Price
    version: Version

    def __post_init__(self) -> None:
        check_price(self, self.price)


@event_type("shop.product.changed.v2")
class ProductChanged(ProductEvent, frozen=True, omit_defaults=True):
    """An operator changed a product. `version` is the one that the operator saw.

    Without `description` the old one stays, and an empty one takes it away; so with `unit`.
    """

    name: Name
    type: Type
    price: Price
    version: Version
    description: Annotated[Description | None, Meta(examples=["Od krów z łąk nad Biebrzą."])] = None
    unit: Annotated[Unit | None, Meta(examples=[""])] = None

    def __post_init__(self) -> None:
        check_price(self, self.price)


@upcasts(ProductChangedV1)
def _silent(old: ProductChangedV1) -> ProductChanged:
    return ProductChanged(old.name, old.type, old.price, old.version)


@event_type("shop.product.withdrawn.v1")
class ProductWithdrawn(ProductEvent, frozen=True):
    """An operator took a product off sale, for good."""


@event_type("shop.product.imported.v1")
class ProductImported(ProductEvent, frozen=True):
    """Another system has this product. `price` is in the shop's currency.

    Its key begins with `legacy:`. A product that came from there before is replaced.
    """

    key_example: ClassVar[str] = f"{IMPORTED}mleko_k_1"

    name: Name
    type: Type
    price: Price

    def __post_init__(self) -> None:
        check_price(self, self.price)
