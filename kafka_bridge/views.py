"""The event contract as a page, for people who write or read events with programs of their own.

It is in English in every language of the shop, as is the contract itself.
"""

import json
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from kafka_bridge import asyncapi, contract, registry, schema
from kafka_bridge.registry import EventType


class Field(NamedTuple):
    """A field of an event or a header, in words."""

    name: str
    holds: str
    pattern: str
    required: bool
    personal: bool
    said: str


class Described(NamedTuple):
    """An event type as the page shows it; `old` says that it is read and no longer written."""

    name: str
    old: bool
    paragraphs: list[SafeString]
    key: str
    fields: list[Field]
    headers: str
    example: str


@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Show the contract about all event types."""
    described = [_described(known) for known in registry.event_types.values()]
    context = {
        "types": sorted(described, key=lambda one: (one.old, one.name)),
        "headers": _headers(),
        "topic": asyncapi.TOPIC,
    }
    return render(request, "kafka_bridge/contract.html", context)


@require_safe
def file(request: HttpRequest, name: str) -> HttpResponse:
    """Return a file of the contract: the AsyncAPI document, or a type's JSON Schema."""
    text = contract.files().get(name)
    if text is None:
        raise Http404
    return HttpResponse(text, content_type="application/json")


def _described(known: EventType) -> Described:
    made = schema.of(known)
    example = json.dumps(schema.example(made), ensure_ascii=False, indent=2)
    headers = "\n".join(f"{n}: {v}" for n, v in asyncapi.example_headers(known).items())
    paragraphs = [_marked(part) for part in made["description"].split("\n\n")]
    old = known.struct in registry.upcasters
    key = known.struct.key
    return Described(known.name, old, paragraphs, key, _fields(made), headers, example)


def _marked(text: str) -> SafeString:
    """Return a text in which what stands in backticks is marked as code."""
    parts = enumerate(text.split("`"))
    marks = (format_html("<code>{}</code>", part) if number % 2 else part for number, part in parts)
    return format_html_join("", "{}", ((part,) for part in marks))


def _headers() -> list[Field]:
    """Return what the headers of every event hold, whatever its type."""
    made = asyncapi.headers(next(iter(registry.event_types.values())))
    made["properties"]["ce_type"] = {"type": "string", "description": "One of the types above."}
    return _fields(made)


def _fields(made: schema.Schema) -> list[Field]:
    required = made.get("required", ())
    return [
        Field(
            name,
            _words(field),
            _pattern(field),
            name in required,
            "x-personal" in field,
            field.get("description", ""),
        )
        for name, field in made["properties"].items()
    ]


def _words(field: dict[str, Any]) -> str:
    """Return what a field may hold."""
    if "anyOf" in field:
        return " or ".join(map(_words, field["anyOf"]))
    if "const" in field:
        return f"“{field['const']}”"
    limits = {
        "at least": field.get("minimum"),
        "at most": field.get("maximum"),
        "of at least": _characters(field.get("minLength")),
        "of at most": _characters(field.get("maxLength")),
        "of the form": field.get("format"),
    }
    told = [f"{words} {limit}" for words, limit in limits.items() if limit is not None]
    return ", ".join([field["type"], *told])


def _pattern(field: dict[str, Any]) -> str:
    either = [field, *field.get("anyOf", ())]
    return next((one["pattern"] for one in either if "pattern" in one), "")


def _characters(count: int | None) -> str | None:
    return None if count is None else f"{count} character{'' if count == 1 else 's'}"
