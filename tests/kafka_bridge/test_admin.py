"""The event path in the admin: receipts with reasons and links, raw messages made visible."""

from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import Producer
from django.conf import settings
from django.test import Client
from django.urls import reverse

from benchmarks.asking import asked
from catalog.events import ProductAdded
from catalog.models import Product
from customers.events import ProductBought
from customers.models import Purchase
from kafka_bridge.envelope import Envelope
from kafka_bridge.models import DeadLetter, Offset, Receipt
from kafka_bridge.preview import LONGEST, preview
from tests.conftest import Consume, Publish
from tests.operators import log_in

RECEIPTS = "/admin/kafka_bridge/receipt/"
LETTERS = "/admin/kafka_bridge/deadletter/"


@pytest.fixture
def office(db: None) -> Client:
    """An operator's browser."""
    return log_in()


@pytest.fixture
def purchases(publish: Publish, consume: Consume) -> tuple[Envelope[Any], Envelope[Any]]:
    """A purchase that was applied and one that was rejected."""
    publish(ProductAdded("Mleko", "nabiał", Decimal("4.90")), "milk")
    applied = publish(ProductBought("c1", 2, Decimal("4.90")), "milk")
    rejected = publish(ProductBought("c1", 2, Decimal("4.00")), "milk")
    consume()
    return applied, rejected


def send(value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
    """Put a message into the topic as it is."""
    producer = Producer({"bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS})
    producer.produce(settings.KAFKA_TOPIC, value, key, headers=list(headers))
    assert producer.flush(10) == 0


def page_of_only_letter(client: Client) -> str:
    """Return the text of the page of the one dead letter that there is."""
    address = reverse("admin:kafka_bridge_deadletter_change", args=[DeadLetter.objects.get().pk])
    return client.get(address).content.decode()


def test_a_receipt_leads_to_what_the_event_is_about(
    office: Client, purchases: tuple[Envelope[Any], Envelope[Any]]
) -> None:
    text = office.get(f"{RECEIPTS}{purchases[0].id}/change/").content.decode()
    milk = reverse("admin:catalog_product_change", args=["milk"])
    bought = reverse("admin:customers_purchase_change", args=[purchases[0].id])
    assert f'product: <a href="{milk}">{Product.objects.get()}</a>' in text
    assert f'purchase: <a href="{bought}">{Purchase.objects.get()}</a>' in text


def test_a_rejection_is_explained(
    office: Client, purchases: tuple[Envelope[Any], Envelope[Any]]
) -> None:
    receipt = Receipt.objects.get(pk=purchases[1].id)
    for address in (RECEIPTS, f"{RECEIPTS}{receipt.pk}/change/"):
        text = office.get(address, headers={"accept-language": "en"}).content.decode()
        assert "The price has changed: it is now 4.90." in text
    assert "purchase:" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=milk", 3),
        ("q=mil", 0),
        ("status__exact=rejected", 1),
        ("type=shop.product.bought.v1", 2),
        ("reason=price_changed", 1),
        ("reason=product_stale", 0),
        ("key=milk", 3),
        ("applied_at__year=2001", 0),
    ],
)
def test_receipts_are_found(office: Client, purchases: object, query: str, found: int) -> None:
    assert office.get(f"{RECEIPTS}?{query}").context["cl"].result_count == found


def test_the_history_of_a_receipt_is_that_of_its_key(
    office: Client, purchases: tuple[Envelope[Any], Envelope[Any]]
) -> None:
    page = office.get(f"{RECEIPTS}{purchases[0].id}/history/")
    assert len(page.context["timeline"].receipts) == 3


def test_offsets_are_listed(office: Client, purchases: object) -> None:
    text = office.get("/admin/kafka_bridge/offset/").content.decode()
    for offset in Offset.objects.all():
        assert f'<td class="field-next">{offset.next}</td>' in text


def test_a_raw_message_is_shown_and_harmless(office: Client, consume: Consume) -> None:
    evil = "<script>alert(1)</script> ą\u202e".encode() + b"\xff\x00" + b"x" * 3 * LONGEST
    send(evil, b"k\xff", [("ce_id", b"\xfe"), ("<b>", None), ("ce_type", "ż".encode())])
    consume()
    text = page_of_only_letter(office)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; ą\\u202e\\xff\\x00xxx" in text
    assert "<script>alert" not in text
    assert f"({len(evil)} bytes in all)" in text
    assert '<pre class="raw">k\\xff</pre>' in text
    assert '<pre class="raw">ce_id: \\xfe\n&lt;b&gt;: –\nce_type: ż</pre>' in text
    assert "x" * (LONGEST + 1) not in text


def test_a_message_of_nothing_is_shown(office: Client, consume: Consume) -> None:
    send(None, None, [])
    consume()
    assert page_of_only_letter(office).count('<pre class="raw">–</pre>') == 2
    history = f"{LETTERS}{DeadLetter.objects.get().pk.replace('/', '_2F')}/history/"
    assert office.get(history, follow=True).status_code == 200


def test_the_list_of_dead_letters_does_not_load_their_bodies(
    office: Client, consume: Consume
) -> None:
    send(b"body", b"k", [])
    consume()
    with asked() as commands:
        page = office.get(LETTERS)
    assert "no CloudEvents 1.0 message" in page.content.decode()
    listed = [command["projection"] for command in commands if "error" in str(command)]
    assert listed
    assert not [fields for fields in listed if fields.keys() & {"value", "headers"}]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (None, "–"),
        (b"", ""),
        ("Łódź\n{}".encode(), "Łódź\n{}"),
        (b"\x1b[31m\t\r", "\\x1b[31m\\t\\r"),
        ("💰".encode() * LONGEST, "💰" * LONGEST),
        (b"\xf0\x9f", "\\xf0\\x9f"),
    ],
)
def test_preview(raw: bytes | None, shown: str) -> None:
    assert preview(raw) == shown


@pytest.mark.parametrize("character", ["a", "ą", "€", "💰"])
def test_a_long_preview_is_cut_between_characters(character: str) -> None:
    raw = (character * (LONGEST + 1)).encode()
    assert preview(raw).startswith(character * LONGEST + "… ")
