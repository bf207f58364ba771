"""The event panel in a browser: it follows by itself, and says when it cannot."""

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from kafka_bridge.heartbeat import Pulse
from kafka_bridge.mongo import database
from shopsite.models import Operator
from tests.browser.conftest import OPERATOR_PASSWORD, Visitor, log_in_operator, twice, with_script

pytestmark = pytest.mark.browser

PANEL = "/admin/kafka_bridge/offset/panel/"


def entered(visitor: Visitor) -> Page:
    """Open the panel in a browser in which an operator has logged in."""
    Operator.objects.create_superuser("ewa", password=OPERATOR_PASSWORD)
    page = visitor.open()
    log_in_operator(page, PANEL)
    heading = visitor.say("Panel zdarzeń", "Event panel")
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    return page


@twice
def test_a_new_consumer_shows_up(visitor: Visitor, topic: str, db: None) -> None:
    page, say = entered(visitor), visitor.say
    nobody = page.get_by_text(say("Nie działa żaden konsument", "No consumer runs"))
    expect(nobody).to_be_visible()
    Pulse(database(), settings.KAFKA_GROUP, "till-1").beat([0])
    if not visitor.script:  # then it does not follow by itself
        page.get_by_role("link", name=say("Sprawdź teraz", "Look now")).click()
    expect(page.get_by_text(say("żyje", "alive"), exact=True)).to_be_visible(timeout=12_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= visitor.width
    page.goto("/admin/dashboard/")
    assert page.evaluate("document.documentElement.scrollWidth") <= visitor.width


@with_script
def test_old_figures_do_not_look_new(visitor: Visitor, topic: str, db: None) -> None:
    # A page of its own, since htmx writes a failure into the console.
    page = entered(visitor).context.new_page()
    page.goto(PANEL)
    words = page.get_by_role("alert")
    expect(words).to_be_hidden()
    page.route(f"**{PANEL}", lambda route: route.abort())
    old = visitor.say("Poniższe dane są nieaktualne.", "What stands below is old.")
    expect(page.get_by_text(old)).to_be_visible(timeout=12_000)
    page.unroute(f"**{PANEL}")
    expect(words).to_be_hidden(timeout=12_000)
