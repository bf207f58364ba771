"""The customer's three flows as a person goes through them, with pictures of every page."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from catalog.events import ProductChanged
from customers.models import Customer, Purchase
from tests.browser.conftest import Visitor, twice
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.pages import FILLED_IN, PASSWORD, customer

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("shelf")]


def log_in(page: Page, who: Customer) -> None:
    """Log in through the form."""
    page.goto("/log-in/")
    page.fill("[name=email]", who.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    expect(page.get_by_text(who.first_name, exact=True)).to_be_visible()


def buy(page: Page, visitor: Visitor) -> None:
    """Send the form of a product's page."""
    page.get_by_role("button", name=visitor.say("Kup", "Buy")).click()


def register(page: Page, visitor: Visitor) -> Locator:
    """Return the button that sends the registration form."""
    button = visitor.say("Załóż konto", "Register")
    return page.locator("main").get_by_role("button", name=button)


def fill_in(page: Page) -> None:
    """Fill in the registration form."""
    page.goto("/register/")
    for name, value in FILLED_IN.items():
        page.fill(f"[name={name}]", value)


def test_register_look_around_and_buy(visitor: Visitor, running_consumer: Running) -> None:
    page, say = visitor.open(), visitor.say
    register = say("Załóż konto", "Register")
    with running_consumer():
        page.goto("/")
        visitor.look(page, "products")
        page.get_by_role("link", name=register).click()
        visitor.look(page, "register")
        fill_in(page)
        page.locator("main").get_by_role("button", name=register).click()
        expect(page.get_by_role("status")).to_contain_text(say("Witaj, Ola!", "Welcome, Ola!"))
        visitor.look(page, "welcome")
        page.get_by_label(say("Szukaj po nazwie", "Search by name")).fill("mleko")
        page.get_by_role("button", name=say("Pokaż", "Show")).click()
        page.get_by_role("link", name="Mleko 3,2%").click()
        visitor.look(page, "product")
        page.get_by_label(say("Ilość", "Quantity")).fill("3")
        buy(page, visitor)
        told = say("Kupiono: 3 × Mleko 3,2% za 14,70 zł", "Bought: 3 × Mleko 3,2% for 14.70 PLN")
        expect(page.get_by_role("status")).to_contain_text(told)
        expect(page.get_by_role("row")).to_have_count(2)
        visitor.look(page, "purchases")


def test_a_page_that_waits_turns_by_itself(
    visitor: Visitor, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, customer(publish, consume))
    page.goto("/products/chleb/")
    buy(page, visitor)
    waiting = say("Twój zakup czeka na swoją kolej", "Your purchase is waiting its turn")
    expect(page.get_by_role("status")).to_contain_text(waiting)
    visitor.look(page, "waiting")
    with running_consumer():
        bought = page.get_by_text(say("Kupiono: 1 × Chleb", "Bought: 1 × Chleb"))
        expect(bought).to_be_visible(timeout=10_000)


