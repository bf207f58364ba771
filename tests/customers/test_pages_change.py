"""Changing name and address, from the form through Kafka and the consumer to the profile."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from customers.events import CustomerChanged
from customers.models import Customer
from kafka_bridge import submission
from kafka_bridge.models import DeadLetter, Receipt
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.operators import form_of, has_form, told
from tests.pages import OLA, browser_of, customer, stranger

CHANGE, PROFILE = "/profile/change/", "/profile/"
MOVED = {
    "first_name": "Aleksandra",
    "last_name": "Wilk-Żółć",
    "street": "Krótka 2",
    "postcode": "30-002",
    "city": "Kraków",
}
ELSEWHERE = CustomerChanged("Ola", "Wilk", "Inna 9", "80-001", "Gdańsk", version=1)


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    return customer(publish, consume)


def sending(client: Client, **changed: str) -> dict[str, Any]:
    """Open the form and return what it sends when it is filled in."""
    hidden = form_of(client.get(CHANGE), "token")
    return {name: hidden[name][0] for name in ("token", "seen")} | MOVED | changed


def stands() -> dict[str, str]:
    """Return name and address of the only customer."""
    ola = Customer.objects.get()
    return {name: getattr(ola, name) for name in MOVED}


def test_the_form_begins_with_what_stands(ola: Customer) -> None:
    form = form_of(browser_of(ola).get(CHANGE), "token")
    assert {name: form[name] for name in MOVED} == {name: [OLA[name]] for name in MOVED}
    assert form["seen"] == ["1"]


def test_a_change_is_applied(ola: Customer, running_consumer: Running) -> None:
    client = browser_of(ola)
    with running_consumer():
        answer = client.post(CHANGE, sending(client))
    assert answer["Location"] == PROFILE
    assert stands() == MOVED
    assert Customer.objects.get().password == ola.password
    page = client.get(PROFILE)
    assert list(told(page)) == [("success", "Your data were changed.")]
    assert "Krótka 2" in page.content.decode()


def test_a_stale_form_is_refused_and_shows_what_stands(
    ola: Customer, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    client = browser_of(ola)
    stale = sending(client)
    publish(ELSEWHERE, ola.pk)
    consume()
    with running_consumer():
        answer = client.post(CHANGE, stale)
        assert answer.status_code == 409
        text = answer.content.decode()
        assert "The data were changed elsewhere in the meantime." in text
        assert "Inna 9<br>80-001 Gdańsk" in text
        form = form_of(answer, "token")
        assert {name: form[name] for name in MOVED} == {n: [v] for n, v in MOVED.items()}
        assert stands()["city"] == "Gdańsk"
        again = MOVED | {name: form[name][0] for name in ("token", "seen")}
        assert client.post(CHANGE, again)["Location"] == PROFILE
    assert stands() == MOVED


def test_a_slow_consumer_is_waited_for(ola: Customer, consume: Consume) -> None:
    client = browser_of(ola)
    address = client.post(CHANGE, sending(client))["Location"]
    waiting = client.get(address)
    assert "waiting its turn" in waiting.content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting.content.decode()
    assert client.get(address, headers={"hx-request": "true"}).status_code == 204
    assert stands()["city"] == "Łódź"
    consume()
    assert client.get(address, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert client.get(address)["Location"] == PROFILE
    assert stands() == MOVED
    assert list(told(client.get(PROFILE))) == [("success", "Your data were changed.")]
    assert MOVED["street"] not in str(dict(client.session))
    assert client.get(address)["Location"] == PROFILE, "the back button leads there too"


def test_a_refusal_after_waiting_keeps_what_was_typed(
    ola: Customer, publish: Publish, consume: Consume
) -> None:
    client = browser_of(ola)
    stale = sending(client)
    publish(ELSEWHERE, ola.pk)
    address = client.post(CHANGE, stale)["Location"]
    consume()
    page = client.get(address)
    assert page.status_code == 409
    assert "Inna 9" in page.content.decode()
    form = form_of(page, "token")
    assert (form["street"], form["seen"]) == (["Krótka 2"], ["2"])


def test_others_cannot_follow(ola: Customer, publish: Publish, consume: Consume) -> None:
    client = browser_of(ola)
    address = client.post(CHANGE, sending(client))["Location"]
    other = browser_of(customer(publish, consume, "ala@example.com"))
    assert other.get(address).status_code == 404
    assert browser_of(ola).get(address).status_code == 404, "another session of the same customer"
    assert stranger().get(address).status_code == 302
    assert client.get(f"{CHANGE}{uuid4()}/").status_code == 404


def test_sent_twice_it_is_one_change(ola: Customer, running_consumer: Running) -> None:
    client = browser_of(ola)
    filled_in = sending(client)
    with running_consumer():
        answers = [client.post(CHANGE, filled_in) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == [PROFILE] * 2
    assert Customer.objects.get().version == 2
    assert Receipt.objects.count() == 2


def test_what_an_earlier_submit_said_is_not_claimed_to_be_the_later_one(
    ola: Customer, running_consumer: Running
) -> None:
    client = browser_of(ola)
    filled_in = sending(client)
    with running_consumer():
        client.post(CHANGE, filled_in)
        answer = client.post(CHANGE, filled_in | {"city": "Radom"})
    assert answer.status_code == 409
    assert "sent before" in answer.content.decode()
    assert "30-002 Kraków" in answer.content.decode()
    assert form_of(answer, "token")["city"] == ["Radom"]
    assert stands() == MOVED


def test_an_earlier_submit_is_told_after_waiting_too(ola: Customer, consume: Consume) -> None:
    client = browser_of(ola)
    filled_in = sending(client)
    client.post(CHANGE, filled_in)
    address = client.post(CHANGE, filled_in | {"city": "Radom"})["Location"]
    consume()
    assert client.get(address).status_code == 409


@pytest.mark.parametrize("forged", ["", "x", "other", "version"])
def test_a_forged_form_is_refused_in_words(
    ola: Customer, publish: Publish, consume: Consume, forged: str
) -> None:
    client = browser_of(ola)
    filled_in = sending(client)
    if forged == "other":
        other = browser_of(customer(publish, consume, "ala@example.com"))
        filled_in |= {"token": sending(other)["token"]}
    elif forged == "version":
        filled_in |= {"seen": "2; drop"}
    else:
        filled_in |= {"token": forged}
    answer = client.post(CHANGE, filled_in)
    assert answer.status_code == 400
    assert "Nothing was done" in answer.content.decode()
    form = form_of(answer, "token")
    assert (form["city"], form["seen"]) == (["Kraków"], ["1"])
    assert submission.event_id_of(form["token"][0], f"change:{ola.pk}:1")
    assert consume() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", ""),
        ("last_name", "x" * 10_000),
        ("street", "a\x00b"),
        ("city", "a\nb"),
        ("postcode", "1" * 21),
        ("street", "\x1b[31m"),
    ],
)
def test_wrong_values_come_back_with_a_message(
    ola: Customer, consume: Consume, field: str, value: str
) -> None:
    client = browser_of(ola)
    filled_in = sending(client)
    answer = client.post(CHANGE, filled_in | {field: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    form = form_of(answer, "token")
    assert (form["token"], form["seen"]) == ([filled_in["token"]], ["1"])
    assert consume() == 0


@pytest.mark.parametrize("value", ["🥕👩‍🌾", "O'Brien-Żółć", "<b>", "x" * 100, "名前"])
def test_strange_names_are_names(ola: Customer, consume: Consume, value: str) -> None:
    client = browser_of(ola)
    client.post(CHANGE, sending(client, first_name=value))
    consume()
    assert Customer.objects.get().first_name == value
    assert not DeadLetter.objects.exists()


def test_without_kafka_the_form_is_kept(ola: Customer, consume: Consume, no_kafka: NoKafka) -> None:
    client = browser_of(ola)
    filled_in = sending(client)
    with no_kafka():
        answer = client.post(CHANGE, filled_in)
    assert answer.status_code == 503
    form = form_of(answer, "token")
    assert {name: form[name][0] for name in filled_in} == filled_in
    client.post(CHANGE, filled_in)
    consume()
    assert stands() == MOVED
    event_id = submission.event_id_of(filled_in["token"], f"change:{ola.pk}:1")
    assert Receipt.objects.filter(pk=event_id).exists()


def test_strangers_log_in_first(ola: Customer) -> None:
    for answer in (stranger().get(CHANGE), stranger().post(CHANGE, MOVED)):
        assert answer["Location"].startswith("/log-in/")
    assert not has_form(stranger().get("/products/"), "seen")
