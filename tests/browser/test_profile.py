"""A customer looks at and changes their own data, with pictures of every page."""

import json

import pytest
from playwright.sync_api import expect

from customers.events import CustomerChanged, ProductBought
from tests.browser.conftest import DESKTOP, PHONE, Open, look
from tests.browser.test_flows import log_in
from tests.conftest import Consume, Publish
from tests.pages import MILK, OLA, customer, milk

pytestmark = pytest.mark.browser

STALE = CustomerChanged("Aleksandra", "Żółć", "Krótka 2", "30-002", "Kraków", version=7)


@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_customer_looks_at_their_data_and_takes_them_away(
    opened: Open, publish: Publish, consume: Consume, width: int, script: bool
) -> None:
    who = customer(publish, consume)
    milk(publish, consume)
    publish(ProductBought(who.pk, 2, MILK.price), "milk")
    publish(STALE, who.pk)
    consume()
    page = opened(width=width, java_script_enabled=script)
    log_in(page, who)
    page.get_by_role("link", name=who.first_name, exact=True).click()
    expect(page.get_by_role("heading", name="Mój profil")).to_be_visible()
    look(page, f"profile{'' if script else '-noscript'}", script=script)
    with page.expect_download() as coming:
        page.get_by_role("link", name="Pobierz moje dane").click()
    assert coming.value.suggested_filename.startswith("my-data-")
    told = json.loads(coming.value.path().read_text())
    assert told["email"] == OLA["email"]


def test_the_profile_is_dark_at_night_and_speaks_english(
    opened: Open, publish: Publish, consume: Consume
) -> None:
    who = customer(publish, consume)
    page = opened(color_scheme="dark", locale="en")
    log_in(page, who)
    page.goto("/profile/")
    expect(page.get_by_role("heading", name="My profile")).to_be_visible()
    look(page, "profile-english-dark")
