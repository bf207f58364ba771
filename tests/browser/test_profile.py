"""A customer looks at and changes their own data, with pictures of every page."""

import json

import pytest
from playwright.sync_api import Page, expect

from customers.events import CustomerChanged, ProductBought
from customers.models import Customer
from tests.browser.conftest import Open, Visitor, look, twice
from tests.browser.test_flows import log_in
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.pages import MILK, OLA, PASSWORD, milk

pytestmark = pytest.mark.browser

NEW = "zupa-pomidorowa-2"
STALE = CustomerChanged("Aleksandra", "Żółć", "Krótka 2", "30-002", "Kraków", version=7)


def test_a_customer_looks_at_their_data_and_takes_them_away(
    visitor: Visitor, ola: Customer, publish: Publish, consume: Consume
) -> None:
    milk(publish, consume)
    publish(ProductBought(ola.pk, 2, MILK.price), "milk")
    publish(STALE, ola.pk)
    consume()
    page, say = visitor.open(), visitor.say
    log_in(page, ola)
    page.get_by_role("link", name=ola.first_name, exact=True).click()
    heading = page.get_by_role("heading", name=say("Mój profil", "My profile"))
    expect(heading).to_be_visible()
    visitor.look(page, "profile")
    with page.expect_download() as coming:
        page.get_by_role("link", name=say("Pobierz moje dane", "Download my data")).click()
    assert coming.value.suggested_filename.startswith("my-data-")
    told = json.loads(coming.value.path().read_text())
    assert told["email"] == OLA["email"]


def test_the_profile_is_dark_at_night(opened: Open, ola: Customer) -> None:
    page = opened(color_scheme="dark", locale="en")
    log_in(page, ola)
    page.goto("/profile/")
    look(page, "profile-dark")


def fill_in_password(page: Page, visitor: Visitor, current: str = PASSWORD) -> None:
    """Fill in the form for another password."""
    say = visitor.say
    page.goto("/profile/password/")
    page.get_by_label(say("Obecne hasło", "Current password")).fill(current)
    page.get_by_label(say("Nowe hasło", "New password"), exact=True).fill(NEW)
    page.get_by_label(say("Powtórz nowe hasło", "New password again")).fill(NEW)


def test_a_customer_moves(
    visitor: Visitor, ola: Customer, publish: Publish, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    save = page.get_by_role("button", name=say("Zapisz", "Save"))
    log_in(page, ola)
    page.goto("/profile/")
    change = say("Zmień imię, nazwisko i adres", "Change name and address")
    page.get_by_role("link", name=change).click()
    visitor.look(page, "change")
    page.get_by_label(say("Miejscowość", "City")).fill("Kraków")
    publish(CustomerChanged("Ola", "Wilk", "Inna 9", "80-001", "Gdańsk", version=1), ola.pk)
    save.click()
    waiting = say("Twoja zmiana czeka na swoją kolej", "Your change is waiting its turn")
    expect(page.get_by_role("status")).to_contain_text(waiting)
    visitor.look(page, "change-waiting")
    with running_consumer():
        elsewhere = say("zmienione gdzie indziej", "changed elsewhere in the meantime")
        expect(page.get_by_role("alert")).to_contain_text(elsewhere, timeout=10_000)
        expect(page.get_by_text("80-001 Gdańsk")).to_be_visible()
        visitor.look(page, "change-stale")
        save.click()
        changed = say("Twoje dane zostały zmienione.", "Your data were changed.")
        expect(page.get_by_role("status")).to_contain_text(changed)
        visitor.look(page, "profile-changed")
    expect(page.get_by_text("00-950 Kraków")).to_be_visible()


def test_a_new_password_ends_all_other_sessions(
    visitor: Visitor, ola: Customer, running_consumer: Running
) -> None:
    page, elsewhere, say = visitor.open(), visitor.open(), visitor.say
    change = page.get_by_role("button", name=say("Zmień hasło", "Change password"))
    for each in (page, elsewhere):
        log_in(each, ola)
    fill_in_password(page, visitor, current="coś innego")
    change.click()
    wrong = say("To nie jest Twoje obecne hasło.", "This is not your current password.")
    expect(page.get_by_text(wrong)).to_be_visible()
    visitor.look(page, "password-refused")
    fill_in_password(page, visitor)
    change.click()
    waiting = say("Twoje nowe hasło czeka na swoją kolej", "Your new password is waiting its turn")
    expect(page.get_by_role("status")).to_contain_text(waiting)
    visitor.look(page, "password-waiting")
    with running_consumer():
        changed = say("Twoje hasło zostało zmienione.", "Your password was changed.")
        expect(page.get_by_text(changed)).to_be_visible(timeout=10_000)
    visitor.look(page, "password-changed")
    elsewhere.goto("/profile/")
    heading = elsewhere.get_by_role("heading", name=say("Zaloguj się", "Log in"))
    expect(heading).to_be_visible()


@twice
def test_a_double_click_changes_the_password_once_and_logs_nobody_out(
    visitor: Visitor, ola: Customer, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, ola)
    fill_in_password(page, visitor)
    with running_consumer():
        page.get_by_role("button", name=say("Zmień hasło", "Change password")).dblclick()
        changed = say("Twoje hasło zostało zmienione.", "Your password was changed.")
        expect(page.get_by_text(changed).first).to_be_visible()
        page.reload()
        heading = page.get_by_role("heading", name=say("Mój profil", "My profile"))
        expect(heading).to_be_visible()
    ola.refresh_from_db()
    assert ola.version == 2


@twice
def test_without_kafka_what_was_typed_is_kept(
    visitor: Visitor, ola: Customer, no_kafka: NoKafka
) -> None:
    page, say = visitor.open(), visitor.say
    street = page.get_by_label(say("Ulica i numer", "Street and number"))
    log_in(page, ola)
    page.goto("/profile/change/")
    street.fill("Krótka 2")
    with no_kafka():
        page.get_by_role("button", name=say("Zapisz", "Save")).click()
        alert = page.get_by_role("alert")
        told = say("Nie udało się nam tego teraz zapisać", "We could not record this just now")
        expect(alert).to_contain_text(told, timeout=10_000)
    expect(street).to_have_value("Krótka 2")
    visitor.look(page, "change-not-sent")
