"""What we write, the public CloudEvents SDK reads, and the other way round."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.kafka import KafkaMessage as OldMessage
from cloudevents.v1.kafka import from_binary as old_from_binary
from hypothesis import given
from hypothesis import strategies as st

from customers.events import ProductBought
from kafka_bridge import registry
from kafka_bridge.envelope import Envelope, Headers, Undecodable, decode, encode
from tests import strategies

BOUGHT = Envelope(
    ProductBought("c1", 3, Decimal("4.90")),
    "milk",
    "e-1",
    "/shop",
    datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC),
)
DATA = {"customer_id": "c1", "quantity": 3, "price": "4.90"}


def headers_of(event: Envelope[Any]) -> dict[str, bytes]:
    """The headers of an event as the SDK takes them."""
    return dict(cast(list[tuple[str, bytes]], encode(event).headers))


@pytest.mark.parametrize("struct", registry.event_types.values(), ids=lambda known: known.name)
@given(data=st.data())
def test_the_sdk_reads_every_event(struct: registry.EventType, data: st.DataObject) -> None:
    event = data.draw(strategies.envelopes(struct.struct))
    message = encode(event)
    read = kafka.from_binary_event(
        kafka.KafkaMessage(headers_of(event), message.key, message.value)
    )
    assert read.get_specversion() == "1.0"
    assert (read.get_id(), read.get_source()) == (event.id, event.source)
    assert (read.get_type(), read.get_subject()) == (struct.name, event.subject)
    assert read.get_time() == event.time
    assert read.get_datacontenttype() == "application/json"
    assert read.get_extension("partitionkey") == event.subject
    assert struct.decoder.decode(message.value) == event.data
    assert read.get_data() == json.loads(message.value)


def test_the_sdk_reads_the_data_of_an_event() -> None:
    message = encode(BOUGHT)
    read = kafka.from_binary_event(
        kafka.KafkaMessage(headers_of(BOUGHT), message.key, message.value)
    )
    assert read.get_data() == DATA


def test_the_sdks_older_interface_reads_an_event() -> None:
    message = encode(BOUGHT)
    read = old_from_binary(OldMessage(headers_of(BOUGHT), message.key, message.value))
    assert (read["id"], read["type"], read["subject"]) == ("e-1", BOUGHT.type, "milk")
    assert read["time"] == "2026-02-03T04:05:06.000789Z"
    assert read.get_data() == DATA


def written_by_the_sdk(**attributes: Any) -> kafka.KafkaMessage:
    """What the SDK sends for the event of `BOUGHT`."""
    own = {
        "id": BOUGHT.id,
        "source": BOUGHT.source,
        "type": BOUGHT.type,
        "time": BOUGHT.time,
        "subject": BOUGHT.subject,
        "datacontenttype": "application/json",
        "specversion": "1.0",
    }
    told = {name: value for name, value in {**own, **attributes}.items() if value is not None}
    return kafka.to_binary(CloudEvent(told, DATA), JSONFormat(), lambda _: b"milk")


def read_by_us(message: kafka.KafkaMessage) -> Envelope[Any]:
    """Decode what the SDK sends."""
    headers: Headers = list(message.headers.items())
    return decode(cast(bytes, message.key), message.value, headers)


def test_we_read_what_the_sdk_writes() -> None:
    assert read_by_us(written_by_the_sdk()) == BOUGHT


@pytest.mark.parametrize("missing", ["subject", "datacontenttype"])
def test_we_read_what_the_sdk_writes_without_what_is_optional(missing: str) -> None:
    assert read_by_us(written_by_the_sdk(**{missing: None})) == BOUGHT


def test_we_read_what_the_sdk_writes_with_extensions() -> None:
    assert read_by_us(written_by_the_sdk(partitionkey="milk", tenant="north")) == BOUGHT


def test_structured_mode_is_a_dead_letter_not_a_misunderstanding() -> None:
    event = CloudEvent({"id": "e-1", "source": "/shop", "type": BOUGHT.type}, DATA)
    message = kafka.to_structured_event(event, key_mapper=lambda _: b"milk")
    with pytest.raises(Undecodable, match="ce_specversion"):
        read_by_us(message)
