"""What each event changes about customers and purchases. Handlers are pure: no server is needed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast, get_type_hints

import pytest
from bson import Decimal128

from catalog.models import Product, ProductDocument
from catalog.naming import search_prefixes
from customers import projection
from customers.events import (
    CustomerChanged,
    CustomerEmailGiven,
    CustomerImported,
    CustomerRegistered,
    ProductBought,
)
from customers.identity import customer_id
from customers.models import Customer, CustomerDocument, Purchase, PurchaseDocument
from kafka_bridge import registry
from kafka_bridge.envelope import Envelope
from kafka_bridge.registry import Event, Rejection

THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW = THEN + timedelta(days=1)
EMAIL = " Ola@Example.com"
OLAS_ID = customer_id(EMAIL)
OLA: CustomerDocument = {
    "_id": OLAS_ID,
    "first_name": "Ola",
    "last_name": "Żak",
    "street": "Długa 1",
    "postcode": "00-001",
    "city": "Łódź",
    "email": "ola@example.com",
    "password": "!old",
    "search": ["00", "001", "lo", "lod", "lodz", "ol", "ola", "za", "zak"],
    "version": 1,
    "registered_at": THEN,
    "changed_at": THEN,
}
MILK: ProductDocument = {
    "_id": "milk",
    "name": "Mleko",
    "name_key": "mleko",
    "search": ["mleko"],
    "type": "nabiał",
    "description": "",
    "unit": "",
    "price": Decimal128("4.90"),
    "version": 3,
    "withdrawn": False,
    "added_at": THEN,
    "changed_at": THEN,
}
REGISTERED = CustomerRegistered("Ola", "Żak", "Długa 1", "00-001", "Łódź", EMAIL, "!old")
MOVED = CustomerChanged("Aleksandra", "Wilk", "Krótka 2", "30-002", "Kraków", 1)
ANNA = CustomerImported("Anna", "Żak", "ul. Długa 1\n90-001 Łódź")
BOUGHT = ProductBought("c1", 3, Decimal("4.90"), "o-1")


def event(data: Event, subject: str, time: datetime = NOW) -> Envelope[Any]:
    """An event of that key."""
    return Envelope(data, subject, "e-1", "/tests", time)


def test_each_event_has_its_handler_and_reads_the_document_of_its_key() -> None:
    assert registry.registrations[CustomerRegistered] == (projection.register, Customer)
    assert registry.registrations[CustomerChanged] == (projection.change, Customer)
    assert registry.registrations[ProductBought] == (projection.buy, Product)


def test_a_customer_registers() -> None:
    assert projection.register(event(REGISTERED, OLAS_ID, THEN), None) == [(Customer, OLA)]


def test_a_customer_moves() -> None:
    [(model, changed)] = cast(Any, projection.change(event(MOVED, OLAS_ID), OLA))
    assert model is Customer
    assert changed == {
        **OLA,
        "first_name": "Aleksandra",
        "last_name": "Wilk",
        "street": "Krótka 2",
        "postcode": "30-002",
        "city": "Kraków",
        "search": search_prefixes("Aleksandra Wilk 30-002 Kraków"),
        "version": 2,
        "changed_at": NOW,
    }


def test_a_customer_changes_the_password() -> None:
    data = CustomerChanged("Ola", "Żak", "Długa 1", "00-001", "Łódź", 1, "!new")
    [(_, changed)] = cast(Any, projection.change(event(data, OLAS_ID), OLA))
    assert changed == {**OLA, "password": "!new", "version": 2, "changed_at": NOW}


def imported(data: Event) -> Envelope[Any]:
    """An event of an imported customer."""
    return event(data, "legacy:anna")


def anna(**changed: Any) -> CustomerDocument:
    """A customer who was imported."""
    [(_, document)] = cast(Any, projection.take_over(imported(ANNA), None))
    return cast(CustomerDocument, {**document, **changed})


def test_an_imported_customer_is_given_an_address() -> None:
    given = CustomerEmailGiven(" Anna@Example.com", 1)
    [(model, changed)] = cast(Any, projection.give_email(imported(given), anna()))
    assert model is Customer
    assert changed == anna(email="anna@example.com", version=2, changed_at=NOW)


@pytest.mark.parametrize(
    ("subject", "found", "reason"),
    [
        ("legacy:anna", None, "customer_unknown"),
        ("legacy:anna", anna(version=2), "customer_stale"),
        (OLAS_ID, OLA, "not_imported"),
    ],
)
def test_an_address_that_cannot_be_given(
    subject: str, found: CustomerDocument | None, reason: str
) -> None:
    given = event(CustomerEmailGiven("anna@example.com", 1), subject)
    assert projection.give_email(given, found) == Rejection(reason)
    assert str(registry.reasons[reason])


def test_who_is_imported_again_keeps_the_address_that_was_given() -> None:
    moved = CustomerImported("Anna", "Żak", "ul. Krótka 2\n30-002 Kraków")
    before = anna(email="anna@example.com", version=2)
    [(_, changed)] = cast(Any, projection.take_over(imported(moved), before))
    assert (changed["email"], changed["version"]) == ("anna@example.com", 3)
    assert changed["street"] == "ul. Krótka 2, 30-002 Kraków"


def test_who_has_set_a_password_is_not_imported_any_more() -> None:
    settled = anna(email="anna@example.com", password="md5$salt$hash")
    assert projection.take_over(imported(ANNA), settled) == Rejection("customer_took_over")
    assert str(registry.reasons["customer_took_over"])


def test_a_purchase_keeps_the_product_as_it_was() -> None:
    purchase: PurchaseDocument = {
        "_id": "e-1",
        "customer_id": "c1",
        "product_id": "milk",
        "order_id": "o-1",
        "name": "Mleko",
        "type": "nabiał",
        "price": Decimal128("4.90"),
        "quantity": 3,
        "value": Decimal128("14.70"),
        "bought_at": NOW,
    }
    assert projection.buy(event(BOUGHT, "milk"), MILK) == [(Purchase, purchase)]


@pytest.mark.parametrize(
    ("price", "quantity", "value"),
    [
        ("0.01", 1, "0.01"),
        ("99999.99", 1000, "99999990.00"),
        ("0.10", 3, "0.30"),
    ],
)
def test_a_value_is_exact(price: str, quantity: int, value: str) -> None:
    sold: ProductDocument = {**MILK, "price": Decimal128(price)}
    bought = event(ProductBought("c1", quantity, Decimal(price)), "milk")
    [(_, purchase)] = cast(Any, projection.buy(bought, sold))
    assert purchase["value"] == Decimal128(value)


@pytest.mark.parametrize(
    ("handler", "data", "subject", "found", "rejection"),
    [
        (projection.register, REGISTERED, OLAS_ID, OLA, Rejection("already_registered")),
        (projection.register, REGISTERED, "x", None, Rejection("foreign_key")),
        (projection.register, REGISTERED, "x", OLA, Rejection("foreign_key")),
        (projection.change, MOVED, OLAS_ID, None, Rejection("customer_unknown")),
        (projection.change, MOVED, OLAS_ID, {**OLA, "version": 2}, Rejection("customer_stale")),
        (projection.buy, BOUGHT, "milk", None, Rejection("product_unknown")),
        (
            projection.buy,
            BOUGHT,
            "milk",
            {**MILK, "withdrawn": True},
            Rejection("product_withdrawn"),
        ),
        (
            projection.buy,
            BOUGHT,
            "milk",
            {**MILK, "price": Decimal128("4.91")},
            Rejection("price_changed", {"price": "4.91"}),
        ),
    ],
)
def test_what_cannot_be_is_rejected(
    handler: registry.Handler, data: Event, subject: str, found: Any, rejection: Rejection
) -> None:
    assert handler(event(data, subject), found) == rejection
    assert str(registry.reasons[rejection.reason]) % rejection.detail


def test_handlers_leave_the_document_that_they_read_as_it_was() -> None:
    customer, product = OLA.copy(), MILK.copy()
    projection.change(event(MOVED, OLAS_ID), customer)
    projection.buy(event(BOUGHT, "milk"), product)
    assert (customer, product) == (OLA, MILK)


@pytest.mark.parametrize(
    ("model", "document", "outcome"),
    [
        (
            Customer,
            CustomerDocument,
            projection.register(event(REGISTERED, OLAS_ID), None),
        ),
        (Purchase, PurchaseDocument, projection.buy(event(BOUGHT, "milk"), MILK)),
    ],
)
def test_document_type_and_model_have_the_same_fields(
    model: Any, document: type, outcome: Any
) -> None:
    columns = {field.column for field in model._meta.concrete_fields}
    assert set(get_type_hints(document)) == columns
    assert set(outcome[0].document) == columns
