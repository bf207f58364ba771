"""The basket, as pages fill it, show it and change it."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.events import ProductChanged, ProductWithdrawn
from catalog.models import Product
from customers import basket
from kafka_bridge.mongo import database
from tests.conftest import Consume, Publish
from tests.operators import form_of, has_form, told
from tests.pages import BREAD, FILLED_IN, MILK, PASSWORD, browser_of, customer, put, shelf, stranger

PAGE = "/basket/"


@pytest.fixture(autouse=True)
def _shelf(publish: Publish, consume: Consume) -> None:
    shelf(publish, consume)


@pytest.fixture
def browser() -> Client:
    return stranger()


def quantities(browser: Client) -> dict[str, int]:
    """How many of each product the basket's page shows."""
    return {line.product_id: line.quantity for line, _ in rows(browser.get(PAGE))}


def rows(page: Any) -> list[tuple[basket.Line, Any]]:
    """The lines of the basket's page with their fields."""
    found: list[tuple[basket.Line, Any]] = page.context["form"].rows
    return found


def changed(browser: Client, **wanted: Any) -> dict[str, Any]:
    """What the basket's form sends with these quantities, by product id."""
    page = browser.get(PAGE)
    names = {line.product_id: line.event_id for line, _ in rows(page)}
    given = {names[product_id]: str(quantity) for product_id, quantity in wanted.items()}
    return form_of(page, next(iter(names.values()))) | given


def test_what_is_put_in_is_shown_with_its_value(browser: Client) -> None:
    answer = put(browser, "milk", 3)
    assert answer["Location"] == PAGE
    put(browser, "bread")
    page = browser.get(PAGE)
    assert list(told(page)) == [("success", "Put into the basket: 1 × Chleb żytni.")]
    text = page.content.decode()
    for seen in ("Mleko 3,2%", "14.70\xa0PLN", "Chleb żytni", "21.90\xa0PLN"):
        assert seen in text
    assert '<b class="count">2</b>' in text
    assert '<b class="count">2</b>' in browser.get("/products/").content.decode()


def test_it_is_empty_at_first_and_nobody_elses(browser: Client) -> None:
    put(browser, "milk")
    page = stranger().get(PAGE)
    assert "Your basket is empty" in page.content.decode()
    assert 'class="count"' not in page.content.decode()


def test_nothing_is_kept_of_who_only_looks(browser: Client) -> None:
    browser.get("/products/milk/")
    browser.get(PAGE)
    assert "sessionid" not in browser.cookies


def test_the_same_product_again_adds_up(browser: Client) -> None:
    put(browser, "milk", 2)
    put(browser, "milk", 3)
    assert quantities(browser) == {"milk": 5}


def test_a_form_sent_twice_adds_once(browser: Client) -> None:
    form = form_of(browser.get("/products/milk/"), "price") | {"quantity": "2", "basket": "1"}
    for _ in range(3):
        browser.post("/products/milk/", form)
    assert quantities(browser) == {"milk": 2}


def test_more_than_one_can_buy_at_once_is_refused(browser: Client) -> None:
    put(browser, "milk", 999)
    put(browser, "milk", 2)
    page = browser.get(PAGE)
    assert "at most 1000 pieces at once" in page.content.decode()
    assert quantities(browser) == {"milk": 999}


def test_a_basket_holds_so_many_lines(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basket, "MOST_LINES", 2)
    for product_id in ("milk", "bread", "butter"):
        put(browser, product_id)
    page = browser.get(PAGE)
    assert "A basket holds 2 products at most." in page.content.decode()
    put(browser, "milk")
    assert quantities(browser) == {"milk": 2, "bread": 1}


