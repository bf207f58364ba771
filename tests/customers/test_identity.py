"""Who a customer is."""

import re
import unicodedata

import pytest
from pytest_django import Settings

from customers.identity import customer_id, normalise


@pytest.mark.parametrize(
    "spelled", ["ola@example.com", " ola@example.com\n", "OLA@Example.COM", "Ola@example.com\t"]
)
def test_one_address_is_one_customer_however_it_is_spelled(spelled: str) -> None:
    assert normalise(spelled) == "ola@example.com"
    assert customer_id(spelled) == customer_id("ola@example.com")


def test_capitals_and_small_letters_meet_in_every_language() -> None:
    assert customer_id("STRASSE@example.com") == customer_id("straße@example.com")
    assert customer_id("ŻÓŁW@example.com") == customer_id("żółw@example.com")


def test_one_address_is_one_customer_however_its_letters_are_encoded() -> None:
    typed = "Żółw@przykład.pl"
    apart = unicodedata.normalize("NFD", typed)
    assert apart != typed
    assert customer_id(apart) == customer_id(typed)
    assert normalise(apart) == "żółw@przykład.pl"


@pytest.mark.parametrize("other", ["ola@example.org", "ola+1@example.com", "o.la@example.com"])
def test_another_address_is_another_customer(other: str) -> None:
    assert customer_id(other) != customer_id("ola@example.com")


def test_an_id_is_32_hexadecimal_digits() -> None:
    assert re.fullmatch("[0-9a-f]{32}", customer_id("żółw@przykład.pl"))


def test_nobody_can_compute_an_id_without_the_key(settings: Settings) -> None:
    before = customer_id("ola@example.com")
    settings.CUSTOMER_ID_KEY = "another"
    assert customer_id("ola@example.com") != before


def test_an_id_is_an_hmac_of_the_address(settings: Settings) -> None:
    """A known answer, from another implementation: it may never change, for it is in the log."""
    settings.CUSTOMER_ID_KEY = "key"
    assert customer_id("Ola@Example.com") == "86f79971ff44a7c6b9a9e63134a60075"
