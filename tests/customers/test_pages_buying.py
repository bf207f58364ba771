"""Buying, from the product's page through Kafka and the consumer to "my purchases"."""

import time
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.events import ProductChanged, ProductWithdrawn
from catalog.models import Product
from customers.models import Customer, Purchase
from kafka_bridge import submission
from kafka_bridge.models import DeadLetter, Receipt
from tests import operators
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.operators import form_of, has_form
from tests.pages import MILK, browser_of, buying, customer, discard, milk, send_junk, stranger

PAGE = "/products/milk/"


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    return customer(publish, consume)


@pytest.fixture
def product(publish: Publish, consume: Consume) -> Product:
    return milk(publish, consume)


@pytest.fixture
def browser(ola: Customer) -> Client:
    return browser_of(ola)


def buy(client: Client, **changed: Any) -> Any:
    """Open the product's page and send its form with these changes."""
    return client.post(PAGE, form_of(client.get(PAGE), "price") | changed)


def dearer(publish: Publish, price: str = "5.20") -> None:
    publish(ProductChanged(MILK.name, MILK.type, Decimal(price), version=1), "milk")


def test_what_is_bought_stands_in_my_purchases(
    browser: Client, product: Product, running_consumer: Running
) -> None:
    with running_consumer():
        answer = buy(browser, quantity="3")
    purchase = Purchase.objects.get()
    assert answer["Location"] == f"/purchases/?bought={purchase.pk}"
    assert (purchase.quantity, purchase.value) == (3, Decimal("14.70"))
    text = browser.get(answer["Location"], headers={"accept-language": "pl"}).content.decode()
    assert "Kupiono: 3 × Mleko 3,2% za 14,70\xa0zł." in text
    assert f'id="{purchase.pk}" class="new"' in text


def test_the_form_shows_the_price_that_it_sends(browser: Client, product: Product) -> None:
    page = browser.get(PAGE, headers={"accept-language": "pl"})
    assert "4,90\xa0zł" in page.content.decode()
    assert form_of(page, "price")["price"] == ["4.90"]


def test_a_changed_price_is_to_be_confirmed(
    browser: Client, product: Product, publish: Publish, running_consumer: Running
) -> None:
    form = form_of(browser.get(PAGE), "price") | {"quantity": "7"}
    dearer(publish)
    with running_consumer():
        answer = browser.post(PAGE, form, headers={"accept-language": "pl"})
        assert answer.status_code == 409
        assert "Cena się zmieniła: wynosi teraz 5,20\xa0zł." in answer.content.decode()
        assert not Purchase.objects.exists()
        again = form_of(answer, "price")
        assert (again["price"], again["quantity"]) == (["5.20"], ["7"])
        assert again["token"] != form["token"]
        assert browser.post(PAGE, again).status_code == 302
    assert Purchase.objects.get().value == Decimal("36.40")


@pytest.mark.parametrize("price", ["0.01", "99999.99", "4.91"])
def test_a_tampered_price_buys_nothing(
    browser: Client, product: Product, running_consumer: Running, price: str
) -> None:
    with running_consumer():
        answer = buy(browser, price=price)
    assert answer.status_code == 409
    assert form_of(answer, "price")["price"] == ["4.90"]
    assert not Purchase.objects.exists()


def test_the_same_price_in_other_digits_is_the_same(
    browser: Client, product: Product, running_consumer: Running
) -> None:
    with running_consumer():
        assert buy(browser, price="4.9").status_code == 302
    assert Purchase.objects.get().price == Decimal("4.90")


def test_a_withdrawn_product_is_not_sold(
    browser: Client, product: Product, publish: Publish, running_consumer: Running
) -> None:
    form = form_of(browser.get(PAGE), "price")
    publish(ProductWithdrawn(), "milk")
    with running_consumer():
        answer = browser.post(PAGE, form)
    assert answer.status_code == 409
    assert "no longer sold" in answer.content.decode()
    assert not has_form(answer, "price")
    assert not Purchase.objects.exists()


def test_a_withdrawn_products_page_says_so(
    product: Product, publish: Publish, consume: Consume
) -> None:
    publish(ProductWithdrawn(), "milk")
    consume()
    page = stranger().get(PAGE)
    assert page.status_code == 200
    assert "no longer sold" in page.content.decode()
    assert not has_form(page, "price")


