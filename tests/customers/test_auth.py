"""How customers log in, and that logging in changes nothing."""

from datetime import UTC, datetime
from typing import Any, cast
from unittest import mock

import pytest
from django.contrib import auth
from django.contrib.admin import site
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.http import HttpRequest
from django.test import Client, RequestFactory
from pytest_django import Settings

from customers import projection
from customers.auth import CustomerBackend
from customers.events import CustomerImported, CustomerRegistered
from customers.identity import customer_id
from customers.models import Customer
from kafka_bridge.envelope import Envelope
from kafka_bridge.mongo import database
from kafka_bridge.registry import Change
from shopsite.models import Operator

EMAIL, PASSWORD = "ola@example.com", "Tajne hasło!"
QUICK = "django.contrib.auth.hashers.MD5PasswordHasher"
THOROUGH = "django.contrib.auth.hashers.PBKDF2PasswordHasher"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick_hashes(settings: Settings) -> None:
    """Hashes that cost nothing; those of the shop are slow on purpose."""
    settings.PASSWORD_HASHERS = [QUICK, THOROUGH]


def register(password: str) -> None:
    """Put the customer that a registration makes into the projection."""
    data = CustomerRegistered("Ola", "Żak", "Długa 1", "00-001", "Łódź", EMAIL, password)
    event = Envelope(data, customer_id(EMAIL), "e-1", "/tests", datetime.now(UTC))
    for model, document in cast(list[Change], projection.register(event, None)):
        database()[model._meta.db_table].insert_one(dict(document))


def stored() -> list[dict[str, Any]]:
    """Everything that stands in the projection of customers."""
    return list(database()[Customer._meta.db_table].find())


@pytest.mark.parametrize("email", [EMAIL, " OLA@Example.com "])
def test_a_customer_logs_in(email: str) -> None:
    register(make_password(PASSWORD))
    customer = CustomerBackend().authenticate(None, email=email, password=PASSWORD)
    assert customer is not None
    assert customer.pk == customer_id(EMAIL)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong"),
        (EMAIL, ""),
        (EMAIL, None),
        (None, PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("", PASSWORD),
        ("x" * 10_000, PASSWORD),
        (customer_id(EMAIL), PASSWORD),
    ],
)
def test_nobody_else_does(email: str | None, password: str | None) -> None:
    register(make_password(PASSWORD))
    assert CustomerBackend().authenticate(None, email=email, password=password) is None


ANNA = "anna@example.com"


def imported(key: str, password: str, email: str = ANNA) -> None:
    """Put a customer who came from elsewhere, and was given an address, into the projection."""
    data = CustomerImported("Anna", "Żak", "Długa 1")
    event = Envelope(data, key, "e-1", "/tests", datetime.now(UTC))
    for model, document in cast(list[Change], projection.take_over(event, None)):
        told = dict(document) | {"email": email, "password": password}
        database()[model._meta.db_table].insert_one(told)


def log_in(email: str, password: str) -> str | None:
    """Return the id of who logs in like that."""
    customer = CustomerBackend().authenticate(None, email=email, password=password)
    return str(customer.pk) if customer else None


@pytest.mark.parametrize("email", [ANNA, " Anna@EXAMPLE.com "])
def test_an_imported_customer_logs_in_with_the_address_that_was_given(email: str) -> None:
    imported("legacy:anna", make_password(PASSWORD))
    assert log_in(email, PASSWORD) == "legacy:anna"
    assert log_in(email, "wrong") is None


@pytest.mark.parametrize("tried", ["", "!", PASSWORD])
def test_an_address_alone_lets_nobody_in(tried: str) -> None:
    imported("legacy:anna", "!")
    imported("legacy:ewa", "!", email="")
    assert log_in(ANNA, tried) is None
    assert log_in("", tried) is None
    assert log_in(" ", tried) is None


