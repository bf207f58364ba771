"""What just happened: one's own events, with what was recorded of them and nothing else."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import Producer
from django.conf import settings as shop
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from pytest_django import Settings

from catalog.models import Product
from customers.models import Customer
from kafka_bridge import journal, tail
from kafka_bridge.envelope import wrap
from kafka_bridge.heartbeat import Pulse
from kafka_bridge.journal import Sighting
from kafka_bridge.models import Receipt
from kafka_bridge.mongo import database
from kafka_bridge.submission import submit_together
from shopsite import learning, stations
from tests import commands, operators
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.pages import FILLED_IN, MILK, browser_of, buying, customer, milk, stranger

pytestmark = pytest.mark.django_db

PAGE = "/what-just-happened/"
LIT, DARK = stations.LIT, stations.DARK
Buy = Callable[..., Any]


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    return customer(publish, consume)


@pytest.fixture
def shelf(publish: Publish, consume: Consume) -> Product:
    return milk(publish, consume)


@pytest.fixture
def browser(ola: Customer) -> Client:
    return browser_of(ola)


@pytest.fixture
def buy(browser: Client, ola: Customer, shelf: Product) -> Buy:
    """Buy milk through the form."""
    return lambda **changed: browser.post("/products/milk/", buying(ola, shelf, **changed))


def states(page: Any) -> list[str]:
    return [station.state for station in page.context["way"]]


def told(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.content.decode()))


def recorded(browser: Client) -> Sighting:
    """Return what the session holds of the last event."""
    return journal.of(browser.session)[0]


def test_before_anything_happened_nothing_is_lit(browser: Client) -> None:
    page = browser.get(PAGE)
    assert states(page) == [DARK] * 5
    assert "Nothing of yours has happened yet." in told(page)
    assert "None is running." in told(page)


def test_an_applied_event_is_lit_at_each_station_with_what_was_recorded(
    browser: Client, buy: Buy, running_consumer: Running
) -> None:
    with running_consumer():
        assert buy().status_code == 302
        page = browser.get(PAGE)
    assert states(page) == [LIT] * 5
    sight, receipt = recorded(browser), Receipt.objects.get(type="shop.product.bought.v1")
    [record] = tail.at({receipt.partition: receipt.offset}, within=5).values()
    assert sight.id == receipt.pk
    assert (sight.partition, sight.offset) == (record.partition, record.offset)
    assert sight.acknowledged
    assert sight.seen
    assert sight.sent <= sight.acknowledged <= sight.seen
    assert timedelta() <= sight.sent - receipt.happened_at < timedelta(milliseconds=1)
    kafka, consumer, last = (page.context["way"][number] for number in (1, 2, 4))
    assert f"partition {record.partition}, offset {record.offset}" in kafka.said[0]
    assert f"{record.published_at:%M:%S}" in kafka.said[1]
    assert consumer.after == stations.since(sight, receipt.applied_at)
    assert last.after == stations.since(sight, sight.seen)
    assert '"quantity": 2' in page.context["json"]
    assert f"ce_id: {sight.id}" in told(page)


def test_the_parts_of_the_time_fill_the_bar(
    browser: Client, buy: Buy, running_consumer: Running
) -> None:
    with running_consumer():
        buy()
    legs = browser.get(PAGE).context["legs"]
    assert sum(leg.width for leg in legs) == pytest.approx(1000, abs=0.2)
    assert legs[1].x == pytest.approx(legs[0].width, abs=0.2)


def test_what_waits_is_said_to_wait_and_what_nobody_saw_is_not_shown(
    browser: Client, buy: Buy, consume: Consume
) -> None:
    pending = buy()["Location"]
    page = browser.get(PAGE)
    assert states(page) == [LIT, LIT, stations.WAITING, DARK, DARK]
    assert page.context["legs"] == []
    consume()
    page = browser.get(PAGE)
    assert states(page) == [LIT, LIT, LIT, LIT, stations.WAITING]
    assert "has not looked yet" in told(page)
    browser.get(pending)
    assert states(browser.get(PAGE)) == [LIT] * 5


def test_a_rejection_tells_why(browser: Client, buy: Buy, running_consumer: Running) -> None:
    with running_consumer():
        assert buy(price="1.00").status_code == 409
    page = browser.get(PAGE)
    assert states(page) == [LIT] * 5
    assert "rejected it: The price has changed" in told(page)
    assert "no document was changed" in told(page)


def test_an_event_that_kafka_did_not_take_goes_no_further(
    browser: Client, buy: Buy, no_kafka: NoKafka
) -> None:
    with no_kafka():
        assert buy().status_code == 503
        page = browser.get(PAGE)
    assert states(page) == [LIT, stations.FAILED, DARK, DARK, DARK]
    assert page.context["json"] is None
    assert "not sent" in told(page)


def test_a_form_that_is_sent_again_is_the_same_event(
    browser: Client, ola: Customer, shelf: Product, no_kafka: NoKafka, consume: Consume
) -> None:
    form = buying(ola, shelf)
    with no_kafka():
        browser.post("/products/milk/", form)
    failed = recorded(browser)
    browser.post("/products/milk/", form)
    sent = recorded(browser)
    assert sent.id == failed.id
    assert sent.sent > failed.sent
    browser.post("/products/milk/", form)
    assert recorded(browser) == sent  # the log has it at its first place
    consume()
    assert len(journal.of(browser.session)) == 1


def test_an_event_that_was_set_aside_is_told(browser: Client, buy: Buy, consume: Consume) -> None:
    producer = Producer({"bootstrap.servers": shop.KAFKA_BOOTSTRAP_SERVERS})
    place = Receipt.objects.get(type__startswith="shop.product.added").partition
    producer.produce(shop.KAFKA_TOPIC, b"junk", key=b"milk", partition=place)
    assert producer.flush(10) == 0
    buy()
    consume()
    page = browser.get(PAGE)
    assert states(page) == [LIT, LIT, stations.FAILED, LIT, DARK]
    assert "dead letter" in told(page)


def test_the_hash_of_a_password_is_shown_to_nobody(topic: str, running_consumer: Running) -> None:
    client = stranger()
    client.get("/register/")
    with running_consumer():
        form = operators.form_of(client.get("/register/"), "token") | FILLED_IN
        assert client.post("/register/", form).status_code == 302
        page = client.get(PAGE)
    shown = json.loads(page.context["json"])
    assert (shown["email"], shown["password"]) == ("ola@example.com", "***")
    assert Customer.objects.get().password not in page.content.decode()


def test_nobody_sees_the_events_of_others(
    browser: Client, buy: Buy, consume: Consume, publish: Publish
) -> None:
    buy()
    consume()
    event_id = recorded(browser).id
    other = browser_of(customer(publish, consume, "jan@example.com"))
    for page in (other.get(PAGE), other.get(PAGE, {"event": event_id})):
        assert states(page) == [DARK] * 5
        assert event_id not in page.content.decode().replace(f"event={event_id}", "")
    browser.post("/log-out/")
    assert states(browser.get(PAGE)) == [DARK] * 5


def test_one_of_the_last_events_can_be_chosen_and_few_are_kept(
    browser: Client, buy: Buy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST", 2)
    monkeypatch.setattr("kafka_bridge.receipts.PATIENCE", 0)
    for _ in range(3):
        buy()
    page = browser.get(PAGE)
    newest, before = (one.sight for one in page.context["mine"])
    assert page.context["chosen"] == newest
    assert browser.get(PAGE, {"event": before.id}).context["chosen"] == before


def test_htmx_gets_the_picture_when_it_is_new(browser: Client, buy: Buy, consume: Consume) -> None:
    def ask(known: str) -> Any:
        return browser.get(PAGE, {"known": known}, headers={"HX-Request": "true"})

    state = browser.get(PAGE).context["state"]
    assert ask(state).status_code == 204
    buy()
    fresh = ask(state)
    assert "<html" not in fresh.content.decode()
    assert states(fresh) == [LIT, LIT, stations.WAITING, DARK, DARK]
    assert ask(fresh.context["state"]).status_code == 204
    consume()
    assert ask(fresh.context["state"]).status_code == 200


def test_the_consumer_to_play_with_is_one_of_this_machine(browser: Client) -> None:
    assert "kill -STOP" not in told(browser.get(PAGE))
    Pulse(database(), shop.KAFKA_GROUP, "till-1").beat([0])
    page = browser.get(PAGE)
    assert f"kill -STOP {stations.consumer_here()}" in told(page)
    assert "None is running." not in told(page)


def test_operators_are_led_to_the_trail(browser: Client, buy: Buy, publish: Publish) -> None:
    buy()
    assert "/trail/" not in browser.get(PAGE).content.decode()
    office = operators.log_in()
    form = operators.form_of(office.get("/admin/catalog/product/add/"), "name")
    filled_in = {"name": "Masło", "type": "nabiał", "price": str(Decimal("8.49"))}
    office.post("/admin/catalog/product/add/", form | filled_in)
    page = office.get(PAGE)
    assert page.context["chosen"].type.startswith("shop.product.added")
    assert f"/trail/?event={page.context['chosen'].id}" in page.content.decode()


def test_the_code_that_is_named_is_shown_and_no_other(db: None) -> None:
    for name in learning.CODE:
        page = stranger().get(f"{PAGE}code/{name}")
        assert page["Content-Type"] == "text/plain; charset=utf-8"
        assert page.content.decode() == (shop.BASE_DIR / name).read_text()
    for name in ("shopsite/settings.py", "../shopsite/settings.py", ".env"):
        assert stranger().get(f"{PAGE}code/{name}").status_code == 404


def test_where_it_is_off_there_is_nothing_of_it(
    ola: Customer, shelf: Product, settings: Settings
) -> None:
    assert PAGE in browser_of(ola).get("/products/").content.decode()
    settings.LEARNING_PAGE = False
    browser = browser_of(ola)
    browser.post("/products/milk/", buying(ola, shelf))
    assert journal.KEY not in browser.session
    assert PAGE not in browser.get("/products/").content.decode()
    for address in (PAGE, f"{PAGE}code/kafka_bridge/receipts.py"):
        assert browser.get(address).status_code == 404


def test_it_is_off_in_production() -> None:
    secrets = {"SECRET_KEY": "s" * 60, "CUSTOMER_ID_KEY": "c" * 60}
    asked = "from django.conf import settings; print(settings.LEARNING_PAGE)"
    for production, on in (("true", "False"), ("false", "True")):
        done = commands.run("shell", "-v", "0", "-c", asked, PRODUCTION=production, **secrets)
        assert done.stdout == f"{on}\n", done.stderr


def test_a_session_that_another_tab_took_away_is_not_revived(publish: Publish) -> None:
    event = publish(MILK, "milk")
    with journal.taking_notes() as notes:
        journal.sent(event)
        journal.seen(Receipt(pk="somebody else's"))
    (gone := SessionStore()).create()
    gone.delete()
    journal.keep(notes, gone)
    assert not SessionStore().exists(str(gone.session_key))
    (there := SessionStore()).create()
    journal.keep(notes, there)
    assert [one.id for one in journal.of(SessionStore(there.session_key))] == [event.id]


def test_what_other_requests_wrote_meanwhile_stays(publish: Publish) -> None:
    (mine := SessionStore()).create()
    (other := SessionStore(mine.session_key))["basket"] = {"milk": 2}
    other.save()
    with journal.taking_notes() as notes:
        journal.sent(publish(MILK, "milk"))
    journal.keep(notes, mine)
    assert {"basket", journal.KEY} <= set(SessionStore(mine.session_key).keys())


def test_strangers_keep_notes_once_they_have_looked(topic: str, no_kafka: NoKafka) -> None:
    client = stranger()
    client.get(PAGE)
    form = operators.form_of(client.get("/register/"), "token") | FILLED_IN
    with no_kafka():
        assert client.post("/register/", form).status_code == 503
    assert recorded(client).type == "shop.customer.registered.v1"


def test_each_line_of_a_basket_is_an_event_of_its_own(topic: str, db: None) -> None:
    lines = [wrap(MILK, subject=key, source="/tests") for key in ("milk", "bread")]
    (session := SessionStore()).create()
    with journal.taking_notes() as notes:
        submit_together(lines, lambda sent: None)
    journal.keep(notes, session)
    found = journal.of(SessionStore(session.session_key))
    assert {one.id for one in found if one.acknowledged} == {line.id for line in lines}
