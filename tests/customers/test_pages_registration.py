"""Registering, from the filled-in form through Kafka and the consumer to the next page."""

import logging
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from customers.identity import customer_id
from customers.models import Customer
from kafka_bridge import submission
from kafka_bridge.models import DeadLetter, Receipt
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.operators import form_of, told
from tests.pages import FILLED_IN, OLA, PASSWORD, browser_of, customer, discard, send_junk, stranger

REGISTER = "/register/"


def send(client: Client, **changed: Any) -> Any:
    """Open the form, fill it in, and send it."""
    token = form_of(client.get(REGISTER), "token")["token"]
    return client.post(REGISTER, FILLED_IN | {"token": token} | changed)


def logged_in(client: Client) -> str | None:
    """Return the key of who is logged in."""
    key: str | None = client.session.get("_auth_user_id")
    return key


def test_who_registers_is_logged_in(running_consumer: Running) -> None:
    client = stranger()
    with running_consumer():
        answer = send(client)
    assert answer["Location"] == "/products/"
    ola = Customer.objects.get()
    assert {name: getattr(ola, name) for name in OLA} == OLA
    assert check_password(PASSWORD, ola.password)
    assert logged_in(client) == ola.pk
    page = client.get(answer["Location"])
    assert list(told(page)) == [
        ("success", "Welcome, Ola! You are registered as ola@example.com."),
    ]


def test_the_address_is_known_in_any_spelling(publish: Publish, consume: Consume) -> None:
    ola = customer(publish, consume)
    client = stranger()
    assert send(client, email="  OLA@Example.COM ").status_code == 302
    consume()
    assert Customer.objects.get() == ola


