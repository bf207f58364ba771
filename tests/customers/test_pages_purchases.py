"""A customer's purchases as the page lists them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from bson import Decimal128
from django.test import Client

from benchmarks.asking import asked
from catalog.events import ProductChanged
from catalog.paging import ROWS
from customers.events import ProductBought
from customers.models import Customer, Purchase
from customers.projection import buy
from kafka_bridge.envelope import Envelope
from kafka_bridge.mongo import database
from kafka_bridge.registry import Change
from tests.conftest import Consume, Publish
from tests.pages import MILK, browser_of, customer, milk, stranger

PAGE = "/purchases/"


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    return customer(publish, consume)


@pytest.fixture
def browser(ola: Customer) -> Client:
    return browser_of(ola, "pl")


def bought(publish: Publish, ola: Customer, quantity: int) -> str:
    """Buy milk; return the event's id."""
    return publish(ProductBought(ola.pk, quantity, MILK.price), "milk").id


def test_all_is_listed_newest_first_with_the_total(
    browser: Client, ola: Customer, publish: Publish, consume: Consume
) -> None:
    milk(publish, consume)
    for quantity in (1, 2, 100):
        bought(publish, ola, quantity)
        consume()
    page = browser.get(PAGE)
    rows = page.context["page"].rows
    assert [row.quantity for row in rows] == [100, 2, 1]
    text = page.content.decode()
    for seen in (
        "Mleko 3,2%",
        "nabiał",
        "4,90\xa0zł",
        "490,00\xa0zł",
        "504,70\xa0zł",
        "103 sztuki",
    ):
        assert seen in text
    assert page.context["total"]["value"] == Decimal("504.70")


def test_later_prices_change_nothing(
    browser: Client, ola: Customer, publish: Publish, consume: Consume
) -> None:
    milk(publish, consume)
    bought(publish, ola, 1)
    publish(ProductChanged("Mleko nowe", "inne", Decimal("9.00"), version=1), "milk")
    consume()
    text = browser.get(PAGE).content.decode()
    assert "Mleko 3,2%" in text
    assert "9,00" not in text


def test_nobody_sees_anothers_purchases(
    browser: Client, ola: Customer, publish: Publish, consume: Consume
) -> None:
    milk(publish, consume)
    purchase = bought(publish, ola, 1)
    consume()
    other = browser_of(customer(publish, consume, "ala@example.com"))
    page = other.get(PAGE, {"bought": purchase})
    assert page.context["bought"] is None
    assert "Nothing bought yet" in page.content.decode()
    assert stranger().get(PAGE)["Location"] == "/log-in/?next=/purchases/"


def test_nothing_is_said_of_what_was_not_bought(browser: Client) -> None:
    page = browser.get(PAGE, {"bought": "nonsense"})
    assert page.context["bought"] is None
    assert "Jeszcze nic tu nie ma" in page.content.decode()


def stock(ola: Customer, count: int) -> None:
    """Write purchases as the consumer would, several at one instant."""
    documents = []
    price = Decimal128(MILK.price)
    product = {"withdrawn": False, "price": price, "name": MILK.name, "type": MILK.type}
    for number in range(count):
        data = ProductBought(ola.pk, 1, MILK.price)
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number // 3)
        event = Envelope(data, "milk", f"e{number:03}", "/tests", moment)
        change = next(iter(buy(event, product)))  # type: ignore[arg-type]
        assert isinstance(change, Change)
        documents.append(dict(change.document))
    database()[Purchase._meta.db_table].insert_many(documents)


def test_pages_lead_through_all_of_them(browser: Client, ola: Customer) -> None:
    stock(ola, 2 * ROWS + 1)
    first = browser.get(PAGE)
    second = browser.get(PAGE, {"after": first.context["page"].next})
    third = browser.get(PAGE, {"after": second.context["page"].next})
    listed = [row.pk for page in (first, second, third) for row in page.context["page"].rows]
    assert listed == sorted(listed, reverse=True)
    assert len(listed) == 2 * ROWS + 1
    back = browser.get(PAGE, {"before": third.context["page"].previous})
    assert [r.pk for r in back.context["page"].rows] == [r.pk for r in second.context["page"].rows]
    assert f"{2 * ROWS + 1} sztuk" in third.content.decode()


def test_a_cursor_is_signed(browser: Client, ola: Customer) -> None:
    stock(ola, ROWS + 1)
    cursor = browser.get(PAGE).context["page"].next
    rows = browser.get(PAGE, {"after": cursor[:-1]}).context["page"].rows
    assert len(rows) == ROWS


def test_one_query_sums_up(browser: Client, ola: Customer) -> None:
    stock(ola, 3)
    with asked() as commands:
        browser.get(PAGE)
    about = [command for command in commands if "customers_purchase" in command.values()]
    [summed] = [str(command["pipeline"]) for command in about if "$group" in str(command)]
    assert summed.startswith(f"[{{'$match': {{'customer_id': '{ola.pk}'}}}}, {{'$facet'")
    assert len(about) == 2
