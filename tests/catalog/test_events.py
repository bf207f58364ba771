"""What a product's events may hold."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given

from catalog.events import ProductAdded, ProductChanged, ProductWithdrawn
from kafka_bridge import registry
from tests import strategies

MILK = {"name": "Mleko 3,2%", "type": "nabiał", "price": "4.90"}


def added(**fields: Any) -> Any:
    """Decode a product's first event with some fields set otherwise."""
    decoder = registry.event_types["shop.product.added.v2"].decoder
    return decoder.decode(msgspec.json.encode({**MILK, **fields}))


def test_the_names_of_the_types_are_part_of_the_contract() -> None:
    names = [
        registry.name_of(struct) for struct in (ProductAdded, ProductChanged, ProductWithdrawn)
    ]
    assert names == [
        "shop.product.added.v2",
        "shop.product.changed.v2",
        "shop.product.withdrawn.v1",
    ]


@pytest.mark.parametrize("field", ["name", "type"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u00a0",
        "\t",
        "a\nb",
        "a\n",
        "\na",
        "a\x00",
        "a\x7f",
        "a\x85b",
        "a\u2028b",
        7,
        None,
    ],
)
def test_names_are_one_line_that_is_not_blank(field: str, text: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        added(**{field: text})


@pytest.mark.parametrize(("field", "longest"), [("name", 200), ("type", 50)])
def test_names_have_a_longest_length(field: str, longest: int) -> None:
    assert getattr(added(**{field: "ż" * longest}), field) == "ż" * longest
    with pytest.raises(msgspec.ValidationError, match=f"length <= {longest}"):
        added(**{field: "ż" * (longest + 1)})


@pytest.mark.parametrize("text", ["Mleko 🥛", "a", " a", "«Żubr»", "水", "e\u0301"])
def test_names_may_be_in_any_language(text: str) -> None:
    assert added(name=text).name == text


@pytest.mark.parametrize("description", ["", "a", "a\n\nb\n", "ż" * 2000])
def test_a_description_is_any_text(description: str) -> None:
    assert added(description=description).description == description


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("description", "a\x00"),
        ("description", "a\r\n"),
        ("description", "a\u2028"),
        ("description", "x" * 2001),
        ("description", None),
        ("unit", "a\n"),
        ("unit", "a\tb"),
        ("unit", "x" * 21),
        ("unit", 1),
    ],
)
def test_descriptions_and_units_have_no_control_characters(field: str, text: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        added(**{field: text})


def test_a_change_tells_what_it_does_not_say_from_what_it_takes_away() -> None:
    decoder = registry.event_types["shop.product.changed.v2"].decoder
    changed: Any = decoder.decode(msgspec.json.encode({**MILK, "version": 1, "unit": ""}))
    assert (changed.description, changed.unit) == (None, "")
    unsaid: Any = decoder.decode(msgspec.json.encode({**MILK, "version": 1, "unit": None}))
    assert (unsaid.description, unsaid.unit) == (None, None)


@pytest.mark.parametrize("price", ["0.00", "-0.01", "100000.00", "4.9", "4.900", "NaN", "Infinity"])
def test_no_event_with_another_price_can_be_made(price: str) -> None:
    with pytest.raises(ValueError, match="price"):
        ProductAdded("Mleko", "nabiał", Decimal(price))
    with pytest.raises(ValueError, match="price"):
        ProductChanged("Mleko", "nabiał", Decimal(price), 1)


def test_a_float_is_no_price() -> None:
    with pytest.raises(ValueError, match="price"):
        ProductAdded("Mleko", "nabiał", 4.9)  # type: ignore[arg-type]


@given(strategies.prices)
def test_a_price_is_written_with_two_decimals(price: Decimal) -> None:
    written = msgspec.json.decode(msgspec.json.encode(ProductAdded("Mleko", "nabiał", price)))
    assert written["price"] == f"{price:.2f}"


@pytest.mark.parametrize("version", [0, -1, 2**31 + 1, 2**64, "1", 1.5, None])
def test_versions_count_from_one(version: Any) -> None:
    decoder = registry.event_types["shop.product.changed.v2"].decoder
    with pytest.raises(msgspec.ValidationError, match="version"):
        decoder.decode(msgspec.json.encode({**MILK, "version": version}))


@pytest.mark.parametrize("struct", [ProductAdded, ProductChanged])
def test_the_schema_tells_that_a_price_is_a_string(struct: type[registry.Event]) -> None:
    schema = msgspec.json.schema(struct)["$defs"][struct.__name__]["properties"]
    assert schema["price"]["type"] == "string"
    assert schema["price"]["pattern"].startswith("^")
