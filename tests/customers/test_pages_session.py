"""Logging in and out."""

import pytest
from django.test import Client

from customers.models import Customer
from shopsite.models import Operator
from tests.conftest import Consume, Publish
from tests.pages import PASSWORD, browser_of, customer, stranger

LOG_IN, LOG_OUT = "/log-in/", "/log-out/"


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    return customer(publish, consume)


def key(client: Client) -> str | None:
    """Return the key of who is logged in."""
    found: str | None = client.session.get("_auth_user_id")
    return found


def test_who_knows_the_password_is_logged_in(ola: Customer) -> None:
    client = stranger()
    answer = client.post(LOG_IN, {"email": " OLA@example.com", "password": PASSWORD})
    assert answer["Location"] == "/products/"
    assert key(client) == ola.pk
    assert "Ola" in client.get("/products/").content.decode()


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ola@example.com", "wrong"),
        ("ala@example.com", PASSWORD),
        ("ola@example.com", ""),
        ("", PASSWORD),
        ("ola", PASSWORD),
        ("ola@example.com", "x" * 10_000),
        ("x" * 10_000, PASSWORD),
        ("🥕@example.com", "🥕"),
        ("ola@example.com\x00", PASSWORD),
    ],
)
def test_others_are_not(ola: Customer, email: str, password: str) -> None:
    client = stranger()
    answer = client.post(LOG_IN, {"email": email, "password": password})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert key(client) is None


def test_an_unknown_address_and_a_wrong_password_read_the_same(ola: Customer) -> None:
    wrong = [("ola@example.com", "wrong"), ("ala@example.com", "wrong")]
    answers = [stranger().post(LOG_IN, {"email": e, "password": p}) for e, p in wrong]
    errors = {str(answer.context["form"].errors) for answer in answers}
    assert len(errors) == 1


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "javascript:x"])
def test_nobody_is_sent_elsewhere(ola: Customer, elsewhere: str) -> None:
    login = {"email": ola.email, "password": PASSWORD, "next": elsewhere}
    assert stranger().post(LOG_IN, login)["Location"] == "/products/"


def test_who_logs_out_is_logged_out(ola: Customer) -> None:
    client = browser_of(ola)
    assert "Do you want to log out?" in client.get(LOG_OUT).content.decode()
    assert key(client) == ola.pk
    assert client.post(LOG_OUT)["Location"] == "/products/"
    assert key(client) is None


def test_an_operators_name_is_no_customers(ola: Customer) -> None:
    Operator.objects.create_superuser("ewa@example.com", password=PASSWORD)
    client = stranger()
    client.post(LOG_IN, {"email": "ewa@example.com", "password": PASSWORD})
    assert key(client) is None
