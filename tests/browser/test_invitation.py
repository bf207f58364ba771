"""From the operator's page to the customer's first log-in, with pictures of every page."""

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from shopsite.models import Operator
from tests.browser.conftest import OPERATOR_PASSWORD, Visitor, log_in_operator, twice
from tests.conftest import Consume, Publish, Running
from tests.pages import PASSWORD, imported

pytestmark = pytest.mark.browser

PAGE = "/admin/customers/customer/legacy_3Aanna/email/"
EMAIL = "anna@example.com"


@pytest.fixture
def anna(publish: Publish, consume: Consume) -> Customer:
    Operator.objects.create_superuser("ewa", password=OPERATOR_PASSWORD)
    return imported(publish, consume)


def link_of(office: Page, visitor: Visitor) -> str:
    """Log in as the operator, give the address, and return the link."""
    say = visitor.say
    log_in_operator(office, PAGE)
    office.get_by_label("E-mail").fill(EMAIL)
    visitor.look(office, "email")
    office.get_by_role("button", name=say("Nadaj ten adres", "Give this address")).click()
    given = say("Adres został nadany.", "The address was given.")
    expect(office.get_by_text(given)).to_be_visible()
    visitor.look(office, "email-given")
    return office.get_by_label(say("Odnośnik dla klienta", "Link for the customer")).input_value()


def office_of(visitor: Visitor) -> Page:
    """Open the operator's browser; in the admin axe itself breaks the policy about styles."""
    return visitor.open(bypass_csp=visitor.script)


def fill_in(page: Page, visitor: Visitor, repeated: str = PASSWORD) -> None:
    """Fill in the form that takes an account over."""
    say = visitor.say
    page.get_by_label(say("Ulica i numer", "Street and number")).fill("ul. Długa 1")
    page.get_by_label(say("Kod pocztowy", "Postcode")).fill("90-001")
    page.get_by_label(say("Miejscowość", "City")).fill("Łódź")
    page.get_by_label(say("Hasło", "Password"), exact=True).fill(PASSWORD)
    page.get_by_label(say("Powtórz hasło", "Password again")).fill(repeated)


def test_an_imported_customer_comes_to_log_in(
    visitor: Visitor, anna: Customer, running_consumer: Running
) -> None:
    say = visitor.say
    with running_consumer():
        link = link_of(office_of(visitor), visitor)
        page = visitor.open()
        take_over = say("Przejmuję moje konto", "Take my account over")
        page.goto(link)
        visitor.look(page, "invitation")
        fill_in(page, visitor, repeated="coś innego")
        page.get_by_role("button", name=take_over).click()
        different = say("nie są takie same", "are not the same")
        expect(page.get_by_text(different)).to_be_visible()
        visitor.look(page, "invitation-refused")
        fill_in(page, visitor)
        page.get_by_role("button", name=take_over).click()
        welcome = say("Witaj, Anna!", "Welcome, Anna!")
        expect(page.get_by_role("status")).to_contain_text(welcome)
        page.goto(link)
        over = say("Ten odnośnik nie działa", "This link is not good")
        expect(page.get_by_role("heading", name=over)).to_be_visible()
        visitor.look(page, "invitation-over")


@twice
def test_a_double_click_takes_the_account_over_once(
    visitor: Visitor, anna: Customer, running_consumer: Running
) -> None:
    say = visitor.say
    with running_consumer():
        page = visitor.open()
        page.goto(link_of(office_of(visitor), visitor))
        fill_in(page, visitor)
        take_over = say("Przejmuję moje konto", "Take my account over")
        page.get_by_role("button", name=take_over).dblclick()
        expect(page.get_by_text(say("Witaj, Anna!", "Welcome, Anna!")).first).to_be_visible()
        page.goto("/profile/")
        heading = page.get_by_role("heading", name=say("Mój profil", "My profile"))
        expect(heading).to_be_visible()
    anna.refresh_from_db()
    assert anna.version == 3
