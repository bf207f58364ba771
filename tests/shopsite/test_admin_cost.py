"""What the admin's lists ask of MongoDB: few questions, each of which an index answers."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from benchmarks import past, stage, workload
from benchmarks.asking import asked, plan
from catalog.models import Product
from customers.models import Customer, Purchase
from kafka_bridge.models import DeadLetter, Receipt
from shopsite.models import Operator
from tests import services
from tests.operators import browser_of

MOST_QUERIES = 6
# What the embedded server scans a collection for: its planner is simple.
SCANNED = ("'$or'", "'$all'", "'distinct'", "'status': 'applied'", "'reason'", "django_session")
LISTS: dict[Any, list[str]] = {
    Product: ["q=mleko", "q=mleko 12", "type=napoje", "withdrawn__exact=0"],
    Customer: ["q=now", "q=anna łódź", f"q={workload.buyer(1)}"],
    Purchase: [
        "q=mleko",
        f"q={workload.product_id(1)}",
        f"q={workload.buyer(1)}",
        f"customer_id={workload.buyer(1)}",
    ],
    Receipt: [
        f"q={workload.product_id(1)}",
        "status__exact=rejected",
        "status__exact=applied",
        "reason=product_withdrawn",
    ],
    DeadLetter: ["q=CloudEvents", "status__exact=open"],
}


@pytest.fixture
def ewa(db: None) -> Client:
    """The browser of an operator who may what their groups may, before lists of several pages.

    Who may do everything is not asked about: that is one question less.
    """
    for documents in (
        workload.products(130),
        past.customers(130),
        past.purchases(130, 3),
        past.receipts(130),
        past.dead_letters(130),
    ):
        stage.stock(documents)
    call_command("groups")
    operator = Operator.objects.create_user("ewa", is_staff=True)
    operator.groups.set(Group.objects.all())
    browser = browser_of(operator)
    for model in LISTS:  # what is known for a minute is known by then
        browser.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    return browser


def asks(browser: Client, model: Any, query: str) -> list[dict[str, Any]]:
    """Return what a page of a model's list asks of MongoDB."""
    where = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    with asked() as commands:
        page = browser.get(f"{where}?{query}")
    assert page.status_code == 200
    assert page.context["cl"].result_list
    return commands


def is_beyond_the_embedded_server(command: dict[str, Any]) -> bool:
    """Whether the suite's own server answers by a scan what MongoDB answers by an index."""
    return services.embedded and any(word in str(command) for word in SCANNED)


def orders(model: Any) -> list[str]:
    """Return queries of every order that a list offers, both ways."""
    shown = admin.site._registry[model]
    first = bool(shown.actions)  # the boxes to choose documents stand before
    columns = [shown.list_display.index(name) + first for name in shown.sortable_by or ()]
    return [f"o={sign}{column}" for column in columns for sign in ("", "-")]


def drill_down(model: Any) -> list[str]:
    """Return queries of the newest document's year, month and day."""
    field = admin.site._registry[model].date_hierarchy
    newest = getattr(model._default_manager.order_by(f"-{field}")[0], str(field))
    parts = [f"{field}__{part}={getattr(newest, part)}" for part in ("year", "month", "day")]
    return ["&".join(parts[:number]) for number in (1, 2, 3)]


def check(browser: Client, model: Any, query: str) -> None:
    """Fail if a page asks too much, or something that no index answers."""
    print(f"\n{model.__name__}?{query}")
    commands = asks(browser, model, query)
    # Who searches purchases by a product's name asks for the products, too, and for the buyers.
    most = MOST_QUERIES + (model is Purchase and query.startswith("q="))
    assert len(commands) <= most, [[*command.items()][:2] for command in commands]
    for command in commands:
        if (found := plan(command)) and not is_beyond_the_embedded_server(command):
            assert "COLLSCAN" not in found.stages, command
            assert services.embedded or "'$or'" in str(command) or "SORT" not in found.stages


@pytest.mark.parametrize("model", LISTS)
def test_a_page_asks_little_and_through_indexes(ewa: Client, model: Any) -> None:
    for query in ["", "p=2", *LISTS[model], *orders(model), *drill_down(model)]:
        check(ewa, model, query)
