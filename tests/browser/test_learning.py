"""The page "What just happened" in a browser: it lights up by itself, station by station."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Open, Visitor, look, twice
from tests.browser.test_flows import buy, log_in
from tests.conftest import Consume, Publish, Running
from tests.pages import customer, milk

pytestmark = pytest.mark.browser

PAGE = "/what-just-happened/"


@twice
def test_an_event_lights_up_as_it_goes_its_way(
    visitor: Visitor, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    who = customer(publish, consume)
    milk(publish, consume)
    shop, say = visitor.open(), visitor.say
    log_in(shop, who)
    wall = shop.context.new_page()
    wall.goto("/products/")
    wall.get_by_role("link", name=say("Co się właśnie stało", "What just happened")).click()
    lit = wall.locator(".way .lit")
    expect(lit).to_have_count(0)
    visitor.look(wall, "learning-none")
    shop.goto("/products/milk/")
    buy(shop, visitor)
    waiting = say("Twój zakup czeka", "Your purchase is waiting")
    expect(shop.get_by_role("status")).to_contain_text(waiting)
    expect(lit).to_have_count(2, timeout=10_000)
    untaken = say("jeszcze go nie wziął", "has not taken it yet")
    expect(wall.locator(".way .awaited")).to_contain_text(untaken)
    visitor.look(wall, "learning-waiting")
    with running_consumer():
        expect(lit).to_have_count(5, timeout=20_000)
    expect(wall.get_by_role("status")).to_contain_text(say("zastosowano", "applied"))
    wall.get_by_text(say("Tak jak stoi w dzienniku", "As it stands in the log")).click()
    expect(wall.get_by_text('"quantity": 1')).to_be_visible()
    visitor.look(wall, "learning")


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_it_is_dark_and_still_for_who_wants_it_so(
    opened: Open, publish: Publish, consume: Consume, running_consumer: Running, width: int
) -> None:
    who = customer(publish, consume)
    milk(publish, consume)
    page = opened(width, color_scheme="dark", locale="en", reduced_motion="reduce")
    page.goto("/log-in/")
    page.fill("[name=email]", who.email)
    page.fill("[name=password]", "kasza-gryczana-1")
    page.click("main button")
    page.goto("/products/milk/")
    with running_consumer():
        page.get_by_role("button", name="Buy").click()
        expect(page.get_by_text("Bought: 1 ×")).to_be_visible()
    page.goto(PAGE)
    expect(page.locator(".way .lit")).to_have_count(5)
    assert page.locator(".way .lit").first.evaluate("e => getComputedStyle(e).animationName") == (
        "none"
    )
    look(page, "learning-dark")
    page.get_by_role("link", name="kafka_bridge/consumer.py").click()
    expect(page.get_by_text("The consumer: takes batches of messages")).to_be_visible()


def test_old_lights_do_not_look_new(opened: Open, topic: str, db: None) -> None:
    # A page of its own, since htmx writes a failure into the console.
    page = opened().context.new_page()
    page.goto(PAGE)
    words = page.get_by_text("Poniższe dane są nieaktualne.")
    expect(words).to_be_hidden()
    page.route(f"**{PAGE}?*", lambda route: route.abort())
    expect(words).to_be_visible(timeout=12_000)
    page.unroute(f"**{PAGE}?*")
    expect(words).to_be_hidden(timeout=12_000)
