"""What a visitor means to buy: lines in their session, which are nobody else's.

A line has the id of its purchase's event from the moment it is put in, and keeps it until it is
decided: so it is bought once, in whatever tab it is sent, and however often.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple, TypedDict

from django.http import HttpRequest

from catalog.models import Product
from customers.events import MOST_AT_ONCE
from kafka_bridge.envelope import new_event_id

BASKET = "basket"  # in the session: what is kept of each line, by product id
MOST_LINES = 50


class Full(Exception):
    """The basket has as many lines as it holds."""


class TooMany(Exception):
    """That many pieces of one product cannot be bought at once."""


class Kept(TypedDict):
    """A line in the session. `price` is the one that was seen, `form` the last that added to it."""

    event: str
    quantity: int
    price: str
    form: str


class Line(NamedTuple):
    """A line with its product as it stands now, or None if the shop no longer knows it."""

    product_id: str
    event_id: str
    quantity: int
    seen: Decimal
    product: Product | None

    @property
    def on_sale(self) -> bool:
        """Whether it can be bought at all."""
        return self.product is not None and not self.product.withdrawn

    @property
    def value(self) -> Decimal:
        """What it costs now; nothing if it is not on sale."""
        return self.product.price * self.quantity if self.product and self.on_sale else Decimal(0)

    @property
    def repriced(self) -> bool:
        """Whether it has another price now than when it was put in."""
        return self.on_sale and self.product is not None and self.product.price != self.seen


def lines(request: HttpRequest) -> list[Line]:
    """Return the lines in the order in which they were put in."""
    kept = _kept(request)
    products = Product.objects.in_bulk(kept) if kept else {}
    return [
        Line(key, one["event"], one["quantity"], Decimal(one["price"]), products.get(key))
        for key, one in kept.items()
    ]


def is_empty(request: HttpRequest) -> bool:
    """Return whether nothing is in the basket."""
    return not _kept(request)


def put(request: HttpRequest, product_id: str, quantity: int, price: Decimal, form: str) -> None:
    """Add pieces at the price that was seen. Raises `Full` or `TooMany`.

    The same form adds once, however often it is sent.
    """
    kept = _kept(request)
    line = kept.get(product_id)
    if line and line["form"] == form:
        return
    if line is None and len(kept) >= MOST_LINES:
        raise Full
    together = quantity + (line["quantity"] if line else 0)
    if together > MOST_AT_ONCE:
        raise TooMany
    event = line["event"] if line else new_event_id()
    changed: Kept = {"event": event, "quantity": together, "price": str(price), "form": form}
    request.session[BASKET] = {**kept, product_id: changed}


def put_back(request: HttpRequest, product_id: str, quantity: int, price: str) -> None:
    """Put back what was refused, to be bought by another event; a newer wish for it stands."""
    refused: Kept = {"event": new_event_id(), "quantity": quantity, "price": price, "form": ""}
    request.session[BASKET] = {product_id: refused} | _kept(request)


def change(request: HttpRequest, quantities: Mapping[str, int]) -> None:
    """Set the quantities of products that are in the basket."""
    kept = _kept(request)
    for product_id, quantity in quantities.items():
        kept[product_id]["quantity"] = quantity
    request.session[BASKET] = kept


def drop(request: HttpRequest, product_id: str) -> None:
    """Take a product out of the basket."""
    request.session[BASKET] = {k: one for k, one in _kept(request).items() if k != product_id}


def drop_sent(request: HttpRequest, event_ids: Collection[str]) -> None:
    """Take out the lines with these event ids; a newer line of the same product has another."""
    kept = _kept(request)
    request.session[BASKET] = {k: o for k, o in kept.items() if o["event"] not in event_ids}


def _kept(request: HttpRequest) -> dict[str, Kept]:
    kept: dict[str, Kept] = request.session.get(BASKET, {})
    return kept
