"""The customer's three flows as a person goes through them, with pictures of every page."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from catalog.events import ProductAdded, ProductChanged, ProductWithdrawn
from customers.models import Customer, Purchase
from tests.browser.conftest import DESKTOP, PHONE, Open, look
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.pages import FILLED_IN, PASSWORD, customer

pytestmark = pytest.mark.browser

SHELF = [
    ("mleko", "Mleko 3,2%", "nabiał", "4.90", "Od krów z łąk nad Biebrzą.\nPasteryzowane.", "1 l"),
    ("chleb", "Chleb żytni razowy na zakwasie", "pieczywo", "7.20", "", "500 g"),
    ("maslo", "Masło ekstra", "nabiał", "8.49", "", "200 g"),
    ("jablka", "Jabłka szara reneta", "owoce", "4.99", "", "1 kg"),
    ("losos", "Łosoś wędzony", "ryby", "16.99", "", "100 g"),
    ("czekolada", "Czekolada gorzka 70%", "słodycze", "6.49", "", ""),
    ("kawa", "Kawa zbożowa", "napoje", "6.49", "", ""),
]


@pytest.fixture(autouse=True)
def shelf(publish: Publish, consume: Consume) -> None:
    """A small grocery, long enough for two pages."""
    for key, name, kind, price, description, unit in SHELF:
        publish(ProductAdded(name, kind, Decimal(price), description, unit), key)
    for number in range(25):
        publish(ProductAdded(f"Żurek {number}", "dania gotowe", Decimal("6.99")), f"zurek{number}")
    consume()


def log_in(page: Page, who: Customer) -> None:
    """Log in through the form."""
    page.goto("/log-in/")
    page.fill("[name=email]", who.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    expect(page.get_by_text(who.first_name, exact=True)).to_be_visible()


def fill_in(page: Page) -> None:
    """Fill in the registration form."""
    page.goto("/register/")
    for name, value in FILLED_IN.items():
        page.fill(f"[name={name}]", value)


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_register_look_around_and_buy(
    opened: Open, running_consumer: Running, width: int, script: bool
) -> None:
    page = opened(width=width, java_script_enabled=script)
    suffix = "" if script else "-noscript"
    with running_consumer():
        page.goto("/")
        look(page, f"products{suffix}", script=script)
        page.get_by_role("link", name="Załóż konto").click()
        look(page, f"register{suffix}", script=script)
        fill_in(page)
        page.locator("main").get_by_role("button", name="Załóż konto").click()
        expect(page.get_by_role("status")).to_contain_text("Witaj, Ola!")
        look(page, f"welcome{suffix}", script=script)
        page.get_by_label("Szukaj po nazwie").fill("mleko")
        page.get_by_role("button", name="Pokaż").click()
        page.get_by_role("link", name="Mleko 3,2%").click()
        look(page, f"product{suffix}", script=script)
        page.get_by_label("Ilość").fill("3")
        page.get_by_role("button", name="Kup").click()
        expect(page.get_by_role("status")).to_contain_text("Kupiono: 3 × Mleko 3,2% za 14,70 zł")
        expect(page.get_by_role("row")).to_have_count(2)
        look(page, f"purchases{suffix}", script=script)


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
def test_a_page_that_waits_turns_by_itself(
    opened: Open,
    publish: Publish,
    consume: Consume,
    running_consumer: Running,
    script: bool,
) -> None:
    page = opened(width=PHONE, java_script_enabled=script)
    log_in(page, customer(publish, consume))
    page.goto("/products/chleb/")
    page.get_by_role("button", name="Kup").click()
    expect(page.get_by_role("status")).to_contain_text("Twój zakup czeka na swoją kolej")
    look(page, "waiting", script=script)
    with running_consumer():
        expect(page.get_by_text("Kupiono: 1 × Chleb")).to_be_visible(timeout=10_000)


def test_a_registration_that_waits_turns_by_itself(opened: Open, running_consumer: Running) -> None:
    page = opened()
    fill_in(page)
    page.locator("main").get_by_role("button", name="Załóż konto").click()
    expect(page.get_by_role("status")).to_contain_text("Twoja rejestracja czeka")
    look(page, "registration-waiting")
    with running_consumer():
        expect(page.get_by_text("Witaj, Ola!")).to_be_visible(timeout=10_000)


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_changed_price_is_confirmed(
    opened: Open, publish: Publish, consume: Consume, running_consumer: Running, width: int
) -> None:
    page = opened(width=width)
    log_in(page, customer(publish, consume))
    page.goto("/products/maslo/")
    page.get_by_label("Ilość").fill("2")
    publish(ProductChanged("Masło ekstra", "nabiał", Decimal("9.99"), version=1), "maslo")
    with running_consumer():
        page.get_by_role("button", name="Kup").click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Cena się zmieniła: wynosi teraz 9,99 zł.")
        expect(alert).to_be_focused()
        look(page, "price-changed")
        page.get_by_role("button", name="Kup").click()
        expect(page.get_by_text("Kupiono: 2 × Masło ekstra za 19,98 zł.")).to_be_visible()


def test_a_double_click_is_one_purchase(
    opened: Open, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    page = opened()
    log_in(page, customer(publish, consume))
    page.goto("/products/kawa/")
    with running_consumer():
        page.get_by_role("button", name="Kup").dblclick()
        expect(page.get_by_text("Kupiono: 1 × Kawa zbożowa")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Kupiono: 1 × Kawa zbożowa")).to_be_visible()
        assert Purchase.objects.count() == 1


def test_a_double_click_registers_one_customer(opened: Open, running_consumer: Running) -> None:
    page = opened()
    fill_in(page)
    with running_consumer():
        page.locator("main").get_by_role("button", name="Załóż konto").dblclick()
        expect(page.get_by_text("Witaj, Ola!").first).to_be_visible()
        expect(page.get_by_role("button", name="Wyloguj się")).to_be_visible()
    assert Customer.objects.count() == 1


def test_going_back_to_buy_again_is_another_purchase(
    opened: Open, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    page = opened()
    log_in(page, customer(publish, consume))
    with running_consumer():
        page.goto("/products/kawa/")
        page.get_by_role("button", name="Kup").click()
        expect(page.get_by_text("Kupiono:")).to_be_visible()
        page.go_back()
        page.get_by_label("Ilość").fill("5")
        page.get_by_role("button", name="Kup").click()
        expect(page.get_by_text("Kupiono: 5 × Kawa zbożowa")).to_be_visible()
    assert Purchase.objects.count() == 2


def test_strangers_log_in_and_come_back(opened: Open, publish: Publish, consume: Consume) -> None:
    who = customer(publish, consume)
    page = opened(width=PHONE)
    page.goto("/products/mleko/")
    look(page, "product-stranger")
    page.get_by_role("link", name="Zaloguj się, aby kupić").click()
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Hasło").fill("zupełnie inne")
    page.locator("main").get_by_role("button", name="Zaloguj się").click()
    expect(page.get_by_role("alert")).to_be_focused()
    look(page, "log-in-refused")
    page.get_by_label("Hasło").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Zaloguj się").click()
    expect(page.get_by_role("button", name="Kup")).to_be_visible()
    page.get_by_role("button", name="Wyloguj się").click()
    expect(page.get_by_role("link", name="Zaloguj się")).to_be_visible()


def test_the_shop_speaks_english_too(opened: Open, publish: Publish, consume: Consume) -> None:
    page = opened(width=PHONE)
    log_in(page, customer(publish, consume))
    page.goto("/products/?type=nabiał")
    expect(page.locator("html")).to_have_attribute("lang", "pl")
    page.get_by_role("button", name="EN").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="Products")).to_be_visible()
    expect(page.get_by_text("4.90 PLN")).to_be_visible()
    assert page.url.endswith("/products/?type=nabia%C5%82")
    look(page, "products-english")


def test_the_list_is_searched_sorted_and_paged(opened: Open) -> None:
    page = opened()
    page.goto("/products/")
    page.get_by_label("Sortuj według").select_option("-price")
    page.get_by_role("button", name="Pokaż").click()
    expect(page.get_by_role("listitem").first).to_contain_text("Łosoś wędzony")
    page.get_by_role("link", name="Następna strona").click()
    expect(page.get_by_role("listitem")).to_have_count(8)
    look(page, "products-last")
    page.get_by_role("link", name="Poprzednia strona").click()
    expect(page.get_by_role("listitem").first).to_contain_text("Łosoś wędzony")
    page.get_by_label("Szukaj po nazwie").fill("zzz")
    page.get_by_role("button", name="Pokaż").click()
    expect(page.get_by_text("Nic nie znaleziono")).to_be_visible()
    look(page, "products-none")


def test_the_shop_is_used_by_keyboard_alone(
    opened: Open, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    page = opened()
    log_in(page, customer(publish, consume))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Przejdź do treści")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Szukaj po nazwie")).to_be_focused()
    page.keyboard.type("kawa")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Kawa zbożowa").focus()
    look(page, "products-focus")
    page.keyboard.press("Enter")
    page.get_by_label("Ilość").focus()
    page.keyboard.type("2")
    with running_consumer():
        page.keyboard.press("Enter")
        expect(page.get_by_text(re.compile("Kupiono: .* Kawa zbożowa"))).to_be_visible()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_wrong_values_are_told_beside_the_fields(opened: Open, width: int) -> None:
    page = opened(width=width)
    fill_in(page)
    page.fill("[name=password]", "12345678")
    page.evaluate("document.querySelector('[name=first_name]').value = 'x'.repeat(500)")
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.locator("main").get_by_role("button", name="Załóż konto").click()
    expect(page.get_by_label("Imię")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Nazwisko")).to_have_value("Żółć")
    look(page, "register-refused")


def test_pages_for_troubles(opened: Open, publish: Publish, consume: Consume) -> None:
    who = customer(publish, consume)
    publish(ProductWithdrawn(), "losos")
    consume()
    page = opened()
    page.goto("/nothing")
    expect(page.get_by_role("heading", name="Tu niczego nie ma")).to_be_visible()
    look(page, "not-found")
    page.goto("/products/losos/")
    expect(page.get_by_text("Ten produkt nie jest już sprzedawany.")).to_be_visible()
    look(page, "withdrawn")
    log_in(page, who)
    page.goto("/purchases/")
    expect(page.get_by_text("Jeszcze nic tu nie ma")).to_be_visible()
    look(page, "purchases-none")
    page.goto("/products/mleko/")
    page.context.clear_cookies()
    page.get_by_role("button", name="Kup").click()
    expect(page.get_by_text("Nie możemy zaufać temu formularzowi")).to_be_visible()
    look(page, "csrf")


def test_without_kafka_the_form_is_kept(
    opened: Open, publish: Publish, consume: Consume, no_kafka: NoKafka
) -> None:
    page = opened()
    log_in(page, customer(publish, consume))
    page.goto("/products/mleko/")
    page.get_by_label("Ilość").fill("4")
    with no_kafka():
        page.get_by_role("button", name="Kup").click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Nie udało się nam tego teraz zapisać", timeout=10_000)
    expect(page.get_by_label("Ilość")).to_have_value("4")
    look(page, "not-sent")


def test_pages_are_light(opened: Open) -> None:
    """At most 100 kB without a cache, as they go over the wire."""
    page = opened(width=PHONE)
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto("/products/", wait_until="networkidle")
    assert 0 < sum(sizes) <= 100_000


@pytest.mark.parametrize("scheme", ["dark"])
def test_the_shop_is_dark_at_night(
    opened: Open, publish: Publish, consume: Consume, scheme: str
) -> None:
    page = opened(color_scheme=scheme)
    log_in(page, customer(publish, consume))
    look(page, "products-dark")
    page.goto("/products/mleko/")
    look(page, "product-dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", dark)) < 64
