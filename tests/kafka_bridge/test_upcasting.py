"""The log keeps old versions of an event; handlers see the newest."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from hypothesis import given

from catalog.events import ProductAdded, ProductAddedV1, ProductChanged, ProductChangedV1
from catalog.models import Product
from kafka_bridge import registry
from kafka_bridge.envelope import Headers, Undecodable, decode, encode, wrap
from kafka_bridge.models import Receipt
from kafka_bridge.registry import Event
from tests import strategies

V1, V2 = "shop.product.added.v1", "shop.product.added.v2"
TOLD = ("name", "type", "price", "description", "unit", "version", "withdrawn")
OLD = ProductAddedV1("Mleko", "nabiał", Decimal("4.90"))


def read(data: Event) -> Event:
    """Return what is read of an event that somebody wrote."""
    key, value, headers = encode(wrap(data, subject="milk", source="/tests"))
    return decode(key, value, cast(Headers, headers)).data


@given(strategies.EVENTS[ProductAddedV1])
def test_an_added_product_of_the_first_version_is_read_as_the_second(old: Any) -> None:
    assert read(old) == ProductAdded(old.name, old.type, old.price, description="", unit="")


@given(strategies.EVENTS[ProductAddedV1])
def test_an_upcaster_is_pure(old: Any) -> None:
    before = (old.name, old.type, old.price)
    assert registry.newest(old) == registry.newest(old)
    assert (old.name, old.type, old.price) == before


def test_an_event_of_the_newest_version_is_left_alone() -> None:
    event = ProductAdded("Mleko", "nabiał", Decimal("4.90"), "Od krowy.", "1 l")
    assert registry.newest(event) is event


def test_a_chain_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class ProductAddedV3(Event, frozen=True):
        said: str

    def third(second: Any) -> Event:
        return ProductAddedV3(f"{second.name}/{second.unit}")

    monkeypatch.setattr(registry, "upcasters", registry.upcasters | {ProductAdded: third})
    assert registry.newest(OLD) == ProductAddedV3("Mleko/")


def test_a_fault_of_an_upcaster_makes_a_dead_letter_not_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(old: Any) -> Event:
        raise KeyError("unit")

    monkeypatch.setattr(registry, "upcasters", {ProductAddedV1: fails})
    with pytest.raises(Undecodable, match="cannot be upcast: KeyError"):
        read(OLD)


def test_the_second_version_does_not_pass_for_the_first() -> None:
    """A field that the first version has not got is ignored, as in every version."""
    key, value, headers = encode(
        wrap(
            ProductAdded("Mleko", "nabiał", Decimal("4.90"), "Od krowy."),
            subject="milk",
            source="/tests",
        )
    )
    first = [(name, V1.encode() if name == "ce_type" else told) for name, told in headers]
    assert decode(key, value, cast(Headers, first)).data == registry.newest(OLD)


def test_an_old_version_may_not_have_a_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = {ProductAddedV1: registry.registrations[ProductAdded]}
    monkeypatch.setattr(registry, "registrations", registry.registrations | handlers)
    with pytest.raises(ImproperlyConfigured, match=f"{V1} has an upcaster"):
        registry.check_complete()


def test_an_old_version_without_upcaster_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "upcasters", {})
    with pytest.raises(ImproperlyConfigured, match=V1):
        registry.check_complete()


def test_both_versions_in_one_log_make_the_same_product(
    publish: Callable[..., Any], consume: Callable[[], int]
) -> None:
    first = publish(OLD, "old")
    publish(registry.newest(OLD), "new")
    consume()
    old, new = (Product.objects.values_list(*TOLD).get(pk=pk) for pk in ("old", "new"))
    assert old == new == ("Mleko", "nabiał", Decimal("4.90"), "", "", 1, False)
    assert Receipt.objects.get(pk=first.id).type == V2


@given(strategies.EVENTS[ProductChangedV1])
def test_a_change_of_the_first_version_says_nothing_of_description_and_unit(old: Any) -> None:
    assert read(old) == ProductChanged(old.name, old.type, old.price, old.version, None, None)


def test_a_change_of_the_first_version_leaves_description_and_unit_as_they_are(
    publish: Callable[..., Any], consume: Callable[[], int]
) -> None:
    publish(ProductAdded("Mleko", "nabiał", Decimal("4.90"), "Od krowy.", "1 l"), "milk")
    publish(ProductChangedV1("Mleko", "nabiał", Decimal("5.10"), 1), "milk")
    consume()
    milk = Product.objects.values_list(*TOLD).get()
    assert milk == ("Mleko", "nabiał", Decimal("5.10"), "Od krowy.", "1 l", 2, False)


def test_the_list_of_events_names_them_by_the_newest_version(
    publish: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    publish(OLD, "old")
    call_command("events", "--type", V2, "--json")
    assert V2 in capsys.readouterr().out
