"""The banner of pages that are behind, in a browser: it comes and goes with the consumer."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from kafka_bridge import freshness
from tests.browser.conftest import Visitor, twice
from tests.conftest import Consume, Publish, Running
from tests.pages import MILK, milk

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def watched(topic: str, db: None) -> Iterator[None]:
    """The web server looks at the log, as it does where it is started by itself."""
    watch = freshness.watch()
    yield
    watch.stop()


@twice
def test_pages_tell_their_age_until_the_consumer_is_back(
    visitor: Visitor, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    milk(publish, consume)
    page, say = visitor.open(), visitor.say
    banner = page.get_by_text(say("Nowsze zmiany są zapisane", "Newer changes are recorded"))
    page.goto("/products/")
    expect(banner).to_be_hidden()
    publish(MILK, "bread")  # nobody consumes
    while not banner.is_visible():
        page.goto("/products/")
    age = say(r"Stan sprzed (\d+) s", r"As of (\d+) s ago")
    seconds = re.search(age, banner.inner_text())
    assert seconds
    assert freshness.BEHIND_AFTER.total_seconds() <= int(seconds[1]) < 30
    visitor.look(page, "as-of")
    page.goto("/products/milk/")
    expect(banner).to_be_visible()
    visitor.look(page, "as-of-product")
    page.goto("/nothing")
    expect(banner).to_be_hidden()
    with running_consumer():
        page.goto("/products/")
        while page.get_by_role("listitem").count() < 2:
            page.goto("/products/")
        expect(banner).to_be_hidden()
