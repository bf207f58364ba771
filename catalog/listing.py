"""Which products a page lists: those on sale, of a type, by the words of their names.

Each list is a range of one of the indexes in `catalog.models`; a search sorted by price is the
one that is sorted on its way, and only what was found.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from catalog.naming import search_terms
from catalog.paging import Keyset, Order
from kafka_bridge.mongo import database

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Sort(NamedTuple):
    """An order of the list and what people call it."""

    name: "StrOrPromise"
    order: Order


SORTS = {
    "name": Sort(_("name, A to Z"), Order("name_key", 1)),
    "-name": Sort(_("name, Z to A"), Order("name_key", -1)),
    "price": Sort(_("price, lowest first"), Order("price", 1)),
    "-price": Sort(_("price, highest first"), Order("price", -1)),
}
DEFAULT_SORT = "name"


def types_on_sale() -> list[str]:
    """Return the types of the products that can be bought, by a scan of an index's steps."""
    return database()[Product._meta.db_table].distinct("type", {"withdrawn": False})


def on_sale(asked: Mapping[str, Any]) -> Keyset[Product]:
    """Return the products on sale by `q`, `type` and `sort`, each of which may be missing."""
    wanted: dict[str, Any] = {"withdrawn": False}
    if kind := asked.get("type"):
        wanted["type"] = kind
    if text := asked.get("q"):
        wanted["search__contains"] = search_terms(text)
    sort = SORTS[asked.get("sort") or DEFAULT_SORT]
    return Keyset(Product, wanted, sort.order)
