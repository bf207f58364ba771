"""Dead letters in the admin: retry and discard, from the list to what comes of it."""

from decimal import Decimal

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from django.test import Client

from catalog.events import ProductAdded
from catalog.models import Product
from kafka_bridge import registry
from kafka_bridge.admin_decisions import in_order
from kafka_bridge.events import DeadLetterDiscarded, DeadLetterRetried
from kafka_bridge.models import DeadLetter
from kafka_bridge.registry import Outcome
from shopsite.models import Operator
from tests.conftest import Consume, Publish, Running

LIST = "/admin/kafka_bridge/deadletter/"
MILK = ProductAdded(name="Mleko", type="nabiał", price=Decimal("4.90"))


def fails(event: object, product: object) -> Outcome:
    raise RuntimeError("today not")


@pytest.fixture
def letters(
    publish: Publish, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> list[DeadLetter]:
    """A dead letter and one that waits behind it; the handler works again by now."""
    replaced = registry.registrations[ProductAdded]._replace(handler=fails)
    with monkeypatch.context() as patch:
        patch.setattr(registry, "registrations", registry.registrations | {ProductAdded: replaced})
        publish(MILK, "milk")
        publish(MILK, "milk")
        consume()
    return list(DeadLetter.objects.order_by("offset"))


@pytest.fixture
def operator(client: Client, db: None) -> Operator:
    made = Operator.objects.create_superuser("halina")
    client.force_login(made, backend="shopsite.auth.OperatorBackend")
    return made


def post(client: Client, action: str, letters: list[DeadLetter], token: str = "") -> str:
    chosen = {ACTION_CHECKBOX_NAME: [letter.pk for letter in letters], "action": action}
    data = {**chosen, "confirmation": token}
    page = client.post(LIST, data, follow=True, headers={"accept-language": "en"})
    return page.content.decode()


def confirm(client: Client, action: str, letters: list[DeadLetter]) -> str:
    page = post(client, action, letters)
    token = page.partition('name="confirmation" value="')[2].partition('"')[0]
    assert token
    return post(client, action, letters, token)


def test_retry_from_the_list(
    client: Client, operator: Operator, letters: list[DeadLetter], running_consumer: Running
) -> None:
    with running_consumer():
        page = confirm(client, "retry", letters)
    assert f"Dead letter {letters[0].pk}: done." in page
    assert Product.objects.get().name == "Mleko"
    assert set(DeadLetter.objects.values_list("status", "resolved_by")) == {
        ("applied", "halina"),
        ("rejected", "halina"),
    }


def test_discard_all_from_the_list(
    client: Client, operator: Operator, letters: list[DeadLetter], running_consumer: Running
) -> None:
    with running_consumer():
        confirm(client, "discard", letters)
    assert set(DeadLetter.objects.values_list("status", flat=True)) == {"discarded"}
    assert not Product.objects.exists()


def test_nothing_happens_without_a_confirmation(
    client: Client, operator: Operator, letters: list[DeadLetter], consume: Consume
) -> None:
    post(client, "discard", letters)
    post(client, "discard", letters, "forged")
    assert consume() == 0
    assert set(DeadLetter.objects.values_list("status", flat=True)) == {"open"}


def test_who_may_only_look_may_not_decide(
    client: Client, letters: list[DeadLetter], consume: Consume
) -> None:
    viewer = Operator.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_deadletter"))
    client.force_login(viewer, backend="shopsite.auth.OperatorBackend")
    assert client.get(LIST).status_code == 200
    post(client, "discard", letters)
    assert consume() == 0


def test_one_retry_a_key_and_discards_from_the_end(letters: list[DeadLetter]) -> None:
    assert in_order(reversed(letters), DeadLetterRetried) == letters[:1]
    assert in_order(letters, DeadLetterDiscarded) == letters[::-1]
