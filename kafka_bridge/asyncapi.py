"""The topic as others have to know it: one AsyncAPI 3.0 document."""

from typing import Any

from kafka_bridge import registry, schema, topics
from kafka_bridge.envelope import CONTENT, LONGEST_ATTRIBUTE
from kafka_bridge.registry import Event, EventType

BINDING = "0.5.0"  # version of the AsyncAPI Kafka binding
TOPIC = "shop.events"
CHANNEL = "events"
MEDIA_TYPE = "application/json"
EXAMPLE_ID = "0f3c2b1a-6d5e-4f70-8192-a3b4c5d6e7f8"
EXAMPLE_TIME = "2026-02-03T04:05:06.000789Z"

Node = dict[str, Any]


def document() -> Node:
    """Return the document, with nothing in it that differs from one installation to another."""
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": MEDIA_TYPE,
        "channels": {CHANNEL: _channel()},
        "operations": {
            "publish": _operation("send", "The shop publishes what happens in it."),
            "apply": _operation("receive", "The shop applies what anybody published."),
        },
        "components": {
            "messages": {name: _message(known) for name, known in _types()},
            "schemas": {name: schema.of(known) for name, known in _types()},
        },
    }


def _types() -> list[tuple[str, EventType]]:
    return sorted(registry.event_types.items())


def _info() -> Node:
    return {
        "title": "Event shop",
        "version": "1.0.0",
        "description": (
            "Everything that happens in the shop, as CloudEvents 1.0 in the binary mode of their "
            "Kafka protocol binding. README.md beside this document has the rules that no schema "
            "can say."
        ),
        "license": {"name": "MIT"},
    }


def _channel() -> Node:
    configuration = {"cleanup.policy": ["delete"], "retention.ms": -1}
    return {
        "address": TOPIC,
        "description": (
            "The log. Events of one key keep their order, and nothing is ever deleted. "
            "Each installation may name it otherwise."
        ),
        "messages": {name: _ref("components/messages", name) for name, _ in _types()},
        "bindings": {
            "kafka": {
                "partitions": topics.PARTITIONS,
                "topicConfiguration": configuration,
                "bindingVersion": BINDING,
            }
        },
    }


def _ref(where: str, name: str) -> Node:
    return {"$ref": f"#/{where}/{name}"}


def _operation(action: str, said: str) -> Node:
    group = {"type": "string", "description": "The setting KAFKA_GROUP.", "default": "shop"}
    binding = {"bindingVersion": BINDING} | ({"groupId": group} if action == "receive" else {})
    return {
        "action": action,
        "channel": _ref("channels", CHANNEL),
        "summary": said,
        "messages": [_ref(f"channels/{CHANNEL}/messages", name) for name, _ in _types()],
        "bindings": {"kafka": binding},
    }


def _message(known: EventType) -> Node:
    described = schema.of(known)
    return {
        "name": known.name,
        "title": known.struct.__name__,
        "summary": schema.summary(known.struct),
        "description": described["description"] + _fate(known.struct),
        "contentType": MEDIA_TYPE,
        "headers": headers(known),
        "payload": _ref("components/schemas", known.name),
        "bindings": {"kafka": {"key": key_of(known.struct), "bindingVersion": BINDING}},
        "examples": [
            {
                "name": known.struct.__name__,
                "headers": example_headers(known),
                "payload": schema.example(described),
            }
        ],
    }


def _fate(struct: type[Event]) -> str:
    old = struct in registry.upcasters
    return "\n\nAn old version: still read, no longer written." if old else ""


def key_of(struct: type[Event]) -> Node:
    """Return the schema of the Kafka key."""
    return _text(f"The event's subject: {struct.key}.", examples=[struct.key_example])


def headers(known: EventType) -> Node:
    """Return the schema of the headers that the shop reads; others are allowed, and ignored."""
    media_type = {"description": "Taken for granted if missing.", "examples": [MEDIA_TYPE]}
    fields = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_type": {"type": "string", "const": known.name},
        "ce_id": _text("Given once to each event: a second one with this id changes nothing."),
        "ce_source": _text("Who says so."),
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "maxLength": LONGEST_ATTRIBUTE,
            "description": "When it happened, by the source's clock: RFC 3339 with a time zone.",
        },
        "ce_subject": _text("The same as the key."),
        CONTENT: {"type": "string", **media_type},
    }
    optional = {"ce_subject", CONTENT}
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required}


def _text(said: str, **more: Any) -> Node:
    limits = {"minLength": 1, "maxLength": LONGEST_ATTRIBUTE}
    return {"type": "string", **limits, "description": said, **more}


def example_headers(known: EventType) -> dict[str, str]:
    """Return headers that fit."""
    return {
        "ce_specversion": "1.0",
        "ce_type": known.name,
        "ce_id": EXAMPLE_ID,
        "ce_source": "/shop",
        "ce_time": EXAMPLE_TIME,
        "ce_subject": known.struct.key_example,
        CONTENT: MEDIA_TYPE,
    }