def test_a_known_address_is_refused(
    publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    customer(publish, consume)
    client = stranger()
    with running_consumer():
        answer = send(client, first_name="Ktoś inny")
    assert answer.status_code == 409
    assert "already registered" in answer.content.decode()
    form = form_of(answer, "token")
    assert form["first_name"] == ["Ktoś inny"]
    assert form["password"] == [""]
    assert Customer.objects.get().first_name == "Ola"
    assert logged_in(client) is None


def test_a_refused_form_becomes_a_new_event(
    publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    customer(publish, consume)
    client = stranger()
    with running_consumer():
        form = form_of(send(client), "token")
        answer = client.post(REGISTER, FILLED_IN | form | {**FILLED_IN, "email": "ala@example.com"})
    assert answer.status_code == 302
    assert Customer.objects.count() == 2


def test_a_slow_consumer_is_waited_for(consume: Consume) -> None:
    client = stranger()
    answer = send(client)
    assert logged_in(client) is None
    waiting = client.get(answer["Location"])
    assert waiting.status_code == 200
    assert "waiting its turn" in waiting.content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting.content.decode()
    poll = client.get(answer["Location"], headers={"hx-request": "true"})
    assert poll.status_code == 204
    consume()
    assert client.get(answer["Location"], headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert logged_in(client) is None
    assert client.get(answer["Location"])["Location"] == "/products/"
    assert logged_in(client) == Customer.objects.get().pk


def test_a_registration_that_is_held_up_is_said_to_be(consume: Consume) -> None:
    send_junk(customer_id(OLA["email"]))
    client = stranger()
    address = send(client)["Location"]
    consume()
    assert client.get(address, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    page = client.get(address).content.decode()
    assert "Your form is held up" in page
    assert "http-equiv" not in page
    discard(event_id="")
    consume()
    assert client.get(address)["Location"] == "/products/"


def test_a_registration_that_was_discarded_is_told(consume: Consume) -> None:
    send_junk(customer_id(OLA["email"]))
    client = stranger()
    address = send(client)["Location"]
    consume()
    discard(event_id=DeadLetter.objects.exclude(event_id="").get().event_id)
    consume()
    assert "Your form was not carried out" in client.get(address).content.decode()


def test_nothing_personal_stays_in_the_session(consume: Consume) -> None:
    client = stranger()
    answer = send(client)
    assert PASSWORD not in str(dict(client.session))
    assert "$" not in str(client.session["registrations"])
    consume()
    client.get(answer["Location"])
    assert OLA["last_name"] not in str(dict(client.session))


def test_a_refusal_after_waiting_comes_back_on_the_form(publish: Publish, consume: Consume) -> None:
    customer(publish, consume)
    client = stranger()
    answer = send(client, first_name="Ktoś inny")
    consume()
    page = client.get(answer["Location"])
    assert page.status_code == 409
    assert "already registered" in page.content.decode()
    assert form_of(page, "token")["first_name"] == ["Ktoś inny"]
    assert logged_in(client) is None


def test_another_session_cannot_follow(consume: Consume) -> None:
    address = send(stranger())["Location"]
    thief = stranger()
    assert thief.get(address).status_code == 404
    consume()
    assert thief.get(address).status_code == 404
    assert logged_in(thief) is None
    assert stranger().get(f"{REGISTER}{uuid4()}/").status_code == 404


def test_sent_twice_it_is_one_customer(running_consumer: Running) -> None:
    first, second = stranger(), stranger()
    token = form_of(first.get(REGISTER), "token")["token"]
    with running_consumer():
        answers = [tab.post(REGISTER, FILLED_IN | {"token": token}) for tab in (first, second)]
    assert [answer["Location"] for answer in answers] == ["/products/"] * 2
    assert Customer.objects.count() == 1
    assert Receipt.objects.count() == 1


def test_a_form_sent_again_logs_in_only_who_knows_the_password(running_consumer: Running) -> None:
    token = form_of(stranger().get(REGISTER), "token")["token"]
    thief = stranger()
    with running_consumer():
        stranger().post(REGISTER, FILLED_IN | {"token": token})
        other = {"password": "zupa-pomidorowa-2", "repeated": "zupa-pomidorowa-2"}
        answer = thief.post(REGISTER, FILLED_IN | {"token": token} | other)
    assert answer.status_code == 409
    assert "sent before" in answer.content.decode()
    assert logged_in(thief) is None


def test_a_used_form_does_not_open_another_account(
    publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    victim = customer(publish, consume, "ofiara@example.com")
    thief = stranger()
    token = form_of(thief.get(REGISTER), "token")["token"]
    with running_consumer():
        thief.post(REGISTER, FILLED_IN | {"token": token})
        answer = thief.post(
            REGISTER, FILLED_IN | {"token": token, "email": victim.email, "password": "x" * 12}
        )
    assert answer.status_code == 422
    with running_consumer():
        other = {"password": "zupa-pomidorowa-2", "repeated": "zupa-pomidorowa-2"}
        answer = thief.post(REGISTER, FILLED_IN | {"token": token, "email": victim.email} | other)
    assert answer.status_code == 409
    assert logged_in(thief) == customer_id(OLA["email"])


def test_a_used_form_opens_no_other_account_while_it_waits(
    publish: Publish, consume: Consume
) -> None:
    """The event that was applied says who registered, not what was last typed."""
    victim = customer(publish, consume, "ofiara@example.com")
    thief = stranger()
    token = form_of(thief.get(REGISTER), "token")["token"]
    thief.post(REGISTER, FILLED_IN | {"token": token})
    consume()
    address = f"{REGISTER}{submission.event_id_of(token[0], 'register')}/"
    session = thief.session
    [waiting] = session["registrations"]
    session["registrations"] = {waiting: OLA | {"email": victim.email}}
    session.save()
    assert thief.get(address).status_code == 302
    assert logged_in(thief) == customer_id(OLA["email"])


@pytest.mark.parametrize("token", ["", "x", "ż", submission.new_token("buy:x:y"), "a:b:c"])
def test_a_forged_form_is_refused_in_words(consume: Consume, token: str) -> None:
    client = stranger()
    answer = client.post(REGISTER, FILLED_IN | {"token": token})
    assert answer.status_code == 400
    assert "Nothing was done" in answer.content.decode()
    form = form_of(answer, "token")
    assert form["last_name"] == [OLA["last_name"]]
    assert submission.event_id_of(form["token"][0], "register")
    assert consume() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", ""),
        ("first_name", "x" * 10_000),
        ("first_name", "a\x00b"),
        ("city", "a\nb"),
        ("street", "\x1b[31m"),
        ("postcode", "1" * 21),
        ("email", "ola"),
        ("email", '"a@b"@example.com'),
        ("email", f"{'a' * 250}@example.com"),
        ("password", "12345678"),
        ("password", "password"),
        ("password", "ola@example.com"),
        ("password", "x" * 10_000),
        ("repeated", "something else"),
    ],
)
def test_wrong_values_come_back_with_a_message(consume: Consume, field: str, value: str) -> None:
    client = stranger()
    token = form_of(client.get(REGISTER), "token")["token"]
    answer = client.post(REGISTER, FILLED_IN | {"token": token, field: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    form = form_of(answer, "token")
    assert form["token"] == token
    assert form["last_name"] == [OLA["last_name"]]
    assert consume() == 0


@pytest.mark.parametrize("value", ["🥕👩‍🌾", "O'Brien-Żółć", "<b>", "x" * 100, "名前", "\ufffd"])
def test_strange_names_are_names(consume: Consume, value: str) -> None:
    send(stranger(), first_name=value)
    consume()
    assert Customer.objects.get().first_name == value
    assert not DeadLetter.objects.exists()


def test_bytes_that_are_no_text_are_no_error(consume: Consume) -> None:
    client = stranger()
    token = form_of(client.get(REGISTER), "token")["token"][0]
    for charset in ("utf-8", "unicode_escape", "nonsense"):
        answer = client.generic(
            "POST",
            REGISTER,
            b"first_name=%ff%fe\\ud800&token=" + token.encode() + b"\xff",
            content_type=f"application/x-www-form-urlencoded; charset={charset}",
        )
        assert answer.status_code in (400, 422)


def test_half_characters_are_refused(consume: Consume) -> None:
    """A form in parts may name any encoding; some give halves of characters (surrogates)."""
    fields = FILLED_IN | {"first_name": "\\ud800", "password": "\\ud800-kasza-gryczana"}
    fields["token"] = form_of(stranger().get(REGISTER), "token")["token"][0]
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    answer = stranger().generic(
        "POST",
        REGISTER,
        f"{parts}--x--\r\n".encode(),
        content_type="multipart/form-data; boundary=x; charset=unicode_escape",
    )
    assert answer.status_code in (400, 422)
    assert consume() == 0


def test_without_kafka_the_form_is_kept(consume: Consume, no_kafka: NoKafka) -> None:
    client = stranger()
    token = form_of(client.get(REGISTER), "token")["token"]
    with no_kafka():
        answer = client.post(REGISTER, FILLED_IN | {"token": token})
    assert answer.status_code == 503
    form = form_of(answer, "token")
    assert form["token"] == token
    assert {name: form[name] for name in OLA} == {name: [value] for name, value in OLA.items()}
    client.post(REGISTER, FILLED_IN | {"token": token})
    consume()
    assert Receipt.objects.get().pk == submission.event_id_of(token[0], "register")


def test_logs_hold_nothing_personal(
    publish: Publish, consume: Consume, caplog: pytest.LogCaptureFixture
) -> None:
    customer(publish, consume)
    client = stranger()
    with caplog.at_level(logging.DEBUG):
        address = send(client)["Location"]
        consume()
        client.get(address)
    assert "Conflict" in caplog.text
    for value in (PASSWORD, OLA["last_name"], OLA["email"]):
        assert value not in caplog.text


def test_customers_need_no_form(publish: Publish, consume: Consume) -> None:
    client = browser_of(customer(publish, consume))
    assert client.get(REGISTER)["Location"] == "/products/"
