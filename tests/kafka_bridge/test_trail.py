"""The trail of an event, and the timelines of documents: what they tell, and to whom."""

import re
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import Producer
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from catalog.events import ProductAdded, ProductChanged
from customers.events import CustomerRegistered, ProductBought
from customers.identity import customer_id
from kafka_bridge import tail, timeline
from kafka_bridge.envelope import Envelope, encode, wrap
from kafka_bridge.local.mongodb import free_port
from kafka_bridge.models import DeadLetter, Receipt
from shopsite.models import Operator
from tests.conftest import Consume, Publish, create_topic
from tests.operators import browser_of, log_in

pytestmark = pytest.mark.django_db

MAIL = "zofia@example.com"
ZOFIA = CustomerRegistered("Zofia", "Ważka", "Polna 7", "00-001", "Radom", MAIL, "!")
PERSONAL = ["Zofia", "Ważka", "Polna 7", "00-001", "Radom", MAIL]
MILK = ProductAdded("Mleko", "nabiał", Decimal("4.90"))


def clerk(*rights: str) -> Client:
    """Return the browser of an operator who may do this and nothing else."""
    adam = Operator.objects.create_user("adam", is_staff=True)
    adam.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return browser_of(adam)


def trail(client: Client, event_id: str) -> Any:
    return client.get(reverse("admin:kafka_bridge_trail"), {"event": event_id})


def seen(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.content.decode()))


@pytest.fixture
def registered(publish: Publish, consume: Consume) -> Envelope[Any]:
    """Zofia's registration, applied."""
    sent = publish(ZOFIA, customer_id(MAIL))
    consume()
    return sent


@pytest.fixture
def bought(publish: Publish, consume: Consume, registered: Envelope[Any]) -> Envelope[Any]:
    """A purchase of milk, applied; another was rejected."""
    publish(MILK, "milk")
    sent = publish(ProductBought(registered.subject, 2, Decimal("4.90")), "milk")
    publish(ProductBought(registered.subject, 2, Decimal("4.00")), "milk")
    consume()
    return sent


def test_an_applied_event_is_told_from_the_log_to_its_documents(bought: Envelope[Any]) -> None:
    page = trail(log_in(), bought.id)
    receipt = Receipt.objects.get(pk=bought.id)
    [record] = tail.at({receipt.partition: receipt.offset}, within=5).values()
    assert page.status_code == 200
    assert page.context["published_at"] == record.published_at
    assert '"quantity": 2' in page.context["json"]
    made = {one.kind: one.made for one in page.context["documents"]}
    assert made == {"purchase": True, "product": False}
    text = seen(page)
    for told in (bought.id, "/tests", "shop.product.bought.v1", "Applied", "made by this event"):
        assert told in text
    assert reverse("admin:kafka_bridge_receipt_change", args=[bought.id]) in page.content.decode()


def test_a_rejection_tells_why_and_changed_nothing(bought: Envelope[Any]) -> None:
    page = trail(log_in(), Receipt.objects.get(status="rejected").pk)
    assert "The price has changed: it is now" in seen(page)
    assert "It changed none." in seen(page)
    assert not any(one.made for one in page.context["documents"])


def test_an_unknown_event_is_said_to_be_unknown(db: None) -> None:
    page = trail(log_in(), "nobody")
    assert page.status_code == 404
    assert "Nothing is known of the event nobody" in seen(page)
    assert trail(log_in("eryk"), "").status_code == 200


def test_a_waiting_event_leads_to_its_dead_letter(
    topic: str, publish: Publish, consume: Consume
) -> None:
    producer = Producer({"bootstrap.servers": django_settings.KAFKA_BOOTSTRAP_SERVERS})
    producer.produce(topic, b"junk", key=b"milk", partition=0)
    message = encode(waiting := wrap(MILK, subject="milk", source="/tests"))
    producer.produce(topic, message.value, message.key, partition=0, headers=message.headers)
    assert producer.flush(10) == 0
    consume()
    office = log_in()
    letter = DeadLetter.objects.get(event_id=waiting.id)
    page = trail(office, waiting.id)
    assert "Not applied" in seen(page)
    assert "waits for" in seen(page)
    assert '"Mleko"' in page.context["json"]
    shown = office.get(reverse("admin:kafka_bridge_deadletter_change", args=[letter.pk]))
    assert f"/trail/?event={waiting.id}" in shown.content.decode()


def test_a_log_made_anew_is_not_taken_for_the_old_one(
    bought: Envelope[Any], settings: Settings
) -> None:
    settings.KAFKA_TOPIC += "-anew"
    create_topic(settings.KAFKA_TOPIC)
    page = trail(log_in(), bought.id)
    assert "no longer holds this event" in seen(page)
    assert "not known without the log" in seen(page)


