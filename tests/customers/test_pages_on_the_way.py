"""Purchases that are on their way, as "my purchases" shows them until they are decided."""

from decimal import Decimal

import pytest
from django.test import Client

from catalog.events import ProductChanged, ProductWithdrawn
from customers import on_the_way
from customers.models import Customer
from kafka_bridge import receipts
from tests.conftest import Consume, Publish, Running
from tests.operators import form_of
from tests.pages import MILK, browser_of, customer, discard, milk, put, send_junk

PAGE = "/purchases/"
HTMX = {"hx-request": "true"}
DEARER = ProductChanged(MILK.name, MILK.type, Decimal("5.20"), version=1)


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    milk(publish, consume)
    return customer(publish, consume)


@pytest.fixture
def browser(ola: Customer) -> Client:
    return browser_of(ola, "pl")


def buy(browser: Client, quantity: int = 2) -> None:
    """Buy milk on its page."""
    form = form_of(browser.get("/products/milk/"), "price") | {"quantity": str(quantity)}
    assert browser.post("/products/milk/", form).status_code == 302


def followed(browser: Client) -> list[tuple[str, int, str]]:
    """What the page shows above the purchases: the product, how many, and how it stands."""
    context = browser.get(PAGE).context
    rows = [*context["followed"], *context["refused"]]
    return [(row.name, row.quantity, str(row.state)) for row in rows]


def test_a_purchase_is_on_its_way_until_it_is_applied(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    buy(browser)
    page = browser.get(PAGE)
    text = page.content.decode()
    assert followed(browser) == [("Mleko 3,2%", 2, "waiting")]
    assert "W drodze" in text
    assert 'hx-get="?waiting=1"' in text
    assert '<noscript><meta http-equiv="refresh"' in text
    assert browser.get(f"{PAGE}?waiting=1", headers=HTMX).status_code == 204
    consume()
    assert browser.get(f"{PAGE}?waiting=1", headers=HTMX)["HX-Refresh"] == "true"
    page = browser.get(PAGE)
    assert [row.quantity for row in page.context["page"].rows] == [2]
    assert followed(browser) == []
    assert "W drodze" not in page.content.decode()
    assert "http-equiv" not in page.content.decode()
    assert browser.session[on_the_way.SENT] == {}


def test_it_is_shown_while_its_form_waits(
    browser: Client, publish: Publish, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To another tab, while the one that bought still waits for the receipt."""
    seen: list[list[tuple[str, int, str]]] = []

    def look(event_id: str) -> None:
        seen.append(followed(browser))

    monkeypatch.setattr(receipts, "find", look)
    buy(browser)
    assert seen[-1] == [("Mleko 3,2%", 2, "waiting")]


def test_what_was_applied_at_once_was_never_on_its_way(
    browser: Client, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    with running_consumer():
        form = form_of(browser.get("/products/milk/"), "price")
        page = browser.post("/products/milk/", form, follow=True)
        while "/milk/" in page.request["PATH_INFO"]:  # the consumer is slow
            page = browser.get(page.request["PATH_INFO"], follow=True)
    assert page.context["bought"].quantity == 1
    assert page.context["followed"] == []
    assert not browser.session.get(on_the_way.SENT)


def test_what_was_refused_is_told_until_it_is_seen(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    publish(DEARER, "milk")
    buy(browser)
    consume()
    assert browser.get(f"{PAGE}?waiting=1", headers=HTMX)["HX-Refresh"] == "true"
    for _ in range(2):
        text = browser.get(PAGE).content.decode()
        assert followed(browser) == [("Mleko 3,2%", 2, "rejected")]
        assert "Cena się zmieniła: wynosi teraz 5,20\xa0zł." in text
        assert 'href="/products/milk/">Spróbuj ponownie' in text
    assert browser.post(f"{PAGE}seen/")["Location"] == PAGE
    assert followed(browser) == []
    assert browser.get(f"{PAGE}seen/").status_code == 405


def test_what_the_form_has_told_is_not_told_again(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    publish(DEARER, "milk")
    form = form_of(browser.get("/products/milk/"), "price")
    pending = browser.post("/products/milk/", form)["Location"]
    consume()
    assert browser.get(pending).status_code == 409
    assert followed(browser) == []


def test_seeing_what_was_refused_forgets_nothing_that_waits(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    buy(browser)
    browser.post(f"{PAGE}seen/")
    assert followed(browser) == [("Mleko 3,2%", 2, "waiting")]


def test_a_purchase_that_is_held_up_is_said_to_be(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    send_junk("milk")
    buy(browser)
    consume()
    text = browser.get(PAGE).content.decode()
    assert followed(browser) == [("Mleko 3,2%", 2, "held")]
    assert "Zapisany, ale wstrzymany" in text
    assert "hx-get" not in text
    discard(event_id="")
    consume()
    assert followed(browser) == []
    assert [row.quantity for row in browser.get(PAGE).context["page"].rows] == [2]


def test_a_purchase_that_was_discarded_is_told(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    send_junk("milk")
    buy(browser)
    consume()
    [event_id] = browser.session[on_the_way.SENT]
    discard(event_id=event_id)
    consume()
    text = browser.get(PAGE).content.decode()
    assert followed(browser) == [("Mleko 3,2%", 2, "dropped")]
    assert "Nie udało się tego przeprowadzić. Nic nie zostało kupione." in text


def test_lines_of_a_basket_are_on_their_way_too_and_go_back_to_it(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    put(browser, "milk", 3)
    form = form_of(browser.get("/check-out/"), "token")
    publish(ProductWithdrawn(), "milk")
    browser.post("/check-out/", form)
    assert followed(browser) == [("Mleko 3,2%", 3, "waiting")]
    consume()
    text = browser.get(PAGE).content.decode()
    assert followed(browser) == [("Mleko 3,2%", 3, "rejected")]
    assert 'href="/basket/">Zobacz w koszyku' in text
    assert '<b class="count">1</b>' in text


def test_nothing_of_it_is_left_for_who_comes_next(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    buy(browser)
    browser.post("/log-out/")
    browser.force_login(
        customer(publish, consume, "ala@example.com"), backend="customers.auth.CustomerBackend"
    )
    assert followed(browser) == []
