"""What an operator can decide about dead letters.

Decisions are events too: they stand in the log in the dead letter's own partition, so that the
consumer of its key carries them out in order, in one transaction with their effect.
"""

from typing import Annotated

from django.utils.translation import gettext_lazy as _
from msgspec import Meta

from kafka_bridge.registry import Decision, event_type, reasons

Who = Annotated[str, Meta(min_length=1, max_length=150, examples=["maria"])]

reasons.update(
    {
        "dead_letter_unknown": _("There is no such dead letter, or it is no longer open."),
        "dead_letter_failed": _("It failed again: %(error)s"),
    }
)


@event_type("bridge.deadletter.retried.v1")
class DeadLetterRetried(Decision, frozen=True):
    """Apply the dead letters of this one's key again, in their order.

    The event's subject is the dead letter's id; `by` is the operator's user name.
    """

    by: Who


@event_type("bridge.deadletter.discarded.v1")
class DeadLetterDiscarded(Decision, frozen=True):
    """Drop this dead letter, and apply those that wait behind it.

    The event's subject is the dead letter's id; `by` is the operator's user name.
    """

    by: Who
