"""Checking out: each line is bought once, and the order's page says what became of each."""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as shop
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from catalog.events import ProductAdded, ProductChanged, ProductWithdrawn
from customers import basket, on_the_way
from customers.models import Customer, Purchase
from kafka_bridge import publisher, receipts
from kafka_bridge.envelope import wrap
from kafka_bridge.local.kafka import TestCluster
from tests import faults, operators
from tests.conftest import PARTITIONS, Consume, NoKafka, Publish
from tests.operators import form_of
from tests.pages import (
    BREAD,
    MILK,
    OLA,
    browser_of,
    customer,
    discard,
    put,
    send_junk,
    shelf,
    stranger,
)

PAGE = "/check-out/"
HTMX = {"hx-request": "true"}
DEARER = ProductChanged(MILK.name, MILK.type, Decimal("5.20"), version=1)


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    shelf(publish, consume)
    return customer(publish, consume)


@pytest.fixture
def browser(ola: Customer) -> Client:
    """A browser with two bottles of milk and a loaf of bread in the basket."""
    client = browser_of(ola)
    put(client, "milk", 2)
    put(client, "bread")
    return client


def form(browser: Client) -> Any:
    """What the check-out's form sends."""
    return form_of(browser.get(PAGE), "token")


def check_out(browser: Client) -> str:
    """Check out; return the address of the order's page."""
    answer = browser.post(PAGE, form(browser))
    assert answer.status_code == 302
    return str(answer["Location"])


def states(page: Any) -> dict[str, str]:
    """The state of each line of an order's page, by product id."""
    return {row.product_id: str(row.state) for row in page.context["rows"]}


def in_basket(browser: Client) -> dict[str, int]:
    """How many of each product are in the basket."""
    rows = browser.get("/basket/").context["form"].rows
    return {line.product_id: line.quantity for line, _ in rows}


def test_each_line_becomes_a_purchase_of_one_order(browser: Client, consume: Consume) -> None:
    order = check_out(browser)
    consume()
    page = browser.get(order)
    assert states(page) == {"milk": "applied", "bread": "applied"}
    assert "Bought: 2 of 2 products." in page.content.decode()
    assert page.context["total"] == Decimal("17.00")
    found = {one.product_id: one for one in Purchase.objects.all()}
    assert (found["milk"].quantity, found["milk"].price) == (2, MILK.price)
    assert (found["bread"].quantity, found["bread"].price) == (1, BREAD.price)
    assert {one.order_id for one in found.values()} == {order.split("/")[2]}
    assert in_basket(browser) == {}


def test_a_single_purchase_has_no_order(browser: Client, ola: Customer, consume: Consume) -> None:
    browser.post("/products/milk/", form_of(browser.get("/products/milk/"), "price"))
    consume()
    assert Purchase.objects.get().order_id == ""
    assert in_basket(browser) == {"milk": 2, "bread": 1}


def test_the_page_shows_the_prices_that_it_sends(browser: Client) -> None:
    text = browser.get(PAGE, headers={"accept-language": "pl"}).content.decode()
    for seen in ("4,90\xa0zł", "9,80\xa0zł", "7,20\xa0zł", "Kup wszystko za 17,00\xa0zł"):
        assert seen in text


def test_only_customers_check_out(ola: Customer, consume: Consume) -> None:
    for client in (stranger(), operators.log_in()):
        for answer in (client.get(PAGE), client.post(PAGE, {"token": "x"})):
            assert answer["Location"] == "/log-in/?next=/check-out/"
    assert consume() == 0


def test_an_empty_basket_has_no_check_out(ola: Customer) -> None:
    client = browser_of(ola)
    assert client.get(PAGE)["Location"] == "/basket/"
    assert client.post(PAGE, {"token": ""})["Location"] == "/basket/"


def test_what_is_not_sold_is_left_out(browser: Client, publish: Publish, consume: Consume) -> None:
    publish(ProductWithdrawn(), "bread")
    consume()
    order = check_out(browser)
    consume()
    assert states(browser.get(order)) == {"milk": "applied"}
    assert in_basket(browser) == {"bread": 1}


