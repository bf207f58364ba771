"""What operators do about events, as they see it: dead letters, the trail, every page of theirs."""

from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import Page, expect

from catalog.models import Product
from customers.events import ProductBought
from kafka_bridge.models import DeadLetter, Receipt
from shopsite.models import Operator
from tests.browser.conftest import OPERATOR_PASSWORD, Visitor, log_in_operator, twice, with_script
from tests.conftest import Consume, Publish, Running
from tests.pages import MILK, customer, milk, send_junk

pytestmark = pytest.mark.browser

SHOWN_WITHIN = 10_000  # milliseconds


@pytest.fixture
def shop(publish: Publish, consume: Consume) -> str:
    """Milk that Ola bought, and a message before a second purchase; returns the second's id."""
    ola = customer(publish, consume)
    milk(publish, consume)
    publish(ProductBought(ola.pk, 2, MILK.price), "milk")
    publish(ProductBought(ola.pk, 2, Decimal("1.00")), "milk")  # rejected
    send_junk("milk")
    waiting = publish(ProductBought(ola.pk, 7, MILK.price), "milk")
    consume()
    return waiting.id


def entered(visitor: Visitor, operator: Operator | None = None) -> Page:
    """Log in, without the policy where axe is to look: in the admin axe itself would break it."""
    who = operator or Operator.objects.create_superuser("ewa")
    who.set_password(OPERATOR_PASSWORD)
    who.save()
    page = visitor.open(bypass_csp=visitor.script)
    page.goto("/admin/")
    visitor.look(page, "admin-log-in")
    log_in_operator(page, "/admin/", who.username)
    return page


def choose(page: Page, action: str, letter: str = "") -> None:
    """Choose a dead letter, or all of the list, and what is to be done with them."""
    value = f'[value="{letter}"]' if letter else ""
    for box in page.locator(f"#result_list [name=_selected_action]{value}").all():
        box.check()
    page.locator("[name=action]").select_option(action)
    page.locator("#changelist-form [name=index]").click()


@twice
def test_dead_letters_are_looked_at_retried_and_discarded(
    visitor: Visitor, shop: str, running_consumer: Running
) -> None:
    page, say = entered(visitor), visitor.say
    page.goto("/admin/kafka_bridge/deadletter/?status__exact=open")
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    visitor.look(page, "dead-letters")
    junk = DeadLetter.objects.get(event_id="")
    page.goto(reverse("admin:kafka_bridge_deadletter_change", args=[junk.pk]))
    expect(page.locator(".field-raw_value")).to_contain_text("junk")
    visitor.look(page, "dead-letter")
    with running_consumer():
        page.goto("/admin/kafka_bridge/deadletter/?status__exact=open")
        choose(page, "retry")
        visitor.look(page, "dead-letters-retry")
        page.get_by_role("button", name=say("Ponów", "Retry")).click()
        failed = say("Znów się nie powiodło", "It failed again")
        expect(page.locator(".messagelist")).to_contain_text(failed, timeout=SHOWN_WITHIN)
        visitor.look(page, "dead-letters-failed-again")
        choose(page, "discard", junk.pk)
        visitor.look(page, "dead-letters-discard")
        page.get_by_role("button", name=say("Odrzuć", "Discard")).click()
        done = page.locator(".messagelist")
        expect(done).to_contain_text(say("wykonano", "done"), timeout=SHOWN_WITHIN)
        visitor.look(page, "dead-letters-done")
    assert Receipt.objects.get(pk=shop).applied  # what waited behind it


@twice
def test_an_event_is_followed_from_the_log_to_its_documents(visitor: Visitor, shop: str) -> None:
    page, say = entered(visitor), visitor.say
    bought = Receipt.objects.get(type="shop.product.bought.v1", status="applied")
    page.goto("/admin/kafka_bridge/receipt/trail/")
    page.fill("[name=event]", bought.pk)
    page.get_by_role("button", name=say("Pokaż ślad", "Show the trail")).click()
    expect(page.get_by_role("heading", name=say("Dokumenty", "Documents"))).to_be_visible()
    expect(page.locator("pre.raw")).to_contain_text('"quantity": 2')
    visitor.look(page, "trail")
    page.locator(".stations").get_by_role("link", name="Mleko 3,2%", exact=True).click()
    page.goto(reverse("admin:catalog_product_history", args=["milk"]))
    expect(page.get_by_text("shop.product.bought.v1").first).to_be_visible()
    visitor.look(page, "timeline")
    page.goto("/admin/kafka_bridge/receipt/trail/?event=nothing")
    unknown = say("nic nie wiadomo", "Nothing is known of the event")
    expect(page.get_by_text(unknown)).to_be_visible()
    visitor.look(page, "trail-unknown")
    page.goto(f"/admin/kafka_bridge/receipt/trail/?event={shop}")
    letter = page.locator(".stations").get_by_text(say("martwa wiadomość", "dead letter"))
    expect(letter).to_be_visible()
    visitor.look(page, "trail-waiting")


@twice
def test_support_sees_people_masked(visitor: Visitor, shop: str) -> None:
    call_command("groups")
    helper = Operator.objects.create_user("iga", is_staff=True)
    helper.groups.add(Group.objects.get(name="support"))
    page = entered(visitor, helper)
    page.goto("/admin/customers/customer/")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    assert "ola@example.com" not in page.content()
    visitor.look(page, "customers-masked")
    page.goto("/admin/catalog/product/add/")
    visitor.look(page, "admin-forbidden")
    assert Product.objects.count() == 1


@with_script
def test_every_page_of_the_admin_is_accessible(visitor: Visitor, shop: str) -> None:
    page = entered(visitor)
    for number, address in enumerate(addresses()):
        page.goto(address)
        visitor.look(page, f"admin-{number:02}")


def addresses() -> list[str]:
    """Return the addresses of all kinds of pages."""
    found = ["/admin/", "/admin/dashboard/", "/admin/kafka_bridge/offset/panel/"]
    found += ["/admin/catalog/product/add/", "/admin/password_change/", "/admin/catalog/"]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        if one := model._default_manager.first():
            found += [reverse(f"{name}_{page}", args=[one.pk]) for page in ("change", "history")]
    return found
