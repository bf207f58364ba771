"""The operator's admin in a browser: its own scripts and styles under the shop's strict CSP."""

import re
from typing import Literal

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Page, expect

from benchmarks import past, stage
from catalog.models import Product
from kafka_bridge import admin_lists
from shopsite.models import Operator
from tests.browser.conftest import DESKTOP, PHONE, Open, look
from tests.conftest import Running

pytestmark = pytest.mark.browser

PASSWORD = "kwaśna śmietana 18"


@pytest.fixture(params=[PHONE, DESKTOP])
def page(opened: Open, request: pytest.FixtureRequest, db: None) -> Page:
    """A browser in which an operator has logged in through the form."""
    Operator.objects.create_superuser("ewa", password=PASSWORD)
    page = opened(request.param, locale="en")
    page.goto("/admin/")
    page.get_by_label("Username").fill("ewa")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_title(re.compile("Site administration"))
    return page


def fits(page: Page) -> bool:
    """Whether the page is no wider than the screen."""
    wide = "document.documentElement.scrollWidth <= window.innerWidth"
    return bool(page.evaluate(wide))


def test_a_product_is_added_described_and_withdrawn(page: Page, running_consumer: Running) -> None:
    page.goto("/admin/catalog/product/add/")
    page.get_by_label("Name").fill("Mleko 3,2%")
    page.get_by_label("Type").fill("nabiał")
    page.get_by_label("Price").fill("4,90")
    assert fits(page)
    with running_consumer():
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("“Mleko 3,2%” was added.")).to_be_visible()
        page.get_by_role("link", name="Mleko 3,2%", exact=True).click()
        page.get_by_label("Description").fill("Od krów\nz łąk.")
        page.get_by_label("Unit").fill("1 l")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("“Mleko 3,2%” was changed.")).to_be_visible()
        page.get_by_role("link", name="Mleko 3,2%", exact=True).click()
        expect(page.get_by_label("Description")).to_have_value("Od krów\nz łąk.")
        expect(page.get_by_label("Unit")).to_have_value("1 l")
        assert fits(page)
        page.get_by_role("link", name="Withdraw").click()
        assert fits(page)
        page.get_by_role("button", name="Yes, withdraw").click()
        expect(page.get_by_text("“Mleko 3,2%” was withdrawn.")).to_be_visible()
    assert Product.objects.get().withdrawn


def test_every_list_and_form_works_under_the_policy(page: Page) -> None:
    for model in admin.site._registry:
        page.goto(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        assert fits(page)
    page.goto(reverse("admin:shopsite_operator_change", args=[Operator.objects.get().pk]))
    expect(page.locator(".selector")).to_have_count(2)  # made by the admin's own scripts
    expect(page.locator("body")).not_to_have_css("font-family", re.compile("Times"))


def test_a_long_list_is_looked_at(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_lists, "DEEPEST", 110)
    stage.stock(past.receipts(130))
    page.goto("/admin/kafka_bridge/receipt/?p=2")
    expect(page.get_by_text("The list ends here")).to_be_visible()
    look(page, "long-list", script=False)  # axe minds things that are Django's


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_wears_the_colours_of_the_shop(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    pages = {"admin": "/admin/", "dashboard": "/admin/dashboard/"}
    for name, address in pages.items():
        page.goto(address)
        look(page, f"{name}-{scheme}")
    green = {"light": "rgb(31, 107, 58)", "dark": "rgb(36, 86, 58)"}[scheme]
    expect(page.locator("#header")).to_have_css("background-color", green)