def test_a_forged_form_buys_nothing(browser: Client, publish: Publish, consume: Consume) -> None:
    other = browser_of(customer(publish, consume, "ala@example.com"))
    put(other, "milk")
    token = form(browser)["token"][0]
    for forged in ("", "x", token[:-1], form(other)["token"][0]):
        answer = browser.post(PAGE, {"token": forged})
        assert answer.status_code == 400
        assert "Nothing was done" in answer.content.decode()
        assert form_of(answer, "token")["token"] != [forged]
    assert consume() == 0


def test_sent_again_it_is_the_same_order(browser: Client, ola: Customer, consume: Consume) -> None:
    sent = form(browser)
    answers = [browser.post(PAGE, sent) for _ in range(2)]
    consume()
    browser.get(answers[0]["Location"])
    answers.append(browser.post(PAGE, sent))
    consume()
    assert len({answer["Location"] for answer in answers}) == 1
    assert states(browser.get(answers[0]["Location"])) == {"milk": "applied", "bread": "applied"}
    assert Purchase.objects.count() == 2
    assert in_basket(browser) == {}


def test_two_tabs_are_the_same_order(browser: Client, consume: Consume) -> None:
    forms = [form(browser) for _ in range(2)]
    answers = [browser.post(PAGE, one) for one in forms]
    consume()
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Purchase.objects.count() == 2


def test_tabs_that_show_other_lines_buy_each_line_once(browser: Client, consume: Consume) -> None:
    early = form(browser)
    put(browser, "butter", 3)
    late = form(browser)
    orders = [browser.post(PAGE, one)["Location"] for one in (late, early)]
    consume()
    assert sorted(Purchase.objects.values_list("product_id", "quantity")) == [
        ("bread", 1),
        ("butter", 3),
        ("milk", 2),
    ]
    assert states(browser.get(orders[1])) == {"milk": "applied", "bread": "applied"}
    assert in_basket(browser) == {}


def test_what_was_bought_can_be_bought_again(browser: Client, consume: Consume) -> None:
    check_out(browser)
    put(browser, "milk", 5)
    check_out(browser)
    consume()
    bought = Purchase.objects.filter(product_id="milk")
    assert sorted(one.quantity for one in bought) == [2, 5]
    assert len({one.order_id for one in bought}) == 2


def test_a_slow_consumer_is_waited_for(browser: Client, consume: Consume) -> None:
    order = check_out(browser)
    assert in_basket(browser) == {}
    page = browser.get(order)
    assert states(page) == {"milk": "waiting", "bread": "waiting"}
    text = page.content.decode()
    assert 'hx-get="?waiting=2"' in text
    assert '<noscript><meta http-equiv="refresh"' in text
    assert browser.get(f"{order}?waiting=2", headers=HTMX).status_code == 204
    consume()
    assert browser.get(f"{order}?waiting=2", headers=HTMX)["HX-Refresh"] == "true"
    page = browser.get(order)
    assert states(page) == {"milk": "applied", "bread": "applied"}
    assert "hx-get" not in page.content.decode()
    assert "http-equiv" not in page.content.decode()


