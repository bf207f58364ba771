"""The older shop's messages become events here, and ours can be told in its words."""

import json
import signal
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from catalog.events import ProductAdded, ProductImported, ProductWithdrawn
from catalog.models import Product
from customers.events import ProductBought
from customers.legacy import messages
from customers.legacy.bridge import Bridge
from customers.legacy.messages import Unusable, mapped, meaning, priced
from customers.legacy.state import TABLE
from customers.models import Customer, Purchase
from kafka_bridge.envelope import wrap
from kafka_bridge.models import DeadLetter, Receipt
from kafka_bridge.mongo import database
from tests import commands, services
from tests.conftest import Consume, Publish, create_topic
from tests.customers.conftest import ANNA, BUYS, MILK, Write, run, write_to
from tests.operators import log_in
from tests.strategies import ENCODABLE

pytestmark = pytest.mark.django_db


def test_the_issues_messages_become_a_customer_a_product_and_a_purchase(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(ANNA, MILK, BUYS)
    run(source)
    consume()
    anna = Customer.objects.get()
    assert (anna.pk, anna.email, anna.street) == (
        "legacy:customer_k_001",
        "",
        "ul. Długa 1, 90-001 Łódź",
    )
    assert not anna.has_usable_password()
    purchase = Purchase.objects.get()
    assert (purchase.customer_id, purchase.product_id) == (anna.pk, "legacy:mleko_k_1")
    assert (purchase.value, purchase.price) == (Decimal("2.12"), Decimal("0.53"))


def test_reading_twice_doubles_nothing(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(ANNA, MILK, BUYS)
    run(source)
    database()[TABLE].delete_many({})  # it has forgotten all
    run(source)
    assert consume() == 6
    assert (Receipt.objects.count(), Purchase.objects.count()) == (3, 1)
    assert Product.objects.get().version == 1


def test_it_goes_on_where_it_stopped(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(ANNA, MILK)
    run(source)
    write(BUYS)
    run(source)
    assert consume() == 3
    assert Purchase.objects.count() == 1


def test_a_product_that_is_there_is_changed(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(ANNA, MILK, BUYS, {**MILK, "price": 0.6, "name": "Mleko 2%"}, BUYS)
    run(source)
    consume()
    product = Product.objects.get()
    assert (product.name, product.price, product.version) == ("Mleko 2%", Decimal("0.60"), 2)
    prices = Purchase.objects.order_by("price").values_list("price", flat=True)
    assert list(prices) == [Decimal("0.53"), Decimal("0.60")]


def test_a_purchase_waits_for_its_product_and_customer_also_over_a_restart(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(BUYS)
    bridge = Bridge(source, 60)
    while not bridge.reader.ended:
        bridge.step(0.2)
    bridge.reader.close()
    assert (bridge.published, len(bridge.waiting)) == (0, 1)
    write(MILK, partition=1)
    write(ANNA, partition=2)
    run(source)
    consume()
    assert Purchase.objects.get().quantity == 4


def test_the_time_of_a_purchase_runs_when_all_that_was_there_has_been_read(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(BUYS)
    write(MILK, partition=1)
    write(ANNA, partition=2)
    bridge, behind = Bridge(source, 0), [TopicPartition(source, number) for number in (1, 2)]
    bridge.reader._kafka.pause(behind)
    while bridge.read == 0:
        bridge.step(0.2)
    assert len(bridge.waiting) == 1
    bridge.reader._kafka.resume(behind)
    while not bridge.idle:
        bridge.step(0.2)
    consume()
    assert Purchase.objects.get().quantity == 4


def test_a_purchase_may_stand_in_another_topic_than_its_product_and_customer(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(MILK, ANNA)
    run(source)
    create_topic(f"{source}-purchases", 1)
    write_to(f"{source}-purchases", BUYS)
    run(f"{source}-purchases")
    consume()
    assert Purchase.objects.get().quantity == 4


@pytest.mark.skipif(
    services.cluster is None, reason="as it is set, a real Kafka refuses such times"
)
def test_a_message_of_any_time_becomes_an_event_that_can_be_applied(
    source: str, write: Write, topic: str, consume: Consume
) -> None:
    write(MILK, timestamp=2**62)
    run(source)
    assert consume() == 1
    assert Product.objects.get().added_at.year == 9998
    assert not DeadLetter.objects.exists()


@pytest.mark.parametrize(("there", "lacking"), [(MILK, "customer"), (ANNA, "product")])
def test_a_purchase_that_waits_in_vain_is_refused_and_shown(
    source: str, consume: Consume, capsys: pytest.CaptureFixture[str], there: Any, lacking: str
) -> None:
    write_to(source, BUYS, there)
    with pytest.raises(CommandError, match="1 purchases waited in vain and are refused"):
        run(source, "--deadline", "0.5")
    assert capsys.readouterr().err == f"Refused: 0/0: its {lacking} did not come\n"
    consume()
    refused = Receipt.objects.get(type="shop.purchase.imported.v1")
    assert (refused.status, refused.reason) == ("rejected", f"{lacking}_unknown")
    shown = log_in().get(f"/admin/kafka_bridge/receipt/{refused.pk}/change/").content.decode()
    assert f"There is no such {lacking}." in shown
    assert not Purchase.objects.exists()


def test_what_cannot_be_used_is_listed_and_the_rest_is_published(
    source: str, write: Write, topic: str, consume: Consume, capsys: pytest.CaptureFixture[str]
) -> None:
    write(MILK, b"\xff", {**MILK, "price": -1}, ANNA)
    with pytest.raises(CommandError, match="2 messages could not be used"):
        run(source)
    told = capsys.readouterr()
    assert "Unusable: 0/1: " in told.err
    assert "Unusable: 0/2: " in told.err
    assert "Read 4 messages and published 2 events" in told.out
    assert consume() == 2


def test_sigterm_ends_it_in_order(source: str, write: Write, topic: str) -> None:
    write(MILK, b"no json")
    program = subprocess.Popen(
        [sys.executable, "manage.py", "bridge", "--from", source],
        cwd=commands.ROOT,
        env=commands.environment({"KAFKA_TOPIC": topic}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr
    assert program.stderr.readline().startswith("Unusable: 0/1: ")
    program.send_signal(signal.SIGTERM)
    out, err = program.communicate()
    assert program.returncode == 1
    assert out.startswith("Read 2 messages and published 1 events.")
    assert "1 messages could not be used" in err


@pytest.mark.parametrize(
    ("price", "meant"),
    [(0.53, "0.53"), (1, "1.00"), (0.1 + 0.2, "0.30"), (2.675, "2.68"), (99999.99, "99999.99")],
)
def test_prices_are_what_their_shortest_text_says_rounded_half_up(price: float, meant: str) -> None:
    assert str(priced(price)) == meant


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"[]",
        {},
        {**MILK, "event_type": "sold"},
        {**MILK, "price": 0.004},
        {**MILK, "price": 1e300},
        {**MILK, "price": "0.53"},
        {**MILK, "id": ""},
        {**MILK, "name": "a\nb"},
        {**MILK, "type": "x" * 51},
        {**BUYS, "quantity": 0},
        {**BUYS, "quantity": 1.5},
        {**ANNA, "address": ""},
        {**ANNA, "address": " \n\t\r\n"},
        {**ANNA, "address": "x" * 301},
        {**ANNA, "first_name": None},
    ],
    ids=repr,
)
def test_what_no_event_can_hold_is_unusable(value: Any) -> None:
    with pytest.raises(Unusable):
        meaning(json.dumps(value).encode() if isinstance(value, dict) else value)


def test_an_address_is_its_lines_without_the_white_space_around_and_within() -> None:
    address = "ul. Długa\t1 \r\n\r\n 90-001   Łódź\n"
    event: Any = meaning(json.dumps({**ANNA, "address": address}).encode()).event
    assert event.address == "ul. Długa 1\n90-001 Łódź"


@given(st.binary())
def test_any_bytes_mean_something_or_are_unusable(value: bytes) -> None:
    with pytest.raises(Unusable):
        meaning(value)


@given(st.text(ENCODABLE, min_size=1), st.text(ENCODABLE, min_size=1))
def test_ids_are_mapped_one_to_one_and_fit(one: str, other: str) -> None:
    assert mapped(one).startswith("legacy:")
    assert 8 <= len(mapped(one)) <= 128
    if one != other:
        assert mapped(one) != mapped(other)


def test_an_import_cannot_touch_what_is_the_shops_own(publish: Publish, consume: Consume) -> None:
    publish(ProductAdded("Mleko", "nabiał", Decimal("4.90")), "milk")
    theirs = publish(ProductImported("Woda", "napoje", Decimal("0.01")), "milk")
    consume()
    assert Receipt.objects.get(pk=theirs.id).reason == "not_imported"
    assert Product.objects.get().name == "Mleko"


def test_our_events_are_told_in_the_older_shops_words(
    publish: Publish, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(ProductAdded("Mleko", "nabiał", Decimal("4.90")), "milk")
    publish(ProductBought("c1", 2, Decimal("4.90")), "milk")
    publish(ProductWithdrawn(), "milk")
    call_command("events", "--legacy")
    told = capsys.readouterr()
    product, purchase = map(json.loads, told.out.splitlines())
    assert product == {
        "id": "milk",
        "name": "Mleko",
        "type": "nabiał",
        "price": 4.9,
        "event_type": "new_product",
    }
    assert purchase == {
        "event_type": "customer_buys_product",
        "customer_id": "c1",
        "product_id": "milk",
        "quantity": 2,
    }
    assert told.err == "Left out: 1 × shop.product.withdrawn.v1\n"


def test_what_is_left_out_is_counted_also_when_following_is_interrupted(
    publish: Publish, topic: str
) -> None:
    publish(ProductWithdrawn(), "milk")
    publish(ProductAdded("Mleko", "nabiał", Decimal("4.90")), "milk")
    program = subprocess.Popen(
        [sys.executable, "manage.py", "events", "--legacy", "--follow"],
        cwd=commands.ROOT,
        env=commands.environment({"KAFKA_TOPIC": topic}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout
    assert json.loads(program.stdout.readline())["name"] == "Mleko"
    program.send_signal(signal.SIGINT)
    _, err = program.communicate()
    assert program.returncode == 130
    assert "Left out: 1 × shop.product.withdrawn.v1\n" in err


@pytest.mark.parametrize("message", [ANNA, MILK, BUYS], ids=lambda one: one["event_type"])
def test_what_came_from_there_goes_back_as_it_was(message: dict[str, Any]) -> None:
    found = meaning(json.dumps(message).encode())
    assert messages.told(wrap(found.event, subject=found.key, source="/tests")) == message
