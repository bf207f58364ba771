"""The shop against a plain model of it, whatever is done to it and in whatever order."""

from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from catalog.events import ProductChanged
from kafka_bridge import registry
from kafka_bridge.batch import Record
from kafka_bridge.events import DeadLetterDiscarded, DeadLetterRetried
from kafka_bridge.models import Offset
from kafka_bridge.mongo import database
from kafka_bridge.positions import Fenced
from kafka_bridge.registry import Event, Registration
from tests.histories import (
    MILK,
    PRODUCTS,
    History,
    Step,
    expected,
    names,
    observed,
    prices,
    product_events,
    steps,
)
from tests.logs import forget
from tests.model import Shop

PARTITIONS = 2
REGISTRATIONS: Any = registry.registrations


class ShopMachine(RuleBasedStateMachine):
    """Publishers, consumers that come and go, an operator, a programmer, and a rebuild."""

    def __init__(self) -> None:
        super().__init__()
        forget()
        self.history = History(PARTITIONS)
        self.shop = Shop()
        self.taken = [0] * PARTITIONS
        self.applier = self.history.log.applier()
        handler, reads = REGISTRATIONS[ProductChanged]

        def change(event: Any, document: Any) -> registry.Outcome:
            if ProductChanged in self.shop.broken:
                raise ArithmeticError("this handler is broken")
            outcome: registry.Outcome = handler(event, document)
            return outcome

        self.patch = mock.patch.dict(REGISTRATIONS, {ProductChanged: Registration(change, reads)})
        self.patch.start()

    def teardown(self) -> None:
        self.patch.stop()

    @initialize(step=st.builds(Step, st.sampled_from(PRODUCTS), st.just(MILK)))
    def publish_a_product(self, step: Step) -> None:
        self.publish(step)

    @rule(key=st.sampled_from(PRODUCTS), name=names, price=prices)
    def publish_an_edit_of_what_stands_there(self, key: str, name: str, price: Decimal) -> None:
        version = self.shop.products.get(key, {"version": 1})["version"]
        self.publish(Step(key, ProductChanged(name, name, price, version)))

    @rule(chosen=st.lists(steps, min_size=1, max_size=6))
    def publish_some(self, chosen: list[Step]) -> None:
        for step in chosen:
            self.publish(step)

    @precondition(lambda self: self.history.sent)
    @rule(number=st.integers(0, 100))
    def publish_again(self, number: int) -> None:
        self.history.send_again(number)

    @rule(sizes=st.tuples(st.integers(0, 4), st.integers(0, 4)), turned=st.booleans())
    def apply(self, sizes: tuple[int, int], turned: bool) -> None:
        batch = self.next_records(sizes)
        if turned:  # the partitions the other way round, each in its order
            batch.sort(key=lambda record: -record.partition)
        if batch:
            self.applier.apply(batch)
            self.note(batch)

    @rule()
    def restart(self) -> None:
        self.applier = self.history.log.applier()

    @rule(sizes=st.tuples(st.integers(1, 3), st.integers(1, 3)))
    def be_overtaken(self, sizes: tuple[int, int]) -> None:
        batch = self.next_records(sizes)
        slow, self.applier = self.applier, self.history.log.applier()
        if batch:
            self.applier.apply(batch)
            self.note(batch)
            with pytest.raises(Fenced):
                slow.apply(batch)

    @rule(sizes=st.tuples(st.integers(1, 3), st.integers(1, 3)))
    def be_killed_before_the_commit(self, sizes: tuple[int, int]) -> None:
        batch = self.next_records(sizes)
        with mock.patch.object(self.applier.session, "commit_transaction", side_effect=Killed):
            if batch:
                with pytest.raises(Killed):
                    self.applier.apply(batch)
        self.applier = self.history.log.applier()

    @rule(key=st.sampled_from(PRODUCTS), behind=st.lists(product_events, min_size=1, max_size=4))
    def poison_a_key(self, key: str, behind: list[Event]) -> None:
        for data in [None, *behind]:
            self.publish(Step(key, data))
        self.apply((100, 100), turned=False)

    @precondition(lambda self: any(self.shop.waiting.values()))
    @rule(number=st.integers(0, 20))
    def retry(self, number: int) -> None:
        self.decide(number, DeadLetterRetried("op"))

    @precondition(lambda self: any(self.shop.waiting.values()))
    @rule(number=st.just(0) | st.integers(0, 20))
    def discard(self, number: int) -> None:
        self.decide(number, DeadLetterDiscarded("op"))

    @rule(partition=st.integers(0, PARTITIONS - 1))
    def decide_about_nothing(self, partition: int) -> None:
        self.history.send(Step("nothing", DeadLetterRetried("op")), partition)

    @rule()
    def break_a_handler(self) -> None:
        self.shop.broken = {ProductChanged}

    @rule()
    def repair_it(self) -> None:
        self.shop.broken = set()

    @rule()
    def rebuild(self) -> None:
        forget()
        database()[Offset._meta.db_table].delete_many({"log": self.history.log.name.name})
        self.applier = self.history.log.applier()
        self.shop = Shop(broken=self.shop.broken)
        self.taken = [0] * PARTITIONS

    @invariant()
    def mongodb_holds_what_the_model_says(self) -> None:
        assert observed() == expected(self.shop)
        assert self.history.log.stored() == self.taken

    def publish(self, step: Step) -> None:
        """Write a step at the end of its key's partition."""
        self.history.send(step, sum(step.key.encode()) % PARTITIONS)

    def decide(self, number: int, decision: Event) -> None:
        """Have the operator decide about one of the open dead letters, and apply it."""
        letters = [letter for queue in self.shop.waiting.values() for letter in queue]
        place = letters[number % len(letters)].place
        self.history.send(Step(place, decision), int(place.split("/")[1]))
        self.apply((100, 100), turned=False)

    def next_records(self, sizes: tuple[int, int]) -> list[Record]:
        """So many of each partition's next records."""
        logs = zip(self.history.log.partitions, self.taken, sizes, strict=True)
        return [record for log, start, size in logs for record in log[start : start + size]]

    def note(self, batch: list[Record]) -> None:
        """Have the model take a batch that was applied."""
        for record in batch:
            self.taken[record.partition] += 1
            self.history.tell(self.shop, record)


class Killed(BaseException):
    """The consumer's process is gone."""


def test_the_shop_is_like_its_model(db: None) -> None:
    chosen = settings(
        max_examples=settings().max_examples // 2,
        stateful_step_count=30,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(ShopMachine, settings=chosen)