def test_another_event_at_its_place_is_not_shown(
    bought: Envelope[Any], publish: Publish, settings: Settings
) -> None:
    settings.KAFKA_TOPIC += "-anew"
    create_topic(settings.KAFKA_TOPIC)
    for number in range(5):
        publish(ProductChanged("Obce", "inne", Decimal("1.00"), number + 1), "milk")
    page = trail(log_in(), bought.id)
    assert "The log holds another event at this place" in seen(page)
    assert "Obce" not in seen(page)


def test_without_kafka_the_receipt_is_told_all_the_same(
    bought: Envelope[Any], settings: Settings
) -> None:
    settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{free_port()}"
    page = trail(log_in(), bought.id)
    assert page.status_code == 200
    assert "Kafka does not answer" in seen(page)
    assert bought.id in seen(page)


def test_personal_data_are_for_those_who_may_see_them(registered: Envelope[Any]) -> None:
    masked = trail(clerk("view_receipt", "view_customer"), registered.id)
    assert '"first_name": "***"' in masked.context["json"]
    assert not [word for word in PERSONAL if word in masked.content.decode()]
    open_ = trail(log_in(), registered.id)
    assert not [word for word in PERSONAL[:1] if word not in open_.content.decode()]
    assert f'"email": "{MAIL}"' in open_.context["json"]
    assert '"password": "***"' in open_.context["json"]


@pytest.mark.parametrize(
    "page",
    [
        "admin:customers_customer_changelist",
        "admin:customers_customer_change",
        "admin:customers_customer_history",
        "admin:customers_purchase_changelist",
        "admin:customers_purchase_change",
        "admin:kafka_bridge_receipt_change",
    ],
)
def test_no_page_of_the_admin_gives_them_away(bought: Envelope[Any], page: str) -> None:
    rights = ["view_receipt", "view_customer", "view_purchase", "view_product"]
    ids = {
        "customers_customer": customer_id(MAIL),
        "customers_purchase": bought.id,
        "kafka_bridge_receipt": Receipt.objects.get(key=customer_id(MAIL)).pk,
    }
    args = [] if page.endswith("list") else [ids[page.split(":")[1].rpartition("_")[0]]]
    address = reverse(page, args=args)
    shown = clerk(*rights).get(address)
    assert shown.status_code == 200
    assert not [word for word in PERSONAL if word in shown.content.decode()]
    assert "Zofia" in log_in().get(address).content.decode()


def test_personal_data_cannot_be_guessed_by_searching(bought: Envelope[Any]) -> None:
    support = clerk("view_customer")
    address = reverse("admin:customers_customer_changelist")

    def hits(client: Client, query: str) -> int:
        return len(client.get(f"{address}?{query}").context["cl"].result_list)

    assert hits(support, "q=Zof") == 0
    assert hits(support, f"q={MAIL}") == 1
    assert hits(support, f"q={customer_id(MAIL)}") == 1
    assert support.get(f"{address}?last_name__startswith=Wa").status_code == 400
    assert hits(log_in(), "q=Zof") == 1


def test_a_message_that_is_no_event_is_masked_whole(
    topic: str, publish: Publish, consume: Consume
) -> None:
    producer = Producer({"bootstrap.servers": django_settings.KAFKA_BOOTSTRAP_SERVERS})
    producer.produce(topic, b"Zofia", key=b"k", headers=[("name", b"Zofia")])
    assert producer.flush(10) == 0
    consume()
    address = reverse("admin:kafka_bridge_deadletter_change", args=[DeadLetter.objects.get().pk])
    assert "Zofia" not in clerk("view_deadletter").get(address).content.decode()
    assert "Zofia" in log_in().get(address).content.decode()


def test_a_customers_timeline_holds_their_purchases_in_order(bought: Envelope[Any]) -> None:
    page = log_in().get(reverse("admin:customers_customer_history", args=[customer_id(MAIL)]))
    told = [receipt.type for receipt in page.context["timeline"].receipts]
    assert told == ["shop.customer.registered.v1", "shop.product.bought.v1"]
    assert f"/trail/?event={bought.id}" in page.content.decode()


def test_a_products_and_a_purchases_timeline(bought: Envelope[Any]) -> None:
    office = log_in()
    page = office.get(reverse("admin:catalog_product_history", args=["milk"]))
    told = [receipt.status for receipt in page.context["timeline"].receipts]
    assert told == ["applied", "applied", "rejected"]
    page = office.get(reverse("admin:customers_purchase_history", args=[bought.id]))
    assert [receipt.pk for receipt in page.context["timeline"].receipts] == [bought.id]


def test_a_long_timeline_keeps_the_newest(
    publish: Publish, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "LONGEST", 2)
    sent = [publish(MILK, "milk").id for _ in range(4)]
    consume()
    found = timeline.of("milk")
    assert found.cut
    assert [receipt.pk for receipt in found.receipts] == sent[-2:]
    assert not timeline.of("bread").cut


def test_the_trail_is_not_for_everybody(bought: Envelope[Any]) -> None:
    assert trail(clerk("view_product"), bought.id).status_code == 403
    assert trail(Client(), bought.id).status_code == 302
