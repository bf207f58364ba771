"""One submit of a form is one event, however often and however late it is sent."""

import time
from collections.abc import Sequence
from decimal import Decimal

import pytest
from django.core import signing
from django.db import DatabaseError
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import ServerSelectionTimeoutError
from pytest_django import Settings

from catalog.events import ProductAdded
from catalog.models import Product
from kafka_bridge import publisher, receipts
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.local.kafka import TestCluster
from kafka_bridge.models import Receipt
from kafka_bridge.submission import (
    ForgedToken,
    event_id_of,
    new_token,
    submit,
    submit_all,
    submit_together,
    token_for,
)
from tests import faults
from tests.conftest import Running

MILK = ProductAdded("Mleko", "nabiał", Decimal("4.90"))


def added(key: str = "milk", event_id: str | None = None) -> Envelope[ProductAdded]:
    """A product is added now."""
    return wrap(MILK, subject=key, source="/tests", event_id=event_id)


class TestTokens:
    """An event's id that travels through a form comes back as it was given out, or not at all."""

    def test_a_token_gives_the_same_id_each_time(self) -> None:
        token = new_token("buy:c1")
        assert event_id_of(token, "buy:c1") == event_id_of(token, "buy:c1")

    def test_each_form_has_an_id_of_its_own(self) -> None:
        assert len({event_id_of(new_token("buy"), "buy") for _ in range(100)}) == 100

    def test_a_known_id_can_be_put_into_a_form(self) -> None:
        assert event_id_of(token_for("e-1", "buy"), "buy") == "e-1"

    @pytest.mark.parametrize("purpose", ["buy:c2", "buy:", "", "register", "buy:c1 "])
    def test_a_token_is_of_no_use_to_others(self, purpose: str) -> None:
        with pytest.raises(ForgedToken):
            event_id_of(new_token("buy:c1"), purpose)

    @given(st.data())
    def test_no_character_of_it_can_be_changed(self, data: st.DataObject) -> None:
        token = new_token("buy")
        place = data.draw(st.integers(0, len(token) - 1))
        other = data.draw(st.characters(exclude_categories=["Cs"]))
        if other != token[place]:
            with pytest.raises(ForgedToken):
                event_id_of(token[:place] + other + token[place + 1 :], "buy")

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_no_other_text_is_a_token(self, text: str) -> None:
        with pytest.raises(ForgedToken):
            event_id_of(text, "buy")

    def test_nothing_else_that_the_shop_signs_is_a_token(self) -> None:
        with pytest.raises(ForgedToken):
            event_id_of(signing.dumps(["e-1", "buy"]), "buy")

    def test_a_token_of_another_shop_is_none(self, settings: Settings) -> None:
        token = new_token("buy")
        settings.SECRET_KEY = "another"
        with pytest.raises(ForgedToken):
            event_id_of(token, "buy")


class TestSubmit:
    """What a form learns of its event."""

    def test_the_receipt_if_it_comes_soon(self, running_consumer: Running) -> None:
        event = added()
        with running_consumer():
            assert receipts.wait_for(warmed_up(), 10) is not None
            receipt = submit(event)
        assert receipt is not None
        assert (receipt.pk, receipt.applied) == (event.id, True)

    def test_nothing_if_no_consumer_runs(self, topic: str, db: None) -> None:
        publisher.publish(added("before"))  # so that it is not the connecting that takes long
        begun = time.monotonic()
        assert submit(added()) is None
        assert receipts.PATIENCE <= time.monotonic() - begun < receipts.PATIENCE + 5

    def test_the_same_receipt_if_it_is_sent_again(self, running_consumer: Running) -> None:
        event = added()
        with running_consumer():
            assert receipts.wait_for(warmed_up(), 10) is not None
            found = [submit(event) for _ in range(3)]
        assert {receipt.pk for receipt in found if receipt} == {event.id}
        assert Product.objects.get(pk="milk").version == 1
        assert Receipt.objects.count() == 2

    @pytest.mark.parametrize("error", [ServerSelectionTimeoutError("away"), DatabaseError()])
    def test_nothing_if_mongodb_is_away(
        self, topic: str, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def fail(event_id: str) -> None:
            raise error

        monkeypatch.setattr(receipts, "find", fail)
        assert submit(added()) is None

    def test_several_events_stop_at_the_first_that_kafka_refuses(
        self, cluster: TestCluster, db: None
    ) -> None:
        publisher.publish(added("before"))
        faults.answer_with(cluster, faults.PRODUCE, 0, faults.CLUSTER_AUTHORIZATION_FAILED)
        events = [(added(key), publisher.BY_KEY) for key in ("milk", "bread", "butter")]
        assert [fate.sent for fate in submit_all(events)] == [True, False, False]

    def test_it_is_told_what_is_not_decided_at_once(
        self, topic: str, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[str] = []
        monkeypatch.setattr(receipts, "find", lambda event_id: told.append("looked"))
        submit(added(), undecided=lambda: told.append("undecided"))
        assert told.count("undecided") == 1
        assert (told[0], told[-1]) == ("looked", "looked")

    def test_nothing_is_told_of_what_is(
        self, topic: str, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[str] = []
        monkeypatch.setattr(receipts, "find", Receipt)
        assert submit(added(), undecided=lambda: told.append("undecided"))
        assert not told

    def test_nothing_is_told_of_what_kafka_did_not_take(
        self, cluster: TestCluster, db: None
    ) -> None:
        publisher.publish(added("before"))
        faults.answer_with(cluster, faults.PRODUCE, faults.CLUSTER_AUTHORIZATION_FAILED)
        told: list[str] = []
        with pytest.raises(publisher.NotPublished):
            submit(added(), undecided=lambda: told.append("undecided"))
        assert not told


class TestSubmitTogether:
    """What a form learns of events that do not depend on each other."""

    def test_the_receipts_if_they_come_soon(
        self, running_consumer: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events = [added(key) for key in ("milk", "bread", "butter")]
        told: list[Sequence[bool]] = []
        with running_consumer():
            assert receipts.wait_for(warmed_up(), 10) is not None
            fates = submit_together(events, told.append)
        assert told == [[True] * 3]
        assert [fate.receipt and fate.receipt.pk for fate in fates] == [e.id for e in events]

    def test_what_kafka_did_not_take_is_told(self, cluster: TestCluster, db: None) -> None:
        publisher.publish(added("before"))
        faults.answer_with(cluster, faults.PRODUCE, faults.CLUSTER_AUTHORIZATION_FAILED)
        told: list[Sequence[bool]] = []
        fates = submit_together([added(f"product-{number}") for number in range(20)], told.append)
        assert {fate.sent for fate in fates} == {True, False}
        assert told == [[fate.sent for fate in fates]]
        assert not any(fate.receipt for fate in fates)

    def test_it_keeps_within_the_time_of_a_form(
        self, topic: str, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However long the log took, and however patient pages are."""
        monkeypatch.setattr(receipts, "PATIENCE", 60.0)
        monkeypatch.setattr(publisher, "ANSWER_WITHIN", 0.5)
        begun = time.monotonic()
        submit_together([added()], lambda sent: time.sleep(0.6))
        assert time.monotonic() - begun < receipts.PATIENCE


def warmed_up() -> str:
    """Publish an event; return its id. From now on publisher and consumer answer at once."""
    event = added("before")
    publisher.publish(event)
    return event.id
