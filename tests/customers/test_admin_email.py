"""An operator gives an imported customer an e-mail address, and the link to log in first."""

from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client

from customers.events import CustomerEmailGiven, ProductBought
from customers.identity import customer_id
from customers.models import Customer
from kafka_bridge.models import Receipt
from kafka_bridge.submission import event_id_of
from shopsite.models import Operator
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.operators import browser_of, form_of, log_in, told
from tests.pages import MILK, customer, given, imported, milk, settled, stranger

EMAIL = "anna@example.com"
CHANGE = "/admin/customers/customer/legacy_3Aanna/change/"
PAGE = "/admin/customers/customer/legacy_3Aanna/email/"


@pytest.fixture
def anna(publish: Publish, consume: Consume) -> Customer:
    return imported(publish, consume)


@pytest.fixture
def ewa(anna: Customer) -> Client:
    """An operator's browser before an imported customer."""
    return log_in("ewa")


def sending(client: Client, email: str = EMAIL) -> dict[str, Any]:
    """Open the page and return what its form sends when it is filled in."""
    form = form_of(client.get(PAGE), "token")
    return {"token": form["token"][0], "seen": form["seen"][0], "email": email}


def link_on(page: Any) -> str:
    """Return the path of the link that the page shows, or nothing."""
    return urlsplit(str(page.context["link"])).path


def test_the_customers_page_leads_there(ewa: Client, publish: Publish, consume: Consume) -> None:
    assert f'href="{PAGE}"' in ewa.get(CHANGE).content.decode()
    ola = customer(publish, consume)
    text = ewa.get(f"/admin/customers/customer/{ola.pk}/change/").content.decode()
    assert "/email/" not in text


def test_a_given_address_comes_with_a_link_that_works(
    ewa: Client, running_consumer: Running
) -> None:
    assert not link_on(ewa.get(PAGE))
    with running_consumer():
        answer = ewa.post(PAGE, sending(ewa, " Anna@Example.com "))
    assert answer["Location"] == PAGE
    assert Customer.objects.get().email == EMAIL
    page = ewa.get(PAGE)
    assert list(told(page)) == [("success", "The address was given.")]
    assert page.context["link"].startswith("http://testserver/invitation/")
    assert "no-store" in page["Cache-Control"]
    assert stranger().get(link_on(page)).status_code == 200
    receipt = Receipt.objects.get(type="shop.customer.email_given.v1")
    assert receipt.source == f"/shop/admin/{Operator.objects.get().pk}"