def test_refused_lines_go_back_and_are_bought_by_another_event(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    sent = form(browser)
    publish(DEARER, "milk")
    publish(ProductWithdrawn(), "bread")
    order = browser.post(PAGE, sent)["Location"]
    consume()
    page = browser.get(order)
    text = page.content.decode()
    assert states(page) == {"milk": "rejected", "bread": "rejected"}
    assert "it is now 5.20\xa0PLN" in text
    assert "Confirm the new price" in text
    assert "no longer sold" in text
    assert "See it in the basket" in text
    assert in_basket(browser) == {"milk": 2, "bread": 1}
    again = check_out(browser)
    assert again != order
    consume()
    assert states(browser.get(again)) == {"milk": "applied"}
    assert Purchase.objects.get().value == Decimal("10.40")
    assert states(browser.get(order)) == {"milk": "rejected", "bread": "rejected"}
    assert in_basket(browser) == {"bread": 1}


def test_a_refused_order_sent_again_puts_nothing_back_twice(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    sent = form(browser)
    publish(DEARER, "milk")
    order = browser.post(PAGE, sent)["Location"]
    consume()
    browser.get(order)
    browser.post("/basket/", {"remove": "milk"})
    assert browser.post(PAGE, sent)["Location"] == order
    consume()
    assert states(browser.get(order)) == {"milk": "rejected", "bread": "applied"}
    assert in_basket(browser) == {}


def test_what_was_put_in_meanwhile_stands_before_what_was_refused(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    sent = form(browser)
    publish(DEARER, "milk")
    browser.post(PAGE, sent)
    put(browser, "milk", 9)
    consume()
    assert in_basket(browser) == {"milk": 9}


def test_a_line_behind_a_dead_letter_is_said_to_be_held_up(
    browser: Client, consume: Consume
) -> None:
    send_junk("milk")
    order = check_out(browser)
    consume()
    page = browser.get(order)
    assert states(page) == {"milk": "held", "bread": "applied"}
    assert "held up: our staff look at it" in page.content.decode()
    assert "hx-get" not in page.content.decode()
    assert in_basket(browser) == {}
    discard(event_id="")
    consume()
    assert states(browser.get(order)) == {"milk": "applied", "bread": "applied"}


def test_a_line_that_was_discarded_goes_back(browser: Client, consume: Consume) -> None:
    send_junk("milk")
    order = check_out(browser)
    consume()
    discard(event_id=next(iter(browser.session[on_the_way.SENT])))
    consume()
    page = browser.get(order)
    assert states(page) == {"milk": "dropped", "bread": "applied"}
    assert "could not be carried out" in page.content.decode()
    assert in_basket(browser) == {"milk": 2}


def test_without_kafka_the_basket_is_kept(
    browser: Client, consume: Consume, no_kafka: NoKafka
) -> None:
    with no_kafka():
        sent = form(browser)
        started = time.monotonic()
        answer = browser.post(PAGE, sent)
        assert time.monotonic() - started < 5
    assert answer.status_code == 503
    assert "send it again" in answer.content.decode()
    assert form_of(answer, "token")["token"] == sent["token"]
    assert in_basket(browser) == {"milk": 2, "bread": 1}
    order = check_out(browser)
    assert browser.post(PAGE, sent)["Location"] == order
    consume()
    assert Purchase.objects.count() == 2


@pytest.fixture
def failing(settings: Settings, topic: str) -> Iterator[TestCluster]:
    """Another Kafka, to be ill-treated, where the shop publishes from now on."""
    started = TestCluster()
    started.create_topic(topic, PARTITIONS)
    before, settings.KAFKA_BOOTSTRAP_SERVERS = (
        shop.KAFKA_BOOTSTRAP_SERVERS,
        started.bootstrap_servers,
    )
    yield started
    settings.KAFKA_BOOTSTRAP_SERVERS = before
    faults.let_go(started.bootstrap_servers)
    started.stop()


def test_what_kafka_did_not_take_stays_and_is_sent_by_the_same_event(
    browser: Client, failing: TestCluster, consume: Consume
) -> None:
    publisher.publish(wrap(BREAD, subject="bread", source="/tests"))
    sent = form(browser)
    faults.answer_with(failing, faults.PRODUCE, faults.CLUSTER_AUTHORIZATION_FAILED)
    order = browser.post(PAGE, sent)["Location"]
    page = browser.get(order)
    assert sorted(states(page).values()) == ["unsent", "waiting"]
    assert "Not sent: it is still in your basket." in page.content.decode()
    [left] = in_basket(browser)
    assert states(page)[left] == "unsent"
    assert browser.post(PAGE, sent)["Location"] == order
    consume()
    assert states(browser.get(order)) == {"milk": "applied", "bread": "applied"}
    assert Purchase.objects.count() == 2
    assert in_basket(browser) == {}


def test_what_seemed_not_to_be_sent_may_be_bought_all_the_same(
    browser: Client, failing: TestCluster, consume: Consume
) -> None:
    """The broker wrote a line, and its answer did not come."""
    publisher.publish(wrap(BREAD, subject="bread", source="/tests"))
    sent = form(browser)
    faults.answer_with(failing, faults.PRODUCE, 0, late=3900)
    answer = browser.post(PAGE, sent)
    assert answer.status_code == 503
    browser.post("/basket/", changed_to(browser, 7))
    order = check_out(browser)
    consume()
    page = browser.get(order)
    assert states(page) == {"milk": "applied", "bread": "applied"}
    bought = {row.product_id: row.quantity for row in page.context["rows"]}
    # What was written counts; what was not is bought as it is wanted now.
    assert bought in ({"milk": 2, "bread": 7}, {"milk": 7, "bread": 1})
    assert Purchase.objects.count() == 2


def changed_to(browser: Client, quantity: int) -> dict[str, Any]:
    """What the basket's form sends with that many of each."""
    rows = browser.get("/basket/").context["form"].rows
    return {line.event_id: str(quantity) for line, _ in rows}


def test_many_lines_are_one_order(ola: Customer, publish: Publish, consume: Consume) -> None:
    client = browser_of(ola)
    for number in range(basket.MOST_LINES):
        publish(ProductAdded(f"Towar {number}", "inne", Decimal("1.00")), f"p{number}")
    consume()
    for number in range(basket.MOST_LINES):
        put(client, f"p{number}")
    order = check_out(client)
    consume()
    assert set(states(client.get(order)).values()) == {"applied"}
    assert Purchase.objects.filter(order_id=order.split("/")[2]).count() == basket.MOST_LINES


def test_an_order_is_its_sessions_own(
    browser: Client, ola: Customer, publish: Publish, consume: Consume
) -> None:
    order = check_out(browser)
    consume()
    other = browser_of(customer(publish, consume, "ala@example.com"))
    for client in (browser_of(ola), other):
        assert client.get(order)["Location"] == "/purchases/"
        assert client.get(f"{order}?waiting=1", headers=HTMX)["HX-Refresh"] == "true"
    assert stranger().get(order)["Location"] == f"/log-in/?next={order}"
    assert browser.get("/orders/nonsense/").status_code == 404


def test_the_session_keeps_so_many_and_nothing_about_the_person(
    browser: Client, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_the_way, "MOST", 3)
    check_out(browser)
    put(browser, "butter")
    put(browser, "milk")
    check_out(browser)
    kept = browser.session[on_the_way.SENT]
    assert [one["product"] for one in kept.values()] == ["bread", "butter", "milk"]
    assert all(set(one) == {"product", "quantity", "price", "order", "at"} for one in kept.values())
    assert not [value for value in OLA.values() if value in str(kept)]


def test_who_logs_out_meanwhile_has_bought_all_the_same(
    browser: Client, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, publish_together = form(browser), publisher.publish_together

    def publish_and_log_out(events: Any) -> Any:
        taken = publish_together(events)
        Session.objects.all().delete()
        return taken

    monkeypatch.setattr(publisher, "publish_together", publish_and_log_out)
    assert browser.post(PAGE, sent).status_code == 302
    consume()
    assert Purchase.objects.count() == 2
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("module", "slow"), [(publisher, "publish_together"), (receipts, "wait_for")]
)
def test_what_another_tab_puts_in_while_this_one_waits_is_kept(
    browser: Client, monkeypatch: pytest.MonkeyPatch, module: Any, slow: str
) -> None:
    sent, at_once = form(browser), getattr(module, slow)

    def slowly(*arguments: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(module, slow, at_once)
            put(browser, "butter", 4)
        return at_once(*arguments)

    monkeypatch.setattr(module, slow, slowly)
    browser.post(PAGE, sent)
    monkeypatch.undo()
    assert in_basket(browser).keys() == {"butter"}