def test_who_registered_an_address_has_it_alone() -> None:
    register(make_password(PASSWORD))
    imported("legacy:anna", make_password("Inne hasło!"), email=EMAIL)
    assert log_in(EMAIL, PASSWORD) == customer_id(EMAIL)
    assert log_in(EMAIL, "Inne hasło!") is None


@pytest.mark.parametrize("second", [PASSWORD, "Inne hasło!"])
def test_two_imported_customers_with_one_address_do_not_get_into_each_others_account(
    second: str,
) -> None:
    imported("legacy:anna", make_password(PASSWORD))
    imported("legacy:ewa", "!")
    assert log_in(ANNA, PASSWORD) == "legacy:anna", "who has no password takes nothing away"
    change = {"$set": {"password": make_password(second)}}
    database()[Customer._meta.db_table].update_one({"_id": "legacy:ewa"}, change)
    assert log_in(ANNA, PASSWORD) is None
    assert log_in(ANNA, second) is None
    change = {"$set": {"email": "ewa@example.com"}}
    database()[Customer._meta.db_table].update_one({"_id": "legacy:ewa"}, change)
    assert log_in(ANNA, PASSWORD) == "legacy:anna"
    assert log_in("ewa@example.com", second) == "legacy:ewa"


UNUSABLE = "! !Vn3cVbR0sYw2 nonsense$hash md5$$ pbkdf2_sha256$x$y$z scrypt$1"


@pytest.mark.parametrize("unusable", UNUSABLE.split())
def test_without_a_usable_password_nobody_logs_in(unusable: str) -> None:
    register(unusable)
    for tried in ("", "!", unusable, PASSWORD):
        assert CustomerBackend().authenticate(None, email=EMAIL, password=tried) is None


def test_an_unknown_address_costs_as_many_hashes_as_a_wrong_password(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PASSWORD_HASHERS = [THOROUGH]
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1000)
    register(make_password(PASSWORD))
    with mock.patch.object(
        PBKDF2PasswordHasher, "encode", autospec=True, side_effect=PBKDF2PasswordHasher.encode
    ) as hashed:
        CustomerBackend().authenticate(None, email=EMAIL, password="wrong")
        known = hashed.call_count
        CustomerBackend().authenticate(None, email="nobody@example.com", password="wrong")
    assert known >= 1
    assert hashed.call_count == 2 * known


def test_a_log_in_writes_nothing_even_if_the_hash_is_of_an_older_kind(client: Client) -> None:
    register(make_password(PASSWORD, hasher="pbkdf2_sha256"))  # no longer the preferred kind
    before = stored()
    assert client.login(email=EMAIL, password=PASSWORD)
    user = auth.get_user(client)
    assert isinstance(user, Customer)
    client.logout()
    assert stored() == before


def test_a_session_ends_when_the_password_changes(client: Client) -> None:
    register(make_password(PASSWORD))
    client.login(email=EMAIL, password=PASSWORD)
    change = {"$set": {"password": make_password("another")}}
    database()[Customer._meta.db_table].update_one({"_id": customer_id(EMAIL)}, change)
    assert auth.get_user(client).is_anonymous


def request_of(user: Any) -> HttpRequest:
    """A request that somebody makes."""
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_a_customer_is_no_operator() -> None:
    register(make_password(PASSWORD))
    customer = Customer.objects.get()
    assert (customer.is_active, customer.is_staff) == (True, False)
    assert not site.has_permission(request_of(customer))


def test_operators_and_customers_of_one_address_are_not_confused(client: Client) -> None:
    register(make_password(PASSWORD))
    operator = Operator.objects.create_superuser("boss", EMAIL, "Inne hasło!")
    before = Operator.objects.values().get()
    assert CustomerBackend().authenticate(None, email=EMAIL, password="Inne hasło!") is None
    assert client.login(email=EMAIL, password=PASSWORD)
    assert isinstance(auth.get_user(client), Customer)
    client.logout()
    assert client.login(username="boss", password="Inne hasło!")
    assert auth.get_user(client) == operator
    assert Operator.objects.values().get() == before
    assert site.has_permission(request_of(operator))