def test_who_has_a_password_needs_no_link(
    ewa: Client, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    settled(publish, consume, EMAIL)
    page = ewa.get(PAGE)
    assert not link_on(page)
    assert "They log in as anna@example.com" in page.content.decode()
    with running_consumer():
        ewa.post(PAGE, sending(ewa, "nowa@example.com"))
    assert Customer.objects.get().email == "nowa@example.com"
    assert Customer.objects.get().has_usable_password()


def test_an_address_that_somebody_has_is_refused_early(
    ewa: Client, publish: Publish, consume: Consume
) -> None:
    customer(publish, consume, "ola@example.com")
    given(publish, consume, "jan@example.com", "legacy:jan")
    for taken, whose in (("OLA@example.com", "Ola Żółć"), ("jan@example.com", "Anna Żak")):
        answer = ewa.post(PAGE, sending(ewa, taken))
        assert answer.status_code == 422
        assert f"{whose} has this address already." in answer.content.decode()
        assert form_of(answer, "token")["email"] == [taken]
    assert consume() == 0


def test_an_address_that_somebody_registers_at_once_is_given_and_lets_only_them_in(
    ewa: Client, publish: Publish, consume: Consume
) -> None:
    """Their keys differ, so neither event can see the other: decision 9."""
    ewa.post(PAGE, sending(ewa))
    customer(publish, consume, EMAIL)
    consume()
    assert set(Customer.objects.filter(email=EMAIL).values_list("pk", flat=True)) == {
        "legacy:anna",
        customer_id(EMAIL),
    }
    found = ewa.get(f"/admin/customers/customer/?q={EMAIL}")
    assert found.context["cl"].result_count == 2


@pytest.mark.parametrize(
    "email", ["", "anna", "anna@", "a\x00@example.com", f"{'a' * 250}@example.com", "a b@c.de"]
)
def test_what_is_no_address_comes_back_with_a_message(
    ewa: Client, consume: Consume, email: str
) -> None:
    fields = sending(ewa, email)
    answer = ewa.post(PAGE, fields)
    assert answer.status_code == 422
    assert answer.context["form"].errors["email"]
    assert form_of(answer, "token")["token"] == [fields["token"]]
    assert consume() == 0


def test_a_stale_page_is_refused(
    ewa: Client, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    stale = sending(ewa)
    publish(CustomerEmailGiven("inna@example.com", 1), "legacy:anna")
    consume()
    with running_consumer():
        answer = ewa.post(PAGE, stale)
        assert answer.status_code == 409
        assert "The data were changed elsewhere" in answer.content.decode()
        assert "They have the address inna@example.com" in answer.content.decode()
        form = form_of(answer, "token")
        again = {name: form[name][0] for name in ("token", "seen", "email")}
        assert again["email"] == EMAIL
        assert ewa.post(PAGE, again).status_code == 302
    assert Customer.objects.get().email == EMAIL


def test_a_slow_consumer_is_told_of(ewa: Client, consume: Consume) -> None:
    fields = sending(ewa)
    ewa.post(PAGE, fields)
    page = ewa.get(PAGE)
    [(level, said)] = told(page)
    assert level == "warning"
    assert said.startswith("The address was sent, but is not yet applied.")
    operator = Operator.objects.get()
    event_id = event_id_of(fields["token"], f"email:legacy:anna:1:{operator.pk}")
    assert event_id in said
    assert not link_on(page)
    consume()
    assert link_on(ewa.get(PAGE))


def test_sent_twice_it_is_one_event(ewa: Client, running_consumer: Running) -> None:
    fields = sending(ewa)
    with running_consumer():
        first = ewa.post(PAGE, fields)
        second = ewa.post(PAGE, fields)
        other = ewa.post(PAGE, fields | {"email": "inna@example.com"})
    assert (first.status_code, second.status_code, other.status_code) == (302, 302, 409)
    assert "sent before" in other.content.decode()
    assert Customer.objects.get().version == 2


def test_without_kafka_the_form_is_kept(ewa: Client, consume: Consume, no_kafka: NoKafka) -> None:
    fields = sending(ewa)
    with no_kafka():
        answer = ewa.post(PAGE, fields)
    assert answer.status_code == 503
    form = form_of(answer, "token")
    assert {name: form[name][0] for name in fields} == fields
    ewa.post(PAGE, fields)
    consume()
    assert Customer.objects.get().email == EMAIL


def test_forms_of_other_operators_and_versions_are_refused(ewa: Client, consume: Consume) -> None:
    for forged in (sending(log_in("iza")), sending(ewa) | {"seen": "2"}, {"email": EMAIL}):
        answer = ewa.post(PAGE, forged)
        assert answer.status_code == 400
        assert "Nothing was done" in answer.content.decode()
    assert consume() == 0


@pytest.mark.parametrize("group", ["operator", "support", "admin"])
def test_of_the_groups_only_admins_may(ewa: Client, consume: Consume, group: str) -> None:
    call_command("groups", stdout=StringIO())
    adam = Operator.objects.create_user("adam", is_staff=True)
    adam.groups.add(Group.objects.get(name=group))
    client, may = browser_of(adam), group == "admin"
    assert client.get(PAGE).status_code == (200 if may else 403)
    fields = sending(ewa)
    assert client.post(PAGE, fields).status_code == (400 if may else 403)
    shown = client.get(CHANGE)
    assert (f'href="{PAGE}"' in shown.content.decode()) is may
    assert consume() == 0


def test_who_sees_masked_data_may_not_even_with_the_permission(ewa: Client) -> None:
    adam = Operator.objects.create_user("adam", is_staff=True)
    rights = ["view_customer", "give_email"]
    adam.user_permissions.add(*Permission.objects.filter(codename__in=rights).order_by())
    assert browser_of(adam).get(PAGE).status_code == 403
    seen = Permission.objects.get(codename="view_personal_data")
    adam.user_permissions.add(seen)
    assert browser_of(adam).get(PAGE).status_code == 200


@pytest.mark.parametrize("key", ["legacy_3Anobody", "nobody"])
def test_only_imported_customers_have_the_page(
    ewa: Client, publish: Publish, consume: Consume, key: str
) -> None:
    ola = customer(publish, consume)
    for who in (key, ola.pk):
        assert ewa.get(f"/admin/customers/customer/{who}/email/").status_code == 404
    assert stranger().get(PAGE).status_code == 302


def test_purchases_are_found_by_a_given_address(
    ewa: Client, publish: Publish, consume: Consume
) -> None:
    anna = settled(publish, consume, EMAIL)
    milk(publish, consume)
    publish(ProductBought(anna.pk, 2, MILK.price), "milk")
    consume()
    found = ewa.get(f"/admin/customers/purchase/?q={EMAIL}")
    assert [purchase.customer_id for purchase in found.context["cl"].result_list] == [anna.pk]
