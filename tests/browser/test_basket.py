"""The basket, the check-out and what is on its way, as a person goes through them."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from catalog.events import ProductAdded, ProductChanged, ProductWithdrawn
from customers.models import Customer, Purchase
from kafka_bridge.models import DeadLetter
from tests.browser.conftest import DESKTOP, PHONE, Open, look
from tests.browser.test_flows import log_in
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.pages import PASSWORD, customer, discard, send_junk

pytestmark = pytest.mark.browser

SHELF = [
    ("mleko", "Mleko 3,2%", "nabiał", "4.90"),
    ("chleb", "Chleb żytni razowy na zakwasie", "pieczywo", "7.20"),
    ("losos", "Łosoś wędzony", "ryby", "16.99"),
]
SHOWN_WITHIN = 10_000  # milliseconds


@pytest.fixture(autouse=True)
def shelf(publish: Publish, consume: Consume) -> None:
    for key, name, kind, price in SHELF:
        publish(ProductAdded(name, kind, Decimal(price)), key)
    consume()


@pytest.fixture
def ola(shelf: None, publish: Publish, consume: Consume) -> Customer:
    return customer(publish, consume)


def put(page: Page, product: str, quantity: int = 1) -> None:
    """Put a product into the basket from its page."""
    page.goto(f"/products/{product}/")
    page.get_by_label("Ilość").fill(str(quantity))
    page.get_by_role("button", name="Do koszyka").click()
    expect(page.get_by_role("status")).to_contain_text(f"Włożono do koszyka: {quantity} ×")


def fill(page: Page) -> None:
    """Put all products into the basket, the first of them twice."""
    put(page, "mleko", 2)
    put(page, "chleb")
    put(page, "losos")


def to_check_out(page: Page) -> None:
    """Go from the basket to the check-out."""
    page.goto("/basket/")
    page.get_by_role("button", name="Przejdź do kasy").click()
    expect(page.get_by_role("heading", name="Kasa")).to_be_visible()


def count_of_basket(page: Page) -> str:
    """What the header says of the basket."""
    return page.get_by_role("banner").get_by_role("link", name="Koszyk").inner_text()


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_stranger_fills_a_basket_logs_in_and_checks_out(
    opened: Open, ola: Customer, running_consumer: Running, width: int, script: bool
) -> None:
    page = opened(width=width, java_script_enabled=script)
    suffix = "" if script else "-noscript"
    page.goto("/basket/")
    look(page, f"basket-empty{suffix}", script=script)
    fill(page)
    assert count_of_basket(page) == "Koszyk 3"
    look(page, f"basket{suffix}", script=script)
    page.get_by_role("button", name="Przejdź do kasy").click()
    page.get_by_label("E-mail").fill(ola.email)
    page.get_by_label("Hasło").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Zaloguj się").click()
    expect(page.get_by_role("heading", name="Kasa")).to_be_visible()
    look(page, f"check-out{suffix}", script=script)
    with running_consumer():
        page.get_by_role("button", name="Kup wszystko za 33,99 zł").click()
        told = page.get_by_role("status")
        expect(told).to_contain_text(
            "Kupiono: 3 z 3 produktów. Łącznie: 33,99 zł", timeout=SHOWN_WITHIN
        )
    look(page, f"order{suffix}", script=script)
    assert count_of_basket(page) == "Koszyk"
    page.get_by_role("link", name="Moje zakupy").first.click()
    expect(page.get_by_role("row")).to_have_count(4)
    assert Purchase.objects.count() == 3


def buy_all(page: Page) -> None:
    """Send the order."""
    page.get_by_role("button", name="Kup wszystko").click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_an_order_says_line_by_line_what_became_of_it(
    opened: Open,
    ola: Customer,
    publish: Publish,
    running_consumer: Running,
    *,
    width: int,
    script: bool,
) -> None:
    page = opened(width=width, java_script_enabled=script)
    suffix = "" if script else "-noscript"
    log_in(page, ola)
    fill(page)
    to_check_out(page)
    publish(ProductChanged("Mleko 3,2%", "nabiał", Decimal("5.20"), version=1), "mleko")
    publish(ProductWithdrawn(), "chleb")
    buy_all(page)
    expect(page.get_by_role("status")).to_contain_text("Kupiono: 0 z 3 produktów")
    expect(page.get_by_role("row", name="Mleko")).to_contain_text("W drodze")
    look(page, f"order-waiting{suffix}", script=script)
    with running_consumer():
        told = page.get_by_role("status")
        expect(told).to_contain_text("Kupiono: 1 z 3 produktów", timeout=SHOWN_WITHIN)
        look(page, f"order-refused{suffix}", script=script)
        milk, bread = page.get_by_role("row", name="Mleko"), page.get_by_role("row", name="Chleb")
        expect(milk).to_contain_text("Cena się zmieniła: wynosi teraz 5,20 zł.")
        expect(bread).to_contain_text("Ten produkt nie jest już sprzedawany.")
        bread.get_by_role("link", name="Zobacz w koszyku").click()
        look(page, f"basket-changed{suffix}", script=script)
        page.get_by_role("button", name="Usuń: Chleb").click()
        expect(page.get_by_role("row", name="Chleb")).to_be_hidden()
        page.go_back()
        page.go_back()
        page.get_by_role("link", name="Potwierdź nową cenę").click()
        page.get_by_role("button", name="Kup wszystko za 10,40 zł").click()
        expect(told).to_contain_text(
            "Kupiono: 1 z 1 produktu. Łącznie: 10,40 zł", timeout=SHOWN_WITHIN
        )
    assert Purchase.objects.count() == 2


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
def test_what_is_on_its_way_turns_into_a_purchase(
    opened: Open, ola: Customer, publish: Publish, running_consumer: Running, script: bool
) -> None:
    page = opened(width=PHONE, java_script_enabled=script)
    suffix = "" if script else "-noscript"
    log_in(page, ola)
    publish(ProductChanged("Mleko 3,2%", "nabiał", Decimal("5.20"), version=1), "mleko")
    for product in ("mleko", "losos"):
        page.goto(f"/products/{product}/")
        page.get_by_role("button", name="Kup").click()
        expect(page.get_by_role("status")).to_contain_text("Twój zakup czeka")
    page.get_by_role("link", name="Moje zakupy").click()
    expect(page.get_by_role("row", name="W drodze")).to_have_count(2)
    look(page, f"purchases-on-the-way{suffix}", script=script)
    with running_consumer():
        alert = page.get_by_text("1 × Mleko 3,2%: Cena się zmieniła")
        expect(alert).to_be_visible(timeout=SHOWN_WITHIN)
        expect(page.get_by_role("row", name="W drodze")).to_have_count(0)
        expect(page.get_by_role("row", name="Łosoś wędzony")).to_be_visible()
        look(page, f"purchases-refused{suffix}", script=script)
    page.reload()
    page.get_by_role("button", name="Nie pokazuj więcej").click()
    expect(alert).to_be_hidden()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_what_is_held_up_is_said_to_be(
    opened: Open, ola: Customer, running_consumer: Running, width: int
) -> None:
    send_junk("mleko")
    page = opened(width=width)
    log_in(page, ola)
    with running_consumer():
        page.goto("/products/mleko/")
        page.get_by_role("button", name="Kup").click()
        heading = page.get_by_role("heading", name="Twój zakup został wstrzymany")
        expect(heading).to_be_visible(timeout=SHOWN_WITHIN)
        look(page, "held-up")
        address = page.url
        fill(page)
        to_check_out(page)
        buy_all(page)
        told = page.get_by_role("status")
        expect(told).to_contain_text("Kupiono: 2 z 3 produktów", timeout=SHOWN_WITHIN)
        expect(page.get_by_role("row", name="Mleko")).to_contain_text("wstrzymany")
        look(page, "order-held-up")
        page.get_by_role("link", name="Moje zakupy").first.click()
        expect(page.get_by_role("row", name="wstrzymany")).to_have_count(2)
        look(page, "purchases-held-up")
        discard(DeadLetter.objects.exclude(event_id="").order_by("offset")[0].event_id)
        page.goto(address)
        given_up = page.get_by_role("heading", name="Twój zakup nie doszedł do skutku")
        while not given_up.is_visible():  # the consumer is slow
            page.reload()
        look(page, "given-up")


def test_an_order_is_bought_once_however_often_it_is_sent(
    opened: Open, ola: Customer, running_consumer: Running
) -> None:
    page = opened()
    log_in(page, ola)
    fill(page)
    to_check_out(page)
    other_tab = page.context.new_page()
    to_check_out(other_tab)
    told = page.get_by_role("status")
    with running_consumer():
        page.get_by_role("button", name="Kup wszystko").dblclick()
        expect(told).to_contain_text("Kupiono: 3 z 3", timeout=SHOWN_WITHIN)
        page.reload()
        expect(told).to_contain_text("Kupiono: 3 z 3")
        buy_all(other_tab)
        expect(other_tab.get_by_role("status")).to_contain_text(
            "Kupiono: 3 z 3", timeout=SHOWN_WITHIN
        )
        page.go_back()
        expect(page.get_by_text("Twój koszyk jest pusty")).to_be_visible()
    assert Purchase.objects.count() == 3
    assert Purchase.objects.values("order_id").distinct().count() == 1


def test_two_browsers_at_once_buy_each_their_own(
    opened: Open, ola: Customer, running_consumer: Running
) -> None:
    pages = [opened(), opened(width=PHONE)]
    for page in pages:
        log_in(page, ola)
        fill(page)
        to_check_out(page)
    with running_consumer():
        for page in pages:
            page.get_by_role("button", name="Kup wszystko").click(no_wait_after=True)
        for page in pages:
            expect(page.get_by_role("status")).to_contain_text(
                "Kupiono: 3 z 3", timeout=SHOWN_WITHIN
            )
    assert Purchase.objects.count() == 6
    assert Purchase.objects.values("order_id").distinct().count() == 2


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_without_kafka_the_basket_is_kept(
    opened: Open, ola: Customer, no_kafka: NoKafka, running_consumer: Running, width: int
) -> None:
    page = opened(width=width)
    log_in(page, ola)
    fill(page)
    to_check_out(page)
    with no_kafka():
        buy_all(page)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Nie udało się nam tego teraz zapisać", timeout=SHOWN_WITHIN)
        expect(alert).to_be_focused()
    look(page, "check-out-not-sent")
    assert count_of_basket(page) == "Koszyk 3"
    with running_consumer():
        buy_all(page)
        told = page.get_by_role("status")
        expect(told).to_contain_text("Kupiono: 3 z 3", timeout=SHOWN_WITHIN)
    assert Purchase.objects.count() == 3


def test_the_basket_speaks_english_and_is_dark_at_night(
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
    look(page, "basket-english-dark")
    page.get_by_role("button", name="Go to check-out").click()
    look(page, "check-out-english-dark")
    with running_consumer():
        page.get_by_role("button", name="Buy all for 14.70 PLN").click()
        told = page.get_by_role("status")
        expect(told).to_contain_text("Bought: 1 of 1 product", timeout=SHOWN_WITHIN)
    look(page, "order-english-dark")


def test_the_basket_is_used_by_keyboard_alone(
    opened: Open, ola: Customer, running_consumer: Running
) -> None:
    page = opened()
    log_in(page, ola)
    page.goto("/products/mleko/")
    page.get_by_role("button", name="Do koszyka").press("Enter")
    page.get_by_label("Ilość: Mleko 3,2%").fill("4")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Łącznie: 19,60 zł")).to_be_visible()
    page.get_by_role("button", name="Przejdź do kasy").press("Enter")
    with running_consumer():
        page.get_by_role("button", name="Kup wszystko").press("Enter")
        told = page.get_by_role("status")
        expect(told).to_contain_text("Kupiono: 1 z 1", timeout=SHOWN_WITHIN)


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_wrong_quantity_is_told_beside_its_field(opened: Open, ola: Customer, width: int) -> None:
    page = opened(width=width)
    fill(page)
    page.evaluate("document.querySelectorAll('main form').forEach(f => f.noValidate = true)")
    field = page.get_by_label("Ilość: Chleb")
    field.fill("1001")
    page.get_by_role("button", name="Przelicz").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Ilość: Mleko")).to_have_value("2")
    look(page, "basket-wrong")
