"""The banner of pages that are behind, in a browser: it comes and goes with the consumer."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from kafka_bridge import freshness
from tests.browser.conftest import DESKTOP, PHONE, Open, look
from tests.conftest import Consume, Publish, Running
from tests.pages import MILK, milk

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def watched(topic: str, db: None) -> Iterator[None]:
    """The web server looks at the log, as it does where it is started by itself."""
    watch = freshness.watch()
    yield
    watch.stop()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("script", [True, False], ids=["script", "noscript"])
def test_pages_tell_their_age_until_the_consumer_is_back(
    opened: Open,
    publish: Publish,
    consume: Consume,
    running_consumer: Running,
    *,
    width: int,
    script: bool,
) -> None:
    milk(publish, consume)
    page = opened(width, java_script_enabled=script)
    banner = page.get_by_text("Nowsze zmiany są zapisane")
    page.goto("/products/")
    expect(banner).to_be_hidden()
    publish(MILK, "bread")  # nobody consumes
    while not banner.is_visible():
        page.goto("/products/")
    seconds = re.search(r"Stan sprzed (\d+) s", banner.inner_text())
    assert seconds
    assert freshness.BEHIND_AFTER.total_seconds() <= int(seconds[1]) < 30
    look(page, "as-of", script=script)
    page.goto("/products/milk/")
    expect(banner).to_be_visible()
    look(page, "as-of-product", script=script)
    page.goto("/nothing")
    expect(banner).to_be_hidden()
    with running_consumer():
        page.goto("/products/")
        while page.get_by_role("listitem").count() < 2:
            page.goto("/products/")
        expect(banner).to_be_hidden()
