"""The wire format of an event, and what is not one."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.events import ProductAdded
from customers.events import ProductBought
from kafka_bridge import registry
from kafka_bridge.envelope import (
    LATEST,
    LONGEST_ATTRIBUTE,
    Envelope,
    Headers,
    Undecodable,
    decode,
    encode,
    wrap,
)
from tests import strategies

BOUGHT = Envelope(
    ProductBought("c1", 3, Decimal("4.90")),
    "milk",
    "e-1",
    "/shop",
    datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC),
)
VALUE = {"customer_id": "c1", "quantity": 3, "price": "4.90"}
HEADERS: dict[str, bytes | None] = {
    "ce_specversion": b"1.0",
    "ce_id": b"e-1",
    "ce_source": b"/shop",
    "ce_type": b"shop.product.bought.v1",
    "ce_time": b"2026-02-03T04:05:06.000789Z",
    "ce_subject": b"milk",
    "content-type": b"application/json",
}


def read(**headers: bytes | None) -> Envelope[Any]:
    """Decode the message of `BOUGHT` with some headers set otherwise; `_` stands for `-`."""
    changed = {name.replace("content_type", "content-type"): v for name, v in headers.items()}
    return decode(b"milk", json.dumps(VALUE).encode(), list({**HEADERS, **changed}.items()))


def read_value(**fields: Any) -> Envelope[Any]:
    """Decode the message of `BOUGHT` with some fields of its JSON set otherwise."""
    return decode(b"milk", json.dumps({**VALUE, **fields}).encode(), list(HEADERS.items()))


def sent(event: Envelope[Any]) -> tuple[bytes, bytes, Headers]:
    """Return the key, value and headers that a consumer sees of an event."""
    key, value, headers = encode(event)
    return key, value, cast(Headers, headers)


def test_the_wire_format_is_the_binary_mode_of_cloudevents() -> None:
    message = encode(BOUGHT)
    assert message.key == b"milk"
    assert json.loads(message.value) == VALUE
    assert message.headers == list(HEADERS.items())


def test_the_message_of_an_event_is_read_as_that_event() -> None:
    found = read()
    assert found == BOUGHT
    assert (found.type, found.time.tzinfo) == ("shop.product.bought.v1", UTC)


def test_a_wrapped_event_happens_now_and_has_an_id_of_its_own() -> None:
    before = datetime.now(UTC)
    first, second = (wrap(BOUGHT.data, subject="milk", source="/shop") for _ in range(2))
    assert before <= first.time <= second.time <= datetime.now(UTC)
    assert first.id != second.id
    assert wrap(BOUGHT.data, subject="milk", source="/shop", event_id="mine").id == "mine"


@pytest.mark.parametrize("struct", registry.event_types.values(), ids=lambda known: known.name)
@given(data=st.data())
def test_every_event_survives_the_wire(struct: registry.EventType, data: st.DataObject) -> None:
    event = data.draw(strategies.envelopes(struct.struct))
    meant = msgspec.structs.replace(event, data=registry.newest(event.data))
    assert decode(*sent(event)) == meant


@pytest.mark.parametrize(
    "content_type", [b"application/json; charset=utf-8", b"Application/JSON", b" application/json "]
)
def test_a_media_type_may_be_spelled_in_other_ways(content_type: bytes) -> None:
    assert read(content_type=content_type) == BOUGHT


@pytest.mark.parametrize("optional", ["ce_subject", "content-type"])
def test_optional_headers_may_be_missing(optional: str) -> None:
    headers = [(name, value) for name, value in HEADERS.items() if name != optional]
    assert decode(b"milk", json.dumps(VALUE).encode(), headers) == BOUGHT


def test_headers_of_others_are_none_of_our_business() -> None:
    others = [("trace", b"\xff"), ("trace", b"again"), ("empty", None), ("ce_extension", b"x")]
    headers = [*HEADERS.items(), *others]
    assert decode(b"milk", json.dumps(VALUE).encode(), headers) == BOUGHT


def test_fields_that_a_later_version_adds_are_ignored() -> None:
    assert read_value(colour="green") == BOUGHT


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"2026-02-03T05:05:06.000789+01:00", BOUGHT.time),
        (b"2026-02-03T04:05:06Z", BOUGHT.time.replace(microsecond=0)),
        (b"2026-02-03t04:05:06z", BOUGHT.time.replace(microsecond=0)),
        (b"2026-02-03T04:05:06.000789000Z", BOUGHT.time),
    ],
)
def test_times_are_understood_as_rfc_3339_has_them(written: bytes, meant: datetime) -> None:
    assert read(ce_time=written).time == meant


@pytest.mark.parametrize("name", ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"])
def test_required_headers_may_not_be_missing(name: str) -> None:
    headers = [header for header in HEADERS.items() if header[0] != name]
    with pytest.raises(Undecodable, match=name):
        decode(b"milk", json.dumps(VALUE).encode(), headers)


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_of_ours_may_stand_twice_or_be_null(name: str) -> None:
    with pytest.raises(Undecodable, match="twice or has no value"):
        decode(b"milk", b"{}", [*HEADERS.items(), (name, HEADERS[name])])
    with pytest.raises(Undecodable, match="twice or has no value"):
        read(**{name.replace("-", "_"): None})


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_utf_8(name: str) -> None:
    with pytest.raises(Undecodable, match="not UTF-8"):
        read(**{name.replace("-", "_"): b"\xff"})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ce_specversion": b"0.3"}, "ce_specversion is not 1.0"),
        ({"ce_specversion": b""}, "ce_specversion is not 1.0"),
        ({"ce_type": b"shop.product.stolen.v1"}, "unknown event type shop.product.stolen.v1"),
        ({"ce_type": b""}, "ce_type"),
        ({"ce_subject": b"bread"}, "ce_subject is not the message key"),
        ({"ce_id": b""}, "ce_id is not of 1 to 128"),
        ({"ce_id": b"x" * (LONGEST_ATTRIBUTE + 1)}, "ce_id is not of 1 to 128"),
        ({"ce_source": b"x" * (LONGEST_ATTRIBUTE + 1)}, "ce_source is not of 1 to 128"),
        ({"content_type": b"application/cloudevents+json"}, "content-type"),
        ({"content_type": b"text/plain"}, "content-type"),
        ({"ce_time": b"2026-02-03T04:05:06"}, "no time zone"),
        ({"ce_time": b"yesterday"}, "not an RFC 3339 time"),
        ({"ce_time": b"2026-02-30T04:05:06Z"}, "not an RFC 3339 time"),
        ({"ce_time": b"2026-02-03"}, "not an RFC 3339 time"),
        ({"ce_time": b"2026-W06-2T04:05:06Z"}, "not an RFC 3339 time"),
        ({"ce_time": b"20260203T040506Z"}, "not an RFC 3339 time"),
        ({"ce_time": b"2026-02-03T04:05:06+24:00"}, "not an RFC 3339 time"),
        ({"ce_time": b"1770091506"}, "not an RFC 3339 time"),
        ({"ce_time": b"0001-01-01T00:00:00+14:00"}, "not from 1970 to 9998"),
        ({"ce_time": b"1969-12-31T23:59:59Z"}, "not from 1970 to 9998"),
        ({"ce_time": b"9999-12-31T23:59:59-14:00"}, "not from 1970 to 9998"),
    ],
)
def test_headers_that_are_none_of_ours(changed: dict[str, bytes], said: str) -> None:
    with pytest.raises(Undecodable, match=said):
        read(**changed)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "no key"),
        (b"", "key"),
        (b"\xff", "not UTF-8"),
        (b"k" * (LONGEST_ATTRIBUTE + 1), "key is not of 1 to 128"),
    ],
)
def test_keys_that_are_none_of_ours(key: bytes | None, said: str) -> None:
    headers = [header for header in HEADERS.items() if header[0] != "ce_subject"]
    with pytest.raises(Undecodable, match=said):
        decode(key, json.dumps(VALUE).encode(), headers)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "no value"),
        (b"", "does not fit"),
        (b"\xff\xfe", "does not fit"),
        (b'{"customer_id": "\xff", "quantity": 3, "price": "4.90"}', "not UTF-8"),
        (b'{"customer_id": "\\ud800", "quantity": 3, "price": "4.90"}', "does not fit"),
        (b"[]", "Expected `object`"),
        (b"null", "Expected `object`"),
        (b"{}", "missing required field"),
        (b'{"quantity": 3', "does not fit"),
        (b'{"x":' * 100_000, "nested too deeply"),
        (b'{"customer_id":"c1","quantity":3,"price":NaN}', "does not fit"),
        (b'{"customer_id":"c1","quantity":1e400,"price":"4.90"}', "does not fit"),
        (b'{"customer_id":"c1","quantity":3,"price":"4.90"}{}', "does not fit"),
        (b"x" * 10_000_000, "does not fit"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_values_that_are_no_event(value: bytes | None, said: str) -> None:
    with pytest.raises(Undecodable, match=said):
        decode(b"milk", value, list(HEADERS.items()))


@pytest.mark.parametrize("quantity", [0, -1, 1001, 2**64, 10**400, 1.5, "3", None, True, [3]])
def test_quantities_are_whole_numbers_from_1_to_1000(quantity: Any) -> None:
    with pytest.raises(Undecodable, match="quantity"):
        read_value(quantity=quantity)


NO_PRICES = """
-4.90 0.00 100000.00 4.9 4.900 4 490e-2 4.9E0 .90 04.90 1_0.00 4,90 NaN sNaN Infinity ٤.٩٠ +4.90
"""


@pytest.mark.parametrize(
    "price",
    [4.90, 4, -4.9, True, None, ["4.90"], "", " 4.90", "4.90 ", "4.90\n", *NO_PRICES.split()],
)
def test_prices_are_decimal_strings(price: Any) -> None:
    with pytest.raises(Undecodable, match="price"):
        read_value(price=price)


@pytest.mark.parametrize("price", ["0.01", "0.10", "4.90", "10.00", "99999.99"])
def test_a_price_is_read_as_the_very_decimal(price: str) -> None:
    found = read_value(price=price).data.price
    assert isinstance(found, Decimal)
    assert str(found) == price


@given(st.none() | st.binary(), st.none() | st.binary(), st.none() | strategies.headers)
def test_any_bytes_are_an_event_or_undecodable(
    key: bytes | None, value: bytes | None, headers: Headers | None
) -> None:
    assert_decided(key, value, headers)


@given(st.sampled_from(list(HEADERS)), st.none() | st.binary() | st.text().map(str.encode))
def test_one_header_of_any_bytes_is_an_event_or_undecodable(name: str, value: bytes | None) -> None:
    assert_decided(b"milk", json.dumps(VALUE).encode(), list({**HEADERS, name: value}.items()))


@given(st.sampled_from(sorted(registry.event_types)), strategies.json_values)
def test_any_json_is_an_event_or_undecodable(name: str, value: Any) -> None:
    headers = list({**HEADERS, "ce_type": name.encode()}.items())
    assert_decided(b"milk", json.dumps(value).encode(), headers)


@given(st.sampled_from(sorted(VALUE)), strategies.json_values)
def test_one_field_of_any_json_is_an_event_or_undecodable(field: str, value: Any) -> None:
    assert_decided(b"milk", json.dumps({**VALUE, field: value}).encode(), list(HEADERS.items()))


def assert_decided(key: bytes | None, value: bytes | None, headers: Headers | None) -> None:
    """Decoding gives an event that can be sent again, or `Undecodable`; it never fails else."""
    try:
        found = decode(key, value, headers)
    except Undecodable:
        return
    assert decode(*sent(found)) == found


def test_a_time_just_before_the_latest_is_read() -> None:
    assert read(ce_time=b"9998-12-31T23:59:59.999999Z").time < LATEST


def test_the_schema_tells_that_a_price_is_a_string() -> None:
    schema = msgspec.json.schema(ProductAdded)
    price = schema["$defs"]["ProductAdded"]["properties"]["price"]
    assert price["type"] == "string"
    assert price["pattern"].startswith("^")
