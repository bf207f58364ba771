"""Customers and purchases in the admin: what is shown, found and linked."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from benchmarks.asking import asked
from catalog.events import ProductAdded
from catalog.models import Product
from customers.events import CustomerRegistered, ProductBought
from customers.identity import customer_id
from customers.models import Customer, Purchase
from kafka_bridge.models import Receipt
from tests.conftest import Consume, Publish
from tests.operators import log_in

PURCHASES = "/admin/customers/purchase/"
CUSTOMERS = "/admin/customers/customer/"
JAN, OLA = "jan@example.com", "ola@example.com"
HASH = "pbkdf2_sha256$1$salt$secret"


@pytest.fixture
def office(publish: Publish, consume: Consume) -> Client:
    """An operator's browser before two customers, and purchases by them and by nobody."""
    for email, name, city in ((JAN, "Jan", "Kraków"), (OLA, "Ola", "Łódź")):
        person = CustomerRegistered(name, "Nowak", "Długa 1", "00-001", city, email, HASH)
        publish(person, customer_id(email))
    publish(ProductAdded("Mleko", "nabiał", Decimal("4.90")), "milk")
    publish(ProductAdded("Chleb", "pieczywo", Decimal("6.00")), "bread")
    publish(ProductBought(customer_id(JAN), 2, Decimal("4.90")), "milk")
    publish(ProductBought(customer_id(OLA), 1, Decimal("6.00")), "bread")
    publish(ProductBought("nobody", 3, Decimal("4.90")), "milk")
    consume()
    return log_in()


def bought(page: Any) -> set[str]:
    """Return whose purchases the list shows, by customer id."""
    return {purchase.customer_id for purchase in page.context["cl"].result_list}


def page_of(document: Any) -> str:
    """Return the address of a document's page."""
    opts = document._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[document.pk])


def test_purchases_are_listed_with_their_customers(office: Client) -> None:
    page = office.get(PURCHASES)
    assert bought(page) == {customer_id(JAN), customer_id(OLA), "nobody"}
    text = page.content.decode()
    for customer in Customer.objects.all():
        assert f'<a href="{page_of(customer)}">{customer}</a>' in text
    assert '<td class="field-buyer">nobody</td>' in text
    assert "9.80" in text


def test_a_page_of_purchases_costs_one_query_for_all_customers(office: Client) -> None:
    with asked() as commands:
        office.get(PURCHASES)
    assert [command.get("find") for command in commands].count("customers_customer") == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"q={JAN}", {customer_id(JAN)}),
        (f"q= {JAN.upper()} ", {customer_id(JAN)}),
        ("q=milk", {customer_id(JAN), "nobody"}),
        ("q=mle", {customer_id(JAN), "nobody"}),
        ("q=nobody", {"nobody"}),
        ("q=@", set()),
        ("type=pieczywo", {customer_id(OLA)}),
        (f"customer_id={customer_id(OLA)}", {customer_id(OLA)}),
        ("bought_at__year=2001", set()),
    ],
)
def test_purchases_are_found(office: Client, query: str, expected: set[str]) -> None:
    assert bought(office.get(f"{PURCHASES}?{query}")) == expected


def test_a_purchase_leads_to_customer_product_and_receipt(office: Client) -> None:
    purchase = Purchase.objects.get(customer_id=customer_id(JAN))
    text = office.get(page_of(purchase)).content.decode()
    for linked in (Customer.objects.get(email=JAN), Product.objects.get(pk="milk")):
        assert f'<a href="{page_of(linked)}">{linked}</a>' in text
    receipt = Receipt.objects.get(pk=purchase.pk)
    assert f'<a href="{page_of(receipt)}">{receipt}</a>' in text
    assert purchase.get_absolute_url() not in text


def test_a_purchase_of_nobody_and_of_nothing(office: Client) -> None:
    purchase = Purchase.objects.get(customer_id="nobody")
    Product.objects.all()._raw_delete("default")
    Receipt.objects.all()._raw_delete("default")
    text = office.get(page_of(purchase)).content.decode()
    for unlinked in ("nobody", "milk", purchase.pk):
        assert f'<div class="readonly">{unlinked}</div>' in text


def test_customers_are_listed_and_found(office: Client) -> None:
    def shown(query: str) -> list[str]:
        page = office.get(f"{CUSTOMERS}?{query}")
        return sorted(customer.first_name for customer in page.context["cl"].result_list)

    assert shown("") == ["Jan", "Ola"]
    assert shown("q=ola nowak") == ["Ola"]
    assert shown(f"q={JAN}") == ["Jan"]
    assert shown("q=jan@") == []
    assert shown("q=lod") == ["Ola"]
    assert shown(f"q={customer_id(JAN)}") == ["Jan"]
    assert shown("city=Kraków") == ["Jan"]
    assert shown("registered_at__year=2001") == []


def test_a_customer_leads_to_their_purchases_and_events(office: Client) -> None:
    jan = Customer.objects.get(email=JAN)
    text = office.get(page_of(jan)).content.decode()
    purchases = f"{PURCHASES}?customer_id={jan.pk}"
    assert f'<a href="{purchases}">' in text
    assert bought(office.get(purchases)) == {jan.pk}
    events = office.get(f"{CUSTOMERS}{jan.pk}/history/")
    told = [receipt.type for receipt in events.context["timeline"].receipts]
    assert told[0] == "shop.customer.registered.v1"
    assert set(told[1:]) == {"shop.product.bought.v1"}
    assert HASH not in text
    assert "secret" not in text
