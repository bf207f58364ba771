"""Dead letters: later events of the key wait, and the operator decides about them in the log."""

from decimal import Decimal

import pytest
from confluent_kafka import Producer
from django.conf import settings

from catalog import projection
from catalog.events import ProductAdded, ProductChanged
from catalog.models import Product
from kafka_bridge import clients, publisher, registry
from kafka_bridge.envelope import Envelope, Message, encode, wrap
from kafka_bridge.events import DeadLetterDiscarded, DeadLetterRetried
from kafka_bridge.models import DeadLetter, Receipt
from kafka_bridge.registry import Outcome
from tests.conftest import Consume, Publish

MILK = ProductAdded(name="Mleko", type="nabiał", price=Decimal("4.90"))


def renamed(name: str, version: int) -> ProductChanged:
    return ProductChanged(name=name, type="nabiał", price=Decimal("4.90"), version=version)


def decide(letter: DeadLetter, decision: type[DeadLetterDiscarded | DeadLetterRetried]) -> Receipt:
    """Publish a decision; call after it `consume` and look at the receipt's state anew."""
    event = wrap(decision(by="operator"), subject=letter.pk, source="/tests")
    publisher.publish(event, letter.partition)
    return Receipt(id=event.id)


def send_without_key(message: Message) -> None:
    producer = Producer(clients.web_producer())
    producer.produce(settings.KAFKA_TOPIC, message.value, headers=message.headers)
    assert producer.flush(5) == 0


@pytest.fixture
def broken_change(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The handler of ProductChanged fails on the name "poison", until the patch is undone."""

    def fails(event: Envelope[ProductChanged], product: object) -> Outcome:
        if event.data.name == "poison":
            raise RuntimeError("no such name")
        return projection.change(event, product)  # type: ignore[arg-type]

    registered = registry.registrations[ProductChanged]
    replaced = registered._replace(handler=fails)
    monkeypatch.setattr(
        registry, "registrations", registry.registrations | {ProductChanged: replaced}
    )
    return monkeypatch


@pytest.fixture
def queue(publish: Publish, consume: Consume, broken_change: pytest.MonkeyPatch) -> list[str]:
    """A poisoned event of "milk" and two that wait behind it; "bread" goes on. Their event ids."""
    publish(MILK, "milk")
    poison = publish(renamed("poison", 1), "milk")
    second = publish(renamed("second", 2), "milk")
    publish(MILK, "bread")
    consume()
    third = publish(renamed("third", 3), "milk")
    publish(renamed("other", 1), "bread")
    consume()
    return [poison.id, second.id, third.id]


def errors() -> list[str]:
    letters = DeadLetter.objects.filter(status="open").order_by("offset")
    return [letter.error for letter in letters]


def test_later_events_of_the_key_wait_and_others_go_on(queue: list[str]) -> None:
    first, *waiting = DeadLetter.objects.order_by("offset")
    assert first.error == "RuntimeError in the handler: no such name"
    assert {letter.error for letter in waiting} == {f"waits for {first.pk}"}
    assert [letter.event_id for letter in [first, *waiting]] == queue
    assert Product.objects.get(pk="milk").name == "Mleko"
    assert Product.objects.get(pk="bread").name == "other"
    assert not Receipt.objects.filter(pk__in=queue).exists()


def test_retry_applies_all_in_order(
    queue: list[str], consume: Consume, broken_change: pytest.MonkeyPatch
) -> None:
    broken_change.undo()
    receipt = decide(DeadLetter.objects.order_by("offset")[0], DeadLetterRetried)
    consume()
    receipt.refresh_from_db()
    assert receipt.applied
    assert (Product.objects.get(pk="milk").name, Product.objects.get(pk="milk").version) == (
        "third",
        4,
    )
    assert set(DeadLetter.objects.values_list("status", "resolved_by")) == {("applied", "operator")}
    assert Receipt.objects.filter(pk__in=queue, status="applied").count() == 3


def test_retry_that_fails_again_leaves_all_waiting(queue: list[str], consume: Consume) -> None:
    before = errors()
    receipt = decide(DeadLetter.objects.order_by("offset")[0], DeadLetterRetried)
    consume()
    receipt.refresh_from_db()
    assert receipt.reason == "dead_letter_failed"
    assert "no such name" in receipt.explanation
    assert errors() == before


def test_discard_lets_the_others_be_applied_without_it(queue: list[str], consume: Consume) -> None:
    decide(DeadLetter.objects.order_by("offset")[0], DeadLetterDiscarded)
    consume()
    states = list(DeadLetter.objects.order_by("offset").values_list("status", flat=True))
    # The two changes were made for versions that the discarded one would have brought.
    assert states == ["discarded", "rejected", "rejected"]
    assert Receipt.objects.get(pk=queue[1]).reason == "product_stale"


def test_discarding_one_that_waits_applies_nothing(
    queue: list[str], consume: Consume, broken_change: pytest.MonkeyPatch
) -> None:
    broken_change.undo()
    decide(DeadLetter.objects.order_by("offset")[1], DeadLetterDiscarded)
    consume()
    states = list(DeadLetter.objects.order_by("offset").values_list("status", flat=True))
    assert states == ["open", "discarded", "open"]


def test_after_a_decision_the_key_goes_on(
    queue: list[str], publish: Publish, consume: Consume
) -> None:
    decide(DeadLetter.objects.order_by("offset")[0], DeadLetterDiscarded)
    consume()
    publish(renamed("new", 1), "milk")
    consume()
    assert Product.objects.get(pk="milk").name == "new"


def test_the_same_decision_twice_is_one(queue: list[str], consume: Consume) -> None:
    letter = DeadLetter.objects.order_by("offset")[0]
    decide(letter, DeadLetterDiscarded)
    again = decide(letter, DeadLetterDiscarded)
    consume()
    again.refresh_from_db()
    assert again.reason == "dead_letter_unknown"


def test_a_rejection_makes_nobody_wait(publish: Publish, consume: Consume) -> None:
    publish(MILK, "milk")
    publish(renamed("stale", 7), "milk")
    publish(renamed("right", 1), "milk")
    consume()
    assert Product.objects.get().name == "right"
    assert not DeadLetter.objects.exists()


def test_a_message_without_key_makes_nobody_wait(publish: Publish, consume: Consume) -> None:
    send_without_key(encode(wrap(MILK, subject="milk", source="/tests")))
    publish(MILK, "milk")
    consume()
    assert errors() == ["the message has no key"]
    assert Product.objects.exists()


def test_an_event_that_cannot_be_written_is_found(
    publish: Publish, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writes_nonsense(event: Envelope[ProductAdded], product: object) -> Outcome:
        outcome = projection.add(event, None)
        if event.data.name != "nonsense":
            return outcome
        assert not isinstance(outcome, registry.Rejection)
        return [change._replace(document={**change.document, "x": 2**80}) for change in outcome]

    registered = registry.registrations[ProductAdded]
    replaced = registered._replace(handler=writes_nonsense)
    monkeypatch.setattr(
        registry, "registrations", registry.registrations | {ProductAdded: replaced}
    )
    for number in range(7):
        publish(MILK, f"milk-{number}")
    publish(ProductAdded(name="nonsense", type="x", price=Decimal("1.00")), "milk-7")
    publish(renamed("later", 1), "milk-7")
    consume()
    assert Product.objects.count() == 7
    first, waiting = errors()
    assert first.startswith("cannot be written: ")
    assert waiting == f"waits for {DeadLetter.objects.order_by('offset')[0].pk}"
