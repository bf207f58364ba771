"""An operator's decisions about dead letters: published as events, and told as they came out."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.events import DeadLetterDiscarded, DeadLetterRetried
from kafka_bridge.models import DeadLetter
from kafka_bridge.submission import Fate, submit_all

Decision = type[DeadLetterRetried | DeadLetterDiscarded]


def in_order(letters: Iterable[DeadLetter], decision: Decision) -> list[DeadLetter]:
    """Return the letters to decide about, in the order in which to do it.

    A retry takes all that wait under its key along, so one a key is enough. Discarding the first
    applies those behind it, so the last is discarded first.
    """
    ordered = sorted(letters, key=lambda letter: (letter.log, letter.partition, letter.offset))
    if decision is DeadLetterDiscarded:
        return ordered[::-1]
    firsts: dict[tuple[Any, ...], DeadLetter] = {}
    for letter in ordered:
        key = letter.pk if letter.key is None else bytes(letter.key)
        firsts.setdefault((letter.log, letter.partition, key), letter)
    return list(firsts.values())


def decide(
    letters: Sequence[DeadLetter], decision: Decision, confirmation: str, operator: str
) -> list[Fate]:
    """Publish a decision about each letter; `confirmation` is the id that its page was born with.

    Sent again, it gives each letter the same event.
    """
    return submit_all(
        [(_event(letter, decision, confirmation, operator), letter.partition) for letter in letters]
    )


def _event(
    letter: DeadLetter, decision: Decision, confirmation: str, operator: str
) -> Envelope[Any]:
    return wrap(
        decision(by=operator),
        subject=letter.pk,
        source=f"{settings.EVENT_SOURCE}/admin",
        event_id=str(uuid5(UUID(confirmation), letter.pk)),
    )


def tell(request: HttpRequest, letters: Sequence[DeadLetter], fates: Sequence[Fate]) -> None:
    """Leave a message about each decision."""
    for letter, fate in zip(letters, fates, strict=True):
        level, text = _told(fate)
        messages.add_message(request, level, text % {"letter": letter.pk, "why": _why(fate)})


def _told(fate: Fate) -> tuple[int, str]:
    if not fate.sent:
        return messages.ERROR, _(
            "Dead letter %(letter)s: not sent, Kafka did not confirm it. Try again."
        )
    if fate.receipt is None:
        return messages.WARNING, _("Dead letter %(letter)s: sent, not yet carried out.")
    if fate.receipt.applied:
        return messages.SUCCESS, _("Dead letter %(letter)s: done.")
    return messages.ERROR, _("Dead letter %(letter)s: %(why)s")


def _why(fate: Fate) -> str:
    return fate.receipt.explanation if fate.receipt else ""
