"""Whatever is sent to a form or asked of a page, the answer is one in words, never an error 500."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Customer
from kafka_bridge.models import DeadLetter
from tests import operators, pages
from tests.conftest import Consume, Publish
from tests.operators import form_of

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
NEW = {"password": "gryka-i-proso-2", "repeated": "gryka-i-proso-2"}
BREAD = {"name": "Chleb", "type": "pieczywo", "price": "6,40"}
# Who opens the page with the form, a field by which the form is known, and what they type into it.
FORMS: dict[str, tuple[str, str, dict[str, str]]] = {
    "/register/": ("stranger", "repeated", pages.FILLED_IN | {"email": "ala@example.com"}),
    "/log-in/": ("stranger", "password", {"email": "ola@example.com", "password": "1"}),
    "/products/milk/": ("customer", "price", {}),
    "/check-out/": ("customer", "token", {}),
    "/profile/change/": ("customer", "street", {}),
    "/profile/password/": ("customer", "repeated", {"current": pages.PASSWORD} | NEW),
    "/invitation/": ("stranger", "repeated", pages.FILLED_IN),
    "/admin/customers/customer/legacy_3Aanna/email/": (
        "operator",
        "seen",
        {"email": "anna@example.net"},
    ),
    "/admin/catalog/product/add/": ("operator", "price", BREAD),
    "/admin/catalog/product/milk/change/": ("operator", "price", {}),
}
LISTS = {
    "/products/": ("q", "type", "sort", "after", "before"),
    "/products/milk/": ("quantity",),
    "/purchases/": ("after", "before", "bought"),
    "/log-in/": ("next",),
}
BASKET = "/basket/"  # its fields have the names of what is in it


class Sender(NamedTuple):
    """Sends a form; `fields` are the names that it has."""

    fields: list[str]
    send: Callable[[dict[str, bytes]], Any]


values = st.one_of(
    st.binary(max_size=40),
    st.text(st.characters(exclude_categories=["Cs"])).map(str.encode),
    st.sampled_from([b"", b"0", b"-1", b"1e9", b"NaN", b"\0", "💥".encode(), b"x" * 10_000]),
    st.decimals(allow_nan=True).map(str).map(str.encode),
)
# A page takes its time, so only the long form tries as many as elsewhere.
some = settings(
    max_examples=settings().max_examples
    // (5 if settings.get_current_profile_name() == "quick" else 1),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def browsers(publish: Publish, consume: Consume) -> dict[str, Client]:
    """Return a browser of each kind of visitor, in a shop that sells milk."""
    pages.milk(publish, consume)
    browser = pages.browser_of(pages.customer(publish, consume))
    pages.put(browser, "milk")
    pages.given(publish, consume, "anna@example.com")
    return {"stranger": pages.stranger(), "customer": browser, "operator": operators.log_in()}


def encoded(fields: dict[str, bytes]) -> str:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields.items())


def posted(browser: Client, page: str, fields: dict[str, bytes]) -> Any:
    return browser.post(page, encoded(fields), content_type=FORM)


@pytest.fixture(params=FORMS)
def sender(
    request: pytest.FixtureRequest, browsers: dict[str, Client], consume: Consume
) -> Iterator[Sender]:
    """A page's form, filled in, and who sends it with some fields changed.

    In the end what the form took is applied: there may be no dead letter among it.
    """
    who, field, typed = FORMS[request.param]
    page = request.param
    if page == "/invitation/":
        page = pages.link_for(Customer.objects.get(pk="legacy:anna"))
    made = form_of(browsers[who].get(page), field)
    fields = {name: str(found[-1]).encode() for name, found in made.items()}
    fields |= {name: value.encode() for name, value in typed.items()}

    def send(changed: dict[str, bytes]) -> Any:
        return posted(browsers[who], page, fields | changed)

    yield Sender(sorted(fields), send)
    consume()
    assert not DeadLetter.objects.exists()


@pytest.fixture
def basket(browsers: dict[str, Client]) -> Sender:
    """A basket's form, and who sends it with some quantities changed."""
    customer = browsers["customer"]
    lines = customer.get(BASKET).context["form"].fields

    return Sender([*lines, "remove", "check-out"], partial(posted, customer, BASKET))


@some
@given(data=st.data())
def test_any_form(sender: Sender, data: st.DataObject) -> None:
    changed = data.draw(st.dictionaries(st.sampled_from(sender.fields), values, min_size=1))
    answer = sender.send(changed)
    assert answer.status_code < 500
    assert answer.status_code >= 300 or "<form" in answer.content.decode()


@some
@given(data=st.data())
def test_any_basket(basket: Sender, data: st.DataObject) -> None:
    answer = basket.send(data.draw(st.dictionaries(st.sampled_from(basket.fields), values)))
    assert answer.status_code in {302, 422}


@pytest.mark.parametrize("page", LISTS)
@some
@given(data=st.data())
def test_any_question(page: str, browsers: dict[str, Client], data: st.DataObject) -> None:
    asked = data.draw(st.dictionaries(st.sampled_from(LISTS[page]), values))
    answer = browsers["customer"].get(page, QUERY_STRING=encoded(asked))
    assert answer.status_code < 500
