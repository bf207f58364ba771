"""A real Chromium before a real shop: web server, Kafka, consumer and MongoDB."""

import os
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from catalog.events import ProductAdded
from customers.models import Customer
from tests.conftest import Consume, Publish
from tests.pages import customer

PHONE, DESKTOP = 390, 1280
SCREENSHOTS = Path(settings.BASE_DIR) / "screenshots"
QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--disable-gpu"]

Open = Callable[..., Page]

# Four ways to come, which have any two of width, JavaScript and language together at least once,
# for what most people do; and two that have each of them once, for the rest.
VISITS = {
    "wide-pl": (DESKTOP, True, "pl-PL"),
    "wide-en-noscript": (DESKTOP, False, "en"),
    "phone-en": (PHONE, True, "en"),
    "phone-pl-noscript": (PHONE, False, "pl-PL"),
    "wide-pl-noscript": (DESKTOP, False, "pl-PL"),
}
OPPOSITE = ["phone-en", "wide-pl-noscript"]
twice = pytest.mark.parametrize("visitor", OPPOSITE, indirect=True)
with_script = pytest.mark.parametrize("visitor", ["wide-pl", "phone-en"], indirect=True)
OPERATOR_PASSWORD = "kwaśna śmietana 18"

SHELF = [
    ("mleko", "Mleko 3,2%", "nabiał", "4.90", "Od krów z łąk nad Biebrzą.\nPasteryzowane.", "1 l"),
    ("chleb", "Chleb żytni razowy na zakwasie", "pieczywo", "7.20", "", "500 g"),
    ("maslo", "Masło ekstra", "nabiał", "8.49", "", "200 g"),
    ("jablka", "Jabłka szara reneta", "owoce", "4.99", "", "1 kg"),
    ("losos", "Łosoś wędzony", "ryby", "16.99", "", "100 g"),
    ("czekolada", "Czekolada gorzka 70%", "słodycze", "6.49", "", ""),
    ("kawa", "Kawa zbożowa", "napoje", "6.49", "", ""),
]


def look(page: Page, name: str, *, script: bool = True) -> None:
    """Take a picture of the whole page, which must be no wider than the screen, and accessible.

    axe looks for that (its rules are WCAG's and good practice); it needs JavaScript.
    """
    SCREENSHOTS.mkdir(exist_ok=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} is too wide"
    if script:
        found = Axe().run(page)
        assert not found.violations_count, f"{page.url}: {found.generate_report()}"


def log_in_operator(page: Page, address: str, who: str = "ewa") -> None:
    """Log in through the admin's form, and come to an address of the admin."""
    page.goto(f"/admin/login/?next={address}")
    page.fill("[name=username]", who)
    page.fill("[name=password]", OPERATOR_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#user-tools")).to_contain_text(who, ignore_case=True)


class Visitor(NamedTuple):
    """Somebody with a screen, a language, and perhaps JavaScript."""

    width: int
    script: bool
    locale: str
    open_browser: Open

    def open(self, **options: Any) -> Page:
        """Open a browser of their own."""
        chosen = {"java_script_enabled": self.script, "locale": self.locale} | options
        return self.open_browser(self.width, **chosen)

    def say(self, polish: str, english: str) -> str:
        """Return what they read."""
        return english if self.locale == "en" else polish

    def money(self, amount: str) -> str:
        """Return an amount such as 4.90 as they read it."""
        return self.say(f"{amount.replace('.', ',')} zł", f"{amount} PLN")

    def look(self, page: Page, name: str) -> None:
        """Take a picture and look whether the page is accessible; see `look`."""
        language = self.locale[:2]
        look(page, f"{name}-{language}{'' if self.script else '-noscript'}", script=self.script)


@pytest.fixture(params=list(VISITS)[:4])
def visitor(request: pytest.FixtureRequest, opened: Open) -> Visitor:
    """Somebody who comes in each of the four ways."""
    return Visitor(*VISITS[request.param], opened)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or else the one that Playwright has installed."""
    # Playwright's event loop runs in this thread, and Django would keep away from its database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *root])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, live_server: Any) -> Iterator[Open]:
    """Open a browser of one's own: `opened(width=390, java_script_enabled=False)`.

    No page may have an error in its console.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        # A page that is answered 4xx or 5xx is no trouble here: the tests look at it.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            troubles.append(message.text)

    def open_browser(width: int = DESKTOP, **options: Any) -> Page:
        size = {"width": width, "height": 844}
        chosen = {"locale": "pl-PL", "base_url": live_server.url} | options
        context = chromium.new_context(viewport=size, **chosen)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert not troubles


@pytest.fixture
def shelf(publish: Publish, consume: Consume) -> None:
    """A small grocery, long enough for two pages."""
    for key, name, kind, price, description, unit in SHELF:
        publish(ProductAdded(name, kind, Decimal(price), description, unit), key)
    for number in range(25):
        publish(ProductAdded(f"Żurek {number}", "dania gotowe", Decimal("6.99")), f"zurek{number}")
    consume()


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    """A customer who has registered."""
    return customer(publish, consume)
