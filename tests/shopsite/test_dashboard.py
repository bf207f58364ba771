"""The dashboard counts what was sold, and the groups of operators may do what they are for."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from catalog.events import ProductAdded, ProductChanged
from customers.events import CustomerRegistered, ProductBought
from customers.identity import customer_id
from customers.models import Purchase
from kafka_bridge.mongo import database
from shopsite import charts, dashboard
from shopsite.models import Operator
from tests.conftest import Consume, Publish
from tests.operators import browser_of, log_in

pytestmark = pytest.mark.django_db

LISTS = {
    "catalog_product",
    "customers_customer",
    "customers_purchase",
    "kafka_bridge_receipt",
    "kafka_bridge_deadletter",
    "kafka_bridge_offset",
    "shopsite_operator",
}


def look(client: Client, **query: str) -> Any:
    return client.get(reverse("dashboard"), query)


def move(quantity: int, days: int) -> None:
    """Make the purchases of so many pieces so many days older."""
    moment = datetime.now(UTC) - timedelta(days=days)
    purchases = database()[Purchase._meta.db_table]
    purchases.update_many({"quantity": quantity}, {"$set": {"bought_at": moment}})


@pytest.fixture
def sold(publish: Publish, consume: Consume) -> None:
    """Milk at two prices on two days, bread today, and three customers in two cities."""
    for name, city in (("a", "Radom"), ("b", "Radom"), ("c", "Łódź")):
        mail = f"{name}@example.com"
        who = CustomerRegistered("Jan", "Nowak", "Długa 1", "00-001", city, mail, "!")
        publish(who, customer_id(mail))
    publish(ProductAdded("Mleko", "nabiał", Decimal("4.90")), "milk")
    publish(ProductAdded("Chleb", "pieczywo", Decimal("6.00")), "bread")
    publish(ProductBought("a", 5, Decimal("4.90")), "milk")
    publish(ProductChanged("Mleko", "nabiał", Decimal("5.10"), 1), "milk")
    publish(ProductBought("a", 1, Decimal("5.10")), "milk")
    publish(ProductBought("b", 2, Decimal("6.00")), "bread")
    consume()
    move(5, days=3)


def test_the_figures_are_those_of_the_purchases(sold: None) -> None:
    shown = look(log_in()).context
    assert (shown["today"].purchases, shown["today"].value) == (2, Decimal("17.10"))
    assert len(shown["days"]) == 30
    earlier = [(day.purchases, day.value) for day in shown["days"][:-1] if day.purchases]
    assert earlier == [(1, Decimal("24.50"))]
    told = [(line.name, line.number, line.value) for line in shown["best"]]
    assert told == [("Mleko", 6, Decimal("29.60")), ("Chleb", 2, Decimal("12.00"))]
    assert [(city.name, city.number) for city in shown["cities"]] == [("Radom", 2), ("Łódź", 1)]
    assert shown["registered"] == 3


def test_the_prices_of_a_product_follow_one_another(sold: None) -> None:
    office = log_in()
    shown = look(office)
    assert [one.price for one in shown.context["paid"]] == [Decimal("4.90"), Decimal("5.10")]
    assert "5.10" in shown.content.decode()
    assert "/static/" in shown.content.decode()
    assert 'class="step" d="M' in shown.content.decode()
    bread = look(office, product="bread")
    assert [one.price for one in bread.context["paid"]] == [Decimal("6.00")]
    assert "caviar was not bought in these days." in look(office, product="caviar").content.decode()


def test_what_is_older_than_30_days_is_left_out(sold: None) -> None:
    move(5, days=31)
    assert [line.number for line in look(log_in()).context["best"]] == [2, 1]


def test_an_empty_shop_has_a_dashboard_too(db: None) -> None:
    text = look(log_in()).content.decode()
    assert "Nothing was sold." in text
    assert "Nobody has registered." in text


def test_it_says_when_it_does_not_count_all(sold: None, monkeypatch: pytest.MonkeyPatch) -> None:
    office = log_in()
    assert "only the newest" not in look(office).content.decode()
    monkeypatch.setattr(dashboard, "MOST", 2)
    shown = look(office)
    assert "only the newest 2 purchases" in shown.content.decode()
    assert "Only the 2 customers" in shown.content.decode()
    assert sum(day.purchases for day in shown.context["days"]) == 2


def test_its_queries_use_indexes(sold: None) -> None:
    since = datetime.now(UTC) - timedelta(days=30)
    found = database()[Purchase._meta.db_table].find({"bought_at": {"$gte": since}})
    assert "IXSCAN" in str(found.sort("bought_at", -1).limit(5).explain())


def test_bars_and_steps_are_drawn_to_scale() -> None:
    low, high = charts.bars([1, 2])
    assert (high.y, high.height, low.height) == (0, charts.HEIGHT, charts.HEIGHT / 2)
    assert {bar.height for bar in charts.bars([0, 0])} == {0}
    assert charts.steps([(5, 1), (10, 3)], 15) == "M0.0 190.0H360.0V10.0H720"
    assert charts.steps([(5, 3)], 10) == "M0.0 100.0H720"


def member(group: str) -> Client:
    """Return the browser of a new operator in that group."""
    call_command("groups", stdout=StringIO())
    adam = Operator.objects.create_user(f"adam-{group}", is_staff=True)
    adam.groups.add(Group.objects.get(name=group))
    return browser_of(adam)


@pytest.mark.parametrize(
    ("group", "lists", "others"),
    [
        ("operator", {"catalog_product", "kafka_bridge_receipt"}, (403, 403)),
        (
            "support",
            {"catalog_product", "customers_customer", "customers_purchase", "kafka_bridge_receipt"},
            (200, 403),
        ),
        ("admin", LISTS, (200, 200)),
    ],
)
def test_each_group_sees_what_it_is_for(
    sold: None, group: str, lists: set[str], others: tuple[int, int]
) -> None:
    client = member(group)
    index = client.get("/admin/").content.decode()
    for name in LISTS:
        address = reverse(f"admin:{name}_changelist")
        assert client.get(address).status_code == (200 if name in lists else 403), name
        assert (f'href="{address}"' in index) is (name in lists)
    pages = [reverse("dashboard"), reverse("admin:kafka_bridge_panel")]
    assert tuple(client.get(page).status_code for page in pages) == others
    assert tuple(200 if f'href="{page}"' in index else 403 for page in pages) == others


def test_only_operators_and_admins_may_change_products(sold: None) -> None:
    add = reverse("admin:catalog_product_add")
    found = {name: member(name).get(add).status_code for name in ("operator", "support", "admin")}
    assert found == {"operator": 200, "support": 403, "admin": 200}


def test_support_sees_customers_masked_and_admins_do_not(sold: None) -> None:
    customers = reverse("admin:customers_customer_changelist")
    assert "a@example.com" not in member("support").get(customers).content.decode()
    assert "a@example.com" in member("admin").get(customers).content.decode()


@pytest.mark.parametrize("guess", ["last_name=Nowak", "search__contains=nowak", "q=nowak"])
def test_support_cannot_guess_what_it_does_not_see(sold: None, guess: str) -> None:
    customers = reverse("admin:customers_customer_changelist")
    answer = member("support").get(f"{customers}?{guess}")
    assert answer.status_code == 400 or list(answer.context["cl"].result_list) == []
    assert member("admin").get(f"{customers}?{guess}").status_code in (200, 400)


def test_groups_can_be_made_again_and_keep_what_they_were_given(db: None) -> None:
    call_command("groups", stdout=StringIO())
    support = Group.objects.get(name="support")
    support.permissions.remove(Permission.objects.get(codename="view_customer"))
    support.permissions.add(Permission.objects.get(codename="view_offset"))
    said = StringIO()
    call_command("groups", stdout=said)
    assert said.getvalue().splitlines()[0] == "operator: was there"
    rights = set(support.permissions.order_by().values_list("codename", flat=True))
    assert {"view_customer", "view_offset"} < rights
    assert "view_personal_data" not in rights
    assert Group.objects.count() == 3
