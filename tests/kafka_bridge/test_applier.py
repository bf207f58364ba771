"""Whatever a batch changes is changed once and together, or not at all."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast
from unittest import mock

import pytest
from bson import Decimal128

from catalog.events import ProductAdded, ProductChanged, ProductWithdrawn
from catalog.models import Product
from customers.events import ProductBought
from customers.models import Purchase
from kafka_bridge import registry
from kafka_bridge.applier import Applier
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.models import DeadLetter, Offset, Receipt
from kafka_bridge.mongo import database
from kafka_bridge.positions import Fenced
from kafka_bridge.registry import Change, Registration
from tests.logs import MemoryLog, kept

pytestmark = pytest.mark.django_db

PRICE = Decimal("4.90")
MILK = ProductAdded("Mleko", "nabiał", PRICE)
REGISTRATIONS: dict[Any, Registration] = cast(dict[Any, Registration], registry.registrations)


def event(data: registry.Event, key: str = "milk", event_id: str | None = None) -> Envelope[Any]:
    """An event that happens now."""
    return wrap(data, subject=key, source="/tests", event_id=event_id)


def bought(quantity: int = 1, key: str = "milk", event_id: str | None = None) -> Envelope[Any]:
    """A purchase at the usual price."""
    return event(ProductBought("c1", quantity, PRICE), key, event_id)


def added(*keys: str) -> MemoryLog:
    """A log in which products were added, and nothing is applied yet."""
    log = MemoryLog()
    for key in keys:
        log.append(event(MILK, key))
    return log


class TestOnce:
    """An event has one effect, however often it stands in the log."""

    def test_within_a_batch(self) -> None:
        log = added("milk")
        twice = bought()
        records = [*log.partitions[0], log.append(twice), log.append(twice)]
        log.applier().apply(records)
        assert Purchase.objects.count() == 1
        assert Receipt.objects.get(pk=twice.id).offset == 1
        assert not DeadLetter.objects.exists()

    def test_across_batches_and_consumers(self) -> None:
        log = added("milk")
        log.applier().apply(log.partitions[0])
        twice = bought()
        for _ in range(3):
            log.applier().apply([log.append(twice)])
        assert Purchase.objects.count() == 1
        assert Receipt.objects.get(pk=twice.id).offset == 1
        assert log.stored() == [4]

    def test_a_thousand_times_among_others(self) -> None:
        log = added("milk")
        applier = log.applier()
        applier.apply(log.partitions[0])
        many = bought(quantity=2)
        for _ in range(10):
            others = [log.append(bought()) for _ in range(3)]
            applier.apply([*others, *(log.append(many) for _ in range(100))])
        assert Purchase.objects.count() == 31
        assert Purchase.objects.filter(pk=many.id, quantity=2).count() == 1
        assert Receipt.objects.count() == 32
        assert not DeadLetter.objects.exists()

    def test_a_rejected_event_stays_rejected(self) -> None:
        log = MemoryLog()
        applier = log.applier()
        early = bought()
        applier.apply([log.append(early)])
        applier.apply([log.append(event(MILK)), log.append(early)])
        assert Receipt.objects.get(pk=early.id).reason == "product_unknown"
        assert not Purchase.objects.exists()

    def test_a_changed_product_does_not_change_what_was_bought(self) -> None:
        log = added("milk")
        change = event(ProductChanged("Mleko", "nabiał", Decimal("5.10"), 1))
        first, again = bought(), bought()
        records = [*log.partitions[0], *map(log.append, (first, change, first, again))]
        log.applier().apply(records)
        assert Purchase.objects.get().price == PRICE
        assert Receipt.objects.get(pk=again.id).reason == "price_changed"
        assert Product.objects.get().version == 2


class TestTogether:
    """A batch that cannot be written changes nothing."""

    def test_fails_in_the_middle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log = added("milk", "bread")
        applier = log.applier()
        before = kept(), log.stored()
        insert = applier._insert

        def fail_at_the_last(table: str, documents: Any) -> None:
            insert(table, documents)
            if table == DeadLetter._meta.db_table:
                raise RuntimeError("after all was written")

        monkeypatch.setattr(applier, "_insert", fail_at_the_last)
        with pytest.raises(RuntimeError):
            applier.apply(log.partitions[0])
        assert (kept(), log.stored()) == before
        log.applier().apply(log.partitions[0])
        assert Product.objects.count() == 2

    def test_one_batch_is_one_transaction(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log = added("milk", "bread")
        applier = log.applier()
        begun: list[Any] = []
        start = applier.session.start_transaction
        monkeypatch.setattr(
            applier.session,
            "start_transaction",
            lambda *args, **options: begun.append(options) or start(*args, **options),  # type: ignore[func-returns-value]
        )
        applier.apply([*log.partitions[0], log.append(bought()), log.append_bytes(None, b"junk")])
        [options] = begun
        assert options["read_concern"].level == "snapshot"
        assert options["write_concern"].document == {"w": "majority", "j": True}

    def test_a_document_that_is_in_the_way_makes_a_dead_letter_of_its_event_alone(self) -> None:
        log = added("milk", "bread")
        applier = log.applier()
        applier.apply(log.partitions[0])
        purchases = [bought(key=key) for key in ("milk", "bread") * 5]
        database()[Purchase._meta.db_table].insert_one({"_id": purchases[4].id})
        applier.apply([log.append(purchase) for purchase in purchases])
        receipts = set(Receipt.objects.values_list("pk", flat=True))
        # What comes after it under its key waits; all before it and all other keys are applied.
        waiting = {purchases[index].id for index in (4, 6, 8)}
        assert {one.id for one in purchases} - receipts == waiting
        assert set(DeadLetter.objects.values_list("event_id", flat=True)) == waiting
        assert log.stored() == [12]


class TestFence:
    """Of two consumers that believe they own a partition, one changes nothing."""

    def test_the_slower_one_changes_nothing(self) -> None:
        log = added("milk")
        slow, fast = log.applier(), log.applier()
        fast.apply(log.partitions[0])
        before = kept(), log.stored()
        with pytest.raises(Fenced):
            slow.apply(log.partitions[0])
        assert (kept(), log.stored()) == before

    def test_nor_does_a_batch_of_which_it_lost_one_partition(self) -> None:
        log = MemoryLog(2)
        slow, fast = log.applier(), log.applier([1])
        first = log.append(event(MILK, "milk"), partition=0)
        fast.apply([log.append(event(MILK, "bread"), partition=1)])
        second = log.append(event(MILK, "butter"), partition=1)
        before = kept(), log.stored()
        with pytest.raises(Fenced):
            slow.apply([first, second])
        assert (kept(), log.stored()) == before

    def test_it_goes_on_from_the_stored_offset(self) -> None:
        log = added("milk")
        slow, fast = log.applier(), log.applier()
        fast.apply(log.partitions[0])
        with pytest.raises(Fenced):
            slow.apply(log.partitions[0])
        assert slow.claim([0]) == {0: 1}
        slow.apply([log.append(bought())])
        assert Purchase.objects.count() == 1
        with pytest.raises(Fenced):
            fast.apply([log.append(bought())])

    def test_a_killed_consumers_open_transaction_is_ended_at_once(self) -> None:
        log = added("milk")
        killed = log.applier()
        killed.session.start_transaction()
        killed.positions.advance({0: 1}, killed.session)
        goes_on_at_once(log)

    def test_so_is_one_in_which_partitions_were_claimed(self) -> None:
        log = added("milk")
        log.applier()
        killed = Applier(log.name, "killed")
        killed_now = mock.patch.object(killed.session, "commit_transaction", side_effect=SystemExit)
        with killed_now, pytest.raises(SystemExit):
            killed.claim([0])
        goes_on_at_once(log)

    def test_who_lost_a_partition_begins_nothing_before_the_new_owner_does(self) -> None:
        log = added("milk")
        slow, _ = log.applier(), log.applier()
        with pytest.raises(Fenced):
            slow.apply(log.partitions[0])
        assert not Product.objects.exists()


def goes_on_at_once(log: MemoryLog) -> None:
    """Have a successor apply the log, which must not wait for a transaction that nobody ends."""
    begun = datetime.now(UTC)
    log.applier().apply(log.partitions[0])
    assert (datetime.now(UTC) - begun).total_seconds() < 2
    assert Product.objects.count() == 1


class TestPositions:
    """Where a consumer begins and goes on."""

    def test_a_log_that_nobody_read_begins_at_its_start(self) -> None:
        log = MemoryLog(3)
        assert log.applier().positions.next == {0: 0, 1: 0, 2: 0}

    def test_each_partition_goes_on_where_it_was_left(self) -> None:
        log = MemoryLog(2)
        log.applier().apply([log.append(event(MILK), partition=1)])
        assert log.applier().positions.next == {0: 0, 1: 1}
        assert log.applier([1]).positions.next == {1: 1}

    def test_a_namesake_of_the_log_begins_at_its_start(self) -> None:
        log = added("milk")
        log.applier().apply(log.partitions[0])
        log.name = log.name._replace(identity="2")
        assert log.applier().positions.next == {0: 0}

    def test_another_group_begins_at_the_start(self) -> None:
        log = added("milk")
        log.applier().apply(log.partitions[0])
        log.name = log.name._replace(group="others")
        assert log.applier().positions.next == {0: 0}

    def test_released_partitions_are_forgotten(self) -> None:
        applier = MemoryLog(2).applier()
        applier.positions.release([0])
        assert applier.positions.next == {1: 0}

    def test_records_from_before_the_position_are_passed_over(self) -> None:
        log = added("milk", "bread")
        applier = log.applier()
        applier.apply(log.partitions[0])
        before = kept()
        applier.apply(log.partitions[0][:1])
        assert (kept(), log.stored()) == (before, [2])
        applier.apply([log.partitions[0][1], log.append_bytes(None, b"junk")])
        applier.apply(log.partitions[0])
        assert (DeadLetter.objects.count(), log.stored()) == (1, [3])

    def test_records_of_partitions_that_are_not_held_are_passed_over(self) -> None:
        log = MemoryLog(2)
        applier = log.applier([0])
        applier.apply([log.append(event(MILK), partition=1)])
        assert not Product.objects.exists()
        assert log.stored() == [0, 0]

    def test_the_session_of_the_owner_stands_beside_the_offset(self) -> None:
        log = MemoryLog()
        applier = log.applier()
        [found] = database()[Offset._meta.db_table].find({"log": log.name.name})
        assert found["session"] == applier.session.session_id["id"]
        assert found["consumer"] == "tests"


class TestBatchSizes:
    """How the log is cut into batches changes nothing."""

    def test_of_every_size_give_the_same_documents(self) -> None:
        changes = [
            event(MILK, "milk"),
            bought(2),
            event(ProductChanged("Mleko", "nabiał", Decimal("5.00"), 1)),
            bought(3),
            event(ProductBought("c2", 1, Decimal("5.00"))),
            event(MILK, "bread"),
            bought(1, "bread"),
            event(ProductWithdrawn()),
            event(ProductBought("c2", 1, Decimal("5.00"))),
        ]
        changes += changes[:3]
        results = [self.applied(changes, size) for size in range(1, len(changes) + 1)]
        assert all(result == results[0] for result in results)
        assert len(results[0][Purchase._meta.db_table]) == 3

    def applied(self, changes: list[Envelope[Any]], size: int) -> dict[str, list[Any]]:
        """Apply all in batches of one size; return the documents without their times."""
        log = MemoryLog()
        for change in changes:
            log.append(change)
        applier = log.applier()
        for start in range(0, len(changes), size):
            applier.apply(log.partitions[0][start : start + size])
        found = kept(Product, Purchase, Receipt)
        for model in (Product, Purchase, Receipt):
            database()[model._meta.db_table].delete_many({})
        for receipt in found[Receipt._meta.db_table]:
            del receipt["applied_at"]
        return found


def test_a_handler_sees_what_events_before_it_in_the_batch_have_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []
    handler, reads = registry.registrations[ProductBought]

    def spy(bought: Envelope[Any], product: Any) -> registry.Outcome:
        seen.append(product["price"])
        return handler(bought, product)

    monkeypatch.setitem(REGISTRATIONS, ProductBought, Registration(spy, reads))
    log = added("milk")
    change = event(ProductChanged("Mleko", "nabiał", Decimal("5.00"), 1))
    log.applier().apply([*log.partitions[0], *map(log.append, (bought(), change, bought()))])
    assert seen == [Decimal128("4.90"), Decimal128("5.00")]


def test_an_event_may_change_documents_of_several_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(bought: Envelope[Any], product: Any) -> registry.Outcome:
        counted = {**product, "version": product["version"] + 1}
        return [Change(Product, counted), Change(Purchase, {"_id": bought.id, "quantity": 1})]

    monkeypatch.setitem(REGISTRATIONS, ProductBought, Registration(both, Product))
    log = added("milk")
    log.applier().apply([*log.partitions[0], log.append(bought()), log.append(bought())])
    assert Product.objects.get().version == 3
    assert Purchase.objects.count() == 2


def test_more_events_than_one_question_can_name() -> None:
    log = MemoryLog()
    keys = [f"product-{number}" for number in range(250)]
    for key in keys:
        log.append(event(MILK, key))
    applier = log.applier()
    applier.apply(log.partitions[0])
    applier.apply([log.append(bought(key=key)) for key in keys])
    assert Purchase.objects.count() == Product.objects.count() == 250
