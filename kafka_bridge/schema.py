"""The events as others have to know them: a JSON Schema (2020-12) for each type and version."""

from inspect import cleandoc
from itertools import chain
from typing import Any

import msgspec

from kafka_bridge.registry import Event, EventType

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SAYS_NOTHING = {"title", "description", "examples", "x-personal"}  # to who validates
ADVICE = "make a v2 and an upcaster"

Schema = dict[str, Any]


def of(known: EventType) -> Schema:
    """Return the schema of an event type's value, the message's data.

    Unknown fields are allowed: readers ignore them. `x-personal` marks what tells of a person.
    Raises `ValueError` for a type with structs in it: events are flat.
    """
    _, parts = msgspec.json.schema_components([known.struct])
    schema: Schema
    (schema,) = parts.values()
    schema["title"] = known.name
    schema["description"] = cleandoc(schema["description"])
    for name in known.struct.personal & schema["properties"].keys():
        schema["properties"][name]["x-personal"] = True
    return schema


def summary(struct: type[Event]) -> str:
    """Return the first sentence of what an event type says of itself."""
    return cleandoc(struct.__doc__ or "").partition("\n")[0].partition(". ")[0].rstrip(".") + "."


def example(schema: Schema) -> Schema:
    """Return data that fit the schema: of each field its first example, or else its default."""
    return {name: _first(field) for name, field in schema["properties"].items()}


def _first(field: Schema) -> Any:
    return field["examples"][0] if "examples" in field else field["default"]


def breaks(released: Schema, now: Schema) -> list[str]:
    """Return what in a schema would break who relies on the released one, in words.

    Only a new field that may be missing breaks nobody. A wider type or a longer text is a break
    too: it surprises who reads with the released schema.
    """
    before, after = released["properties"], now["properties"]
    gone = [f"{name} was removed" for name in before if name not in after]
    stayed = [name for name in before if name in after]
    retyped = [
        f"{name} was retyped" for name in stayed if _rule(before[name]) != _rule(after[name])
    ]
    required, demanded = set(released.get("required", ())), set(now.get("required", ()))
    new = [f"{name} is required now" for name in sorted(demanded - required)]
    freed = [f"{n} is no longer required" for n in stayed if n in required - demanded]
    found = chain(gone, retyped, new, freed)
    return [f"{now['title']}: {what}: {ADVICE}" for what in found]


def _rule(node: Any) -> Any:
    """Return what of a schema decides whether a value fits."""
    if isinstance(node, list):
        return [_rule(inner) for inner in node]
    if isinstance(node, dict):
        return {name: _rule(told) for name, told in node.items() if name not in SAYS_NOTHING}
    return node
