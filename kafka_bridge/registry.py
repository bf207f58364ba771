"""Which event types there are, and which handler applies each.

An app declares types in `events.py` with `@event_type`, and handlers in `projection.py` with
`@applies`; both modules are found when Django starts. A handler is a pure function

    (envelope, document of the envelope's key or None) -> changed documents, or a rejection

and may decide by nothing else. Kafka keeps the order within a key, so the outcome can depend
neither on how partitions interleave nor on how many consumers run.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from kafka_bridge.envelope import Envelope


class Event(msgspec.Struct, frozen=True):
    """Base of all event types: a value that is checked when it is decoded.

    `personal` names the fields that tell of a person; no command shows them unasked.
    """

    personal: ClassVar[frozenset[str]] = frozenset()


class Decision(Event, frozen=True):
    """Base of what an operator can decide about dead letters: the bridge itself carries it out."""


class Change(NamedTuple):
    """A document as it stands after the event; its `_id` says which."""

    model: type[Model]
    document: Mapping[str, Any]


class Rejection(NamedTuple):
    """A business rule said no. `reason` is a code of `reasons`, `detail` fills in its text."""

    reason: str
    detail: Mapping[str, str] = {}


Outcome = Sequence[Change] | Rejection
Handler = Callable[["Envelope[Any]", Any], Outcome]
EventT = TypeVar("EventT", bound=Event)
HandlerT = TypeVar("HandlerT", bound=Handler)


class EventType(NamedTuple):
    """An event type by its CloudEvents name."""

    name: str
    struct: type[Event]
    decoder: msgspec.json.Decoder[Event]


class Registration(NamedTuple):
    """A handler and the model whose document, that of the event's key, it reads."""

    handler: Handler
    reads: type[Model]


event_types: dict[str, EventType] = {}
registrations: dict[type[Event], Registration] = {}
reasons: "dict[str, StrOrPromise]" = {}
_names: dict[type[Event], str] = {}


def event_type(name: str) -> Callable[[type[EventT]], type[EventT]]:
    """Declare a struct as the event type of that name, such as `shop.product.added.v1`."""

    def declare(struct: type[EventT]) -> type[EventT]:
        event_types[name] = EventType(name, struct, msgspec.json.Decoder(struct))
        _names[struct] = name
        return struct

    return declare


def applies(struct: type[Event], *, reads: type[Model]) -> Callable[[HandlerT], HandlerT]:
    """Declare a function as the handler of an event type."""

    def declare(handler: HandlerT) -> HandlerT:
        registrations[struct] = Registration(handler, reads)
        return handler

    return declare


def check_complete() -> None:
    """Raise `ImproperlyConfigured` if an event type of the shop has no handler."""
    for name, struct in ((known.name, known.struct) for known in event_types.values()):
        if struct not in registrations and not issubclass(struct, Decision):
            raise ImproperlyConfigured(f"No handler applies {name}: declare one with @applies.")


def name_of(struct: type[Event]) -> str:
    """Return the name under which an event type was declared."""
    return _names[struct]
