"""Records of the log as lines of text, for people and for machines.

Lines end up in terminals, files and tickets, so fields that an event type calls personal are
masked, and so is all of a message that cannot be decoded: who knows what is in it.
"""

from typing import Any

import msgspec
from django.utils import timezone

from kafka_bridge import registry
from kafka_bridge.batch import Item
from kafka_bridge.envelope import Envelope, rfc3339

MASK = "***"
LONGEST = 160  # characters of the data in a line for people


def for_people(item: Item, *, masked: bool) -> str:
    """Return a record as time, partition/offset, event type, key and data, in columns."""
    record, event = item.record, item.event
    when = timezone.localtime(event.time if event else record.published_at)
    place = f"{record.partition}/{record.offset}"
    width = max(map(len, registry.event_types))
    kind = event.type if event else "undecodable"
    told = _told(event, masked) if event else _foreign(item, masked)
    return f"{when:%Y-%m-%d %H:%M:%S}  {place:>8}  {kind:<{width}}  {_printable(told)}"


def _told(event: Envelope[registry.Event], masked: bool) -> str:
    data = _data(event.data, masked).items()
    fields = [f"{name}={value if value == MASK else _json(value)}" for name, value in data]
    return _cut(" ".join([event.subject, *fields]))


def _foreign(item: Item, masked: bool) -> str:
    record = item.record
    size = len(record.value or b"")
    raw = "" if masked else f" key={record.key!r} value={_cut(repr(record.value))}"
    return f"{item.error} ({size} bytes){raw}"


def as_json(item: Item, *, masked: bool) -> str:
    """Return a record as a JSON object: its place, and the CloudEvents attributes or `error`."""
    record, event = item.record, item.event
    told: dict[str, Any] = {
        "partition": record.partition,
        "offset": record.offset,
        "published_at": rfc3339(record.published_at),
    }
    if event is None:
        told |= {"error": item.error, "bytes": len(record.value or b"")}
        told |= {} if masked else {"key": _text(record.key), "value": _text(record.value)}
    else:
        told |= {"id": event.id, "source": event.source, "type": event.type}
        told |= {"time": rfc3339(event.time), "subject": event.subject}
        told["data"] = _data(event.data, masked)
    return _json(told)


def _data(data: registry.Event, masked: bool) -> dict[str, Any]:
    hidden = data.personal if masked else ()
    fields: dict[str, Any] = msgspec.to_builtins(data)
    return {name: MASK if name in hidden else value for name, value in fields.items()}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="backslashreplace")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _printable(text: str) -> str:
    """Escape what would move the cursor or turn the text round."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
