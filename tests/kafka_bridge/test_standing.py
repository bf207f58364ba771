"""How events stand that somebody follows."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from catalog.events import ProductAdded, ProductChanged, ProductWithdrawn
from kafka_bridge import publisher, receipts, registry, standing
from kafka_bridge.envelope import Envelope, new_event_id, wrap
from kafka_bridge.events import DeadLetterDiscarded, DeadLetterRetried
from kafka_bridge.models import DeadLetter
from kafka_bridge.registry import Outcome
from kafka_bridge.standing import State
from tests.conftest import Consume, Publish

MILK = ProductAdded("Mleko", "nabiał", Decimal("4.90"))
DEARER = ProductChanged("Mleko", "nabiał", Decimal("5.20"), version=1)


def state_of(*event_ids: str) -> list[State]:
    """How these events stand."""
    found = standing.of(event_ids)
    return [found[event_id].state for event_id in event_ids]


def decide(decision: type[DeadLetterDiscarded | DeadLetterRetried]) -> None:
    """Decide about the first open dead letter."""
    letter = DeadLetter.objects.filter(status="open").order_by("offset")[0]
    event = wrap(decision(by="operator"), subject=letter.pk, source="/tests")
    publisher.publish(event, letter.partition)


@pytest.fixture
def broken() -> Iterator[pytest.MonkeyPatch]:
    """The handler of ProductChanged fails until the patch is undone."""

    def fails(event: Envelope[ProductChanged], product: object) -> Outcome:
        raise ArithmeticError

    with pytest.MonkeyPatch.context() as patch:
        replaced = registry.registrations[ProductChanged]._replace(handler=fails)
        patch.setitem(registry.registrations, ProductChanged, replaced)  # type: ignore[misc]
        yield patch


def test_what_was_decided_is_told_with_its_receipt(publish: Publish, consume: Consume) -> None:
    applied, refused = publish(MILK, "milk"), publish(MILK, "milk")
    consume()
    found = standing.of([applied.id, refused.id])
    assert [found[one.id].state for one in (applied, refused)] == [State.APPLIED, State.REJECTED]
    receipt = found[refused.id].receipt
    assert receipt is not None
    assert receipt.reason == "product_exists"


def test_what_the_consumer_has_not_come_to_waits(publish: Publish, consume: Consume) -> None:
    event = publish(MILK, "milk")
    assert state_of(event.id) == [State.WAITING]
    consume()
    assert state_of(event.id) == [State.APPLIED]
    assert state_of() == []


def test_a_dead_letter_and_what_waits_behind_it_are_held_up(
    publish: Publish, consume: Consume, broken: pytest.MonkeyPatch
) -> None:
    publish(MILK, "milk")
    events = [publish(data, "milk").id for data in (DEARER, ProductWithdrawn())]
    consume()
    assert state_of(*events) == [State.HELD] * 2
    broken.undo()
    decide(DeadLetterRetried)
    consume()
    assert state_of(*events) == [State.APPLIED] * 2


def test_a_dead_letter_that_was_discarded_is_dropped(
    publish: Publish, consume: Consume, broken: pytest.MonkeyPatch
) -> None:
    publish(MILK, "milk")
    event = publish(DEARER, "milk").id
    consume()
    decide(DeadLetterDiscarded)
    consume()
    assert state_of(event) == [State.DROPPED]


def test_of_an_event_sent_twice_the_letter_that_is_open_counts(
    publish: Publish, consume: Consume, broken: pytest.MonkeyPatch
) -> None:
    publish(MILK, "milk")
    event = publish(DEARER, "milk")
    publish(DEARER, "milk", event.id)
    consume()
    decide(DeadLetterDiscarded)
    consume()
    assert DeadLetter.objects.filter(event_id=event.id, status="discarded").count() == 1
    assert state_of(event.id) == [State.HELD]


def test_many_are_asked_for_in_few_questions(publish: Publish, consume: Consume) -> None:
    events = [publish(MILK, f"product-{number}").id for number in range(receipts.IDS_AT_ONCE + 1)]
    consume()
    unknown = [new_event_id() for _ in events]
    assert state_of(*events) == [State.APPLIED] * len(events)
    assert state_of(*unknown) == [State.WAITING] * len(unknown)
