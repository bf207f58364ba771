"""What a customer sees of their own data, and takes away."""

import json
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128
from django.test import Client

from customers import export
from customers.events import CustomerChanged, CustomerRegistered, ProductBought
from customers.identity import customer_id
from customers.models import Customer, Purchase
from kafka_bridge.mongo import database
from shopsite.models import Operator
from tests import operators
from tests.conftest import Consume, Publish
from tests.pages import MILK, OLA, browser_of, customer, milk, stranger

PROFILE, FILE = "/profile/", "/profile/my-data.json"
STALE = CustomerChanged("Aleksandra", "Żółć", "Krótka 2", "30-002", "Kraków", version=7)


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    """A customer with two purchases, and a change that was refused."""
    who = customer(publish, consume)
    milk(publish, consume)
    for quantity in (2, 3):
        publish(ProductBought(who.pk, quantity, MILK.price), "milk")
    publish(STALE, who.pk)
    consume()
    return who


def file_of(client: Client) -> Any:
    """Download the file, and return what is in it."""
    answer = client.get(FILE)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    return json.loads(answer.getvalue())


def test_the_profile_shows_what_is_known(ola: Customer) -> None:
    page = browser_of(ola).get(PROFILE)
    text = page.content.decode()
    for value in OLA.values():
        assert value in text
    assert "24.50 PLN".replace(" ", "\xa0") in text
    assert ola.password not in text
    assert "You registered" in text
    assert "The data were changed elsewhere in the meantime." in text
    assert "no-store" in page["Cache-Control"]


def test_the_profile_of_who_has_done_nothing_yet(publish: Publish, consume: Consume) -> None:
    text = browser_of(customer(publish, consume)).get(PROFILE).content.decode()
    assert "0.00 PLN".replace(" ", "\xa0") in text


def test_the_profile_speaks_polish(ola: Customer) -> None:
    text = browser_of(ola, "pl").get(PROFILE).content.decode()
    assert "Mój profil" in text
    assert "w międzyczasie zmienione gdzie indziej" in text
    assert "24,50 zł".replace(" ", "\xa0") in text


@pytest.mark.parametrize("address", [PROFILE, FILE])
def test_others_log_in_first(ola: Customer, address: str) -> None:
    assert stranger().get(address)["Location"] == f"/log-in/?next={address}"
    boss = operators.browser_of(Operator.objects.create_superuser("ewa"))
    assert boss.get(address).status_code == 302


def test_the_name_in_the_header_leads_to_the_profile(ola: Customer) -> None:
    assert 'href="/profile/"' in browser_of(ola).get("/products/").content.decode()
    boss = operators.browser_of(Operator.objects.create_superuser("ewa"))
    for client in (stranger(), boss):
        assert 'href="/profile/"' not in client.get("/products/").content.decode()


def test_the_file_has_everything_but_the_password(ola: Customer) -> None:
    client = browser_of(ola)
    answer = client.get(FILE)
    today = f'attachment; filename="my-data-{datetime.now(UTC):%Y}-'
    assert answer["Content-Disposition"].startswith(today)
    assert "no-store" in answer["Cache-Control"]
    told = json.loads(answer.getvalue())
    assert {name: told[name] for name in OLA} == OLA
    assert told["id"] == ola.pk
    assert [one["value"] for one in told["purchases"]] == ["14.70", "9.80"]
    assert told["total"] == "24.50"
    assert [(one["type"], one["status"], one["reason"]) for one in told["events"]] == [
        ("shop.customer.registered.v1", "applied", ""),
        ("shop.customer.changed.v1", "rejected", "customer_stale"),
    ]
    for moment in (told["registered_at"], told["purchases"][0]["bought_at"]):
        assert datetime.fromisoformat(moment).utcoffset() is not None
        assert moment.endswith("Z")
    assert ola.password not in str(told)
    assert "password" not in told


def test_the_file_has_nothing_of_others(ola: Customer, publish: Publish, consume: Consume) -> None:
    ala = CustomerRegistered("Ala", "Inna", "Inna 1", "00-001", "Radom", "ala@example.com", "!")
    publish(ala, customer_id("ala@example.com"))
    publish(ProductBought(customer_id("ala@example.com"), 9, MILK.price), "milk")
    consume()
    told = file_of(browser_of(ola))
    assert len(told["purchases"]) == 2
    assert "Ala" not in json.dumps(told)


def test_the_file_of_who_has_no_receipts(ola: Customer) -> None:
    """As after `seed --direct`, which leaves none."""
    database()["kafka_bridge_receipt"].delete_many({})
    database()["customers_purchase"].delete_many({})
    told = file_of(browser_of(ola))
    assert (told["events"], told["purchases"], told["total"]) == ([], [], "0.00")


def test_many_purchases_need_no_more_memory(ola: Customer) -> None:
    def peak() -> int:
        tracemalloc.start()
        size = sum(len(piece) for piece in export.everything(ola.pk))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert size > 0
        return most

    add_purchases(ola, 0, 1000)
    some = peak()
    for first in range(1000, 3000, 1000):
        add_purchases(ola, first, 1000)
    assert peak() < 1.5 * some


def add_purchases(ola: Customer, first: int, count: int) -> None:
    """Put purchases straight into the projection."""
    moment, price = datetime.now(UTC), Decimal128(Decimal("4.90"))
    what = {"product_id": "milk", "name": "Mleko", "type": "nabiał"}
    bought = {"customer_id": ola.pk, "order_id": "", **what}
    amounts = {"price": price, "quantity": 1, "value": price, "bought_at": moment}
    database()[Purchase._meta.db_table].insert_many(
        {"_id": f"p{number}", **bought, **amounts} for number in range(first, first + count)
    )
