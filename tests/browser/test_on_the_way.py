"""What is on its way, and what is held up, as a person follows it."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from catalog.events import ProductChanged
from customers.models import Customer
from kafka_bridge.models import DeadLetter
from tests.browser.conftest import Visitor, twice
from tests.browser.test_basket import SHOWN_WITHIN, buy_all, expect_bought, fill, to_check_out
from tests.browser.test_flows import buy, log_in
from tests.conftest import Publish, Running
from tests.pages import discard, send_junk

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("shelf")]


def test_what_is_on_its_way_turns_into_a_purchase(
    visitor: Visitor, ola: Customer, publish: Publish, running_consumer: Running
) -> None:
    page, say = visitor.open(), visitor.say
    log_in(page, ola)
    publish(ProductChanged("Mleko 3,2%", "nabiał", Decimal("5.20"), version=1), "mleko")
    for product in ("mleko", "losos"):
        page.goto(f"/products/{product}/")
        buy(page, visitor)
        waiting = say("Twój zakup czeka", "Your purchase is waiting")
        expect(page.get_by_role("status")).to_contain_text(waiting)
    page.get_by_role("link", name=say("Moje zakupy", "My purchases")).first.click()
    on_its_way = page.get_by_role("row", name=say("W drodze", "On its way"))
    expect(on_its_way).to_have_count(2)
    visitor.look(page, "purchases-on-the-way")
    with running_consumer():
        changed = say("Cena się zmieniła", "The price has changed")
        alert = page.get_by_text(f"1 × Mleko 3,2%: {changed}")
        expect(alert).to_be_visible(timeout=SHOWN_WITHIN)
        expect(on_its_way).to_have_count(0)
        expect(page.get_by_role("row", name="Łosoś wędzony")).to_be_visible()
        visitor.look(page, "purchases-refused")
    page.reload()
    hide = say("Nie pokazuj więcej", "Do not show this any more")
    page.get_by_role("button", name=hide).click()
    expect(alert).to_be_hidden()


@twice
def test_what_is_held_up_is_said_to_be(
    visitor: Visitor, ola: Customer, running_consumer: Running
) -> None:
    send_junk("mleko")
    page, say = visitor.open(), visitor.say
    log_in(page, ola)
    with running_consumer():
        page.goto("/products/mleko/")
        buy(page, visitor)
        held = say("Twój zakup został wstrzymany", "Your purchase is held up")
        expect(page.get_by_role("heading", name=held)).to_be_visible(timeout=SHOWN_WITHIN)
        visitor.look(page, "held-up")
        address = page.url
        fill(page, visitor)
        to_check_out(page, visitor)
        buy_all(page, visitor)
        expect_bought(page, visitor, 2, 3)
        held = say("wstrzymany", "held up")
        expect(page.get_by_role("row", name="Mleko")).to_contain_text(held)
        visitor.look(page, "order-held-up")
        page.get_by_role("link", name=say("Moje zakupy", "My purchases")).first.click()
        expect(page.get_by_role("row", name=held)).to_have_count(2)
        visitor.look(page, "purchases-held-up")
        discard(DeadLetter.objects.exclude(event_id="").order_by("offset")[0].event_id)
        page.goto(address)
        words = say("Twój zakup nie doszedł do skutku", "Your purchase was not carried out")
        given_up = page.get_by_role("heading", name=words)
        while not given_up.is_visible():  # the consumer is slow
            page.reload()
        visitor.look(page, "given-up")
