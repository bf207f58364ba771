"""A customer who came from elsewhere follows the link, and from then on logs in like all others."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from customers import invitations
from customers.events import CustomerEmailGiven, CustomerImported
from customers.models import Customer
from kafka_bridge.models import DeadLetter, Receipt
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.operators import form_of, told
from tests.pages import (
    ANNA,
    PASSWORD,
    browser_of,
    customer,
    given,
    imported,
    link_for,
    settled,
    stranger,
)

EMAIL = "anna@example.com"
FILLED_IN = {
    "first_name": "Anna",
    "last_name": "Żak",
    "street": "ul. Długa 1",
    "postcode": "90-001",
    "city": "Łódź",
    "password": PASSWORD,
    "repeated": PASSWORD,
}


@pytest.fixture
def anna(publish: Publish, consume: Consume) -> Customer:
    """An imported customer who was given an address."""
    return given(publish, consume, EMAIL)


def sending(client: Client, link: str, **changed: str) -> dict[str, Any]:
    """Open the link and return what its form sends when it is filled in."""
    hidden = form_of(client.get(link), "token")
    return FILLED_IN | {name: hidden[name][0] for name in ("token", "seen")} | changed


def who_is_in(client: Client) -> str | None:
    """Return the key of who is logged in."""
    key: str | None = client.session.get("_auth_user_id")
    return key


def log_in(password: str = PASSWORD, email: str = EMAIL) -> str | None:
    """Log in through the form in another browser."""
    client = stranger()
    client.post("/log-in/", {"email": email, "password": password})
    return who_is_in(client)


def test_the_link_shows_what_is_known(anna: Customer) -> None:
    page = stranger().get(link_for(anna))
    form = form_of(page, "token")
    assert form["street"] == ["ul. Długa 1, 90-001 Łódź"]
    assert (form["email"], form["postcode"], form["password"]) == ([EMAIL], [""], [""])
    assert "no-store" in page["Cache-Control"]


def test_who_follows_it_is_logged_in_and_can_log_in(
    anna: Customer, running_consumer: Running
) -> None:
    client, link = stranger(), link_for(anna)
    with running_consumer():
        answer = client.post(link, sending(client, link))
    assert answer["Location"] == "/products/"
    [(level, said)] = told(client.get("/products/"))
    assert (level, said) == (
        "success",
        "Welcome, Anna! From now on you log in as anna@example.com.",
    )
    assert who_is_in(client) == anna.pk == log_in()
    now = Customer.objects.get()
    assert (now.street, now.postcode, now.email) == ("ul. Długa 1", "90-001", EMAIL)
    assert not DeadLetter.objects.exists()


def test_the_link_works_once(anna: Customer, running_consumer: Running) -> None:
    client, link, another = stranger(), link_for(anna), link_for(anna)
    with running_consumer():
        client.post(link, sending(client, link))
    for used in (link, another):
        page = stranger().get(used)
        assert page.status_code == 410
        assert "This link is not good" in page.content.decode()
        assert "Długa" not in page.content.decode()
        assert stranger().post(used, FILLED_IN).status_code == 410


def test_the_link_grows_old(anna: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    link = link_for(anna)
    fields = sending(stranger(), link)
    for late, status in ((-1, 200), (1, 410)):
        later = datetime.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + late)
        monkeypatch.setattr(invitations._Tokens, "_now", lambda self, now=later: now)
        assert stranger().get(link).status_code == status
    assert stranger().post(link, fields).status_code == 410


def test_the_link_ends_with_the_address_that_it_was_made_for(
    anna: Customer, publish: Publish, consume: Consume
) -> None:
    link = link_for(anna)
    publish(CustomerEmailGiven("inna@example.com", anna.version), anna.pk)
    consume()
    assert stranger().get(link).status_code == 410


@pytest.mark.parametrize("kind", ["who", "link", "nobody", "registered", "bytes"])
def test_other_links_are_not_good(
    anna: Customer, publish: Publish, consume: Consume, kind: str
) -> None:
    _, _, who, link, _ = link_for(anna).split("/")
    ola = customer(publish, consume)
    addresses = {
        "who": f"/invitation/{link_for(ola).split('/')[2]}/{link}/",
        "link": f"/invitation/{who}/{link[:-1]}x/",
        "nobody": f"/invitation/bGVnYWN5Om5vYm9keQ/{link}/",
        "registered": f"/invitation/{link_for(ola).split('/')[2]}/abc-def/",
        "bytes": f"/invitation/_w/{link}/",
    }
    assert stranger().get(addresses[kind]).status_code == 410
    assert stranger().post(addresses[kind], FILLED_IN).status_code == 410
    assert consume() == 0


def test_a_slow_consumer_is_waited_for(anna: Customer, consume: Consume) -> None:
    client, link = stranger(), link_for(anna)
    address = client.post(link, sending(client, link))["Location"]
    assert "waiting its turn" in client.get(address).content.decode()
    assert client.get(address, headers={"hx-request": "true"}).status_code == 204
    assert PASSWORD not in str(dict(client.session))
    assert "$" not in str(client.session["invitations"])
    assert who_is_in(client) is None
    consume()
    assert client.get(address, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert client.get(address)["Location"] == "/products/"
    assert who_is_in(client) == anna.pk
    assert FILLED_IN["postcode"] not in str(dict(client.session))


def test_another_session_cannot_follow(anna: Customer, consume: Consume) -> None:
    client, link, thief = stranger(), link_for(anna), stranger()
    address = client.post(link, sending(client, link))["Location"]
    consume()
    assert thief.get(address).status_code == 404
    assert stranger().get(f"/invitation/{uuid4()}/").status_code == 404
    assert who_is_in(thief) is None


def test_who_was_imported_again_meanwhile_sees_it(
    anna: Customer, publish: Publish, consume: Consume
) -> None:
    client, link = stranger(), link_for(anna)
    stale = sending(client, link)
    publish(CustomerImported("Anna", "Żak", "ul. Krótka 2\n30-002 Kraków"), anna.pk)
    address = client.post(link, stale)["Location"]
    consume()
    page = client.get(address)
    assert page.status_code == 409
    assert "The data were changed elsewhere" in page.content.decode()
    assert "ul. Krótka 2, 30-002 Kraków" in page.content.decode()
    again = form_of(page, "token")
    assert again["street"] == ["ul. Długa 1"]
    hidden = {name: again[name][0] for name in ("token", "seen")}
    client.post(link, FILLED_IN | hidden)
    consume()
    assert log_in() == anna.pk


def test_sent_twice_it_is_one_event_and_one_customer(
    anna: Customer, running_consumer: Running
) -> None:
    """As by a double click: the second time the link is used up."""
    link = link_for(anna)
    first, second = stranger(), stranger()
    fields = sending(first, link)
    with running_consumer():
        answers = [browser.post(link, fields) for browser in (first, second)]
    assert [answer.get("Location") for answer in answers] == ["/products/"] * 2
    assert (who_is_in(first), who_is_in(second)) == (anna.pk, anna.pk)
    assert Receipt.objects.filter(type="shop.customer.changed.v1").count() == 1


def test_a_form_sent_again_logs_in_only_who_knows_the_password(
    anna: Customer, running_consumer: Running
) -> None:
    link, thief = link_for(anna), stranger()
    fields = sending(stranger(), link)
    with running_consumer():
        stranger().post(link, fields)
        other = {"password": "zupa-pomidorowa-2", "repeated": "zupa-pomidorowa-2"}
        answer = thief.post(link, fields | other)
        wrong = thief.post(link, fields | {"password": "x"})
    assert (answer.status_code, wrong.status_code) == (410, 410)
    assert "Długa" not in answer.content.decode() + wrong.content.decode()
    assert who_is_in(thief) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("street", "x" * 101),
        ("postcode", ""),
        ("city", ""),
        ("password", "12345678"),
        ("password", EMAIL),
        ("repeated", "something else"),
    ],
)
def test_wrong_values_come_back_with_a_message(
    anna: Customer, consume: Consume, field: str, value: str
) -> None:
    client, link = stranger(), link_for(anna)
    fields = sending(client, link)
    answer = client.post(link, fields | {field: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert form_of(answer, "token")["token"] == [fields["token"]]
    assert consume() == 0


def test_the_address_cannot_be_changed_here(anna: Customer, consume: Consume) -> None:
    client, link = stranger(), link_for(anna)
    client.post(link, sending(client, link, email="inna@example.com"))
    consume()
    assert Customer.objects.get().email == EMAIL


def test_a_forged_form_is_refused_in_words(anna: Customer, consume: Consume) -> None:
    client, link = stranger(), link_for(anna)
    for changed in ({"token": "x"}, {"seen": "7"}):
        answer = client.post(link, sending(client, link) | changed)
        assert answer.status_code == 400
        assert "Nothing was done" in answer.content.decode()
    assert consume() == 0


def test_without_kafka_the_form_is_kept(
    anna: Customer, consume: Consume, no_kafka: NoKafka
) -> None:
    client, link = stranger(), link_for(anna)
    fields = sending(client, link)
    with no_kafka():
        answer = client.post(link, fields)
    assert answer.status_code == 503
    form = form_of(answer, "token")
    assert (form["token"], form["city"]) == ([fields["token"]], ["Łódź"])
    assert client.post(link, fields).status_code == 302
    consume()
    assert log_in() == anna.pk


def test_an_address_that_somebody_registered_meanwhile_is_refused_in_words(
    anna: Customer, publish: Publish, consume: Consume
) -> None:
    ola = customer(publish, consume, EMAIL)
    client, link = stranger(), link_for(anna)
    answer = client.post(link, sending(client, link))
    assert answer.status_code == 422
    assert "already registered" in answer.content.decode()
    assert consume() == 0
    assert log_in() == ola.pk


def test_the_address_of_who_took_over_cannot_be_registered(
    publish: Publish, consume: Consume
) -> None:
    anna = settled(publish, consume, EMAIL)
    client = stranger()
    token = form_of(client.get("/register/"), "token")["token"][0]
    answer = client.post("/register/", FILLED_IN | {"token": token, "email": EMAIL})
    assert answer.status_code == 422
    assert "already registered" in answer.content.decode()
    assert log_in() == anna.pk


def test_an_address_without_a_password_keeps_nobody_from_registering(
    anna: Customer, publish: Publish, consume: Consume
) -> None:
    client = stranger()
    token = form_of(client.get("/register/"), "token")["token"][0]
    client.post("/register/", FILLED_IN | {"token": token, "email": EMAIL})
    consume()
    assert Customer.objects.filter(email=EMAIL).count() == 2
    assert log_in() != anna.pk


def test_who_took_over_has_a_profile_and_changes_it(
    publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    client = browser_of(settled(publish, consume, EMAIL))
    text = client.get("/profile/").content.decode()
    assert "Your data came from another shop" in text
    assert "The shop gave you an e-mail address to log in with" in text
    hidden = form_of(client.get("/profile/password/"), "token")["token"][0]
    new = {"password": "zupa-pomidorowa-2", "repeated": "zupa-pomidorowa-2"}
    with running_consumer():
        client.post("/profile/password/", {"token": hidden, "current": PASSWORD} | new)
    assert log_in("zupa-pomidorowa-2") == "legacy:anna"


def test_what_another_shop_says_later_does_not_overwrite_it(
    publish: Publish, consume: Consume
) -> None:
    anna = settled(publish, consume, EMAIL)
    again = publish(ANNA, anna.pk)
    consume()
    assert Receipt.objects.get(pk=again.id).reason == "customer_took_over"
    assert Customer.objects.get().city == "Łódź"
    assert log_in() == anna.pk


def test_who_has_no_address_has_no_good_link(publish: Publish, consume: Consume) -> None:
    anna = imported(publish, consume)
    link = link_for(anna)
    publish(CustomerEmailGiven(EMAIL, anna.version), anna.pk)
    consume()
    assert stranger().get(link).status_code == 410
