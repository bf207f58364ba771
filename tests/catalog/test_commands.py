"""`list_products`, and the grocery that `seed` sells."""

import json
from decimal import Decimal

import pytest

from catalog import grocery
from catalog.events import ProductAdded, ProductWithdrawn
from tests.commands import said
from tests.conftest import Consume, Publish


@pytest.fixture
def three(publish: Publish, consume: Consume) -> None:
    publish(ProductAdded(name="Żurek", type="zupy", price=Decimal("6.99")), "1")
    publish(ProductAdded(name="Łosoś wędzony", type="ryby", price=Decimal("16.99")), "2")
    publish(ProductAdded(name="Bigos", type="dania", price=Decimal("14.99")), "3")
    publish(ProductWithdrawn(), "3")
    consume()


def test_products_for_people(three: None) -> None:
    *rows, total = said("list_products").splitlines()
    assert [row.split() for row in rows] == [
        ["Łosoś", "wędzony", "ryby", "16.99"],
        ["Żurek", "zupy", "6.99"],
        ["Bigos", "dania", "14.99", "withdrawn"],
    ]
    assert len({row.index(".99") for row in rows}) == 1, "prices stand in one column"
    assert total == "3 products, prices in PLN"


def test_products_for_machines(three: None) -> None:
    first, *_, last = [json.loads(line) for line in said("list_products", "--json").splitlines()]
    assert (first["id"], first["price"], first["version"]) == ("2", "16.99", 1)
    assert (last["id"], last["withdrawn"], last["version"]) == ("3", True, 2)


@pytest.mark.django_db
def test_an_empty_shop() -> None:
    assert said("list_products") == "0 products, prices in PLN\n"
    assert said("list_products", "--json") == ""


def test_the_grocery_has_a_hundred_thousand_products() -> None:
    products = [grocery.product(number) for number in range(100_000)]
    assert len({product.name for product in products}) == len(products)
    assert len(products) <= grocery.VARIETY
    assert grocery.product(grocery.VARIETY).name not in {product.name for product in products}


def test_a_small_grocery_has_something_of_everything() -> None:
    names = " ".join(grocery.product(number).name for number in range(40))
    for goods in ("Mleko", "Cukier", "Czekolada", "Chleb", "Masło"):
        assert goods in names
    assert len({grocery.product(number).type for number in range(40)}) > 8


def test_prices_are_those_of_a_grocery() -> None:
    prices = [grocery.product(number).price for number in range(100)]
    assert all(Decimal("0.5") < price < 30 for price in prices)
