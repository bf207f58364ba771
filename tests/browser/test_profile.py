"""A customer looks at and changes their own data, with pictures of every page."""

import json

import pytest
from playwright.sync_api import Page, expect

from customers.events import CustomerChanged, ProductBought
from customers.models import Customer
from tests.browser.conftest import DESKTOP, PHONE, Open, look
from tests.browser.test_flows import log_in
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.pages import MILK, OLA, PASSWORD, customer, milk

pytestmark = pytest.mark.browser

NEW = "zupa-pomidorowa-2"
STALE = CustomerChanged("Aleksandra", "Żółć", "Krótka 2", "30-002", "Kraków", version=7)


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    return customer(publish, consume)


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_customer_looks_at_their_data_and_takes_them_away(
    opened: Open, ola: Customer, publish: Publish, consume: Consume, *, width: int, script: bool
) -> None:
    milk(publish, consume)
    publish(ProductBought(ola.pk, 2, MILK.price), "milk")
    publish(STALE, ola.pk)
    consume()
    page = opened(width=width, java_script_enabled=script)
    log_in(page, ola)
    page.get_by_role("link", name=ola.first_name, exact=True).click()
    expect(page.get_by_role("heading", name="Mój profil")).to_be_visible()
    look(page, f"profile{'' if script else '-noscript'}", script=script)
    with page.expect_download() as coming:
        page.get_by_role("link", name="Pobierz moje dane").click()
    assert coming.value.suggested_filename.startswith("my-data-")
    told = json.loads(coming.value.path().read_text())
    assert told["email"] == OLA["email"]


def test_the_profile_is_dark_at_night_and_speaks_english(opened: Open, ola: Customer) -> None:
    page = opened(color_scheme="dark", locale="en")
    log_in(page, ola)
    page.goto("/profile/")
    expect(page.get_by_role("heading", name="My profile")).to_be_visible()
    look(page, "profile-english-dark")


def fill_in_password(page: Page, current: str = PASSWORD) -> None:
    """Fill in the form for another password."""
    page.goto("/profile/password/")
    page.get_by_label("Obecne hasło").fill(current)
    page.get_by_label("Nowe hasło", exact=True).fill(NEW)
    page.get_by_label("Powtórz nowe hasło").fill(NEW)


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_customer_moves(
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
    page.goto("/profile/")
    page.get_by_role("link", name="Zmień imię, nazwisko i adres").click()
    look(page, f"change{suffix}", script=script)
    page.get_by_label("Miejscowość").fill("Kraków")
    publish(CustomerChanged("Ola", "Wilk", "Inna 9", "80-001", "Gdańsk", version=1), ola.pk)
    page.get_by_role("button", name="Zapisz").click()
    expect(page.get_by_role("status")).to_contain_text("Twoja zmiana czeka na swoją kolej")
    look(page, f"change-waiting{suffix}", script=script)
    with running_consumer():
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("zmienione gdzie indziej", timeout=10_000)
        expect(page.get_by_text("80-001 Gdańsk")).to_be_visible()
        look(page, f"change-stale{suffix}", script=script)
        page.get_by_role("button", name="Zapisz").click()
        expect(page.get_by_role("status")).to_contain_text("Twoje dane zostały zmienione.")
        look(page, f"profile-changed{suffix}", script=script)
    expect(page.get_by_text("00-950 Kraków")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_new_password_ends_all_other_sessions(
    opened: Open, ola: Customer, running_consumer: Running, width: int, script: bool
) -> None:
    page, elsewhere = opened(width=width, java_script_enabled=script), opened(width=width)
    suffix = "" if script else "-noscript"
    for each in (page, elsewhere):
        log_in(each, ola)
    fill_in_password(page, current="coś innego")
    page.get_by_role("button", name="Zmień hasło").click()
    expect(page.get_by_text("To nie jest Twoje obecne hasło.")).to_be_visible()
    look(page, f"password-refused{suffix}", script=script)
    fill_in_password(page)
    page.get_by_role("button", name="Zmień hasło").click()
    expect(page.get_by_role("status")).to_contain_text("Twoje nowe hasło czeka na swoją kolej")
    look(page, f"password-waiting{suffix}", script=script)
    with running_consumer():
        expect(page.get_by_text("Twoje hasło zostało zmienione.")).to_be_visible(timeout=10_000)
    look(page, f"password-changed{suffix}", script=script)
    elsewhere.goto("/profile/")
    expect(elsewhere.get_by_role("heading", name="Zaloguj się")).to_be_visible()


def test_a_double_click_changes_the_password_once_and_logs_nobody_out(
    opened: Open, ola: Customer, running_consumer: Running
) -> None:
    page = opened()
    log_in(page, ola)
    fill_in_password(page)
    with running_consumer():
        page.get_by_role("button", name="Zmień hasło").dblclick()
        expect(page.get_by_text("Twoje hasło zostało zmienione.").first).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Mój profil")).to_be_visible()
    ola.refresh_from_db()
    assert ola.version == 2


def test_without_kafka_what_was_typed_is_kept(
    opened: Open, ola: Customer, no_kafka: NoKafka
) -> None:
    page = opened(width=PHONE)
    log_in(page, ola)
    page.goto("/profile/change/")
    page.get_by_label("Ulica i numer").fill("Krótka 2")
    with no_kafka():
        page.get_by_role("button", name="Zapisz").click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Nie udało się nam tego teraz zapisać", timeout=10_000)
    expect(page.get_by_label("Ulica i numer")).to_have_value("Krótka 2")
    look(page, "change-not-sent")
