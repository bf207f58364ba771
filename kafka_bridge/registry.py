"""Which event types there are, and which handler applies each.

An app declares types in `events.py` with `@event_type`, and handlers in `projection.py` with
`@applies`; both modules are found when Django starts. A handler is a pure function

    (envelope, document of the envelope's key or None) -> changed documents, or a rejection

and may decide by nothing else. Kafka keeps the order within a key, so the outcome can depend
neither on how partitions interleave nor on how many consumers run.

The log keeps every version of a type for ever, handlers see the newest alone: beside a new
version stands a pure function, `@upcasts`, that makes it of the one before.
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

    The fields' types and examples, and the docstring, are what the published schema says.
    `personal` names the fields that tell of a person; no command shows them unasked. `secret`
    names those that no page shows to anybody. `key` says in words what the Kafka key of such an
    event is, `key_example` gives one.
    """

    personal: ClassVar[frozenset[str]] = frozenset()
    secret: ClassVar[frozenset[str]] = frozenset()
    key: ClassVar[str] = ""
    key_example: ClassVar[str] = ""


class Decision(Event, frozen=True):
    """Base of what an operator can decide about dead letters: the bridge itself carries it out."""

    key: ClassVar[str] = "the id of the dead letter"
    key_example: ClassVar[str] = "shop.events@mTkPzZAoQe2gVx1Yw3rBsA/2/1729"


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
Upcaster = Callable[[Any], Event]
Shape = Callable[["Envelope[Any]"], dict[str, Any] | None]
UpcasterT = TypeVar("UpcasterT", bound=Upcaster)


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
upcasters: dict[type[Event], Upcaster] = {}
# By the name of another system: what it calls an event, or None for what it has no word for.
shapes: dict[str, Shape] = {}
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


def upcasts(struct: type[Event]) -> Callable[[UpcasterT], UpcasterT]:
    """Declare a pure function that makes the next version of an event of this, older, type."""

    def declare(upcaster: UpcasterT) -> UpcasterT:
        upcasters[struct] = upcaster
        return upcaster

    return declare


def newest(event: Event) -> Event:
    """Return an event in the newest version of its type; raises what an upcaster raises."""
    while upcaster := upcasters.get(type(event)):
        event = upcaster(event)
    return event


def current_types() -> list[str]:
    """Return the names of the types in which events are handled, without their old versions."""
    return sorted(name for name, known in event_types.items() if known.struct not in upcasters)


def check_complete() -> None:
    """Raise `ImproperlyConfigured` if a type has no handler, or an old version has one.

    What has an upcaster never reaches a handler; the bridge itself carries out decisions.
    """
    for name, struct in ((known.name, known.struct) for known in event_types.values()):
        if struct in registrations and struct in upcasters:
            raise ImproperlyConfigured(f"{name} has an upcaster, so its handler is never called.")
        handled = struct in registrations or struct in upcasters
        if not handled and not issubclass(struct, Decision):
            raise ImproperlyConfigured(f"No handler applies {name}: declare one with @applies.")


def name_of(struct: type[Event]) -> str:
    """Return the name under which an event type was declared."""
    return _names[struct]
