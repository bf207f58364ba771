"""The basket, the check-out and what is on its way, as a person goes through them."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from catalog.events import ProductChanged, ProductWithdrawn
from customers.models import Customer, Purchase
from tests.browser.conftest import PHONE, Open, Visitor, look, twice
from tests.browser.test_flows import log_in
from tests.conftest import NoKafka, Publish, Running
from tests.pages import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("shelf")]

SHOWN_WITHIN = 10_000  # milliseconds


def put(page: Page, visitor: Visitor, product: str, quantity: int = 1) -> None:
    """Put a product into the basket from its page."""
    page.goto(f"/products/{product}/")
    page.get_by_label(visitor.say("Ilość", "Quantity")).fill(str(quantity))
    page.get_by_role("button", name=visitor.say("Do koszyka", "Add to basket")).click()
    put = visitor.say("Włożono do koszyka:", "Put into the basket:")
    expect(page.get_by_role("status")).to_contain_text(f"{put} {quantity} ×")


def fill(page: Page, visitor: Visitor) -> None:
    """Put all products into the basket, the first of them twice."""
    put(page, visitor, "mleko", 2)
    put(page, visitor, "chleb")
    put(page, visitor, "losos")


def to_check_out(page: Page, visitor: Visitor) -> None:
    """Go from the basket to the check-out."""
    page.goto("/basket/")
    page.get_by_role("button", name=visitor.say("Przejdź do kasy", "Go to check-out")).click()
    heading = page.get_by_role("heading", name=visitor.say("Kasa", "Check-out"))
    expect(heading).to_be_visible()


def buy_all(page: Page, visitor: Visitor, total: str = "") -> None:
    """Send the order."""
    button = visitor.say("Kup wszystko", "Buy all")
    if total:
        button += f" {visitor.say('za', 'for')} {visitor.money(total)}"
    page.get_by_role("button", name=button).click()


def expect_bought(page: Page, visitor: Visitor, count: int, of: int, total: str = "") -> None:
    """Wait until so many products of an order are bought."""
    words = visitor.say(f"Kupiono: {count} z {of} ", f"Bought: {count} of {of} ")
    told = page.get_by_role("status")
    expect(told).to_contain_text(words, timeout=SHOWN_WITHIN)
    if total:
        together = f"{visitor.say('Łącznie', 'All together')}: {visitor.money(total)}"
        expect(told).to_contain_text(together)


def count_of_basket(page: Page, visitor: Visitor) -> str:
    """What the header says of the basket."""
    basket = visitor.say("Koszyk", "Basket")
    return page.get_by_role("banner").get_by_role("link", name=basket).inner_text()


def test_a_stranger_fills_a_basket_logs_in_and_checks_out(
    visitor: Visitor, ola: Customer, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    page.goto("/basket/")
    visitor.look(page, "basket-empty")
    fill(page, visitor)
    assert count_of_basket(page, visitor) == say("Koszyk 3", "Basket 3")
    visitor.look(page, "basket")
    page.get_by_role("button", name=say("Przejdź do kasy", "Go to check-out")).click()
    page.get_by_label("E-mail").fill(ola.email)
    page.get_by_label(say("Hasło", "Password")).fill(PASSWORD)
    page.locator("main").get_by_role("button", name=say("Zaloguj się", "Log in")).click()
    expect(page.get_by_role("heading", name=say("Kasa", "Check-out"))).to_be_visible()
    visitor.look(page, "check-out")
    with running_consumer():
        buy_all(page, visitor, "33.99")
        expect_bought(page, visitor, 3, 3, "33.99")
    visitor.look(page, "order")
    assert count_of_basket(page, visitor) == say("Koszyk", "Basket")
    page.get_by_role("link", name=say("Moje zakupy", "My purchases")).first.click()
    expect(page.get_by_role("row")).to_have_count(4)
    assert Purchase.objects.count() == 3


def test_an_order_says_line_by_line_what_became_of_it(
    visitor: Visitor, ola: Customer, publish: Publish, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, ola)
    fill(page, visitor)
    to_check_out(page, visitor)
    publish(ProductChanged("Mleko 3,2%", "nabiał", Decimal("5.20"), version=1), "mleko")
    publish(ProductWithdrawn(), "chleb")
    buy_all(page, visitor)
    expect_bought(page, visitor, 0, 3)
    milk, bread = page.get_by_role("row", name="Mleko"), page.get_by_role("row", name="Chleb")
    expect(milk).to_contain_text(say("W drodze", "On its way"))
    visitor.look(page, "order-waiting")
    with running_consumer():
        expect_bought(page, visitor, 1, 3)
        visitor.look(page, "order-refused")
        changed = say("Cena się zmieniła: wynosi teraz 5,20 zł.", "it is now 5.20 PLN")
        expect(milk).to_contain_text(changed)
        gone = say("Ten produkt nie jest już sprzedawany.", "This product is no longer sold.")
        expect(bread).to_contain_text(gone)
        bread.get_by_role("link", name=say("Zobacz w koszyku", "See it in the basket")).click()
        visitor.look(page, "basket-changed")
        page.get_by_role("button", name=say("Usuń: Chleb", "Remove Chleb")).click()
        expect(bread).to_be_hidden()
        page.go_back()
        page.go_back()
        page.get_by_role("link", name=say("Potwierdź nową cenę", "Confirm the new price")).click()
        buy_all(page, visitor, "10.40")
        expect_bought(page, visitor, 1, 1, "10.40")
    assert Purchase.objects.count() == 2


@twice
def test_an_order_is_bought_once_however_often_it_is_sent(
    visitor: Visitor, ola: Customer, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, ola)
    fill(page, visitor)
    to_check_out(page, visitor)
    other_tab = page.context.new_page()
    to_check_out(other_tab, visitor)
    with running_consumer():
        page.get_by_role("button", name=say("Kup wszystko", "Buy all")).dblclick()
        expect_bought(page, visitor, 3, 3)
        page.reload()
        expect_bought(page, visitor, 3, 3)
        buy_all(other_tab, visitor)
        expect_bought(other_tab, visitor, 3, 3)
        page.go_back()
        empty = page.get_by_text(say("Twój koszyk jest pusty", "Your basket is empty"))
        expect(empty).to_be_visible()
    assert Purchase.objects.count() == 3
    assert Purchase.objects.values("order_id").distinct().count() == 1


@twice
def test_two_browsers_at_once_buy_each_their_own(
    visitor: Visitor, ola: Customer, running_consumer: Running
) -> None:
    pages = [visitor.open(), visitor.open()]
    for page in pages:
        log_in(page, ola)
        fill(page, visitor)
        to_check_out(page, visitor)
    with running_consumer():
        for page in pages:
            button = page.get_by_role("button", name=visitor.say("Kup wszystko", "Buy all"))
            button.click(no_wait_after=True)
        for page in pages:
            expect_bought(page, visitor, 3, 3)
    assert Purchase.objects.count() == 6
    assert Purchase.objects.values("order_id").distinct().count() == 2


def test_without_kafka_the_basket_is_kept(
    visitor: Visitor, ola: Customer, no_kafka: NoKafka, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, ola)
    fill(page, visitor)
    to_check_out(page, visitor)
    with no_kafka():
        buy_all(page, visitor)
        alert = page.get_by_role("alert")
        told = say("Nie udało się nam tego teraz zapisać", "We could not record this just now")
        expect(alert).to_contain_text(told, timeout=SHOWN_WITHIN)
        expect(alert).to_be_focused()
    visitor.look(page, "check-out-not-sent")
    assert count_of_basket(page, visitor) == say("Koszyk 3", "Basket 3")
    with running_consumer():
        buy_all(page, visitor)
        expect_bought(page, visitor, 3, 3)
    assert Purchase.objects.count() == 3


def test_the_basket_is_dark_at_night(
    opened: Open, ola: Customer, running_consumer: Running
) -> None:
    page = opened(width=PHONE, locale="en", color_scheme="dark")
    log_in(page, ola)
    page.goto("/products/mleko/")
    page.get_by_role("button", name="Add to basket").click()
    expect(page.get_by_role("status")).to_contain_text("Put into the basket: 1 × Mleko 3,2%.")
    page.get_by_label("Quantity of Mleko 3,2%").fill("3")
    page.get_by_role("button", name="Update quantities").click()
    expect(page.get_by_text("All together: 14.70 PLN")).to_be_visible()
    look(page, "basket-dark")
    page.get_by_role("button", name="Go to check-out").click()
    look(page, "check-out-dark")
    with running_consumer():
        page.get_by_role("button", name="Buy all for 14.70 PLN").click()
        told = page.get_by_role("status")
        expect(told).to_contain_text("Bought: 1 of 1 product", timeout=SHOWN_WITHIN)
    look(page, "order-dark")


@twice
def test_the_basket_is_used_by_keyboard_alone(
    visitor: Visitor, ola: Customer, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, ola)
    page.goto("/products/mleko/")
    page.get_by_role("button", name=say("Do koszyka", "Add to basket")).press("Enter")
    page.get_by_label(say("Ilość: Mleko 3,2%", "Quantity of Mleko 3,2%")).fill("4")
    page.keyboard.press("Enter")
    together = f"{say('Łącznie', 'All together')}: {visitor.money('19.60')}"
    expect(page.get_by_text(together)).to_be_visible()
    check_out = say("Przejdź do kasy", "Go to check-out")
    page.get_by_role("button", name=check_out).press("Enter")
    with running_consumer():
        page.get_by_role("button", name=say("Kup wszystko", "Buy all")).press("Enter")
        expect_bought(page, visitor, 1, 1)


@twice
def test_a_wrong_quantity_is_told_beside_its_field(visitor: Visitor, ola: Customer) -> None:
    page, say = visitor.open(), visitor.say
    fill(page, visitor)
    page.evaluate("document.querySelectorAll('main form').forEach(f => f.noValidate = true)")
    field = page.get_by_label(say("Ilość: Chleb", "Quantity of Chleb"))
    field.fill("1001")
    page.get_by_role("button", name=say("Przelicz", "Update quantities")).click()
    expect(field).to_have_attribute("aria-invalid", "true")
    milk = page.get_by_label(say("Ilość: Mleko", "Quantity of Mleko"))
    expect(milk).to_have_value("2")
    visitor.look(page, "basket-wrong")
