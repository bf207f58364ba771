"""What was written once is read for ever."""

from typing import cast

import msgspec
import pytest

from kafka_bridge import registry
from kafka_bridge.envelope import Headers, decode, encode
from tests import golden

STORED = golden.stored_names()


def read(name: str) -> registry.Event:
    """Decode a stored message."""
    key, value, headers = golden.load(name)
    return decode(key, value, cast(Headers, headers)).data


def test_each_type_and_version_has_a_stored_message() -> None:
    missing = registry.event_types.keys() - set(STORED)
    assert not missing, "store one: python -m tests.golden"


@pytest.mark.parametrize("name", STORED)
def test_a_stored_message_is_an_event_of_its_type(name: str) -> None:
    message = golden.load(name)
    assert dict(message.headers)["ce_type"] == name.encode()
    assert name in registry.event_types, "the log has such events for ever"


@pytest.mark.parametrize("name", STORED)
def test_todays_code_reads_a_stored_message_in_the_newest_version(name: str) -> None:
    event = read(name)
    assert registry.name_of(type(event)) in registry.current_types()
    written = msgspec.json.decode(golden.load(name).value)
    kept = {field: told for field, told in msgspec.to_builtins(event).items() if field in written}
    assert kept == {field: written[field] for field in kept}


@pytest.mark.parametrize("name", registry.current_types())
def test_what_is_read_of_a_stored_message_is_written_as_it_was(name: str) -> None:
    """So neither names, order nor form of what we write have changed."""
    key, value, headers = golden.load(name)
    event = decode(key, value, cast(Headers, headers))
    again = encode(event)
    assert (again.key, again.value) == (key, value)
    assert dict(again.headers) == dict(headers)


def test_the_first_version_of_a_change_says_nothing_of_description_and_unit() -> None:
    event = msgspec.to_builtins(read("shop.product.changed.v1"))
    assert event == {"name": "Mleko 3,2%", "type": "nabiał", "price": "4.90", "version": 1}


def test_the_first_version_of_an_added_product_means_what_it_meant() -> None:
    event = msgspec.to_builtins(read("shop.product.added.v1"))
    assert event == {
        "name": "Mleko 3,2%",
        "type": "nabiał",
        "price": "4.90",
        "description": "",
        "unit": "",
    }
