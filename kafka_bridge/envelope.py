"""An event on the wire: CloudEvents 1.0, Kafka protocol binding, binary content mode.

The attributes travel as headers (`ce_id`, `ce_type`, ...), the value is the event's JSON, and the
message key is the subject: events of one key keep their order.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import uuid4

import msgspec

from kafka_bridge import registry

Headers = Sequence[tuple[str, bytes | None]]
EventT = TypeVar("EventT", bound=registry.Event)

SPEC_VERSION = b"1.0"
CONTENT = "content-type"
CONTENT_TYPE = b"application/json"
# Whatever other headers a message has (traces, extensions) are none of ours to judge.
READ = {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", CONTENT}
LONGEST_ATTRIBUTE = 128  # characters; ids are keys of documents and of partitions
# Every time zone can show what lies between: a page must not fail over a stranger's clock.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class Undecodable(Exception):
    """The message is no event of this shop; the text says why."""


class Message(NamedTuple):
    """What is handed to Kafka: the parts of one record."""

    key: bytes
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


class Envelope(msgspec.Struct, Generic[EventT], frozen=True):
    """One event with the CloudEvents attributes around it. `subject` is the Kafka key."""

    data: EventT
    subject: str
    id: str
    source: str
    time: datetime

    @property
    def type(self) -> str:
        """The CloudEvents type, such as `shop.product.added.v2`."""
        return registry.name_of(type(self.data))


def new_event_id() -> str:
    """Return an id that no other event has: a random UUID (RFC 9562, version 4)."""
    return str(uuid4())


def wrap(
    data: EventT, *, subject: str, source: str, event_id: str | None = None
) -> Envelope[EventT]:
    """Put an event that happens now into its envelope; without an id it gets a new one."""
    now = datetime.now(UTC)
    return Envelope(data, subject, event_id or new_event_id(), source, now)


def encode(envelope: Envelope[EventT]) -> Message:
    """Return the Kafka message of an event."""
    headers: list[tuple[str, str | bytes | None]] = [
        ("ce_specversion", SPEC_VERSION),
        ("ce_id", envelope.id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_time", rfc3339(envelope.time).encode()),
        ("ce_subject", envelope.subject.encode()),
        (CONTENT, CONTENT_TYPE),
    ]
    return Message(envelope.subject.encode(), msgspec.json.encode(envelope.data), headers)


def rfc3339(moment: datetime) -> str:
    """Return a moment as RFC 3339 text in UTC, in microseconds unless it is a full second."""
    return msgspec.json.encode(moment.astimezone(UTC))[1:-1].decode()


def decode(
    key: bytes | None, value: bytes | None, headers: Headers | None
) -> Envelope[registry.Event]:
    """Return the event that a Kafka message carries, in the newest version of its type.

    Raises `Undecodable` if it is none of ours.
    """
    try:
        return _decode(key, value, headers)
    except UnicodeDecodeError as error:
        raise Undecodable("the key, the value or a header is not UTF-8") from error
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Undecodable(f"the JSON does not fit the event type: {error}") from error
    except RecursionError:
        raise Undecodable("the JSON is nested too deeply") from None


def _decode(
    key: bytes | None, value: bytes | None, headers: Headers | None
) -> Envelope[registry.Event]:
    attributes = _attributes(headers or ())
    if key is None or value is None:
        raise Undecodable("the message has no key" if key is None else "the message has no value")
    subject = key.decode()
    if attributes.get("ce_subject", subject) != subject:
        raise Undecodable("ce_subject is not the message key")
    event_id = _text(attributes, "ce_id")
    source = _text(attributes, "ce_source")
    if not 0 < len(subject) <= LONGEST_ATTRIBUTE:
        raise Undecodable(f"the key is not of 1 to {LONGEST_ATTRIBUTE} characters")
    data = _event_type(attributes).decoder.decode(value)
    return Envelope(_newest(data), subject, event_id, source, _time(attributes))


def _newest(data: registry.Event) -> registry.Event:
    try:
        return registry.newest(data)
    except Exception as error:  # a fault of ours must not stop the consumer at this message
        raise Undecodable(f"cannot be upcast: {type(error).__name__}: {error}") from error


def _attributes(headers: Headers) -> dict[str, str]:
    ours = [header for header in headers if header[0] in READ]
    found = {name: value.decode() for name, value in ours if value is not None}
    if len(found) != len(ours):
        raise Undecodable("a CloudEvents header stands twice or has no value")
    if found.get("ce_specversion") != "1.0":
        raise Undecodable("no CloudEvents 1.0 message: header ce_specversion is not 1.0")
    # Media types know no case and may carry parameters, such as a charset (RFC 9110, 8.3.1).
    media_type = found.get(CONTENT, "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Undecodable("content-type is not application/json")
    return found


def _text(attributes: dict[str, str], name: str) -> str:
    found = attributes.get(name, "")
    if not 0 < len(found) <= LONGEST_ATTRIBUTE:
        raise Undecodable(f"header {name} is not of 1 to {LONGEST_ATTRIBUTE} characters")
    return found


def _event_type(attributes: dict[str, str]) -> registry.EventType:
    name = _text(attributes, "ce_type")
    try:
        return registry.event_types[name]
    except KeyError:
        raise Undecodable(f"unknown event type {name}") from None


def _time(attributes: dict[str, str]) -> datetime:
    try:
        moment = msgspec.convert(_text(attributes, "ce_time"), datetime)
    except msgspec.ValidationError:
        raise Undecodable("header ce_time is not an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise Undecodable("header ce_time has no time zone")
    if not EARLIEST <= moment < LATEST:
        raise Undecodable(f"header ce_time is not from {EARLIEST:%Y} to {LATEST.year - 1}")
    return moment.astimezone(UTC)