def test_a_registration_that_waits_turns_by_itself(
    visitor: Visitor, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    fill_in(page)
    register(page, visitor).click()
    waiting = say("Twoja rejestracja czeka", "Your registration is waiting")
    expect(page.get_by_role("status")).to_contain_text(waiting)
    visitor.look(page, "registration-waiting")
    with running_consumer():
        welcome = page.get_by_text(say("Witaj, Ola!", "Welcome, Ola!"))
        expect(welcome).to_be_visible(timeout=10_000)


@twice
def test_a_changed_price_is_confirmed(
    visitor: Visitor, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, customer(publish, consume))
    page.goto("/products/maslo/")
    page.get_by_label(say("Ilość", "Quantity")).fill("2")
    publish(ProductChanged("Masło ekstra", "nabiał", Decimal("9.99"), version=1), "maslo")
    with running_consumer():
        buy(page, visitor)
        alert = page.get_by_role("alert")
        changed = say(
            "Cena się zmieniła: wynosi teraz 9,99 zł.", "The price has changed: it is now"
        )
        expect(alert).to_contain_text(changed)
        expect(alert).to_be_focused()
        visitor.look(page, "price-changed")
        buy(page, visitor)
        bought = say("Kupiono: 2 × Masło ekstra za 19,98 zł.", "Bought: 2 × Masło ekstra for 19.98")
        expect(page.get_by_text(bought)).to_be_visible()


@twice
def test_a_double_click_is_one_purchase(
    visitor: Visitor, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, customer(publish, consume))
    page.goto("/products/kawa/")
    bought = page.get_by_text(say("Kupiono: 1 × Kawa zbożowa", "Bought: 1 × Kawa zbożowa"))
    with running_consumer():
        page.get_by_role("button", name=say("Kup", "Buy")).dblclick()
        expect(bought).to_be_visible()
        page.reload()
        expect(bought).to_be_visible()
        assert Purchase.objects.count() == 1


@twice
def test_a_double_click_registers_one_customer(visitor: Visitor, running_consumer: Running) -> None:
    page, say = visitor.open(), visitor.say
    fill_in(page)
    with running_consumer():
        register(page, visitor).dblclick()
        expect(page.get_by_text(say("Witaj, Ola!", "Welcome, Ola!")).first).to_be_visible()
        log_out = page.get_by_role("button", name=say("Wyloguj się", "Log out"))
        expect(log_out).to_be_visible()
    assert Customer.objects.count() == 1


@twice
def test_going_back_to_buy_again_is_another_purchase(
    visitor: Visitor, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, customer(publish, consume))
    with running_consumer():
        page.goto("/products/kawa/")
        buy(page, visitor)
        expect(page.get_by_text(say("Kupiono:", "Bought:"))).to_be_visible()
        page.go_back()
        page.get_by_label(say("Ilość", "Quantity")).fill("5")
        buy(page, visitor)
        bought = say("Kupiono: 5 × Kawa zbożowa", "Bought: 5 × Kawa zbożowa")
        expect(page.get_by_text(bought)).to_be_visible()
    assert Purchase.objects.count() == 2


@twice
def test_strangers_log_in_and_come_back(
    visitor: Visitor, publish: Publish, consume: Consume
) -> None:
    who = customer(publish, consume)
    page, say = visitor.open(), visitor.say
    page.goto("/products/mleko/")
    visitor.look(page, "product-stranger")
    page.get_by_role("link", name=say("Zaloguj się, aby kupić", "Log in to buy")).click()
    page.get_by_label("E-mail").fill(who.email)
    log_in_button = page.locator("main").get_by_role("button", name=say("Zaloguj się", "Log in"))
    page.get_by_label(say("Hasło", "Password")).fill("zupełnie inne")
    log_in_button.click()
    expect(page.get_by_role("alert")).to_be_focused()
    visitor.look(page, "log-in-refused")
    page.get_by_label(say("Hasło", "Password")).fill(PASSWORD)
    log_in_button.click()
    expect(page.get_by_role("button", name=say("Kup", "Buy"))).to_be_visible()
    page.get_by_role("button", name=say("Wyloguj się", "Log out")).click()
    expect(page.get_by_role("link", name=say("Zaloguj się", "Log in"))).to_be_visible()


@twice
def test_the_shop_is_used_by_keyboard_alone(
    visitor: Visitor, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, customer(publish, consume))
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name=say("Przejdź do treści", "Skip to the content"))
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label(say("Szukaj po nazwie", "Search by name"))).to_be_focused()
    page.keyboard.type("kawa")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Kawa zbożowa").focus()
    visitor.look(page, "products-focus")
    page.keyboard.press("Enter")
    page.get_by_label(say("Ilość", "Quantity")).focus()
    page.keyboard.type("2")
    with running_consumer():
        page.keyboard.press("Enter")
        bought = re.compile(say("Kupiono", "Bought") + ": .* Kawa zbożowa")
        expect(page.get_by_text(bought)).to_be_visible()


@twice
def test_wrong_values_are_told_beside_the_fields(visitor: Visitor) -> None:
    page, say = visitor.open(), visitor.say
    fill_in(page)
    page.fill("[name=password]", "12345678")
    page.evaluate("document.querySelector('[name=first_name]').value = 'x'.repeat(500)")
    page.evaluate("document.querySelector('main form').noValidate = true")
    register(page, visitor).click()
    first_name = page.get_by_label(say("Imię", "First name"))
    expect(first_name).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label(say("Nazwisko", "Last name"))).to_have_value("Żółć")
    visitor.look(page, "register-refused")


@twice
def test_who_is_registered_is_told_to_log_in(
    visitor: Visitor, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    customer(publish, consume)
    page = visitor.open()
    fill_in(page)
    with running_consumer():
        register(page, visitor).click()
        told = visitor.say("Ten adres e-mail jest już", "This e-mail address is already registered")
        expect(page.get_by_text(told).first).to_be_visible()
    visitor.look(page, "register-known")


@twice
def test_without_kafka_the_form_is_kept(
    visitor: Visitor, publish: Publish, consume: Consume, no_kafka: NoKafka
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, customer(publish, consume))
    page.goto("/products/mleko/")
    page.get_by_label(say("Ilość", "Quantity")).fill("4")
    with no_kafka():
        buy(page, visitor)
        alert = page.get_by_role("alert")
        told = say("Nie udało się nam tego teraz zapisać", "We could not record this just now")
        expect(alert).to_contain_text(told, timeout=10_000)
    expect(page.get_by_label(say("Ilość", "Quantity"))).to_have_value("4")
    visitor.look(page, "not-sent")


@twice
def test_without_kafka_a_registration_is_kept(
    visitor: Visitor, no_kafka: NoKafka, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    fill_in(page)
    with no_kafka():
        register(page, visitor).click()
        alert = page.get_by_role("alert")
        told = say("Nie udało się nam tego teraz zapisać", "We could not record this just now")
        expect(alert).to_contain_text(told, timeout=10_000)
    expect(page.get_by_label(say("Nazwisko", "Last name"))).to_have_value("Żółć")
    visitor.look(page, "register-not-sent")