@pytest.mark.parametrize("quantity", ["", "0", "-1", "1001", "1.5", "x", "\x00"])
def test_a_wrong_quantity_is_not_put_in(browser: Client, quantity: str) -> None:
    form = form_of(browser.get("/products/milk/"), "price") | {"quantity": quantity}
    answer = browser.post("/products/milk/", form | {"basket": "1"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["quantity"]
    assert quantities(browser) == {}


def test_what_is_no_longer_sold_is_not_put_in(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    form = form_of(browser.get("/products/milk/"), "price") | {"basket": "1"}
    publish(ProductWithdrawn(), "milk")
    consume()
    answer = browser.post("/products/milk/", form)
    assert answer.status_code == 409
    assert "no longer sold" in answer.content.decode()
    assert quantities(browser) == {}


def test_quantities_are_changed(browser: Client) -> None:
    put(browser, "milk", 2)
    put(browser, "bread", 1)
    answer = browser.post(PAGE, changed(browser, milk=7))
    assert answer["Location"] == PAGE
    assert quantities(browser) == {"milk": 7, "bread": 1}


@pytest.mark.parametrize("quantity", ["", "0", "1001", "x"])
def test_a_wrong_quantity_is_told_beside_its_field(browser: Client, quantity: str) -> None:
    put(browser, "milk", 2)
    put(browser, "bread", 1)
    answer = browser.post(PAGE, changed(browser, milk=quantity, bread=3))
    assert answer.status_code == 422
    [(_, milk), (_, bread)] = rows(answer)
    assert milk.errors
    assert (milk.value(), bread.value()) == (quantity, "3")
    assert quantities(browser) == {"milk": 2, "bread": 1}


def test_what_another_tab_put_in_meanwhile_stays(browser: Client) -> None:
    put(browser, "milk", 2)
    form = changed(browser, milk=3)
    put(browser, "bread", 4)
    assert browser.post(PAGE, form).status_code == 302
    assert quantities(browser) == {"milk": 3, "bread": 4}


def test_a_line_is_taken_out(browser: Client) -> None:
    put(browser, "milk")
    put(browser, "bread")
    assert browser.post(PAGE, {"remove": "milk"})["Location"] == PAGE
    browser.post(PAGE, {"remove": "what is not there"})
    assert quantities(browser) == {"bread": 1}


def test_what_changed_since_is_said(browser: Client, publish: Publish, consume: Consume) -> None:
    put(browser, "milk", 2)
    put(browser, "bread")
    publish(ProductChanged(MILK.name, MILK.type, Decimal("5.20"), version=1), "milk")
    publish(ProductWithdrawn(), "bread")
    consume()
    page = browser.get(PAGE)
    text = page.content.decode()
    assert "changed from 4.90\xa0PLN to 5.20\xa0PLN" in text
    assert "No longer sold. Remove it, or it is left out." in text
    assert page.context["total"] == Decimal("10.40")


def test_nothing_can_be_checked_out_if_nothing_is_sold(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    put(browser, "bread")
    publish(ProductWithdrawn(), "bread")
    consume()
    assert 'name="check-out"' not in browser.get(PAGE).content.decode()


def test_a_product_that_the_shop_no_longer_knows_is_told_by_its_id(browser: Client) -> None:
    put(browser, "bread")
    browser.get(PAGE)
    database()[Product._meta.db_table].delete_one({"_id": "bread"})
    text = browser.get(PAGE).content.decode()
    assert "No longer sold" in text
    assert BREAD.name not in text
    assert browser.post(PAGE, {"remove": "bread"}).status_code == 302


def test_who_checks_out_logs_in_and_keeps_the_basket(
    browser: Client, publish: Publish, consume: Consume
) -> None:
    who = customer(publish, consume)
    put(browser, "milk", 2)
    answer = browser.post(PAGE, changed(browser, milk=4) | {"check-out": "1"})
    assert answer["Location"] == "/check-out/"
    log_in = browser.get("/check-out/")["Location"]
    assert log_in == "/log-in/?next=/check-out/"
    answer = browser.post(log_in, {"email": who.email, "password": PASSWORD})
    assert answer["Location"] == "/check-out/"
    assert "19.60\xa0PLN" in browser.get("/check-out/").content.decode()


def test_who_registers_to_check_out_finds_the_basket(browser: Client, consume: Consume) -> None:
    put(browser, "milk", 2)
    form = form_of(browser.get("/register/"), "token") | FILLED_IN
    waiting = browser.post("/register/", form)["Location"]
    consume()
    assert browser.get(waiting)["Location"] == PAGE
    assert quantities(browser) == {"milk": 2}


def test_who_logs_out_leaves_no_basket_behind(publish: Publish, consume: Consume) -> None:
    browser = browser_of(customer(publish, consume))
    put(browser, "milk")
    browser.post("/log-out/")
    assert quantities(browser) == {}


def test_pages_of_errors_ask_no_session(browser: Client) -> None:
    put(browser, "milk")
    text = browser.get("/nothing").content.decode()
    assert PAGE not in text


def test_an_operator_finds_no_form_to_fill_it(admin_client: Client) -> None:
    assert not has_form(admin_client.get("/products/milk/"), "price")