def test_an_unknown_product_is_not_found(browser: Client) -> None:
    for answer in (browser.get(PAGE), browser.post(PAGE, {"quantity": 1})):
        assert answer.status_code == 404
        assert "There is nothing here" in answer.content.decode()


def test_a_slow_consumer_is_waited_for(browser: Client, product: Product, consume: Consume) -> None:
    answer = buy(browser, quantity="4")
    waiting = browser.get(answer["Location"])
    assert "waiting its turn" in waiting.content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting.content.decode()
    assert browser.get(answer["Location"], headers={"hx-request": "true"}).status_code == 204
    assert not Purchase.objects.exists()
    consume()
    assert browser.get(answer["Location"], headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert (
        browser.get(answer["Location"])["Location"]
        == f"/purchases/?bought={Purchase.objects.get().pk}"
    )


def test_a_refusal_after_waiting_comes_back_on_the_form(
    browser: Client, product: Product, publish: Publish, consume: Consume
) -> None:
    dearer(publish)
    answer = buy(browser, quantity="4")
    consume()
    page = browser.get(answer["Location"])
    assert page.status_code == 409
    assert "it is now 5.20\xa0PLN" in page.content.decode()
    form = form_of(page, "price")
    assert (form["price"], form["quantity"]) == (["5.20"], ["4"])


def test_only_its_owner_sees_what_waits(
    browser: Client, product: Product, publish: Publish, consume: Consume
) -> None:
    address = buy(browser)["Location"]
    assert stranger().get(address)["Location"].startswith("/log-in/?next=/purchases/")
    other = browser_of(customer(publish, consume, "ala@example.com"))
    assert other.get(address).status_code == 404
    assert browser.get(address.replace("milk", "other")).status_code == 404
    assert browser.get("/purchases/nonsense/milk/").status_code == 404


def test_a_purchase_that_is_held_up_is_said_to_be(
    browser: Client, product: Product, consume: Consume
) -> None:
    send_junk("milk")
    address = buy(browser)["Location"]
    consume()
    assert browser.get(address, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    page = browser.get(address).content.decode()
    assert "Your purchase is held up" in page
    assert "http-equiv" not in page
    assert "hx-get" not in page
    discard(event_id="")
    consume()
    assert browser.get(address)["Location"].startswith("/purchases/?bought=")


def test_a_purchase_that_was_discarded_is_told(
    browser: Client, product: Product, consume: Consume
) -> None:
    send_junk("milk")
    address = buy(browser)["Location"]
    consume()
    discard(event_id=DeadLetter.objects.exclude(event_id="").get().event_id)
    consume()
    page = browser.get(address).content.decode()
    assert "Your purchase was not carried out" in page
    assert 'href="/products/milk/"' in page
    assert "Not bought" not in browser.get("/purchases/").content.decode()


def test_a_buy_token_is_no_pending_page(browser: Client, product: Product) -> None:
    """Else a page could say "recorded" of what was never sent."""
    token = form_of(browser.get(PAGE), "price")["token"][0]
    assert browser.get(f"/purchases/{token}/milk/").status_code == 404


def test_sent_twice_it_is_one_purchase(
    browser: Client, product: Product, ola: Customer, running_consumer: Running
) -> None:
    form = form_of(browser.get(PAGE), "price")
    with running_consumer():
        tabs = (browser, browser, browser_of(ola))
        answers = [tab.post(PAGE, form) for tab in tabs]
    assert len({answer["Location"] for answer in answers}) == 1
    assert Purchase.objects.count() == 1


def test_a_refusal_sent_twice_is_the_same_refusal(
    browser: Client, product: Product, publish: Publish, running_consumer: Running
) -> None:
    form = form_of(browser.get(PAGE), "price")
    dearer(publish)
    with running_consumer():
        answers = [browser.post(PAGE, form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert Receipt.objects.filter(type="shop.product.bought.v1").count() == 1


def test_sent_again_with_another_quantity_the_page_tells_the_first(
    browser: Client, product: Product, running_consumer: Running
) -> None:
    form = form_of(browser.get(PAGE), "price")
    with running_consumer():
        browser.post(PAGE, form)
        answer = browser.post(PAGE, form | {"quantity": "9"}, follow=True)
    assert "Bought: 1 × Mleko 3,2%" in answer.content.decode()
    assert Purchase.objects.get().quantity == 1


def test_two_tabs_are_two_purchases(
    browser: Client, product: Product, running_consumer: Running
) -> None:
    forms = [form_of(browser.get(PAGE), "price") for _ in range(2)]
    with running_consumer():
        for form in forms:
            browser.post(PAGE, form)
    assert Purchase.objects.count() == 2


def test_strangers_log_in_first_and_come_back(product: Product, ola: Customer) -> None:
    client = stranger()
    answer = client.post(PAGE, buying(ola, product, quantity="5"))
    assert answer["Location"] == "/log-in/?next=/products/milk/%3Fquantity%3D5"
    page = client.post(answer["Location"], {"email": ola.email, "password": "kasza-gryczana-1"})
    assert page["Location"] == "/products/milk/?quantity=5"
    assert form_of(client.get(page["Location"]), "price")["quantity"] == ["5"]


def test_an_operator_is_no_customer(product: Product, ola: Customer, consume: Consume) -> None:
    operator = operators.log_in()
    assert "Only customers can buy" in operator.get(PAGE).content.decode()
    assert operator.post(PAGE, buying(ola, product))["Location"].startswith("/log-in/")
    assert operator.get("/purchases/")["Location"].startswith("/log-in/")
    assert consume() == 0


def test_a_customer_is_no_operator(browser: Client) -> None:
    assert browser.get("/admin/")["Location"].startswith("/admin/login/")


def test_a_forged_form_buys_nothing(
    browser: Client, product: Product, ola: Customer, publish: Publish, consume: Consume
) -> None:
    other = customer(publish, consume, "ala@example.com")
    foreign = [
        "",
        "x",
        submission.new_token("register"),
        buying(other, product)["token"],
        buying(ola, Product(pk="bread", price=Decimal(1)))["token"],
    ]
    for token in foreign:
        answer = buy(browser, token=token, quantity="6")
        assert answer.status_code == 400
        assert "Nothing was done" in answer.content.decode()
        assert form_of(answer, "price")["quantity"] == ["6"]
    assert consume() == 0


@pytest.mark.parametrize(
    "quantity", ["", "0", "-1", "1001", "1.5", "x", "9" * 10_000, "\x00", "🥛", "1e3"]
)
def test_a_wrong_quantity_comes_back_with_a_message(
    browser: Client, product: Product, consume: Consume, quantity: str
) -> None:
    form = form_of(browser.get(PAGE), "price")
    answer = browser.post(PAGE, form | {"quantity": quantity})
    assert answer.status_code == 422
    assert answer.context["form"].errors["quantity"]
    assert form_of(answer, "price")["token"] == form["token"]
    assert consume() == 0


@pytest.mark.parametrize(
    "price", ["", "x", "NaN", "Infinity", "-4.90", "1e400", "4.905", "9" * 5000, "٤.٩٠x"]
)
def test_a_price_that_is_none_comes_back_with_a_message(
    browser: Client, product: Product, consume: Consume, price: str
) -> None:
    answer = buy(browser, price=price)
    assert answer.status_code == 422
    assert answer.context["refusal"]
    assert form_of(answer, "price")["price"] == ["4.90"]
    assert consume() == 0


def test_without_kafka_the_form_is_kept(
    browser: Client, product: Product, consume: Consume, no_kafka: NoKafka
) -> None:
    with no_kafka():
        form = form_of(browser.get(PAGE), "price") | {"quantity": ["8"]}
        started = time.monotonic()
        answer = browser.post(PAGE, form)
        assert time.monotonic() - started < 5
    assert answer.status_code == 503
    assert "send it again" in answer.content.decode()
    kept = form_of(answer, "price")
    assert all(kept[name] == form[name] for name in ("token", "price", "quantity"))
    browser.post(PAGE, kept)
    consume()
    assert Purchase.objects.get().quantity == 8
