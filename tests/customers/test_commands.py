"""`seed` and `list_customers`."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management.base import CommandError
from msgspec.structs import replace

from catalog.events import ProductAdded
from catalog.models import Product
from customers.events import CustomerImported, CustomerRegistered, ProductBought
from customers.identity import customer_id
from customers.management.commands import seed
from customers.models import Customer, Purchase
from kafka_bridge import publisher
from kafka_bridge.envelope import wrap
from kafka_bridge.models import Receipt
from tests import commands
from tests.commands import said
from tests.conftest import Consume, Publish, Running

SMALL = ("--customers", "5", "--products", "10", "--purchases", "20", "--random-seed", "7")


def counts() -> tuple[int, int, int]:
    """Return how many customers, products and purchases there are."""
    return Customer.objects.count(), Product.objects.count(), Purchase.objects.count()


def contents() -> dict[str, list[object]]:
    """Return what stands in the shop but for its times and hashes, which each run makes anew."""
    changing = ("password", "registered_at", "changed_at", "added_at", "bought_at")
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in changing}
            for row in model.objects.order_by("pk").values()
        ]
        for model in (Customer, Product, Purchase)
    }


def test_a_seed_is_applied_whole(topic: str, consume: Consume) -> None:
    told = said("seed", *SMALL)
    assert counts() == (0, 0, 0), "the command publishes, and the consumer applies"
    assert "Published 35 events, and Kafka acknowledged them all." in told
    assert consume() == 35
    assert counts() == (5, 10, 20)
    assert not Receipt.objects.filter(status="rejected").exists()


def test_the_same_seed_again_changes_nothing(topic: str, consume: Consume) -> None:
    said("seed", *SMALL)
    consume()
    before = contents()
    said("seed", *SMALL)
    assert consume() == 35
    assert contents() == before


def test_another_seed_brings_other_people_to_the_same_shelves(topic: str, consume: Consume) -> None:
    said("seed", *SMALL)
    said("seed", *SMALL[:-1], "8")
    consume()
    assert counts() == (10, 10, 40)


def test_customers_log_in_with_what_was_printed(topic: str, consume: Consume) -> None:
    told = json.loads(said("seed", *SMALL, "--json"))
    again = json.loads(said("seed", *SMALL, "--json"))
    consume()
    assert told == again
    assert (told["published"], told["random_seed"]) == (35, 7)
    customer = Customer.objects.get(pk=customer_id(told["email"]))
    assert check_password(told["password"], customer.password)
    assert Customer.objects.values("password").distinct().count() == 1, "hashing is slow"
    assert told["email"] in said("seed", *SMALL)


def test_a_password_of_ones_own(topic: str, consume: Consume) -> None:
    told = json.loads(said("seed", *SMALL, "--json", "--password", "moje-tajne"))
    consume()
    assert check_password("moje-tajne", Customer.objects.all()[0].password)
    assert told["password"] == "moje-tajne"


@pytest.mark.django_db
def test_direct_rows_are_those_that_the_events_make(topic: str, consume: Consume) -> None:
    told = said("seed", *SMALL, "--direct")
    assert "Wrote 35 documents" in told
    assert "not in the log" in told
    assert consume() == 0
    assert not Receipt.objects.exists()
    written = contents()
    for model in (Customer, Product, Purchase):
        model.objects.all().delete()
    said("seed", *SMALL)
    consume()
    assert contents() == written


@pytest.mark.django_db
def test_direct_rows_are_written_once(topic: str) -> None:
    said("seed", *SMALL, "--direct")
    assert "Wrote 0 documents straight into MongoDB; 35 were there" in said(
        "seed", *SMALL, "--direct"
    )
    assert counts() == (5, 10, 20)


def test_direct_wants_collections() -> None:
    done = commands.run("seed", "--direct", MONGODB_NAME="never-migrated")
    assert done.returncode == 1
    assert (
        done.stderr
        == "CommandError: There are no collections yet: run `manage.py migrate` first.\n"
    )


def test_purchases_need_somebody_and_something(topic: str) -> None:
    with pytest.raises(CommandError, match="at least one customer and one product"):
        said("seed", "--customers", "0")


def test_waiting_for_the_consumer(topic: str, running_consumer: Running) -> None:
    with running_consumer():
        assert "The consumers are through with them." in said("seed", *SMALL, "--wait")
        assert counts() == (5, 10, 20)


def test_waiting_in_vain(topic: str, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seed, "PATIENCE", 0.2)
    with pytest.raises(CommandError, match=r"is `manage\.py consume` running"):
        said("seed", *SMALL, "--wait")


@pytest.fixture
def two(publish: Publish, consume: Consume) -> None:
    publish(ProductAdded(name="Mleko", type="nabiał", price=Decimal("4.90")), "milk")
    for name in ("jan", "ewa"):
        email = f"{name}@example.com"
        person = (name.title(), "Kowal", "Długa 1", "00-001", "Łódź", email, "!unusable")
        publish(CustomerRegistered(*person), customer_id(email))
    for hour, quantity in ((9, 2), (8, 1), (10, 3)):
        bought = ProductBought(customer_id("jan@example.com"), quantity, Decimal("4.90"))
        wrapped = wrap(bought, subject="milk", source="/tests")
        publisher.publish(replace(wrapped, time=datetime(2026, 1, 2, hour, tzinfo=UTC)))
    consume()


def test_customers_for_people(two: None) -> None:
    told = said("list_customers")
    blocks = [block.splitlines() for block in told.split("\n\n")]
    (jan,) = [block for block in blocks if block[0].startswith("Jan Kowal <jan@example.com>")]
    (ewa,) = [block for block in blocks if block[0].startswith("Ewa")]
    assert [line.split() for line in jan[1:4]] == [
        ["2026-01-02", "11:00", "Mleko", "nabiał", "3", "x", "4.90", "14.70"],
        ["2026-01-02", "10:00", "Mleko", "nabiał", "2", "x", "4.90", "9.80"],
        ["2026-01-02", "09:00", "Mleko", "nabiał", "1", "x", "4.90", "4.90"],
    ]
    assert jan[4].split() == ["3", "purchases", "29.40"]
    assert ewa[1].split() == ["0", "purchases", "0.00"]
    assert len({line.rindex(".") for line in (*jan[1:], ewa[1])}) == 1, "values stand in one column"
    assert told.endswith("2 customers, values in PLN\n")


def test_customers_for_machines(two: None) -> None:
    told = said("list_customers", "--json")
    found = {line["email"]: line for line in map(json.loads, told.splitlines())}
    jan, ewa = found["jan@example.com"], found["ewa@example.com"]
    assert [(bought["quantity"], bought["value"]) for bought in jan["purchases"]] == [
        (3, "14.70"),
        (2, "9.80"),
        (1, "4.90"),
    ]
    assert jan["purchases"][0]["order_id"] == ""
    assert jan["purchases"][0]["bought_at"] == "2026-01-02T10:00:00Z"
    assert (jan["total"], ewa["total"], ewa["purchases"]) == ("29.40", "0.00", [])
    assert "unusable" not in told


def test_imported_customers_have_no_empty_places(publish: Publish, consume: Consume) -> None:
    anna = CustomerImported("Anna", "Żak", "ul. Długa 1\n90-001 Łódź")
    publish(anna, "legacy:anna")
    consume()
    told = said("list_customers").splitlines()[0]
    assert told == "Anna Żak, ul. Długa 1, 90-001 Łódź"
    assert json.loads(said("list_customers", "--json"))["email"] == ""
