"""Hypothesis strategies: events of every type, and messages that may be none."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from catalog.events import (
    HIGHEST_PRICE,
    LOWEST_PRICE,
    ProductAdded,
    ProductAddedV1,
    ProductChanged,
    ProductChangedV1,
    ProductImported,
    ProductWithdrawn,
)
from customers.events import (
    MOST_AT_ONCE,
    CustomerChanged,
    CustomerEmailGiven,
    CustomerImported,
    CustomerRegistered,
    ProductBought,
    PurchaseImported,
)
from kafka_bridge.envelope import EARLIEST, LATEST, LONGEST_ATTRIBUTE, Envelope, Headers
from kafka_bridge.events import DeadLetterDiscarded, DeadLetterRetried
from kafka_bridge.registry import Event

ENCODABLE = st.characters(exclude_categories=["Cs"])
ON_A_LINE = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
VISIBLE_ASCII = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
IN_AN_ADDRESS = st.characters(
    exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="@"
)


def lines(longest: int) -> SearchStrategy[str]:
    """One line of text that is not blank, in at most so many characters."""
    text = st.text(ON_A_LINE, min_size=1, max_size=longest)
    return text.filter(lambda line: not line.isspace())


def texts(longest: int) -> SearchStrategy[str]:
    """Lines of text, which may be blank."""
    return st.text(ON_A_LINE | st.just("\n"), max_size=longest)


attributes = st.text(ENCODABLE, min_size=1, max_size=LONGEST_ATTRIBUTE)
moments = st.datetimes(
    EARLIEST.replace(tzinfo=None),
    LATEST.replace(tzinfo=None, year=LATEST.year - 1),
    timezones=st.just(UTC),
)
names = st.text(ENCODABLE, min_size=1, max_size=150)
prices = st.decimals(LOWEST_PRICE, HIGHEST_PRICE, places=2)
versions = st.integers(1, 2**31)
passwords = st.one_of(
    st.text(VISIBLE_ASCII, max_size=100).map("!".__add__),
    st.text(VISIBLE_ASCII, min_size=1, max_size=100).map("pbkdf2_sha256$".__add__),
)
emails = st.builds(
    "{}@{}".format,
    st.text(IN_AN_ADDRESS, min_size=1, max_size=100),
    st.text(IN_AN_ADDRESS, min_size=1, max_size=100),
)
descriptions = st.just("") | texts(2000)
units = st.just("") | lines(20)
_product = {"name": lines(200), "type": lines(50), "price": prices}
_person = {
    "first_name": lines(100),
    "last_name": lines(100),
    "street": lines(100),
    "postcode": lines(20),
    "city": lines(100),
}

EVENTS: Mapping[type[Event], SearchStrategy[Event]] = {
    ProductAddedV1: st.builds(ProductAddedV1, **_product),
    ProductAdded: st.builds(
        ProductAdded,
        **_product,
        description=descriptions,
        unit=units,
    ),
    ProductChangedV1: st.builds(ProductChangedV1, **_product, version=versions),
    ProductChanged: st.builds(
        ProductChanged,
        **_product,
        version=versions,
        description=st.none() | descriptions,
        unit=st.none() | units,
    ),
    ProductImported: st.builds(ProductImported, **_product),
    CustomerEmailGiven: st.builds(CustomerEmailGiven, email=emails, version=versions),
    CustomerImported: st.builds(
        CustomerImported, first_name=lines(100), last_name=lines(100), address=lines(300)
    ),
    PurchaseImported: st.builds(
        PurchaseImported,
        customer_id=attributes,
        quantity=st.integers(1, MOST_AT_ONCE),
        customer_came=st.booleans(),
    ),
    ProductWithdrawn: st.builds(ProductWithdrawn),
    CustomerRegistered: st.builds(CustomerRegistered, **_person, email=emails, password=passwords),
    CustomerChanged: st.builds(
        CustomerChanged, **_person, version=versions, password=st.none() | passwords
    ),
    DeadLetterRetried: st.builds(DeadLetterRetried, by=names),
    DeadLetterDiscarded: st.builds(DeadLetterDiscarded, by=names),
    ProductBought: st.builds(
        ProductBought,
        customer_id=attributes,
        quantity=st.integers(1, MOST_AT_ONCE),
        price=prices,
        order_id=st.just("") | attributes,
    ),
}


def envelopes(struct: type[Event]) -> SearchStrategy[Envelope[Any]]:
    """Events of one type in envelopes with any attributes that the contract allows."""
    return st.builds(
        Envelope,
        data=EVENTS[struct],
        subject=attributes,
        id=attributes,
        source=attributes,
        time=moments,
    )


# Headers as Kafka has them: any name, any bytes or none; some bear names that mean something.
header_names = st.text(ENCODABLE, max_size=20) | st.sampled_from(
    ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type"]
)
headers: SearchStrategy[Headers] = st.lists(
    st.tuples(header_names, st.none() | st.binary(max_size=200)), max_size=12
)
# JSON that may or may not fit: by chance some of its names are those of our fields.
json_values: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(ENCODABLE),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "type", "price", "version", "quantity", "customer_id"])
            | st.text(ENCODABLE, max_size=10),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
