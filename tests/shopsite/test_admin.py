"""The whole admin: every page of every registered model, who may see it, and what it refuses."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from confluent_kafka import Producer
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from catalog.events import ProductAdded
from catalog.models import Product
from customers.events import CustomerRegistered, ProductBought
from customers.identity import customer_id
from customers.models import Customer, Purchase
from kafka_bridge.models import DeadLetter, Offset, Receipt
from kafka_bridge.mongo import database
from shopsite.models import Operator
from tests.conftest import Consume, Publish
from tests.operators import log_in

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
READ_ONLY = [Customer, Purchase, Receipt, Offset, DeadLetter]
NAMES = [model._meta.label for model in MODELS]
JAN = "jan@example.com"


@pytest.fixture
def full_shop(publish: Publish, consume: Consume) -> None:
    """One document of every kind, all but operators and groups through Kafka."""
    hashed = "pbkdf2_sha256$1$salt$secret"
    jan = CustomerRegistered("Jan", "Nowak", "Długa 1", "00-001", "Kraków", JAN, hashed)
    publish(jan, customer_id(JAN))
    publish(ProductAdded("Mleko", "nabiał", Decimal("4.90")), "milk")
    publish(ProductBought(customer_id(JAN), 2, Decimal("4.90")), "milk")
    publish(ProductBought(customer_id(JAN), 2, Decimal("4.00")), "milk")  # rejected
    producer = Producer({"bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS})
    producer.produce(settings.KAFKA_TOPIC, b"\xff junk", key=b"junk")
    assert producer.flush(10) == 0
    consume()
    Group.objects.create(name="sellers")


@pytest.fixture
def ewa(full_shop: None) -> Client:
    """An operator's browser before a full shop."""
    return log_in("ewa")


def address(model: type[Model], page: str, *args: Any) -> str:
    """Return the address of a model's page in the admin."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def drill_down(field: str, document: Any) -> Iterator[str]:
    """Return the queries of a document's year, month and day."""
    moment = getattr(document, field)
    query = ""
    for part in ("year", "month", "day"):
        query += f"&{field}__{part}={getattr(moment, part)}"
        yield query[1:]


def queries(model_admin: Any, document: Any) -> Iterator[str]:
    """Return a query for every search, order, filter and date that the model's list offers."""
    yield from ("", "e=1", "all=", "p=1", "_facets=True", "p=99", f"{document._meta.pk.name}=x")
    for text in ("mleko", str(document.pk), JAN, "\x00", "x" * 10_000, "ż$regex(", "  "):
        yield f"q={quote(text)}"
    for index in range(1, len(model_admin.list_display) + 1):
        yield from (f"o={index}", f"o=-{index}")
    if model_admin.date_hierarchy:
        yield from drill_down(model_admin.date_hierarchy, document)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_list_answers(ewa: Client, model: type[Model]) -> None:
    document = model._default_manager.all()[0]
    where = address(model, "changelist")
    for query in queries(admin.site._registry[model], document):
        page = ewa.get(f"{where}?{query}", follow=True)
        assert page.status_code == 200, query
        assert page.context is not None


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_filter_of_every_list_answers(ewa: Client, model: type[Model]) -> None:
    where = address(model, "changelist")
    page = ewa.get(where)
    lists = page.context["cl"]
    for spec in lists.filter_specs:
        for choice in spec.choices(lists):
            found = ewa.get(where + choice["query_string"])
            assert found.status_code == 200
            if choice.get("selected"):
                assert found.context["cl"].result_count == lists.result_count


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_date_on_a_list_leads_to_its_documents(ewa: Client, model: type[Model]) -> None:
    field = admin.site._registry[model].date_hierarchy
    if field is None:
        return
    document = model._default_manager.all()[0]
    for query in drill_down(field, document):
        found = ewa.get(f"{address(model, 'changelist')}?{query}").context["cl"].result_list
        assert document in found


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_document_has_its_page_and_its_history(ewa: Client, model: type[Model]) -> None:
    for document in model._default_manager.all():
        page = ewa.get(address(model, "change", document.pk))
        assert page.status_code == 200
        assert str(document) in page.content.decode() or model is Receipt
        assert ewa.get(address(model, "history", document.pk), follow=True).status_code == 200


