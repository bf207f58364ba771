"""The event panel in a browser: it follows by itself, and says when it cannot."""

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from kafka_bridge.heartbeat import Pulse
from kafka_bridge.mongo import database
from shopsite.models import Operator
from tests.browser.conftest import DESKTOP, PHONE, Open

pytestmark = pytest.mark.browser

PASSWORD = "kwaśna śmietana 18"
PANEL = "/admin/kafka_bridge/offset/panel/"


def entered(opened: Open, width: int, **options: bool) -> Page:
    """Open the panel in a browser in which an operator has logged in."""
    Operator.objects.create_superuser("ewa", password=PASSWORD)
    page = opened(width, locale="en", **options)
    page.goto(f"/admin/login/?next={PANEL}")
    page.get_by_label("Username").fill("ewa")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Event panel")).to_be_visible()
    return page


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_new_consumer_shows_up_by_itself(opened: Open, topic: str, db: None, width: int) -> None:
    page = entered(opened, width)
    expect(page.get_by_text("No consumer runs")).to_be_visible()
    Pulse(database(), settings.KAFKA_GROUP, "till-1").beat([0])
    expect(page.get_by_text("alive")).to_be_visible(timeout=12_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto("/admin/dashboard/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_old_figures_do_not_look_new(opened: Open, topic: str, db: None) -> None:
    # A page of its own, since htmx writes a failure into the console.
    page = entered(opened, DESKTOP).context.new_page()
    page.goto(PANEL)
    words = page.get_by_text("What stands below is old.")
    expect(words).to_be_hidden()
    page.route(f"**{PANEL}", lambda route: route.abort())
    expect(words).to_be_visible(timeout=12_000)
    page.unroute(f"**{PANEL}")
    expect(words).to_be_hidden(timeout=12_000)


def test_without_javascript_it_is_looked_at_again(opened: Open, topic: str, db: None) -> None:
    page = entered(opened, DESKTOP, java_script_enabled=False)
    Pulse(database(), settings.KAFKA_GROUP, "till-1").beat([0])
    page.get_by_role("link", name="Look now").click()
    expect(page.get_by_text("alive")).to_be_visible()
