"""The event contract in a browser."""

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Open, look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_contract_fits_the_screen_and_its_links_lead_on(opened: Open, width: int) -> None:
    page = opened(width)
    page.goto("/docs/events/")
    look(page, "contract")
    page.get_by_role("link", name="shop.product.added.v2", exact=True).click()
    heading = page.get_by_role("heading", name="shop.product.added.v2")
    assert heading.is_visible()
    page.get_by_text("Example").first.click()
    assert page.locator("details[open] pre").is_visible()
