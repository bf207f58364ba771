"""The list of products, from the address to the rendered page."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from benchmarks.asking import asked
from catalog.events import ProductAdded, ProductWithdrawn
from catalog.models import Product
from catalog.paging import ROWS, Keyset, Order
from catalog.projection import add
from kafka_bridge.envelope import wrap
from kafka_bridge.mongo import database
from kafka_bridge.registry import Change
from tests.conftest import Consume, Publish
from tests.operators import form_of
from tests.pages import MILK, stranger

PRODUCTS = "/products/"


def stock(*goods: tuple[str, str, str]) -> None:
    """Put products (name, type, price) on the shelf, as the consumer would."""
    for number, (name, kind, price) in enumerate(goods):
        event = ProductAdded(name, kind, Decimal(price))
        change = next(iter(add(wrap(event, subject=f"p{number:04}", source="/tests"), None)))
        assert isinstance(change, Change)
        database()[Product._meta.db_table].insert_one(dict(change.document))


def names(response: Any) -> list[str]:
    """Return the products that a page lists."""
    return [product.name for product in response.context["page"].rows]


@pytest.fixture
def grocery(db: None) -> Client:
    """A browser before a small grocery."""
    stock(
        ("Łosoś wędzony", "ryby", "17.00"),
        ("Lody", "słodycze", "9.00"),
        ("Mleko 3,2%", "nabiał", "4.90"),
        ("Mleko kozie", "nabiał", "7.50"),
        ("Masło z mleka", "nabiał", "8.00"),
        ("Maślanka", "nabiał", "4.90"),
    )
    return stranger()


def test_the_list_shows_name_type_and_price(grocery: Client) -> None:
    page = grocery.get(PRODUCTS, headers={"accept-language": "pl"})
    text = page.content.decode()
    assert "Łosoś wędzony" in text
    assert "ryby" in text
    assert "17,00\xa0zł" in text
    assert 'lang="pl"' in text


def test_the_list_is_in_polish_order(grocery: Client) -> None:
    found = names(grocery.get(PRODUCTS))
    assert found[:4] == ["Lody", "Łosoś wędzony", "Masło z mleka", "Maślanka"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"type": "ryby"}, ["Łosoś wędzony"]),
        ({"q": "mle"}, ["Masło z mleka", "Mleko 3,2%", "Mleko kozie"]),
        ({"q": "MLEKO KOZ"}, ["Mleko kozie"]),
        ({"q": "losos"}, ["Łosoś wędzony"]),
        ({"q": "koz mleko", "type": "ryby"}, []),
        ({"q": "mle", "sort": "-price"}, ["Masło z mleka", "Mleko kozie", "Mleko 3,2%"]),
        ({"type": "nabiał", "sort": "price"}, ["Mleko 3,2%", "Maślanka", "Mleko kozie"]),
        ({"type": "nabiał", "sort": "-name"}, ["Mleko kozie", "Mleko 3,2%", "Maślanka"]),
        ({"q": "!!!"}, []),
        ({"q": "$where"}, []),
    ],
)
def test_the_list_answers_questions(
    grocery: Client, asked: dict[str, str], found: list[str]
) -> None:
    assert names(grocery.get(PRODUCTS, asked))[:3] == found


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "withdrawn"},
        {"q": "m" * 10_000},
        {"q": "\x00"},
        {"type": "x" * 10_000},
        {"after": "nonsense", "before": "nonsense"},
        {"after": ":::", "sort": "price"},
        {"q": "🥛"},
    ],
)
def test_nonsense_is_no_error(grocery: Client, asked: dict[str, str]) -> None:
    assert grocery.get(PRODUCTS, asked).status_code == 200


def test_bytes_that_are_no_text_are_no_error(grocery: Client) -> None:
    assert grocery.get(f"{PRODUCTS}?q=%ff%fe&type=%80").status_code == 200


def test_what_was_asked_stands_in_the_form(grocery: Client) -> None:
    page = grocery.get(PRODUCTS, {"q": 'ser "biały"', "type": "gone"})
    assert form_of(page, "q")["q"] == ['ser "biały"']
    assert "<option" in page.content.decode()
    assert '<option value="gone" selected>' in page.content.decode()
    assert "Nothing found" in page.content.decode()


def test_empty_shelves_say_so(db: None) -> None:
    assert "The shelves are empty" in stranger().get(PRODUCTS).content.decode()


def test_withdrawn_products_are_not_listed(publish: Publish, consume: Consume) -> None:
    publish(MILK, "milk")
    publish(MILK, "other")
    publish(ProductWithdrawn(), "milk")
    consume()
    [shown] = stranger().get(PRODUCTS).context["page"].rows
    assert shown.pk == "other"


def test_types_of_withdrawn_products_are_not_offered(publish: Publish, consume: Consume) -> None:
    publish(MILK, "milk")
    publish(ProductWithdrawn(), "milk")
    consume()
    assert "nabiał" not in stranger().get(PRODUCTS).content.decode()


@pytest.mark.parametrize("key", ["a/b", "a\nb", "ż ó", "%2F", "?x#y", ".", "//", "a/b/", "'\"<"])
def test_any_id_has_a_page(publish: Publish, consume: Consume, key: str) -> None:
    publish(MILK, key)
    consume()
    client = stranger()
    [shown] = client.get(PRODUCTS).context["page"].rows
    page = client.get(shown.get_absolute_url())
    assert page.status_code == 200
    assert page.context["product"].pk == key


def test_pages_lead_there_and_back(db: None) -> None:
    stock(*((f"Ser {number:03}", "nabiał", "5.00") for number in range(2 * ROWS + 5)))
    client = stranger()
    first = client.get(PRODUCTS, {"type": "nabiał"})
    assert first.context["page"].previous == ""
    second = client.get(PRODUCTS, {"after": first.context["page"].next, "type": "nabiał"})
    third = client.get(PRODUCTS, {"after": second.context["page"].next, "type": "nabiał"})
    assert [len(names(page)) for page in (first, second, third)] == [ROWS, ROWS, 5]
    assert third.context["page"].next == ""
    assert "type=nabia" in first.content.decode()
    back = client.get(PRODUCTS, {"before": third.context["page"].previous, "type": "nabiał"})
    assert names(back) == names(second)


def test_a_cursor_of_another_order_begins_anew(db: None) -> None:
    stock(*((f"Ser {number:03}", "nabiał", "5.00") for number in range(ROWS + 1)))
    client = stranger()
    first = client.get(PRODUCTS)
    other = client.get(PRODUCTS, {"sort": "-price", "after": first.context["page"].next})
    assert len(names(other)) == ROWS


def walk(keyset: Keyset[Product]) -> list[list[str]]:
    """Return the keys on each page from the first to the last; check each against its way back."""
    pages: list[list[str]] = []
    page = keyset.page("", "")
    while True:
        keys = [row.pk for row in page.rows]
        if pages and page.previous:
            assert [row.pk for row in keyset.page("", page.previous).rows] == pages[-1]
        pages.append(keys)
        if not page.next:
            return pages
        page = keyset.page(page.next, "")


@pytest.mark.parametrize("order", [Order(f, d) for f in ("name_key", "price") for d in (1, -1)])
@pytest.mark.parametrize("count", [0, 1, ROWS, ROWS + 1, 2 * ROWS, 3 * ROWS - 1])
def test_pages_together_are_the_list(db: None, order: Order, count: int) -> None:
    """However many have one name or one price, also where a page ends."""
    stock(*(("aąbc"[n % 4], "x", ("1.00", "10.00", "2.00")[n % 3]) for n in range(count)))
    pages = walk(Keyset(Product, {"withdrawn": False}, order))
    rows = sorted(
        Product.objects.all(),
        key=lambda product: (getattr(product, order.field), product.pk),
        reverse=order.direction < 0,
    )
    assert [key for page in pages for key in page] == [row.pk for row in rows]
    assert all(len(page) == ROWS for page in pages[:-1])


def test_lists_are_asked_for_by_plain_ranges(grocery: Client) -> None:
    """By `find`, since MongoDB sorts by no index where something comes before a pipeline's sort."""
    with asked() as commands:
        grocery.get(PRODUCTS, {"type": "nabiał", "q": "mle", "sort": "price"})
    [listed] = [command for command in commands if command.get("sort")]
    assert listed["filter"] == {"withdrawn": False, "type": "nabiał", "search": {"$all": ["mle"]}}
    assert listed["sort"] == {"price": 1, "_id": 1}
