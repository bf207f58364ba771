"""What a message of the older shop means here, and what ours are called there.

Its ids are free strings: a plain one is kept behind `legacy:`, any other is hashed. Its prices are
binary floats: each is taken as its shortest decimal text, rounded to two decimals, half up.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from hashlib import sha256
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from catalog.events import (
    IMPORTED,
    LOWEST_PRICE,
    ProductAdded,
    ProductChanged,
    ProductImported,
)
from customers.events import (
    CustomerChanged,
    CustomerImported,
    CustomerRegistered,
    ProductBought,
    PurchaseImported,
)
from kafka_bridge.envelope import Envelope
from kafka_bridge.registry import Event

PLAIN = re.compile(r"[A-Za-z0-9._-]{1,100}")
Id = Annotated[str, Meta(min_length=1, max_length=10_000)]
KIND = "event_type"


class NewCustomer(msgspec.Struct, tag_field=KIND, tag="new_customer"):
    """Somebody is a customer there."""

    id: Id
    first_name: str
    last_name: str
    address: str


class NewProduct(msgspec.Struct, tag_field=KIND, tag="new_product"):
    """Something is sold there, or is sold otherwise than before."""

    id: Id
    name: str
    type: str
    price: float


class Purchase(msgspec.Struct, tag_field=KIND, tag="customer_buys_product"):
    """A customer bought something there."""

    customer_id: Id
    product_id: Id
    quantity: int


_decoder = msgspec.json.Decoder(NewCustomer | NewProduct | Purchase)


class Unusable(Exception):
    """The message is none of the older shop's, or nothing that this one can hold."""


class Meaning(NamedTuple):
    """The event that a message becomes, and its key.

    It `brings` a product or customer, or `needs` some to have come before it.
    """

    event: Event
    key: str
    needs: frozenset[str] = frozenset()
    brings: frozenset[str] = frozenset()


def mapped(foreign: str) -> str:
    """Return the id that stands here for an id from there: always the same one."""
    if PLAIN.fullmatch(foreign):
        return IMPORTED + foreign
    return f"{IMPORTED}~{sha256(foreign.encode()).hexdigest()[:32]}"


def meaning(value: bytes | None) -> Meaning:
    """Return what a message means; raise `Unusable`."""
    try:
        message = _decoder.decode(value or b"")
        found = _meaning(message)
        # Decoding checks what making an event does not: lengths and characters.
        msgspec.json.decode(msgspec.json.encode(found.event), type=type(found.event))
    except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError) as error:
        raise Unusable(str(error)) from error
    return found


def _meaning(message: NewCustomer | NewProduct | Purchase) -> Meaning:
    if isinstance(message, NewCustomer):
        lines = (" ".join(line.split()) for line in message.address.splitlines())
        address = "\n".join(filter(None, lines))
        person = CustomerImported(message.first_name, message.last_name, address)
        return _bringing(person, mapped(message.id), "c")
    if isinstance(message, NewProduct):
        price = priced(message.price)
        product = ProductImported(message.name, message.type, price)
        return _bringing(product, mapped(message.id), "p")
    customer, key = mapped(message.customer_id), mapped(message.product_id)
    bought = PurchaseImported(customer, message.quantity, customer_came=True)
    return Meaning(bought, key, needs=frozenset({f"p/{key}", f"c/{customer}"}))


def _bringing(event: Event, key: str, kind: str) -> Meaning:
    return Meaning(event, key, brings=frozenset({f"{kind}/{key}"}))


def priced(price: float) -> Decimal:
    """Return a price as amounts are here; raise `ValueError` if it is none.

    The shortest text that gives this float is what was meant: 0.53, not 0.53000000000000002665.
    """
    try:
        return Decimal(repr(price)).quantize(LOWEST_PRICE, ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError("price has too many digits") from None


def told(event: Envelope[Any]) -> dict[str, Any] | None:
    """Return an event in the older shop's words, or None if it has none for it."""
    data, key = event.data, event.subject.removeprefix(IMPORTED)
    match data:
        case ProductAdded() | ProductChanged() | ProductImported():
            offered = {"name": data.name, "type": data.type, "price": float(data.price)}
            return {"id": key, **offered, KIND: "new_product"}
        case CustomerImported():
            return _person(key, data, data.address)
        case CustomerRegistered() | CustomerChanged():
            return _person(key, data, f"{data.street}\n{data.postcode} {data.city}")
        case ProductBought() | PurchaseImported():
            customer = data.customer_id.removeprefix(IMPORTED)
            bought = {"customer_id": customer, "product_id": key, "quantity": data.quantity}
            return {KIND: "customer_buys_product", **bought}
    return None


def _person(key: str, data: Any, address: str) -> dict[str, Any]:
    names = {"first_name": data.first_name, "last_name": data.last_name}
    return {"id": key, **names, "address": address, KIND: "new_customer"}
