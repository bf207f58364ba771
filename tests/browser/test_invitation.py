"""From the operator's page to the customer's first log-in, with pictures of every page."""

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from shopsite.models import Operator
from tests.browser.conftest import DESKTOP, PHONE, Open, look
from tests.conftest import Consume, Publish, Running
from tests.pages import PASSWORD, imported

pytestmark = pytest.mark.browser

SECRET = "kwaśna śmietana 18"
PAGE = "/admin/customers/customer/legacy_3Aanna/email/"
EMAIL = "anna@example.com"


@pytest.fixture
def anna(publish: Publish, consume: Consume) -> Customer:
    Operator.objects.create_superuser("ewa", password=SECRET)
    return imported(publish, consume)


def link_of(page: Page, *, suffix: str = "", axe: bool = False) -> str:
    """Log in as the operator, give the address, and return the link.

    In the admin axe itself breaks the policy about styles, so where it is to look there is none.
    """
    page.goto(f"/admin/login/?next={PAGE}")
    page.fill("[name=username]", "ewa")
    page.fill("[name=password]", SECRET)
    page.keyboard.press("Enter")
    page.get_by_label("E-mail").fill(EMAIL)
    look(page, f"email{suffix}", script=axe)
    page.get_by_role("button", name="Nadaj ten adres").click()
    expect(page.get_by_text("Adres został nadany.")).to_be_visible()
    look(page, f"email-given{suffix}", script=axe)
    return page.get_by_label("Odnośnik dla klienta").input_value()


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_an_imported_customer_comes_to_log_in(
    opened: Open, anna: Customer, running_consumer: Running, width: int, script: bool
) -> None:
    suffix = "" if script else "-noscript"
    with running_consumer():
        office = opened(width=width, java_script_enabled=script, bypass_csp=script)
        link = link_of(office, suffix=suffix, axe=script)
        page = opened(width=width, java_script_enabled=script)
        page.goto(link)
        look(page, f"invitation{suffix}", script=script)
        page.get_by_label("Ulica i numer").fill("ul. Długa 1")
        page.get_by_label("Kod pocztowy").fill("90-001")
        page.get_by_label("Miejscowość").fill("Łódź")
        page.get_by_label("Hasło", exact=True).fill(PASSWORD)
        page.get_by_label("Powtórz hasło").fill("coś innego")
        page.get_by_role("button", name="Przejmuję moje konto").click()
        expect(page.get_by_text("nie są takie same")).to_be_visible()
        look(page, f"invitation-refused{suffix}", script=script)
        page.get_by_label("Hasło", exact=True).fill(PASSWORD)
        page.get_by_label("Powtórz hasło").fill(PASSWORD)
        page.get_by_role("button", name="Przejmuję moje konto").click()
        expect(page.get_by_role("status")).to_contain_text("Witaj, Anna!")
        page.goto(link)
        expect(page.get_by_role("heading", name="Ten odnośnik nie działa")).to_be_visible()
        look(page, f"invitation-over{suffix}", script=script)


def test_a_double_click_takes_the_account_over_once(
    opened: Open, anna: Customer, running_consumer: Running
) -> None:
    with running_consumer():
        page = opened(locale="en")
        page.goto(link_of(opened()))
        for label, text in (("Street", "Długa 1"), ("Postcode", "90-001"), ("City", "Łódź")):
            page.get_by_label(label).fill(text)
        for name in ("password", "repeated"):
            page.fill(f"[name={name}]", PASSWORD)
        look(page, "invitation-english")
        page.get_by_role("button", name="Take my account over").dblclick()
        expect(page.get_by_text("Welcome, Anna!").first).to_be_visible()
        page.goto("/profile/")
        expect(page.get_by_role("heading", name="My profile")).to_be_visible()
    anna.refresh_from_db()
    assert anna.version == 3
