"""A real Chromium before a real shop: web server, Kafka, consumer and MongoDB."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

PHONE, DESKTOP = 390, 1280
SCREENSHOTS = Path(settings.BASE_DIR) / "screenshots"
QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--disable-gpu"]

Open = Callable[..., Page]


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
        assert not found.violations_count, found.generate_report()


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
