"""Changing the password: one event, one session that goes on, and no password anywhere."""

import logging
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from customers.events import CustomerChanged
from customers.models import Customer
from customers.passwords import hashed
from customers.views import password as views
from kafka_bridge.models import Receipt
from kafka_bridge.mongo import database
from kafka_bridge.submission import event_id_of
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.operators import form_of, told
from tests.pages import PASSWORD, browser_of, customer, stranger

FORM, PROFILE = "/profile/password/", "/profile/"
NEW, OTHER = "zupa-pomidorowa-2", "bigos-staropolski-3"


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    return customer(publish, consume)


def filling_in(client: Client, new: str = NEW, current: str = PASSWORD) -> dict[str, Any]:
    """Open the form and return what it sends when it is filled in."""
    token = form_of(client.get(FORM), "token")["token"][0]
    return {"token": token, "current": current, "password": new, "repeated": new}


def stands(password: str) -> bool:
    """Whether this is the password of the only customer."""
    return check_password(password, Customer.objects.get().password)


def is_in(client: Client) -> bool:
    """Whether somebody is logged in, as the next page finds."""
    return client.get(PROFILE).status_code == 200


def test_this_session_goes_on_and_all_others_end(ola: Customer, running_consumer: Running) -> None:
    client, elsewhere = browser_of(ola), browser_of(ola)
    with running_consumer():
        answer = client.post(FORM, filling_in(client))
    assert answer["Location"] == PROFILE
    assert stands(NEW)
    [(level, said)] = told(client.get(PROFILE))
    assert (level, said.partition(".")[0]) == ("success", "Your password was changed")
    assert is_in(client)
    assert not is_in(elsewhere)
    for password, found in ((PASSWORD, 200), (NEW, 302)):
        login = {"email": ola.email, "password": password}
        assert stranger().post("/log-in/", login).status_code == found


def test_the_rest_of_the_data_stays(ola: Customer, running_consumer: Running) -> None:
    client = browser_of(ola)
    with running_consumer():
        client.post(FORM, filling_in(client))
    now = Customer.objects.get()
    assert (now.first_name, now.street, now.city, now.version) == ("Ola", "Dębowa 3/4", "Łódź", 2)


def test_a_copy_of_the_old_cookie_is_worth_nothing(
    ola: Customer, running_consumer: Running
) -> None:
    client, thief = browser_of(ola), stranger()
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    assert is_in(thief)
    with running_consumer():
        client.post(FORM, filling_in(client))
    assert is_in(client)
    assert not is_in(thief)
    assert is_in(client)


def test_a_slow_consumer_is_waited_for(ola: Customer, consume: Consume) -> None:
    client, elsewhere = browser_of(ola), browser_of(ola)
    address = client.post(FORM, filling_in(client))["Location"]
    waiting = client.get(address)
    assert "waiting its turn" in waiting.content.decode()
    assert client.get(address, headers={"hx-request": "true"}).status_code == 204
    assert is_in(elsewhere)
    assert stands(PASSWORD)
    consume()
    assert client.get(address, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert client.get(address)["Location"] == PROFILE
    assert is_in(client)
    assert not is_in(elsewhere)
    assert stands(NEW)


def test_who_leaves_the_waiting_page_stays_logged_in_too(ola: Customer, consume: Consume) -> None:
    client = browser_of(ola)
    client.post(FORM, filling_in(client))
    assert is_in(client)
    consume()
    assert is_in(client)
    assert is_in(client)


def test_neither_passwords_nor_hashes_stay_in_the_session(ola: Customer, consume: Consume) -> None:
    client = browser_of(ola)
    filled_in = filling_in(client)
    client.post(FORM, filled_in)
    event_id = event_id_of(filled_in["token"], f"password:{ola.pk}")
    kept = str(dict(client.session))
    assert event_id in kept
    for secret in (PASSWORD, NEW, ola.password, hashed(NEW, event_id), "$"):
        assert secret not in kept


def test_the_event_has_only_a_salted_hash(ola: Customer, consume: Consume) -> None:
    first, second = hashed(NEW, "one"), hashed(NEW, "two")
    assert first != second
    assert first == hashed(NEW, "one")
    assert len({encoded.split("$")[2] for encoded in (first, second)}) == 2
    assert all(check_password(NEW, encoded) for encoded in (first, second))


def test_logs_hold_no_password(
    ola: Customer, consume: Consume, caplog: pytest.LogCaptureFixture
) -> None:
    client = browser_of(ola)
    with caplog.at_level(logging.DEBUG):
        address = client.post(FORM, filling_in(client))["Location"]
        consume()
        client.get(address)
        client.post(FORM, filling_in(client, current="wrong"))
    assert caplog.text
    for value in (PASSWORD, NEW, Customer.objects.get().password):
        assert value not in caplog.text


def test_sent_twice_it_is_one_change(ola: Customer, running_consumer: Running) -> None:
    """As by a double click: the second time the old password is no longer the current one."""
    client = browser_of(ola)
    filled_in = filling_in(client)
    with running_consumer():
        answers = [client.post(FORM, filled_in) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == [PROFILE] * 2
    assert Receipt.objects.count() == 2
    assert Customer.objects.get().version == 2
    assert is_in(client)


def test_sent_twice_while_it_waits_it_is_one_change(ola: Customer, consume: Consume) -> None:
    client = browser_of(ola)
    filled_in = filling_in(client)
    addresses = {client.post(FORM, filled_in)["Location"] for _ in range(2)}
    assert consume() == 2
    assert [client.get(address)["Location"] for address in addresses] == [PROFILE]
    assert Customer.objects.get().version == 2


@pytest.mark.parametrize("slow", [True, False])
def test_another_password_in_a_form_that_was_sent_is_not_claimed_to_be_the_new_one(
    ola: Customer, consume: Consume, running_consumer: Running, slow: bool
) -> None:
    client = browser_of(ola)
    filled_in = filling_in(client)
    other = filled_in | {"password": OTHER, "repeated": OTHER}
    if slow:
        client.post(FORM, filled_in)
        address = client.post(FORM, other)["Location"]
        consume()
        answer = client.get(address)
    else:
        with running_consumer():
            client.post(FORM, filled_in)
            answer = client.post(FORM, other)
    assert answer.status_code == 409
    assert "sent before" in answer.content.decode()
    assert stands(NEW)
    assert is_in(client)


def test_who_changes_the_address_in_between_loses_nothing(
    ola: Customer, publish: Publish, consume: Consume
) -> None:
    client = browser_of(ola)
    filled_in = filling_in(client)
    moved = CustomerChanged("Ola", "Wilk", "Inna 9", "80-001", "Gdańsk", version=1)
    publish(moved, ola.pk)
    address = client.post(FORM, filled_in)["Location"]  # before the move is applied
    consume()
    page = client.get(address)
    assert page.status_code == 409
    assert "The data were changed elsewhere in the meantime." in page.content.decode()
    assert Customer.objects.get().city == "Gdańsk"
    assert stands(PASSWORD)
    assert client.post(FORM, filling_in(client)).status_code == 302
    consume()
    assert Customer.objects.get().city == "Gdańsk"
    assert stands(NEW)
    assert is_in(client)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("current", "wrong"),
        ("current", ""),
        ("current", "x" * 10_000),
        ("password", "12345678"),
        ("password", "password"),
        ("password", "ola@example.com"),
        ("password", "x" * 10_000),
        ("password", "a\x00b-kasza-gryczana"),
        ("repeated", "something else"),
    ],
)
def test_wrong_values_come_back_with_a_message(
    ola: Customer, consume: Consume, field: str, value: str
) -> None:
    client = browser_of(ola)
    filled_in = filling_in(client) | {field: value}
    if field == "password":
        filled_in["repeated"] = value
    answer = client.post(FORM, filled_in)
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    form = form_of(answer, "token")
    assert form["token"] == [filled_in["token"]]
    assert (form["current"], form["password"]) == ([""], [""])
    assert consume() == 0
    assert is_in(client)


