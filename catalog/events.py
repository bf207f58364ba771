"""What can happen to a product. The Kafka key of these events is the product's id."""

from decimal import Decimal
from typing import Annotated

from django.utils.translation import gettext_lazy as _
from msgspec import Meta

from kafka_bridge.registry import Event, event_type, reasons

LOWEST_PRICE = Decimal("0.01")
HIGHEST_PRICE = Decimal("99999.99")

# At least one character that is no white space, and no control characters.
ONE_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
Type = Annotated[str, Meta(min_length=1, max_length=50, pattern=ONE_LINE)]
Version = Annotated[int, Meta(ge=1, le=2**31)]

reasons.update(
    {
        "product_exists": _("There is already a product with this id."),
        "product_unknown": _("There is no such product."),
        "product_withdrawn": _("This product is no longer sold."),
        "product_stale": _(
            "Somebody changed this product while you were editing it. "
            "Look at what stands there now and make your change again."
        ),
    }
)


def check_price(price: Decimal) -> None:
    """Raise `ValueError` unless the price has two decimals and lies in the allowed range."""
    if price.as_tuple().exponent != -2 or not LOWEST_PRICE <= price <= HIGHEST_PRICE:
        raise ValueError(f"price is not from {LOWEST_PRICE} to {HIGHEST_PRICE} with two decimals")


@event_type("shop.product.added.v1")
class ProductAdded(Event, frozen=True):
    """An operator put a new product on sale. `price` is in the shop's currency."""

    name: Name
    type: Type
    price: Decimal

    def __post_init__(self) -> None:
        check_price(self.price)


@event_type("shop.product.changed.v1")
class ProductChanged(Event, frozen=True):
    """An operator changed a product. `version` is the one that the operator saw."""

    name: Name
    type: Type
    price: Decimal
    version: Version

    def __post_init__(self) -> None:
        check_price(self.price)


@event_type("shop.product.withdrawn.v1")
class ProductWithdrawn(Event, frozen=True):
    """An operator took a product off sale, for good."""
