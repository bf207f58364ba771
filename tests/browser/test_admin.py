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
from tests.browser.conftest import OPERATOR_PASSWORD, Visitor, look, twice, with_script
from tests.conftest import NoKafka, Running

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visitor: Visitor, db: None) -> Page:
    """A browser in which an operator has logged in through the form."""
    Operator.objects.create_superuser("ewa", password=OPERATOR_PASSWORD)
    page, say = visitor.open(), visitor.say
    page.goto("/admin/")
    page.get_by_label(say("Nazwa użytkownika", "Username")).fill("ewa")
    page.get_by_label(say("Hasło", "Password")).fill(OPERATOR_PASSWORD)
    page.get_by_role("button", name=say("Zaloguj się", "Log in")).click()
    expect(page).to_have_title(re.compile(say("Administracja stroną", "Site administration")))
    return page


def fits(page: Page) -> bool:
    """Whether the page is no wider than the screen."""
    wide = "document.documentElement.scrollWidth <= window.innerWidth"
    return bool(page.evaluate(wide))


def fill_in(page: Page) -> None:
    """Fill in the form for a new product."""
    page.goto("/admin/catalog/product/add/")
    page.fill("[name=name]", "Mleko 3,2%")
    page.fill("[name=type]", "nabiał")
    page.fill("[name=price]", "4,90")


def test_a_product_is_added_described_and_withdrawn(
    page: Page, visitor: Visitor, running_consumer: Running
) -> None:
    say = visitor.say
    save = page.get_by_role("button", name=say("Zapisz", "Save"), exact=True)
    milk = page.locator("#result_list").get_by_role("link", name="Mleko 3,2%", exact=True)
    fill_in(page)
    assert fits(page)
    with running_consumer():
        save.click()
        added = say("Dodano „Mleko 3,2%”.", "“Mleko 3,2%” was added.")
        expect(page.get_by_text(added)).to_be_visible()
        milk.click()
        page.fill("[name=description]", "Od krów\nz łąk.")
        page.fill("[name=unit]", "1 l")
        save.click()
        changed = say("Zmieniono „Mleko 3,2%”.", "“Mleko 3,2%” was changed.")
        expect(page.get_by_text(changed)).to_be_visible()
        milk.click()
        expect(page.locator("[name=description]")).to_have_value("Od krów\nz łąk.")
        expect(page.locator("[name=unit]")).to_have_value("1 l")
        assert fits(page)
        page.get_by_role("link", name=say("Wycofaj", "Withdraw")).click()
        assert fits(page)
        page.get_by_role("button", name=say("Tak, wycofaj", "Yes, withdraw")).click()
        withdrawn = say("Wycofano „Mleko 3,2%”.", "“Mleko 3,2%” was withdrawn.")
        expect(page.get_by_text(withdrawn)).to_be_visible()
    assert Product.objects.get().withdrawn


@twice
def test_without_kafka_a_product_is_kept_in_its_form(
    page: Page, visitor: Visitor, no_kafka: NoKafka, running_consumer: Running
) -> None:
    say = visitor.say
    save = page.get_by_role("button", name=say("Zapisz", "Save"), exact=True)
    fill_in(page)
    with no_kafka():
        save.click()
        not_sent = page.get_by_text(say("Nie wysłano: Kafka", "Not sent: Kafka"))
        expect(not_sent).to_be_visible(timeout=10_000)
    expect(page.locator("[name=name]")).to_have_value("Mleko 3,2%")
    with running_consumer():
        save.dblclick()
        added = say("Dodano „Mleko 3,2%”.", "“Mleko 3,2%” was added.")
        expect(page.get_by_text(added).first).to_be_visible()
    assert Product.objects.count() == 1


@twice
def test_what_no_consumer_applies_is_not_called_applied(page: Page, visitor: Visitor) -> None:
    fill_in(page)
    save = visitor.say("Zapisz", "Save")
    page.get_by_role("button", name=save, exact=True).click()
    waits = visitor.say("wysłano, jeszcze nie zastosowano", "sent, not yet applied")
    expect(page.get_by_text(waits)).to_be_visible(timeout=10_000)


@with_script
def test_every_list_and_form_works_under_the_policy(page: Page) -> None:
    for model in admin.site._registry:
        page.goto(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        assert fits(page)
    page.goto(reverse("admin:shopsite_operator_change", args=[Operator.objects.get().pk]))
    expect(page.locator(".selector")).to_have_count(2)  # made by the admin's own scripts
    expect(page.locator("body")).not_to_have_css("font-family", re.compile("Times"))


@twice
def test_a_long_list_is_looked_at(
    page: Page, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_lists, "DEEPEST", 110)
    stage.stock(past.receipts(130))
    page.goto("/admin/kafka_bridge/receipt/?p=2")
    end = page.get_by_text(visitor.say("Tu lista się kończy", "The list ends here"))
    expect(end).to_be_visible()
    look(page, f"long-list-{visitor.locale[:2]}", script=False)  # axe would break the policy


@with_script
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_wears_the_colours_of_the_shop(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    pages = {"admin": "/admin/", "dashboard": "/admin/dashboard/"}
    for name, address in pages.items():
        page.goto(address)
        look(page, f"{name}-{scheme}")
    green = {"light": "rgb(31, 107, 58)", "dark": "rgb(36, 86, 58)"}[scheme]
    expect(page.locator("#header")).to_have_css("background-color", green)