def test_without_kafka_it_is_said_and_can_be_sent_again(
    ola: Customer, consume: Consume, no_kafka: NoKafka
) -> None:
    client = browser_of(ola)
    filled_in = filling_in(client)
    with no_kafka():
        answer = client.post(FORM, filled_in)
    assert answer.status_code == 503
    assert form_of(answer, "token")["token"] == [filled_in["token"]]
    assert is_in(client)
    assert stands(PASSWORD)
    client.post(FORM, filled_in)
    consume()
    assert stands(NEW)
    assert is_in(client)


@pytest.mark.parametrize("token", ["", "x", "other"])
def test_a_forged_form_is_refused_in_words(
    ola: Customer, publish: Publish, consume: Consume, token: str
) -> None:
    client = browser_of(ola)
    if token == "other":
        token = filling_in(browser_of(customer(publish, consume, "ala@example.com")))["token"]
    answer = client.post(FORM, filling_in(client) | {"token": token})
    assert answer.status_code == 400
    assert "Nothing was done" in answer.content.decode()
    assert consume() == 0


def test_who_logs_out_in_another_tab_meanwhile_sends_nothing(
    ola: Customer, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser_of(ola)
    filled = filling_in(client)

    def log_out_and_hash(raw: str, event_id: str) -> str:
        client.session.delete()
        return hashed(raw, event_id)

    monkeypatch.setattr(views, "hashed", log_out_and_hash)
    answer = client.post(FORM, filled)
    assert answer.status_code == 400
    assert "Nothing was done" in answer.content.decode()
    assert consume() == 0


def test_another_session_cannot_follow_and_does_not_survive(
    ola: Customer, consume: Consume
) -> None:
    client, elsewhere = browser_of(ola), browser_of(ola)
    address = client.post(FORM, filling_in(client))["Location"]
    assert elsewhere.get(address).status_code == 404
    consume()
    assert elsewhere.get(address)["Location"].startswith("/log-in/")


def test_a_password_changed_elsewhere_later_ends_this_session_too(
    ola: Customer, consume: Consume
) -> None:
    client = browser_of(ola)
    client.post(FORM, filling_in(client))
    consume()
    assert is_in(client)
    change = {"$set": {"password": hashed(OTHER, "elsewhere")}}
    database()[Customer._meta.db_table].update_one({"_id": ola.pk}, change)
    assert not is_in(client)


def test_strangers_log_in_first(ola: Customer) -> None:
    assert stranger().get(FORM)["Location"] == f"/log-in/?next={FORM}"
    assert stranger().post(FORM)["Location"].startswith("/log-in/")
