"""What all pages have in common: language, errors, weight, and the dark."""

import re

import pytest
from playwright.sync_api import Page, expect

from catalog.events import ProductWithdrawn
from tests.browser.conftest import Open, Visitor, look, twice
from tests.browser.test_flows import buy, log_in
from tests.conftest import Consume, Publish
from tests.pages import customer

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("shelf")]

LIGHT = 100_000  # bytes
PAGES = ["/products/", "/products/mleko/", "/basket/", "/purchases/", "/profile/"]
PAGES += ["/profile/change/", "/profile/password/", "/what-just-happened/", "/docs/events/"]
PAGES += ["/nothing", "/register/", "/log-in/"]
# The sum of a page's layout shifts, as browsers count them (Cumulative Layout Shift).
SHIFTS = """window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({type: "layout-shift", buffered: true});"""


@pytest.mark.parametrize("visitor", ["wide-pl", "phone-pl-noscript"], indirect=True)
def test_the_language_is_switched_where_one_is(
    visitor: Visitor, publish: Publish, consume: Consume
) -> None:
    page = visitor.open()
    log_in(page, customer(publish, consume))
    page.goto("/products/?type=nabiał")
    expect(page.locator("html")).to_have_attribute("lang", "pl")
    page.get_by_role("button", name="EN").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="Products")).to_be_visible()
    expect(page.get_by_text("4.90 PLN")).to_be_visible()
    assert page.url.endswith("/products/?type=nabia%C5%82")
    page.get_by_role("button", name="PL").click()
    expect(page.get_by_text("4,90 zł")).to_be_visible()


@twice
def test_the_list_is_searched_sorted_and_paged(visitor: Visitor) -> None:
    page, say = visitor.open(), visitor.say
    page.goto("/products/")
    page.get_by_label(say("Sortuj według", "Sort by")).select_option("-price")
    page.get_by_role("button", name=say("Pokaż", "Show")).click()
    expect(page.get_by_role("listitem").first).to_contain_text("Łosoś wędzony")
    page.get_by_role("link", name=say("Następna strona", "Next page")).click()
    expect(page.get_by_role("listitem")).to_have_count(8)
    visitor.look(page, "products-last")
    page.get_by_role("link", name=say("Poprzednia strona", "Previous page")).click()
    expect(page.get_by_role("listitem").first).to_contain_text("Łosoś wędzony")
    page.get_by_label(say("Szukaj po nazwie", "Search by name")).fill("zzz")
    page.get_by_role("button", name=say("Pokaż", "Show")).click()
    expect(page.get_by_text(say("Nic nie znaleziono", "Nothing found"))).to_be_visible()
    visitor.look(page, "products-none")


@twice
def test_pages_for_what_is_not_there(visitor: Visitor, publish: Publish, consume: Consume) -> None:
    who = customer(publish, consume)
    publish(ProductWithdrawn(), "losos")
    consume()
    page, say = visitor.open(), visitor.say
    page.goto("/nothing")
    nothing = page.get_by_role("heading", name=say("Tu niczego nie ma", "There is nothing here"))
    expect(nothing).to_be_visible()
    visitor.look(page, "not-found")
    page.goto("/products/losos/")
    gone = say("Ten produkt nie jest już sprzedawany.", "This product is no longer sold.")
    expect(page.get_by_text(gone)).to_be_visible()
    visitor.look(page, "withdrawn")
    log_in(page, who)
    page.goto("/purchases/")
    none = page.get_by_text(say("Jeszcze nic tu nie ma", "Nothing bought yet"))
    expect(none).to_be_visible()
    visitor.look(page, "purchases-none")
    page.goto("/products/mleko/")
    page.context.clear_cookies()
    buy(page, visitor)
    untrusted = say("Nie możemy zaufać temu formularzowi", "This form could not be trusted")
    expect(page.get_by_text(untrusted)).to_be_visible()
    visitor.look(page, "csrf")


@pytest.mark.urls("tests.shopsite.test_pages")
@twice
def test_pages_for_what_fails(visitor: Visitor) -> None:
    page, say = visitor.open(), visitor.say
    failures = {
        "400": say("Nie zrozumieliśmy", "We did not understand that"),
        "403": say("To nie dla Ciebie", "This is not for you"),
        "500": say("Coś się u nas zepsuło", "Something broke on our side"),
        "503": say("Chwilowo nie możemy odpowiedzieć", "We cannot answer just now"),
    }
    for status, heading in failures.items():
        page.goto(f"/broken/{status}/")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        visitor.look(page, status)


@twice
def test_pages_are_light_and_stand_still(
    visitor: Visitor, publish: Publish, consume: Consume
) -> None:
    """At most 100 kB without a cache, as they go over the wire, and nothing moves as it loads."""
    who = customer(publish, consume)
    page = visitor.open()
    page.add_init_script(SHIFTS)
    log_in(page, who)
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    for address in PAGES:
        sizes.clear()
        with_nothing_kept(page)
        page.goto(address, wait_until="networkidle")
        assert 0 < sum(sizes) <= LIGHT, address
        assert not visitor.script or page.evaluate("window.shifts") == 0, address


def with_nothing_kept(page: Page) -> None:
    """Forget what the browser has loaded before."""
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")


def test_the_shop_is_dark_at_night(opened: Open, publish: Publish, consume: Consume) -> None:
    page = opened(color_scheme="dark")
    log_in(page, customer(publish, consume))
    look(page, "products-dark")
    page.goto("/products/mleko/")
    look(page, "product-dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", dark)) < 64