@pytest.mark.parametrize("language", ["pl", "en"])
def test_the_index_answers_in_both_languages(ewa: Client, language: str) -> None:
    page = ewa.get("/admin/", headers={"accept-language": language})
    assert f'<html lang="{language}"' in page.content.decode()
    for model in MODELS:
        assert address(model, "changelist") in page.content.decode()


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_add_pages_are_there_where_adding_is(ewa: Client, model: type[Model]) -> None:
    expected = 403 if model in READ_ONLY else 200
    assert ewa.get(address(model, "add")).status_code == expected


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_what_is_read_only_refuses_every_post(ewa: Client, model: type[Model]) -> None:
    collection = database()[model._meta.db_table]
    before = list(collection.find())
    assert before
    for document in model._default_manager.all():
        fields = dict.fromkeys(before[0], "x") | {
            "action": "delete_selected",
            "_selected_action": document.pk,
            "index": "0",
            "post": "yes",
            "_save": "1",
        }
        # A list with actions answers that this is none of them.
        listed = ewa.post(address(model, "changelist"), fields)
        assert listed.status_code == (200 if admin.site._registry[model].actions else 403)
        assert ewa.post(address(model, "add"), fields).status_code == 403
        for page in ("change", "delete", "history"):
            assert ewa.post(address(model, page, document.pk), fields).status_code == 403
        assert ewa.get(address(model, "delete", document.pk)).status_code == 403
    assert list(collection.find()) == before


def test_only_products_and_operators_can_be_written() -> None:
    writable = {model for model in MODELS if model not in READ_ONLY}
    assert writable == {Product, Operator, Group}


def test_the_password_of_a_customer_is_nowhere(ewa: Client) -> None:
    for page in (
        ewa.get(address(Customer, "changelist")),
        ewa.get(address(Customer, "change", customer_id(JAN))),
    ):
        assert JAN in page.content.decode()
        assert "secret" not in page.content.decode()
        assert "pbkdf2" not in page.content.decode()


def test_a_customer_cannot_enter(full_shop: None) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Customer.objects.get(), "customers.auth.CustomerBackend")
    pages = ["/admin/", *(address(model, "changelist") for model in MODELS)]
    for page in pages:
        entry = client.get(page, follow=True)
        assert entry.redirect_chain[0][0].startswith("/admin/login/")
        assert "but are not authorized" in entry.content.decode()
    again = client.post("/admin/login/", {"username": JAN, "password": "secret"})
    assert again.context["form"].errors


def test_an_operator_is_made_and_changed(ewa: Client) -> None:
    password = "kwaśna śmietana 18"
    new = {"username": "adam", "password1": password, "password2": password}
    ewa.post(address(Operator, "add"), new | {"usable_password": "true"})
    adam = Operator.objects.get(username="adam")
    seen, added = (Permission.objects.get(codename=f"{what}_product") for what in ("view", "add"))
    sellers = Group.objects.get()
    rights = {"name": "sellers", "permissions": [added.pk]}
    assert ewa.post(address(Group, "change", sellers.pk), rights).status_code == 302
    seller = {"username": "adam", "is_active": "on", "is_staff": "on"}
    rights = {"user_permissions": [seen.pk], "groups": [sellers.pk]}
    assert ewa.post(address(Operator, "change", adam.pk), seller | rights).status_code == 302
    assert "adam" in ewa.get("/admin/").content.decode()  # Django's own log of the operators
    client = Client(headers={"accept-language": "en"})
    entry = client.post("/admin/login/", {"username": "adam", "password": password})
    assert entry.status_code == 302
    assert client.get(address(Product, "changelist")).status_code == 200
    assert client.get(address(Product, "add")).status_code == 200
    assert client.get(address(Product, "delete", "milk")).status_code == 403
    assert client.get(address(Receipt, "changelist")).status_code == 403
    ewa.post(address(Operator, "delete", adam.pk), {"post": "yes"})
    assert not Operator.objects.filter(username="adam").exists()
    assert client.get("/admin/").status_code == 302


def test_a_product_leads_to_its_page_in_the_shop(ewa: Client) -> None:
    milk = Product.objects.get()
    page = ewa.get(address(Product, "change", milk.pk))
    view = reverse(
        "admin:view_on_site", args=[ContentType.objects.get_for_model(Product).pk, "milk"]
    )
    assert view in page.content.decode()
    assert ewa.get(view).headers["location"].endswith(milk.get_absolute_url())
