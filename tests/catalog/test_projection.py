"""What each event changes about a product. Handlers are pure, so no server is needed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast, get_type_hints

import pytest
from bson import Decimal128

from catalog import projection
from catalog.events import ProductAdded, ProductChanged, ProductImported, ProductWithdrawn
from catalog.models import Product, ProductDocument, stored
from kafka_bridge import registry
from kafka_bridge.envelope import Envelope
from kafka_bridge.registry import Event, Rejection

THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW = THEN + timedelta(days=1)
MILK: ProductDocument = {
    "_id": "milk",
    "name": "Mleko",
    "name_key": "mleko",
    "search": ["ml", "mle", "mlek", "mleko"],
    "type": "nabiał",
    "price": Decimal128("4.90"),
    "description": "",
    "unit": "",
    "version": 1,
    "withdrawn": False,
    "added_at": THEN,
    "changed_at": THEN,
}
GONE: ProductDocument = {**MILK, "withdrawn": True, "version": 2}
ADDED = ProductAdded("Mleko", "nabiał", Decimal("4.90"))
CHANGED = ProductChanged("Łosoś", "ryby", Decimal("59.00"), 1)


def event(data: Event, time: datetime = NOW) -> Envelope[Any]:
    """An event of the product `milk`."""
    return Envelope(data, "milk", "e-1", "/tests", time)


def test_each_event_has_its_handler_and_reads_the_product() -> None:
    handlers: dict[type[Event], registry.Handler] = {
        ProductAdded: projection.add,
        ProductChanged: projection.change,
        ProductWithdrawn: projection.withdraw,
    }
    for struct, handler in handlers.items():
        assert registry.registrations[struct] == (handler, Product)


def test_a_product_is_added() -> None:
    assert projection.add(event(ADDED, THEN), None) == [(Product, MILK)]


DESCRIBED: ProductDocument = {**MILK, "description": "Od krów\nz łąki.", "unit": "1 l"}


def test_a_product_is_added_with_what_is_said_of_it() -> None:
    data = ProductAdded("Mleko", "nabiał", Decimal("4.90"), "Od krów\nz łąki.", "1 l")
    assert projection.add(event(data, THEN), None) == [(Product, DESCRIBED)]


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ({}, ("Od krów\nz łąki.", "1 l")),
        ({"description": ""}, ("", "1 l")),
        ({"unit": ""}, ("Od krów\nz łąki.", "")),
        ({"description": "Świeże.", "unit": "0,5 l"}, ("Świeże.", "0,5 l")),
    ],
    ids=["unsaid", "description taken away", "unit taken away", "both said"],
)
def test_what_a_change_does_not_say_stays(said: dict[str, str], stands: tuple[str, str]) -> None:
    data = ProductChanged("Mleko", "nabiał", Decimal("4.90"), 1, **said)
    [(_, changed)] = cast(Any, projection.change(event(data), DESCRIBED))
    assert (changed["description"], changed["unit"]) == stands


def test_a_product_that_comes_from_elsewhere_again_keeps_what_was_said_of_it_here() -> None:
    data = ProductImported("Mleko 2%", "nabiał", Decimal("4.50"))
    again = Envelope(data, "legacy:milk", "e-1", "/tests", NOW)
    read: ProductDocument = {**DESCRIBED, "_id": "legacy:milk"}
    [(_, changed)] = cast(Any, projection.take_over(again, read))
    assert (changed["name"], changed["version"]) == ("Mleko 2%", 2)
    assert (changed["description"], changed["unit"]) == ("Od krów\nz łąki.", "1 l")


def test_a_product_is_changed() -> None:
    [(model, changed)] = cast(Any, projection.change(event(CHANGED), MILK))
    assert model is Product
    assert changed == {
        "_id": "milk",
        "name": "Łosoś",
        "name_key": "l~osos~",
        "search": ["lo", "los", "loso", "losos"],
        "type": "ryby",
        "price": Decimal128("59.00"),
        "description": "",
        "unit": "",
        "version": 2,
        "withdrawn": False,
        "added_at": THEN,
        "changed_at": NOW,
    }


def test_a_product_is_withdrawn() -> None:
    [(model, changed)] = cast(Any, projection.withdraw(event(ProductWithdrawn()), MILK))
    assert model is Product
    assert changed == {**MILK, "withdrawn": True, "version": 2, "changed_at": NOW}


@pytest.mark.parametrize(
    ("handler", "data", "product", "reason"),
    [
        (projection.add, ADDED, MILK, "product_exists"),
        (projection.add, ADDED, GONE, "product_exists"),
        (projection.change, CHANGED, None, "product_unknown"),
        (projection.change, CHANGED, GONE, "product_withdrawn"),
        (projection.change, CHANGED, {**MILK, "version": 2}, "product_stale"),
        (projection.withdraw, ProductWithdrawn(), None, "product_unknown"),
        (projection.withdraw, ProductWithdrawn(), GONE, "product_withdrawn"),
    ],
)
def test_what_cannot_be_is_rejected(
    handler: registry.Handler, data: Event, product: ProductDocument | None, reason: str
) -> None:
    assert handler(event(data), product) == Rejection(reason)
    assert str(registry.reasons[reason])


def test_handlers_leave_the_document_that_they_read_as_it_was() -> None:
    read = {**MILK, "search": [*MILK["search"]]}
    projection.change(event(CHANGED), cast(ProductDocument, read))
    projection.withdraw(event(ProductWithdrawn()), cast(ProductDocument, read))
    assert read == MILK


def test_an_amount_keeps_its_decimals_whatever_was_stored_before_it() -> None:
    for amount in ("4.9", "4.900", "4.90"):
        assert str(stored(Decimal(amount))) == amount


def test_document_type_and_model_have_the_same_fields() -> None:
    columns = {field.column for field in Product._meta.concrete_fields}
    assert set(get_type_hints(ProductDocument)) == columns
    [(_, added)] = cast(Any, projection.add(event(ADDED), None))
    assert set(added) == columns
