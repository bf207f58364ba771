"""What a customer's events may hold."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.contrib.auth.hashers import make_password

from customers.events import CustomerChanged, CustomerRegistered, ProductBought
from kafka_bridge import registry

OLA = {
    "first_name": "Ola",
    "last_name": "Żak",
    "street": "Długa 1 m. 2",
    "postcode": "00-001",
    "city": "Łódź",
    "email": "ola@example.com",
    "password": "!",
}


def registered(**fields: Any) -> Any:
    """Decode a registration with some fields set otherwise."""
    decoder = registry.event_types["shop.customer.registered.v1"].decoder
    return decoder.decode(msgspec.json.encode({**OLA, **fields}))


def test_the_names_of_the_types_are_part_of_the_contract() -> None:
    structs = (CustomerRegistered, CustomerChanged, ProductBought)
    assert [registry.name_of(struct) for struct in structs] == [
        "shop.customer.registered.v1",
        "shop.customer.changed.v1",
        "shop.product.bought.v1",
    ]


@pytest.mark.parametrize("field", ["first_name", "last_name", "street", "postcode", "city"])
@pytest.mark.parametrize("text", ["", " ", "\u3000", "a\n", "a\rb", "a\x00", "ż" * 101, None])
def test_data_are_one_line_that_is_not_blank(field: str, text: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        registered(**{field: text})


@pytest.mark.parametrize(
    "email",
    ["", "ola", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a@\x00", "a" * 250 + "@b.pl", None],
)
def test_an_address_has_one_at_and_no_spaces(email: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match="email"):
        registered(email=email)


@pytest.mark.parametrize("email", ["a@b", "ola+sklep@example.com", "żółw@przykład.pl"])
def test_addresses_may_be_of_any_language(email: str) -> None:
    assert registered(email=email).email == email


@pytest.mark.parametrize("password", ["", "secret", "Tajne hasło!", "pbkdf2$a b", "!\n", None])
def test_no_password_can_travel_in_the_clear(password: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match="password"):
        registered(password=password)


@pytest.mark.parametrize(
    "made",
    [
        make_password("Tajne hasło!", hasher="pbkdf2_sha256"),
        make_password("Tajne hasło!", hasher="scrypt"),
        "argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ$aGFzaA+/x",
        "bcrypt_sha256$$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
        "!",
        "!Vn3cVbR0sYw2",
    ],
    ids=lambda made: str(made).partition("$")[0],
)
def test_every_hash_of_django_is_taken(made: str) -> None:
    assert registered(password=made).password == made


def test_a_change_without_a_password_keeps_the_old_one() -> None:
    decoder = registry.event_types["shop.customer.changed.v1"].decoder
    data = {name: OLA[name] for name in OLA if name not in ("email", "password")}
    changed: Any = decoder.decode(msgspec.json.encode({**data, "version": 1}))
    assert changed.password is None


@pytest.mark.parametrize("customer", ["", "c" * 129, None, 7])
def test_a_purchase_is_somebodys(customer: Any) -> None:
    decoder = registry.event_types["shop.product.bought.v1"].decoder
    with pytest.raises(msgspec.ValidationError, match="customer_id"):
        decoder.decode(
            msgspec.json.encode({"customer_id": customer, "quantity": 1, "price": "4.90"})
        )


def test_a_purchase_says_an_order_only_if_there_is_one() -> None:
    alone, in_order = ({"order_id": order} for order in ("", "o-1"))
    written = [
        msgspec.json.decode(msgspec.json.encode(ProductBought("c1", 1, Decimal("4.90"), **order)))
        for order in (alone, in_order)
    ]
    assert [data.get("order_id") for data in written] == [None, "o-1"]


@pytest.mark.parametrize("order", ["o" * 129, None, 7])
def test_an_order_is_a_short_text(order: Any) -> None:
    decoder = registry.event_types["shop.product.bought.v1"].decoder
    data = {"customer_id": "c1", "quantity": 1, "price": "4.90", "order_id": order}
    with pytest.raises(msgspec.ValidationError, match="order_id"):
        decoder.decode(msgspec.json.encode(data))


def test_no_purchase_at_an_impossible_price_can_be_made() -> None:
    with pytest.raises(ValueError, match="price"):
        ProductBought("c1", 1, Decimal("0.00"))
